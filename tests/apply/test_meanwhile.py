"""What somebody else does while a run is under way: green is what the last reading shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from reconciler.cli.exits import of_apply
from reconciler.errors import Exit, Refused, Unclear
from reconciler.model.desired import Person
from reconciler.model.group import Ensure
from reconciler.model.live import LiveGroup
from tests.apply.world import (
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    STRANGER,
    World,
    group_of,
    outcomes,
    picture,
    problem_code,
    statuses,
)
from tests.fakes import ACCOUNT

Hand = Callable[[World, str], None]


def during(world: World, method: str, hand: Hand, *, nth: int = 1) -> str:
    """Let somebody act just after the effect of a call, and before anything is read again."""
    group_id = world.state.groups["sales"].id
    original = getattr(world.api.writer, method)
    seen: list[str] = []

    def act(*arguments: object) -> object:
        answer = original(*arguments)
        seen.append(method)
        if len(seen) == nth:
            hand(world, group_id)
        return answer

    setattr(world.api.writer, method, act)
    return group_id


def promoting() -> World:
    """A group in which ana is to be promoted, and bruno is admin as he should be."""
    world = World()
    world.bound(participants=[ANA, BRUNO, CARLOS], admins=[BRUNO])
    world.want(admins=[ANA, BRUNO], members=[CARLOS], prune_members=True)
    return world


HANDS: dict[str, tuple[Hand, str]] = {
    "renames": (lambda world, id_: world.api.set_subject(id_, "Ours now"), "set_subject"),
    "promotes": (lambda world, id_: world.api.promote(id_, CARLOS), "demote"),
    "lets in and promotes": (
        lambda world, id_: (world.api.join(id_, STRANGER), world.api.promote(id_, STRANGER))[0],
        "demote",
    ),
    "demotes": (lambda world, id_: world.api.demote(id_, BRUNO), "promote"),
}


@pytest.mark.parametrize(("hand", "kind"), HANDS.values(), ids=HANDS)
def test_what_somebody_else_changes_meanwhile_is_told(hand: Hand, kind: str) -> None:
    world = promoting()
    during(world, "promote", hand)
    result = world.apply()
    found = [one for one in group_of(result).outcomes if one.status != "done"]
    assert [(one.change.kind, one.status) for one in found] == [(kind, "skipped")]
    assert found[0].problem is not None
    assert (found[0].problem.code, found[0].problem.retry) == ("changed_during_run", True)
    assert [change.kind for group in world.plan().groups for change in group.changes if change.kind == kind]
    assert set(statuses(world.apply())) == {"done"}
    world.assert_settled()


def test_of_a_new_group_as_well() -> None:
    world = World()
    world.want(icon=picture())
    original = world.api.writer.set_icon

    def upload(group_id: str, data: bytes, mime: str) -> None:
        original(group_id, data, mime)
        world.api.set_subject(group_id, "Ours now")

    world.api.writer.set_icon = upload  # type: ignore[method-assign]
    world.want(icon=picture(), link_version=1)
    result = world.apply()
    assert outcomes(result) == {"create_group": "done", "set_icon": "done"}, "icons are no part of the group"
    world.api.writer.set_icon = original  # type: ignore[method-assign]

    world.want("bare")
    create = world.api.writer.create_group

    def rename(subject: str, people: Sequence[str] = ()) -> str:
        group_id = create(subject)
        world.api.set_subject(group_id, "Ours now")
        return group_id

    world.api.writer.create_group = rename  # type: ignore[method-assign]
    result = world.apply()
    (skipped,) = [one for one in group_of(result, "bare").outcomes if one.status == "skipped"]
    assert skipped.change.kind == "set_subject"


def test_our_own_change_taken_back_after_it_was_seen_is_told() -> None:
    """A promotion is seen before the demotion is sent, and taken back just after that."""
    world = World()
    world.bound(participants=[ANA, BRUNO, CARLOS], admins=[BRUNO, CARLOS])
    world.want(admins=[ANA, BRUNO])
    during(world, "demote", lambda world, id_: world.api.demote(id_, ANA))
    result = world.apply()
    ended = [(one.change.kind, one.status) for one in group_of(result).outcomes]
    assert ended == [("promote", "done"), ("demote", "done"), ("promote", "skipped")]


def test_a_change_that_failed_is_told_once() -> None:
    world = promoting()
    world.api.fail("promote", when="lie")
    assert outcomes(world.apply()) == {"promote": "failed"}
    assert len(group_of(world.apply()).outcomes) == 1


@pytest.mark.parametrize("who", [DORA, STRANGER])
def test_somebody_joining_is_no_change_of_that_run(who: str) -> None:
    world = promoting()
    world.want(admins=[ANA, BRUNO, DORA], members=[CARLOS], prune_members=True)
    during(world, "promote", lambda world, id_: world.api.join(id_, who))
    result = world.apply()
    assert outcomes(result) == {"promote": "done"}
    assert [change.kind for group in world.plan().groups for change in group.changes] == [
        "promote" if who == DORA else "remove_participants"
    ]


def test_what_others_did_is_never_recorded_as_applied() -> None:
    world = promoting()
    during(world, "promote", lambda world, id_: world.api.set_subject(id_, "Ours now"))
    world.apply()
    applied = world.state.groups["sales"].applied
    assert applied is not None
    assert applied.subject == "Sales"


def test_a_reading_that_fails_says_nothing_about_others() -> None:
    world = promoting()
    during(world, "promote", lambda world, id_: world.api.set_subject(id_, "Ours now"))
    broken = Unclear("the API failed", status=500, code="http_500", retry=True)
    world.api.fail("get_group", broken, nth=3, times=None)
    result = world.apply()
    assert problem_code(result, "promote") == "http_500"
    assert statuses(result) == {"unknown"}


def test_whoever_was_to_be_replaced_stays_where_the_replacement_is_gone_again() -> None:
    """A new number is made admin, and leaves before the old one is demoted: the old one keeps its place."""
    ana = Person((STRANGER, ANA))
    world = World()
    world.bound(participants=[ANA, STRANGER, BRUNO], admins=[ANA, BRUNO])
    world.want(admins=[ana, BRUNO])
    during(world, "promote", lambda world, id_: world.api.leave(id_, STRANGER))
    result = world.apply()
    assert ANA in world.live().admins
    assert "demote" not in world.written
    assert statuses(result) == {"done"}
    world.assert_settled()


def test_nor_is_anybody_removed_by_a_call_that_is_sent_again() -> None:
    """The answer is lost before the effect, and the replacement leaves before the call is sent again."""
    ana = Person((STRANGER, ANA))
    world = World()
    group_id = world.bound(participants=[ANA, STRANGER, BRUNO], admins=[])
    world.want(admins=[ana], members=[], prune_members=True)
    world.api.fail("remove_participants", Unclear("lost", code="reset", retry=True))
    world.api.before_call = lambda name: (
        world.api.leave(group_id, STRANGER) if "remove_participants" in world.written else None
    )
    assert set(statuses(world.apply())) == {"done"}
    removed = [arguments[1] for name, arguments in world.api.writes if name == "remove_participants"]
    assert removed == [(ANA, BRUNO), (BRUNO,)]
    world.assert_settled()


def test_a_call_that_nobody_needs_any_more_is_not_sent_again() -> None:
    ana = Person((STRANGER, ANA))
    world = World()
    group_id = world.bound(participants=[ANA, STRANGER], admins=[])
    world.want(admins=[ana], members=[], prune_members=True)
    world.api.fail("remove_participants", Unclear("lost", code="reset", retry=True))
    world.api.before_call = lambda name: (
        world.api.leave(group_id, STRANGER) if "remove_participants" in world.written else None
    )
    assert set(statuses(world.apply())) == {"done"}
    assert world.written.count("remove_participants") == 1
    world.assert_settled()


def test_what_somebody_else_has_done_already_is_not_sent_again() -> None:
    world = World()
    world.bound(participants=[ANA, BRUNO, CARLOS], admins=[CARLOS])
    world.want(admins=[ANA, BRUNO])
    during(world, "promote", lambda world, id_: world.api.demote(id_, CARLOS))
    assert outcomes(world.apply()) == {"promote": "done", "demote": "done"}
    assert "demote" not in world.written
    world.assert_settled()


def test_the_icon_of_a_group_that_an_earlier_create_made_is_looked_at() -> None:
    world = World(lag=12.0)
    world.want(icon=None)
    create = world.api.writer.create_group

    def lose(subject: str, people: Sequence[str] = ()) -> str:
        world.api.set_icon(create(subject), picture())
        raise Unclear("the connection broke before the answer", code="reset", retry=True)

    world.api.writer.create_group = lose  # type: ignore[method-assign]
    assert outcomes(world.apply()) == {"create_group": "unknown"}
    result = world.apply()
    assert outcomes(result) == {"create_group": "done", "remove_icon": "skipped"}
    world.api.lag = 0.0
    assert outcomes(world.apply()) == {"remove_icon": "done"}
    world.assert_settled()


def test_an_account_that_is_put_out_meanwhile_leaves_a_blocked_group() -> None:
    """The service goes on answering for a group that the account is not in any more."""
    world = promoting()
    group_id = world.state.groups["sales"].id
    read = world.api.reader.get_group
    out: list[bool] = []

    def answers(asked: str) -> LiveGroup:
        return world.api.group(asked) if out else read(asked)

    def put_out(world: World, id_: str) -> None:
        world.api.leave(id_, ACCOUNT)
        out.append(True)

    world.api.reader.get_group = answers  # type: ignore[method-assign]
    during(world, "promote", put_out)
    result = world.apply()
    assert outcomes(result) == {"promote": "done"}
    assert (group_of(result).action, group_of(result).id) == ("blocked", group_id)
    assert of_apply(result) == Exit.PARTIAL


def test_another_subject_than_ours_is_somebody_elses() -> None:
    world = World()
    world.bound(subject="Old")
    world.want()
    during(world, "set_subject", lambda world, id_: world.api.set_subject(id_, "Ours now"))
    result = world.apply()
    assert outcomes(result) == {"set_subject": "skipped"}
    assert problem_code(result, "set_subject") == "changed_during_run"


def test_a_group_that_cannot_be_left_is_told_of_by_that_alone() -> None:
    world = World()
    world.bound(participants=[ANA])
    world.want(ensure=Ensure.CLOSED)
    world.api.fail("leave", Refused("no", status=403, code="http_403"), times=None)
    assert [(one.change.kind, one.status) for one in group_of(world.apply()).outcomes] == [
        ("revoke_link", "done"),
        ("remove_participants", "done"),
        ("leave_group", "failed"),
    ]
