"""Since when: a history of first sightings, carried from one run to the next. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.model.drift import Drift, FieldDrift, GroupDrift, History


def remember(
    drift: Drift, history: History, *, names: Iterable[str], now: datetime
) -> tuple[Drift, dict[str, dict[str, datetime]]]:
    """The drift with the time at which each part of it was first seen, and the history for the next run.

    A drift that is gone is dropped, and so is a name without a manifest (`names` are all that have one). What
    could not be read, or was not looked at in this run, stays: nobody knows that it is gone. `now` is UTC.
    """
    looked_at = {group.name for group in drift.groups if group.status != "unreadable"}
    kept = {name: dict(history[name]) for name in names if name in history and name not in looked_at}
    groups = []
    for group in drift.groups:
        if group.status == "unreadable":
            groups.append(group)
            continue
        seen = _Sightings(dict(history.get(group.name, {})), now)
        groups.append(seen.group(group))
        if seen.found:
            kept[group.name] = seen.found
    return replace(drift, groups=tuple(groups)), kept


class _Sightings:
    """Of one group: what was seen before, and what is found now."""

    def __init__(self, before: dict[str, datetime], now: datetime) -> None:
        self.before = before
        self.now = now
        self.found: dict[str, datetime] = {}

    def group(self, group: GroupDrift) -> GroupDrift:
        fields = tuple(map(self.field, group.fields))
        since = self.since(group.status) if group.status in ("missing", "blocked") else None
        return replace(group, fields=fields, since=since)

    def field(self, field: FieldDrift) -> FieldDrift:
        return replace(field, since=self.since(field.field)) if field.drifts else field

    def since(self, what: str) -> datetime:
        self.found[what] = self.before.get(what, self.now)
        return self.found[what]
