"""Groups that are made with people, because the service makes none without: who is in is read, never assumed,
nobody is added twice, and nothing is made where nobody is to be added."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.cli import exits
from reconciler.errors import Exit, NotFound, NotSent, RateLimited, Refused, Unclear
from reconciler.model.desired import Person
from reconciler.model.group import Ensure
from reconciler.model.outcome import ApplyResult
from tests.apply.world import (
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    Killed,
    World,
    entry,
    group_of,
    kinds,
    outcome,
    outcomes,
    problem_code,
    statuses,
)
from tests.fakes import ACCOUNT

RESET = Unclear("the connection broke before the answer", code="reset", retry=True)
FAILED = Unclear("the API failed (HTTP 500): Error creating group", status=500, code="http_500", retry=True)
NOT_READ = Unclear("the gateway could not read the group (HTTP 404)", status=404, code="http_404", retry=True)
LID = "111111111111111@lid"
CROWD = tuple(f"5519{n:09}" for n in range(900_000_000, 900_000_023))


def making(*, admins: Any = None, members: Any = (ANA, BRUNO), **more: Any) -> World:
    """A group is to be made with people."""
    world = World(backend="evolution", lag=more.pop("lag", 0.0))
    world.want(admins=admins, members=members, join=more.pop("join", "add"), **more)
    return world


def people(result: ApplyResult) -> dict[str, str]:
    """Number → what became of adding them."""
    return {each.person.shown: each.status for each in outcome(result, "add_members").people}


def calls(world: World, method: str) -> list[tuple[Any, ...]]:
    return [args for name, args in world.api.calls if name == method]


def made_with(world: World) -> tuple[str, ...]:
    """The ids with which the one group was made."""
    ((_, ids),) = calls(world, "create_group")
    return tuple(ids)


def added(world: World) -> list[tuple[str, ...]]:
    return [args[1] for args in calls(world, "add_participants")]


class TestMade:
    @pytest.mark.parametrize("lag", [0.0, 5.0])
    def test_everybody_is_in_from_the_beginning_and_nobody_is_added(self, lag: float) -> None:
        world = making(lag=lag)
        result = world.operate()
        assert outcomes(result) == {"create_group": "done", "add_members": "done"}
        assert people(result) == {ANA: "done", BRUNO: "done"}
        assert made_with(world) == (f"{ANA}@c.us", f"{BRUNO}@c.us")
        assert added(world) == []
        assert world.live().participants == (ACCOUNT, ANA, BRUNO)
        assert world.state.groups["sales"].added.keys() == {ANA, BRUNO}
        assert exits.of_apply(result) is Exit.OK
        world.wait(lag)
        world.assert_settled()

    @pytest.mark.parametrize("lag", [0.0, 5.0])
    def test_whoever_is_wanted_as_admin_is_promoted_in_the_same_run(self, lag: float) -> None:
        world = making(admins=(ANA,), members=(BRUNO,), lag=lag)
        assert outcomes(world.operate()) == {"create_group": "done", "add_members": "done", "promote": "done"}
        assert set(world.live().admins) == {ACCOUNT, ANA}
        world.wait(lag)
        world.assert_settled()

    def test_also_under_an_id_that_hides_the_number(self) -> None:
        world = making(admins=(ANA,), members=(BRUNO,))
        world.api.hidden, world.api.told = {ANA: LID}, {ANA}
        assert set(outcomes(world.operate()).values()) == {"done"}
        assert [args[1] for args in calls(world, "promote")] == [(LID,)]
        world.assert_settled()

    def test_who_hides_their_number_then_is_neither_added_nor_promoted_nor_green(self) -> None:
        world = making(admins=(ANA,), members=(BRUNO,))
        world.api.hidden = {ANA: LID}
        result = world.operate()
        assert added(world) == calls(world, "promote") == []
        assert made_with(world) == (f"{ANA}@c.us", f"{BRUNO}@c.us")
        world.forget_calls()
        result = world.operate()
        assert world.written == []
        assert [each.maybe for each in group_of(result).to_invite] == [True]

    def test_what_else_the_manifest_says_follows(self) -> None:
        world = making(description="Hello", permissions={"send_messages": "admins"})
        assert statuses(world.operate()) == {"done"}
        assert world.live().description == "Hello"
        assert world.live().permissions["send_messages"] == "admins"
        world.assert_settled()

    def test_more_than_one_call_takes_are_added_afterwards(self) -> None:
        world = making(members=CROWD)
        result = world.operate(allow=frozenset({"add-many"}))
        assert set(people(result).values()) == {"done"}
        assert len(people(result)) == len(CROWD)
        assert len(made_with(world)) == 20
        assert [len(ids) for ids in added(world)] == [3]
        world.assert_settled()

    def test_the_guard_counts_whom_a_group_is_made_with(self) -> None:
        world = making(members=CROWD[:11])
        result = world.operate()
        assert [each.code for each in result.plan.open_objections] == ["add-many"]
        assert world.written == []

    def test_and_goes_on_counting_them_for_a_day(self) -> None:
        world = making(members=CROWD[:8])
        world.operate()
        world.want("two", members=CROWD[8:16], join="add")
        world.operate()
        world.want("three", members=CROWD[16:], join="add")
        assert [each.code for each in world.plan().open_objections] == ["add-many"]
        world.wait(timedelta(hours=25).total_seconds())
        assert world.plan().open_objections == ()

    def test_a_person_with_several_numbers_comes_by_the_first(self) -> None:
        world = making(members=(Person((ANA, BRUNO), "ana"),))
        assert statuses(world.operate()) == {"done"}
        assert made_with(world) == (f"{ANA}@c.us",)
        world.assert_settled()

    def test_a_number_is_sent_in_the_form_under_which_it_is_known(self) -> None:
        nine, eight = "5519980000001", "551980000001"
        world = making(members=(nine,))
        world.api.known_as = {nine: eight}
        assert people(world.operate()) == {nine: "done"}
        assert made_with(world) == (f"{eight}@c.us",)
        world.assert_settled()


class TestNotIn:
    """The service leaves people out without a word."""

    @pytest.mark.parametrize(
        ("status", "ends"), [(403, "invite"), (417, "invite"), (408, "left"), (401, "failed")]
    )
    def test_who_was_left_out_is_added_and_that_tells_why(self, status: int, ends: str) -> None:
        world = making()
        world.api.refusals = {ANA: status}
        result = world.operate()
        assert people(result) == {ANA: ends, BRUNO: "done"}
        assert added(world) == [(f"{ANA}@c.us",)]
        assert [each.person.numbers[0] for each in group_of(result).refused] == [ANA] * (ends == "invite")
        assert world.state.groups["sales"].added.keys() == {BRUNO}
        if ends != "failed":
            world.assert_settled()

    def test_everybody_may_be_left_out(self) -> None:
        world = making()
        world.api.refusals = {ANA: 403, BRUNO: 403}
        assert people(world.operate()) == {ANA: "invite", BRUNO: "invite"}
        assert len(calls(world, "create_group")) == 1
        world.assert_settled()

    def test_who_is_not_on_whatsapp_is_left_out_and_fails(self) -> None:
        world = making(members=(ANA, BRUNO, CARLOS))
        world.api.known_as = {BRUNO: None}
        result = world.operate()
        assert made_with(world) == (f"{ANA}@c.us", f"{CARLOS}@c.us")
        assert people(result) == {ANA: "done", BRUNO: "failed", CARLOS: "done"}
        assert problem_code(result, "add_members") == "no_such_number"
        assert exits.of_apply(result) is Exit.PARTIAL
        assert added(world) == []

    def test_two_who_are_known_under_one_id_are_not_in_from_the_beginning(self) -> None:
        world = making(members=(ANA, BRUNO, CARLOS))
        world.api.known_as = {ANA: DORA, BRUNO: DORA}
        result = world.operate()
        assert made_with(world) == (f"{CARLOS}@c.us",)
        assert people(result) == {ANA: "failed", BRUNO: "failed", CARLOS: "done"}
        assert added(world) == []

    def test_where_nobody_is_on_whatsapp_nothing_is_made(self) -> None:
        world = making()
        world.api.known_as = {ANA: None, BRUNO: None}
        result = world.operate()
        assert outcomes(result) == {"create_group": "failed", "add_members": "skipped"}
        assert problem_code(result, "create_group") == "no_such_number"
        assert "create_group" not in world.written
        assert world.state.creating == {}
        assert world.api.ids() == ()
        world.api.known_as = {}
        assert statuses(world.operate()) == {"done"}
        world.assert_settled()

    def test_a_successor_who_was_left_out_is_not_promoted(self) -> None:
        world = making(admins=(ANA,), members=(BRUNO,))
        world.api.refusals = {ANA: 403}
        result = world.operate()
        assert people(result) == {ANA: "invite", BRUNO: "done"}
        assert calls(world, "promote") == []
        assert world.live().admins == (ACCOUNT,)

    def test_who_leaves_is_not_added_again(self) -> None:
        world = making()
        world.operate()
        world.api.leave(world.state.groups["sales"].id, ANA)
        world.assert_settled()
        assert entry(world.plan()).to_invite == ()


class TestUnclear:
    @pytest.mark.parametrize("lag", [0.0, 5.0])
    @pytest.mark.parametrize("error", [FAILED, RESET], ids=lambda error: error.code)
    def test_a_group_that_was_made_is_found_by_the_list_with_its_people(
        self, error: Unclear, lag: float
    ) -> None:
        world = making(admins=(ANA,), lag=lag)
        world.api.fail("create_group", error, when="after")
        result = world.operate()
        assert set(outcomes(result).values()) == {"done"}
        assert people(result) == {ANA: "done", BRUNO: "done"}
        assert len(calls(world, "create_group")) == 1
        assert added(world) == []
        assert len(world.with_subject("Sales")) == 1
        world.wait(lag)
        world.assert_settled()

    @pytest.mark.parametrize("later", [1.0, 600.0])
    def test_one_that_was_not_made_is_made_by_the_next_run(self, later: float) -> None:
        world = making()
        world.api.fail("create_group", FAILED)
        result = world.operate()
        assert outcomes(result) == {"create_group": "unknown", "add_members": "skipped"}
        assert world.state.creating.keys() == {"sales"}
        world.wait(later)
        assert statuses(world.operate()) == {"done"}
        assert "refresh_list" not in world.written
        assert len(world.with_subject("Sales")) == 1
        world.assert_settled()

    def test_a_run_that_was_killed_after_the_create_is_finished_by_the_next(self) -> None:
        world = making(admins=(ANA,))
        world.api.fail("create_group", Killed(), when="after")  # type: ignore[arg-type]
        with pytest.raises(Killed):
            world.operate()
        world.forget_calls()
        assert statuses(world.operate()) == {"done"}
        assert calls(world, "create_group") == added(world) == []
        world.assert_settled()

    @pytest.mark.parametrize(
        "error",
        [
            NotSent("no connection", code="connection", retry=True),
            RateLimited("too many", status=429, code="http_429", retry=True),
            Refused("no", status=400, code="http_400"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_what_surely_made_nothing_leaves_no_intent(self, error: Any) -> None:
        world = making()
        world.api.fail("create_group", error, times=None)
        assert outcomes(world.operate()) == {"create_group": "failed", "add_members": "skipped"}
        assert world.state.creating == {}
        world.api.heal()
        assert statuses(world.operate()) == {"done"}
        assert len(world.with_subject("Sales")) == 1

    @pytest.mark.parametrize("error", [RESET, FAILED, RateLimited("too many", status=429, code="http_429")])
    def test_who_cannot_be_looked_up_hinders_the_create_and_leaves_nothing(self, error: Any) -> None:
        world = making()
        world.api.fail("find_person", error, nth=2, times=None)
        assert outcomes(world.operate()) == {"create_group": "failed", "add_members": "skipped"}
        assert "create_group" not in world.written
        assert world.state.creating == {}
        world.api.heal()
        world.operate()
        world.assert_settled()

    def test_a_stop_while_people_are_looked_up_makes_nothing(self) -> None:
        world = making()

        def stop(method: str) -> None:
            world.clock.stopping = world.clock.stopping or method == "find_person"

        world.api.before_call = stop
        world.api.fail(
            "find_person",
            NotSent("not sent: the run was asked to stop", code="interrupted"),
            nth=2,
            times=None,
        )
        result = world.operate()
        assert outcomes(result) == {"create_group": "skipped", "add_members": "skipped"}
        assert problem_code(result, "create_group") == "interrupted"
        assert "create_group" not in world.written
        assert world.state.creating == {}
        world.clock.stopping, world.api.before_call = False, lambda _: None
        world.api.heal()
        assert statuses(world.operate()) == {"done"}
        world.assert_settled()

    def test_everybody_is_looked_up_once_whatever_is_made_anew(self) -> None:
        world = making(members=(ANA, BRUNO, CARLOS))
        world.want("two", members=(ANA, CARLOS), join="add")
        world.api.fail("create_group", RateLimited("too many", status=429, code="http_429", retry=True))
        assert statuses(world.operate()) == {"done"}
        assert sorted(digits for (digits,) in calls(world, "find_person")) == [ANA, BRUNO, CARLOS]


class TestNobody:
    @pytest.mark.parametrize(
        "wanted",
        [
            {"join": "invite"},
            {"members": (), "admins": ()},
            {"members": None},
            {"members": (ACCOUNT,)},
        ],
        ids=["invite", "empty", "unmanaged", "ourselves"],
    )
    def test_without_anybody_to_add_it_is_blocked_and_nobody_invited(self, wanted: dict[str, Any]) -> None:
        world = making(**wanted)
        plan = entry(world.plan())
        assert (plan.action, plan.changes, plan.to_invite) == ("blocked", (), ())
        assert "join: add" in plan.notes[0].text
        result = world.operate()
        assert world.written == []
        assert exits.of_apply(result) is Exit.PARTIAL

    def test_others_are_made_beside_it(self) -> None:
        world = making(join="invite")
        world.want("two", members=(DORA,), join="add")
        result = world.operate()
        assert group_of(result).action == "blocked"
        assert set(outcomes(result, "two").values()) == {"done"}

    def test_one_that_was_made_by_hand_is_taken_and_its_people_are_invited(self) -> None:
        world = making(join="invite")
        world.api.seed("Sales", participants=[CARLOS])
        assert kinds(entry(world.plan()).changes) == ["adopt_group"]
        world.operate()
        assert {each.person.numbers[0] for each in entry(world.plan()).to_invite} == {ANA, BRUNO}
        world.assert_settled()


class TestGone:
    def world(self) -> World:
        """A group on record, and one that is to be made."""
        world = World(backend="evolution")
        world.bound("sales", participants=[ANA])
        world.want("sales")
        world.want("new", members=(BRUNO,), join="add")
        return world

    def test_a_404_that_says_so_is_missing_and_hinders_nobody(self) -> None:
        world = self.world()
        world.api.leave(world.state.groups["sales"].id, ACCOUNT)
        result = world.operate()
        assert group_of(result, "sales").action == "missing"
        assert set(outcomes(result, "new").values()) == {"done"}
        assert world.with_subject("Sales") == []
        assert "refresh_list" not in world.written

    def test_it_is_made_anew_only_where_that_is_allowed(self) -> None:
        world = self.world()
        world.want("sales", members=(ANA,), join="add")
        world.api.leave(world.state.groups["sales"].id, ACCOUNT)
        world.operate(allow=frozenset({"recreate"}))
        assert len(world.with_subject("Sales")) == 1
        world.assert_settled()

    @pytest.mark.parametrize("error", [NOT_READ, RESET], ids=lambda error: error.code)
    def test_what_no_list_has_and_nobody_can_read_is_never_gone(self, error: Unclear) -> None:
        world = self.world()
        world.api.hide(world.state.groups["sales"].id)
        world.api.fail("get_group", error, times=None)
        for allow in (frozenset[str](), frozenset({"recreate"})):
            result = world.operate(allow=allow)
            assert group_of(result, "sales").action == "unreadable"
            assert "create_group" not in world.written
            assert "refresh_list" not in world.written
            assert world.state.groups.keys() == {"sales"}
        world.api.heal()
        world.api.hide(world.api.ids()[0], False)
        world.operate()
        world.assert_settled()

    def test_what_is_listed_is_never_gone_whatever_it_answers(self) -> None:
        world = self.world()
        world.want("sales", subject="Other")
        gone = NotFound("WhatsApp knows no such group", status=404, code="http_404")
        world.api.fail("get_group", gone, times=None)
        result = world.operate(allow=frozenset({"recreate"}))
        assert set(outcomes(result, "sales").values()) == {"skipped"}
        assert len(world.with_subject("Sales")) == 1
        assert world.with_subject("Other") == []

    @pytest.mark.parametrize("ensure", [Ensure.LEFT, Ensure.CLOSED])
    def test_a_group_is_left_and_the_404_says_that_it_is(self, ensure: Ensure) -> None:
        world = World(backend="evolution")
        group_id = world.bound(participants=[ANA], admins=[BRUNO])
        world.want(ensure=ensure)
        result = world.operate()
        assert set(outcomes(result).values()) == {"done"}
        assert ACCOUNT not in world.api.group(group_id).participants
        assert "refresh_list" not in world.written
        assert world.state.left["sales"].id == group_id
        world.assert_settled()

    def test_leaving_is_not_done_by_a_404_without_the_words(self) -> None:
        world = World(backend="evolution")
        world.bound(participants=[ANA], admins=[BRUNO])
        world.want(ensure=Ensure.LEFT)
        world.api.fail("leave", when="lie")
        world.api.fail("get_group", NOT_READ, nth=2, times=None)
        result = world.operate()
        assert outcomes(result) == {"leave_group": "unknown"}
        assert "sales" in world.state.groups

    def test_nor_by_a_list_that_leaves_it_out(self) -> None:
        world = World(backend="evolution")
        group_id = world.bound(participants=[ANA], admins=[BRUNO])
        world.want(ensure=Ensure.LEFT)
        world.api.fail("leave", when="lie")
        world.api.before_call = lambda method: world.api.hide(group_id) if method == "leave" else None
        world.api.fail("get_group", NOT_READ, nth=2, times=None)
        assert outcomes(world.operate()) == {"leave_group": "unknown"}
        assert "refresh_list" not in world.written
        assert "sales" in world.state.groups
