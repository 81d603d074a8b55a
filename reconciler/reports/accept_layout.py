"""What a text report says of an acceptance: files as they would change, then groups. Pure, not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.reports.phrases import Cell, Field, Item, Row, counted, plain

if TYPE_CHECKING:
    from reconciler.model.adoption import AcceptStatus
    from reconciler.reports.accept_shapes import AcceptedView, AcceptView, FileView
    from reconciler.reports.shapes import ProblemView

_STATUSES: dict[AcceptStatus, tuple[str, str, str]] = {
    "accepted": ("✓ ", "accepted", "add"),
    "unchanged": ("= ", "nothing to accept", "dim"),
    "refused": ("! ", "not accepted", "bad"),
    "unreadable": ("! ", "could not be read", "bad"),
    "declined": ("– ", "not accepted, as you said", "warn"),
    "failed": ("! ", "could not be written", "bad"),
}
"""Symbol, words and style of each status."""

_LINES = {"+": "add", "-": "remove", "@": "dim"}


def file_items(view: AcceptView) -> list[Item]:
    """The files as they would change."""
    return [Item(((file.path, "strong"),), _what(file), (_diff(file),)) for file in view.files]


def accept_items(view: AcceptView) -> list[Item]:
    """What became of every group, and why something could not be written."""
    groups = [_group(group) for group in view.groups]
    if view.failed is not None and view.failed not in [group.problem for group in view.groups]:
        groups.append(Item(plain(view.failed.message, "bad"), "", tuple(_hint(view.failed))))
    return groups


def files_summary(view: AcceptView) -> Cell:
    """One line: how many files would change."""
    return ((f"{counted(len(view.files), 'file')} to write.", "strong"),)


def accept_summary(view: AcceptView) -> Cell:
    """One line: how many groups were accepted."""
    accepted = sum(group.status == "accepted" for group in view.groups)
    others = [
        f"{sum(group.status == status for group in view.groups)} {words}"
        for status, (_, words, _) in _STATUSES.items()
        if status != "accepted" and any(group.status == status for group in view.groups)
    ]
    tail = "".join(f" · {other}" for other in others)
    return ((f"{counted(accepted, 'group')} accepted", "strong"), (f"{tail}.", ""))


def _what(file: FileView) -> str:
    if not file.picture:
        return ""
    size = f"{file.after / 1000:.0f} KB"
    if file.new or file.before is None:
        return f"new picture, {size}"
    return f"picture replaced, {file.before / 1000:.0f} KB → {size}"


def _diff(file: FileView) -> Field:
    return Field("", tuple((plain(line or " ", _LINES.get(line[:1], "")),) for line in file.diff))


def _group(group: AcceptedView) -> Item:
    symbol, words, style = _STATUSES[group.status]
    fields = f": {', '.join(group.fields)}" if group.fields else ""
    if fields and group.status == "failed":
        fields = f" but for {fields.removeprefix(': ')}"
    head: Cell = ((symbol, style), (group.name, "strong"), (f"  {words}{fields}", style))
    return Item(head, "", tuple(_notes(group)))


def _notes(group: AcceptedView) -> Iterator[Field]:
    rows: list[Row] = [(plain(note),) for note in group.notes]
    rows += [(plain(note, "warn"),) for note in group.left]
    yield from (Field("", (row,)) for row in rows)
    if group.problem is not None:
        yield Field("", ((plain(group.problem.message, "bad"),),))
        yield from _hint(group.problem)


def _hint(problem: ProblemView) -> Iterator[Field]:
    if problem.hint:
        yield Field("", ((plain(problem.hint),),))
