"""The few values by which the next step of a pipeline decides what to do, under names that never change."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, assert_never

from reconciler.reports.apply_shapes import ApplyView
from reconciler.reports.drift_shapes import DriftView
from reconciler.reports.plan_shapes import GroupView, PlanView
from reconciler.reports.validate_shapes import FailureView, ValidationView

if TYPE_CHECKING:
    from reconciler.reports.run import Run

View = PlanView | ApplyView | DriftView | ValidationView | FailureView


def values(view: View, run: Run) -> dict[str, str]:
    """Name → value, each of one line: counts, `true` or `false`, a digest; always `exitcode`, `complete`."""
    found: dict[str, str | int | bool] = {"exitcode": run.exit_code, "complete": run.complete}
    match view:
        case PlanView():
            due = len(due_to_this_change(view))
            found |= {"changes": due, **asdict(view.summary)}
            found |= {"objections": _standing(view), "digest": view.digest}
            if view.base is not None:
                found["changes_before"] = sum(map(changes, view.groups)) - due
        case ApplyView():
            found |= {**asdict(view.summary), "objections": _standing(view)}
        case DriftView():
            found |= {**asdict(view.summary), "in_sync": view.in_sync}
        case ValidationView():
            warnings = sum(complaint.warning for complaint in view.complaints)
            found |= {"valid": view.groups is not None, "groups": view.groups or 0}
            found |= {"mistakes": len(view.complaints) - warnings, "warnings": warnings}
        case FailureView():
            pass
        case _:
            assert_never(view)
    return {name: _plain(value) for name, value in found.items()}


def names(view: View) -> tuple[str, ...]:
    """The groups that all this is about: of a plan those that change (with a base: by this change), of an
    apply those that were worked on, of a drift those that drifted, are missing or blocked."""
    match view:
        case PlanView():
            return tuple(group.name for group in due_to_this_change(view))
        case ApplyView():
            return tuple(group.name for group in view.groups if group.outcomes)
        case DriftView():
            stuck = ("drifted", "missing", "blocked")
            return tuple(group.name for group in view.groups if group.status in stuck)
        case ValidationView() | FailureView():
            return ()
        case _:
            assert_never(view)


def changes(group: GroupView) -> bool:
    """Whether the API would be told anything about the group: to adopt it is bookkeeping."""
    return any(change.kind != "adopt_group" for change in group.changes)


def due_to_this_change(view: PlanView) -> tuple[GroupView, ...]:
    """Groups that would change; with a base only those that this change changes. The others would without it
    as well."""
    return tuple(
        group
        for group in view.groups
        if changes(group) and (view.base is None or group.cause == "this_change")
    )


def _standing(view: PlanView | ApplyView) -> int:
    return sum(objection.lifted_by is None for objection in view.objections)


def _plain(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
