"""Which changes a change of the files causes: two plans from one reading, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from reconciler.model.attribution import Attribution, GroupAttribution, SettingChange
from reconciler.model.change import Affected, ChangePeople
from reconciler.model.desired import Desired, DesiredGroup, DesiredIcon
from reconciler.model.group import Ensure, Hold
from reconciler.model.live import Absent, LiveState
from reconciler.model.plan import CauseOfChange, Note, Objection, Plan
from reconciler.model.record import Record, State
from reconciler.model.settings import Allowance, GuardSettings, Settings
from reconciler.planning.attribution import attribute, causes_something, changed_settings, without_base
from tests.planning.build import (
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    ELISA,
    STRANGER,
    TODAY,
    found,
    icon,
    kinds,
    people,
    person,
    plan_of,
    reading,
    served,
    settings,
    state,
    wanted,
)

LIVE = reading(found(admins=[CARLOS], members=[ANA, BRUNO, DORA]))
BOUND = state(sales="g-1")


def compared(
    head: Iterable[DesiredGroup], base: Iterable[DesiredGroup], live: LiveState = LIVE, known: State = BOUND
) -> tuple[Plan, Attribution]:
    plan = plan_of(head, live, known)
    return plan, attribute(plan, plan_of(base, live, known))


def one(
    head: Iterable[DesiredGroup], base: Iterable[DesiredGroup], live: LiveState = LIVE, known: State = BOUND
) -> GroupAttribution:
    return compared(head, base, live, known)[1].groups["sales"]


def test_people_of_one_change_are_told_apart() -> None:
    """Ana was to be promoted before, Bruno is promoted by this change; Carlos is demoted either way."""
    cause = one([wanted(admins=people(ANA, BRUNO))], [wanted(admins=people(ANA))])
    assert cause.this_change.changes == (ChangePeople("promote", (Affected(BRUNO, "has joined"),)),)
    assert cause.before.changes == (
        ChangePeople("promote", (Affected(ANA, "has joined"),)),
        ChangePeople("demote", (Affected(CARLOS, "not an admin in the manifest"),)),
    )


def test_a_demotion_for_another_reason_is_the_same_demotion() -> None:
    head = plan_of([wanted(admins=())], LIVE, BOUND)
    left = person(CARLOS, alias="carlos", left=TODAY)
    base = plan_of([wanted(admins=())], LIVE, BOUND, leavers=(left,))
    demote = attribute(head, base).groups["sales"]
    assert kinds(demote.before.changes) == ["demote"]
    assert not demote.this_change


@pytest.mark.parametrize(
    ("head", "base", "mine", "before"),
    [
        ({"subject": "New"}, {}, ["set_subject"], []),
        ({"subject": "New"}, {"subject": "New"}, [], ["set_subject"]),
        ({"subject": "New"}, {"subject": "Newer"}, ["set_subject"], []),
        ({"icon": icon("b2")}, {}, ["set_icon"], []),
        ({"icon": icon("b2")}, {"icon": icon("b2", path="icons/moved.png")}, [], ["set_icon"]),
        ({"icon": icon("b2")}, {"icon": DesiredIcon(None)}, ["set_icon"], []),
        ({"icon": DesiredIcon(None)}, {"icon": DesiredIcon(None)}, [], ["remove_icon"]),
        ({"link_version": 2}, {"link_version": 1}, ["revoke_link"], []),
        ({"link_version": 2}, {"link_version": 2}, [], ["revoke_link"]),
        ({"link_version": 3}, {"link_version": 2}, ["revoke_link"], []),
        ({"ensure": Ensure.LEFT}, {}, ["leave_group"], []),
        (
            {"ensure": Ensure.CLOSED},
            {"ensure": Ensure.LEFT},
            ["revoke_link", "remove_participants"],
            ["leave_group"],
        ),
        ({"subject": "New"}, {"subject": "New", "hold": Hold("x")}, ["set_subject"], []),
    ],
)
def test_a_value(
    head: dict[str, object], base: dict[str, object], mine: list[str], before: list[str]
) -> None:
    known = State(groups={"sales": Record(id="g-1", link_version=1)})
    live = replace(LIVE, icons={"g-1": served(sha256="a1", alike=False)})
    cause = one([wanted(**head)], [wanted(**base)], live, known)
    assert kinds(cause.this_change.changes) == mine
    assert kinds(cause.before.changes) == before


def test_a_group_to_create() -> None:
    nothing = reading()
    new = one([wanted(admins=people(ANA))], [], nothing, State())
    assert kinds(new.this_change.changes) == ["create_group"]
    assert [invite.person.key for invite in new.this_change.invites] == [people(ANA)[0].key]
    due = one([wanted(admins=people(ANA))], [wanted()], nothing, State())
    assert kinds(due.before.changes) == ["create_group"]
    assert len(due.this_change.invites) == 1
    other = one([wanted(subject="A")], [wanted(subject="B")], nothing, State())
    assert kinds(other.this_change.changes) == ["create_group"]


def test_somebody_to_invite_as_something_else_is_this_change_s() -> None:
    head, base = [wanted(admins=people(ELISA))], [wanted(members=people(ELISA))]
    assert len(one(head, base).this_change.invites) == 1
    assert len(one(head, head).before.invites) == 1


def test_a_renamed_manifest_is_compared_with_its_group() -> None:
    head = [wanted("team", subject="New", previously=("Sales",))]
    base = [wanted(subject="New")]
    plan, found_ = compared(head, base)
    assert kinds(found_.groups["team"].this_change.changes) == ["adopt_group"]
    assert kinds(found_.groups["team"].before.changes) == ["set_subject"]
    assert not found_.dropped
    assert not causes_something(plan, found_)  # bookkeeping


def test_another_id_is_another_group() -> None:
    live = reading(found(), found("g-2"))
    head, base = [wanted(id="g-2", subject="New")], [wanted(id="g-1", subject="New")]
    cause = one(head, base, live, State())
    assert kinds(cause.this_change.changes) == ["set_subject"]
    assert not cause.before


@pytest.mark.parametrize(
    ("head", "base", "live", "cause"),
    [
        ([wanted(hold=Hold("x"))], [wanted()], LIVE, "this_change"),
        ([wanted(hold=Hold("x"))], [wanted(hold=Hold("y"))], LIVE, "before"),
        ([], [wanted()], LIVE, "this_change"),
        ([], [], LIVE, "before"),
        ([wanted()], [wanted()], reading(gone={"g-1": Absent(404)}), "before"),
        ([wanted()], [wanted(ensure=Ensure.LEFT)], reading(gone={"g-1": Absent(404)}), "this_change"),
        ([wanted()], [wanted()], reading(problems=["g-1"]), "before"),
        ([wanted(id="g-2")], [wanted(id="g-2")], LIVE, "before"),
        ([wanted(id="g-2")], [wanted(id="g-3")], LIVE, "this_change"),
        ([wanted()], None, LIVE, None),
        ([wanted(hold=Hold("x"))], None, LIVE, "this_change"),
    ],
)
def test_who_made_a_group_stuck(
    head: list[DesiredGroup], base: list[DesiredGroup] | None, live: LiveState, cause: CauseOfChange | None
) -> None:
    plan = plan_of(head, live, BOUND)
    attributed = without_base(plan) if base is None else attribute(plan, plan_of(base, live, BOUND))
    assert attributed.groups["sales"].stuck == cause


def test_what_this_change_calls_off() -> None:
    """Somebody promoted Carlos by hand, and this change writes that down: he stays admin."""
    plan, attributed = compared([wanted(admins=people(CARLOS))], [wanted(admins=people(ANA))])
    assert kinds(plan.groups[0].changes) == []
    (dropped,) = attributed.dropped
    assert dropped.name == "sales"
    assert kinds(dropped.changes) == ["promote", "demote"]
    assert not causes_something(plan, attributed)


def test_another_value_is_nothing_called_off() -> None:
    _, attributed = compared([wanted(subject="A")], [wanted(subject="B", admins=())])
    (dropped,) = attributed.dropped
    assert kinds(dropped.changes) == ["demote"]


def test_a_manifest_that_is_gone_calls_off_what_was_due() -> None:
    _, attributed = compared([], [wanted(subject="B")])
    (dropped,) = attributed.dropped
    assert kinds(dropped.changes) == ["set_subject"]


OBJECTION = Objection("demote-many", Note("4 of 5 admins would be demoted"), ("a", "b"), 4)


@pytest.mark.parametrize(
    ("base", "cause"),
    [
        ((OBJECTION,), "before"),
        ((replace(OBJECTION, groups=("a", "b", "c"), count=5),), "before"),
        ((replace(OBJECTION, groups=("a",)),), "this_change"),
        ((replace(OBJECTION, count=3),), "this_change"),
        ((replace(OBJECTION, code="remove-many"),), "this_change"),
        ((), "this_change"),
    ],
)
def test_an_objection(base: tuple[Objection, ...], cause: CauseOfChange) -> None:
    attributed = attribute(Plan(groups=(), objections=(OBJECTION,)), Plan(groups=(), objections=base))
    assert attributed.objections == {"demote-many": cause}


def test_without_a_base_everything_is_this_change_s() -> None:
    plan = plan_of([wanted(subject="New", admins=people(ELISA))], LIVE, BOUND)
    cause = without_base(plan).groups["sales"]
    assert cause.this_change.changes == plan.groups[0].changes
    assert cause.this_change.invites == plan.groups[0].to_invite
    assert not cause.before
    assert causes_something(plan, without_base(plan))


@pytest.mark.parametrize(
    ("head", "base", "expected"),
    [
        ([wanted(subject="New")], [wanted()], True),
        ([wanted(subject="New")], [wanted(subject="New")], False),
        ([wanted(id="g-9")], [wanted(id="g-9")], False),
        ([wanted(id="g-9")], [wanted()], True),
        ([wanted(hold=Hold("x"))], [wanted()], False),
    ],
)
def test_what_a_detailed_exit_code_counts(
    head: list[DesiredGroup], base: list[DesiredGroup], expected: bool
) -> None:
    assert causes_something(*compared(head, base)) is expected


ANA_IS = person(ANA, alias="ana")
CHANGES: dict[str, tuple[Settings, Desired, list[SettingChange]]] = {
    "nothing": (settings(), Desired(groups=(), people=(ANA_IS,)), []),
    "account": (
        settings(account=(STRANGER,)),
        Desired(groups=(), people=(ANA_IS,)),
        [SettingChange("account", "", settings().account, (STRANGER,))],
    ),
    "backend": (
        settings(backend="waha"),
        Desired(groups=(), people=(ANA_IS,)),
        [SettingChange("backend", "", ("sinch",), ("waha",))],
    ),
    "state": (
        settings(state="none"),
        Desired(groups=(), people=(ANA_IS,)),
        [SettingChange("state", "", (settings().state,), ("none",))],
    ),
    "guards": (
        settings(guards=GuardSettings(demote_share=0.9, create_count=21)),
        Desired(groups=(), people=(ANA_IS,)),
        [
            SettingChange("guards", "demote_share", ("0.25",), ("0.9",)),
            SettingChange("guards", "create_count", ("20",), ("21",)),
        ],
    ),
    "allow": (
        settings(allow=(Allowance(code="leave-many", max=4, until=date(2026, 12, 1), reason="moving"),)),
        Desired(groups=(), people=(ANA_IS,)),
        [SettingChange("allow", "", (), ("leave-many, max 4, until 2026-12-01: moving",))],
    ),
    "another number": (
        settings(),
        Desired(groups=(), people=(person(STRANGER, alias="ana"),)),
        [SettingChange("alias", "ana", (ANA,), (STRANGER,))],
    ),
    "another alias": (
        settings(),
        Desired(groups=(), people=(person(ANA, alias="bia"),)),
        [SettingChange("alias", "bia (was ana)", (ANA,), (ANA,))],
    ),
    "a hidden id": (
        settings(),
        Desired(groups=(), people=(replace(ANA_IS, lids=("1@lid",)),)),
        [SettingChange("alias", "ana", (ANA,), (ANA, "1@lid"))],
    ),
    "a new alias": (
        settings(),
        Desired(groups=(), people=(ANA_IS, person(BRUNO, alias="bruno"))),
        [],
    ),
}


@pytest.mark.parametrize(("after", "people_after", "expected"), CHANGES.values(), ids=CHANGES)
def test_settings_that_decide_who_is_protected(
    after: Settings, people_after: Desired, expected: list[SettingChange]
) -> None:
    before = Desired(groups=(), people=(ANA_IS,))
    assert list(changed_settings(settings(), after, before, people_after)) == expected


def test_of_a_base_that_cannot_be_read_no_alias_is_compared() -> None:
    assert changed_settings(settings(), settings(), None, Desired(groups=(), people=(ANA_IS,))) == ()


def test_every_guard_is_compared() -> None:
    for name in GuardSettings.__dataclass_fields__:
        (change,) = changed_settings(
            settings(), settings(guards=GuardSettings(**{name: 1})), None, Desired(groups=())
        )
        assert change.name == name
