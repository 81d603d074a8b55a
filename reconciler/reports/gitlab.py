"""GitLab's widget on a merge request, as `artifacts:reports:terraform`: how many groups are created, updated,
deleted. Always these three keys, whatever befell the run; numbers as GitLab takes them, up to 999999."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.reports.values import due_to_this_change

if TYPE_CHECKING:
    from reconciler.model.outcome import OutcomeStatus
    from reconciler.reports.apply_shapes import ApplyView, GroupOutcomeView
    from reconciler.reports.drift_shapes import DriftView
    from reconciler.reports.plan_shapes import PlanView

_MOST = 999_999


def render_plan(view: PlanView) -> str:
    """Groups that an apply would create, change or leave, with a base those that this change is the cause
    of; groups that cannot be changed are none."""
    groups = due_to_this_change(view)
    return _document(
        create=sum(group.action == "create" for group in groups),
        update=sum(group.action in ("update", "adopt") for group in groups),
        delete=sum(group.action == "leave" for group in groups),
    )


def render_apply(view: ApplyView) -> str:
    """Groups that were created, changed or left: where at least one change was done."""
    created = [_done(group, "create_group") for group in view.groups]
    left = [_done(group, "leave_group") for group in view.groups]
    touched = [
        any(each.status == _DONE and each.change.kind != "adopt_group" for each in group.outcomes)
        for group in view.groups
    ]
    updated = sum(
        touch and not (create or leave) for touch, create, leave in zip(touched, created, left, strict=True)
    )
    return _document(create=sum(created), update=updated, delete=sum(left))


def render_drift(view: DriftView) -> str:
    """Groups that an apply would have to update because they drifted. What is only not applied yet, or
    missing, is no drift that it could mend."""
    return _document(create=0, update=view.summary.drifted, delete=0)


_DONE: OutcomeStatus = "done"


def _done(group: GroupOutcomeView, kind: str) -> bool:
    return any(each.change.kind == kind and each.status == _DONE for each in group.outcomes)


def _document(*, create: int, update: int, delete: int) -> str:
    counts = {"create": create, "update": update, "delete": delete}
    return json.dumps({key: min(count, _MOST) for key, count in counts.items()}) + "\n"
