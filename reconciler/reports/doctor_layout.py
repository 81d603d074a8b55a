"""What a text report says of an examination: a line for each thing, and how to mend it. Pure, not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.reports.phrases import Cell, Field, Item, Row, counted, plain

if TYPE_CHECKING:
    from reconciler.model.adoption import FindingStatus
    from reconciler.reports.doctor_shapes import DoctorView, FindingView

_SIGNS: dict[FindingStatus, tuple[str, str]] = {
    "ok": ("ok", "add"),
    "warning": ("warning", "warn"),
    "problem": ("problem", "bad"),
    "skipped": ("skipped", "dim"),
}


def doctor_items(view: DoctorView) -> list[Item]:
    """A table: the verdict in a word, what was looked at, what was found, and the mend below it."""
    rows = tuple(row for finding in view.findings for row in _rows(finding))
    return [Item(plain("What a run needs", "strong"), "", (Field("", rows),))]


def doctor_summary(view: DoctorView) -> Cell:
    """One line: is there anything to do?"""
    if view.healthy and not view.warnings:
        return (("Everything is as it should be.", "strong"),)
    parts = [
        counted(count, word)
        for count, word in ((view.problems, "problem"), (view.warnings, "warning"))
        if count
    ]
    return ((f"{' and '.join(parts)}.", "strong"),)


def _rows(finding: FindingView) -> Iterator[Row]:
    yield ((_SIGNS[finding.verdict],), plain(finding.check), plain(finding.message))
    if finding.hint:
        yield (plain(""), plain(""), plain(finding.hint, "dim"))
