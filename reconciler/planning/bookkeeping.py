"""What a run should remember of a group: the record that follows from what was seen. Pure."""

from __future__ import annotations

from reconciler.model.change import ChangeKind
from reconciler.model.desired import DesiredGroup, DesiredIcon, Person
from reconciler.model.live import IconSeen, LiveGroup
from reconciler.model.record import Applied, IconRecord, Record
from reconciler.planning.diff import joined_ref
from reconciler.planning.icons import IN_SYNC, judge
from reconciler.planning.text import normal


def record_of(
    group: DesiredGroup,
    live: LiveGroup,
    seen: IconSeen | None,
    old: Record | None,
    *,
    uploaded: IconRecord | None = None,
    unsettled: frozenset[ChangeKind] = frozenset(),
) -> Record:
    """The record of a group as it was last seen.

    `unsettled` are the kinds of changes that are not known to have been made: of their fields the old
    record stays. `uploaded` is the observation after an upload that took effect.
    """
    before = old.applied if old and old.applied else Applied()
    people_settled = not unsettled & {"promote", "demote", "remove_participants"}
    icon_settled = not unsettled & {"set_icon", "remove_icon"}
    applied = Applied(
        subject=(normal(group.subject) if "set_subject" not in unsettled else before.subject)
        if group.subject is not None
        else None,
        icon=(_source(group.icon) if icon_settled else before.icon) if group.icon is not None else None,
        admins=(_refs(group.admins) if people_settled else before.admins)
        if group.admins is not None
        else None,
        members=(_refs(group.members) if people_settled else before.members)
        if group.members is not None
        else None,
    )
    link_version = old.link_version if old else None
    if group.link_version is not None and "revoke_link" not in unsettled:
        link_version = max(group.link_version, link_version or 0)
    return Record(
        id=live.id,
        applied=applied,
        icon=uploaded or _observed(group.icon, seen, old.icon if old else None, settled=icon_settled),
        link_version=link_version,
        joined=_joined(group, live, old),
        sent=old.sent if old else {},
    )


def _source(icon: DesiredIcon) -> str:
    return icon.picture.sha256 if icon.picture else ""


def _refs(people: tuple[Person, ...]) -> tuple[str, ...]:
    return tuple(person.ref for person in people)


def _observed(
    icon: DesiredIcon | None, seen: IconSeen | None, old: IconRecord | None, *, settled: bool
) -> IconRecord | None:
    """The icon record after a look at it: what is in sync is recorded as it is served now."""
    if icon is None or seen is None or not settled:
        return old
    if icon.picture is None or seen.meta is None:
        return None if icon.picture is None else old
    if judge(icon, seen, old) not in IN_SYNC:
        return old
    if seen.sha256 is None:
        return old
    return IconRecord(icon.picture.sha256, seen.sha256, seen.meta.location, seen.meta.length)


def _joined(group: DesiredGroup, live: LiveGroup, old: Record | None) -> tuple[str, ...]:
    """Wanted people who are or were in the group; whoever is not wanted any more is forgotten."""
    before = set(old.joined) if old else set()
    named = dict.fromkeys((*(group.admins or ()), *(group.members or ())))
    return tuple(
        sorted(
            {
                joined_ref(person)
                for person in named
                if person.key in live.participant_keys or joined_ref(person) in before
            }
        )
    )
