"""GitLab's widget on a merge request, as `artifacts:reports:terraform`: how many groups are created, updated,
deleted. Always these three keys, whatever befell the run; numbers as GitLab takes them, up to 999999."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from reconciler.report.values import due_to_this_change

if TYPE_CHECKING:
    from reconciler.report.section import Data, Look, Section

_MOST = 999_999


def render(sections: Sequence[Section], _: Look) -> str:
    """Return the three counts, of several accounts added up."""
    total: Counter[str] = Counter()
    for section in sections:
        if section.data is not None:
            total.update(_COUNTS[section.data["kind"]](section.data))
    return json.dumps({key: min(total[key], _MOST) for key in ("create", "update", "delete")}) + "\n"


def _plan(data: Data) -> dict[str, int]:
    """Groups that an apply would create, change or leave, with a base those that this change is the cause of;
    groups that cannot be changed are none."""
    actions = Counter(group["action"] for group in due_to_this_change(data))
    update = actions["update"] + actions["adopt"]
    return {"create": actions["create"], "update": update, "delete": actions["leave"]}


def _apply(data: Data) -> dict[str, int]:
    """Groups that were created, changed or left: where at least one change was done."""
    found: Counter[str] = Counter()
    for group in data["groups"]:
        kinds = {each["kind"] for each in group["outcomes"] if each["status"] == "done"}
        created, left = "create_group" in kinds, "leave_group" in kinds
        found["create"] += created
        found["delete"] += left
        found["update"] += bool(kinds - {"adopt_group"}) and not (created or left)
    return found


def _drift(data: Data) -> dict[str, int]:
    """Groups that an apply would have to update because they drifted. What is only not applied yet, or
    missing, is no drift that it could mend."""
    return {"update": data["summary"]["drifted"]}


_COUNTS: dict[str, Callable[[Data], dict[str, int]]] = {"plan": _plan, "apply": _apply, "drift": _drift}
