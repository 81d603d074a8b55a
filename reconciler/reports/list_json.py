"""A listing as JSON, as `list` in `schemas/` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.reports.json import FORMAT_VERSION, document

if TYPE_CHECKING:
    from reconciler.reports.list_shapes import ListedView, ListView


def render_list(view: ListView) -> str:
    """The live groups as a JSON document, with a newline at its end."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "list",
            "complete": view.complete,
            "account": None if view.account is None else {"number": view.account, "guessed": view.guessed},
            "summary": asdict(view.summary),
            "groups": [_listed(group) for group in view.groups],
            "notes": list(view.notes),
        }
    )


def _listed(group: ListedView) -> dict[str, object]:
    found: dict[str, object] = {
        "id": group.id,
        "subject": group.subject,
        "people": list(group.people),
        "admins": list(group.admins),
        "role": group.role,
        "can_promote": list(group.can_promote),
        "name": group.owner,
        "manifest": None if group.file is None else {"file": group.file, "line": group.line},
        "status": "unreadable" if group.subject is None else "read",
        "notes": list(group.notes),
    }
    return found
