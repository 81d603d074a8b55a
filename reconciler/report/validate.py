"""What `validate` tells: every complaint about the files, or that there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.language import msg, msg_n, tr
from reconciler.report.model import Banner, Count, Report, Status, Summary
from reconciler.report.section import Data, Rows, Told, once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.errors import Complaint
    from reconciler.report.model import Level

_MISTAKES = Status("failed", "!", msg("mistakes"), "bad", "failure")
_WARNINGS = Status("drifted", "!", msg("warnings"), "warn", "skipped")
_GROUPS = Status("done", "✓", msg("groups"), "good", "passed")


def told(complaints: Iterable[Complaint], groups: int | None) -> Told:
    """Return what there is to tell of files; `groups` is how many are declared, None where a mistake keeps
    that from being known."""
    found = tuple(sorted(complaints))
    return Told(
        report=once(lambda: report(found, groups)),
        data=once(lambda: data(found, groups)),
        rows=once(lambda: rows(found)),
    )


def report(complaints: tuple[Complaint, ...], groups: int | None) -> Report:
    """Return the document: the verdict on the files, and every complaint with its place and its mend."""
    mistakes = sum(not each.warning for each in complaints)
    warnings = len(complaints) - mistakes
    counts = [
        _count(_MISTAKES, msg("mistake"), mistakes),
        _count(_WARNINGS, msg("warning"), warnings),
    ]
    if groups is None:
        status = _MISTAKES
    else:
        status = _WARNINGS if warnings else _GROUPS
        counts.append(_count(_GROUPS, msg("group"), groups))
    verdict = _verdict(complaints, mistakes, warnings, groups)
    return Report(
        verb="validate",
        verdict=verdict,
        status=status,
        summary=Summary(msg("{verdict}.", verdict=verdict)),
        banners=(_all_files(valid=groups is not None),),
        counts=tuple(counts),
        complaints=complaints,
    )


def _count(status: Status, one: str, number: int) -> Count:
    return Count(replace(status, word=one) if number == 1 else status, number)


def _verdict(complaints: tuple[Complaint, ...], mistakes: int, warnings: int, groups: int | None) -> str:
    wrong = msg_n("{n} mistake", "{n} mistakes", mistakes)
    doubtful = msg_n("{n} warning", "{n} warnings", warnings)
    if groups is None:
        both = msg("{mistakes} and {warnings}", mistakes=wrong, warnings=doubtful)
        found = both if mistakes and warnings else doubtful if warnings else wrong
        files = len({each.location.file for each in complaints})
        return msg("{found} in {files}", found=found, files=msg_n("{n} file", "{n} files", files))
    well = msg_n("No mistakes in {n} group", "No mistakes in {n} groups", groups)
    return msg("{well}, {warnings}", well=well, warnings=doubtful) if warnings else well


def _all_files(*, valid: bool) -> Banner:
    """All files together, for machines: those that are as they should be are not named."""
    level: Level = "passed" if valid else "failure"
    lines = (tr("there are mistakes in the files"),)
    return Banner("", "bad", lines, name="all files", level=level, suite="files", kind="mistakes")


def data(complaints: tuple[Complaint, ...], groups: int | None) -> Data:
    """Return the JSON document, as `validate` in `schemas/` says."""
    return {
        "format_version": 1,
        "kind": "validate",
        "valid": groups is not None,
        "groups": groups,
        "complaints": [
            {
                "file": complaint.location.file,
                "line": complaint.location.line,
                "column": complaint.location.column,
                "severity": _severity(complaint),
                "message": complaint.message,
                "hint": complaint.hint,
                "rule": complaint.rule,
            }
            for complaint in complaints
        ],
    }


def rows(complaints: tuple[Complaint, ...]) -> Rows:
    """Return a row a complaint, in the order of the files."""
    columns = ("file", "line", "column", "severity", "rule", "message", "hint")
    return Rows(
        columns,
        tuple(
            (
                each.location.file,
                each.location.line,
                each.location.column,
                _severity(each),
                each.rule,
                each.message,
                each.hint,
            )
            for each in complaints
        ),
    )


def _severity(complaint: Complaint) -> str:
    return "warning" if complaint.warning else "error"
