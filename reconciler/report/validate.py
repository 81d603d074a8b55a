"""What `validate` tells: every complaint about the files, or that there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.language import tr, tr_n
from reconciler.report.model import Banner, Count, Report, Status, Summary
from reconciler.report.section import Data, Rows, Told, once
from reconciler.report.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.errors import Complaint
    from reconciler.report.model import Level

_MISTAKES = Status("failed", "!", "mistakes", "bad", "failure")
_WARNINGS = Status("drifted", "!", "warnings", "warn", "skipped")
_GROUPS = Status("done", "✓", "groups", "good", "passed")


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
    files = counted(len({each.location.file for each in complaints}), "file")
    found = [counted(mistakes, "mistake")] if mistakes else []
    found += [counted(warnings, "warning")] if warnings else []
    counts = [_count(_MISTAKES, mistakes), _count(_WARNINGS, warnings)]
    if groups is None:
        verdict, status = (
            tr("{found} in {files}", found=" and ".join(found) or "0 mistakes", files=files),
            _MISTAKES,
        )
    else:
        verdict = ", ".join(
            (tr("No mistakes in {groups}", groups=tr_n("{n} group", "{n} groups", groups)), *found)
        )
        status = _WARNINGS if warnings else _GROUPS
        counts.append(_count(_GROUPS, groups))
    return Report(
        verb="validate",
        verdict=verdict,
        status=status,
        summary=Summary(f"{verdict}."),
        banners=(_all_files(valid=groups is not None),),
        counts=tuple(counts),
        complaints=complaints,
    )


def _count(status: Status, number: int) -> Count:
    return Count(replace(status, word=status.word.removesuffix("s")) if number == 1 else status, number)


def verdict(complaints: Iterable[Complaint], groups: int | None) -> str:
    """Return in one sentence how the files are, as `validate` ends; `groups` as for `told`."""
    return f"{report(tuple(complaints), groups).summary}"


def _all_files(*, valid: bool) -> Banner:
    """All files together, for machines: those that are as they should be are not named."""
    level: Level = "passed" if valid else "failure"
    lines = (tr("there are mistakes in the files"),)
    return Banner("", "bad", lines, name=tr("all files"), level=level, suite="files", kind="mistakes")


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
