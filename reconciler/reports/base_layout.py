"""What a text report says of the base that a plan was compared with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports.phrases import Cell, Field, Item, Row, brief, plain

if TYPE_CHECKING:
    from reconciler.reports.base_shapes import BaseView, DroppedView, SettingView

_SETTINGS = {
    "account": "account",
    "state": "state",
    "guards": "guard",
    "allow": "allow",
    "ignore": "ignore",
    "alias": "alias",
}


def settings(base: BaseView, limit: int = 100) -> list[Item]:
    """What this change changes of account, state, guards, allowances and aliases; and what is wrong with the
    base."""
    items = []
    if base.settings:
        rows: list[Row] = [
            (plain(f"{_SETTINGS[each.setting]} {each.name}".rstrip()), _was(each))
            for each in base.settings[:limit]
        ]
        if len(base.settings) > limit:
            rows.append((plain(f"… and {len(base.settings) - limit} more"),))
        head = (("! ", "bad"), ("This change moves what protects people", "bad"))
        first = Field("", ((plain("This plan was made without it; it holds once it is merged."),),))
        items.append(Item(head, "", (first, Field("", tuple(rows)))))
    if base.notes:
        head = (("! ", "warn"), (f"About the base, {base.ref}", "warn"))
        items.append(Item(head, "", tuple(Field("", ((plain(note),),)) for note in base.notes)))
    return items


def _was(change: SettingView) -> Cell:
    return (
        (change.before or "not set", "remove" if change.before else "dim"),
        (" → ", ""),
        (change.after or "not set", "add" if change.after else "dim"),
    )


def dropped(found: tuple[DroppedView, ...], limit: int) -> list[Item]:
    """What this change calls off, one row a change, the first `limit` of them."""
    rows: list[Row] = []
    for each in found:
        for change in each.changes:
            label, what = brief(change)
            rows.append((plain(each.name), plain(label, "dim"), tuple((text, "dim") for text, _ in what)))
    if not rows:
        return []
    if len(rows) > limit:
        rows[limit:] = [(plain(f"… and {len(rows) - limit} more"),)]
    return [
        Item(plain("Called off by this change: it was due before", "strong"), "", (Field("", tuple(rows)),))
    ]
