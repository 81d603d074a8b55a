"""Merging what two writers recorded, by name. Pure.

With the lock held there is one writer; another change comes from somebody who pushed by hand, or from a run
whose lock was broken. What each did to different names goes together. The same name, changed in two ways, is
for a person to decide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from reconciler.model.record import Intent, Left, Record, State

_Entry = tuple[Record | None, Intent | None, Left | None]


class Conflict(ValueError):
    """`names` were changed on both sides, and not in the same way."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def merge(base: State, ours: State, theirs: State) -> State:
    """What both made of `base`. Raises `Conflict`."""
    names = sorted(base.names | ours.names | theirs.names)
    groups: dict[str, Record] = {}
    creating: dict[str, Intent] = {}
    left: dict[str, Left] = {}
    conflicts = []
    for name in names:
        before, mine, other = _entry(base, name), _entry(ours, name), _entry(theirs, name)
        if mine != before and other not in (before, mine):
            conflicts.append(name)
        record, intent, tombstone = mine if mine != before else other
        if record is not None:
            groups[name] = record
        if intent is not None:
            creating[name] = intent
        if tombstone is not None:
            left[name] = tombstone
    if conflicts:
        raise Conflict(tuple(conflicts))
    return replace(
        ours,
        serial=max(ours.serial, theirs.serial),
        commit=ours.commit if ours.commit != base.commit else theirs.commit,
        groups=groups,
        creating=creating,
        left=left,
        # of those of one moment as many as either side knows; ones that are too old are dropped by and by
        created=tuple(sorted((Counter(ours.created) | Counter(theirs.created)).elements())),
    )


def _entry(state: State, name: str) -> _Entry:
    return state.groups.get(name), state.creating.get(name), state.left.get(name)
