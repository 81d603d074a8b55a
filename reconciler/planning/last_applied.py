"""What was last applied to a group, and who moved away from it since: live, the files, or both. Pure.

A record says what the files wanted when they were last applied and seen to hold. Where it has no value of a
field although something was applied, that field was not managed, or never succeeded: what differs now was not
applied yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.model import number
from reconciler.model.change import (
    Affected,
    Cause,
    Change,
    ChangePeople,
    PeopleKind,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import DesiredGroup, Icon, Person
from reconciler.model.live import LiveIcon
from reconciler.model.record import Applied, IconRecord, Record
from reconciler.planning.diff import joined_ref
from reconciler.planning.subjects import as_compared


@dataclass(frozen=True, slots=True)
class LastApplied:
    """What was last applied to one group, by its record. `aliases`: the number keys of everybody who is in
    contacts now."""

    record: Record | None
    aliases: Mapping[str, frozenset[str]]

    @property
    def applied(self) -> Applied | None:
        return self.record.applied if self.record else None

    @property
    def icon(self) -> IconRecord | None:
        """The icon last applied, with what was served after that; None where it is not on record."""
        source = self.applied.icon if self.applied else None
        if source is None:
            return None
        found = self.record.icon if self.record else None
        return found if found and found.source == source else IconRecord(source, "", "")

    def value_cause(self, change: SetValue) -> Cause:
        """Return why a text or a permission is not the wanted one."""
        if self.applied is None:
            return "unknown"
        last = as_compared(self.applied.values().get(change.name))
        if last is None:
            return "not_applied"
        stored = self.record.stored if self.record and change.name == "subject" else None
        kept = stored.found if stored is not None and stored.sent == last else last
        live = as_compared(change.before)
        return _cause(moved=live not in (last, kept), rewritten=change.after != last)

    def icon_cause(self, seen: LiveIcon, wanted: Icon | None) -> Cause:
        """Return why the icon is not the wanted one, where None is no icon."""
        if self.applied is None:
            return "unknown"
        last = self.icon
        if last is None:
            return "not_applied"
        rewritten = (wanted.sha256 if wanted else "") != last.source
        if not rewritten:
            return "edited_outside"  # what was applied is still wanted, and is not there
        if (seen.meta is None) != (last.source == ""):
            return "both"
        if seen.meta is None or self.untouched(seen) or seen.sha256 in (last.source, last.served or None):
            return "not_applied"
        return "both" if last.served else "unknown"  # unknown: what the server made of it was never seen

    def untouched(self, seen: LiveIcon) -> bool:
        """Return whether the icon is served from the place, and with the length, that were recorded."""
        found = self.record.icon if self.record else None
        return (
            found is not None
            and seen.meta is not None
            and (seen.meta.bare_url, seen.meta.length) == (found.url, found.length)
        )

    def promote_cause(self, person: Person) -> Cause:
        """Return why somebody who is wanted as admin, and is in the group, is none."""
        if self.record is None or self.applied is None:
            return "unknown"
        if self.applied.admins is None or not self._named(self.applied.admins, person.key):
            return "not_applied"
        # Wanted before, and in the group before: an apply made them admin. Else they have joined since.
        return "edited_outside" if joined_ref(person) in self.record.joined else "not_applied"

    def demote_cause(self, key: str) -> Cause:
        """Return why somebody is admin who should be none. Admins are exactly the named ones after an
        apply."""
        if self.applied is None:
            return "unknown"
        if self.applied.admins is None or self._named(self.applied.admins, key):
            return "not_applied"
        return "edited_outside"

    def remove_cause(self, key: str, group: DesiredGroup, *, has_left: bool) -> Cause:
        """Say why somebody is in the group who should not be.

        Nobody gets in by an apply, so a person who was never named came from outside, except that a leaver
        may have been there, tolerated, until their day came.
        """
        if self.applied is None:
            return "unknown"
        named = (*(self.applied.admins or ()), *(self.applied.members or ()))
        if self.applied.members is None or self._named(named, key) or (has_left and not group.prune_members):
            return "not_applied"
        return "edited_outside"

    def _named(self, refs: tuple[str, ...], key: str) -> bool:
        """Return whether one of `refs` (aliases, else digits) meant this person when it was recorded.

        Where an alias is gone from contacts, or has another number by now, it is what was remembered of who
        had joined that decides.
        """
        joined = self.record.joined if self.record else ()
        for ref in refs:
            keys = self.aliases.get(ref, frozenset({number.key(ref)}))
            if key in keys:
                return True
            ending = key[-4:]
            if f"{ref}/{ending}" in joined and not any(other.endswith(ending) for other in keys):
                return True
        return False


def with_origin(change: Change, group: DesiredGroup, last: LastApplied, leavers: Collection[str]) -> Change:
    """Return a change of a group with its origin; `leavers` by their number keys."""

    def origin(kind: PeopleKind, person: Affected) -> Cause:
        match kind:
            case "promote":
                wanted = (each for each in group.admins or () if each.key == person.key)
                return last.promote_cause(next(wanted))
            case "demote":
                return last.demote_cause(person.key)
            case "remove_participants":
                return last.remove_cause(person.key, group, has_left=person.key in leavers)
            case "add_members":
                return "not_applied"  # who was in and has left is not added again
            case _:
                assert_never(kind)

    match change:
        case SetValue():
            return replace(change, origin=last.value_cause(change))
        case SetIcon(LiveIcon() as seen, after):
            return replace(change, origin=last.icon_cause(seen, after))
        case ChangePeople(kind, people):
            known = tuple(replace(person, origin=origin(kind, person)) for person in people)
            return replace(change, people=known)
        case _:
            return change


def origin_of(change: Change) -> Cause | None:
    """Return who made a change necessary; None for one that nobody can have made so, and where nobody
    looked."""
    match change:
        case SetValue() | SetIcon():
            return change.origin
        case ChangePeople(_, people):
            causes = frozenset(person.origin for person in people if person.origin is not None)
            return one_cause(causes) if causes else None
        case RevokeLink(int()):
            return "not_applied"
        case _:
            return None


def one_cause(causes: frozenset[Cause]) -> Cause:
    """Return the one cause of a field whose people may have several."""
    if len(causes) == 1:
        return next(iter(causes))
    return "unknown" if "unknown" in causes else "both"


def _cause(*, moved: bool, rewritten: bool) -> Cause:
    if moved and rewritten:
        return "both"
    return "edited_outside" if moved else "not_applied"
