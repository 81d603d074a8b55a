"""An import as JSON, as `import` in `schemas/` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.reports.json import FORMAT_VERSION, document

if TYPE_CHECKING:
    from reconciler.reports.import_shapes import ImportedView, ImportView


def render_import(view: ImportView) -> str:
    """What an import wrote as a JSON document, with a newline at its end."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "import",
            "complete": view.complete,
            "dry_run": view.dry_run,
            "interrupted": view.interrupted,
            "summary": asdict(view.summary),
            "groups": [_imported(group) for group in view.groups],
            "contacts": view.contacts,
            "unsaved": None if view.unsaved is None else asdict(view.unsaved),
            "refused": None if view.refused is None else asdict(view.refused),
            "notes": list(view.notes),
        }
    )


def _imported(group: ImportedView) -> dict[str, object]:
    found: dict[str, object] = {
        "id": group.id,
        "subject": group.subject,
        "status": group.status,
        "name": group.name,
        "file": group.file,
        "icon": group.icon,
        "remarks": list(group.remarks),
        "bound": group.bound,
    }
    if group.problem is not None:
        found["error"] = asdict(group.problem)
    return found
