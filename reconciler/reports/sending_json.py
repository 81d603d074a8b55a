"""What was sent, as JSON: `sent`, `rotated` and `message` in `schemas/`. People are masked, and there is no
link in it: it may stand in the log of a pipeline."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.reports.json import FORMAT_VERSION, document

if TYPE_CHECKING:
    from reconciler.reports.sending_shapes import (
        DeliveryView,
        GroupMessageView,
        RotationsView,
        RotationView,
        SendingView,
    )
    from reconciler.reports.shapes import ProblemView


def render_sending(view: SendingView) -> str:
    """What became of every message."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "sent",
            "complete": view.complete,
            "interrupted": view.interrupted,
            "summary": asdict(view.summary),
            "people": [_delivery(entry) for entry in view.people],
            "notes": list(view.notes),
            "refused": _problem(view.refused),
            "unsaved": _problem(view.unsaved),
        }
    )


def render_rotations(view: RotationsView) -> str:
    """What became of every link."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "rotated",
            "interrupted": view.interrupted,
            "groups": [_rotation(group) for group in view.groups],
            "unsaved": _problem(view.unsaved),
        }
    )


def render_message(view: GroupMessageView) -> str:
    """Whether a message to a group was sent."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "message",
            "group": {"name": view.name, "id": view.id, "subject": view.subject},
            "people": view.people,
            "status": view.status,
            "message": view.message,
            **_error(view.problem),
        }
    )


def _delivery(entry: DeliveryView) -> dict[str, object]:
    message = {"message": entry.message} if entry.message else {}
    new_link = {"new_link": list(entry.new_link)} if entry.new_link else {}
    return {
        "person": entry.person,
        "groups": list(entry.groups),
        "status": entry.status,
        **message,
        **new_link,
        **_error(entry.problem),
    }


def _rotation(group: RotationView) -> dict[str, object]:
    return {
        "name": group.name,
        "id": group.id,
        "status": group.status,
        "pending": group.pending,
        **({"earlier": True} if group.earlier else {}),
        **_error(group.problem),
    }


def _error(problem: ProblemView | None) -> dict[str, object]:
    return {} if problem is None else {"error": asdict(problem)}


def _problem(problem: ProblemView | None) -> dict[str, object] | None:
    return None if problem is None else asdict(problem)
