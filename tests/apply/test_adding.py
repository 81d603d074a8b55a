"""People are added, each answered for alone, and nobody twice: what is done once, what is remembered of what
they decided, and what waits for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.errors import CredentialsError, NotSent, RateLimited, Refused, Unclear
from reconciler.model.desired import Person
from reconciler.model.outcome import ApplyResult
from tests.apply.world import (
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    World,
    entry,
    group_of,
    outcome,
    outcomes,
    problem_code,
    statuses,
)
from tests.fakes import ACCOUNT

RESET = Unclear("the connection broke before the answer", code="reset", retry=True)
NOBODY_ADDED = [
    NotSent("no connection", code="connection", retry=True),
    RateLimited("too many", status=429, code="http_429", retry=True),
    Refused("no", status=400, code="http_400"),
    CredentialsError("the key was refused"),
]


def adding(*, admins: Any = None, members: Any = (ANA, BRUNO), **more: Any) -> World:
    """A group at a gateway to which people are to be added; `lag` and `there` are of the group."""
    world = World(backend="waha", lag=more.pop("lag", 0.0))
    world.bound(**more.pop("there", {}))
    world.want(admins=admins, members=members, join="add", **more)
    return world


def people(result: ApplyResult) -> dict[str, str]:
    """Number → what became of adding them."""
    return {each.person.shown: each.status for each in outcome(result, "add_members").people}


def added(world: World) -> list[tuple[str, ...]]:
    return [args[1] for name, args in world.api.writes if name == "add_participants"]  # type: ignore[misc]


def invited(world: World) -> set[str]:
    return {invite.person.numbers[0] for invite in entry(world.plan()).to_invite}


@pytest.mark.parametrize("lag", [0.0, 5.0])
@pytest.mark.parametrize("answers_by", ["id", "number", "nobody"])
def test_who_is_missing_is_added_once(answers_by: Any, lag: float) -> None:
    world = adding(lag=lag)
    world.api.answers_by = answers_by
    result = world.operate()
    assert outcomes(result) == {"add_members": "done"}
    assert people(result) == {ANA: "done", BRUNO: "done"}
    assert world.written == ["find_person", "find_person", "add_participants"]
    assert set(world.live().participants) == {ACCOUNT, ANA, BRUNO}
    assert world.state.groups["sales"].added.keys() == {ANA, BRUNO}
    world.wait(lag)
    world.assert_settled()


@pytest.mark.parametrize("lag", [0.0, 5.0])
def test_who_is_wanted_as_admin_is_promoted_once_a_read_shows_them(lag: float) -> None:
    world = adding(admins=(ANA,), members=(BRUNO,), lag=lag)
    assert outcomes(world.operate()) == {"add_members": "done", "promote": "done"}
    calls = [name for name, _ in world.api.calls]
    between = calls[calls.index("add_participants") : calls.index("promote")]
    assert "get_group" in between
    assert set(world.live().admins) == {ACCOUNT, ANA}
    world.wait(lag)
    world.assert_settled()


def test_who_is_in_already_is_as_wanted() -> None:
    world = adding(lag=5.0)
    world.api.join(world.state.groups["sales"].id, ANA)  # reads do not show it yet
    assert people(world.operate()) == {ANA: "done", BRUNO: "done"}


@pytest.mark.parametrize("answers_by", ["id", "number"])
@pytest.mark.parametrize("status", [403, 417])
def test_who_refuses_to_be_added_is_invited_and_not_asked_again(status: int, answers_by: Any) -> None:
    world = adding()
    world.api.answers_by = answers_by
    world.api.refusals = {ANA: status}
    result = world.operate()
    assert outcomes(result) == {"add_members": "done"}
    assert people(result) == {ANA: "invite", BRUNO: "done"}
    assert [each.person.numbers[0] for each in group_of(result).refused] == [ANA]
    assert invited(world) == {ANA}
    world.assert_settled()


def test_who_refused_is_asked_again_once_the_people_of_the_manifest_are_others() -> None:
    world = adding()
    world.api.refusals = {ANA: 403}
    world.operate()
    world.forget_calls()
    world.want(members=(ANA, BRUNO), subject="Sales", join="add", link_version=1)
    world.operate()
    assert added(world) == []
    world.want(members=(ANA, BRUNO, CARLOS), join="add")
    assert people(world.operate()) == {ANA: "invite", CARLOS: "done"}


def test_who_left_not_long_ago_is_left_alone() -> None:
    world = adding()
    world.api.refusals = {ANA: 408}
    result = world.operate()
    assert outcomes(result) == {"add_members": "done"}
    assert people(result) == {ANA: "left", BRUNO: "done"}
    assert invited(world) == set()
    world.assert_settled()
    world.want(members=(ANA, BRUNO, CARLOS), join="add")
    assert people(world.operate()) == {CARLOS: "done"}
    assert invited(world) == set()


@pytest.mark.parametrize("after", [timedelta(minutes=5), timedelta(days=3)])
def test_who_was_added_and_leaves_before_being_admin_is_not_added_again(after: timedelta) -> None:
    """Nobody was seen in the role that the manifest wants, and yet they were in, and left."""
    world = adding(admins=[ANA], members=None)
    world.api.fail("promote", Refused("no", status=400, code="http_400"), times=None)
    assert outcomes(world.operate()) == {"add_members": "done", "promote": "failed"}
    world.api.heal()
    world.api.leave(world.state.groups["sales"].id, ANA)
    world.clock.elapsed += 60
    world.operate()
    world.clock.elapsed += after.total_seconds()

    assert entry(world.plan()).changes == ()
    assert invited(world) == set()
    world.operate()
    assert len(added(world)) == 1


def test_who_was_added_and_leaves_is_not_added_again() -> None:
    world = adding()
    world.operate()
    world.api.leave(world.state.groups["sales"].id, ANA)
    world.assert_settled()
    assert invited(world) == set()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "refused"),
        (404, "no_such_number"),
        (451, "no_such_number"),
        (419, "full"),
        (400, "status_400"),
        (500, "status_500"),
    ],
)
def test_any_other_answer_is_a_failure_of_that_person(status: int, code: str) -> None:
    world = adding()
    world.api.refusals = {ANA: status}
    result = world.operate()
    assert outcomes(result) == {"add_members": "failed"}
    assert people(result) == {ANA: "failed", BRUNO: "done"}
    (problem,) = [each.problem for each in outcome(result, "add_members").people if each.problem]
    assert problem.code == code == problem_code(result, "add_members")
    assert world.state.groups["sales"].decisions == {}
    assert BRUNO in world.live().participants
    world.api.refusals = {}
    assert people(world.operate()) == {ANA: "done"}
    world.assert_settled()


def test_nobody_is_added_whose_number_nobody_has() -> None:
    world = adding()
    world.api.known_as = {ANA: None}
    result = world.operate()
    assert people(result) == {ANA: "failed", BRUNO: "done"}
    assert added(world) == [(f"{BRUNO}@c.us",)]


def test_a_number_that_is_known_without_its_ninth_digit_is_added_so() -> None:
    nine, eight = "5519980000001", "551980000001"
    world = adding(members=(nine,))
    world.api.known_as = {nine: eight}
    assert people(world.operate()) == {nine: "done"}
    assert added(world) == [(f"{eight}@c.us",)]
    world.assert_settled()


@pytest.mark.parametrize("lag", [0.0, 5.0])
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_an_unclear_answer_a_read_decides(when: Any, lag: float) -> None:
    world = adding(lag=lag)
    world.api.fail("add_participants", RESET, when=when)
    result = world.operate()
    assert len(added(world)) == 1
    assert people(result) == dict.fromkeys((ANA, BRUNO), "done" if when == "after" else "failed")
    if when == "before":
        assert problem_code(result, "add_members") == "not_added"
        assert people(world.operate()) == {ANA: "done", BRUNO: "done"}
    world.wait(lag)
    world.assert_settled()


def test_a_200_without_effect_is_a_failure() -> None:
    world = adding()
    world.api.fail("add_participants", when="lie")
    result = world.operate()
    assert people(result) == {ANA: "failed", BRUNO: "failed"}
    assert problem_code(result, "add_members") == "not_seen"
    assert len(added(world)) == 1


@pytest.mark.parametrize("error", NOBODY_ADDED, ids=lambda error: type(error).__name__)
def test_a_call_that_did_nothing_is_left_to_the_next_run(error: Any) -> None:
    world = adding()
    world.api.fail("add_participants", error)
    result = world.operate()
    assert people(result) == {ANA: "failed", BRUNO: "failed"}
    assert len(added(world)) == 1
    world.operate()
    world.assert_settled()


def test_who_was_added_and_cannot_be_read_is_unknown_and_nobody_is_promoted_unseen() -> None:
    world = adding(admins=(ANA,), members=None)
    world.api.fail("get_group", RESET, nth=2, times=None)
    result = world.operate()
    assert outcomes(result)["add_members"] == "unknown"
    assert "promote" not in world.written
    world.api.heal()
    world.operate()
    world.assert_settled()


def test_a_stop_while_people_are_looked_up_adds_nobody_and_keeps_what_was_done_before() -> None:
    world = adding(description="Hello")

    def stop(method: str) -> None:
        world.clock.stopping = world.clock.stopping or method == "find_person"

    world.api.before_call = stop
    result = world.operate()
    assert outcomes(result) == {"set_description": "done", "add_members": "skipped"}
    assert problem_code(result, "add_members") == "interrupted"
    assert added(world) == []
    world.clock.stopping, world.api.before_call = False, lambda _: None
    world.operate()
    world.assert_settled()


@pytest.mark.parametrize("error", NOBODY_ADDED[:2], ids=lambda error: type(error).__name__)
def test_what_befell_one_call_befalls_the_next_so_that_is_not_made(error: Any) -> None:
    world = adding(members=tuple(f"5519{n:09}" for n in range(900_000_000, 900_000_023)))
    world.api.fail("add_participants", error)
    result = world.operate(allow=frozenset({"add-many"}))
    assert set(people(result).values()) == {"failed"}
    assert len(added(world)) == 1


def test_more_than_twenty_are_added_in_several_calls() -> None:
    crowd = tuple(f"5519{n:09}" for n in range(900_000_000, 900_000_023))
    world = adding(members=crowd)
    result = world.operate(allow=frozenset({"add-many"}))
    assert set(people(result).values()) == {"done"}
    assert [len(ids) for ids in added(world)] == [20, 3]


class TestSuccessors:
    """Who is to be demoted stays until who was to replace them is admin."""

    def world(self, **there: Any) -> World:
        return adding(admins=(ANA, CARLOS), members=None, there={"admins": [BRUNO, CARLOS], **there})

    def test_the_demotion_follows_the_promotion(self) -> None:
        world = self.world()
        assert outcomes(world.operate()) == {"add_members": "done", "promote": "done", "demote": "done"}
        assert world.written[-2:] == ["promote", "demote"]
        world.assert_settled()

    @pytest.mark.parametrize("status", [403, 408, 404])
    def test_it_is_not_sent_where_the_successor_was_not_added(self, status: int) -> None:
        world = self.world()
        world.api.refusals = {ANA: status}
        result = world.operate()
        assert outcomes(result)["demote"] == "skipped"
        assert problem_code(result, "demote") == "not_safe"
        assert outcome(result, "promote").change.people == ()  # type: ignore[union-attr]
        assert not {"promote", "demote"} & set(world.written)
        assert BRUNO in world.live().admins

    def test_the_next_plan_says_that_it_goes_without_them(self) -> None:
        world = self.world()
        world.api.refusals = {ANA: 403}
        world.operate()
        plan = entry(world.plan())
        assert [change.kind for change in plan.changes] == ["demote"]
        assert [each.person.numbers[0] for each in plan.to_invite] == [ANA]
        assert outcomes(world.operate()) == {"demote": "done"}
        world.assert_settled()

    def test_the_last_admin_is_never_demoted_for_somebody_who_did_not_come(self) -> None:
        world = adding(admins=(ANA,), members=None, there={"admins": [BRUNO]})
        world.api.refusals = {ANA: 403}
        assert outcomes(world.operate())["demote"] == "skipped"
        assert [each.code for each in world.plan().open_objections] == ["no-admin-left"]
        assert BRUNO in world.live().admins

    @pytest.mark.parametrize("what", ["promote lies", "add lies", "unread"])
    def test_it_is_not_sent_before_the_promotion_was_seen(self, what: str) -> None:
        world = self.world()
        if what == "unread":
            world.api.fail("get_group", RESET, nth=2, times=None)
        else:
            world.api.fail(
                {"promote lies": "promote", "add lies": "add_participants"}[what], when="lie", times=None
            )
        result = world.operate()
        assert outcomes(result)["demote"] == "skipped"
        assert "demote" not in world.written
        world.api.heal()
        world.operate()
        world.assert_settled()


def test_a_new_group_gets_its_people_and_its_values() -> None:
    world = World(backend="waha")
    world.want(
        admins=(ANA,),
        members=(BRUNO, DORA),
        join="add",
        description="Hello",
        permissions={"send_messages": "admins", "approve_members": True},
    )
    world.api.refusals = {DORA: 403}
    result = world.operate()
    assert statuses(result) == {"done"}
    live = world.live()
    assert set(live.admins) == {ACCOUNT, ANA}
    assert set(live.participants) == {ACCOUNT, ANA, BRUNO}
    assert live.description == "Hello"
    assert (live.permissions["send_messages"], live.permissions["approve_members"]) == ("admins", True)
    assert invited(world) == {DORA}
    world.assert_settled()


def test_a_person_with_several_numbers_is_added_by_the_first() -> None:
    world = adding(members=(Person((ANA, BRUNO), "ana"),), there={"participants": [BRUNO]})
    assert people(world.operate()) == {ANA: "done"}
    world.assert_settled()


def test_who_refused_is_not_asked_again_where_the_same_people_are_to_be_something_else() -> None:
    world = adding(there={"participants": [BRUNO]})
    world.api.refusals = {ANA: 403}
    world.operate()
    world.forget_calls()
    world.want(admins=(BRUNO,), members=(ANA, BRUNO), join="add")
    assert outcomes(world.operate()) == {"promote": "done"}
    assert added(world) == []


def test_what_a_read_between_the_writes_shows_to_be_so_is_not_sent() -> None:
    """Somebody comes in and is made admin by hand, while an unclear answer has the group read again."""
    world = adding(
        admins=(CARLOS,), members=(ANA, BRUNO), description="Hello", permissions={"edit_info": "admins"}
    )
    group_id = world.state.groups["sales"].id
    world.api.join(group_id, CARLOS)

    def meanwhile(method: str) -> None:
        if method == "set_description":
            world.api.join(group_id, ANA)
            world.api.promote(group_id, CARLOS)
            world.api.set_permission(group_id, "edit_info", "admins")

    world.api.before_call = meanwhile
    world.api.fail("set_description", RESET, when="after")
    result = world.operate()
    assert set(outcomes(result).values()) == {"done"}
    assert added(world) == [(f"{BRUNO}@c.us",)]
    assert not {"promote", "set_permission"} & set(world.written)
    world.api.before_call = lambda _: None
    world.assert_settled()


def test_two_who_are_known_under_one_id_fail_and_the_others_are_added() -> None:
    world = adding(members=(ANA, BRUNO, CARLOS))
    world.api.known_as = {ANA: DORA, BRUNO: DORA}
    result = world.operate()
    assert people(result) == {ANA: "failed", BRUNO: "failed", CARLOS: "done"}
    assert problem_code(result, "add_members") == "same_id"
    assert added(world) == [(f"{CARLOS}@c.us",)]
