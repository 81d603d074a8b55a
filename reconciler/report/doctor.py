"""What `doctor` tells: a line for each thing that a run needs, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from reconciler.language import msg, tr, tr_n
from reconciler.report.model import Report, Status, Summary, Table, Tone, Word
from reconciler.report.section import Data, Told

if TYPE_CHECKING:
    from reconciler.model.adoption import Check, Finding, FindingStatus
    from reconciler.report.redact import Redactor

_VERDICTS: dict[FindingStatus, tuple[str, Tone]] = {
    "ok": (msg("ok"), "good"),
    "warning": (msg("warning"), "warn"),
    "problem": (msg("problem"), "bad"),
    "skipped": (msg("skipped"), "quiet"),
}
_CHECKS: dict[Check, str] = {
    "program": msg("program"),
    "files": msg("files"),
    "address": msg("address"),
    "credentials": msg("credentials"),
    "login": msg("login"),
    "session": msg("session"),
    "clock": msg("clock"),
    "account": msg("account"),
    "state": msg("state"),
    "lock": msg("lock"),
}
_HEALTHY = Status("healthy", "✓", msg("healthy"), "good", "passed")
_ILL = Status("problem", "!", msg("problem"), "bad", "failure")


def told(findings: Iterable[Finding], redactor: Redactor) -> Told:
    """Return what there is to tell of an examination."""
    found = tuple(findings)
    return Told.of(lambda: data(found, redactor), report)


def data(findings: tuple[Finding, ...], redactor: Redactor) -> Data:
    """Return the JSON document, as `doctor` in `schemas/` says. `healthy`: no problem was found, but maybe
    warnings."""
    verdicts = [finding.verdict for finding in findings]
    return {
        "format_version": 1,
        "kind": "doctor",
        "healthy": "problem" not in verdicts,
        "summary": {"problems": verdicts.count("problem"), "warnings": verdicts.count("warning")},
        "findings": [
            {
                "check": finding.check,
                "verdict": finding.verdict,
                "message": redactor.sentence(redactor.note(finding.note)),
                "hint": redactor.sentence(finding.hint),
            }
            for finding in findings
        ],
    }


def report(found: Data) -> Report:
    """Return the document: the verdict in a word, what was looked at, what was found, the mend below it."""
    verdict = _verdict(found["summary"])
    lines = tuple(line for finding in found["findings"] for line in _lines(finding))
    head = (tr("Verdict"), tr("Check"), tr("Found"))
    return Report(
        verb="doctor",
        verdict=verdict,
        status=_HEALTHY if found["healthy"] else _ILL,
        summary=Summary(verdict),
        tables=(Table("findings", tr("What a run needs"), head, lines, whole=True),),
    )


def _verdict(count: Data) -> str:
    problems = tr_n("{n} problem", "{n} problems", count["problems"])
    warnings = tr_n("{n} warning", "{n} warnings", count["warnings"])
    if count["problems"] and count["warnings"]:
        return tr("{problems} and {warnings}.", problems=problems, warnings=warnings)
    if count["problems"] or count["warnings"]:
        return f"{problems if count['problems'] else warnings}."
    return tr("Everything is as it should be.")


def _lines(finding: Data) -> Iterator[tuple[str | Word, ...]]:
    yield Word(*_VERDICTS[finding["verdict"]]), _CHECKS[finding["check"]], finding["message"]
    if finding["hint"]:
        yield "", "", Word(finding["hint"])
