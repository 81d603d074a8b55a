"""What a text report says of messages from top to bottom: first who may have got nothing, each by name; then
who was left out, in one line a reason; then who was written to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.reports.phrases import Cell, Field, Item, Row, counted, few, plain

if TYPE_CHECKING:
    from reconciler.reports.sending_shapes import (
        DeliveryView,
        GroupMessageView,
        LettersView,
        RotationsView,
        RotationView,
        SendingView,
    )
    from reconciler.reports.shapes import ProblemView

_STYLES = {"sent": "add", "done": "add", "skipped": "warn", "failed": "bad", "unknown": "bad"}
_SYMBOLS = {"sent": "✓", "done": "✓", "skipped": "…", "failed": "!", "unknown": "?"}
_NAMES = 20  # people who are named in a line about many
_OLD_LINK = "the link that they had works no more"
_EARLIER = "An earlier run had revoked it, so nothing was sent now: run it again if the new link got out too."


def letters_items(view: LettersView) -> list[Item]:
    """What is about to be sent, before the question."""
    rows: list[Row] = [
        (plain(person), plain(few(groups)), plain(f"{_OLD_LINK}: {few(renewed)}" if renewed else "", "dim"))
        for person, groups, renewed in view.letters[:_NAMES]
    ]
    if len(view.letters) > _NAMES:
        rows.append((plain(f"… and {len(view.letters) - _NAMES} more"),))
    return [Item(plain("To be sent", "strong"), "", (Field("", tuple(rows)),))] if rows else []


def letters_summary(view: LettersView) -> Cell:
    people = counted(view.people, "person", "people")
    return (
        (f"{counted(len(view.letters), 'message')} to {people}", "strong"),
        (f" · {view.others} left out." if view.others else ".", ""),
    )


def sending_items(view: SendingView) -> list[Item]:
    doubtful = [entry for entry in view.people if entry.status in ("unknown", "failed")]
    skipped: dict[str, list[DeliveryView]] = {}
    for entry in view.people:
        if entry.status == "skipped" and entry.problem is not None:
            skipped.setdefault(entry.problem.message, []).append(entry)
    sent: dict[str, list[DeliveryView]] = {}
    for entry in view.people:
        if entry.status == "sent":
            sent.setdefault(f"sent, because {_OLD_LINK}" if entry.new_link else "sent", []).append(entry)
    notes = [Field("", ((plain(note),),)) for note in view.notes]
    return [
        *_doubtful(doubtful),
        *(_many(_head("skipped", reason), entries) for reason, entries in skipped.items()),
        *(_many(_head("sent", words), entries) for words, entries in sorted(sent.items())),
        *([Item(plain("Notes", "strong"), "", tuple(notes))] if notes else []),
        *_unsaved(view.unsaved),
    ]


def sending_summary(view: SendingView) -> Cell:
    count = view.summary
    parts = [
        f"{number} {word}"
        for number, word in (
            (count.skipped, "skipped"),
            (count.failed, "failed"),
            (count.unknown, "unknown"),
        )
        if number
    ]
    if count.without_link:
        parts.append(f"{counted(count.without_link, 'group')} without a link")
    if view.interrupted:
        parts.append("interrupted")
    head = f"{counted(count.sent, 'message')} sent" if count.sent else "Nothing sent"
    return ((head, "strong"), ("".join(f" · {part}" for part in parts) + ".", ""))


def rotation_items(view: RotationsView) -> list[Item]:
    return [*map(_rotation, view.groups), *_unsaved(view.unsaved)]


def rotation_summary(view: RotationsView) -> Cell:
    done = [group for group in view.groups if group.status == "done"]
    rest = len(view.groups) - len(done)
    pending = sum(group.pending for group in done)
    tail = f" · {rest} not" if rest else ""
    if pending:
        tail += (
            f" · {counted(pending, 'person', 'people')} to be sent the new link: reconciler invites --send"
        )
    return ((f"{counted(len(done), 'link')} revoked", "strong"), (f"{tail}.", ""))


def message_items(view: GroupMessageView) -> list[Item]:
    if view.status == "sent":
        return []
    head = (*_head(view.status, view.name), (f"  {view.status}", _STYLES[view.status]))
    return [Item(head, f'"{view.subject}"', tuple(_why(view.problem)))]


def message_summary(view: GroupMessageView) -> Cell:
    people = counted(view.people, "person", "people")
    match view.status:
        case "sent":
            return ((f'Sent to {view.name}, "{view.subject}"', "strong"), (f" ({people}).", ""))
        case "unknown":
            return (("Nobody knows whether it was sent.", "strong"),)
        case "failed" | "skipped":
            return (("Nothing was sent.", "strong"),)


def _doubtful(entries: Iterable[DeliveryView]) -> list[Item]:
    """Every person by name: with one reason, several share an item."""
    found: dict[tuple[str, str, str], list[DeliveryView]] = {}
    for entry in entries:
        problem = entry.problem
        found.setdefault(
            (entry.status, problem.message if problem else "", problem.hint if problem else ""), []
        ).append(entry)
    items = []
    for (status, message, hint), people in sorted(found.items(), key=lambda item: item[0][0] != "unknown"):
        rows: tuple[Row, ...] = tuple(
            (plain(entry.person), plain(few(entry.groups)), plain(entry.message, "dim")) for entry in people
        )
        fields = [Field("", rows), *([Field("", ((plain(hint, "dim"),),))] if hint else [])]
        items.append(Item(_head(status, f"{status}: {message}"), "", tuple(fields)))
    return items


def _many(head: Cell, entries: list[DeliveryView]) -> Item:
    """People who share a fate, in one line."""
    people = {entry.nth: entry.person for entry in entries}
    return Item(
        (*head, (f" ({len(people)})", "")), "", (Field("", ((plain(few([*people.values()], _NAMES)),),)),)
    )


def _rotation(group: RotationView) -> Item:
    word = {"done": "revoked", "skipped": "not begun", "failed": "failed", "unknown": "unknown"}[group.status]
    head = (*_head(group.status, group.name), (f"  {word}", _STYLES[group.status]))
    earlier = [Field("", ((plain(_EARLIER),),))] if group.earlier else []
    return Item(head, group.id, (*earlier, *_why(group.problem)))


def _head(status: str, words: str) -> Cell:
    return ((f"{_SYMBOLS[status]} ", _STYLES[status]), (words, "strong"))


def _why(problem: ProblemView | None) -> list[Field]:
    if problem is None:
        return []
    hint = [Field("", ((plain(problem.hint, "dim"),),))] if problem.hint else []
    return [Field("", ((plain(problem.message),),)), *hint]


def _unsaved(problem: ProblemView | None) -> list[Item]:
    if problem is None:
        return []
    return [Item(_head("failed", "the state could not be written"), "", tuple(_why(problem)))]
