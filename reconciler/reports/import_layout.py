"""What a text report says of an import: what was written, what was not and why. Pure, not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.reports.phrases import Cell, Field, Item, Row, counted, plain

if TYPE_CHECKING:
    from reconciler.model.adoption import ImportStatus
    from reconciler.reports.import_shapes import ImportedView, ImportView

_TITLES: dict[ImportStatus, tuple[str, str, str]] = {
    "imported": ("+", "Written", "add"),
    "skipped": ("=", "Left as they are", "dim"),
    "failed": ("!", "Not written", "bad"),
    "unreadable": ("!", "Could not be read", "bad"),
    "not_begun": ("…", "Not begun", "warn"),
}
"""Symbol, title and style of each status, in the order in which they are told."""

_BOUND = {False: "Bound in state now", True: "Would be bound in state"}
"""Of groups whose manifests an earlier run wrote; by whether it is a dry run."""


def import_items(view: ImportView) -> list[Item]:
    """A list a status, and what there is to say about the whole."""
    items: list[Item] = []
    for status, (symbol, title, style) in _TITLES.items():
        groups = [group for group in view.groups if group.status == status]
        if status == "skipped":
            bound = [group for group in groups if group.bound]
            items += _item("+", _BOUND[view.dry_run], "add", bound)
            groups = [group for group in groups if not group.bound]
        head = "Would be written" if view.dry_run and status == "imported" else title
        items += _item(symbol, head, style, groups)
    texts = list(view.notes)
    for problem in (view.refused, view.unsaved):
        if problem is not None:
            texts += [problem.message, *([problem.hint] if problem.hint else [])]
    if texts:
        items.append(Item(plain(texts[0], "warn"), "", tuple(Field("", ((plain(x),),)) for x in texts[1:])))
    return items


def import_summary(view: ImportView) -> Cell:
    """One line: how many manifests, and what else became of groups."""
    count = view.summary
    verb = "would be written" if view.dry_run else "written"
    bound = sum(group.bound for group in view.groups if group.status == "skipped")
    others = [
        f"{number} {word}"
        for number, word in (
            (bound, f"{'would be ' if view.dry_run else ''}bound to a manifest that was there"),
            (count.skipped - bound, "left as they are"),
            (count.failed, "not written"),
            (count.unreadable, "could not be read"),
            (count.not_begun, "not begun: run again for the rest"),
        )
        if number
    ]
    if count.contacts:
        others.append(f"{counted(count.contacts, 'person', 'people')} added to {view.contacts}")
    head = f"{counted(count.imported, 'manifest')} {verb}"
    return ((head, "strong"), (f"{''.join(f' · {other}' for other in others)}.", ""))


def _item(symbol: str, title: str, style: str, groups: list[ImportedView]) -> Iterator[Item]:
    if groups:
        rows = tuple(row for group in groups for row in _rows(group))
        yield Item(((f"{symbol} ", style), (title, "strong")), "", (Field("", rows),))


def _rows(group: ImportedView) -> Iterator[Row]:
    subject = plain(f'"{group.subject}"') if group.subject is not None else plain(group.id)
    yield (plain(group.file or group.name or ""), subject) if group.file or group.name else (subject,)
    for remark in group.remarks:
        yield (plain(f"  {remark}", "dim"),)
    if group.problem is not None:
        hint = f" ({group.problem.hint})" if group.problem.hint else ""
        yield (plain(f"  {group.problem.message}{hint}", "bad"),)
