"""What became of a plan: one outcome a change, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.errors import Problem
from reconciler.model.change import Change
from reconciler.model.plan import Action, GroupPlan, Note, Plan

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
