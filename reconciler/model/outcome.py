"""What became of a plan: one outcome a change, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.errors import Problem
from reconciler.model.change import Affected, Change, Invite
from reconciler.model.plan import Action, GroupPlan, Note, Plan

OutcomeStatus = Literal["done", "failed", "skipped", "unknown"]


PersonStatus = Literal["done", "invite", "left", "failed"]


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """What became of somebody who was to be added: `invite` refuses to be added by others, and is to be sent
    the link; `left` has decided to go. `person` has the number that is wanted."""

    person: Affected
    status: PersonStatus
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` was seen; `failed` surely or apparently had no effect; `skipped` was not sent; `unknown` may
    have had an effect, which the next run will see. `people`: of an adding, what became of each."""

    change: Change
    status: OutcomeStatus
    problem: Problem | None = None
    people: tuple[PersonOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOutcome:
    """All outcomes of one group, in the order of its changes. `id` is known even where create just ended;
    `refused` are those who would not be added by others."""

    name: str
    action: Action
    id: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[Note, ...] = ()
    plan: GroupPlan | None = None
    refused: tuple[Invite, ...] = ()

    @property
    def to_invite(self) -> tuple[Invite, ...]:
        """Everybody who has yet to join: whom the plan named, and who refused to be added."""
        return (*(self.plan.to_invite if self.plan else ()), *self.refused)

    @property
    def joining(self) -> tuple[Invite, ...]:
        """Those of them who are surely not in, see `GroupPlan.joining`."""
        return (*(self.plan.joining if self.plan else ()), *self.refused)


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
