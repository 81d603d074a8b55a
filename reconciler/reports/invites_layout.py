"""What a text report says of invitations from top to bottom: links and people, then what has none. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports.phrases import LINK, QR, Cell, Field, Item, Row, counted, plain
from reconciler.reports.qr import for_terminal

if TYPE_CHECKING:
    from reconciler.model.messages import InviteStatus
    from reconciler.reports.invites_shapes import GroupInvitesView, InviteeView, InvitesView

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


NO_SHEET = "There are no invitations here: the run that was to name them ended with an error."
WARNING = "This holds invite links and full numbers: keep it private. Whoever has a link can join."


def invites_items(view: InvitesView, *, qr: bool = False) -> list[Item]:
    """Groups with a link (with `qr`: as a QR code as well), groups without, and what is incomplete. Nobody is
    left out of a list."""
    incomplete: Cell = (("! ", "bad"), ("Not everything could be read: somebody may be missing here.", "bad"))
    texts = tuple(Field("", ((plain(note),),)) for note in view.notes)
    return [
        *(_group(group, qr=qr) for group in view.groups if group.link is not None),
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


def _group(group: GroupInvitesView, *, qr: bool = False) -> Item:
    symbol, word, style = STATUSES[group.status]
    head = ((symbol, style), (group.name, "strong"), (f"  {word}" if word else "", style))
    fields = [Field("", ((plain(note),),)) for note in group.notes]
    if group.link is not None:
        fields.append(Field("link", ((plain(group.link, LINK),),)))
        if qr:
            fields.append(Field("", tuple((plain(line, QR),) for line in for_terminal(group.link))))
    if group.people:
        label = "people" if group.link is not None else "waiting"
        fields.append(Field(label, tuple(map(_person, group.people))))
    return Item(head, "" if group.subject is None else f'"{group.subject}"', tuple(fields))


def _person(person: InviteeView) -> Row:
    who = " ".join(filter(None, (person.name, f"({person.contact})" if person.contact else "")))
    told = history(person)
    last = (*plain(person.role), *plain(f"  {told}" if told else "", "dim"))
    return (plain(person.number), plain(who), last)


def history(person: InviteeView) -> str:
    """What is known of somebody who is invited, in a few words: days are those of UTC."""
    words = ["joined before, and left"] if person.left else []
    if person.since is not None:
        words.append(f"missing since {person.since:%Y-%m-%d}")
    if person.sent is not None:
        day, times = f"{person.sent.at:%Y-%m-%d}", person.sent.times
        match person.sent.status:
            case "reset":
                words.append(f"sent the old link {day}")
            case "sending" | "unknown":
                words.append(f"sent {day}, nobody knows whether it arrived")
            case _:
                words.append(f"sent {day}" + (f", {times} times" if times > 1 else ""))
    return ", ".join(words)
