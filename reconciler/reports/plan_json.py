"""The plan as JSON, as `plan` in `schemas/` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reconciler.reports.json import (
    FORMAT_VERSION,
    document,
    of_cause,
    of_change,
    of_invite,
    of_objection,
    of_unmanaged,
)

if TYPE_CHECKING:
    from reconciler.reports.base_shapes import BaseView
    from reconciler.reports.plan_shapes import GroupView, PlanView


def render_plan(view: PlanView) -> str:
    """The plan as a JSON document, with a newline at its end."""
    return document(data(view))


def data(view: PlanView) -> dict[str, Any]:
    """The plan as plain data."""
    base = view.base
    summary = asdict(view.summary)
    if base is not None:
        summary["attribution"] = {"this_change": asdict(base.this_change), "before": asdict(base.before)}
    return {
        "format_version": FORMAT_VERSION,
        "kind": "plan",
        "complete": view.complete,
        "digest": view.digest,
        **({} if base is None else {"base": _base(base)}),
        "summary": summary,
        "groups": [_group(group) for group in view.groups],
        "objections": [of_objection(objection) for objection in view.objections],
        "unmanaged": [of_unmanaged(found) for found in view.unmanaged],
        "notes": list(view.notes),
    }


def _base(base: BaseView) -> dict[str, object]:
    return {
        "ref": base.ref,
        "commit": base.commit,
        "loaded": base.loaded,
        "settings_changed": [
            {
                "setting": each.setting,
                **({"name": each.name} if each.name else {}),
                "before": each.before,
                "after": each.after,
            }
            for each in base.settings
        ],
        "dropped": [
            {"name": each.name, "changes": [of_change(change) for change in each.changes]}
            for each in base.dropped
        ],
        "notes": list(base.notes),
    }


def _group(group: GroupView) -> dict[str, object]:
    found: dict[str, object] = {
        "name": group.name,
        "id": group.id,
        "manifest": None if group.file is None else {"file": group.file, "line": group.line},
        "action": group.action,
        "changes": [of_change(change) for change in group.changes],
        "to_invite": [of_invite(invite) for invite in group.to_invite],
        "notes": list(group.notes),
        "notices": group.notices,
    }
    if group.withheld:
        found["withheld"] = [of_change(change) for change in group.withheld]
    if group.admins_after is not None:
        found["after"] = {"admins": [admin.who for admin in group.admins_after]}
    return found | of_cause(group.cause)
