"""The redacted views of changes and pictures, and of what else both a plan and an apply tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, assert_never

from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    CreateGroup,
    Demote,
    Invite,
    LeaveGroup,
    Promote,
    RemoveIcon,
    RemoveParticipants,
    RevokeLink,
    SetIcon,
    SetSubject,
)
from reconciler.planning.guards import NEVER_LIFTED
from reconciler.reports.shapes import ChangeView, InviteView, ObjectionView, PersonView, PictureView

if TYPE_CHECKING:
    from reconciler.model.desired import Icon
    from reconciler.model.live import LiveIcon
    from reconciler.model.plan import CauseOfChange, GroupAttribution, GroupPlan, Objection
    from reconciler.report.redact import Redactor


def people_of(changes: Iterable[Change]) -> list[str]:
    """wa_ids of everybody whom the changes are about, in their order."""
    return [
        person.wa_id
        for change in changes
        if isinstance(change, Promote | Demote | RemoveParticipants)
        for person in change.people
    ]


def change_view(change: Change, redactor: Redactor, label: Callable[[str], str]) -> ChangeView:
    """The view of a change without its cause; `label` is what people are called in its group."""

    def people(affected: tuple[Affected, ...]) -> tuple[PersonView, ...]:
        return tuple(PersonView(label(person.wa_id), person.reason) for person in affected)

    match change:
        case CreateGroup(subject):
            return ChangeView(change.kind, after=redactor.untrusted(subject))
        case AdoptGroup(group_id, _, was):
            return ChangeView(change.kind, was, redactor.group_id(group_id))
        case SetSubject(before, after):
            return ChangeView(change.kind, redactor.untrusted(before), redactor.untrusted(after))
        case SetIcon(before, after):
            return ChangeView(change.kind, seen_picture(before), file_picture(after))
        case RemoveIcon(before):
            return ChangeView(change.kind, seen_picture(before))
        case Promote(affected) | Demote(affected) | RemoveParticipants(affected):
            return ChangeView(change.kind, people=people(affected))
        case RevokeLink(before, after):
            return ChangeView(change.kind, before, after)
        case LeaveGroup():
            return ChangeView(change.kind)
        case _:
            assert_never(change)


def seen_picture(seen: LiveIcon | None) -> PictureView | None:
    """What is known of a live icon; None for none."""
    if seen is None or seen.meta is None:
        return None
    return PictureView(sha256=seen.sha256, size=seen.meta.length)


def file_picture(icon: Icon) -> PictureView:
    """An icon as the files have it."""
    return PictureView(icon.path, icon.sha256, icon.size, icon.width, icon.height, icon.mime)


def invite_views(
    group: GroupPlan, redactor: Redactor, found: GroupAttribution | None = None
) -> tuple[InviteView, ...]:
    """Who has yet to join a group; with `found`, because of this change or before it."""

    def cause(invite: Invite) -> CauseOfChange | None:
        if found is None:
            return None
        return "before" if invite in found.before.invites else "this_change"

    return tuple(
        InviteView(
            invite.person.alias or redactor.person(invite.person.numbers[0]), invite.role, cause(invite)
        )
        for invite in group.to_invite
    )


def objection_views(
    objections: tuple[Objection, ...], redactor: Redactor, causes: Mapping[str, CauseOfChange]
) -> tuple[ObjectionView, ...]:
    """What the guards say, with the cause of each where that is known."""
    return tuple(
        ObjectionView(
            objection.code,
            redactor.note(objection.note),
            objection.groups,
            objection.lifted_by,
            objection.code not in NEVER_LIFTED,
            causes.get(objection.code),
        )
        for objection in objections
    )
