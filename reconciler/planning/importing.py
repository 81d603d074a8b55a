"""What a manifest of a live group would say: which groups are meant, and who stands in it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase

from reconciler.language import msg
from reconciler.model import number
from reconciler.model.adoption import Import, ImportField, Owner
from reconciler.model.desired import Desired, DesiredGroup, Person
from reconciler.model.group import PERMISSIONS, Ensure, Value, ValueName
from reconciler.model.live import LiveGroup, LiveState
from reconciler.model.record import State
from reconciler.planning.subjects import loose, normal

_HIDDEN = msg("whoever is listed under a hidden number, and has no `lids` in the contacts")


@dataclass(slots=True)
class People:
    """The people behind numbers. `known`: number key → contact. `alias` makes an alias for somebody who is in
    no contact, and `added` collects them; without it they stay numbers."""

    known: Mapping[str, Person]
    today: date
    alias: Callable[[str], str] | None = None
    added: dict[str, Person] = field(default_factory=dict)

    def person(self, wa_id: str) -> Person | str:
        """Return the person, or why they cannot be named in a manifest."""
        key = number.key(wa_id)
        found = self.known.get(key) or self.added.get(key)
        if found is None and not number.is_wa_id(key):
            return _HIDDEN
        if found is not None:
            if found.left is not None and found.left <= self.today:
                return msg(
                    "{person} has left by the contacts, and is still here: the next apply takes them out",
                    person=found.ref,
                )
            return found
        if self.alias is None:
            return Person((wa_id,))
        self.added[key] = Person((wa_id,), alias=self.alias(wa_id))
        return self.added[key]


def selected(patterns: Iterable[str], reading: LiveState) -> tuple[dict[str, None], tuple[str, ...]]:
    """Return the listed ids that ids and globs over subjects mean, and those of the patterns that mean
    none."""
    ids: dict[str, None] = {}
    vain = []
    for pattern in patterns:
        wanted = normal(pattern)
        found = [
            group_id
            for group_id in reading.listed
            if group_id == pattern
            or (
                isinstance(live := reading.groups.get(group_id), LiveGroup)
                and fnmatchcase(normal(live.subject), wanted)
            )
        ]
        if not found:
            vain.append(pattern)
        ids |= dict.fromkeys(found)
    return ids, tuple(vain)


def unbound(desired: Desired, owners: Mapping[str, Owner]) -> dict[str, DesiredGroup]:
    """Return the subjects by which manifests look for a group and have not found one: a group of such a
    subject may be theirs, so a second manifest for it would make them create another."""
    bound = {owner.name for owner in owners.values()}
    found: dict[str, DesiredGroup] = {}
    for group in desired.groups:
        if group.name not in bound and group.id is None and group.ensure is Ensure.PRESENT:
            for subject in (*([group.subject] if group.subject else []), *group.previously):
                found.setdefault(loose(subject), group)
    return found


def disputed(desired: Desired, state: State, owners: Mapping[str, Owner]) -> dict[str, DesiredGroup]:
    """Return the groups, by id, that a manifest pins or that state binds to its name, although by the rules
    of `planning.identity` that manifest has no group: somebody has to say which it is. A second manifest with
    the same `id` would be an error in the files."""
    bound = {owner.name for owner in owners.values() if owner.location is not None}
    found: dict[str, DesiredGroup] = {}
    for group in desired.groups:
        if group.name not in bound:
            record = state.groups.get(group.name)
            for group_id in (group.id, record.id if record is not None else None):
                if group_id is not None:
                    found.setdefault(group_id, group)
    return found


def not_recorded(group: DesiredGroup, group_id: str, state: State) -> bool:
    """Return whether a manifest pins the group, as an import writes it, and nothing is on record of its name:
    an import was killed before it had recorded anything, or somebody wrote the `id` by hand."""
    return group.id == group_id and group.ensure is Ensure.PRESENT and group.name not in state.groups


def why_not_bound(group: DesiredGroup, group_id: str, state: State) -> str | None:
    """Return why a group that is `not_recorded` is not for an import to bind; None where it is. What is on
    record already, of the group or of a create under this name, is not replaced by a run that looks at
    neither."""
    if group.name in state.creating:
        return msg(
            "not bound in state: a create under this name is not settled yet, which the next apply does"
        )
    other = next((name for name, record in state.groups.items() if record.id == group_id), None)
    if other is not None:
        return msg(
            "not bound in state, which knows it as {other}; if that is its old name: "
            "reconciler state mv {other} {name}",
            other=other,
            name=group.name,
        )
    return None


def draft(
    live: LiveGroup,
    name: str,
    *,
    fields: Collection[ImportField],
    account_keys: frozenset[str],
    people: People,
    mistake: Callable[[ValueName, Value], str | None],
    was: str | None = None,
) -> Import:
    """Draft what the manifest of a live group says. Creator and account are not named: they are protected
    anyway.

    `mistake` says why validation would refuse a value, None where it would not.
    """
    remarks: list[str] = []
    values: dict[ValueName, Value] = {}
    for key, value in live.values().items():
        if ("permissions" if key in PERMISSIONS else key) in fields:
            values[key] = normal(value) if isinstance(value, str) else value
            why = mistake(key, values[key])
            if why is not None:
                remarks.append(msg("{field} left out: {why}", field=key, why=why))
                del values[key]
    protected = account_keys | live.protected_keys
    admins = members = None
    hidden = {live.key(each) for each in live.unidentified} - people.known.keys()
    if "admins" in fields and hidden & live.admin_keys - protected:
        remarks.append(msg("admins left out: one of them is listed under a hidden number"))
    elif "admins" in fields:
        admins = _people(live, live.admins, protected, people, remarks)
    if "members" in fields:
        others = protected | (live.admin_keys if admins is not None else frozenset())
        members = _people(live, live.participants, others, people, remarks)
    return Import(
        name=name,
        live=live,
        values=values,
        with_icon="icon" in fields,
        admins=admins,
        members=members,
        remarks=tuple(dict.fromkeys(remarks)),
        was=was,
    )


def _people(
    live: LiveGroup,
    wa_ids: tuple[str, ...],
    protected: Collection[str],
    people: People,
    remarks: list[str],
) -> tuple[Person, ...]:
    """Return the people behind ids, each once, in the server's order."""
    found: dict[str, Person] = {}
    for wa_id in wa_ids:
        key = live.key(wa_id)
        if key in protected:
            continue
        person = people.person(live.shown(wa_id))
        if isinstance(person, str):
            remarks.append(msg("left out: {why}", why=person))
            continue
        if key in live.ambiguous_keys:
            remarks.append(
                msg(
                    "{person}: two ids of this group may be one person, so nothing is decided about them",
                    person=person.alias or number.mask(live.shown(wa_id)),
                )
            )
        found.setdefault(person.alias or person.key, person)
    return tuple(found.values())
