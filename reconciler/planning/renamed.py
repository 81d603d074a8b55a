"""People who are called otherwise than when they were recorded: given an alias, or another one. Pure.

State knows people by `planning.diff.joined_ref`. Without this, whoever gets an alias would be a stranger to
it, and be sent again what they were sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from reconciler.model import number
from reconciler.model.desired import Desired, DesiredGroup, Person
from reconciler.model.record import Record, State
from reconciler.planning.diff import joined_ref

T = TypeVar("T")


def renamed(state: State, desired: Desired) -> dict[str, Record]:
    """The records in which somebody has another name now, with that name.

    A number is somebody's for sure. Of an alias that is gone only the last four digits are on record: it is
    taken for the one person wanted in this group whose number ends so. Taken wrongly, somebody waits for
    their invitation as long as for a reminder; not taken, they would be written to twice.
    """
    aliases = {person.alias for person in desired.people if person.alias}
    found = {}
    for group in desired.groups:
        record = state.groups.get(group.name)
        if record is None or group.name in state.creating:
            continue
        names = _names(group, record, aliases)
        if names:
            found[group.name] = replace(
                record,
                joined=tuple(sorted({names.get(ref, ref) for ref in record.joined})),
                missing=_by_new_name(record.missing, names),
                sent=_by_new_name(record.sent, names),
            )
    return found


def _names(group: DesiredGroup, record: Record, aliases: set[str]) -> dict[str, str]:
    """The name on record → the present one, of those that differ."""
    people = tuple(dict.fromkeys((*(group.admins or ()), *(group.members or ()))))
    present = {joined_ref(person) for person in people}
    stale = {*record.joined, *record.missing, *record.sent} - present
    names = {}
    for ref in stale:
        alias, slash, digits = ref.partition("/")
        if slash and alias in aliases:
            continue  # somebody's number changed: that is to be invited again
        same = [person for person in people if _is(person, digits if slash else number.key(ref), bool(slash))]
        if len(same) == 1:
            names[ref] = joined_ref(same[0])
    return names


def _is(person: Person, digits: str, are_last: bool) -> bool:
    return person.key.endswith(digits) if are_last else person.key == digits


def _by_new_name(entries: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    """What is known under the present name already counts more."""
    moved = {names[ref]: entry for ref, entry in entries.items() if ref in names}
    return {**moved, **{ref: entry for ref, entry in entries.items() if ref not in names}}
