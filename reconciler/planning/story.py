"""What became different from one recorded state to the next, name by name: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypedDict

from reconciler.model import number
from reconciler.model.group import VALUES
from reconciler.model.history import Chapter, Fact, FactKind, Interest, NameStory, Written
from reconciler.model.record import Applied, Record, Sent, State
from reconciler.planning.diff import changed_fields

_FIELDS: tuple[FactKind, ...] = (*VALUES, "icon", "admins", "members", "link_version", "joined")
_PEOPLE = frozenset({"admins", "members", "joined"})


class _People(TypedDict):
    added: tuple[str, ...]
    removed: tuple[str, ...]


def chapters(history: Iterable[Written], interest: Interest) -> Iterator[Chapter]:
    """Tell what each run recorded of that which somebody is interested in; runs that recorded nothing of it
    are left out, and so are, where names or people are asked for, those that cannot be read."""
    asked = interest.name is not None or interest.in_people
    for written in history:
        if written.before is None or written.after is None:
            if not asked:
                yield Chapter(written, None)
            continue
        names = tuple(_of_interest(changes(written.before, written.after), interest))
        if names or not asked:
            yield Chapter(written, names)


def changes(before: State, after: State) -> tuple[NameStory, ...]:
    """Return every name of which something else is recorded now, sorted."""
    names = sorted(name for name in before.names | after.names if not _same(before, after, name))
    stories = (NameStory(name, tuple(_facts(before, after, name))) for name in names)
    return tuple(story for story in stories if story.facts)


def _same(before: State, after: State, name: str) -> bool:
    """Return whether nothing was recorded of this name, as of most from run to run: told without looking
    inside."""
    return (
        before.groups.get(name) is after.groups.get(name)
        and before.creating.get(name) == after.creating.get(name)
        and before.left.get(name) == after.left.get(name)
    )


def _facts(before: State, after: State, name: str) -> Iterator[Fact]:
    old, new = before.groups.get(name), after.groups.get(name)
    intent = after.creating.get(name)
    if intent is not None and before.creating.get(name) != intent:
        yield Fact(kind="creating", after=intent.subject)
    if intent is None and name in before.creating and new is None:
        yield Fact(kind="given_up", before=before.creating[name].subject)
    gone = after.left.get(name)
    if gone is not None and before.left.get(name) != gone:
        yield Fact(kind="left", before=gone.id, after=gone.how)
    elif new is None and name in before.left and gone is None:
        yield Fact(kind="forgotten", before=before.left[name].id)
    elif new is None and old is not None:
        yield Fact(kind="forgotten", before=old.id)
    if new is None:
        return
    if old is None or old.id != new.id:
        yield Fact(kind="bound", before=None if old is None else old.id, after=new.id)
    yield from _recorded(old if old is not None and old.id == new.id else Record(id=new.id), new)


def _recorded(old: Record, new: Record) -> Iterator[Fact]:
    was, now = _fields(old), _fields(new)
    differing = changed_fields(was, now)
    for kind in _FIELDS:
        if kind in differing and kind in _PEOPLE:
            yield Fact(kind=kind, **_people(was[kind], now[kind]))
        elif kind in differing:
            yield Fact(kind=kind, before=_text(was[kind]), after=_text(now[kind]))
    sent = tuple(_ref(ref) for ref, entry in sorted(new.sent.items()) if _told(entry, old.sent.get(ref)))
    if sent:
        yield Fact(kind="sent", added=sent)


def _fields(record: Record) -> dict[str, Any]:
    applied = record.applied or Applied()
    values = applied.values()
    return {
        **{name: values.get(name) for name in VALUES},
        "icon": applied.icon,
        "admins": applied.admins,
        "members": applied.members,
        "link_version": record.link_version,
        "joined": tuple(sorted(set(record.joined))),
    }


def _told(new: Sent, old: Sent | None) -> bool:
    """Return whether another message went out, or may have."""
    return new.times > (old.times if old is not None else 0)


def _people(old: Iterable[str] | None, new: Iterable[str] | None) -> _People:
    before, after = tuple(map(_ref, old or ())), tuple(map(_ref, new or ()))
    return {
        "added": tuple(ref for ref in after if ref not in before),
        "removed": tuple(ref for ref in before if ref not in after),
    }


def _ref(joined: str) -> str:
    """Return the person of a joined-ref (`planning.diff.joined_ref`), or of a plain one: an alias or
    digits."""
    return joined.partition("/")[0]


def _text(value: str | int | None) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _of_interest(stories: Iterable[NameStory], interest: Interest) -> Iterator[NameStory]:
    for story in stories:
        if interest.name not in (None, story.name):
            continue
        if not interest.in_people:
            yield story
        elif facts := tuple(fact for fact in story.facts if _concerns(fact, interest)):
            yield NameStory(story.name, facts)


def _concerns(fact: Fact, interest: Interest) -> bool:
    return any(
        ref in interest.aliases or (ref.isdigit() and number.key(ref) in interest.keys)
        for ref in (*fact.added, *fact.removed)
    )
