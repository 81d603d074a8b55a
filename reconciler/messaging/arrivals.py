"""Who has shown up: wanted people who wrote in the group that waits for them, or joined it. Pure.

A body is a hint and no proof, because anybody who can post to the webhook can claim one. So it promotes
nobody by itself: it says which group is worth reading, and whom to look for there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.model import number
from reconciler.model.group import Ensure
from reconciler.model.messages import AwaitedRole, GroupMessage, Inbound, Match, OtherEvent, ParticipantEvent
from reconciler.planning.bindings import known_bindings
from reconciler.planning.diff import joined_ref
from reconciler.planning.promotions import awaited_admins

if TYPE_CHECKING:
    from reconciler.model.desired import Desired, DesiredGroup
    from reconciler.model.record import State
    from reconciler.planning.options import Options


def seen_by_group(records: Iterable[Inbound]) -> dict[str, frozenset[str]]:
    """Return group id → number keys of those who wrote there or joined; nothing else shows who is in a
    group."""
    found: dict[str, set[str]] = {}
    for record in records:
        if (seen := _seen(record)) is not None:
            found.setdefault(seen[0], set()).add(seen[1])
    return {group_id: frozenset(keys) for group_id, keys in found.items()}


def _seen(record: Inbound) -> tuple[str, str] | None:
    """Return a group's id and the number key of somebody who should be in it by this record."""
    match record:
        case GroupMessage():
            return record.group_id, number.key(record.sender)
        case ParticipantEvent(change="join", person=str(person)):
            return record.group_id, number.key(person)
        case _:
            return None


class Awaited:
    """The people whom each group waits for, as far as manifests and record tell.

    Groups are known by their pinned id or from the record. Where a group has neither, only a read tells which
    one a message comes from, and nobody is said to have shown up.
    """

    def __init__(
        self, desired: Desired, state: State, options: Options, account_keys: frozenset[str]
    ) -> None:
        bound = known_bindings(desired.groups, state)
        admins = awaited_admins(desired, state, account_keys)
        self.names = {bound[group.name]: group.name for group in desired.groups if group.name in bound}
        self._roles: dict[str, dict[str, AwaitedRole]] = {}
        for group in desired.groups:
            if options.wants(group.name) and group.ensure is Ensure.PRESENT:
                members = _awaited_members(group, state, account_keys)
                self._roles[group.name] = {
                    **dict.fromkeys(members, "member"),
                    **dict.fromkeys(admins[group.name], "admin"),
                }

    def match(self, record: Inbound) -> Match:
        """Say what a record means: which group it is about, and as what its person was awaited there."""
        if not isinstance(record, GroupMessage | ParticipantEvent | OtherEvent):
            return Match(record)
        name = self.names.get(record.group_id or "")
        seen = _seen(record)
        return Match(record, name, seen and self._roles.get(name or "", {}).get(seen[1]))


def _awaited_members(group: DesiredGroup, state: State, account_keys: frozenset[str]) -> frozenset[str]:
    record = state.groups.get(group.name)
    joined = record.joined if record is not None and group.id in (None, record.id) else ()
    admins = {person.key for person in group.admins or ()}
    return frozenset(
        person.key
        for person in group.members or ()
        if person.key not in admins | account_keys and joined_ref(person) not in joined
    )
