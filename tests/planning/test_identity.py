"""Which live group is it? Every sentence of the design's section 4."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.change import AdoptGroup
from reconciler.model.desired import DesiredGroup
from reconciler.model.group import Ensure
from reconciler.model.live import Absent
from reconciler.model.plan import Plan
from reconciler.model.record import Intent, Record, State
from reconciler.planning import subjects
from tests.planning.build import (
    ACCOUNT,
    ANA,
    NOW,
    OLD_ACCOUNT,
    STRANGER,
    entry,
    found,
    kinds,
    notes_of,
    plan_of,
    reading,
    settings,
    state,
    wanted,
)

X, Y, Z = "x-1", "y-2", "z-3"


def shape(plan: Plan, name: str = "sales") -> tuple[str, str | None]:
    planned = entry(plan, name)
    return planned.action, planned.id


def adoption(plan: Plan, name: str = "sales") -> AdoptGroup | None:
    return next((one for one in entry(plan, name).changes if isinstance(one, AdoptGroup)), None)


def intent(subject: str = "Sales", *listed: str) -> Intent:
    return Intent(subject, listed, NOW)


# The rules, one by one


def test_rule_1_the_id_decides_whatever_the_subject() -> None:
    plan = plan_of([wanted(id=X)], reading(found(X), found(Y)))
    assert shape(plan) == ("none", X)
    assert adoption(plan) is None


def test_rule_2_the_binding_decides_whatever_the_subject() -> None:
    plan = plan_of([wanted()], reading(found(X, subject="Renamed"), found(Y)), state(sales=X))
    assert shape(plan) == ("update", X)
    assert kinds(entry(plan).changes) == ["set_subject"]


def test_rule_3_a_create_that_was_never_recorded() -> None:
    known = State(creating={"sales": intent("Sales", Y)})
    plan = plan_of([wanted()], reading(found(X), found(Y)), known)
    assert adoption(plan) == AdoptGroup(X, "create")


def test_rule_3_goes_by_the_subject_that_was_sent() -> None:
    known = State(creating={"sales": intent("Before")})
    plan = plan_of([wanted()], reading(found(X, subject="Before")), known)
    assert adoption(plan) == AdoptGroup(X, "create")
    assert kinds(entry(plan).changes) == ["adopt_group", "set_subject"]


def test_rule_4_the_only_unbound_group_with_the_subject() -> None:
    plan = plan_of([wanted()], reading(found(X), found(Y, subject="Other")))
    assert shape(plan) == ("adopt", X)
    assert adoption(plan) == AdoptGroup(X, "subject")
    assert entry(plan).writes == ()


@pytest.mark.parametrize(
    ("desired", "live"), [("Café", "Cafe\u0301"), ("Sales", " Sales "), ("Sales", "Sales\n")]
)
def test_rule_4_compares_after_nfc_and_trimming(desired: str, live: str) -> None:
    assert shape(plan_of([wanted(subject=desired)], reading(found(X, subject=live)))) == ("adopt", X)


def test_rule_4_is_exact_otherwise() -> None:
    assert shape(plan_of([wanted()], reading(found(X, subject="sales")))) == ("create", None)


def test_rule_5_an_earlier_subject() -> None:
    plan = plan_of([wanted(previously=("Old", "Older"))], reading(found(X, subject="Older")))
    assert adoption(plan) == AdoptGroup(X, "previously")
    assert kinds(entry(plan).changes) == ["adopt_group", "set_subject"]


def test_none_is_a_create() -> None:
    plan = plan_of([wanted()], reading(found(X, subject="Other")))
    assert kinds(entry(plan).changes) == ["create_group"]


# Before one another


def test_each_rule_is_resolved_for_all_before_the_next() -> None:
    """`other` has X by its id, so `sales` does not find it by the subject, nor `old` by an earlier one."""
    groups = [wanted("old", previously=("Sales",), subject="Old"), wanted("sales"), wanted("other", id=X)]
    plan = plan_of(groups, reading(found(X)))
    assert [shape(plan, name)[0] for name in ("old", "sales", "other")] == ["create", "create", "none"]
    plan = plan_of(groups[:2], reading(found(X)))
    assert [shape(plan, name)[0] for name in ("old", "sales")] == ["create", "adopt"]


def test_a_create_in_progress_comes_before_the_subject() -> None:
    known = State(creating={"a": intent("Sales")})
    plan = plan_of([wanted("a", subject="New"), wanted("b")], reading(found(X)), known)
    assert shape(plan, "a") == ("adopt", X)
    assert shape(plan, "b") == ("create", None)


# Claimed twice, several


@pytest.mark.parametrize(
    ("groups", "known"),
    [
        ([wanted("a", id=X), wanted("b", id=X)], State()),
        ([wanted("a", id=X), wanted("b")], state(b=X)),
        ([wanted("a"), wanted("b")], state(a=X, b=X)),
        ([wanted("a"), wanted("b")], State()),
        ([wanted("a"), wanted("b")], State(creating={"a": intent(), "b": intent()})),
        (
            [
                wanted("a", subject="A", previously=("Sales",)),
                wanted("b", subject="B", previously=("Sales",)),
            ],
            State(),
        ),
    ],
    ids=["id", "id and state", "state", "subject", "create", "previously"],
)
def test_a_group_claimed_twice_blocks_both(groups: list[DesiredGroup], known: State) -> None:
    plan = plan_of(groups, reading(found(X)), known)
    for name, other in (("a", "b"), ("b", "a")):
        assert shape(plan, name)[0] == "blocked"
        assert X in notes_of(entry(plan, name))
        assert f"claimed by {other}" in notes_of(entry(plan, name))


def test_several_block_and_are_named() -> None:
    plan = plan_of([wanted()], reading(found(X), found(Y)))
    assert shape(plan)[0] == "blocked"
    assert all(text in notes_of(entry(plan)) for text in (X, Y, "`id:`"))


def test_several_earlier_subjects_block_whoever_claims_one_of_them() -> None:
    groups = [
        wanted("a", subject="A", previously=("Old",)),
        wanted("b", subject="B", previously=("Old", "Older")),
    ]
    live = reading(found(X, subject="Old"), found(Y, subject="Older"))
    for order in (groups, groups[::-1]):
        plan = plan_of(order, live)
        assert shape(plan, "a")[0] == "blocked"
        assert shape(plan, "b")[0] == "blocked"
        assert all(text in notes_of(entry(plan, "b")) for text in (X, Y))


@pytest.mark.parametrize(
    "third", [wanted("c"), wanted("c", subject="New", previously=("Sales",))], ids=["subject", "previously"]
)
def test_nothing_is_created_beside_a_group_in_dispute(
    third: DesiredGroup,
) -> None:
    groups = [wanted("a", id=X, subject="A"), wanted("b", id=X, subject="B"), third]
    plan = plan_of(groups, reading(found(X)))
    assert shape(plan, "c")[0] == "blocked"
    assert X in notes_of(entry(plan, "c"))
    against_state = plan_of([wanted("a", id=Y, subject="A"), third], reading(found(X), found(Y)), state(a=X))
    assert shape(against_state, "c")[0] == "blocked"
    assert shape(plan_of([groups[0], third], reading(found(X))), "c")[0] == "create"


def test_two_creates_with_one_subject_block_each_other() -> None:
    plan = plan_of([wanted("a"), wanted("b", subject="Sales ")], reading())
    for name, other in (("a", "b"), ("b", "a")):
        assert shape(plan, name)[0] == "blocked"
        assert other in notes_of(entry(plan, name))


# Renames


def test_a_renamed_manifest_finds_its_group_and_says_what_it_was() -> None:
    plan = plan_of([wanted("new", subject="Sales")], reading(found(X)), state(old=X))
    assert adoption(plan, "new") == AdoptGroup(X, "subject", was="old")
    assert 'was "old"' in notes_of(entry(plan, "new"))
    assert [group.name for group in plan.groups] == ["new"]


def test_a_pinned_id_takes_over_from_a_former_name() -> None:
    plan = plan_of([wanted("new", id=X)], reading(found(X)), state(old=X))
    assert entry(plan, "new").was == "old"
    assert [group.name for group in plan.groups] == ["new"]


def test_a_group_of_a_name_that_still_has_a_manifest_is_not_found() -> None:
    plan = plan_of([wanted("new"), wanted("old", subject="Old")], reading(found(X)), state(old=X))
    assert shape(plan, "new")[0] == "create"
    assert shape(plan, "old") == ("update", X)


def test_a_renamed_manifest_and_a_short_list_make_no_duplicate() -> None:
    plan = plan_of([wanted("new", subject="Sales")], reading(found(X), unlisted=[X]), state(old=X))
    assert shape(plan, "new")[0] == "unreadable"
    assert not plan.complete


# Foreign creators


@pytest.mark.parametrize(
    ("creator", "action"),
    [(ACCOUNT, "adopt"), (OLD_ACCOUNT, "adopt"), (None, "adopt"), (STRANGER, "blocked")],
)
@pytest.mark.parametrize("rule", ["create", "subject", "previously"])
def test_only_a_group_of_the_account_is_adopted(rule: str, creator: str | None, action: str) -> None:
    known = State(creating={"sales": intent()} if rule == "create" else {})
    desired = wanted(previously=("Sales",), subject="New") if rule == "previously" else wanted()
    plan = plan_of([desired], reading(found(X, creator=creator)), known)
    assert shape(plan)[0] == action
    if action == "blocked":
        assert f"id: {X}" in notes_of(entry(plan))
        assert shape(plan_of([wanted(id=X)], reading(found(X, creator=creator)), known)) == ("none", X)


def test_without_an_account_any_creator_will_do() -> None:
    plan = plan_of([wanted()], reading(found(X, creator=STRANGER)), configured=settings(account=()))
    assert shape(plan) == ("adopt", X)


# Id against state, groups that are gone


def test_an_id_against_the_state_blocks_and_says_how_to_forget() -> None:
    plan = plan_of([wanted(id=X)], reading(found(X), found(Y)), state(sales=Y))
    assert shape(plan)[0] == "blocked"
    assert all(text in notes_of(entry(plan)) for text in (X, Y, "state forget sales"))


@pytest.mark.parametrize("status", [404, 400, None])
def test_a_bound_group_that_is_gone_is_missing(status: int | None) -> None:
    plan = plan_of([wanted()], reading(gone={X: Absent(status)}), state(sales=X))
    assert shape(plan) == ("missing", X)
    assert "--allow recreate" in notes_of(entry(plan))
    assert plan.complete


def test_recreate_makes_a_new_one_or_finds_one() -> None:
    gone = {X: Absent(404)}
    allow = frozenset({"recreate"})
    assert shape(plan_of([wanted()], reading(gone=gone), state(sales=X), allow=allow)) == ("create", None)
    live = reading(found(Y), gone=gone)
    assert shape(plan_of([wanted()], live, state(sales=X), allow=allow)) == ("adopt", Y)


def test_a_pinned_id_is_never_recreated() -> None:
    plan = plan_of([wanted(id=X)], reading(gone={X: Absent(404)}), allow=frozenset({"recreate"}))
    assert shape(plan) == ("missing", X)
    assert "Correct `id`" in notes_of(entry(plan))


def test_recreate_is_not_for_groups_that_answer() -> None:
    plan = plan_of([wanted()], reading(found(X)), state(sales=X), allow=frozenset({"recreate"}))
    assert shape(plan) == ("none", X)


def test_a_killed_recreate_is_found_without_allowing_it_again() -> None:
    known = replace(state(sales=X), creating={"sales": intent()})
    live = reading(found(Y), gone={X: Absent(404)})
    assert adoption(plan_of([wanted()], live, known)) == AdoptGroup(Y, "create")
    assert shape(plan_of([wanted()], reading(gone={X: Absent(404)}), known)) == ("missing", X)
    other = reading(found(Y, subject="Other"), gone={X: Absent(404)})
    assert shape(plan_of([wanted()], other, known)) == ("missing", X)


def test_the_intent_of_a_group_that_is_bound_and_there_means_nothing() -> None:
    known = replace(state(sales=X), creating={"sales": intent()})
    assert shape(plan_of([wanted()], reading(found(X), found(Y)), known)) == ("none", X)


@pytest.mark.parametrize("ensure", list(Ensure))
def test_a_listed_group_that_answers_404_is_a_contradiction(ensure: Ensure) -> None:
    live = replace(reading(gone={X: Absent(404)}), listed=(X,))
    plan = plan_of([wanted(ensure=ensure)], live, state(sales=X))
    assert shape(plan) == ("unreadable", X)
    assert not plan.complete


def test_any_other_answer_is_unreadable() -> None:
    plan = plan_of([wanted()], reading(problems=[X]), state(sales=X))
    assert shape(plan) == ("unreadable", X)
    assert not plan.complete


# Short lists, strays


def test_a_bound_group_that_answers_unlisted_stops_every_create() -> None:
    live = reading(found(X), unlisted=[X])
    plan = plan_of([wanted("bound"), wanted("new", subject="New")], live, state(bound=X))
    assert shape(plan, "bound") == ("none", X)
    assert shape(plan, "new")[0] == "unreadable"
    assert not plan.complete
    assert X in str(plan.notes)


def test_an_unlisted_group_that_the_account_is_not_in_any_more_is_no_short_list() -> None:
    live = reading(found(X, admins=[ANA], account=False), unlisted=[X])
    plan = plan_of([wanted("bound"), wanted("new", subject="New")], live, state(bound=X))
    assert plan.complete
    assert shape(plan, "new")[0] == "create"
    assert shape(plan, "bound")[0] == "blocked", "nobody can keep it as it is"


@pytest.mark.parametrize("bound_to", ["manifest", "nobody"])
def test_a_recorded_group_that_is_neither_listed_nor_readable_stops_every_create(bound_to: str) -> None:
    groups = [wanted("new", subject="New")] + ([wanted("manifest")] if bound_to == "manifest" else [])
    live = replace(reading(problems=[X]), listed=())
    plan = plan_of(groups, live, State(groups={bound_to: Record(id=X)}))
    assert shape(plan, "new")[0] == "unreadable"


def test_an_unreadable_stray_may_be_the_one() -> None:
    plan = plan_of([wanted()], reading(found(X, subject="Other"), problems=[Y]))
    assert shape(plan)[0] == "unreadable"
    assert Y in notes_of(entry(plan))
    assert not plan.complete


def test_a_stray_that_was_not_read_is_never_taken_for_another() -> None:
    live = replace(reading(), listed=(X,))
    assert shape(plan_of([wanted()], live))[0] == "unreadable"


def test_strays_do_not_matter_while_every_manifest_is_bound() -> None:
    plan = plan_of([wanted()], reading(found(X), problems=[Y]), state(sales=X))
    assert shape(plan) == ("none", X)
    assert plan.complete
    assert [stray.id for stray in plan.unmanaged] == [Y]


@pytest.mark.parametrize("listed_before", [(X, Y), (Y,), None])
def test_a_listed_group_that_answers_that_it_is_not_there_may_be_any(listed_before: Any) -> None:
    """Whoever is bound to what: where the list contradicts itself, nothing is created."""
    live = replace(reading(found(Y, subject="Other"), gone={X: Absent(404)}), listed=(Y, X))
    known = State() if listed_before is None else State(creating={"sales": intent("Sales", *listed_before)})
    assert shape(plan_of([wanted()], live, known))[0] == "unreadable"
    others = plan_of([wanted(), wanted("other", subject="Other")], live, state(other=X))
    assert [group.action for group in others.groups] == ["unreadable", "unreadable"]
    assert not others.complete


# Left, closed, orphaned, unmanaged


@pytest.mark.parametrize("ensure", [Ensure.LEFT, Ensure.CLOSED])
def test_leaving_acts_only_on_an_id_or_a_binding(ensure: Ensure) -> None:
    live = reading(found(X, admins=[ANA]))
    leaving = wanted(ensure=ensure, previously=("Old",))
    assert shape(plan_of([leaving], live)) == ("none", None)
    assert shape(plan_of([leaving], live, State(creating={"sales": intent()}))) == ("none", None)
    assert shape(plan_of([leaving], live, state(sales=X))) == ("leave", X)
    assert shape(plan_of([replace(leaving, id=X)], live)) == ("leave", X)


@pytest.mark.parametrize("ensure", [Ensure.LEFT, Ensure.CLOSED])
def test_a_group_that_is_gone_already_is_as_wanted(ensure: Ensure) -> None:
    plan = plan_of([wanted(ensure=ensure)], reading(gone={X: Absent(404)}), state(sales=X))
    assert shape(plan) == ("none", X)
    still_answers = reading(found(X, admins=[ANA], account=False), unlisted=[X])
    plan = plan_of([wanted(ensure=ensure)], still_answers, state(sales=X))
    assert shape(plan) == ("none", X)
    assert plan.complete


def test_an_orphan_is_reported_and_left_only_with_prune() -> None:
    live = reading(found(X, admins=[ANA]))
    plan = plan_of([], live, state(old=X))
    assert shape(plan, "old") == ("orphaned", X)
    assert entry(plan, "old").changes == ()
    assert all(text in notes_of(entry(plan, "old")) for text in ("--prune", "state forget old"))
    assert plan.unmanaged == ()
    pruned = plan_of([], live, state(old=X), prune=True)
    assert shape(pruned, "old") == ("leave", X)
    assert kinds(entry(pruned, "old").changes) == ["leave_group"]


@pytest.mark.parametrize("prune", [False, True])
def test_an_orphan_that_is_gone_is_not_to_be_left(prune: bool) -> None:
    plan = plan_of([], reading(gone={X: Absent(404)}), state(old=X), prune=prune)
    assert shape(plan, "old") == ("orphaned", X)
    assert "so is the group" in notes_of(entry(plan, "old"))


def test_an_orphan_that_cannot_be_read_is_not_left() -> None:
    for live in (reading(problems=[X]), replace(reading(gone={X: Absent(400)}), listed=(X,))):
        plan = plan_of([], live, state(old=X), prune=True)
        assert shape(plan, "old") == ("unreadable", X)
        assert not plan.complete


def test_groups_without_a_manifest_are_counted_and_never_touched() -> None:
    plan = plan_of(
        [wanted()], reading(found(X), found(Y, subject="Other"), found(Z, subject="More")), state(sales=X)
    )
    assert [(stray.id, stray.subject) for stray in plan.unmanaged] == [(Y, "Other"), (Z, "More")]
    assert [group.name for group in plan.groups] == ["sales"]


def test_identity_is_resolved_over_all_whatever_is_targeted() -> None:
    plan = plan_of([wanted("a"), wanted("b")], reading(found(X)), targets=("a",))
    assert [group.name for group in plan.groups] == ["a"]
    assert shape(plan, "a")[0] == "blocked"


def test_without_a_kept_state_an_adoption_is_a_note() -> None:
    plan = plan_of([wanted()], reading(found(X)), keeps_state=False)
    assert shape(plan) == ("none", X)
    assert entry(plan).changes == ()
    assert "found by its subject" in notes_of(entry(plan))


# Thousands of groups


def test_many_claimants_are_told_of_some_of_the_others() -> None:
    names = [f"group-{n}" for n in range(9)]
    plan = plan_of([wanted(name, id=X) for name in names], reading(found(X)))
    notes = notes_of(entry(plan, "group-2"))
    assert "claimed by group-0, group-1, group-3, group-4, group-5 and 3 more as well" in notes
    assert "and 3 more" in notes_of(entry(plan, "group-8"))


def test_the_others_are_all_named_while_they_are_few() -> None:
    names = [f"group-{n}" for n in range(6)]
    plan = plan_of([wanted(name, id=X) for name in names], reading(found(X)))
    assert "claimed by group-0, group-1, group-2, group-3, group-4 as well" in notes_of(
        entry(plan, "group-5")
    )


@pytest.mark.parametrize("rule", ["create", "subject", "previously"])
def test_a_search_looks_at_each_group_a_few_times_however_many_there_are(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it may grow with the square: ten thousand groups without a state would take a minute."""
    compared = Counter[int]()
    normal = subjects.normal

    def counting(subject: str) -> str:
        compared[many] += 1
        return normal(subject)

    monkeypatch.setattr("reconciler.planning.subjects.normal", counting)
    for many in (50, 200):
        groups = [
            wanted(f"group-{n}", subject=f"New {n}", previously=(f"Group {n}",))
            if rule == "previously"
            else wanted(f"group-{n}", subject=f"Group {n}")
            for n in range(many)
        ]
        began = {f"group-{n}": intent(f"Group {n}") for n in range(many)} if rule == "create" else {}
        live = reading(*(found(f"x-{n}", subject=f"Group {n}") for n in range(many)))
        plan = plan_of(groups, live, State(creating=began))
        assert [group.id for group in plan.groups] == [f"x-{n}" for n in range(many)]
        assert {
            change.found_by
            for group in plan.groups
            for change in group.changes
            if isinstance(change, AdoptGroup)
        } == {rule}
    assert compared[200] <= 4 * compared[50]
