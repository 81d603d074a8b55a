"""Invitations as JSON, as `invites` in `schemas/` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.reports.json import FORMAT_VERSION, document, of_time

if TYPE_CHECKING:
    from reconciler.reports.invites_shapes import GroupInvitesView, InviteeView, InvitesView


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
        found["since"] = of_time(person.since)
    if person.sent is not None:
        found["sent"] = {
            "at": of_time(person.sent.at),
            "times": person.sent.times,
            "status": person.sent.status,
        }
    return found
