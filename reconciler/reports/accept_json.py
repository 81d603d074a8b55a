"""An acceptance as JSON, as `accept` in `schemas/` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.reports.json import FORMAT_VERSION, document

if TYPE_CHECKING:
    from reconciler.reports.accept_shapes import AcceptedView, AcceptView


def render_accept(view: AcceptView) -> str:
    """What went into the manifests as a JSON document, with a newline at its end."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "accept",
            "complete": view.complete,
            "interrupted": view.interrupted,
            "groups": [_accepted(group) for group in view.groups],
            "files": [asdict(file) for file in view.files],
            "failed": None if view.failed is None else asdict(view.failed),
            "unsaved": None,  # nothing is recorded, and a key that somebody may read stays
        }
    )


def _accepted(group: AcceptedView) -> dict[str, object]:
    found: dict[str, object] = {
        "name": group.name,
        "id": group.id,
        "status": group.status,
        "fields": list(group.fields),
        "notes": list(group.notes),
        "left": list(group.left),
    }
    if group.problem is not None:
        found["error"] = asdict(group.problem)
    return found
