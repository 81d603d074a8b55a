"""What a text report says of invitations from top to bottom: links and people, then what has none. Pure."""

from __future__ import annotations

from reconciler.model.invitation import InviteStatus
from reconciler.reports.phrases import LINK, Cell, Field, Item, Row, counted, plain
from reconciler.reports.shapes import GroupInvitesView, InviteeView, InvitesView

STATUSES: dict[InviteStatus, tuple[str, str, str]] = {
    "ready": ("", "", ""),
    "failed": ("! ", "no link", "bad"),
    "revoke": ("… ", "link about to be revoked", "warn"),
    "create": ("… ", "not created yet", "warn"),
    "blocked": ("! ", "blocked", "bad"),
    "held": ("= ", "on hold", "warn"),
    "missing": ("! ", "missing", "bad"),
    "unreadable": ("! ", "unreadable", "bad"),
}
"""Symbol, word and style of each status."""


def invites_items(view: InvitesView) -> list[Item]:
    """Groups with a link, groups without, and what is incomplete. Nobody is left out of a list."""
    incomplete: Cell = (("! ", "bad"), ("Not everything could be read: somebody may be missing here.", "bad"))
    texts = tuple(Field("", ((plain(note),),)) for note in view.notes)
    return [
        *(_group(group) for group in view.groups if group.link is not None),
        *(_group(group) for group in view.groups if group.link is None),
        *([Item(incomplete, "", texts)] if not view.all_read else []),
    ]


def invites_summary(view: InvitesView) -> Cell:
    """One line: how many people in how many groups, and who is not among them."""
    count = view.summary
    others = [f"{counted(count.without_link, 'group')} without a link"] if count.without_link else []
    if count.left_out:
        have = "1 has" if count.left_out == 1 else f"{count.left_out} have"
        others.append(f"{have} joined and left (--include-left)")
    tail = "".join(f" · {other}" for other in others)
    if not count.groups:
        return (("Nobody to invite", "strong"), (f"{tail}.", ""))
    people = counted(count.people, "person", "people")
    return ((f"{people} to invite to {counted(count.groups, 'group')}", "strong"), (f"{tail}.", ""))


def _group(group: GroupInvitesView) -> Item:
    symbol, word, style = STATUSES[group.status]
    head = ((symbol, style), (group.name, "strong"), (f"  {word}" if word else "", style))
    fields = [Field("", ((plain(note),),)) for note in group.notes]
    if group.link is not None:
        fields.append(Field("link", ((plain(group.link, LINK),),)))
    if group.people:
        label = "people" if group.link is not None else "waiting"
        fields.append(Field(label, tuple(map(_person, group.people))))
    return Item(head, "" if group.subject is None else f'"{group.subject}"', tuple(fields))


def _person(person: InviteeView) -> Row:
    who = " ".join(filter(None, (person.name, f"({person.contact})" if person.contact else "")))
    last = (*plain(person.role), *plain("  joined before, and left" if person.left else "", "dim"))
    return (plain(person.number), plain(who), last)
