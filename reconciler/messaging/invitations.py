"""Who has yet to join, and the links that let them in: from a plan to invitations.

The links are asked for only where somebody needs them, because asking may create one (API facts, "Calls").
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.language import msg
from reconciler.model.change import Invite, RevokeLink
from reconciler.model.group import Ensure
from reconciler.model.messages import GroupInvites, Invitations, Invitee, InviteStatus
from reconciler.model.plan import GroupPlan, Note, Plan
from reconciler.model.record import Record, State
from reconciler.planning.diff import joined_ref
from reconciler.planning.group import Context, newcomers

if TYPE_CHECKING:
    from reconciler.model.desired import Desired, DesiredGroup


def without_icons(desired: Desired) -> Desired:
    """Return the manifests without their icons, so that none is asked for: no invitation depends on one."""
    return replace(desired, groups=tuple(replace(group, icon=None) for group in desired.groups))


def nobody_joined(state: State) -> State:
    """Return the state as if nobody had been in a group before, so that a plan names who has left as well."""
    groups = {name: replace(record, joined=()) for name, record in state.groups.items()}
    return replace(state, groups=groups)


def invitations(
    plan: Plan, state: State, context: Context, *, people: frozenset[str], include_left: bool
) -> Invitations:
    """Return the groups that wait for somebody, without links yet.

    `plan` was made from `nobody_joined(state)`. `people` are the number keys of those who are asked about,
    empty for everybody. Who joined and left is named with `include_left` only.
    """
    groups: list[GroupInvites] = []
    left_out = 0
    for group in plan.groups:
        if group.desired is None or group.desired.ensure is not Ensure.PRESENT:
            continue
        waiting = [invitee for invitee in _invitees(group, state) if _asked(invitee.invite, people)]
        named = tuple(invitee for invitee in waiting if include_left or not invitee.left)
        left_out += len(waiting) - len(named)
        if named or _may_wait(group, group.desired, people, context):
            groups.append(_waiting(group, named, state, context))
    return Invitations(groups=tuple(groups), left_out=left_out, all_read=plan.complete, notes=plan.notes)


def _invitees(group: GroupPlan, state: State) -> tuple[Invitee, ...]:
    found = state.groups.get(group.name) or state.groups.get(group.was or "")
    record = found if found is not None and found.id == group.id else Record(id="")
    return tuple(_invitee(invite, joined_ref(invite.person), record) for invite in group.to_invite)


def _invitee(invite: Invite, ref: str, record: Record) -> Invitee:
    return Invitee(invite, ref in record.joined, record.missing.get(ref), record.sent.get(ref))


def _may_wait(group: GroupPlan, desired: DesiredGroup, people: frozenset[str], context: Context) -> bool:
    """Return whether it is not known who is in a group to which somebody may have to be invited."""
    if group.live is not None or group.to_invite:
        return False
    return any(_asked(invite, people) for invite in newcomers(desired, context)) or (
        group.action == "unreadable" and not people
    )


def _asked(invite: Invite, people: frozenset[str]) -> bool:
    return not invite.maybe if not people else bool(people & invite.person.keys)


def _waiting(group: GroupPlan, people: tuple[Invitee, ...], state: State, context: Context) -> GroupInvites:
    status, notes = _status(group, context)
    wanted = group.desired.subject if group.desired else None
    live = group.live.subject if group.live else None
    record = state.groups.get(group.name)
    recorded = record is not None and record.id == group.id
    return GroupInvites(
        name=group.name,
        status=status,
        id=group.id,
        subject=wanted if live is None else live,
        title=live if wanted is None else wanted,
        recorded=recorded,
        revoking=record.revoking if record is not None and recorded else None,
        people=people,
        notes=notes,
    )


def _status(group: GroupPlan, context: Context) -> tuple[InviteStatus, tuple[Note, ...]]:
    match group.action:
        case "blocked" | "missing" | "held" | "unreadable":
            return group.action, group.notes
        case "create":
            return "create", (Note(msg("the group is yet to be created. First: reconciler apply")),)
        case "adopt" | "update" | "none":
            pass
        case "leave" | "orphaned":
            raise ValueError(f"nobody is invited to {group.name}")
    if any(isinstance(change, RevokeLink) for change in group.changes):
        note = Note(
            msg("`link_version` was raised: the next apply revokes this link. First: reconciler apply")
        )
        return "revoke", (note,)
    if context.account and group.live is not None and context.account[0] not in group.live.admin_keys:
        admins = group.live.admins
        text = msg("the account is no admin of this group, and only an admin gets the link")
        if admins:
            text = msg("{text}. One of these can make it one: {{people}}", text=text)
        return "blocked", (Note(text, people=admins),)
    return "ready", ()
