"""A drift as JSON, as `drift` in `schemas/` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.reports.json import FORMAT_VERSION, document, of_picture, of_time, of_unmanaged
from reconciler.reports.shapes import PictureView

if TYPE_CHECKING:
    from reconciler.reports.drift_shapes import DriftView, FieldDriftView, GroupDriftView


def render_drift(view: DriftView) -> str:
    """The drift as a JSON document, with a newline at its end."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "drift",
            "in_sync": view.in_sync,
            "complete": view.complete,
            "summary": asdict(view.summary),
            "groups": [_drift(group) for group in view.groups],
            "unmanaged": [of_unmanaged(found) for found in view.unmanaged],
            "notes": list(view.notes),
        }
    )


def _drift(group: GroupDriftView) -> dict[str, object]:
    found: dict[str, object] = {
        "name": group.name,
        "id": group.id,
        "status": group.status,
        "fields": [_field(field) for field in group.fields],
        "manifest": None if group.file is None else {"file": group.file, "line": group.line},
        "notes": list(group.notes),
        "commands": {
            name: command
            for name, command in (("restore", group.restore), ("accept", group.accept))
            if command is not None
        },
    }
    if group.since is not None:
        found["since"] = of_time(group.since)
    return found


def _field(field: FieldDriftView) -> dict[str, object]:
    found: dict[str, object] = {
        "field": field.field,
        "desired": _value(field.desired),
        "last_applied": _value(field.last_applied),
        "live": _value(field.live),
        "cause": field.cause,
    }
    if field.people:
        found["people"] = [
            {"person": each.who, "change": each.change, "reason": each.reason, "cause": each.cause}
            for each in field.people
        ]
    if field.since is not None:
        found["since"] = of_time(field.since)
    return found


def _value(value: object) -> object:
    match value:
        case PictureView():
            picture = of_picture(value)
            return picture if picture is None or value.served is None else {**picture, "served": value.served}
        case tuple():
            return list(value)
        case _:
            return value
