"""A create that is never made twice, whatever becomes of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.errors import CredentialsError, NotFound, NotSent, RateLimited, Refused, Unclear
from reconciler.model.change import AdoptGroup
from reconciler.model.record import Intent
from tests.apply.world import (
    ANA,
    World,
    entry,
    group_of,
    kinds,
    outcomes,
    picture,
    problem_code,
    statuses,
)
from tests.fakes import ACCOUNT

RESET = Unclear("the connection broke before the answer", code="reset", retry=True)
TIMEOUT = Unclear("the answer did not come in time", code="timeout", retry=True)
FAILED = Unclear("the API failed (HTTP 500)", status=500, code="http_500", retry=True)
GATEWAY = Unclear("the API failed (HTTP 504)", status=504, code="http_504", retry=True)
WAITED = Unclear("the API gave up waiting (HTTP 408)", status=408, code="http_408", retry=True)
CUT = Unclear("the answer was cut short", status=200, code="truncated", retry=True)
GARBAGE = Unclear("the answer is no JSON", status=200, code="bad_answer", retry=True)
UNCLEAR = (RESET, TIMEOUT, FAILED, GATEWAY, WAITED, CUT, GARBAGE)


def _name(error: Unclear) -> str:
    return f"{error.code}-{error.status}"


@pytest.mark.parametrize("lag", [0.0, 5.0])
@pytest.mark.parametrize("error", UNCLEAR, ids=_name)
def test_an_answer_lost_after_the_create_is_found_in_the_list(error: Unclear, lag: float) -> None:
    world = World(lag=lag)
    world.want(icon=picture())
    world.api.fail("create_group", error, when="after")
    result = world.apply()
    assert outcomes(result) == {"create_group": "done", "set_icon": "done"}
    assert world.written.count("create_group") == 1
    assert len(world.with_subject("Sales")) == 1
    world.wait(lag)
    world.assert_settled()


@pytest.mark.parametrize("lag", [0.0, 5.0])
@pytest.mark.parametrize("error", UNCLEAR, ids=_name)
def test_an_answer_lost_before_the_create_leaves_it_to_the_next_run(error: Unclear, lag: float) -> None:
    world = World(lag=lag)
    world.want(icon=picture())
    world.api.fail("create_group", error)
    result = world.apply()
    assert outcomes(result) == {"create_group": "unknown", "set_icon": "skipped"}
    assert problem_code(result, "create_group") == error.code
    assert world.written == ["create_group"]
    assert outcomes(world.apply()) == {"create_group": "done", "set_icon": "done"}
    assert len(world.with_subject("Sales")) == 1
    world.wait(lag)
    world.assert_settled()


def test_a_group_that_is_listed_only_after_the_run_is_found_by_the_next() -> None:
    world = World(lag=11.0)
    world.want()
    world.api.fail("create_group", RESET, when="after")
    assert outcomes(world.apply()) == {"create_group": "unknown"}
    world.wait(3)
    plan = world.plan()
    assert [change for change in entry(plan).changes if isinstance(change, AdoptGroup)] == [
        AdoptGroup(world.with_subject("Sales")[0], "create")
    ]
    assert outcomes(world.apply()) == {"adopt_group": "done"}
    assert world.written == ["create_group"]


def test_two_live_groups_of_the_subject_are_for_a_person_to_decide() -> None:
    world = World()
    world.want()
    world.api.fail("create_group", RESET)
    world.apply()
    twins = {world.api.seed("Sales"), world.api.seed("Sales")}
    (note,) = entry(world.plan()).notes
    assert entry(world.plan()).action == "blocked"
    assert set(note.ids) == twins
    assert "`id:`" in note.text


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_definite_no_fails_and_leaves_no_trace(status: int) -> None:
    world = World()
    world.want(icon=picture())
    world.api.fail("create_group", Refused("too many groups", status=status, code=f"http_{status}"))
    result = world.apply()
    assert outcomes(result) == {"create_group": "failed", "set_icon": "skipped"}
    assert problem_code(result, "create_group") == f"http_{status}"
    assert world.written == ["create_group"]
    assert world.state.creating == {}


def test_refused_credentials_fail_with_their_own_code() -> None:
    world = World()
    world.want()
    world.api.fail("create_group", CredentialsError("the API refused the credentials"))
    assert problem_code(world.apply(), "create_group") == "credentials"


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("too many requests", status=429, code="http_429", retry=True),
        RateLimited("too many requests", status=420, code="http_420", retry=True),
        NotSent("the connection was refused", code="no_connection", retry=True),
    ],
    ids=["429", "420", "not-sent"],
)
def test_what_surely_made_nothing_is_sent_again_after_another_look_at_the_list(error: Exception) -> None:
    world = World()
    world.want()
    world.api.fail("create_group", error, times=2)
    result = world.apply()
    assert outcomes(result) == {"create_group": "done"}
    calls = [name for name, _ in world.api.calls]
    first = calls.index("create_group")
    assert calls[first:][:5] == ["create_group", "list_groups", "create_group", "list_groups", "create_group"]
    assert len(world.with_subject("Sales")) == 1


def test_an_api_that_refuses_for_good_is_given_up() -> None:
    world = World()
    world.want()
    world.api.fail("create_group", RateLimited("too many", status=429, code="http_429"), times=None)
    assert problem_code(world.apply(), "create_group") == "http_429"
    assert world.state.creating == {}


def test_the_intent_is_durable_before_the_call_and_the_id_before_anything_else() -> None:
    world = World()
    earlier = world.api.seed("Other")
    world.want(icon=picture())
    seen: list[tuple[str, dict[str, Intent], list[str]]] = []

    def look(name: str) -> None:
        saved = world.journal.saved
        seen.append((name, dict(saved.creating), [record.id for record in saved.groups.values()]))

    world.api.before_call = look
    world.apply()
    at = next(index for index, (name, *_) in enumerate(seen) if name == "create_group")
    intent = seen[at][1]["sales"]
    assert (intent.subject, intent.listed) == ("Sales", (earlier,))
    created = world.with_subject("Sales")
    assert [bound for _, _, bound in seen[at + 1 :]] == [created] * len(seen[at + 1 :])
    assert seen[at + 1 :], "something was called after the create"


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_when_the_state_cannot_be_written_no_further_group_is_begun(fails_at: int) -> None:
    """Steps of a group: 1 the intent, 2 the id, 3 the record."""
    world = World()
    for name in ("alpha", "beta", "gamma"):
        world.want(name, icon=picture())
    result = world.apply(fails_at=fails_at, fails_for=float("inf"))
    assert result.unsaved is not None
    assert result.unsaved.code == "state"
    assert "free some space" in result.unsaved.hint
    made = len(world.with_subject("Alpha"))
    assert made == (0 if fails_at == 1 else 1)
    bind = [("alpha", world.with_subject("Alpha")[0])] if fails_at == 2 else []
    assert list(result.bind) == bind
    for name in ("beta", "gamma"):
        assert set(outcomes(result, name).values()) == {"skipped"}
        assert world.with_subject(name.capitalize()) == []
    world.apply()
    world.assert_settled()
    for subject in ("Alpha", "Beta", "Gamma"):
        assert len(world.with_subject(subject)) == 1


def test_an_intent_that_cannot_be_taken_back_stops_the_run_and_confuses_no_later_one() -> None:
    world = World()
    world.want("alpha")
    world.want("beta")
    world.api.fail("create_group", Refused("no", status=400, code="http_400"))
    result = world.apply(fails_at=2)
    assert outcomes(result, "alpha") == {"create_group": "failed"}
    assert outcomes(result, "beta") == {"create_group": "skipped"}
    assert result.unsaved is not None
    world.apply()
    world.assert_settled()


@pytest.mark.parametrize("age", [0.0, 4.0, 9.0])
def test_a_create_that_has_just_begun_elsewhere_is_waited_for(age: float) -> None:
    world = World(lag=6.0)
    world.want()
    world.state = world.state.with_intent("sales", Intent("Sales", (), world.clock.now()))
    world.api.writer.create_group("Sales")  # the run that made it was killed before it could say so
    world.wait(age)
    world.apply()
    assert len(world.with_subject("Sales")) == 1
    world.wait(6)
    world.assert_settled()


@pytest.mark.parametrize("kept", [True, False], ids=["state", "none"])
@pytest.mark.parametrize("lag", [15.0, 25.0, 55.0])
def test_a_group_that_is_listed_late_is_never_made_again(lag: float, kept: bool) -> None:
    """Whoever got no answer to a create waits for the list to catch up, and so does the next run at once."""
    world = World(lag=lag)
    world.want()
    world.want("other", subject="Other")
    world.keeps_state = kept
    if not kept:  # nobody will know later that this was unclear
        world.timeouts = replace(world.timeouts, unclear=60.0)
    world.api.fail("create_group", RESET, when="after", times=2)
    first = world.apply()
    assert set(statuses(first)) == ({"unknown"} if kept else {"done"})
    noted = entry(world.plan()).notes
    assert not kept or lag < 21 or "an earlier run began to create it" in noted[0].text
    world.apply()
    assert len(world.with_subject("Sales")) == len(world.with_subject("Other")) == 1
    assert world.written.count("create_group") == 2
    assert not kept or lag < 21 or "other, sales" in world.told[-1]
    assert world.clock.elapsed < 130, "both are waited for side by side"
    world.wait(lag)
    world.assert_settled()


@pytest.mark.parametrize("skew", [timedelta(minutes=5), -timedelta(minutes=5), timedelta(days=400)])
def test_a_create_that_made_nothing_is_waited_for_once_and_no_longer_whatever_the_clocks_say(
    skew: timedelta,
) -> None:
    world = World()
    world.want()
    world.state = world.state.with_intent("sales", Intent("Sales", (), world.clock.now() + skew))
    assert outcomes(world.apply()) == {"create_group": "done"}
    assert world.clock.elapsed <= 61
    world.assert_settled()


def test_a_stop_ends_the_waiting() -> None:
    world = World()
    world.want()
    world.state = world.state.with_intent("sales", Intent("Sales", (), world.clock.now()))
    world.api.before_call = lambda name: setattr(world.clock, "stopping", len(world.api.calls) > 3)
    assert outcomes(world.apply()) == {"create_group": "skipped"}
    assert world.with_subject("Sales") == []
    assert "sales" in world.state.creating


GONE = NotFound("the API knows no such group", status=404, code="http_404")
EMPTY = NotFound("the API knows no such group (it answered with an empty list)", code="not_found")


@pytest.mark.parametrize("kept", [True, False], ids=["state", "none"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("answer", [GONE, EMPTY], ids=["404", "empty"])
def test_a_listed_group_that_answers_that_it_is_not_there_is_made_no_second_time(
    answer: NotFound, times: int, kept: bool
) -> None:
    """State is lost, and the one answer by which the group would be found is wrong."""
    world = World()
    world.api.seed("Sales", participants=[ANA])
    world.keeps_state = kept
    world.want()
    world.api.fail("get_group", answer, times=times)
    result = world.apply()
    assert world.with_subject("Sales") == list(world.api.ids())
    assert result.complete == (times == 1), "asked once more"
    assert group_of(result).action == ("unreadable" if times == 2 else "adopt" if kept else "none")
    world.api.heal()
    world.apply()
    world.assert_settled()


def test_twelve_listed_groups_that_answer_that_they_are_not_there_are_made_no_second_time() -> None:
    world = World()
    for n in range(12):
        world.api.seed(f"Group {n}")
        world.want(f"group-{n}", subject=f"Group {n}")
    world.api.fail("get_group", GONE, times=24)
    result = world.apply()
    assert (world.written, result.complete) == ([], False)


def test_a_group_that_is_not_listed_any_more_was_never_there() -> None:
    """Left between the list and the question: what is really gone keeps nobody waiting."""
    world = World()
    other = world.api.seed("Other")
    world.want()

    def leave(name: str) -> None:
        if name == "get_group" and other in world.api.ids():
            world.api.leave(other, ACCOUNT)

    world.api.before_call = leave
    assert outcomes(world.apply()) == {"create_group": "done"}
    world.assert_settled()


def test_a_group_that_appears_and_cannot_be_read_may_be_the_one() -> None:
    world = World()
    world.want()

    def appear() -> None:
        world.api.seed("Sales")
        world.api.fail("get_group", GONE, times=None)

    result = world.apply(meanwhile=appear)
    assert problem_code(result, "create_group") == "changed_since_planned"
    assert len(world.with_subject("Sales")) == 1


def test_an_ignored_group_is_never_asked_for_and_in_nobodys_way() -> None:
    world = World()
    broken = world.api.seed("Broken")
    world.api.fail("get_group", GONE, times=None)
    world.want()
    assert entry(world.plan()).action == "unreadable"
    world.settings = replace(world.settings, ignore=(broken,))
    world.forget_calls()
    plan = world.plan()
    assert entry(plan).action == "create"
    assert [note.ids for note in plan.notes] == [(broken,)]
    assert [stray.id for stray in plan.unmanaged] == []
    world.api.heal()
    assert outcomes(world.apply()) == {"create_group": "done"}
    assert ("get_group", (broken,)) not in world.api.calls


def test_an_intent_from_a_clock_that_was_ahead_is_waited_for_as_well() -> None:
    world = World(lag=6.0)
    world.want()
    ahead = world.clock.now() + timedelta(minutes=3)
    world.state = world.state.with_intent("sales", Intent("Sales", (), ahead))
    world.api.writer.create_group("Sales")
    world.apply()
    assert len(world.with_subject("Sales")) == 1


def test_an_old_intent_is_not_waited_for() -> None:
    world = World()
    world.want()
    old = world.clock.now() - timedelta(hours=1)
    world.state = world.state.with_intent("sales", Intent("Sales", (), old))
    assert outcomes(world.apply()) == {"create_group": "done"}
    assert world.clock.slept == []


def test_a_subject_changed_after_the_kill_takes_the_group_and_leaves_the_rest_to_the_next_run() -> None:
    world = World(lag=6.0)
    world.want(subject="New")
    world.state = world.state.with_intent("sales", Intent("Sales", (), world.clock.now()))
    world.api.writer.create_group("Sales")
    world.apply()
    assert len(world.api.ids()) == 1
    world.wait(6)
    world.apply()
    assert world.live().subject == "New"
    world.wait(6)
    world.assert_settled()


def test_somebody_else_creating_the_subject_meanwhile_is_no_reason_for_a_second_one() -> None:
    world = World()
    world.want()
    result = world.apply(meanwhile=lambda: world.api.seed("Sales"))
    assert outcomes(result) == {"create_group": "skipped"}
    assert problem_code(result, "create_group") == "changed_since_planned"
    assert world.written == []
    assert kinds(entry(world.plan()).changes) == ["adopt_group"]


def test_an_answer_that_names_an_older_group_is_no_answer() -> None:
    world = World()
    older = world.bound("older", subject="Older")
    world.want("older")
    world.want()
    make = world.api.writer.create_group

    def create_group(subject: str, people: Sequence[str] = ()) -> str:
        make(subject)
        return older

    world.api.writer.create_group = create_group  # type: ignore[method-assign]
    result = world.apply()
    assert group_of(result).id == world.with_subject("Sales")[0] != older


def test_creations_are_counted_for_the_guard() -> None:
    world = World()
    for n in range(3):
        world.want(f"group-{n}")
    world.apply()
    assert len(world.state.created) == 3


def test_lists_that_cannot_be_read_after_an_unclear_create_leave_it_unknown() -> None:
    world = World()
    world.want()
    world.api.fail("create_group", RESET, when="after")
    world.api.fail("list_groups", FAILED, nth=3, times=None)
    assert outcomes(world.apply()) == {"create_group": "unknown"}
    world.api.heal()
    world.apply()
    assert len(world.with_subject("Sales")) == 1


def test_credentials_refused_while_looking_for_a_created_group_leave_it_unknown() -> None:
    world = World()
    world.want()
    world.api.fail("create_group", RESET, when="after")
    world.api.fail("list_groups", CredentialsError("refused"), nth=3, times=None)
    assert outcomes(world.apply()) == {"create_group": "unknown"}


def test_a_new_group_is_recorded_with_what_was_applied() -> None:
    world = World()
    world.want(link_version=4, admins=[ANA])
    world.apply()
    record = world.state.groups["sales"]
    assert record.applied is not None
    assert (record.applied.subject, record.link_version) == ("Sales", 4)


def test_without_a_kept_state_a_group_is_made_once_and_found_again() -> None:
    world = World()
    world.keeps_state = False
    world.want(icon=picture())
    world.apply()
    assert len(world.with_subject("Sales")) == 1
    assert world.state == replace(world.state, groups={})
    world.assert_settled()
