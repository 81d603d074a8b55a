"""What `doctor` tells: a line for each thing that a run needs, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from reconciler.language import tr
from reconciler.report.model import Report, Status, Summary, Table, Tone, Word
from reconciler.report.section import Data, Told
from reconciler.report.words import counted

if TYPE_CHECKING:
    from reconciler.model.adoption import Finding, FindingStatus
    from reconciler.report.redact import Redactor

_TONES: dict[FindingStatus, Tone] = {"ok": "good", "warning": "warn", "problem": "bad", "skipped": "quiet"}
_HEALTHY = Status("healthy", "✓", "healthy", "good", "passed")
_ILL = Status("problem", "!", "problem", "bad", "failure")


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
    count = found["summary"]
    parts = [
        counted(number, word)
        for number, word in ((count["problems"], "problem"), (count["warnings"], "warning"))
        if number
    ]
    verdict = f"{' and '.join(parts)}." if parts else tr("Everything is as it should be.")
    lines = tuple(line for finding in found["findings"] for line in _lines(finding))
    return Report(
        verb="doctor",
        verdict=verdict,
        status=_HEALTHY if found["healthy"] else _ILL,
        summary=Summary(verdict),
        tables=(Table("findings", tr("What a run needs"), ("Verdict", "Check", "Found"), lines, whole=True),),
    )


def _lines(finding: Data) -> Iterator[tuple[str | Word, ...]]:
    yield Word(finding["verdict"], _TONES[finding["verdict"]]), finding["check"], finding["message"]
    if finding["hint"]:
        yield "", "", Word(finding["hint"])
