"""Only promotions of people who have joined since: who that may be, and what is left of a plan then. Pure.

Everybody whom a manifest wants as admin is awaited until the record says that an apply has seen them admin.
Whoever was admin then and is none now was demoted by somebody, or has left and come back: nobody can tell
which, so that is shown by `plan` and mended by a full apply, never on the side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.change import Affected, ChangePeople
from reconciler.model.desired import Desired, DesiredGroup, Person
from reconciler.model.group import Ensure
from reconciler.model.plan import GroupPlan
from reconciler.model.record import Record, State
from reconciler.planning.bindings import known_bindings
from reconciler.planning.last_applied import LastApplied
from reconciler.planning.options import Options, Promotions


def promotions_awaited(
    desired: Desired,
    state: State,
    options: Options,
    account_keys: frozenset[str],
    appeared: Mapping[str, frozenset[str]] | None = None,
) -> Promotions:
    """Return who may be promoted where, as far as the record tells; only these groups have to be read.

    `appeared`: group id → number keys of those who wrote there; None where everybody counts who is found to
    have joined. A name that is bound to nothing yet may turn out to be any of these groups.
    """
    bound = known_bindings(desired.groups, state)
    awaiting = awaited_admins(desired, state, account_keys)
    people: dict[str, frozenset[str]] = {}
    for group in desired.groups:
        if not options.wants(group.name):
            continue
        awaited = awaiting[group.name]
        if appeared is not None:
            awaited &= _who_wrote(bound.get(group.name), appeared)
        if awaited:
            people[group.name] = awaited
    return Promotions(people, appeared)


def _who_wrote(group_id: str | None, appeared: Mapping[str, frozenset[str]]) -> frozenset[str]:
    if group_id is not None:
        return appeared.get(group_id, frozenset())
    return frozenset().union(*appeared.values())


def awaited_admins(desired: Desired, state: State, account_keys: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return name → number keys of wanted admins who are not on record as made admin, of groups that are to
    be present."""
    aliases = {person.alias: person.keys for person in desired.people if person.alias}
    return {
        group.name: frozenset(
            person.key
            for person in group.admins or ()
            if person.key not in account_keys
            and _is_awaited(person, LastApplied(_record(group, state), aliases))
        )
        if group.ensure is Ensure.PRESENT
        else frozenset()
        for group in desired.groups
    }


def _is_awaited(person: Person, last: LastApplied) -> bool:
    return last.promote_cause(person) != "edited_outside"


def _record(group: DesiredGroup, state: State) -> Record | None:
    record = state.groups.get(group.name)
    return record if record is None or group.id in (None, record.id) else None


def people_only(desired: Desired) -> Desired:
    """Return the manifests without what has to be read or noted for other changes than those of people."""
    groups = tuple(
        replace(group, icon=None, link_version=None, description=None, permissions={})
        for group in desired.groups
    )
    return replace(desired, groups=groups)


def only_promotions(planned: GroupPlan, promotions: Promotions) -> GroupPlan:
    """Return the plan of one group with nothing left in it but those `promotions`; who would be added first
    waits for a full apply."""
    added = {
        person.key
        for change in planned.changes
        if isinstance(change, ChangePeople) and change.kind == "add_members"
        for person in change.people
    }
    people = tuple(
        person
        for change in planned.changes
        if isinstance(change, ChangePeople) and change.kind == "promote"
        for person in change.people
        if person.key not in added and _may_be_promoted(person, planned, promotions)
    )
    if not people:
        return replace(planned, action="none", changes=())
    return replace(planned, action="update", changes=(ChangePeople("promote", people),))


def _may_be_promoted(person: Affected, planned: GroupPlan, promotions: Promotions) -> bool:
    appeared = promotions.appeared
    wrote = appeared is None or person.key in appeared.get(planned.id or "", frozenset())
    return wrote and person.key in promotions.people.get(planned.name, frozenset())
