"""What `import` records, and when: once, after its last file.

First the manifest, then the record, never the other way round: a record without a manifest is an orphan, and
`apply --prune` leaves the groups of orphans, whereas a manifest without a record is found by the `id` that it
pins. A run that is killed in between leaves such manifests; the next one binds their groups
(`planning.importing.not_recorded`). See docs/decisions/0017-what-an-import-binds.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import Location, Problem, StateError
from reconciler.model.desired import DesiredGroup, DesiredIcon
from reconciler.model.group import Unset
from reconciler.model.record import Applied, Record, RunSummary
from reconciler.planning.record import people_of, record_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from reconciler.model.adoption import Import, ImportOutcome
    from reconciler.model.desired import Icon
    from reconciler.model.live import LiveGroup, LiveIcon
    from reconciler.model.record import State
    from reconciler.ports import Journal


class ImportRecords:
    """The records of one run, on top of `state`; `now` is when it looked at the groups."""

    def __init__(self, state: State, now: datetime) -> None:
        self._state = state
        self._now = now
        self._written: dict[str, Record] = {}
        self._earlier: dict[str, Record] = {}
        self._former: list[str] = []

    def written(self, each: Import, icon: Icon | Unset | None, seen: LiveIcon | None) -> None:
        """Note that a manifest was written now from what was read just before: everything in it is as it is
        live. `icon` is what it says of it, UNSET where it was left out; `seen` what is served."""
        wanted = None if isinstance(icon, Unset) else DesiredIcon(icon)
        old = self._state.groups.get(each.was or each.name)
        self._written[each.name] = record_of(_desired(each, wanted), each.live, seen, old, now=self._now)
        if each.was and each.was != each.name:
            self._former.append(each.was)

    def earlier(self, group: DesiredGroup, live: LiveGroup, moved: Record | None = None) -> None:
        """Note that a manifest was there already, and nothing is on record of it, or only what another
        service's state has (`moved`).

        This records what `state bind` records, and who was seen in the group, so that nobody is invited again
        who leaves it. No value counts as applied: since the manifest was written, anybody may have edited it,
        or the group.
        """
        record = self._state.groups.get(group.name) or Record(id=live.id)
        if moved is not None:
            record = record.after_move(moved)
        self._earlier[group.name] = people_of(group, live, record, self._now)

    def save(self, journal: Journal) -> Problem | None:
        """Record everything in one step; return the reason where that cannot be done."""
        records = {**self._written, **self._earlier}
        if not records:
            return None
        counts = (("imported", len(self._written)), ("bound", len(self._earlier)))
        names = tuple((name, "imported" if name in self._written else "bound") for name in sorted(records))
        try:
            journal.observe(records, self._former)
            journal.finish(
                RunSummary(verb="import", counts=tuple(each for each in counts if each[1]), names=names)
            )
        except StateError as error:
            return Problem("state", error.message, error.hint)
        return None

    def marked(self, outcomes: Iterable[ImportOutcome]) -> tuple[ImportOutcome, ...]:
        """Return the outcomes, with those marked `bound` that have a record here."""
        ids = {record.id for record in (*self._written.values(), *self._earlier.values())}
        return tuple(replace(each, bound=each.id in ids) for each in outcomes)


def _desired(each: Import, icon: DesiredIcon | None) -> DesiredGroup:
    """Return the group as its new manifest wants it."""
    values = Applied.of(each.values)
    return DesiredGroup(
        name=each.name,
        location=Location(""),
        subject=values.subject,
        description=values.description,
        permissions=values.permissions,
        icon=icon,
        admins=each.admins,
        members=each.members,
        id=each.live.id,
    )
