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
    ChangePeople,
    CreateGroup,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.planning.subjects import as_compared


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
            case ChangePeople(kind):
                told = {
                    person.wa_id
                    for other in before
                    if isinstance(other, ChangePeople) and other.kind == kind
                    for person in other.people
                }
                rest = [person for person in change.people if person.wa_id not in told]
                if kind != "demote":
                    rest = [person for person in rest if person.wa_id in live.participants]
                if rest:
                    found.append(replace(change, people=tuple(rest)))
            case _:
                if not any(other.key == change.key for other in before):
                    found.append(change)
    return tuple(found)


def _covers(approved: Change, fresh: Change) -> bool:
    match approved, fresh:
        case SetIcon(), SetIcon():
            return approved.after == fresh.after and (
                approved.before is None or _same_icon(approved.before, fresh.before)
            )
        case SetValue(), SetValue():
            same = (approved.name, approved.after) == (fresh.name, fresh.after)
            return same and approved.before in (None, fresh.before)
        case ChangePeople(), ChangePeople():
            ids = {person.wa_id for person in approved.people}
            # Whoever was to be promoted once added had no id yet that the service lists.
            keys = {person.key for person in approved.people if approved.kind == "promote"}
            within = (person.wa_id in ids or person.key in keys for person in fresh.people)
            return approved.kind == fresh.kind and all(within)
        case _:
            return approved == fresh


def _same_icon(approved: LiveIcon, fresh: LiveIcon | None) -> bool:
    if fresh is None or approved.meta is None or fresh.meta is None:
        return fresh is not None and approved.meta is fresh.meta
    if approved.sha256 is not None and fresh.sha256 is not None:
        return approved.sha256 == fresh.sha256
    return (approved.meta.bare_url, approved.meta.length) == (fresh.meta.bare_url, fresh.meta.length)


def remaining(change: Change, live: LiveGroup) -> Change | None:
    """Return what of a change of values or people is still to be done; None when it is as wanted.

    Somebody who is not in the group any more needs neither a promotion nor a demotion nor a removal. Of other
    kinds a group does not tell, so they are returned as they are.
    """
    admins, participants = frozenset(live.admins), frozenset(live.participants)
    match change:
        case SetValue(name, _, wanted):
            return None if as_compared(live.values().get(name)) == wanted else change
        case ChangePeople("add_members", people):
            return _of(change, (person for person in people if person.key not in live.participant_keys))
        case ChangePeople(kind, people):
            ids = {"promote": participants - admins, "demote": admins}.get(kind, participants)
            return _of(change, (person for person in people if person.wa_id in ids))
        case SetIcon() | RevokeLink() | LeaveGroup() | CreateGroup() | AdoptGroup():
            return change


def _of(change: ChangePeople, people: Iterable[Affected]) -> Change | None:
    rest = tuple(people)
    return replace(change, people=rest) if rest else None
