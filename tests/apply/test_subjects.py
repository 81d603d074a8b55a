"""Subjects that a service keeps otherwise than they were sent."""

from __future__ import annotations

import html
from collections.abc import Callable

import pytest

from reconciler.model.record import State
from reconciler.planning.drift import drift
from tests.apply.world import World, entry, group_of, outcome, outcomes, problem_code, statuses

WANTED = "Vendas  & Suporte Campinas"[:25]


def collapsing(subject: str) -> str:
    return " ".join(subject.split())


def cutting(subject: str) -> str:
    return subject[:20]


def shown(subject: str) -> str:
    return subject.replace("\u200b", "")


KEEPS: dict[str, tuple[Callable[[str], str], str]] = {
    "spaces are collapsed": (collapsing, "Vendas  Campinas"),
    "entities are encoded": (html.escape, "Vendas & Suporte"),
    "what nobody sees is dropped": (shown, "Vendas\u200b Campinas"),
    "cut off": (cutting, "Suporte Campinas Zona Sul"),
}


@pytest.mark.parametrize(("keep", "subject"), KEEPS.values(), ids=KEEPS)
def test_a_subject_kept_otherwise_fails_once_and_is_in_sync_then(
    keep: Callable[[str], str], subject: str
) -> None:
    world = World(keep=keep)
    world.want(subject=subject)
    first = world.apply()
    assert outcomes(first) == {"create_group": "done", "set_subject": "failed"}
    problem = outcome(first, "set_subject").problem
    assert problem is not None
    assert (problem.code, problem.retry) == ("stored_otherwise", False)
    assert keep(subject)[:60] in problem.message
    assert [note.texts for note in entry(world.plan()).notes] == [(keep(subject),)]
    world.assert_settled()


@pytest.mark.parametrize(("keep", "subject"), KEEPS.values(), ids=KEEPS)
def test_a_new_subject_kept_otherwise_is_sent_once(keep: Callable[[str], str], subject: str) -> None:
    world = World(keep=keep)
    world.bound()
    world.want(subject=subject)
    assert outcomes(world.apply()) == {"set_subject": "failed"}
    assert world.written == ["set_subject"]
    world.assert_settled()

    world.want(subject="Outro nome")
    assert outcomes(world.apply()) == {"set_subject": "done"}
    world.want(subject=subject)
    assert outcomes(world.apply()) == {"set_subject": "failed"}, "it is news again"
    world.assert_settled()


@pytest.mark.parametrize(("keep", "subject"), KEEPS.values(), ids=KEEPS)
@pytest.mark.parametrize("kept", [True, False], ids=["state lost", "none"])
def test_a_group_whose_subject_is_kept_otherwise_is_not_made_again(
    keep: Callable[[str], str], subject: str, kept: bool
) -> None:
    world = World(keep=keep)
    world.keeps_state = kept
    world.want(subject=subject)
    world.apply()
    made = world.api.ids()
    world.state = State()
    world.forget_calls()
    again = world.apply()
    assert world.api.ids() == made
    assert world.written == []
    cut_off = keep is cutting
    assert group_of(again).action == ("blocked" if cut_off else "adopt" if kept else "none")
    if not cut_off:
        world.assert_settled()


def test_somebody_elses_edit_is_undone_and_what_the_service_makes_of_that_is_no_news() -> None:
    world = World(keep=collapsing)
    world.want(subject="Vendas  Campinas")
    world.apply()
    (group_id,) = world.api.ids()
    world.api.set_subject(group_id, "Ours now")
    assert outcomes(world.apply()) == {"set_subject": "done"}
    assert world.api.group(group_id).subject == "Vendas Campinas"
    world.assert_settled()


def test_a_third_value_is_never_taken_for_what_the_service_makes() -> None:
    world = World(keep=lambda subject: "Closed by moderation")
    world.bound()
    world.want(subject="Vendas Campinas")
    for _ in range(2):
        result = world.apply()
        assert outcomes(result) == {"set_subject": "skipped"}
        assert problem_code(result, "set_subject") == "changed_during_run"
        world.api.set_subject(world.state.groups["sales"].id, "Sales")


def test_two_groups_that_have_another_form_of_the_subject_are_for_a_person_to_decide() -> None:
    world = World()
    twins = {world.api.seed("Vendas Campinas"), world.api.seed("Vendas   Campinas")}
    world.want(subject="Vendas  Campinas")
    assert entry(world.plan()).action == "blocked"
    assert set(entry(world.plan()).notes[0].ids) == twins


def test_the_exact_subject_goes_before_another_form_of_it() -> None:
    world = World()
    exact, _ = world.api.seed("Vendas  Campinas"), world.api.seed("Vendas Campinas")
    world.want(subject="Vendas  Campinas")
    assert entry(world.plan()).id == exact


def test_a_subject_of_fewer_than_twenty_characters_is_not_taken_for_one_cut_off() -> None:
    world = World()
    world.api.seed("Suporte Campinas")
    world.want(subject="Suporte Campinas Zona Sul")
    assert outcomes(world.apply()) == {"create_group": "done"}


def test_another_form_that_appears_since_the_plan_is_a_twin() -> None:
    world = World()
    world.want(subject="Vendas  Campinas")
    result = world.apply(meanwhile=lambda: world.api.seed("Vendas Campinas"))
    assert statuses(result) == {"skipped"}
    assert len(world.api.ids()) == 1


def test_an_icon_is_set_in_a_new_group_all_the_same() -> None:
    from tests.apply.world import picture

    world = World(keep=collapsing)
    world.want(subject="Vendas  Campinas", icon=picture())
    assert outcomes(world.apply()) == {"create_group": "done", "set_subject": "failed", "set_icon": "done"}
    world.assert_settled()


def cause(world: World) -> str:
    """Who moved away from what was last applied, as `drift` tells it of the subject."""
    found = drift(world.plan(), world.desired, world.state, world.settings, keeps_state=True)
    return {field.field: field.cause for field in found.groups[0].fields}["subject"]


def test_who_moved_away_from_a_subject_that_is_kept_otherwise() -> None:
    world = World(keep=collapsing)
    group_id = world.bound()
    world.want(subject="Vendas  Campinas")
    world.apply()
    assert drift(world.plan(), world.desired, world.state, world.settings, keeps_state=True).in_sync
    world.want(subject="Vendas Sul")
    assert cause(world) == "not_applied"
    world.want(subject="Vendas  Campinas")
    world.api.set_subject(group_id, "Ours now")
    assert cause(world) == "edited_outside"
    world.want(subject="Vendas Sul")
    assert cause(world) == "both"
