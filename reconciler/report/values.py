"""The few values by which the next step of a pipeline decides what to do, under names that never change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reconciler.report.section import exit_code, is_plain

if TYPE_CHECKING:
    from reconciler.report.section import Data, Section


def of_sections(sections: Sequence[Section]) -> dict[str, str]:
    """Return name → value, each of one line: counts, `true` or `false`, a digest; always `exitcode` and
    `complete`. Of several accounts counts are added up, `true` is what is so everywhere, and a digest, being
    one account's, is left out."""
    found = [_of_section(section) for section in sections]
    if is_plain(sections):
        return {name: _in_words(value) for name, value in found[0].items()}
    merged: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in found for name in each):
        given = [each[name] for each in found if name in each]
        if all(isinstance(value, bool) for value in given):
            merged[name] = all(given) and len(given) == len(found)
        elif not any(isinstance(value, str) for value in given):
            merged[name] = sum(given)
    merged["exitcode"] = int(exit_code(sections))
    return {name: _in_words(value) for name, value in merged.items()}


def names(sections: Sequence[Section]) -> str:
    """Return the groups that all this is about, a line each, of several accounts with the account before it:
    of a plan those that change (with a base: by this change), of an apply those that were worked on, of a
    drift those that drifted, are missing or blocked."""
    lines = []
    for section in sections:
        whose = f"{section.account}/" if section.account else ""
        lines += [f"{whose}{name}" for name in (_names(section.data) if section.data else ())]
    return "\n".join(lines)


def changes(group: Data) -> bool:
    """Return whether the service would be told anything about a group: to adopt it is bookkeeping."""
    return any(change["kind"] != "adopt_group" for change in group["changes"])


def due_to_this_change(plan: Data) -> list[Data]:
    """Return groups that would change; with a base only those that this change changes. The others would
    without it as well."""
    return [
        group
        for group in plan["groups"]
        if changes(group) and ("base" not in plan or group.get("cause") == "this_change")
    ]


def _of_section(section: Section) -> dict[str, Any]:
    run, data = section.run, section.data
    if run is None:
        return {}
    found: dict[str, Any] = {"exitcode": run.exit_code, "complete": run.complete}
    if data is None:
        return found
    match data["kind"]:
        case "plan":
            due = len(due_to_this_change(data))
            counts = {name: count for name, count in data["summary"].items() if name != "attribution"}
            found |= {"changes": due, **counts, "objections": _standing(data), "digest": data["digest"]}
            if "base" in data:
                found["changes_before"] = sum(map(changes, data["groups"])) - due
        case "apply":
            found |= {**data["summary"], "objections": _standing(data)}
        case "drift":
            found |= {**data["summary"], "in_sync": data["in_sync"]}
        case "validate":
            warnings = sum(each["severity"] == "warning" for each in data["complaints"])
            found |= {"valid": data["valid"], "groups": data["groups"] or 0}
            found |= {"mistakes": len(data["complaints"]) - warnings, "warnings": warnings}
        case _:  # other verbs have nothing that a pipeline goes by
            pass
    return found


def _names(data: Data) -> list[str]:
    match data["kind"]:
        case "plan":
            return [group["name"] for group in due_to_this_change(data)]
        case "apply":
            return [group["name"] for group in data["groups"] if group["outcomes"]]
        case "drift":
            bad = ("drifted", "missing", "blocked")
            return [group["name"] for group in data["groups"] if group["status"] in bad]
        case _:
            return []


def _standing(data: Data) -> int:
    return sum("lifted_by" not in objection for objection in data["objections"])


def _in_words(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
