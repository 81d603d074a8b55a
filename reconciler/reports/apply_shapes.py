"""The shape of an apply's view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.outcome import OutcomeStatus
    from reconciler.model.plan import Action
    from reconciler.reports.shapes import ChangeView, InviteView, ObjectionView, ProblemView


@dataclass(frozen=True, slots=True)
class OutcomeView:
    change: ChangeView
    status: OutcomeStatus
    problem: ProblemView | None = None


@dataclass(frozen=True, slots=True)
class GroupOutcomeView:
    name: str
    id: str | None
    action: Action
    outcomes: tuple[OutcomeView, ...] = ()
    to_invite: tuple[InviteView, ...] = ()
    notes: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplySummary:
    """Changes by what became of them, and groups that could not be or were not to be changed."""

    done: int
    failed: int
    skipped: int
    unknown: int
    blocked: int
    missing: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyView:
    """`bind` holds names with whole ids: groups of our own that a lost state would have to find again."""

    complete: bool
    interrupted: bool
    summary: ApplySummary
    groups: tuple[GroupOutcomeView, ...]
    objections: tuple[ObjectionView, ...]
    notes: tuple[str, ...]
    unsaved: ProblemView | None = None
    bind: tuple[tuple[str, str], ...] = ()
    ready_only: bool = False
