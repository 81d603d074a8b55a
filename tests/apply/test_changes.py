"""Changes of a group that exists: sent once, seen, and recorded, whatever the API answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from reconciler.errors import CredentialsError, NotSent, RateLimited, Refused, Unclear
from reconciler.model.outcome import ApplyResult, Outcome
from tests.apply.world import (
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    ELISA,
    STRANGER,
    World,
    entry,
    outcome,
    outcomes,
    picture,
    problem_code,
)
from tests.fakes import ACCOUNT, FakeApi

RESET = Unclear("the connection broke before the answer", code="reset", retry=True)
NO = Refused("bad value", status=400, code="http_400")
CROWD = tuple(f"55119000001{n:02}" for n in range(45))


def sized(world: World, method: str) -> list[int]:
    """How many people each call of `method` named."""
    return [len(args[1]) for name, args in world.api.calls if name == method]  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    """A group in which everything differs: subject, icon, one to promote, one to demote, one to remove."""
    world = World()
    world.bound(subject="Old", participants=[ANA, BRUNO, CARLOS, DORA], admins=[BRUNO, CARLOS])
    world.want(icon=picture(), admins=[ANA, BRUNO], members=[CARLOS], prune_members=True)
    return world


EVERYTHING = ["set_subject", "set_icon", "promote", "demote", "remove_participants"]


def test_every_field_is_made_so_with_one_write_each(world: World) -> None:
    result = world.apply()
    assert outcomes(result) == dict.fromkeys(EVERYTHING, "done")
    assert world.written == EVERYTHING
    live = world.live()
    assert live.subject == "Sales"
    assert set(live.admins) == {ACCOUNT, ANA, BRUNO}
    assert set(live.participants) == {ACCOUNT, ANA, BRUNO, CARLOS}
    world.assert_settled()


def test_reads_that_lag_three_seconds_still_end_done_with_one_write_each() -> None:
    world = World(lag=3.0)
    world.bound(subject="Old", participants=[ANA, BRUNO, CARLOS, DORA], admins=[BRUNO, CARLOS])
    world.want(icon=picture(), admins=[ANA, BRUNO], members=[], prune_members=True)
    assert outcomes(world.apply()) == dict.fromkeys(EVERYTHING, "done")
    assert world.written == EVERYTHING
    world.assert_settled()


def test_a_new_group_gets_its_icon_although_reads_lag() -> None:
    world = World(lag=3.0)
    world.want(icon=picture())
    assert outcomes(world.apply()) == {"create_group": "done", "set_icon": "done"}
    assert world.written == ["create_group", "set_icon"]
    world.wait(3)
    world.assert_settled()


@pytest.mark.parametrize("method", EVERYTHING)
def test_a_lying_200_is_failed_and_nothing_else_is_claimed(world: World, method: str) -> None:
    world.api.fail(method, when="lie")
    result = world.apply()
    assert outcome(result, method).status == "failed"
    assert problem_code(result, method) == "not_seen"
    world.apply()
    world.assert_settled()


def test_a_promotion_that_is_not_seen_is_followed_by_nothing_destructive(world: World) -> None:
    world.api.fail("promote", when="lie")
    result = world.apply()
    assert outcomes(result) == {
        "set_subject": "done",
        "set_icon": "done",
        "promote": "failed",
        "demote": "skipped",
        "remove_participants": "skipped",
    }
    assert world.written == ["set_subject", "set_icon", "promote"]
    assert set(world.live().admins) == {ACCOUNT, BRUNO, CARLOS}


def test_a_promotion_is_seen_by_a_read_before_a_demotion_is_sent(world: World) -> None:
    world.apply()
    calls = [name for name, _ in world.api.calls]
    assert "get_group" in calls[calls.index("promote") : calls.index("demote")]


@pytest.mark.parametrize("error", [NO, RESET, CredentialsError("refused"), NotSent("no connection")])
def test_a_promotion_that_failed_is_followed_by_nothing_destructive(world: World, error: Exception) -> None:
    world.api.fail("promote", error, times=None)
    result = world.apply()
    assert outcomes(result)["promote"] in ("failed", "unknown")
    assert outcomes(result)["demote"] == outcomes(result)["remove_participants"] == "skipped"
    assert set(world.written) == {"set_subject", "set_icon", "promote"}


def test_a_demotion_that_failed_keeps_people_in(world: World) -> None:
    world.api.fail("demote", NO, times=None)
    result = world.apply()
    assert outcomes(result)["demote"] == "failed"
    assert outcomes(result)["remove_participants"] == "skipped"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("lag", [0.0, 3.0, 9.0])
@pytest.mark.parametrize("method", EVERYTHING)
def test_after_an_unclear_answer_only_what_is_needed_is_sent(method: str, lag: float, when: str) -> None:
    world = World(lag=lag)
    world.bound(subject="Old", participants=[ANA, BRUNO, CARLOS, DORA], admins=[BRUNO, CARLOS])
    world.want(icon=picture(), admins=[ANA, BRUNO], members=[], prune_members=True)
    world.api.fail(method, RESET, when=when)  # type: ignore[arg-type]
    assert outcomes(world.apply()) == dict.fromkeys(EVERYTHING, "done")
    assert world.written.count(method) == (1 if when == "after" else 2)
    world.assert_settled()


def test_a_verification_that_cannot_be_read_is_unknown(world: World) -> None:
    world.want()
    world.api.fail("get_group", RESET, nth=3, times=None)
    result = world.apply()
    assert outcomes(result) == {"set_subject": "unknown"}
    problem = outcome(result, "set_subject").problem
    assert problem is not None
    assert "could not be read" in problem.message
    world.api.heal()
    world.assert_settled()


def test_an_icon_host_that_fails_leaves_the_icon_unknown_and_the_people_done(world: World) -> None:
    world.api.fail("fetch_icon", RESET, times=None)
    result = world.apply()
    assert outcomes(result) == {
        "set_subject": "done",
        "set_icon": "unknown",
        "promote": "done",
        "demote": "done",
        "remove_participants": "done",
    }
    world.api.heal()
    assert outcomes(world.apply()) == {}
    world.assert_settled()


@pytest.mark.parametrize("error", [RateLimited("too many", status=429, code="http_429"), NotSent("no")])
def test_what_surely_changed_nothing_is_failed(world: World, error: Exception) -> None:
    world.api.fail("set_subject", error)
    result = world.apply()
    assert outcomes(result)["set_subject"] == "failed"
    assert outcomes(result)["promote"] == "done"
    assert world.live().subject == "Old"


def test_credentials_refused_by_a_read_skip_the_group_and_lose_no_report(world: World) -> None:
    world.bound("other", subject="Other before")
    world.want("other")
    world.api.fail("get_group", CredentialsError("refused"), nth=3)
    result = world.apply()
    codes = {name: set(outcomes(result, name).values()) for name in ("sales", "other")}
    assert sorted(map(sorted, codes.values())) == [["done"], ["skipped"]]
    problems = [one.problem for group in result.groups for one in group.outcomes if one.status == "skipped"]
    assert {problem.code for problem in problems if problem} == {"credentials"}


def test_a_file_that_changed_meanwhile_fails_its_own_group_only() -> None:
    world = World()
    world.bound(icon=picture("navy"))
    world.want(icon=picture("teal"))
    world.bound("other", subject="Other before")
    world.want("other")
    result = world.apply(meanwhile=world.files.data.clear)
    assert set(outcomes(result).values()) <= {"failed", "skipped"}
    assert problem_code(result, "set_icon") == "picture"
    assert outcomes(result, "other") == {"set_subject": "done"}


@pytest.mark.parametrize("count", [20, 21, 45])
@pytest.mark.parametrize("kind", ["promote", "demote", "remove_participants"])
def test_people_go_in_calls_of_twenty(kind: str, count: int) -> None:
    crowd = CROWD[:count]
    world = World()
    world.bound(participants=crowd, admins=crowd if kind == "demote" else [])
    match kind:
        case "promote":
            world.want(admins=crowd)
        case "demote":
            world.want(admins=[])
        case _:
            world.want(members=[], prune_members=True)
    allow = frozenset({"demote-many", "remove-many", "no-admin-left"})
    assert outcomes(world.apply(allow=allow)) == {kind: "done"}
    assert sized(world, kind) == [min(20, count - start) for start in range(0, count, 20)]
    world.assert_settled()


@pytest.mark.parametrize("lag", [0.0, 3.0, 9.0])
@pytest.mark.parametrize("kind", ["promote", "demote", "remove_participants"])
def test_a_400_for_somebody_who_has_just_left_is_no_failure_of_the_others(kind: str, lag: float) -> None:
    world = World(lag=lag)
    group_id = world.bound(participants=CROWD, admins=CROWD if kind == "demote" else [])
    if kind == "remove_participants":
        world.want(members=[], prune_members=True)
    else:
        world.want(admins=CROWD if kind == "promote" else [])

    def leave(name: str) -> None:
        if name == kind and CROWD[3] in world.api.group(group_id).participants:
            world.api.leave(group_id, CROWD[3])

    world.api.before_call = leave
    allow = frozenset({"demote-many", "remove-many", "no-admin-left"})
    assert outcomes(world.apply(allow=allow)) == {kind: "done"}
    named = [wa_id for name, args in world.api.calls if name == kind for wa_id in args[1]]  # type: ignore[attr-defined]
    assert {named.count(wa_id) for wa_id in CROWD[20:]} == {1}, "what was accepted is not sent again"
    world.api.before_call = lambda name: None
    world.wait(lag)
    world.assert_settled(allow=allow)


def test_a_person_whom_the_api_refuses_for_good_fails_alone() -> None:
    world = World()
    group_id = world.bound(participants=[ANA, BRUNO])
    world.want(admins=[ANA, BRUNO])
    promote = world.api.writer.promote

    def refuse_bruno(group_id: str, wa_ids: Sequence[str]) -> None:
        if BRUNO in wa_ids:
            raise NO
        promote(group_id, wa_ids)

    world.api.writer.promote = refuse_bruno  # type: ignore[method-assign]
    assert outcomes(world.apply()) == {"promote": "failed"}
    assert set(world.api.group(group_id).admins) == {ACCOUNT, ANA}


def test_one_bad_group_of_fifty_stops_no_other() -> None:
    world = World()
    world.concurrency = 4
    for n in range(50):
        world.bound(f"group-{n:02}", subject=f"Old {n:02}")
        world.want(f"group-{n:02}", subject=f"New {n:02}")
    bad = world.state.groups["group-17"].id
    rename = world.api.writer.set_subject

    def refuse_one(group_id: str, subject: str) -> None:
        if group_id == bad:
            raise NO
        rename(group_id, subject)

    world.api.writer.set_subject = refuse_one  # type: ignore[method-assign]
    result = world.apply()
    for n in range(50):
        expected = "failed" if n == 17 else "done"
        assert outcomes(result, f"group-{n:02}") == {"set_subject": expected}


# Changed under our feet


def drifts(world: World, group_id: str) -> dict[str, tuple[Callable[[], object], dict[str, str]]]:
    """What somebody does between plan and write → how the changes end."""
    api: FakeApi = world.api

    def stranger_rules() -> None:
        api.join(group_id, STRANGER)
        api.promote(group_id, STRANGER)

    everything = dict.fromkeys(EVERYTHING, "done")
    skipped = dict.fromkeys(EVERYTHING, "skipped")
    return {
        "somebody to be promoted leaves": (lambda: api.leave(group_id, ANA), everything),
        "somebody to be demoted leaves": (lambda: api.leave(group_id, CARLOS), everything),
        "somebody to be removed leaves": (lambda: api.leave(group_id, DORA), everything),
        "the promotion is made by hand": (lambda: api.promote(group_id, ANA), everything),
        "the demotion is made by hand": (lambda: api.demote(group_id, CARLOS), everything),
        "the subject is set by hand": (lambda: api.set_subject(group_id, "Sales"), everything),
        "a stranger joins": (lambda: api.join(group_id, STRANGER), skipped),
        "a stranger is promoted": (stranger_rules, skipped),
        "a wanted admin is demoted": (lambda: api.demote(group_id, BRUNO), skipped),
        "another subject is set": (lambda: api.set_subject(group_id, "Mine"), skipped),
        "another icon is set": (lambda: api.set_icon(group_id, picture("navy")), skipped),
        "the account is demoted": (lambda: api.demote(group_id, ACCOUNT), skipped),
        "the account is put out": (lambda: api.leave(group_id, ACCOUNT), skipped),
    }


@pytest.mark.parametrize("what", list(drifts(World(), "")))
def test_between_plan_and_write_approved_changes_may_only_be_dropped(world: World, what: str) -> None:
    group_id = world.state.groups["sales"].id
    act, expected = drifts(world, group_id)[what]
    result = world.apply(meanwhile=act)
    assert outcomes(result) == expected
    if "skipped" in expected.values():
        assert world.written == []
        assert {one.problem.code for one in _ends(result) if one.problem} == {"changed_since_planned"}
        assert all("changed since planned" in one.problem.message for one in _ends(result) if one.problem)


def _ends(result: ApplyResult) -> list[Outcome]:
    return [one for group in result.groups for one in group.outcomes]


def test_dropped_changes_are_not_sent(world: World) -> None:
    group_id = world.state.groups["sales"].id

    def act() -> None:
        world.api.leave(group_id, DORA)
        world.api.set_subject(group_id, "Sales")
        world.api.demote(group_id, CARLOS)

    world.apply(meanwhile=act)
    assert world.written == ["set_icon", "promote"]


def test_nobody_is_demoted_once_the_only_other_admin_to_be_is_gone() -> None:
    world = World()
    group_id = world.bound(participants=[ANA, CARLOS], admins=[CARLOS])
    world.want(admins=[ANA])
    result = world.apply(meanwhile=lambda: world.api.leave(group_id, ANA))
    assert outcomes(result) == {"promote": "skipped", "demote": "skipped"}
    assert set(world.live().admins) == {ACCOUNT, CARLOS}


def test_a_promotion_undone_at_once_is_followed_by_no_demotion() -> None:
    world = World()
    world.bound(participants=[ANA, CARLOS], admins=[CARLOS])
    world.want(admins=[ANA])
    promote = world.api.writer.promote

    def promote_and_leave(group_id: str, wa_ids: Sequence[str]) -> None:
        promote(group_id, wa_ids)
        world.api.leave(group_id, ANA)

    world.api.writer.promote = promote_and_leave  # type: ignore[method-assign]
    result = world.apply()
    assert outcomes(result)["demote"] == "skipped"
    assert set(world.live().admins) == {ACCOUNT, CARLOS}


def test_a_group_that_cannot_be_read_again_is_left_alone(world: World) -> None:
    result = world.apply(meanwhile=lambda: world.api.fail("get_group", RESET))
    assert set(outcomes(result).values()) == {"skipped"}
    assert world.written == []


def test_a_group_that_is_gone_since_is_skipped(world: World) -> None:
    world.want(admins=[ANA, BRUNO, ELISA])
    group_id = world.state.groups["sales"].id
    result = world.apply(meanwhile=lambda: world.api.leave(group_id, ACCOUNT))
    assert set(outcomes(result).values()) == {"skipped"}
    assert entry(world.plan()).action == "missing"


def test_the_account_and_the_creator_are_never_named_in_a_destructive_call() -> None:
    world = World()
    world.bound(creator=STRANGER, participants=[ANA, BRUNO], admins=[ANA], account="admin")
    world.want(admins=[BRUNO], members=[], prune_members=True)
    assert set(outcomes(world.apply()).values()) == {"done"}
    live = world.live()
    assert set(live.admins) == {ACCOUNT, STRANGER, BRUNO}
    assert set(live.participants) == {ACCOUNT, STRANGER, BRUNO}
    world.assert_settled()
