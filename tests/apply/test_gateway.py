"""What a gateway knows comes from a cache, and what it does not know is an error like any other: nothing is
created beside a list that is short, and what is gone is gone for two lists. It says what it allows, and lists
people by ids that hide their numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.errors import ReconcilerError, Unclear
from reconciler.model.desired import Person
from reconciler.model.group import Ensure
from reconciler.model.live import ServiceLimits
from tests.apply.world import (
    ANA,
    BRUNO,
    CARLOS,
    LEFT,
    Killed,
    World,
    entry,
    group_of,
    outcome,
    outcomes,
    problem_code,
)
from tests.fakes import ACCOUNT, NOON

RESET = Unclear("the connection broke before the answer", code="reset", retry=True)
OVERLIMIT = Unclear("rate-overlimit", status=500, code="http_500", retry=True)
LID, LID_2 = "111111111111111@lid", "222222222222222@lid"


def new() -> World:
    """A group is to be made beside one that is on record."""
    world = World(backend="waha")
    world.bound("sales")
    world.want("sales")
    world.want("new")
    return world


class TestShortLists:
    def test_one_listing_says_everything(self) -> None:
        world = World(backend="waha")
        for n in range(20):
            world.bound(f"g{n}")
            world.want(f"g{n}")
        world.plan()
        assert [name for name, _ in world.api.calls] == ["list_groups"]

    @pytest.mark.parametrize("bound", [True, False])
    def test_nothing_is_made_beside_a_list_that_became_short(self, bound: bool) -> None:
        world = new()
        other = world.state.groups["sales"].id if bound else world.api.seed("Somebody's")
        reading = world.read()
        plan = world.decide(reading)
        world.api.hide(other)
        journal = type(world.journal)(world.state)
        result = world.carry_out(plan, reading, journal)
        assert outcomes(result, "new") == {"create_group": "skipped"}
        assert problem_code(result, "create_group", "new") == "short_list"
        assert "create_group" not in world.written
        world.api.hide(other, False)
        assert outcomes(world.operate(), "new") == {"create_group": "done"}
        world.assert_settled()

    def test_a_list_that_becomes_whole_again_is_waited_for(self) -> None:
        world = new()
        other = world.state.groups["sales"].id
        reading = world.read()
        plan = world.decide(reading)
        world.api.hide(other)

        def heal(name: str) -> None:
            if world.clock.elapsed > 4:
                world.api.hide(other, False)

        world.api.before_call = heal
        result = world.carry_out(plan, reading, type(world.journal)(world.state))
        assert outcomes(result, "new") == {"create_group": "done"}

    def test_an_empty_list_where_groups_are_on_record_creates_nothing(self) -> None:
        world = new()
        world.api.hide(world.state.groups["sales"].id)
        plan = world.plan()
        assert entry(plan, "new").action == "unreadable"
        assert not plan.complete
        world.operate()
        assert "create_group" not in world.written

    def test_several_are_made_while_the_list_lags(self) -> None:
        world = World(backend="waha", lag=4.0)
        for name in ("one", "two", "three"):
            world.want(name)
        result = world.operate()
        assert all(outcomes(result, name) == {"create_group": "done"} for name in ("one", "two", "three"))


class TestUnclearCreates:
    def made(self, when: Any = "after") -> World:
        """An earlier run made a group, or did not, and nobody knows: the gateway's cache lacks it."""
        world = new()
        world.api.lists_new = False
        world.api.fail("create_group", RESET, when=when)
        assert outcomes(world.operate(), "new") == {"create_group": "unknown"}
        world.api.lists_new = True
        world.forget_calls()
        return world

    @pytest.mark.parametrize("later", [1.0, 600.0])
    def test_it_is_found_once_the_list_was_refreshed(self, later: float) -> None:
        world = self.made()
        world.wait(later)
        world.plan()
        assert "refresh_list" not in world.written  # never by a plan
        assert outcomes(world.operate(), "new") == {"create_group": "done"}
        calls = [name for name, _ in world.api.calls]
        assert calls.count("refresh_list") == 1
        assert "list_groups" in calls[calls.index("refresh_list") :]
        assert "create_group" not in calls
        assert len(world.with_subject("New")) == 1
        world.assert_settled()

    @pytest.mark.parametrize("later", [1.0, 600.0])
    def test_it_is_made_again_only_after_the_refreshed_list(self, later: float) -> None:
        world = self.made("before")
        world.wait(later)
        assert outcomes(world.operate(), "new") == {"create_group": "done"}
        calls = [name for name, _ in world.api.calls]
        again = calls.index("create_group")
        assert "list_groups" in calls[calls.index("refresh_list") : again]
        assert len(world.with_subject("New")) == 1

    @pytest.mark.parametrize("later", [1.0, 600.0])
    def test_without_a_refresh_it_stays_unknown(self, later: float) -> None:
        world = self.made()
        world.wait(later)
        world.api.fail("refresh_list", OVERLIMIT)
        result = world.operate()
        assert outcomes(result, "new") == {"create_group": "unknown"}
        assert "create_group" not in world.written
        assert outcomes(world.operate(), "new") == {"create_group": "done"}
        assert len(world.with_subject("New")) == 1

    def test_one_that_is_found_does_not_hurry_another(self) -> None:
        world = World(backend="waha")
        world.want("one")
        world.want("two")
        world.api.lists_new = False
        world.api.fail("create_group", RESET, when="after", times=2)
        world.operate()
        two = world.with_subject("Two")[0]
        world.api.hide(two)  # listed later than the other, even after a refresh

        def later(name: str) -> None:
            if world.clock.elapsed > 40:
                world.api.hide(two, False)

        world.api.before_call = later
        world.operate()
        assert len(world.with_subject("One")) == len(world.with_subject("Two")) == 1

    def test_a_strangers_group_of_that_subject_is_not_taken(self) -> None:
        world = new()

        def strangers(name: str) -> None:
            if name == "create_group":
                made = world.api.seed("New", creator=CARLOS)
                world.api.ownerless.add(made)

        world.api.before_call = strangers
        world.api.fail("create_group", RESET, when="before")
        result = world.operate()
        assert outcomes(result, "new") == {"create_group": "unknown"}
        assert "new" not in world.state.groups
        assert entry(world.plan(), "new").action == "blocked"


class TestNewGroups:
    @pytest.mark.parametrize("more", [{}, {"description": "Hello"}])
    def test_one_that_the_cache_lacks_is_read_after_a_refresh(self, more: Any) -> None:
        world = World(backend="waha")
        world.api.lists_new = False
        world.want("new", **more)
        assert set(outcomes(world.operate(), "new").values()) == {"done"}
        assert world.written.count("refresh_list") == 1
        world.assert_settled()

    def test_one_that_cannot_be_read_is_on_record_and_not_green(self) -> None:
        world = World(backend="waha")
        world.api.lists_new = False
        world.api.fail("refresh_list", when="lie")
        world.want("new")
        result = world.operate()
        assert outcomes(result, "new") == {"create_group": "unknown"}
        assert world.state.groups["new"].id == world.with_subject("New")[0]
        world.operate()
        world.assert_settled()


class TestGone:
    @pytest.mark.parametrize("ensure", [Ensure.LEFT, Ensure.CLOSED])
    def test_a_group_is_left_where_leaving_leaves_no_answer(self, ensure: Ensure) -> None:
        world = World(backend="waha")
        group_id = world.bound(participants=[ANA], admins=[BRUNO])
        world.want(ensure=ensure)
        result = world.operate()
        assert set(outcomes(result).values()) == {"done"}
        assert ACCOUNT not in world.api.group(group_id).participants
        calls = [name for name, _ in world.api.calls]
        assert calls[calls.index("leave") :].count("refresh_list") == 1
        assert world.state.left["sales"].id == group_id
        world.assert_settled()

    def test_leaving_without_effect_is_seen(self) -> None:
        world = World(backend="waha")
        world.bound(participants=[ANA], admins=[BRUNO])
        world.want(ensure=Ensure.LEFT)
        world.api.fail("leave", when="lie")
        assert outcomes(world.operate()) == {"leave_group": "failed"}
        assert "sales" in world.state.groups

    def test_a_run_killed_after_leaving_is_finished_by_the_next(self) -> None:
        world = World(backend="waha")
        world.bound(participants=[ANA], admins=[BRUNO])
        world.want(ensure=Ensure.LEFT)
        world.api.fail("leave", Killed(), when="after")  # type: ignore[arg-type]
        with pytest.raises(Killed):
            world.operate()
        assert entry(world.plan()).action == "unreadable"
        result = world.operate()
        assert group_of(result).action == "none"
        assert "sales" not in world.state.groups
        world.assert_settled()

    def test_a_group_on_record_that_two_lists_leave_out_is_missing_and_hinders_nobody(self) -> None:
        world = new()
        world.api.leave(world.state.groups["sales"].id, ACCOUNT)
        assert entry(world.plan(), "new").action == "unreadable"
        assert any("it may be gone" in note.text for note in entry(world.plan()).notes)
        result = world.operate()
        assert group_of(result, "sales").action == "missing"
        assert world.written.count("refresh_list") == 1
        assert outcomes(result, "new") == {"create_group": "done"}
        assert world.with_subject("Sales") == []
        world.operate(allow=frozenset({"recreate"}))
        assert len(world.with_subject("Sales")) == 1
        world.assert_settled()

    def test_one_that_the_refreshed_list_has_is_as_it_was(self) -> None:
        world = new()
        world.api.unlisted.add(world.state.groups["sales"].id)
        result = world.operate()
        assert group_of(result, "sales").action == "none"
        assert outcomes(result, "new") == {"create_group": "done"}
        world.assert_settled()

    def test_where_no_refresh_is_to_be_had_it_stays_unreadable(self) -> None:
        world = new()
        world.api.leave(world.state.groups["sales"].id, ACCOUNT)
        world.api.fail("refresh_list", OVERLIMIT, times=None)
        result = world.operate()
        assert group_of(result, "sales").action == "unreadable"
        assert "create_group" not in world.written


class TestLimits:
    LOCKED = ServiceLimits(locked_until=NOON + timedelta(hours=3))

    def adding(self) -> World:
        world = World(backend="waha")
        world.bound(participants=[BRUNO])
        world.want(members=(ANA,), join="add")
        return world

    def asked(self, world: World) -> int:
        return [name for name, _ in world.api.calls].count("limits")

    def test_they_are_asked_once_and_only_before_a_run_that_writes(self) -> None:
        world = self.adding()
        world.operate(approve=lambda plan: False)
        assert self.asked(world) == 0
        world.operate()
        assert self.asked(world) == 1
        world.operate()
        assert self.asked(world) == 1

    def test_a_number_that_is_locked_writes_nothing_and_says_until_when(self) -> None:
        world = self.adding()
        world.api.limits = self.LOCKED
        with pytest.raises(ReconcilerError, match="2026-11-21 15:00 UTC") as caught:
            world.operate()
        assert int(caught.value.exit_code) == 1
        assert world.written == []

    def test_a_number_that_is_capped_adds_nobody(self) -> None:
        world = self.adding()
        world.api.limits = ServiceLimits(capped=True)
        with pytest.raises(ReconcilerError, match="capped") as caught:
            world.operate()
        assert int(caught.value.exit_code) == 1
        assert world.written == []
        world.want(subject="Other", members=(ANA,))
        assert outcomes(world.operate()) == {"set_subject": "done"}

    def test_a_lock_is_no_matter_for_a_run_that_writes_nothing(self) -> None:
        world = self.adding()
        world.want(members=(ANA,))
        world.api.limits = self.LOCKED
        world.operate()
        assert self.asked(world) == 0


class TestHiddenNumbers:
    def test_somebody_whom_a_look_up_knows_is_called_by_the_id_that_is_listed(self) -> None:
        world = World(backend="waha")
        world.bound(participants=[ANA], admins=[BRUNO])
        world.api.hidden = {ANA: LID, BRUNO: LID_2}
        world.api.lids = {LID: ANA, LID_2: BRUNO}
        world.want(admins=(ANA,))
        assert outcomes(world.operate(allow=frozenset({"no-admin-left"}))) == {
            "promote": "done",
            "demote": "done",
        }
        assert [args[1] for name, args in world.api.writes if name in ("promote", "demote")] == [
            (LID,),
            (LID_2,),
        ]
        assert [name for name, _ in world.api.calls].count("number_of") == 2
        assert world.state.groups["sales"].lids == {LID: ANA}
        world.assert_settled()

    def test_everybody_is_looked_up_once_a_run_and_in_managed_groups_alone(self) -> None:
        world = World(backend="waha")
        for n in range(3):
            world.bound(f"g{n}", participants=[ANA, BRUNO])
            world.want(f"g{n}")
        world.api.seed("Nobody's", participants=[CARLOS])
        world.api.hidden = {ANA: LID, BRUNO: LID_2, CARLOS: "3@lid"}
        world.operate()
        assert sorted(args[0] for name, args in world.api.calls if name == "number_of") == [LID, LID_2]  # type: ignore[type-var]

    def test_a_group_that_is_found_by_its_subject_is_managed_as_well(self) -> None:
        world = World(backend="waha")
        world.api.seed("Sales", participants=[ANA])
        world.api.hidden = {ANA: LID}
        world.api.lids = {LID: ANA}
        world.want(admins=(ANA,))
        assert [change.kind for change in entry(world.plan()).changes] == ["adopt_group", "promote"]
        world.operate()
        world.assert_settled()

    def test_whom_contacts_or_the_list_tell_is_not_looked_up(self) -> None:
        world = World(backend="waha")
        world.bound(participants=[ANA, BRUNO])
        world.api.hidden = {ANA: LID, BRUNO: LID_2}
        world.api.told = {BRUNO}
        world.want(admins=(Person((ANA,), "ana", lids=(LID,)), BRUNO))
        assert outcomes(world.operate()) == {"promote": "done"}
        assert "number_of" not in [name for name, _ in world.api.calls]
        world.assert_settled()

    def test_who_is_added_and_hides_their_number_then_is_not_added_again(self) -> None:
        world = World(backend="waha")
        world.bound()
        world.want(members=(ANA,), join="add")
        world.api.hidden = {ANA: LID}
        result = world.operate()
        assert outcomes(result) == {"add_members": "failed"}
        assert problem_code(result, "add_members") == "not_seen"
        world.forget_calls()
        result = world.operate()
        assert world.written == []
        assert [each.maybe for each in group_of(result).to_invite] == [True]

    def test_a_leaver_who_is_hidden_is_removed_once_contacts_say_who_they_are(self) -> None:
        world = World(backend="waha")
        world.bound(participants=[ANA])
        world.api.hidden = {ANA: LID}
        world.want()
        world.leavers = (Person((ANA,), "ana", left=LEFT),)
        assert group_of(world.operate()).action == "blocked"
        assert world.written == []
        world.leavers = (Person((ANA,), "ana", left=LEFT, lids=(LID,)),)
        assert outcomes(world.operate()) == {"remove_participants": "done"}
        assert world.live().participants == (ACCOUNT,)
        world.assert_settled()

    def test_a_run_after_which_a_leaver_may_be_hidden_is_not_green_whoever_joins(self) -> None:
        world = World(backend="waha")
        group_id = world.bound(participants=[ANA, BRUNO])
        world.api.hidden = {BRUNO: LID}
        world.want(members=(), prune_members=True)
        world.leavers = (Person((ANA,), "ana", left=LEFT),)

        def somebody(name: str) -> None:
            if name == "remove_participants":
                world.api.join(group_id, CARLOS)

        world.api.before_call = somebody
        result = world.operate()
        assert outcomes(result) == {"remove_participants": "done"}
        assert group_of(result).action == "blocked"

    def test_closing_puts_out_everybody_hidden_or_not(self) -> None:
        world = World(backend="waha")
        group_id = world.bound(participants=[ANA, BRUNO, CARLOS], admins=[ANA])
        world.api.hidden = {ANA: LID, BRUNO: LID_2}
        world.want(ensure=Ensure.CLOSED)
        result = world.operate(allow=frozenset({"remove-many"}))
        assert set(outcomes(result).values()) == {"done"}
        assert len(outcome(result, "remove_participants").change.people) == 3  # type: ignore[union-attr]
        assert world.api.group(group_id).participants == ()
