"""Live against last applied against desired: what a plan would change, and who caused the difference.

What differs from the files is what the plan says; the record of what was last applied decides whether it was
live that moved away from it, or the files. Somebody who has yet to join is no drift, and neither is a change
made outside that is what the files want by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal, assert_never, get_args

from reconciler.language import msg
from reconciler.model import number
from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Cause,
    Change,
    ChangePeople,
    CreateGroup,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import Desired, DesiredGroup, Icon, Person
from reconciler.model.drift import (
    FIELD_OF,
    Drift,
    DriftStatus,
    FieldDrift,
    FieldName,
    GroupDrift,
    History,
    PersonDrift,
)
from reconciler.model.group import Ensure, Value
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.model.plan import Action, GroupPlan, Note, Plan
from reconciler.model.record import State
from reconciler.model.settings import Settings
from reconciler.planning.identity import Bound
from reconciler.planning.last_applied import LastApplied, one_cause
from reconciler.planning.planner import record_for

STATUSES: tuple[DriftStatus, ...] = (
    "drifted",
    "missing",
    "blocked",
    "unreadable",
    "pending",
    "held",
    "in_sync",
)

_STUCK: Mapping[Action, DriftStatus] = {
    "blocked": "blocked",
    "missing": "missing",
    "held": "held",
    "unreadable": "unreadable",
}


def drift(plan: Plan, desired: Desired, state: State, settings: Settings, *, keeps_state: bool) -> Drift:
    """Return the drift that a plan of the same files and state shows: an entry for every manifest in it.

    `keeps_state` is False with `state: none`. Sorted by what matters: drifted groups first, of those the ones
    where access drifted, then by name; within a group what drifted before what is not applied yet.
    """
    facts = _Facts(desired, state, settings, keeps_state)
    groups = [facts.group(entry, entry.desired) for entry in plan.groups if entry.desired is not None]
    return Drift(
        groups=tuple(sorted(groups, key=_rank)),
        unmanaged=plan.unmanaged,
        notes=(*plan.notes, *_orphans(plan), *_unprotected(plan)),
        complete=plan.complete,
    )


def _rank(group: GroupDrift) -> tuple[int, bool, str]:
    access = any(field.drifts and field.field in ("admins", "members") for field in group.fields)
    return STATUSES.index(group.status), not access, group.name


def _orphans(plan: Plan) -> Iterator[Note]:
    """Tell of bindings without a manifest, which have no entry: there is nothing that they could differ
    from."""
    for group in plan.groups:
        if group.desired is None:
            yield from (
                replace(note, text=msg("{name}: {note}", name=group.name, note=note.text))
                for note in group.notes
            )


def _unprotected(plan: Plan) -> Iterator[Note]:
    """Tell that the account's number is not known: then the account itself may look like somebody let in by
    hand."""
    return (objection.note for objection in plan.open_objections if objection.code == "no-account")


class _Facts:
    """What holds for all groups: who is behind an alias, who has left, which numbers are the account's."""

    def __init__(self, desired: Desired, state: State, settings: Settings, keeps_state: bool) -> None:
        self.aliases = {person.alias: person.keys for person in desired.people if person.alias}
        self.account = tuple(map(number.key, settings.account))
        self.state = state
        self.keeps_state = keeps_state

    def group(self, planned: GroupPlan, desired: DesiredGroup) -> GroupDrift:
        bound = None if planned.id is None else Bound(planned.id, "state", planned.was)
        last = LastApplied(record_for(planned.name, bound, self.state), self.aliases)
        comparison = _Comparison(desired, planned.live, last, self)
        fields = comparison.fields(planned.changes or planned.withheld)
        status = _STUCK.get(planned.action) or _status(fields)
        notes = planned.notes
        if planned.action == "create" and not self.keeps_state:
            status = "missing"
            notes += (
                Note(msg("there is no such group, and without a state nobody knows whether there was one")),
            )
        if status in ("in_sync", "held") and self._powerless(planned.live, desired):
            notes += (Note(msg("the account is no admin of this group, so nothing could be changed")),)
        return GroupDrift(
            name=planned.name,
            status=status,
            id=planned.id,
            subject=desired.subject,
            location=planned.location,
            fields=fields,
            notes=notes,
            as_wanted=status == "in_sync" or (status == "held" and not fields and self._inside(planned.live)),
        )

    def _powerless(self, live: LiveGroup | None, desired: DesiredGroup) -> bool:
        wanted = desired.ensure is Ensure.PRESENT and bool(self.account)
        return wanted and live is not None and self.account[0] not in live.admin_keys

    def _inside(self, live: LiveGroup | None) -> bool:
        """Return whether the group was found, with the account in it."""
        return live is not None and (not self.account or bool(set(self.account) & live.participant_keys))


def _status(fields: tuple[FieldDrift, ...]) -> DriftStatus:
    if any(field.drifts for field in fields):
        return "drifted"
    return "pending" if fields else "in_sync"


class _Comparison:
    """The changes of one group as fields, each with its three values."""

    def __init__(
        self, desired: DesiredGroup, live: LiveGroup | None, last: LastApplied, facts: _Facts
    ) -> None:
        self.desired = desired
        self.live = live
        self.last = last
        self.facts = facts
        self.wanted = {person.key: person for person in desired.admins or ()}

    def fields(self, changes: tuple[Change, ...]) -> tuple[FieldDrift, ...]:
        """Return the fields that differ, those that drifted first, then as `FieldName` has them."""
        if any(isinstance(change, LeaveGroup) for change in changes):
            return (self._ensure(),)  # the rest is a part of closing it
        found = [*self._scalars(changes), *self._people(changes)]
        order = get_args(FieldName)
        return tuple(sorted(found, key=lambda field: (not field.drifts, order.index(field.field))))

    def _scalars(self, changes: tuple[Change, ...]) -> Iterator[FieldDrift]:
        for change in changes:
            match change:
                case CreateGroup():
                    yield self._absent("subject", change.subject)
                case SetValue():
                    yield self._value(change)
                case SetIcon(seen, picture, cause):
                    if seen is not None:
                        yield self._icon(seen, picture, cause or "unknown")
                    elif picture is not None:
                        yield self._absent("icon", picture)
                case RevokeLink():
                    yield FieldDrift(
                        field="link_version",
                        desired=change.after,
                        last_applied=change.before,
                        live=None,  # nobody can know: to ask for the link may make one
                        cause="not_applied",
                    )
                case AdoptGroup() | LeaveGroup() | ChangePeople():
                    pass
                case _:
                    assert_never(change)

    def _ensure(self) -> FieldDrift:
        """Return `ensure` as a field that is not applied yet: of a group that was left nothing stays on
        record."""
        wanted = self.desired.ensure.value
        return FieldDrift(
            field="ensure",
            desired=wanted,
            last_applied=None,
            live=Ensure.PRESENT.value,
            cause="not_applied",
            recorded=False,
        )

    def _absent(self, field: FieldName, wanted: Value | Icon) -> FieldDrift:
        """Return a field of a group that does not exist: not yet, or, without a state, for an unknown
        reason."""
        cause: Cause = "not_applied" if self.facts.keeps_state else "unknown"
        return FieldDrift(
            field=field, desired=wanted, last_applied=None, live=None, cause=cause, recorded=False
        )

    def _value(self, change: SetValue) -> FieldDrift:
        field = FIELD_OF[change.name]
        if self.live is None:
            return self._absent(field, change.after)
        last = self.last.applied.values().get(change.name) if self.last.applied else None
        return FieldDrift(
            field=field,
            desired=change.after,
            last_applied=last,
            live=change.before,
            cause=change.origin or "unknown",
            recorded=last is not None,
        )

    def _icon(self, seen: LiveIcon, wanted: Icon | None, cause: Cause) -> FieldDrift:
        last = self.last.icon
        live = seen
        if last is not None and last.served and seen.sha256 is None and self.last.untouched(seen):
            live = replace(seen, sha256=last.served)  # not fetched, because it is known
        return FieldDrift(
            field="icon",
            desired=wanted,
            last_applied=last,
            live=live,
            cause=cause,
            recorded=last is not None,
        )

    def _people(self, changes: tuple[Change, ...]) -> Iterator[FieldDrift]:
        admins: list[PersonDrift] = []
        members: list[PersonDrift] = []
        for change in changes:
            match change:
                case ChangePeople("promote", people):
                    admins += (_person("promote", person) for person in people)
                case ChangePeople("demote", people):
                    admins += (_person("demote", person) for person in people)
                case ChangePeople("remove_participants", people):
                    members += (_person("remove", person) for person in people)
                case _:
                    pass  # somebody who has yet to be added is no drift
        applied, live = self.last.applied, self.live
        if admins and live is not None:
            last = applied.admins if applied else None
            yield _people_field("admins", self.desired.admins, last, self._admins(live), admins)
        if members and live is not None:
            last = applied.members if applied else None
            yield _people_field("members", self.desired.members, last, self._members(live), members)

    def _admins(self, live: LiveGroup) -> tuple[str, ...]:
        """Return the live admins, without protected ones who are not wanted."""
        unasked = self._protected(live) - self.wanted.keys()
        return tuple(live.shown(each) for each in live.admins if live.key(each) not in unasked)

    def _members(self, live: LiveGroup) -> tuple[str, ...]:
        """Return the live participants that `members` would have to name, but for admins and the
        protected."""
        admins = live.admin_keys if self.desired.admins is None else frozenset(self.wanted)
        named = {person.key for person in self.desired.members or ()}
        others = (admins | self._protected(live)) - named
        return tuple(live.shown(each) for each in live.participants if live.key(each) not in others)

    def _protected(self, live: LiveGroup) -> frozenset[str]:
        return live.protected_keys | frozenset(self.facts.account)


def _person(change: Literal["promote", "demote", "remove"], person: Affected) -> PersonDrift:
    return PersonDrift(person.shown, change, person.reason, person.origin or "unknown", person.has_left)


def _people_field(
    field: FieldName,
    wanted: Iterable[Person] | None,
    last: tuple[str, ...] | None,
    live: tuple[str, ...],
    people: list[PersonDrift],
) -> FieldDrift:
    return FieldDrift(
        field=field,
        desired=None if wanted is None else tuple(person.numbers[0] for person in wanted),
        last_applied=last,
        live=live,
        cause=one_cause(frozenset(person.cause for person in people)),
        recorded=last is not None,
        people=tuple(sorted(people, key=lambda person: person.cause == "not_applied")),
    )


def with_first_sightings(
    drift: Drift, history: History, *, names: Iterable[str], now: datetime
) -> tuple[Drift, dict[str, dict[str, datetime]]]:
    """Return the drift with the time at which each part of it was first seen, and the history for the next
    run.

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
    """The drifts of one group: those that were seen before, and those that are found now."""

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
