"""Which commit counts as applied: forward freely, back only where somebody agreed, never by half a run."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.plan import Plan
from reconciler.model.record import State
from reconciler.planning.options import Checkout, Promotions
from reconciler.planning.record import applied_commit, notes_on_commits

from .build import found, wanted
from .build import options as wishes_of
from .test_guards import Situation, renaming

HERE = "a" * 40


def commit(plan: Plan, stands: Any = None, **wishes: Any) -> str | None:
    checkout = None if stands is None else Checkout(stands, HERE, "b" * 40)
    return applied_commit(plan, wishes_of(commit=HERE, checkout=checkout, **wishes))


@pytest.mark.parametrize("stands", [None, "ahead"])
@pytest.mark.parametrize("targets", [(), ("g",)])
def test_a_newer_or_first_commit_counts_from_the_first_group_on(stands: Any, targets: Any) -> None:
    for plan in (renaming().plan(), same()):
        assert commit(plan, stands, targets=targets) == HERE


@pytest.mark.parametrize("stands", ["behind", "unknown"])
def test_it_goes_back_only_where_something_is_written(stands: Any) -> None:
    assert commit(renaming().plan(), stands) == HERE
    assert commit(same(), stands) is None


@pytest.mark.parametrize("stands", ["behind", "unknown", "aside"])
def test_a_part_of_the_groups_takes_no_protection_from_the_others(stands: Any) -> None:
    assert commit(renaming().plan(), stands, targets=("g",)) is None


def test_another_line_of_development_counts_for_all_groups() -> None:
    assert commit(same(), "aside") == HERE


@pytest.mark.parametrize("stands", [None, "ahead", "aside", "behind"])
def test_who_only_promotes_has_applied_nothing(stands: Any) -> None:
    assert commit(renaming().plan(), stands, promotions=Promotions({})) is None


def test_where_nobody_knows_the_commit_there_is_none() -> None:
    assert applied_commit(renaming().plan(), wishes_of()) is None


def test_a_part_of_the_groups_does_not_commit_what_was_applied_to_the_others() -> None:
    applied = f"{HERE}+changes"
    plan = renaming().plan()
    assert applied_commit(plan, wishes_of(commit=HERE, targets=("g",)), applied) is None
    assert applied_commit(plan, wishes_of(commit=HERE), applied) == HERE
    assert applied_commit(plan, wishes_of(commit=applied, targets=("g",)), HERE) == applied
    assert applied_commit(plan, wishes_of(commit=HERE, targets=("g",)), "b" * 40 + "+changes") == HERE


def test_what_is_not_committed_is_noted() -> None:
    clean = wishes_of(commit=HERE)
    assert list(notes_on_commits(State(commit=HERE), clean)) == []
    assert list(notes_on_commits(State(), clean)) == []
    (note,) = notes_on_commits(State(commit=f"{HERE}+changes"), clean)
    assert "(aaaaaaaaaa+changes)" in note.text
    dirty = wishes_of(uncommitted=("d", "b", "c", "a", "e"))
    (note,) = notes_on_commits(State(), dirty)
    assert note.texts == ("a, b, c and 2 more",)
    assert list(notes_on_commits(State(), wishes_of(uncommitted=("a",), only_committed=True))) == []
    assert list(notes_on_commits(State(), wishes_of(uncommitted=None))) == []


def same() -> Plan:
    return Situation().add(wanted(subject="S"), found(subject="S")).plan()
