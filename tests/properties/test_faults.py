"""Promise 2 under faults: answers lost before and after the effect, reads that lag, a kill at any call, the
state lost with it. After two more runs all is as wanted, and no group was made twice."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import NotSent, RateLimited, Unclear
from reconciler.model.record import State
from reconciler.model.settings import GUARD_CODES
from tests.apply.world import (
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    Journal,
    Killed,
    World,
    picture,
    reencoded,
)
from tests.fakes import READS
from tests.properties import oracle
from tests.properties.profile import tried

ALLOW = frozenset(GUARD_CODES)
WRITES = (
    "create_group",
    "set_subject",
    "set_icon",
    "promote",
    "demote",
    "remove_participants",
)
ERRORS = (
    Unclear("the connection broke before the answer", code="reset", retry=True),
    Unclear("the API failed", status=500, code="http_500", retry=True),
    Unclear("the API gave up waiting", status=408, code="http_408", retry=True),
    Unclear("the answer is no JSON", status=200, code="bad_answer", retry=True),
)
NOTHING_DONE = (
    RateLimited("too many", status=429, code="http_429"),
    NotSent("refused", code="no_connection"),
)

faults = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "method": st.sampled_from((*WRITES, "create_group", "promote", *READS, "*")),
                "error": st.sampled_from(ERRORS),
                "when": st.sampled_from(("before", "after")),
                "nth": st.integers(1, 4),
                "times": st.integers(1, 3),
            }
        ),
        st.fixed_dictionaries(
            {
                "method": st.sampled_from(WRITES),
                "error": st.sampled_from(NOTHING_DONE),
                "when": st.just("before"),
                "nth": st.integers(1, 3),
            }
        ),
        st.fixed_dictionaries(
            {"method": st.sampled_from(WRITES[1:]), "when": st.just("lie"), "nth": st.just(1)}
        ),
    ),
    min_size=1,
    max_size=4,
)
crowd = st.lists(st.sampled_from((ANA, BRUNO, CARLOS, DORA)), max_size=4, unique=True)


def three_groups(
    lag: float, store: Any, participants: list[str], admins: list[str], wanted: list[str]
) -> World:
    """One to be created, one to be changed in every field, one to be adopted by its subject."""
    world = World(lag=lag, store=store)
    world.bound("changed", subject="Before", participants=participants, admins=admins)
    world.api.seed("Found", participants=participants)
    world.want("new", icon=picture(), admins=wanted)
    world.want("changed", icon=picture(), admins=wanted, members=[], prune_members=True, link_version=1)
    world.want("found", admins=wanted)
    return world


def run(world: World) -> None:
    """A run as a pipeline starts it: also one that ends because the list could not be read."""
    written = list(world.written)
    try:
        world.apply(allow=ALLOW)
    except Unclear:
        assert world.written == written


def subjects(world: World) -> Counter[str]:
    return Counter(world.api.group(group_id).subject for group_id in world.api.ids())


def assert_converged(world: World) -> None:
    assert subjects(world) == {"New": 1, "Changed": 1, "Found": 1}
    world.wait(world.api.lag)
    world.assert_settled(allow=ALLOW)
    for group_id in world.api.ids():
        live = world.api.group(group_id)
        manifest = world.manifests[live.subject.lower()]
        oracle.check_result(manifest, live, ())


def killed_run(world: World, k: int, *, committed: bool) -> bool:
    """A run that gets SIGKILL at its k-th call, before the server has it or just after its effect: nothing
    is called or recorded after that. False when the run had fewer calls."""
    world.forget_calls()
    count = 0

    def before(name: str) -> None:
        nonlocal count
        count += 1
        if count > k or (count == k and not committed):
            count = max(count, k + 1)
            raise Killed

    def dead() -> bool:
        return count > k or len(world.api.calls) >= k

    world.api.before_call = before
    if committed:
        world.api.fail("*", Killed(), when="after", nth=k)  # type: ignore[arg-type]
    try:
        reading = world.read(allow=ALLOW)
        plan = world.decide(reading, allow=ALLOW)
        journal = Journal(world.state)
        journal.dead = dead
        world.carry_out(plan, reading, journal, allow=ALLOW)
    except Killed:
        return True
    finally:
        world.api.heal()
        world.api.before_call = lambda name: None
    return False


@tried(300)
@given(
    lag=st.sampled_from((0.0, 3.0)),
    store=st.sampled_from((bytes, reencoded)),
    participants=crowd,
    admins=crowd,
    wanted=crowd,
    struck=faults,
    again=faults,
)
def test_faults_in_two_runs_are_mended_by_two_more(
    lag: float,
    store: Any,
    participants: list[str],
    admins: list[str],
    wanted: list[str],
    struck: list[Any],
    again: list[Any],
) -> None:
    world = three_groups(lag, store, participants, admins, wanted)
    for faulty in (struck, again):
        for fault in faulty:
            world.api.fail(**fault)
        world.forget_calls()
        run(world)
        oracle.check_order(world.api.calls)
        live = {group_id: group.live for group_id, group in world.api.now.items()}
        oracle.check_promoted(world.api.calls, live)
        world.api.heal()
    world.wait(10)
    run(world)
    run(world)
    assert_converged(world)


@tried(300)
@given(
    lag=st.sampled_from((0.0, 5.0)),
    store=st.sampled_from((bytes, reencoded)),
    participants=crowd,
    admins=crowd,
    wanted=crowd,
    k=st.integers(1, 60),
    committed=st.booleans(),
    state_lost=st.booleans(),
    struck=faults,
)
def test_a_run_killed_at_any_call_is_finished_by_the_next_two(
    lag: float,
    store: Any,
    participants: list[str],
    admins: list[str],
    wanted: list[str],
    k: int,
    committed: bool,
    state_lost: bool,
    struck: list[Any],
) -> None:
    world = three_groups(lag, store, participants, admins, wanted)
    for fault in struck:
        world.api.fail(**fault)
    with suppress(Unclear):  # the list could not be read: the run ended by itself
        killed_run(world, k, committed=committed)
    if state_lost:
        world.wait(lag)  # what is on no record and not listed yet cannot be known
        changed = world.with_subject("Before")
        world.state = State()
        for group_id in changed:  # its subject was not set yet: the manifest has to say what it was
            world.bind("changed", group_id)
    run(world)
    run(world)
    assert_converged(world)


def test_killed_at_every_single_call_in_turn() -> None:
    for committed in (False, True):
        k = 1
        while True:
            world = three_groups(0.0, bytes, [ANA, BRUNO, CARLOS], [BRUNO], [ANA])
            if not killed_run(world, k, committed=committed):
                break
            run(world)
            assert_converged(world)
            k += 1
        assert k > 20, "the run was killed at every one of its calls"
