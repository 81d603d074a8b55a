"""What a text report says of the live groups: two lines a group, and what hinders. Pure, not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.reports.phrases import Cell, Field, Item, Row, counted, few, plain

if TYPE_CHECKING:
    from reconciler.model.adoption import Role
    from reconciler.reports.list_shapes import ListedView, ListView

ROLES: dict[Role | None, tuple[str, str]] = {
    "admin": ("admin", ""),
    "member": ("not admin", "warn"),
    "absent": ("not in it", "bad"),
    None: ("?", "warn"),
}
"""Word and style of what the account is in a group."""


def list_items(view: ListView) -> list[Item]:
    """The table, and what there is to say about the whole of it."""
    texts = [plain(note) for note in view.notes]
    if view.groups and view.account is None:
        texts.append(plain("`account` is not set, so it is not known where we are admin.", "warn"))
    elif view.groups and view.guessed:
        texts.append(plain(f"`account` is not set; it is probably {view.account}.", "warn"))
    if any(group.id.startswith("…") for group in view.groups):
        texts.append(plain("Whole ids: --show-numbers", "dim"))
    items = []
    if view.groups:
        rows = tuple(row for group in view.groups for row in _rows(group))
        items.append(Item(plain("Groups", "strong"), "", (Field("", rows),)))
    if texts:
        items.append(Item(texts[0], "", tuple(Field("", ((text,),)) for text in texts[1:])))
    return items


def list_summary(view: ListView) -> Cell:
    """One line: how many, and how many of them nobody manages, we cannot change, or could not be read."""
    count = view.summary
    shown = counted(count.total, "group")
    if count.shown < count.total:
        shown = f"{count.shown} of {shown}"
    others = [
        f"{number} {word}"
        for number, word in (
            (count.unmanaged, "unmanaged"),
            (count.not_admin, "where the account is no admin"),
            (count.unreadable, "unreadable"),
        )
        if number
    ]
    return ((shown, "strong"), (f"{' · '.join(('', *others))}.", ""))


def _rows(group: ListedView) -> Iterator[Row]:
    owner = plain(group.owner) if group.owner else plain("unmanaged", "dim")
    if group.subject is None:
        yield (plain("unreadable", "bad"), plain(""), plain(""), owner)
        yield (plain(f"  {group.id}", "dim"),)
    else:
        people = counted(len(group.people), "person", "people")
        yield (plain(f'"{group.subject}"', "strong"), plain(*ROLES[group.role]), plain(people), owner)
        yield (plain(f"  {group.id}  admins: {few(group.admins) or 'nobody'}", "dim"),)
    for note in group.notes:
        yield (plain(f"  {note}", "warn"),)
    if group.can_promote:
        yield (plain(f"  can make it admin: {few(group.can_promote)}", "warn"),)
