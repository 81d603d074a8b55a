"""The fewest calls that planning needs, none of which writes, and what a search has to know."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from reconciler import ports
from reconciler.errors import CredentialsError, NotFound, Problem, Unclear
from reconciler.model.desired import DesiredGroup
from reconciler.model.group import Ensure
from reconciler.model.live import LiveGroup
from reconciler.model.plan import GroupPlan
from reconciler.model.record import State
from reconciler.planning import planner
from reconciler.planning.group import plan_group
from tests.apply.world import ANA, CARLOS, STRANGER, World, entry, kinds, picture
from tests.fakes import ACCOUNT, READS, FakeReader

BROKEN = Unclear("the API failed", status=500, code="http_500")


def calls(world: World) -> Counter[str]:
    return Counter(name for name, _ in world.api.calls)


def test_planning_makes_no_call_that_writes_or_asks_for_a_link() -> None:
    """Every kind of change is planned: create, adopt, subject, icons, people, link, leave, close, prune."""
    world = World()
    world.want("new", icon=picture(), admins=[ANA])
    world.api.seed("Found", participants=[ANA])
    world.want("found", admins=[ANA], link_version=1)
    world.bound("changed", participants=[ANA, CARLOS], admins=[CARLOS], icon=picture("navy"))
    world.want("changed", subject="New", icon=picture(), admins=[ANA], members=[], prune_members=True)
    world.bound("bare", icon=picture())
    world.want("bare", icon=None)
    world.bound("left", admins=[ANA])
    world.want("left", ensure=Ensure.LEFT)
    world.bound("closed", participants=[ANA])
    world.want("closed", ensure=Ensure.CLOSED)
    world.bound("orphan", admins=[ANA])
    records = world.state.groups
    raised = replace(records["changed"], link_version=1)
    world.state = world.state.with_record("changed", raised)
    world.want("changed", subject="New", icon=picture(), admins=[ANA], members=[], link_version=2)

    plan = world.plan(prune=True)
    planned = {kind for group in plan.groups for kind in kinds(group.changes)}
    assert planned >= {"create_group", "adopt_group", "set_subject", "set_icon", "remove_icon", "promote"}
    assert planned >= {"demote", "revoke_link", "remove_participants", "leave_group"}
    assert set(calls(world)) <= READS
    assert "get_link" not in calls(world)


def test_a_reader_has_no_method_that_writes() -> None:
    def methods(protocol: type) -> set[str]:
        return {name for name in vars(protocol) if not name.startswith("_")}

    assert methods(ports.Reader) == READS
    assert not methods(ports.Reader) & methods(ports.Writer)
    assert "get_link" in methods(ports.Writer)


def test_bound_groups_cost_one_list_one_info_each_and_a_look_at_managed_icons() -> None:
    world = World()
    for n in range(300):
        world.api.seed(f"Stray {n}")
    for n in range(5):
        world.bound(f"group-{n}")
        world.want(f"group-{n}", icon=picture())
    world.apply()
    world.forget_calls()
    world.plan()
    assert calls(world) == {"list_groups": 1, "get_group": 5, "get_icon": 5}


def test_a_bound_group_is_planned_as_soon_as_it_was_read_and_not_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one that is never answered before the others were planned would otherwise wait for itself."""
    world = World()
    for n in range(4):
        world.bound(f"group-{n}", participants=[ANA], icon=picture("navy"))
        world.want(f"group-{n}", icon=picture(), admins=[ANA], subject="New" if n else None)
    world.want("absent", subject="Absent")
    planned: list[str] = []
    slowest = world.state.groups["group-3"].id
    others = threading.Event()

    def counting(group: DesiredGroup, *rest: Any) -> GroupPlan:
        planned.append(group.name)
        if len(planned) == 3:
            others.set()
        return plan_group(group, *rest)

    class LastOfAll(FakeReader):
        def get_group(self, group_id: str) -> LiveGroup:
            if group_id == slowest:
                assert others.wait(10), "nothing was planned while one group was waited for"
            return super().get_group(group_id)

    monkeypatch.setattr("reconciler.planning.group.plan_group", counting)
    world.concurrency = 4
    world.api.reader = LastOfAll(world.api)
    reading = world.read()
    so_far = len(planned)
    plan = world.decide(reading)

    assert planned[-1] == "group-3"
    assert sorted(set(planned)) == [f"group-{n}" for n in range(4)]
    assert len(planned) == so_far, "planned again"
    assert planner.plan(world.desired, world.state, reading, world.settings, world.options()) == plan


def test_what_can_be_done_meanwhile_is_done_while_the_list_is_waited_for() -> None:
    world = World()
    world.bound()
    world.want()
    begun, done = threading.Event(), threading.Event()

    class Slow(FakeReader):
        def list_groups(self) -> tuple[str, ...]:
            begun.set()
            assert done.wait(10), "nothing was done while others read"
            return super().list_groups()

    def meanwhile() -> None:
        assert begun.wait(10), "the list was not asked for first"
        done.set()

    world.api.reader = Slow(world.api)
    assert len(world.read(meanwhile=meanwhile).groups) == 1


def test_a_list_that_cannot_be_read_is_said_whatever_was_done_meanwhile() -> None:
    world = World()
    world.want()
    world.api.fail("list_groups", BROKEN)
    with pytest.raises(Unclear):
        world.read(meanwhile=lambda: None)


def test_a_group_that_was_read_again_is_planned_anew() -> None:
    world = World()
    world.bound(participants=[ANA])
    world.want(admins=[ANA])
    reading = world.read()
    ((group_id, live),) = reading.groups.items()
    assert isinstance(live, LiveGroup)
    promoted = replace(live, admins=(*live.admins, ANA))
    assert kinds(entry(world.decide(replace(reading, groups={group_id: promoted}))).changes) == []
    assert kinds(entry(world.decide(reading)).changes) == ["promote"]


def test_strays_are_read_only_while_a_manifest_is_unbound() -> None:
    world = World()
    for n in range(10):
        world.api.seed(f"Stray {n}")
    world.bound()
    world.want()
    world.plan()
    assert calls(world)["get_group"] == 1
    world.want("new")
    world.forget_calls()
    world.plan()
    assert calls(world)["get_group"] == 11


def test_only_targets_are_read_and_every_record_once_something_is_searched_for() -> None:
    world = World()
    for name in ("a", "b", "c"):
        world.bound(name)
        world.want(name)
    world.plan(targets=("a",))
    assert calls(world) == {"list_groups": 1, "get_group": 1}


def test_a_short_list_is_noticed_whoever_is_targeted() -> None:
    """`b` is bound, not targeted, and missing in the list: then `new` may be missing there just as well."""
    world = World()
    world.api.hide(world.bound("b"))
    world.want("b")
    world.want("new")
    plan = world.plan(targets=("new",))
    assert entry(plan, "new").action == "unreadable"
    assert not plan.complete


def test_a_renamed_manifest_does_not_duplicate_a_group_that_the_list_leaves_out() -> None:
    world = World()
    world.api.hide(world.bound("former", subject="Sales"))
    world.want()
    plan = world.plan()
    assert entry(plan).action == "unreadable"
    assert not plan.complete


@pytest.mark.parametrize("bound", [1, 3])
def test_an_empty_list_creates_nothing_while_groups_are_bound(bound: int) -> None:
    world = World()
    for n in range(bound):
        world.api.hide(world.bound(f"group-{n}"))
        world.want(f"group-{n}")
    world.want("new")
    world.apply()
    assert world.written == []
    assert not world.plan().complete


def test_an_orphan_that_the_list_lacks_is_asked_for() -> None:
    world = World()
    world.api.hide(world.bound("former"))
    world.bound()
    world.want()
    assert not world.plan().complete


def test_a_group_that_turns_out_to_be_gone_starts_the_search_that_was_allowed() -> None:
    world = World()
    gone = world.bound()
    world.api.leave(gone, ACCOUNT)
    twin = world.api.seed("Sales")
    world.want()
    plan = world.plan(allow=frozenset({"recreate"}))
    assert entry(plan).id == twin


def test_the_icon_of_a_group_found_by_a_search_is_looked_at() -> None:
    world = World()
    world.api.seed("Sales", icon=picture())
    world.want(icon=picture())
    assert kinds(entry(world.plan()).changes) == ["adopt_group"]


def test_a_listed_stray_that_answers_400_is_unreadable_and_not_gone() -> None:
    world = World()
    world.api.seed("Sales")
    world.want()
    world.api.fail("get_group", NotFound("bad value", status=400, code="http_400"), times=2)
    assert entry(world.plan()).action == "unreadable"


def test_a_pinned_group_on_record_under_its_former_name_is_planned_with_that_record() -> None:
    """Its icon is judged by the record of the former name, and so is not fetched."""
    world = World()
    group_id = world.bound("former", subject="Sales")
    world.want("former", subject="Sales", icon=picture())
    world.apply()
    del world.manifests["former"]
    world.want(id=group_id, icon=picture())
    world.forget_calls()
    assert kinds(entry(world.plan()).changes) == []
    assert calls(world)["fetch_icon"] == 0
    world.apply()
    world.assert_settled()


def test_what_fails_for_one_group_is_that_groups_problem() -> None:
    world = World()
    for name in ("a", "b"):
        world.bound(name)
        world.want(name, icon=picture())
    world.api.fail("get_group", BROKEN)
    world.api.fail("get_icon", BROKEN, nth=2)
    reading = world.read()
    assert sum(isinstance(found, Problem) for found in reading.groups.values()) == 1
    assert sum(isinstance(found, Problem) for found in reading.icons.values()) == 1
    assert not world.decide(reading).complete


@pytest.mark.parametrize("method", ["list_groups", "get_group", "get_icon"])
def test_refused_credentials_end_the_run(method: str) -> None:
    world = World()
    world.bound()
    world.want(icon=picture())
    world.api.fail(method, CredentialsError("refused"))
    with pytest.raises(CredentialsError):
        world.plan()


def test_a_list_that_cannot_be_read_ends_the_run() -> None:
    world = World()
    world.want()
    world.api.fail("list_groups", BROKEN)
    with pytest.raises(Unclear):
        world.plan()


def test_many_readers_at_once_read_the_same() -> None:
    world = World()
    for n in range(40):
        world.bound(f"group-{n}", participants=[STRANGER])
        world.want(f"group-{n}", icon=picture())
    one = world.plan()
    world.concurrency = 8
    many = world.plan()
    assert [kinds(group.changes) for group in one.groups] == [kinds(group.changes) for group in many.groups]


def test_losing_the_state_finds_every_group_again() -> None:
    world = World()
    for name in ("alpha", "beta", "gamma"):
        world.want(name, icon=picture(), admins=[ANA])
    world.apply()
    ids = {name: record.id for name, record in world.state.groups.items()}
    world.state = State()
    world.forget_calls()
    world.apply()
    assert world.written == []
    assert {name: record.id for name, record in world.state.groups.items()} == ids
    world.assert_settled()


def test_a_group_that_is_missing_elsewhere_does_not_keep_a_target_from_being_created() -> None:
    """The list is not short when the group that it lacks answers that it is gone: that has to be asked."""
    world = World()
    world.api.leave(world.bound("b"), ACCOUNT)
    world.want("b")
    world.want("new")
    assert entry(world.plan(targets=("new",)), "new").action == "create"
