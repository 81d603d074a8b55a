"""A plan: the ordered changes of all groups, with objections, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from reconciler.errors import Location
from reconciler.model.change import (
    AdoptGroup,
    Change,
    ChangePeople,
    CreateGroup,
    Invite,
)
from reconciler.model.desired import DesiredGroup
from reconciler.model.live import LiveGroup

Action = Literal[
    "create", "adopt", "update", "leave", "none", "blocked", "missing", "orphaned", "held", "unreadable"
]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for people. `{ids}`, `{people}` and `{texts}` in it stand for the values, which a report
    masks and escapes in its own way: group ids, wa_ids, and words of outsiders."""

    text: str
    ids: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """What would be done about one name. `changes` stand in the order in which they are made.

    A `blocked`, `held`, `missing` or `unreadable` group has no changes; what a `held` or `blocked` one would
    have, as far as that is known, is `withheld`. `live` is the group as it was read,
    None where there is none or it was not read; `was` the name under which it is recorded, where that has
    no manifest any more; `maybe` are such names of which a group that would be created may be one.
    """

    name: str
    action: Action
    id: str | None = None
    was: str | None = None
    maybe: tuple[str, ...] = ()
    location: Location | None = None
    changes: tuple[Change, ...] = ()
    withheld: tuple[Change, ...] = ()
    to_invite: tuple[Invite, ...] = ()
    notes: tuple[Note, ...] = ()
    desired: DesiredGroup | None = None
    live: LiveGroup | None = None

    @property
    def joining(self) -> tuple[Invite, ...]:
        """Those of `to_invite` who are surely not in: the others may be, under a hidden number."""
        return tuple(invite for invite in self.to_invite if not invite.maybe)

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that need a call to the API: all but bookkeeping."""
        return tuple(change for change in self.changes if not isinstance(change, AdoptGroup))

    @property
    def notices(self) -> int:
        """How many notices the members will see: one a change, one a person; in a new group only those of
        who is added."""
        people = sum(len(change.people) for change in self.writes if isinstance(change, ChangePeople))
        if any(isinstance(change, CreateGroup) for change in self.changes):
            return people
        return people + sum(not isinstance(change, ChangePeople) for change in self.writes)


@dataclass(frozen=True, slots=True)
class Objection:
    """A guard's refusal. `lifted_by` says what lifted it: `--allow`, then it is lifted `by_option`, or the
    place of an `allow:` entry."""

    code: str
    note: Note
    groups: tuple[str, ...] = ()
    count: int = 0
    lifted_by: str | None = None
    by_option: bool = False


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live group without a manifest; the subject is known only where it had to be read."""

    id: str
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All groups by name, the guards' objections, and whether everything that had to be read was read.

    `ready_only`: nothing but promotions was planned, so a group without changes may still differ.
    """

    groups: tuple[GroupPlan, ...]
    objections: tuple[Objection, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
    notes: tuple[Note, ...] = ()
    complete: bool = True
    digest: str = ""
    ready_only: bool = False

    @property
    def open_objections(self) -> tuple[Objection, ...]:
        """Objections that nothing lifted."""
        return tuple(objection for objection in self.objections if objection.lifted_by is None)

    @property
    def changed(self) -> tuple[GroupPlan, ...]:
        """The groups for which something would be done, bookkeeping included."""
        return tuple(group for group in self.groups if group.changes)

    def with_digest(self, digest: str) -> Plan:
        return replace(self, digest=digest)


CauseOfChange = Literal["this_change", "before"]
SettingName = Literal["account", "backend", "state", "guards", "allow", "ignore", "alias"]
