"""One group's plan: the order of changes, holds, rights, links, and what a new group waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from reconciler.errors import Problem
from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    ChangePeople,
    CreateGroup,
    Invite,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import DesiredIcon
from reconciler.model.group import Ensure, Hold
from reconciler.model.live import Absent
from reconciler.model.plan import GroupPlan
from reconciler.model.record import IconRecord, Record, State
from reconciler.planning.group import ORDER, after, ordered
from tests.planning.build import (
    ACCOUNT,
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    NO_ICON,
    OLD_ACCOUNT,
    STRANGER,
    TODAY,
    entry,
    found,
    icon,
    ids_of,
    kinds,
    notes_of,
    people,
    person,
    plan_of,
    reading,
    served,
    settings,
    state,
    wanted,
)

X = "x-1"
A_PERSON = (Affected(ANA),)
ALL: tuple[Change, ...] = (
    CreateGroup("Sales"),
    AdoptGroup(X, "subject"),
    SetValue("subject", "a", "b"),
    SetValue("description", "", "b"),
    SetIcon(None, icon().picture),
    SetIcon(served(), None),
    SetValue("edit_info", "admins", "everyone"),
    ChangePeople("add_members", A_PERSON),
    ChangePeople("promote", A_PERSON),
    ChangePeople("demote", A_PERSON),
    RevokeLink(1, 2),
    ChangePeople("remove_participants", A_PERSON),
    LeaveGroup(),
)


def test_the_table_holds_every_change_once() -> None:
    assert [change.kind for change in ALL] == list(ORDER)
    assert [change.kind for change in ALL] == [
        "create_group",
        "adopt_group",
        "set_subject",
        "set_description",
        "set_icon",
        "remove_icon",
        "set_permission",
        "add_members",
        "promote",
        "demote",
        "revoke_link",
        "remove_participants",
        "leave_group",
    ]


def test_changes_are_put_in_order() -> None:
    assert ordered(reversed(ALL)) == ALL
    for some in permutations(ALL[5:9]):
        assert ordered(some) == ALL[5:9]


def test_a_plan_of_everything_is_in_order() -> None:
    known = State(groups={"sales": Record(id=X, link_version=1)})
    desired = wanted(
        icon=icon(), admins=people(ANA), members=(), prune_members=True, link_version=2, subject="New"
    )
    live = found(X, admins=[BRUNO], members=[ANA])
    plan = plan_of([desired], reading(live, icons={X: NO_ICON}), known)
    assert kinds(entry(plan).changes) == [
        "set_subject",
        "set_icon",
        "promote",
        "demote",
        "revoke_link",
        "remove_participants",
    ]
    assert entry(plan).notices == 6


def test_what_is_left_out_is_not_managed() -> None:
    live = found(X, subject="Anything", admins=[ANA], members=[BRUNO])
    plan = plan_of([wanted(subject=None, id=X)], reading(live))
    assert entry(plan).action == "none"


@pytest.mark.parametrize(("desired", "live"), [("Café", "Cafe\u0301"), ("Sales", "  Sales ")])
def test_a_subject_that_differs_only_in_form_is_no_change(desired: str, live: str) -> None:
    plan = plan_of([wanted(subject=desired)], reading(found(X, subject=live)), state(sales=X))
    assert entry(plan).changes == ()


# A new group


def test_a_new_group_gets_its_icon_and_waits_for_everybody_once() -> None:
    ana, bruno = people(ANA, BRUNO)
    us = person(ACCOUNT, alias="us")
    desired = wanted(icon=icon(), admins=(ana, us), members=(bruno, ana), link_version=1)
    planned = entry(plan_of([desired], reading()))
    assert kinds(planned.changes) == ["create_group", "set_icon"]
    assert planned.to_invite == (Invite(ana, "admin"), Invite(bruno, "member"))
    assert planned.notices == 0


def test_a_new_group_without_an_icon_has_none_to_remove() -> None:
    planned = entry(plan_of([wanted(icon=DesiredIcon(None))], reading()))
    assert kinds(planned.changes) == ["create_group"]


# Rights


@pytest.mark.parametrize("account", ["member", "absent"])
def test_a_group_in_which_the_account_is_no_admin_is_blocked_if_something_would_change(account: str) -> None:
    live = replace(
        found(X, creator=ANA, admins=[ANA], account=False),
        participants=(ANA, ACCOUNT) if account == "member" else (ANA,),
    )
    planned = entry(plan_of([wanted(subject="New")], reading(live), state(sales=X)))
    assert planned.action == "blocked"
    assert planned.changes == ()
    unchanged = entry(plan_of([wanted()], reading(live), state(sales=X)))
    assert unchanged.action == ("none" if account == "member" else "blocked")


def test_a_blocked_group_names_who_can_help() -> None:
    live = replace(found(X, admins=[ANA], account=False), participants=(ANA, ACCOUNT))
    assert ANA in notes_of(entry(plan_of([wanted(subject="New")], reading(live), state(sales=X))))
    nobody = replace(live, admins=())
    assert "nobody is admin" in notes_of(
        entry(plan_of([wanted(subject="New")], reading(nobody), state(sales=X)))
    )


def test_the_present_number_of_the_account_has_to_be_admin() -> None:
    live = replace(found(X, admins=[OLD_ACCOUNT], account=False), participants=(OLD_ACCOUNT, ACCOUNT))
    planned = entry(plan_of([wanted(subject="New")], reading(live), state(sales=X)))
    assert planned.action == "blocked"


def test_leaving_needs_no_right_but_closing_does() -> None:
    live = replace(found(X, admins=[ANA], account=False), participants=(ANA, ACCOUNT))
    for ensure, action in ((Ensure.LEFT, "leave"), (Ensure.CLOSED, "blocked")):
        assert entry(plan_of([wanted(ensure=ensure)], reading(live), state(sales=X))).action == action


def test_closing_names_everybody_but_the_protected() -> None:
    live = found(X, creator=STRANGER, admins=[STRANGER, ANA], members=[BRUNO, OLD_ACCOUNT])
    planned = entry(plan_of([wanted(ensure=Ensure.CLOSED)], reading(live), state(sales=X)))
    assert kinds(planned.changes) == ["revoke_link", "remove_participants", "leave_group"]
    (remove,) = [change for change in planned.changes if change.kind == "remove_participants"]
    assert ids_of(remove.people) == [ANA, BRUNO]


def test_a_removal_warns_of_the_way_back_unless_the_link_is_revoked_with_it() -> None:
    live = found(X, members=[ANA, BRUNO])
    desired = wanted(members=people(ANA), prune_members=True, link_version=2)
    for recorded, warned in ((2, True), (1, False)):
        record = State(groups={"sales": Record(id=X, link_version=recorded)})
        planned = entry(plan_of([desired], reading(live), record))
        assert "remove_participants" in kinds(planned.changes)
        assert ("can come back by the present invite link" in notes_of(planned)) is warned


# Hold


@pytest.mark.parametrize(("days", "action"), [(None, "held"), (1, "held"), (0, "held"), (-1, "blocked")])
@pytest.mark.parametrize("what", ["create", "update", "none", "adopt", "leave"])
def test_a_hold_lasts_up_to_and_including_its_day(what: str, days: int | None, action: str) -> None:
    hold = Hold("campaign", None if days is None else TODAY + timedelta(days=days))
    desired = {
        "create": wanted(hold=hold),
        "update": wanted(hold=hold, subject="New"),
        "none": wanted(hold=hold),
        "adopt": wanted(hold=hold),
        "leave": wanted(hold=hold, ensure=Ensure.LEFT),
    }[what]
    live = reading() if what == "create" else reading(found(X, admins=[ANA]))
    known = State() if what in ("create", "adopt") else state(sales=X)
    planned = entry(plan_of([desired], live, known))
    assert planned.action == action
    assert planned.changes == ()
    assert "campaign" in notes_of(planned)
    if action == "held":
        free = entry(plan_of([replace(desired, hold=None)], live, known))
        assert planned.withheld == free.changes


@pytest.mark.parametrize("held", [True, False])
def test_a_hold_covers_what_would_be_blocked_or_missing_but_never_what_cannot_be_read(held: bool) -> None:
    hold = Hold("campaign") if held else None
    powerless = replace(found(X, admins=[ANA], account=False), participants=(ANA, ACCOUNT))
    cases = [
        (wanted(hold=hold, subject="New"), reading(powerless), "blocked"),
        (wanted(hold=hold), reading(gone={X: Absent(404)}), "missing"),
        (wanted(hold=hold, id=X), reading(found(X), found("y-2")), "blocked"),
    ]
    knowns = [state(sales=X), state(sales=X), state(sales="y-2")]
    for (desired, live, without), known in zip(cases, knowns, strict=True):
        planned = entry(plan_of([desired], live, known))
        assert planned.action == ("held" if held else without)
        assert planned.notes, "the reason stays"
    unreadable = entry(plan_of([wanted(hold=hold)], reading(problems=[X]), state(sales=X)))
    assert unreadable.action == "unreadable"


def test_when_the_day_has_passed_a_missing_group_is_missing() -> None:
    over = Hold("campaign", TODAY - timedelta(days=1))
    assert (
        entry(plan_of([wanted(hold=over)], reading(gone={X: Absent(404)}), state(sales=X))).action
        == "missing"
    )


# Link and icon


@pytest.mark.parametrize(
    ("recorded", "desired", "changes"),
    [
        (None, 3, []),
        (1, 2, [RevokeLink(1, 2)]),
        (2, 2, []),
        (3, 2, []),
        (3, None, []),
    ],
)
def test_link_version(recorded: int | None, desired: int | None, changes: list[Change]) -> None:
    known = State(groups={"sales": Record(id=X, link_version=recorded)})
    planned = entry(plan_of([wanted(link_version=desired)], reading(found(X)), known))
    assert list(planned.changes) == changes
    assert ("raised" in notes_of(planned)) == (recorded == 3 and desired == 2)


def test_a_record_of_another_group_is_not_this_ones() -> None:
    record = Record(
        id="z-9", link_version=1, icon=IconRecord("a1", "s1", "https://cdn.example/1/a.png", 1000)
    )
    plan = plan_of(
        [wanted(link_version=2)],
        reading(found("y-2"), gone={"z-9": Absent(404)}),
        State(groups={"sales": record}),
        allow=frozenset({"recreate"}),
    )
    assert kinds(entry(plan).changes) == ["adopt_group"]


def test_an_icon_that_cannot_be_read_makes_the_group_unreadable() -> None:
    live = reading(found(X), icons={X: Problem("timeout", "no answer")})
    plan = plan_of([wanted(icon=icon())], live, state(sales=X))
    assert entry(plan).action == "unreadable"
    assert not plan.complete


def test_an_icon_that_only_looks_the_same_is_said_to() -> None:
    live = reading(found(X), icons={X: served(sha256="zz", alike=True)})
    planned = entry(plan_of([wanted(icon=icon())], live, state(sales=X)))
    assert planned.changes == ()
    assert "looks the same" in notes_of(planned)


@pytest.mark.parametrize("seen", [None, served(), served(sha256="zz")])
def test_planning_without_having_looked_is_a_bug_and_not_a_guess(seen: object) -> None:
    live = reading(found(X), icons={X: seen} if seen else {})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="icon of sales"):
        plan_of([wanted(icon=icon())], live, state(sales=X))


# What it would look like


@pytest.mark.parametrize(
    ("changes", "admins", "participants"),
    [
        ([], {ACCOUNT, ANA}, {ACCOUNT, ANA, BRUNO}),
        ([ChangePeople("promote", (Affected(BRUNO),))], {ACCOUNT, ANA, BRUNO}, {ACCOUNT, ANA, BRUNO}),
        ([ChangePeople("demote", (Affected(ANA),))], {ACCOUNT}, {ACCOUNT, ANA, BRUNO}),
        ([ChangePeople("remove_participants", (Affected(ANA),))], {ACCOUNT}, {ACCOUNT, BRUNO}),
    ],
)
def test_after(changes: Iterable[Change], admins: set[str], participants: set[str]) -> None:
    result = after(found(X, admins=[ANA], members=[BRUNO]), changes)
    assert (set(result.admins), set(result.participants)) == (admins, participants)


def test_targets_are_globs() -> None:
    groups = [wanted(name, subject=name) for name in ("sp-a", "sp-b", "rj-a")]
    for targets, expected in [
        (("sp-*",), ["sp-a", "sp-b"]),
        (("rj-a", "sp-b"), ["sp-b", "rj-a"]),
        ((), ["sp-a", "sp-b", "rj-a"]),
        (("x",), []),
    ]:
        assert [group.name for group in plan_of(groups, reading(), targets=targets).groups] == expected


def test_settings_name_the_account_to_protect() -> None:
    live = found(X, creator=None, admins=[CARLOS], members=[DORA])
    configured = settings(account=(ACCOUNT, CARLOS))
    plan = plan_of([wanted(admins=())], reading(live), state(sales=X), configured=configured)
    assert entry(plan).changes == ()


def test_who_is_added_to_a_new_group_sees_it() -> None:
    adding = ChangePeople(
        "add_members", (Affected(ANA, "not in the group"), Affected(BRUNO, "not in the group"))
    )
    group = GroupPlan(name="g", action="create", changes=(CreateGroup("G"), adding))
    assert group.notices == 2
