"""What may still be done when a group is planned anew just before its first write.

A new plan may only drop approved changes or people. Anything more was never shown to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    CreateGroup,
    Demote,
    LeaveGroup,
    Promote,
    RemoveIcon,
    RemoveParticipants,
    RevokeLink,
    SetIcon,
    SetSubject,
)
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.planning.subjects import normal


def beyond_approved(approved: tuple[Change, ...], fresh: tuple[Change, ...]) -> Change | None:
    """Return the first fresh change that is not covered by what was approved; None when all are."""
    return next((change for change in fresh if not any(_covers(other, change) for other in approved)), None)


def undone(before: Iterable[Change], live: LiveGroup, now: Iterable[Change]) -> tuple[Change, ...]:
    """Return what a plan after the last write still has, or has again: somebody else did that meanwhile.

    `before` are the changes that this run did not get done, which is told of each; `live` is the group before
    the first write. Somebody who has joined since is none of it.
    """
    found: list[Change] = []
    for change in now:
        match change:
            case Promote() | Demote() | RemoveParticipants():
                told = {
                    person.wa_id
                    for other in before
                    if isinstance(other, Promote | Demote | RemoveParticipants) and other.kind == change.kind
                    for person in other.people
                }
                rest = [person for person in change.people if person.wa_id not in told]
                if not isinstance(change, Demote):
                    rest = [person for person in rest if person.wa_id in live.participants]
                if rest:
                    found.append(replace(change, people=tuple(rest)))
            case _:
                if not any(other.kind == change.kind for other in before):
                    found.append(change)
    return tuple(found)


def _covers(approved: Change, fresh: Change) -> bool:
    match approved, fresh:
        case SetIcon(), SetIcon():
            return approved.after == fresh.after and (
                approved.before is None or _same_icon(approved.before, fresh.before)
            )
        case RemoveIcon(), RemoveIcon():
            return _same_icon(approved.before, fresh.before)
        case ((Promote() | Demote() | RemoveParticipants()), (Promote() | Demote() | RemoveParticipants())):
            ids = {person.wa_id for person in approved.people}
            return approved.kind == fresh.kind and all(person.wa_id in ids for person in fresh.people)
        case _:
            return approved == fresh


def _same_icon(approved: LiveIcon, fresh: LiveIcon | None) -> bool:
    if fresh is None or approved.meta is None or fresh.meta is None:
        return fresh is not None and approved.meta is fresh.meta
    if approved.sha256 is not None and fresh.sha256 is not None:
        return approved.sha256 == fresh.sha256
    return (approved.meta.bare_url, approved.meta.length) == (fresh.meta.bare_url, fresh.meta.length)


def remaining(change: Change, live: LiveGroup) -> Change | None:
    """Return what of a change of subject or people is still to be done; None when it is as wanted.

    Somebody who is not in the group any more needs neither a promotion nor a demotion nor a removal. Of other
    kinds a group does not tell, so they are returned as they are.
    """
    admins, participants = frozenset(live.admins), frozenset(live.participants)
    match change:
        case SetSubject():
            return None if normal(live.subject) == change.after else change
        case Promote():
            return _of(Promote, change.people, participants - admins)
        case Demote():
            return _of(Demote, change.people, admins)
        case RemoveParticipants():
            return _of(RemoveParticipants, change.people, participants)
        case SetIcon() | RemoveIcon() | RevokeLink() | LeaveGroup() | CreateGroup() | AdoptGroup():
            return change


def _of(
    kind: type[Promote] | type[Demote] | type[RemoveParticipants],
    people: tuple[Affected, ...],
    ids: frozenset[str],
) -> Change | None:
    rest = tuple(person for person in people if person.wa_id in ids)
    return kind(rest) if rest else None
