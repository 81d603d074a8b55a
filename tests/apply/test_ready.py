"""Runs that only promote who has joined since: whatever else the plan holds stays exactly as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reconciler.cli.exits import of_apply
from reconciler.errors import Exit, ReconcilerError, Refused, Unclear
from reconciler.model import number
from reconciler.model.change import RevokeLink, SetIcon
from reconciler.model.desired import Person
from reconciler.model.group import Ensure, Hold
from reconciler.model.outcome import ApplyResult
from reconciler.model.plan import GroupPlan
from reconciler.operations.apply import promote
from tests.apply.world import (
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    ELISA,
    STRANGER,
    Journal,
    World,
    entry,
    group_of,
    kinds,
    outcomes,
    picture,
    problem_code,
)
from tests.fakes import ACCOUNT

NO = Refused("the API said no", code="http_400", status=400)
RESET = Unclear("the connection broke", code="reset")


def ready(
    world: World, appeared: Mapping[str, frozenset[str]] | None = None, *, say: bool = True, **wishes: Any
) -> ApplyResult:
    """A whole run, after which the world goes on with what it had made durable."""
    journal = world.journal = Journal(world.state)
    try:
        return promote(
            world.loaded,
            world.options(**wishes),
            world.ports(journal),
            appeared=appeared,
            approve=lambda plan: say and not plan.open_objections,
        )
    finally:
        if world.keeps_state:
            world.state = journal.saved


def waiting(**wanted: Any) -> World:
    """`sales` is as wanted, but for ana and bruno, who should be admins and have yet to join."""
    world = World()
    world.want(**{"admins": [ANA, BRUNO], "members": [CARLOS], **wanted})
    world.apply()
    world.forget_calls()
    return world


def calls(world: World) -> list[str]:
    return [name for name, _ in world.api.calls]


# --- nothing else -----------------------------------------------------------------------------------------


def busy() -> tuple[World, str]:
    """Everything that an apply can do is due somewhere, and ana has joined where all of it is due."""
    world = waiting(icon=picture(), link_version=1)
    group_id = world.state.groups["sales"].id
    world.want("gone", admins=[ELISA])
    world.want("orphan")
    for name, ensure in (("left", Ensure.LEFT), ("closed", Ensure.CLOSED)):
        world.bound(name, participants=[DORA], admins=[DORA])
        world.want(name, ensure=ensure)
    world.apply(targets=("gone", "orphan"))
    del world.manifests["orphan"]
    world.api.leave(world.state.groups["gone"].id, ACCOUNT)
    world.want(
        subject="New subject",
        icon=picture("red"),
        admins=[ANA, BRUNO],
        members=[CARLOS],
        prune_members=True,
        link_version=2,
    )
    world.api.join(group_id, ANA, STRANGER, DORA, ELISA)
    world.api.promote(group_id, ELISA)
    world.want("created", subject="Yet to be", admins=[ANA])
    world.api.seed("Found", participants=[DORA])
    world.want("found", subject="Found", admins=[CARLOS])
    world.leavers = (Person((DORA,), left=date(2026, 1, 1)),)
    world.forget_calls()
    return world, group_id


def settled(group: GroupPlan) -> list[object]:
    """What is due besides promotions; of a picture the address is signed anew on every look."""
    return [
        change.after if isinstance(change, SetIcon) else change
        for change in group.changes
        if change.kind != "promote"
    ]


def test_of_a_plan_full_of_changes_only_the_promotion_is_made() -> None:
    world, group_id = busy()
    before, was = world.state, world.plan(prune=True)
    everything = {change.kind for group in was.groups for change in group.changes}
    assert everything == {
        "create_group",
        "adopt_group",
        "set_subject",
        "set_icon",
        "promote",
        "demote",
        "revoke_link",
        "remove_participants",
        "leave_group",
    }
    assert entry(was, "gone").action == "missing"
    world.forget_calls()

    result = ready(world)
    assert world.api.writes == [("promote", (group_id, (ANA,)))]
    assert outcomes(result) == {"promote": "done"}
    assert group_of(result, "gone").action == "missing"
    assert of_apply(result, ready=True) is Exit.OK, "what else is due is no failure of this run"
    assert not {"get_icon", "fetch_icon", "get_link"} & set(calls(world))

    record = before.groups["sales"]
    missing = {ref: since for ref, since in record.missing.items() if ref != ANA}
    known = replace(record, joined=(*record.joined, ANA), missing=missing)
    # Who has joined is taken note of, and nothing is bound, forgotten or called applied.
    assert world.state == replace(before, groups=before.groups | {"sales": known})
    now = world.plan(prune=True)
    assert "promote" not in kinds(entry(now).changes)
    assert any(isinstance(change, RevokeLink) for change in entry(now).changes)
    for group in was.groups:
        assert settled(entry(now, group.name)) == settled(group), "what was due is still due"


def test_a_second_run_writes_nothing() -> None:
    world, _ = busy()
    ready(world)
    world.forget_calls()
    result = ready(world)
    assert world.written == []
    assert all(not group.outcomes for group in result.groups)
    assert of_apply(result, ready=True) is Exit.OK


def test_a_declined_question_writes_nothing() -> None:
    world, _ = busy()
    before = world.state
    result = ready(world, say=False)
    assert (world.written, world.state) == ([], before)
    assert of_apply(result, ready=True) is Exit.PARTIAL


# --- who has joined since ---------------------------------------------------------------------------------


def test_somebody_demoted_by_hand_is_left_to_a_full_apply() -> None:
    world = waiting()
    group_id = world.live().id
    world.api.join(group_id, ANA)
    world.apply()
    world.api.demote(group_id, ANA)
    world.api.join(group_id, BRUNO)
    world.forget_calls()
    ready(world)
    assert world.api.writes == [("promote", (group_id, (BRUNO,)))]
    ready(world)
    assert set(world.live().admins) == {ACCOUNT, BRUNO}
    world.apply()
    assert set(world.live().admins) == {ACCOUNT, ANA, BRUNO}


@pytest.mark.parametrize("by", ["apply", "ready"])
def test_a_promotion_that_failed_is_made_by_the_next_run(by: str) -> None:
    world = waiting()
    world.api.join(world.live().id, ANA)
    world.api.fail("promote", NO, times=None)
    result = world.apply() if by == "apply" else ready(world)
    assert outcomes(result)["promote"] == "failed"
    assert of_apply(result, ready=True) is Exit.PARTIAL
    world.api.heal()
    world.forget_calls()
    assert outcomes(ready(world)) == {"promote": "done"}
    assert world.written == ["promote"]


def test_who_was_demoted_after_a_run_that_only_promotes_is_told_from_who_joins() -> None:
    """Newly wanted, promoted before any full apply, demoted by hand: not promoted again on the side."""
    world = waiting()
    world.want(admins=[ANA, BRUNO, DORA], members=[CARLOS])
    world.api.join(world.live().id, DORA)
    assert outcomes(ready(world)) == {"promote": "done"}
    world.api.demote(world.live().id, DORA)
    world.forget_calls()
    ready(world)
    assert world.written == []


def test_several_join_and_members_stay_members() -> None:
    world = waiting()
    world.api.join(world.live().id, BRUNO, CARLOS, ANA)
    result = ready(world)
    assert world.api.writes == [("promote", (world.live().id, (ANA, BRUNO)))]
    assert group_of(result).plan is not None
    assert of_apply(result, ready=True) is Exit.OK
    world.assert_settled()


def test_one_who_leaves_again_before_the_call_is_not_promoted() -> None:
    world = waiting()
    world.api.join(world.live().id, ANA)

    def approve(plan: Any) -> bool:
        world.api.leave(world.live().id, ANA)
        return True

    promote(world.loaded, world.options(), world.ports(), appeared=None, approve=approve)
    assert world.written == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_looked_at_before_anything_is_sent_again(when: str) -> None:
    world = waiting()
    world.api.join(world.live().id, ANA)
    world.api.fail("promote", RESET, when=when)  # type: ignore[arg-type]
    assert outcomes(ready(world)) == {"promote": "done"}
    assert world.written == ["promote"] * (1 if when == "after" else 2)


# --- the fewest reads -------------------------------------------------------------------------------------


def test_only_groups_that_wait_for_an_admin_are_read() -> None:
    world = waiting()
    world.want("full", admins=[DORA])
    world.bound("full", participants=[DORA], admins=[DORA])
    world.want("unmanaged", members=[ELISA])
    world.bound("unmanaged")
    world.apply()
    world.forget_calls()
    assert [group.name for group in ready(world).groups] == ["sales"]
    assert world.api.calls == [("list_groups", ()), ("get_group", (world.live().id,))]


def test_where_nobody_is_awaited_nothing_is_called() -> None:
    world = waiting()
    world.api.join(world.live().id, ANA, BRUNO)
    world.apply()
    world.forget_calls()
    assert ready(world).groups == ()
    assert world.api.calls == []


def test_a_target_narrows_it() -> None:
    world = waiting()
    world.api.join(world.live().id, ANA)
    world.want("other", admins=[DORA])
    world.bound("other", participants=[DORA])
    world.forget_calls()
    ready(world, targets=("oth*",))
    assert world.api.writes == [("promote", (world.state.groups["other"].id, (DORA,)))]


# --- without a record -------------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_state", [True, False])
def test_without_a_record_groups_are_found_and_nothing_is_bound(keeps_state: bool) -> None:
    world = waiting()
    group_id = world.live().id
    world.api.join(group_id, ANA)
    world.keeps_state, world.state = keeps_state, replace(world.state, groups={})
    world.forget_calls()
    result = ready(world)
    assert world.api.writes == [("promote", (group_id, (ANA,)))]
    assert (of_apply(result, ready=True), world.state.groups) == (Exit.OK, {})


# --- what stands in the way -------------------------------------------------------------------------------


def test_a_group_on_hold_is_not_written() -> None:
    world = waiting()
    world.api.join(world.live().id, ANA)
    world.want(admins=[ANA, BRUNO], hold=Hold("campaign"))
    result = ready(world)
    assert world.written == []
    assert (group_of(result).action, of_apply(result, ready=True)) == ("held", Exit.OK)


def test_where_the_account_is_no_admin_whoever_joined_is_reported() -> None:
    world = waiting()
    group_id = world.live().id
    world.api.join(group_id, STRANGER)
    world.api.promote(group_id, STRANGER)
    world.api.demote(group_id, ACCOUNT)
    assert of_apply(ready(world), ready=True) is Exit.OK, "nobody has joined, so nothing had to be done"
    world.api.join(group_id, ANA)
    result = ready(world)
    assert (group_of(result).action, world.written) == ("blocked", [])
    assert of_apply(result, ready=True) is Exit.PARTIAL


def test_what_cannot_be_read_ends_1() -> None:
    world = waiting()
    world.want("other", admins=[DORA])
    world.bound("other", participants=[DORA])
    world.api.fail("get_group", RESET, times=1)
    result = ready(world)
    assert of_apply(result, ready=True) is Exit.ERROR
    assert world.written == ["promote"], "one group's failure does not stop the others"


def test_a_promotion_that_is_not_seen_failed() -> None:
    world = waiting()
    world.api.join(world.live().id, ANA)
    world.api.fail("promote", when="lie", times=None)
    assert problem_code(ready(world), "promote") == "not_seen"


def test_a_wrong_account_ends_the_run() -> None:
    world = waiting()
    world.api.join(world.live().id, ANA)
    world.settings = replace(world.settings, account=(STRANGER,))
    with pytest.raises(ReconcilerError, match="not in the one group"):
        ready(world)
    assert world.written == []


def test_two_ids_of_one_person_are_left_alone() -> None:
    eva = "5519988880001"
    world = waiting(admins=[eva])
    world.api.join(world.live().id, eva, eva[:4] + eva[5:])
    ready(world)
    assert world.written == []


# --- only who was heard of --------------------------------------------------------------------------------


def key(digits: str) -> frozenset[str]:
    return frozenset({number.key(digits)})


def test_only_who_was_heard_of_in_that_group() -> None:
    world = waiting()
    world.want("other", admins=[ANA, BRUNO])
    other = world.bound("other", participants=[ANA, BRUNO])
    group_id = world.live().id
    world.api.join(group_id, ANA, BRUNO)
    world.forget_calls()
    ready(world, {group_id: key(ANA), "120363999999999999": key(BRUNO)})
    assert world.api.writes == [("promote", (group_id, (ANA,)))]
    assert ("get_group", (other,)) not in world.api.calls


@pytest.mark.parametrize("who", [STRANGER, CARLOS, BRUNO])
def test_a_message_makes_nobody_admin_who_is_not_wanted_or_not_in(who: str) -> None:
    world = waiting()
    world.api.join(world.live().id, STRANGER, CARLOS)
    ready(world, {world.live().id: key(who)})
    assert world.written == []


def test_without_a_record_a_message_counts_for_its_own_group() -> None:
    world = waiting()
    world.want("other", admins=[ANA])
    other = world.bound("other", participants=[ANA])
    group_id = world.live().id
    world.api.join(group_id, ANA)
    world.keeps_state, world.state = False, replace(world.state, groups={})
    world.forget_calls()
    ready(world, {other: key(ANA)})
    assert world.api.writes == [("promote", (other, (ANA,)))]


def test_who_is_to_be_added_first_waits_for_a_full_apply() -> None:
    world = World(backend="waha")
    world.bound(participants=[BRUNO])
    world.want(admins=(ANA, BRUNO), join="add")
    ready(world)
    assert [(name, args[1]) for name, args in world.api.writes] == [("promote", (f"{BRUNO}@c.us",))]
