"""The view of invitations: the one place with links and full numbers, for whoever carries them to people.

Only what is needed for that is shown in full. What outsiders wrote, and the notes, are as everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports.invites_shapes import (
    GroupInvitesView,
    InviteeView,
    InvitesSummary,
    InvitesView,
    SentView,
)

if TYPE_CHECKING:
    from reconciler.model.messages import GroupInvites, Invitations, Invitee
    from reconciler.report.redact import Redactor


def invites_view(found: Invitations, redactor: Redactor) -> InvitesView:
    """The view of invitations, group by group in their order."""
    groups = tuple(_group(group, redactor) for group in found.groups)
    ready = [group for group in groups if group.link is not None]
    return InvitesView(
        complete=found.complete,
        all_read=found.all_read,
        summary=InvitesSummary(
            people=len({person.number for group in ready for person in group.people}),
            groups=len(ready),
            without_link=len(groups) - len(ready),
            left_out=found.left_out,
        ),
        groups=groups,
        notes=tuple(map(redactor.note, found.notes)),
    )


def _group(group: GroupInvites, redactor: Redactor) -> GroupInvitesView:
    notes = list(map(redactor.note, group.notes))
    if group.problem is not None:
        hint = redactor.sentence(group.problem.hint)
        notes.append(redactor.sentence(group.problem.message) + (f" ({hint})" if hint else ""))
    return GroupInvitesView(
        name=group.name,
        id=group.id,
        subject=None if group.subject is None else redactor.untrusted(group.subject),
        status=group.status,
        link=group.link,
        people=tuple(map(_person, group.people)),
        notes=tuple(notes),
    )


def _person(invitee: Invitee) -> InviteeView:
    person, sent = invitee.invite.person, invitee.sent
    return InviteeView(
        number=f"+{person.numbers[0]}",
        contact=person.alias,
        name=person.name,
        role=invitee.invite.role,
        left=invitee.left,
        since=invitee.since,
        sent=None if sent is None else SentView(sent.at, sent.times, sent.status),
    )
