"""What JSON reports have in common, and what `validate` says: see `validate` in `schemas/`.

A verb's document is in `<verb>_json`. Within a `format_version` keys are only ever added.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.report.escape import for_json
from reconciler.reports.shapes import ChangeView, InviteView, ObjectionView, PictureView, UnmanagedView

if TYPE_CHECKING:
    from reconciler.model.plan import CauseOfChange

FORMAT_VERSION = 1


def document(value: object) -> str:
    """A JSON document in which nothing hidden stays hidden, with a newline at its end."""
    return for_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def of_cause(cause: CauseOfChange | None) -> dict[str, object]:
    """Only of a plan that was compared with a base."""
    return {} if cause is None else {"cause": cause}


def of_change(change: ChangeView) -> dict[str, object]:
    """A change as `plan` says it: its kind, and what that kind has."""
    found: dict[str, object] = {"kind": change.kind}
    match change.kind:
        case "promote" | "demote" | "remove_participants":
            found["people"] = [person.who for person in change.people]
            found["reasons"] = [person.reason for person in change.people]
        case "create_group":
            found["after"] = change.after
        case "leave_group":
            pass
        case "adopt_group" if change.before is None:
            found["after"] = change.after
        case "set_icon" | "remove_icon":
            found |= {"before": of_picture(change.before), "after": of_picture(change.after)}
        case _:
            found |= {"before": change.before, "after": change.after}
    return found | of_cause(change.cause)


def of_picture(value: object) -> dict[str, object] | None:
    """What is known of a live picture, or all about a file."""
    if not isinstance(value, PictureView):
        return None
    if value.file is None:
        return {"sha256": value.sha256, "bytes": value.size}
    return {
        "file": value.file,
        "sha256": value.sha256,
        "bytes": value.size,
        "width": value.width,
        "height": value.height,
        "mime": value.mime,
    }


def of_invite(invite: InviteView) -> dict[str, object]:
    """Somebody who has yet to join."""
    return {"person": invite.person, "as": invite.role} | of_cause(invite.cause)


def of_objection(objection: ObjectionView) -> dict[str, object]:
    """What a guard says; `lifted_by` only where something lifts it."""
    found: dict[str, object] = {
        "code": objection.code,
        "message": objection.message,
        "groups": list(objection.groups),
        "liftable": objection.liftable,
    }
    if objection.lifted_by is not None:
        found["lifted_by"] = objection.lifted_by
    return found | of_cause(objection.cause)


def of_unmanaged(found: UnmanagedView) -> dict[str, object]:
    """A live group without a manifest; the subject where it is known."""
    return {"id": found.id} if found.subject is None else {"id": found.id, "subject": found.subject}


def of_time(at: datetime) -> str:
    """A time in UTC, to the second, with `Z`."""
    return at.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
