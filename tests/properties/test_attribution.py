"""Attribution over any manifests at the base, any change of them, and any live groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.attribution import Base
from reconciler.model.change import Change, ChangePeople
from reconciler.model.plan import Plan
from reconciler.operations.base import BaseFiles, CachingReader, compare
from reconciler.planning import planfile, planner
from reconciler.planning.attribution import causes_something
from reconciler.reading import read
from tests.apply.world import World
from tests.properties.profile import tried
from tests.properties.test_convergence import LEAVERS, any_group, groups_there, manifests

changes = st.lists(manifests, max_size=3)


def world_of(there: list[Any], bound: list[tuple[str, int]], written: list[Any]) -> World:
    world = World()
    world.leavers = LEAVERS
    ids = [world.api.seed(**group) for group in there]
    for name, number in bound:
        if ids and name not in world.state.groups:
            group_id = ids[number % len(ids)]
            if group_id not in {record.id for record in world.state.groups.values()}:
                world.bind(name, group_id)
    for fields in written:
        write(world, **fields)
    return world


def write(world: World, name: str, icon: str, id: int | None, **fields: Any) -> None:
    from tests.apply.world import picture

    if icon != "unmanaged":
        fields["icon"] = None if icon == "none" else picture(icon)
    fields["prune_members"] &= fields["members"] is not None
    ids = world.api.ids()
    world.want(name, **fields, id=None if id is None or not ids else ids[id % len(ids)])


def planned(world: World, reader: Any) -> Plan:
    ports = replace(world.ports().read_only(), reader=reader)
    reading = read(world.desired, world.state, world.paced_settings, world.options(), ports)
    return planner.plan(world.desired, world.state, reading, world.settings, world.options())


def compared(world: World, reader: Any, made: Plan, base: World) -> Base:
    files = BaseFiles(ref="main", commit="0" * 40, desired=base.desired, icon_files=base.files)
    ports = replace(world.ports().read_only(), reader=reader)
    return compare(made, world.paced_settings, world.state, world.options(), ports, files)


def pieces(found: Iterable[Change]) -> Counter[object]:
    """Changes as what can be told apart: people one by one."""
    count: Counter[object] = Counter()
    for change in found:
        if isinstance(change, ChangePeople):
            count.update((change.kind, person) for person in change.people)
        else:
            count[change] += 1
    return count


@tried(60)
@given(
    there=st.lists(groups_there, min_size=1, max_size=4),
    bound=st.lists(st.tuples(st.sampled_from(("alpha", "beta", "delta")), any_group), max_size=3),
    written=st.lists(manifests, min_size=1, max_size=3),
    changed=changes,
)
def test_both_parts_are_the_plan(
    there: list[Any], bound: list[tuple[str, int]], written: list[Any], changed: list[Any]
) -> None:
    base, head = world_of(there, bound, written), world_of(there, bound, [*written, *changed])
    base.api = head.api
    before = planned(base, head.api.reader)
    alone = planned(head, head.api.reader)

    head.api.calls.clear()
    reader = CachingReader(head.api.reader)
    plan = planned(head, reader)
    # To compare changes nothing of the plan: `apply --plan` takes what was saved beside a base.
    assert digest(plan, head) == digest(alone, head)
    found = compared(head, reader, plan, base).attribution
    assert not [call for call, times in Counter(map(repr, head.api.calls)).items() if times > 1]

    at_base = {group.name: group for group in before.groups}
    for group in plan.groups:
        parts = found.groups[group.name]
        both = pieces(parts.this_change.changes) + pieces(parts.before.changes)
        assert both == pieces(group.changes)
        assert Counter((*parts.this_change.invites, *parts.before.invites)) == Counter(group.to_invite)
        if group.name in at_base and at_base[group.name].id == group.id:
            due = {(change.kind, who) for change in at_base[group.name].changes for who in people_of(change)}
            for change in parts.before.changes:
                assert all((change.kind, who) in due for who in people_of(change))
            for change in parts.this_change.changes:
                assert not any((change.kind, who) in due for who in people_of(change))

    same = compared(head, reader, plan, head).attribution
    assert not any(group.this_change for group in same.groups.values())
    assert not any(group.stuck == "this_change" for group in same.groups.values())
    assert not same.dropped
    assert set(same.objections.values()) <= {"before"}
    assert not causes_something(plan, same)


def digest(plan: Plan, world: World) -> str:
    return planfile.fingerprint(plan, world.options(), b"key").whole


def people_of(change: Change) -> list[str]:
    if isinstance(change, ChangePeople):
        return [person.wa_id for person in change.people]
    return []
