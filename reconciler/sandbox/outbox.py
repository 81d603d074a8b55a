"""What happened to groups, as a gateway would tell it: events, kept for whoever asks for them."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from .group import Group

_KEPT = 1000
TOLD = ("subject", "description", "permissions", "invite", "icon", "parent", "kind")
"""The fields of a group whose change is an event."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a group, which is kept as it has become."""

    name: str
    """As gateways call it: ``group.v2.join``, ``.leave``, ``.update``, ``.participants``, or with
    ``.join-request`` behind."""
    group: Group
    kind: str = ""
    """``join``, ``leave``, ``promote``, ``demote``; or of a request ``created``, ``rejected``."""
    people: tuple[str, ...] = ()
    changed: frozenset[str] = frozenset()
    """Of an update: which of `TOLD`."""
    time: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: f"evt_{uuid.uuid4().hex[:26]}")


class Outbox:
    """The latest events, oldest first."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._events: deque[Event] = deque(maxlen=_KEPT)

    def compare(self, before: Group | None, after: Group) -> None:
        """Note everything by which a group differs from what it was."""
        self._events.extend(_events(before, after, self._account))

    def events(self) -> tuple[Event, ...]:
        """Return what happened since the start or the last `clear`."""
        return tuple(self._events)

    def clear(self) -> None:
        """Forget everything so far."""
        self._events.clear()


def _events(before: Group | None, after: Group, account: str) -> Iterator[Event]:
    was = before.participants if before is not None else ()
    if account in after.participants and account not in was:
        yield Event("group.v2.join", after)
    if before is None:
        return
    if account in was and account not in after.participants:
        yield Event("group.v2.leave", after)
    elif account not in was:
        return  # a gateway hears nothing of groups that its account is not in
    changed = frozenset(name for name in TOLD if getattr(before, name) != getattr(after, name))
    if changed:
        yield Event("group.v2.update", after, changed=changed)
    stayed = [person for person in after.participants if person in was]
    asked, ask = ({entry.number for entry in group.waiting} for group in (before, after))
    told = (
        ("join", [person for person in after.participants if person not in was]),
        ("leave", [person for person in was if person not in after.participants]),
        ("promote", [person for person in stayed if person in after.admins and person not in before.admins]),
        ("demote", [person for person in stayed if person in before.admins and person not in after.admins]),
    )
    for kind, people in told:
        if people:
            yield Event("group.v2.participants", after, kind, tuple(people))
    for person in sorted(ask - asked):
        yield Event("group.v2.participants.join-request", after, "created", (person,))
    for person in sorted(asked - ask - set(after.participants)):
        yield Event("group.v2.participants.join-request", after, "rejected", (person,))
