"""What an apply did as JSON, as `apply` in `schemas/` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.reports.json import FORMAT_VERSION, document, of_invite, of_objection

if TYPE_CHECKING:
    from reconciler.reports.apply_shapes import ApplyView, GroupOutcomeView, OutcomeView


def render_apply(view: ApplyView) -> str:
    """What an apply did as a JSON document, with a newline at its end."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "apply",
            "complete": view.complete,
            "interrupted": view.interrupted,
            "summary": asdict(view.summary),
            "groups": [_ended(group) for group in view.groups],
            "objections": [of_objection(objection) for objection in view.objections],
            "notes": list(view.notes),
            "unsaved": None if view.unsaved is None else asdict(view.unsaved),
            "bind": [{"name": name, "id": group_id} for name, group_id in view.bind],
            "ready_only": view.ready_only,
        }
    )


def _ended(group: GroupOutcomeView) -> dict[str, object]:
    return {
        "name": group.name,
        "id": group.id,
        "action": group.action,
        "outcomes": [_outcome(outcome) for outcome in group.outcomes],
        "to_invite": [of_invite(invite) for invite in group.to_invite],
        "notes": list(group.notes),
    }


def _outcome(outcome: OutcomeView) -> dict[str, object]:
    found: dict[str, object] = {"kind": outcome.change.kind, "status": outcome.status}
    if outcome.problem is not None:
        found["error"] = asdict(outcome.problem)
    return found
