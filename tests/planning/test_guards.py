"""Guards: at the limit and just over it, and what lifts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from reconciler.errors import Location
from reconciler.model.desired import DesiredGroup
from reconciler.model.group import Ensure
from reconciler.model.live import LiveGroup, LiveState
from reconciler.model.plan import Objection, Plan
from reconciler.model.record import State
from reconciler.model.settings import GUARD_CODES, Allowance, GuardSettings, Settings
from reconciler.planning.options import Checkout
from tests.planning.build import (
    ACCOUNT,
    ANA,
    BRUNO,
    NOW,
    STRANGER,
    TODAY,
    found,
    people,
    plan_of,
    reading,
    settings,
    state,
    wanted,
)

CROWD = tuple(f"5519900001{n:03}" for n in range(200))


class Situation:
    """Manifests, live groups and bindings that belong together."""

    def __init__(self, configured: Settings | None = None) -> None:
        self.groups: list[DesiredGroup] = []
        self.live: list[LiveGroup] = []
        self.known = State()
        self.configured = configured or settings()

    def add(self, group: DesiredGroup, live: LiveGroup | None = None) -> Situation:
        self.groups.append(group)
        if live is not None:
            self.live.append(live)
            self.known = replace(
                self.known, groups={**self.known.groups, **state(**{group.name: live.id}).groups}
            )
        return self

    def plan(self, **wishes: Any) -> Plan:
        live: LiveState = reading(*self.live)
        return plan_of(self.groups, live, self.known, configured=self.configured, **wishes)


def codes(plan: Plan) -> list[str]:
    return [objection.code for objection in plan.open_objections]


def objection(plan: Plan, code: str) -> Objection:
    (found,) = [entry for entry in plan.objections if entry.code == code]
    return found


def demoting(count: int, of: int) -> Situation:
    """`count` of `of` admins, the account among them, are to be demoted; one other always stays."""
    admins = CROWD[: of - 1]
    return Situation().add(wanted(admins=people(*admins[count:])), found(admins=admins))


def removing(count: int, of: int) -> Situation:
    members = CROWD[: of - 1]
    desired = wanted(members=people(*members[count:]), prune_members=True)
    return Situation().add(desired, found(members=members))


def leaving(count: int) -> Situation:
    situation = Situation()
    for n in range(count):
        situation.add(wanted(f"g{n}", ensure=Ensure.LEFT), found(f"id-{n}", admins=[ANA]))
    return situation


def creating(count: int, *, before: int = 0, ago: timedelta = timedelta(hours=1)) -> Situation:
    situation = Situation()
    for n in range(count):
        situation.add(wanted(f"g{n}", subject=f"Group {n}"))
    situation.known = replace(situation.known, created=(NOW - ago,) * before)
    return situation


def only_admin_goes() -> Situation:
    return Situation().add(wanted(admins=people(BRUNO)), found(admins=[ANA]))


def deserted(**fields: Any) -> Situation:
    return Situation().add(wanted(ensure=Ensure.LEFT, **fields), found(members=[ANA]))


def accountless() -> Situation:
    bare = settings(account=())
    return Situation(bare).add(wanted(admins=people(ANA, BRUNO)), found(admins=[ANA, BRUNO, STRANGER]))


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (demoting(3, 5), []),  # over the share, not over the count
        (demoting(4, 16), []),  # over the count, exactly the share
        (demoting(4, 15), ["demote-many"]),
        (demoting(5, 16), ["demote-many"]),
        (removing(3, 4), []),
        (removing(4, 16), []),
        (removing(4, 15), ["remove-many"]),
        (leaving(3), []),
        (leaving(4), ["leave-many"]),
        (creating(20), []),
        (creating(21), ["create-many"]),
        (creating(1, before=19), []),
        (creating(1, before=20), ["create-many"]),
        (creating(1, before=20, ago=timedelta(hours=24)), []),
        (creating(0, before=30), []),
        (only_admin_goes(), ["no-admin-left"]),
        (Situation().add(wanted(admins=people(BRUNO)), found(admins=[ANA], members=[BRUNO])), []),
        (Situation().add(wanted(admins=()), found(members=[ANA])), []),  # there was none before
        (deserted(), ["leave-no-admin"]),
        (Situation().add(wanted(ensure=Ensure.CLOSED), found(members=[ANA])), []),
        (accountless(), ["no-account"]),
        (Situation(settings(account=())).add(wanted(admins=people(ANA)), found(members=[ANA])), []),
    ],
)
def test_limits(situation: Situation, expected: list[str]) -> None:
    assert codes(situation.plan()) == expected


def test_counts_go_over_all_groups_of_the_run() -> None:
    situation = Situation()
    for n in range(4):
        situation.add(wanted(f"g{n}", admins=people(ANA)), found(f"id-{n}", admins=[ANA, BRUNO]))
    found_ = objection(situation.plan(), "demote-many")
    assert found_.groups == ("g0", "g1", "g2", "g3")
    assert found_.count == 4
    assert codes(situation.plan(targets=("g0", "g1"))) == []


def test_every_objection_comes_at_once() -> None:
    situation = demoting(15, 16)
    situation.add(wanted("left", ensure=Ensure.LEFT), found("id-left", members=[ANA]))
    for n in range(21):
        situation.add(wanted(f"new{n}", subject=f"New {n}"))
    situation.groups[0] = replace(situation.groups[0], admins=())
    assert codes(situation.plan()) == ["demote-many", "no-admin-left", "leave-no-admin", "create-many"]


@pytest.mark.parametrize("configured", [GuardSettings(demote_share=0.5), GuardSettings(demote_count=4)])
def test_limits_can_be_set(configured: GuardSettings) -> None:
    situation = demoting(4, 15)
    situation.configured = replace(situation.configured, guards=configured)
    assert codes(situation.plan()) == []


SITUATIONS: dict[str, Callable[[], Situation]] = {
    "no-account": accountless,
    "demote-many": lambda: demoting(5, 16),
    "remove-many": lambda: removing(5, 16),
    "no-admin-left": only_admin_goes,
    "leave-many": lambda: leaving(4),
    "leave-no-admin": deserted,
    "create-many": lambda: creating(21),
}


@pytest.mark.parametrize("code", SITUATIONS)
def test_a_guard_names_its_groups_and_is_lifted_by_its_own_code_only(code: str) -> None:
    plan = SITUATIONS[code]().plan()
    names = {group.name for group in plan.groups}
    assert codes(plan) == [code]
    assert set(objection(plan, code).groups) == names
    for other in {*GUARD_CODES, "recreate"}:
        allowed = SITUATIONS[code]().plan(allow=frozenset({other}))
        lifted = other == code != "no-account"
        assert codes(allowed) == ([] if lifted else [code])
        assert objection(allowed, code).lifted_by == (f"--allow {code}" if lifted else None)


def test_no_account_is_lifted_by_nothing_and_says_which_it_probably_is() -> None:
    situation = accountless()
    situation.add(wanted("other", subject="Other", admins=()), found("id-2", subject="Other", admins=[BRUNO]))
    allow = (Allowance(code="no-account"),)
    situation.configured = replace(situation.configured, allow=allow)
    plan = situation.plan(allow=frozenset({"no-account"}))
    assert "no-account" in codes(plan)
    note = objection(plan, "no-account").note
    assert note.people == (ACCOUNT,)
    assert "RECONCILER_ACCOUNT" in note.text


def test_leaving_without_an_account_counts_one_admin_as_perhaps_ours() -> None:
    bare = settings(account=())
    assert codes(Situation(bare).add(wanted(ensure=Ensure.LEFT), found(members=[ANA])).plan()) == [
        "leave-no-admin"
    ]
    assert codes(Situation(bare).add(wanted(ensure=Ensure.LEFT), found(admins=[ANA])).plan()) == []


@pytest.mark.parametrize(
    ("entry", "lifts"),
    [
        (Allowance(code="demote-many"), True),
        (Allowance(code="remove-many"), False),
        (Allowance(code="demote-many", max=5), True),
        (Allowance(code="demote-many", max=4), False),
        (Allowance(code="demote-many", until=TODAY), True),
        (Allowance(code="demote-many", until=TODAY - timedelta(days=1)), False),
        (Allowance(code="demote-many", until=date(2027, 1, 1), max=4), False),
    ],
)
def test_an_entry_keeps_its_max_and_its_until(entry: Allowance, lifts: bool) -> None:
    situation = demoting(5, 16)
    situation.configured = replace(situation.configured, allow=(entry,))
    assert codes(situation.plan()) == ([] if lifts else ["demote-many"])


def test_the_plan_says_what_lifted_what() -> None:
    situation = demoting(5, 16)
    entry = Allowance(code="demote-many", reason="new team", location=Location("reconciler.yaml", 7))
    situation.configured = replace(situation.configured, allow=(entry,))
    assert objection(situation.plan(), "demote-many").lifted_by == "allow (reconciler.yaml:7): new team"


def test_allowing_what_was_not_objected_is_no_error() -> None:
    assert demoting(1, 8).plan(allow=frozenset(GUARD_CODES)).objections == ()


def test_people_yet_to_join_count_for_nothing() -> None:
    plan = Situation().add(wanted(admins=people(*CROWD[:50])), found()).plan()
    assert plan.objections == ()
    assert len(plan.groups[0].to_invite) == 50


# --- older-commit -----------------------------------------------------------------------------------------


def renaming() -> Situation:
    return (
        Situation()
        .add(wanted(subject="Novo"), found(subject="Velho"))
        .add(wanted("same", subject="S"), found("g-2", subject="S"))
    )


def standing(stands: Any, *, shallow: bool = False) -> Checkout:
    return Checkout(stands, "a" * 40, "b" * 40, shallow)


def test_a_checkout_behind_what_was_applied_is_objected_to() -> None:
    plan = renaming().plan(checkout=standing("behind"))
    assert codes(plan) == ["older-commit"]
    found = objection(plan, "older-commit")
    assert "this checkout (aaaaaaaaaa) is behind what was applied last (bbbbbbbbbb)" in found.note.text
    assert len(found.groups) == 1, "what is as wanted cannot be undone"


@pytest.mark.parametrize(("shallow", "mend"), [(True, "fetch-depth: 0"), (False, "Fetch and check out")])
def test_a_checkout_of_which_nobody_can_tell_is_objected_to(shallow: bool, mend: str) -> None:
    plan = renaming().plan(checkout=standing("unknown", shallow=shallow))
    assert codes(plan) == ["older-commit"]
    assert mend in objection(plan, "older-commit").note.text


@pytest.mark.parametrize("checkout", [None, standing("ahead"), standing("aside")])
def test_a_checkout_that_is_not_behind_is_none_of_its_business(checkout: Checkout | None) -> None:
    assert codes(renaming().plan(checkout=checkout)) == []


def test_an_older_checkout_that_would_change_nothing_is_harmless() -> None:
    same = Situation().add(wanted(subject="S"), found(subject="S"))
    assert codes(same.plan(checkout=standing("behind"))) == []


def test_older_commit_is_lifted_by_its_code() -> None:
    plan = renaming().plan(checkout=standing("behind"), allow=frozenset({"older-commit"}))
    assert codes(plan) == []
    assert objection(plan, "older-commit").lifted_by == "--allow older-commit"


# --- uncommitted ------------------------------------------------------------------------------------------


def test_only_an_apply_that_is_to_write_what_is_committed_objects_to_what_is_not() -> None:
    changed = ("groups/a.yaml", "contacts.yaml")
    assert codes(renaming().plan(uncommitted=changed)) == []
    assert codes(renaming().plan(uncommitted=(), only_committed=True)) == []
    plan = renaming().plan(uncommitted=changed, only_committed=True)
    assert codes(plan) == ["uncommitted"]
    objected = objection(plan, "uncommitted")
    assert objected.note.texts == ("contacts.yaml, groups/a.yaml",)
    assert len(objected.groups) == 1
    same = Situation().add(wanted(subject="S"), found(subject="S"))
    assert codes(same.plan(uncommitted=changed, only_committed=True)) == []


def test_it_objects_where_nobody_can_tell() -> None:
    assert codes(renaming().plan(uncommitted=None, only_committed=True)) == ["uncommitted"]


def test_files_do_not_allow_themselves_to_be_uncommitted() -> None:
    situation = renaming()
    situation.configured = replace(situation.configured, allow=(Allowance(code="uncommitted"),))
    assert codes(situation.plan(uncommitted=("a",), only_committed=True)) == ["uncommitted"]
    lifted = situation.plan(uncommitted=("a",), only_committed=True, allow=frozenset({"uncommitted"}))
    assert codes(lifted) == []
    assert objection(lifted, "uncommitted").lifted_by == "--allow uncommitted"
