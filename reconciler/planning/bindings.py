"""What has to be read before identity can be resolved, and whether the list can be trusted."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.desired import DesiredGroup
from reconciler.model.group import Ensure
from reconciler.model.live import CONTRADICTION, Absent, LiveGroup, LiveState
from reconciler.model.record import Left, State


def known_bindings(groups: Iterable[DesiredGroup], state: State) -> dict[str, str]:
    """Return name → id by rules 1 and 2 alone, which need nothing of the live side: for deciding what has to
    be read."""
    bound: dict[str, str] = {}
    for group in groups:
        if group.id is not None:
            bound[group.name] = group.id
        elif group.name in state.groups:
            bound[group.name] = state.groups[group.name].id
    return bound


def recorded_ids(groups: Iterable[DesiredGroup], state: State) -> frozenset[str]:
    """Return ids that manifests pin or state records, those of names without a manifest included.

    Any of them that is not listed and yet answers shows that the list is short.
    """
    pinned = {group.id for group in groups if group.id is not None}
    return frozenset(pinned | {record.id for record in state.groups.values()})


def left_ids(state: State) -> frozenset[str]:
    """Return ids of groups that were left on purpose."""
    return frozenset(left.id for left in state.left.values())


def departed(name: str, state: State, reading: LiveState, account_keys: frozenset[str]) -> Left | None:
    """Return the group of this name that was left on purpose, as long as nothing speaks against that: the id
    is not listed, or it is and asking for it finds no group with the account in it."""
    left = state.left.get(name)
    if left is None or left.id not in reading.listed:
        return left
    match reading.groups.get(left.id):
        case LiveGroup() as live if account_keys and not account_keys & live.participant_keys:
            return left
        case Absent():
            return left
        case _:
            return None


def to_search(
    groups: Iterable[DesiredGroup],
    state: State,
    reading: LiveState,
    account_keys: frozenset[str],
    *,
    recreate: bool,
) -> dict[str, bool]:
    """Return names that rules 3 to 5 have to look for; True for those that only rule 3 may find.

    A name whose recorded group is gone, or was left, is looked for when `recreate` allows a new one, or, by
    rule 3 alone, when an earlier run had begun to make one.
    """
    wanted: dict[str, bool] = {}
    for group in groups:
        if group.ensure is not Ensure.PRESENT or group.id is not None:
            continue
        record = state.groups.get(group.name)
        if record is None:
            if recreate or departed(group.name, state, reading, account_keys) is None:
                wanted[group.name] = False
            elif group.name in state.creating:
                wanted[group.name] = True
        elif isinstance(reading.groups.get(record.id), Absent) and record.id not in reading.listed:
            if recreate:
                wanted[group.name] = False
            elif group.name in state.creating:
                wanted[group.name] = True
    return wanted


def contradictions(reading: LiveState) -> tuple[str, ...]:
    """Return the listed groups that answered twice that they are not there; then the rest of the list is in
    doubt as well."""
    return tuple(
        group_id
        for group_id in reading.listed
        if isinstance(found := reading.groups.get(group_id), Absent) or found == CONTRADICTION
    )


def short_list(reading: LiveState, account_keys: frozenset[str]) -> tuple[str, ...]:
    """Return bound groups that answer although the list leaves them out, with the account still in them."""
    listed = set(reading.listed)
    return tuple(
        group_id
        for group_id, found in reading.groups.items()
        if group_id not in listed
        and isinstance(found, LiveGroup)
        and (not account_keys or account_keys & found.participant_keys)
    )
