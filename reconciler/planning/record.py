"""What a run records: of a group that it has seen, of people with another name by now, and of the commit.

State knows people by `planning.diff.joined_ref`. Somebody who is given an alias would be a stranger to it,
and be sent again what they were sent; `renamed` finds their record under the name of before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from reconciler.language import msg
from reconciler.model import number
from reconciler.model.change import PeopleKind
from reconciler.model.desired import Desired, DesiredGroup, DesiredIcon, Person
from reconciler.model.group import Ensure
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.model.plan import Note, Plan
from reconciler.model.record import (
    CHANGES,
    DAY,
    Applied,
    Decision,
    IconRecord,
    Record,
    Revoking,
    State,
    StoredSubject,
    short_commit,
)
from reconciler.planning.diff import IN_SYNC, compare_icon, joined_ref
from reconciler.planning.guards import named
from reconciler.planning.options import Options
from reconciler.planning.subjects import loose, normal

T = TypeVar("T")

_ROLES: frozenset[PeopleKind] = frozenset({"promote", "demote", "remove_participants"})
"""Changes by which people come to be what is wanted; who was not added has yet to join, as everywhere."""


def adopted(group: DesiredGroup, live: LiveGroup, old: Record | None) -> Record:
    """Return the record of a group that was found by another form of its subject. That form is taken for what
    the service made of it: to send the subject again would notify everybody, and change nothing."""
    record = old if old is not None and old.id == live.id else Record(id=live.id)
    if group.subject is None or loose(live.subject) != loose(group.subject):
        return record
    return replace(record, stored=StoredSubject(normal(group.subject), normal(live.subject)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterWrites:
    """What is known of a group after a run's own writes, beyond the last reading.

    `uploaded` is the observation after an upload that took effect; `stored` the form in which the service was
    just seen to keep the subject. `unsettled` are the keys of changes that are not known to have been made:
    of their fields the old record stays.
    """

    uploaded: IconRecord | None = None
    stored: StoredSubject | None = None
    unsettled: frozenset[str] = frozenset()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    added: Mapping[str, datetime] = field(default_factory=dict)


def record_of(
    group: DesiredGroup,
    live: LiveGroup,
    seen: LiveIcon | None,
    old: Record | None,
    *,
    now: datetime,
    writes: AfterWrites | None = None,
) -> Record:
    """Return the record of a group as it was last seen. `now` is since when somebody is missing who is seen
    to be missing for the first time; `writes` is given by a run that has written to the group."""
    writes = writes or AfterWrites()
    unsettled = writes.unsettled
    before = old.applied if old and old.applied else Applied()
    people_settled = not unsettled & {
        "promote",
        "demote",
        "remove_participants",
    }  # who is yet to join is none
    icon_settled = not unsettled & {"set_icon", "remove_icon"}
    values = {
        name: value if f"set_{name}" not in unsettled else before.values().get(name)
        for name, value in group.values().items()
    }
    applied = replace(
        Applied.of({name: value for name, value in values.items() if value is not None}),
        icon=_kept(_source(group.icon), before.icon, settled=icon_settled),
        admins=_kept(_refs(group.admins), before.admins, settled=people_settled),
        members=_kept(_refs(group.members), before.members, settled=people_settled),
    )
    link_version = old.link_version if old else None
    if group.link_version is not None and "revoke_link" not in unsettled:
        link_version = max(group.link_version, link_version or 0)
    record = Record(
        id=live.id,
        applied=applied,
        icon=writes.uploaded or _observed(group.icon, seen, old.icon if old else None, settled=icon_settled),
        link_version=link_version,
        joined=_joined(group, live, old, promoted="promote" not in unsettled),
        missing=_missing(group, live, old.missing if old else {}, now),
        sent=old.sent if old else {},
        revoking=_revoking(group, old),
        stored=writes.stored or _stored(group, old),
        decisions=_decisions(group, live, {**_gone(old, live), **writes.decisions}),
        added=_added({**(old.added if old else {}), **writes.added}, now),
        lids=_lids(group, live),
    )
    revoked = old is not None and old.link_version is not None and old.link_version < (link_version or 0)
    return record.all_due() if revoked else record


def people_of(group: DesiredGroup, live: LiveGroup, old: Record, now: datetime) -> Record:
    """Return the old record with what was seen of wanted people and nothing else, for a run that only
    promotes."""
    admins = old.applied.admins if old.applied else None
    seen = [person.ref for person in group.admins or () if person.key in live.admin_keys]
    applied = old.applied
    if applied is not None and admins is not None:
        applied = replace(applied, admins=tuple(dict.fromkeys((*admins, *seen))))
    return replace(
        old,
        applied=applied,
        joined=_joined(group, live, old, promoted=False),
        missing=_missing(group, live, old.missing, now),
    )


def _kept(wanted: T | None, before: T | None, *, settled: bool) -> T | None:
    """Return the applied value of a field: None where it is not managed, the earlier one where it is not
    settled."""
    return wanted if settled or wanted is None else before


def _people(group: DesiredGroup) -> Iterable[Person]:
    return dict.fromkeys((*(group.admins or ()), *(group.members or ())))


def _decisions(group: DesiredGroup, live: LiveGroup, known: Mapping[str, Decision]) -> dict[str, Decision]:
    """Return the decisions of wanted people who are not in the group."""
    absent = {joined_ref(each) for each in _people(group) if each.key not in live.participant_keys}
    return {ref: known[ref] for ref in sorted(absent & known.keys())}


def _gone(old: Record | None, live: LiveGroup) -> dict[str, Decision]:
    """Return the decisions on record, and that of whoever was added and is not there any more: to leave.
    Nobody can say that of anybody who may hide among the unidentified."""
    if old is None:
        return {}
    left = {} if live.unidentified else dict.fromkeys(old.added, Decision("left"))
    return {**left, **old.decisions}


def _added(known: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """Return who was added in the last 24 hours."""
    return {ref: at for ref, at in known.items() if now - at < DAY}


def _lids(group: DesiredGroup, live: LiveGroup) -> dict[str, str]:
    """Return the ids that hide the number of somebody whom the manifest names."""
    named = {person.key: person.ref for person in _people(group)}
    hiding = (each for each in live.numbers if number.of_id(each) is None)
    return {lid: named[live.key(lid)] for lid in hiding if live.key(lid) in named}


def _revoking(group: DesiredGroup, old: Record | None) -> Revoking | None:
    """Return a revoke that was begun, as long as it is still asked for; one that was asked for by hand always
    is."""
    begun = old.revoking if old else None
    if begun is None:
        return None
    if begun.closing:
        return begun if group.ensure is Ensure.CLOSED else None
    if begun.version is None:
        return begun
    return begun if group.link_version is not None and group.link_version >= begun.version else None


def _stored(group: DesiredGroup, old: Record | None) -> StoredSubject | None:
    """Return how the service keeps the subject, as long as the manifest wants that subject."""
    stored = old.stored if old else None
    return stored if stored is not None and stored.sent == _subject(group) else None


def _subject(group: DesiredGroup) -> str | None:
    return None if group.subject is None else normal(group.subject)


def _source(icon: DesiredIcon | None) -> str | None:
    if icon is None:
        return None
    return icon.picture.sha256 if icon.picture else ""


def _refs(people: tuple[Person, ...] | None) -> tuple[str, ...] | None:
    return None if people is None else tuple(person.ref for person in people)


def _observed(
    icon: DesiredIcon | None, seen: LiveIcon | None, old: IconRecord | None, *, settled: bool
) -> IconRecord | None:
    """Return the icon record after a look at it: what is in sync is recorded as it is served now."""
    if icon is None or seen is None or not settled:
        return old
    if icon.picture is None or seen.meta is None:
        return None if icon.picture is None else old
    if compare_icon(icon, seen, old) not in IN_SYNC:
        return old
    if seen.sha256 is None:  # untouched; the file may have become what is served
        return old and replace(old, source=icon.picture.sha256)
    return IconRecord(icon.picture.sha256, seen.sha256, seen.meta.bare_url, seen.meta.length)


def _missing(
    group: DesiredGroup, live: LiveGroup, before: Mapping[str, datetime], now: datetime
) -> dict[str, datetime]:
    """Return since when each wanted person is missing; those who are in the group, or not wanted, are
    forgotten."""
    named = dict.fromkeys((*(group.admins or ()), *(group.members or ())))
    absent = {joined_ref(person) for person in named if person.key not in live.participant_keys}
    return {ref: before.get(ref, now) for ref in sorted(absent)}


def _joined(group: DesiredGroup, live: LiveGroup, old: Record | None, *, promoted: bool) -> tuple[str, ...]:
    """Return the wanted people who are or were in the group; those who are not wanted any more are forgotten.

    Unless all were `promoted` who had to be, a wanted admin counts once they are admin as well: on record as
    joined, and none, they would look as if somebody had demoted them.
    """
    before = set(old.joined) if old else set()
    named = dict.fromkeys((*(group.admins or ()), *(group.members or ())))
    wanted = frozenset(person.key for person in group.admins or ())
    waiting = frozenset() if promoted else wanted - live.admin_keys
    arrived = live.participant_keys - waiting
    return tuple(
        sorted(
            {joined_ref(person) for person in named if person.key in arrived or joined_ref(person) in before}
        )
    )


def renamed(state: State, desired: Desired) -> dict[str, Record]:
    """Return the records in which somebody has another name now, with that name.

    A number is somebody's for sure. Where an alias is gone only the last four digits are on record: it is
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
    """Return name on record → present name, for those that differ."""
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
    """Move entries to present names; what is known under a present name already counts more."""
    moved = {names[ref]: entry for ref, entry in entries.items() if ref in names}
    return {**moved, **{ref: entry for ref, entry in entries.items() if ref not in names}}


def applied_commit(plan: Plan, options: Options, applied: str | None = None) -> str | None:
    """Return the commit to record before this plan is carried out, where `applied` is recorded; None: that
    stays.

    Only a run that applies the manifests has a say, none that only promotes. It counts from before its first
    write on, because after that an older checkout could undo something. It goes back, or to another line of
    development, only for a run over all groups; and back only where something is written, to which somebody
    has agreed (`--allow older-commit`). For a part of the groups a commit does not lose the changes that were
    applied on top of it: the others still have them.
    """
    if options.promotions is not None:
        return None
    if options.checkout is None or options.checkout.stands == "ahead":
        behind = applied == f"{options.commit}{CHANGES}"
        return None if options.targets and behind else options.commit
    if options.targets:
        return None
    writes = any(group.writes for group in plan.groups)
    return options.commit if writes or options.checkout.stands == "aside" else None


def notes_on_commits(state: State, options: Options) -> Iterator[Note]:
    """Say what speaks against taking this plan, or what was applied last, for that of a commit."""
    if options.uncommitted and not options.only_committed:
        yield Note(
            msg(
                "not committed as it is: {texts}. Others, who have the commit, plan something "
                "else; with a state in Git, apply objects (uncommitted)"
            ),
            texts=(named(options.uncommitted),),
        )
    if state.commit is not None and state.commit.endswith(CHANGES):
        yield Note(
            msg(
                "what was applied last was not committed ({commit}): where a group differs, "
                "the files of whoever applied it may say why",
                commit=short_commit(state.commit),
            )
        )
