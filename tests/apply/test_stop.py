"""A wish to stop: calls in flight finish, what was done is saved and told, the rest is for the next run."""

from __future__ import annotations

import pytest

from reconciler.errors import Interrupted
from tests.apply.world import ANA, BRUNO, CARLOS, World, outcomes, problem_code, statuses


def stop_at(world: World, nth: int, method: str = "create_group") -> None:
    """A signal arrives while the `nth` call of `method` is in flight. Reads are not begun after it, as the
    backend promises; a write that was begun is finished."""
    count = 0

    def signal(name: str) -> None:
        nonlocal count
        if world.clock.stopping and name in ("list_groups", "get_group", "get_icon", "fetch_icon"):
            raise Interrupted("stopped before the API was asked")
        count += name == method
        if count == nth and name == method:
            world.clock.stopping = True

    world.api.before_call = signal


def go_on(world: World) -> None:
    world.clock.stopping = False
    world.api.before_call = lambda name: None


@pytest.mark.parametrize("nth", range(1, 13))
def test_twelve_creations_stopped_at_any_of_them(nth: int) -> None:
    world = World()
    for n in range(12):
        world.want(f"group-{n:02}")
    stop_at(world, nth)
    result = world.apply()
    assert result.interrupted
    done = [name for name in world.manifests if outcomes(result, name) == {"create_group": "done"}]
    skipped = [name for name in world.manifests if outcomes(result, name) == {"create_group": "skipped"}]
    assert len(done) == nth == len(world.api.ids())
    assert len(skipped) == 12 - nth
    assert set(done) == set(world.state.groups)
    go_on(world)
    world.forget_calls()
    world.apply()
    assert world.written == ["create_group"] * (12 - nth)
    world.assert_settled()


@pytest.mark.parametrize("method", ["set_subject", "promote", "demote"])
def test_a_stop_within_a_group_ends_after_the_call_in_flight(method: str) -> None:
    world = World()
    world.bound(subject="Old", participants=[ANA, BRUNO, CARLOS], admins=[BRUNO, CARLOS])
    world.want(admins=[ANA, BRUNO])
    stop_at(world, 1, method)
    result = world.apply()
    assert world.written[-1] == method
    kinds = ["set_subject", "promote", "demote"]
    for kind in kinds[kinds.index(method) + 1 :]:
        assert problem_code(result, kind) == "interrupted"
    assert outcomes(result)[method] == "unknown", "sent, and nobody looked"
    go_on(world)
    world.apply()
    world.assert_settled()


def test_an_effect_that_nobody_waited_for_is_unknown_and_not_failed() -> None:
    world = World(lag=3.0)
    world.bound(subject="Old")
    world.want()

    def signal(name: str) -> None:
        world.clock.stopping = world.clock.stopping or name == "set_subject"

    world.api.before_call = signal
    assert outcomes(world.apply()) == {"set_subject": "unknown"}


def test_a_stop_before_the_first_group_begins_none() -> None:
    world = World()
    world.want()
    result = world.apply(meanwhile=lambda: setattr(world.clock, "stopping", True))
    assert statuses(result) == {"skipped"}
    assert world.written == []


def test_a_stop_while_groups_run_beside_each_other_makes_none_twice() -> None:
    world = World()
    world.concurrency = 4
    for n in range(12):
        world.want(f"group-{n:02}")
    stop_at(world, 5)
    world.apply()
    go_on(world)
    world.apply()
    assert len(world.api.ids()) == 12
    world.assert_settled()
