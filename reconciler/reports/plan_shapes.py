"""The shape of a plan's view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.plan import Action, CauseOfChange
    from reconciler.reports.base_shapes import BaseView
    from reconciler.reports.shapes import ChangeView, InviteView, ObjectionView, UnmanagedView


@dataclass(frozen=True, slots=True)
class AdminView:
    who: str
    creator: bool = False


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group of a plan. `admins_after` is None where admins stay as they are or nobody knows them.

    With a base, `cause` is `this_change` where any change is, or where this change made it blocked, missing
    and so on; it is None where nothing would be done.
    """

    name: str
    id: str | None
    file: str | None
    line: int | None
    action: Action
    changes: tuple[ChangeView, ...] = ()
    withheld: tuple[ChangeView, ...] = ()
    admins_after: tuple[AdminView, ...] | None = None
    to_invite: tuple[InviteView, ...] = ()
    notes: tuple[str, ...] = ()
    notices: int = 0
    cause: CauseOfChange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """Groups by action (`unchanged` is `none`), people to invite, and notices that members will see."""

    create: int
    adopt: int
    update: int
    leave: int
    unchanged: int
    blocked: int
    missing: int
    orphaned: int
    held: int
    unreadable: int
    unmanaged: int
    invites: int
    notices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    complete: bool
    digest: str
    summary: PlanSummary
    groups: tuple[GroupView, ...]
    objections: tuple[ObjectionView, ...]
    unmanaged: tuple[UnmanagedView, ...]
    notes: tuple[str, ...]
    ready_only: bool = False
    base: BaseView | None = None
