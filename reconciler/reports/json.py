"""JSON reports, as `plan`, `apply`, `drift`, `invites`, `list` and others in `schemas/` say: within a
`format_version` keys are only ever added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from reconciler.errors import Complaint
from reconciler.model.attribution import CauseOfChange
from reconciler.reports.escape import for_json
from reconciler.reports.shapes import (
    AcceptedView,
    AcceptView,
    ApplyView,
    BaseView,
    ChangeView,
    DoctorView,
    DriftView,
    FieldDriftView,
    GroupDriftView,
    GroupInvitesView,
    GroupOutcomeView,
    GroupView,
    ImportedView,
    ImportView,
    InviteeView,
    InvitesView,
    InviteView,
    ListedView,
    ListView,
    ObjectionView,
    OutcomeView,
    PictureView,
    PlanView,
    UnmanagedView,
)

FORMAT_VERSION = 1


def render_plan(view: PlanView) -> str:
    """The plan as a JSON document, with a newline at its end."""
    base = view.base
    summary = asdict(view.summary)
    if base is not None:
        summary["attribution"] = {"this_change": asdict(base.this_change), "before": asdict(base.before)}
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "plan",
            "complete": view.complete,
            "digest": view.digest,
            **({} if base is None else {"base": _base(base)}),
            "summary": summary,
            "groups": [_group(group) for group in view.groups],
            "objections": [_objection(objection) for objection in view.objections],
            "unmanaged": [_unmanaged(found) for found in view.unmanaged],
            "notes": list(view.notes),
        }
    )


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
            "objections": [_objection(objection) for objection in view.objections],
            "notes": list(view.notes),
            "unsaved": None if view.unsaved is None else asdict(view.unsaved),
            "bind": [{"name": name, "id": group_id} for name, group_id in view.bind],
            "ready_only": view.ready_only,
        }
    )


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
            "unmanaged": [_unmanaged(found) for found in view.unmanaged],
            "notes": list(view.notes),
        }
    )


def render_invites(view: InvitesView) -> str:
    """Links and people, in full, as a JSON document, with a newline at its end."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "invites",
            "complete": view.complete,
            "summary": asdict(view.summary),
            "groups": [_invites(group) for group in view.groups],
            "notes": list(view.notes),
        }
    )


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
            "unsaved": None if view.unsaved is None else asdict(view.unsaved),
        }
    )


def render_doctor(view: DoctorView) -> str:
    """What an examination found, as a JSON document with a newline at its end."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "doctor",
            "healthy": view.healthy,
            "summary": {"problems": view.problems, "warnings": view.warnings},
            "findings": [asdict(finding) for finding in view.findings],
        }
    )


def render_validation(complaints: Sequence[Complaint], groups: int | None) -> str:
    """What is wrong with the files, as a JSON document; `groups` is None when there was a mistake."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "validate",
            "valid": groups is not None,
            "groups": groups,
            "complaints": [
                {
                    "file": complaint.mark.file,
                    "line": complaint.mark.line,
                    "column": complaint.mark.column,
                    "severity": "warning" if complaint.warning else "error",
                    "message": complaint.message,
                    "hint": complaint.hint,
                    "rule": complaint.rule,
                }
                for complaint in sorted(complaints)
            ],
        }
    )


def document(value: object) -> str:
    """A JSON document in which nothing hidden stays hidden, with a newline at its end."""
    return for_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


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
            {"name": each.name, "changes": [_change(change) for change in each.changes]}
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
        "changes": [_change(change) for change in group.changes],
        "to_invite": [_invite(invite) for invite in group.to_invite],
        "notes": list(group.notes),
        "notices": group.notices,
    }
    if group.withheld:
        found["withheld"] = [_change(change) for change in group.withheld]
    if group.admins_after is not None:
        found["after"] = {"admins": [admin.who for admin in group.admins_after]}
    return found | _cause(group.cause)


def _cause(cause: CauseOfChange | None) -> dict[str, object]:
    """Only of a plan that was compared with a base."""
    return {} if cause is None else {"cause": cause}


def _change(change: ChangeView) -> dict[str, object]:
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
            found |= {"before": _picture(change.before), "after": _picture(change.after)}
        case _:
            found |= {"before": change.before, "after": change.after}
    return found | _cause(change.cause)


def _picture(value: object) -> dict[str, object] | None:
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


def _invite(invite: InviteView) -> dict[str, object]:
    return {"person": invite.person, "as": invite.role} | _cause(invite.cause)


def _objection(objection: ObjectionView) -> dict[str, object]:
    found: dict[str, object] = {
        "code": objection.code,
        "message": objection.message,
        "groups": list(objection.groups),
        "liftable": objection.liftable,
    }
    if objection.lifted_by is not None:
        found["lifted_by"] = objection.lifted_by
    return found | _cause(objection.cause)


def _unmanaged(found: UnmanagedView) -> dict[str, object]:
    return {"id": found.id} if found.subject is None else {"id": found.id, "subject": found.subject}


def _ended(group: GroupOutcomeView) -> dict[str, object]:
    return {
        "name": group.name,
        "id": group.id,
        "action": group.action,
        "outcomes": [_outcome(outcome) for outcome in group.outcomes],
        "to_invite": [_invite(invite) for invite in group.to_invite],
        "notes": list(group.notes),
    }


def _outcome(outcome: OutcomeView) -> dict[str, object]:
    found: dict[str, object] = {"kind": outcome.change.kind, "status": outcome.status}
    if outcome.problem is not None:
        found["error"] = asdict(outcome.problem)
    return found


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
        found["since"] = _time(group.since)
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
        found["since"] = _time(field.since)
    return found


def _value(value: object) -> object:
    match value:
        case PictureView():
            picture = _picture(value)
            return picture if picture is None or value.served is None else {**picture, "served": value.served}
        case tuple():
            return list(value)
        case _:
            return value


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


def _invites(group: GroupInvitesView) -> dict[str, object]:
    return {
        "name": group.name,
        "id": group.id,
        "subject": group.subject,
        "link": group.link,
        "people": [_invitee(person) for person in group.people],
        "status": group.status,
        "notes": list(group.notes),
    }


def _invitee(person: InviteeView) -> dict[str, object]:
    found: dict[str, object] = {"number": person.number}
    if person.contact is not None:
        found["contact"] = person.contact
    found["as"] = person.role
    if person.name is not None:
        found["name"] = person.name
    if person.left:
        found["left"] = True
    if person.since is not None:
        found["since"] = _time(person.since)
    if person.sent is not None:
        found["sent"] = {
            "at": _time(person.sent.at),
            "times": person.sent.times,
            "status": person.sent.status,
        }
    return found


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
