"""Leaving, closing and revoking: what cannot be undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import CredentialsError, NotFound, NotSent, Refused, Unclear
from reconciler.model.desired import Person
from reconciler.model.group import Ensure
from reconciler.model.live import GroupList
from reconciler.model.record import Record
from tests.apply.world import (
    ANA,
    BRUNO,
    CARLOS,
    LEFT,
    STRANGER,
    Journal,
    Killed,
    World,
    entry,
    group_of,
    outcome,
    outcomes,
    picture,
    problem_code,
)
from tests.fakes import ACCOUNT

RESET = Unclear("the connection broke before the answer", code="reset", retry=True)
CLOSING = ["revoke_link", "remove_participants", "leave_group"]


def closing() -> World:
    world = World()
    world.bound(participants=[ANA, BRUNO], admins=[ANA])
    world.want(ensure=Ensure.CLOSED)
    return world


def test_a_group_is_closed_by_revoking_removing_and_leaving() -> None:
    world = closing()
    group_id = world.state.groups["sales"].id
    assert outcomes(world.apply()) == dict.fromkeys(CLOSING, "done")
    assert [name for name in world.written if name != "get_link"] == [
        "revoke_link",
        "remove_participants",
        "leave",
    ]
    assert world.api.group(group_id).participants == ()
    assert world.state.groups == {}
    world.assert_settled()


@pytest.mark.parametrize("method", ["revoke_link", "remove_participants"])
@pytest.mark.parametrize("how", ["lie", "refuse", "unclear for good"])
def test_a_group_is_not_left_before_everything_else_is_seen(method: str, how: str) -> None:
    world = closing()
    match how:
        case "lie":
            world.api.fail(method, when="lie", times=None)
        case "refuse":
            world.api.fail(method, Refused("no", status=400, code="http_400"), times=None)
        case _:
            world.api.fail(method, RESET, times=None)
    ended = outcomes(world.apply())
    assert ended[method] == "failed"
    assert ended["leave_group"] == "skipped"
    if method == "revoke_link":
        assert ended["remove_participants"] == "skipped", "they could come back by the old link"
    assert "leave" not in world.written
    assert "sales" in world.state.groups
    world.api.heal()
    world.apply()
    world.assert_settled()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["revoke_link", "remove_participants", "leave"])
def test_closing_survives_unclear_answers(method: str, when: str) -> None:
    world = closing()
    world.api.fail(method, RESET, when=when)  # type: ignore[arg-type]
    assert outcomes(world.apply()) == dict.fromkeys(CLOSING, "done")
    world.assert_settled()


def test_a_lying_leave_is_failed_and_the_binding_stays() -> None:
    world = World()
    world.bound(participants=[ANA], admins=[ANA])
    world.want(ensure=Ensure.LEFT)
    world.api.fail("leave", when="lie")
    assert outcomes(world.apply()) == {"leave_group": "failed"}
    assert "sales" in world.state.groups
    world.apply()
    assert world.state.groups == {}
    world.assert_settled()


def test_leaving_while_the_account_is_not_configured_is_seen_by_the_list() -> None:
    world = World()
    world.settings = replace(world.settings, account=())
    group_id = world.bound(participants=[ANA, BRUNO], admins=[ANA, BRUNO])
    world.want(ensure=Ensure.LEFT)
    leave = world.api.writer.leave

    def leave_and_stay_readable(group_id: str) -> None:
        leave(group_id)
        gone = world.api.group(group_id)
        world.api.reader.get_group = lambda group_id: gone  # type: ignore[method-assign]

    world.api.writer.leave = leave_and_stay_readable  # type: ignore[method-assign]
    assert outcomes(world.apply()) == {"leave_group": "done"}
    assert group_id not in world.api.ids()


def test_a_group_that_answers_400_while_it_is_listed_has_not_been_left() -> None:
    world = World()
    world.bound(participants=[ANA], admins=[ANA])
    world.want(ensure=Ensure.LEFT)
    world.api.fail("get_group", NotFound("bad value", status=400, code="http_400"), nth=2)
    result = world.apply()
    assert outcomes(result) == {"leave_group": "skipped"}
    assert "sales" in world.state.groups


def test_the_last_other_admin_leaving_meanwhile_keeps_the_account_in() -> None:
    world = World()
    group_id = world.bound(participants=[ANA, BRUNO], admins=[ANA])
    world.want(ensure=Ensure.LEFT)
    result = world.apply(meanwhile=lambda: world.api.leave(group_id, ANA))
    assert outcomes(result) == {"leave_group": "skipped"}
    assert problem_code(result, "leave_group") == "changed_since_planned"
    assert outcomes(world.apply(allow=frozenset({"leave-no-admin"}))) == {"leave_group": "done"}


def test_a_group_left_by_hand_is_as_wanted() -> None:
    world = World()
    group_id = world.bound(participants=[ANA], admins=[ANA])
    world.want(ensure=Ensure.LEFT)
    world.api.leave(group_id, ACCOUNT)
    world.apply()
    assert world.written == []
    assert world.state.groups == {}


def test_an_orphan_is_left_with_prune_only() -> None:
    world = World()
    group_id = world.bound("former", participants=[ANA], admins=[ANA])
    world.want()
    world.apply()
    assert world.written == ["create_group"]
    assert entry(world.plan(), "former").action == "orphaned"
    assert outcomes(world.apply(prune=True), "former") == {"leave_group": "done"}
    assert group_id not in world.api.ids()
    assert set(world.state.groups) == {"sales"}
    world.assert_settled(prune=True)


def test_an_orphan_that_is_gone_is_forgotten() -> None:
    world = World()
    group_id = world.bound("former", participants=[ANA], admins=[ANA])
    world.bound()
    world.want()
    world.api.leave(group_id, ACCOUNT)
    world.apply()
    assert set(world.state.groups) == {"sales"}


def test_a_renamed_manifest_that_is_to_be_left_leaves_no_orphan_behind() -> None:
    world = World()
    group_id = world.bound("former", participants=[ANA], admins=[ANA])
    world.want(ensure=Ensure.LEFT, id=group_id)
    world.apply()
    assert world.state.groups == {}


# The link


def revoking() -> World:
    world = World()
    group_id = world.bound(participants=[ANA])
    world.state = world.state.with_record("sales", Record(id=group_id, link_version=1))
    world.want(link_version=2)
    return world


def test_raising_the_link_version_revokes_the_link_once() -> None:
    world = revoking()
    before = world.api.writer.get_link(world.state.groups["sales"].id)
    world.forget_calls()
    assert outcomes(world.apply()) == {"revoke_link": "done"}
    assert world.written.count("revoke_link") == 1
    assert world.api.link(world.state.groups["sales"].id) != before
    assert world.state.groups["sales"].link_version == 2
    world.assert_settled()


def test_without_an_earlier_version_nothing_is_revoked() -> None:
    world = World()
    world.bound(participants=[ANA])
    world.want(link_version=3)
    world.apply()
    assert world.written == []
    assert world.state.groups["sales"].link_version == 3


def test_a_lower_version_revokes_nothing_and_says_so() -> None:
    world = revoking()
    world.want(link_version=0)
    assert entry(world.plan()).changes == ()
    assert "raised" in entry(world.plan()).notes[0].text


def test_a_lying_revocation_is_failed_and_tried_again() -> None:
    world = revoking()
    world.api.fail("revoke_link", when="lie")
    assert outcomes(world.apply()) == {"revoke_link": "failed"}
    assert world.state.groups["sales"].link_version == 1
    world.apply()
    world.assert_settled()


def test_a_link_that_cannot_be_read_before_is_not_revoked_because_nobody_could_see_it() -> None:
    world = revoking()
    world.api.fail("get_link", RESET)
    result = world.apply()
    assert outcomes(result) == {"revoke_link": "failed"}
    assert "revoke_link" not in world.written
    problem = outcome(result, "revoke_link").problem
    assert problem is not None
    assert "link could not be read" in problem.message


def test_a_junk_link_is_replaced_by_a_proper_one() -> None:
    world = revoking()
    world.api.fail("get_link", Unclear("no invite link", code="junk_link", retry=True))
    assert outcomes(world.apply()) == {"revoke_link": "done"}


def test_a_new_link_that_cannot_be_read_is_unknown() -> None:
    world = revoking()
    world.api.fail("get_link", RESET, nth=2, times=None)
    assert outcomes(world.apply()) == {"revoke_link": "unknown"}
    assert world.state.groups["sales"].link_version == 1


def links_known(world: World) -> None:
    """Somebody has asked for the link before, so that reading it makes none."""
    for record in world.state.groups.values():
        world.api.writer.get_link(record.id)
    world.forget_calls()


def killed_at(world: World, nth: int, *, after: bool) -> None:
    """A run that dies at its nth call, with what was durable left; sooner where it has fewer."""
    calls = 0

    def before(name: str) -> None:
        nonlocal calls
        calls += 1
        if calls > nth or (calls == nth and not after):
            calls = nth + 1
            raise Killed

    world.api.before_call = before
    if after:
        world.api.fail("*", Killed(), when="after", nth=nth)  # type: ignore[arg-type]
    try:
        reading = world.read()
        plan = world.decide(reading)
        journal = Journal(world.state)
        journal.dead = lambda: calls > nth or len(world.api.calls) >= nth
        world.carry_out(plan, reading, journal)
    except Killed:
        pass
    finally:
        world.api.heal()
        world.api.before_call = lambda name: None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 12))
def test_killed_at_any_call_a_link_is_revoked_once(nth: int, after: bool) -> None:
    """Each revocation kills the link that was just handed out, and everybody sees a notice."""
    world = revoking()
    world.want(link_version=2, admins=[], members=[], prune_members=True)
    links_known(world)
    old = world.api.link(world.state.groups["sales"].id)
    killed_at(world, nth, after=after)
    revoked = world.written.count("revoke_link")
    world.forget_calls()
    world.apply()
    assert revoked + world.written.count("revoke_link") == 1
    assert world.api.link(world.state.groups["sales"].id) not in (old, None)
    assert world.state.groups["sales"].link_version == 2
    assert world.state.groups["sales"].revoking is None
    world.assert_settled()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 14))
def test_killed_at_any_call_a_group_is_closed_once(nth: int, after: bool) -> None:
    world = World()
    group_id = world.bound(participants=[ANA])
    world.want(ensure=Ensure.CLOSED)
    links_known(world)
    killed_at(world, nth, after=after)
    before = world.written.count("revoke_link") + world.written.count("leave")
    world.forget_calls()
    world.apply()
    assert before + world.written.count("revoke_link") + world.written.count("leave") == 2
    assert world.api.group(group_id).participants == ()
    world.assert_settled()


def test_a_version_raised_again_after_a_kill_revokes_the_new_link() -> None:
    world = revoking()
    links_known(world)
    world.api.fail("revoke_link", RESET, when="after")
    world.api.fail("get_link", RESET, nth=2, times=None)
    assert outcomes(world.apply()) == {"revoke_link": "unknown"}
    world.api.heal()
    present = world.api.writer.get_link(world.state.groups["sales"].id)
    world.want(link_version=3)
    assert outcomes(world.apply()) == {"revoke_link": "done"}
    assert world.api.link(world.state.groups["sales"].id) != present
    assert world.state.groups["sales"].link_version == 3


@pytest.mark.parametrize(
    "error",
    [
        Refused("not now", status=403, code="http_403"),
        NotSent("the connection was refused", code="no_connection"),
        CredentialsError("refused"),
    ],
    ids=["refused", "not sent", "credentials"],
)
def test_a_revocation_that_surely_was_none_is_not_begun(error: Exception) -> None:
    """Or a link that dies otherwise, months later, would count as revoked."""
    world = revoking()
    links_known(world)
    world.api.fail("revoke_link", error)
    assert outcomes(world.apply()) == {"revoke_link": "failed"}
    assert world.state.groups["sales"].revoking is None
    world.api.writer.revoke_link(world.state.groups["sales"].id)  # by phone
    world.forget_calls()
    assert outcomes(world.apply()) == {"revoke_link": "done"}
    assert world.written.count("revoke_link") == 1


@pytest.mark.parametrize("ensure", [Ensure.PRESENT, Ensure.CLOSED])
def test_a_revocation_that_nobody_asks_for_any_more_is_not_begun(ensure: Ensure) -> None:
    world = revoking()
    if ensure is Ensure.CLOSED:
        world.want(ensure=ensure)
    links_known(world)
    world.api.fail("revoke_link", when="lie")
    world.apply()
    assert world.state.groups["sales"].revoking is not None
    world.want(link_version=1)
    world.apply()
    assert world.state.groups["sales"].revoking is None


def test_a_link_reset_by_hand_while_a_revocation_was_open_is_not_revoked_again() -> None:
    world = revoking()
    links_known(world)
    world.api.fail("revoke_link", when="lie")
    assert outcomes(world.apply()) == {"revoke_link": "failed"}
    world.api.writer.revoke_link(world.state.groups["sales"].id)
    world.forget_calls()
    assert outcomes(world.apply()) == {"revoke_link": "done"}
    assert "revoke_link" not in world.written
    world.assert_settled()


def test_the_intent_is_durable_before_a_link_is_revoked_and_its_end_before_anything_else() -> None:
    world = revoking()
    world.want(link_version=2, admins=[], members=[], prune_members=True)
    seen: dict[str, tuple[bool, int | None]] = {}

    def before(name: str) -> None:
        record = world.journal.saved.groups.get("sales", world.state.groups["sales"])
        seen[name] = (record.revoking is not None, record.link_version)

    world.api.before_call = before
    world.apply()
    assert seen["revoke_link"] == (True, 1)
    assert seen["remove_participants"] == (False, 2)


@pytest.mark.parametrize("fails_at", [1, 2])
def test_what_cannot_be_recorded_of_a_link_is_followed_by_nothing(fails_at: int) -> None:
    world = revoking()
    world.want(link_version=2, admins=[], members=[], prune_members=True)
    result = world.apply(fails_at=fails_at, fails_for=9)
    assert result.unsaved is not None
    assert "remove_participants" not in world.written
    assert world.written.count("revoke_link") == (0 if fails_at < 2 else 1)
    world.apply()
    assert world.written.count("revoke_link") == 1
    world.assert_settled()


# What was left


def after_leaving(how: str) -> tuple[World, str]:
    world = World()
    group_id = world.bound(participants=[ANA], admins=[ANA])
    world.want(ensure=Ensure.CLOSED if how == "closed" else Ensure.LEFT)
    if how == "pruned":
        del world.manifests["sales"]
        world.want("other")
    world.apply(prune=how == "pruned")
    assert group_id not in world.api.ids()
    return world, group_id


@pytest.mark.parametrize("how", ["left", "closed", "pruned"])
def test_what_was_left_is_made_again_only_where_that_is_allowed(how: str) -> None:
    world, group_id = after_leaving(how)
    world.assert_settled()
    world.want()
    planned = entry(world.plan())
    assert (planned.action, planned.id, planned.changes) == ("missing", group_id, ())
    day = world.state.left["sales"].at
    assert f"{day:%Y-%m-%d}" in planned.notes[0].text
    assert "--allow recreate" in planned.notes[0].text
    world.forget_calls()
    world.apply()
    assert world.written == []
    assert outcomes(world.apply(allow=frozenset({"recreate"}))) == {"create_group": "done"}
    assert world.state.left == {}
    world.assert_settled()


@pytest.mark.parametrize("how", ["left", "closed"])
def test_while_it_is_to_be_left_the_plan_says_since_when_it_is(how: str) -> None:
    world, group_id = after_leaving(how)
    planned = entry(world.plan())
    assert (planned.action, planned.id) == ("none", group_id)
    assert planned.notes[0].text.startswith(how)
    assert "this manifest can go" in planned.notes[0].text
    del world.manifests["sales"]
    world.want("other")
    assert [group.name for group in world.plan().groups] == ["other"], "never orphaned"


@pytest.mark.parametrize("pinned", [False, True])
def test_what_was_left_is_gone_whatever_a_list_says_that_lags(pinned: bool) -> None:
    """The list still names it, and asking for it answers that it is not there: no contradiction."""
    world, group_id = after_leaving("left")
    world.want(ensure=Ensure.LEFT, id=group_id if pinned else None)
    world.want("new", subject="New")
    list_groups = world.api.reader.list_groups
    world.api.reader.list_groups = lambda: GroupList((*list_groups().ids, group_id))  # type: ignore[method-assign]
    result = world.apply()
    assert (result.complete, outcomes(result, "new")) == (True, {"create_group": "done"})
    assert outcomes(result) == {}


def test_a_group_that_goes_on_answering_is_left_all_the_same() -> None:
    """It is listed and names its people, without the account: a new one can be made, of that very subject."""
    world, group_id = after_leaving("left")
    list_groups, read = world.api.reader.list_groups, world.api.reader.get_group
    world.api.reader.list_groups = lambda: GroupList((*list_groups().ids, group_id))  # type: ignore[method-assign]
    world.api.reader.get_group = (  # type: ignore[method-assign]
        lambda asked: world.api.group(asked) if asked == group_id else read(asked)
    )
    world.want()
    assert entry(world.plan()).action == "missing"
    assert outcomes(world.apply(allow=frozenset({"recreate"}))) == {"create_group": "done"}


def test_who_is_in_a_group_again_that_was_to_be_left_is_told() -> None:
    world, group_id = after_leaving("left")
    world.api.join(group_id, ACCOUNT)
    world.want("other")
    planned = entry(world.plan())
    assert planned.action == "none"
    assert "again" in planned.notes[0].text


def test_a_group_that_the_account_is_in_again_is_no_longer_left() -> None:
    world, group_id = after_leaving("left")
    world.api.join(group_id, ACCOUNT)
    world.api.promote(group_id, ACCOUNT)
    world.want()
    planned = entry(world.plan())
    assert (planned.action, planned.id) == ("adopt", group_id)
    world.apply()
    assert world.state.left == {}
    world.assert_settled()


def test_a_listed_group_that_names_the_account_no_more_has_not_been_left() -> None:
    """An answer that lacks people is a contradiction, and no leaving."""
    world = World()
    group_id = world.bound(participants=[ANA], admins=[ANA])
    world.want(ensure=Ensure.LEFT)
    world.api.leave(group_id, ACCOUNT)
    world.api.reader.list_groups = lambda: GroupList((group_id,))  # type: ignore[method-assign]
    read = world.api.group(group_id)
    world.api.reader.get_group = lambda group_id: read  # type: ignore[method-assign]
    result = world.apply()
    assert (group_of(result).action, result.complete) == ("unreadable", False)
    assert "sales" in world.state.groups


# Adoption, and people who have left the company


def test_a_renamed_manifest_takes_its_group_along_in_one_step() -> None:
    world = World()
    group_id = world.bound("former", subject="Sales", participants=[ANA])
    world.want()
    steps: list[set[str]] = []
    world.api.before_call = lambda name: steps.append(set(world.journal.saved.groups))
    result = world.apply()
    assert outcomes(result) == {"adopt_group": "done"}
    assert world.state.groups["sales"].id == group_id
    assert set(world.state.groups) == {"sales"}
    assert all(len(names) <= 1 for names in steps)
    assert world.written == []
    world.assert_settled()


def test_a_group_is_never_on_record_under_two_names() -> None:
    world = World()
    world.bound("former", subject="Sales", participants=[ANA])
    world.want(admins=[ANA])
    seen: list[list[str]] = []

    def look(name: str) -> None:
        seen.append([record.id for record in world.journal.saved.groups.values()])

    world.api.before_call = look
    for fails_at in (1, 2, 3):
        world.apply(fails_at=fails_at)
    assert all(len(ids) == len(set(ids)) for ids in seen)


def test_a_pinned_id_takes_the_record_of_the_former_name_along() -> None:
    world = World()
    group_id = world.bound("former", subject="Sales", participants=[ANA])
    world.state = world.state.with_record("former", Record(id=group_id, link_version=3))
    world.want(id=group_id, link_version=3)
    world.apply()
    assert set(world.state.groups) == {"sales"}
    assert world.state.groups["sales"].link_version == 3


def test_an_adoption_that_cannot_be_recorded_writes_nothing_else() -> None:
    world = World()
    group_id = world.api.seed("Sales", participants=[ANA])
    world.want(icon=picture(), admins=[ANA])
    result = world.apply(fails_at=1)
    assert outcomes(result) == {"adopt_group": "failed", "set_icon": "skipped", "promote": "skipped"}
    assert result.bind == (("sales", group_id),)
    assert world.written == []


def test_a_leaver_is_demoted_and_removed_where_people_are_not_managed() -> None:
    world = World()
    world.bound(participants=[ANA, CARLOS], admins=[ANA, CARLOS])
    world.want()
    world.leavers = (Person((CARLOS,), "carlos", left=LEFT),)
    assert outcomes(world.apply()) == {"demote": "done", "remove_participants": "done"}
    assert set(world.live().participants) == {ACCOUNT, ANA}
    world.assert_settled()


def test_somebody_elses_group_is_not_adopted() -> None:
    world = World()
    world.api.seed("Sales", creator=STRANGER, account="admin")
    world.want()
    world.apply()
    assert world.written == []
    assert entry(world.plan()).action == "blocked"
