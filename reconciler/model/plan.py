"""A plan: the ordered changes of all groups, with objections; what became of it; and which of it a change of
the files causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from reconciler.errors import Location
from reconciler.model.change import (
    AdoptGroup,
    Change,
    CreateGroup,
    Demote,
    Invite,
    Promote,
    RemoveParticipants,
)
from reconciler.model.desired import DesiredGroup
from reconciler.model.live import LiveGroup, Problem

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
    no manifest any more.
    """

    name: str
    action: Action
    id: str | None = None
    was: str | None = None
    location: Location | None = None
    changes: tuple[Change, ...] = ()
    withheld: tuple[Change, ...] = ()
    to_invite: tuple[Invite, ...] = ()
    notes: tuple[Note, ...] = ()
    desired: DesiredGroup | None = None
    live: LiveGroup | None = None

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that need a call to the API: all but bookkeeping."""
        return tuple(change for change in self.changes if not isinstance(change, AdoptGroup))

    @property
    def notices(self) -> int:
        """How many notices the members will see: one a change, one a person; none in a new group."""
        if any(isinstance(change, CreateGroup) for change in self.changes):
            return 0
        return sum(
            len(change.people) if isinstance(change, Promote | Demote | RemoveParticipants) else 1
            for change in self.writes
        )


@dataclass(frozen=True, slots=True)
class Objection:
    """A guard's refusal. `lifted_by` says what lifted it: `--allow`, or the place of an `allow:` entry."""

    code: str
    note: Note
    groups: tuple[str, ...] = ()
    count: int = 0
    lifted_by: str | None = None


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


OutcomeStatus = Literal["done", "failed", "skipped", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` was seen; `failed` surely or apparently had no effect; `skipped` was not sent; `unknown` may
    have had an effect, which the next run will see."""

    change: Change
    status: OutcomeStatus
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOutcome:
    """All outcomes of one group, in the order of its changes. `id` is known even where create just ended."""

    name: str
    action: Action
    id: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[Note, ...] = ()
    plan: GroupPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What an apply did. `refused`: why nothing was begun. `complete` is that of the plan; `interrupted` that
    a signal ended it early.

    `unsaved` is the reason why the state could not be written, and then `bind` lists what to bind by hand.
    """

    plan: Plan
    groups: tuple[GroupOutcome, ...]
    refused: Problem | None = None
    complete: bool = True
    interrupted: bool = False
    unsaved: Problem | None = None
    bind: tuple[tuple[str, str], ...] = ()


CauseOfChange = Literal["this_change", "before"]
SettingName = Literal["account", "state", "guards", "allow", "ignore", "alias"]


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that decides whom the guards protect, what they let pass and what is looked at, or whom an
    alias means.

    `name` is the key of a guard or the alias, "" elsewhere. `before` and `after` are digits for `account`
    and `alias`, group ids for `ignore`, else words of the configuration; empty: not set.
    """

    setting: SettingName
    name: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one cause contributes to a group: changes in their order (of one that has two causes, the people
    of this one), and people to invite."""

    changes: tuple[Change, ...] = ()
    invites: tuple[Invite, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.invites)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAttribution:
    """One group of a plan: what this change causes, what was there before, and which of the two made the
    group `blocked`, `missing`, `orphaned`, `held` or `unreadable`, where it is one of these."""

    this_change: Share = field(default_factory=Share)
    before: Share = field(default_factory=Share)
    stuck: CauseOfChange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What the base would do about a name, and this change calls off."""

    name: str
    action: Action
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A plan beside that of its base. `groups` has an entry for every group of the plan, by name;
    `objections` the cause of each, by code."""

    groups: Mapping[str, GroupAttribution] = field(default_factory=dict)
    objections: Mapping[str, CauseOfChange] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a plan was compared with. `ref` as it was asked for, `commit` what it stands for; `settings` what
    changes of them; `problem` says why the manifests of the base could not be used, so that everything counts
    as this change's."""

    ref: str
    commit: str
    attribution: Attribution
    settings: tuple[SettingChange, ...] = ()
    problem: str = ""
    warnings: tuple[str, ...] = ()
