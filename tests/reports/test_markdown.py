"""Markdown as it is seen: rendered by a CommonMark library with GitHub's extensions, nothing that outsiders
wrote is a link, a picture, HTML, a mention, a heading or a list, and everything of it can be read."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.errors import Problem
from reconciler.model.attribution import Base
from reconciler.model.change import Affected, ChangePeople, LeaveGroup, SetValue
from reconciler.model.drift import Drift
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome
from reconciler.model.plan import GroupPlan, Note, Objection, Plan
from reconciler.planning.attribution import attribute
from reconciler.report import apply, drift, failure, validate
from reconciler.report.escape import for_terminal
from reconciler.report.markdown import BUDGET
from reconciler.report.markdown_text import code, fence, length, marker, prose
from reconciler.report.model import Verb
from reconciler.report.section import Run, Told

from . import based, drifts, samples
from .gfm import GFM, assert_harmless, shape, visible
from .hostile import WORDS, complaints_with, plan_with, result_with
from .runs import draw, draw_plan, render, section
from .samples import REDACTOR

RUN = Run(
    verb="plan",
    version="1.0",
    started=datetime(2026, 11, 21, 12, tzinfo=UTC),
    duration=1.5,
    exit_code=0,
    complete=True,
    commit="a" * 40,
    api="https://api.example",
)


def plan_page(made: Plan, base: Base | None = None) -> str:
    return draw_plan("markdown", made, base, run=RUN)


def failed(words: str) -> Told:
    return failure.told("plan", Problem("x", words, words), complaints_with(words))


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_everything_of_anybody_s_words_can_be_read(words: str) -> None:
    shown = for_terminal(REDACTOR.untrusted(words))[:150]
    applied = render("markdown", "apply", apply.told(result_with(words), REDACTOR))
    for page in (plan_page(plan_with(words)), applied):
        assert f'"{shown}' in visible(page)
    validated = render("markdown", "validate", validate.told(complaints_with(words), None))
    for page in (validated, render("markdown", "failure", failed(words))):
        assert for_terminal(words)[:150] in visible(page)


@example("A ")
@example("a  b")
@example("````")
@example("HTTP:")
@example("x: reconciler  apply -x, y: reconciler ")
@given(st.text(max_size=80) | st.text("`~ \\<>[]()!*_#@:/.-+1a&\n|$", max_size=40))
@settings(deadline=None)
def test_any_text_reads_as_it_is(words: str) -> None:
    shown = for_terminal(words)
    assert visible(f"x {code(words)} x") == f"x {shown or chr(34) * 2} x"
    for text in (f"- x {prose(words)}", f"> - {prose(words)} x", f"**{code(words)}** {prose(words)}"):
        assert_harmless(text)
    if shown:
        assert visible(f"- x {prose(words)} x") == f"x {shown} x"
    for sign in ("+ ", "  "):  # a line of neither colour may begin with ticks
        (block,) = GFM.parse(fence([f"{sign}{words}"], "diff"))
        assert (block.type, block.content) == ("fence", f"{sign}{shown}\n")


@given(st.text(max_size=60) | st.text('->!<"\\{}', max_size=30))
@settings(deadline=None)
def test_no_value_ends_the_marker(words: str) -> None:
    line = marker({"digest": words, "truncated": False})
    assert line.count("-->") == 1
    assert "\n" not in line
    found = re.fullmatch(r"<!-- reconciler (\{.*\}) -->", line)
    assert found
    assert json.loads(found[1]) == {"digest": words, "truncated": False}
    assert "--" not in found[1]


def first_line(text: str) -> dict[str, object]:
    found = re.fullmatch(r"<!-- reconciler (\{.*\}) -->", text.partition("\n")[0])
    assert found
    facts: dict[str, object] = json.loads(found[1])
    return facts


def test_the_first_line_is_the_marker() -> None:
    text = plan_page(samples.EVERYTHING)
    assert first_line(text) == {"kind": "plan", "digest": "a1b2c3", "truncated": False}
    verbs: tuple[Verb, ...] = ("apply", "drift", "validate")
    for verb in verbs:
        told = failure.told(verb, Problem("x", "no"))
        assert first_line(draw("markdown", [section(told, RUN)]))["kind"] == verb


def many(total: int, changed: int) -> Plan:
    """A plan of many groups, of which some have drifted, each in another way."""
    groups = []
    for index in range(total):
        changes = (
            (
                SetValue("subject", f"Cliente {index} (velho)", f"Cliente {index}"),
                ChangePeople(
                    "promote",
                    tuple(Affected(f"55198{index:04d}{person:04d}", "has joined") for person in range(6)),
                ),
            )
            if index < changed
            else ()
        )
        groups.append(
            samples.group(
                f"cliente-{index:05d}",
                "update" if changes else "none",
                *changes,
                found=samples.live(f"g{index}"),
            )
        )
    return Plan(groups=tuple(groups), digest="d")


@pytest.mark.parametrize("with_base", [False, True])
def test_ten_thousand_groups_keep_the_budget(with_base: bool) -> None:
    plan = many(10_000, 500)
    before = Plan(groups=plan.groups[250:])
    base = replace(based.BASE, attribution=attribute(plan, before)) if with_base else None
    text = plan_page(plan, base)
    assert 55_000 < length(text) <= BUDGET
    facts = first_line(text)
    shown = len(re.findall(r"^`~` \*\*`cliente-", text, re.MULTILINE))
    assert facts["truncated"] is True
    assert facts["cut"] == 500 - shown
    told = [int(each) for each in re.findall(r"\*\*(\d+) groups more did not fit here", text)]
    assert sum(told) == facts["cut"]
    assert shown > 60
    assert "500 to update" in text or "250 to update" in text
    assert_harmless(text)
    assert text.count("```diff") == text.count("\n```\n")  # no block was cut in two


def test_the_budget_is_counted_as_code_hosts_count() -> None:
    """In units of UTF-16, of which a picture takes two."""
    groups = [
        samples.group(
            f"c-{index}",
            "update",
            SetValue("subject", f"{index}", "👍" * 25),
            found=samples.live(f"g{index}"),
        )
        for index in range(2_000)
    ]
    text = plan_page(Plan(groups=tuple(groups)))
    assert 55_000 < len(text.encode("utf-16-le")) / 2 <= BUDGET


def test_what_is_equal_in_many_groups_takes_little_room() -> None:
    groups = [
        samples.group(
            f"c-{index:05d}", "update", ChangePeople("promote", (Affected(samples.ANA, "has joined"),))
        )
        for index in range(10_000)
    ]
    text = plan_page(Plan(groups=tuple(groups)))
    assert first_line(text)["truncated"] is False
    assert "… and 9800 more" in text
    assert length(text) < 12_000


def test_a_plan_with_huge_parts_keeps_the_budget() -> None:
    words = "w" * 5000
    settings = tuple(replace(based.SETTINGS[3], name=f"{index}{words}") for index in range(500))
    held = tuple(
        samples.group(f"h{index}", "held", notes=plan_with(words).groups[0].notes) for index in range(500)
    )
    plan = Plan(groups=held, objections=plan_with(words).objections * 10)
    base = replace(based.BASE, attribution=attribute(plan, plan), settings=settings, ref=words)
    text = plan_page(plan, base)
    assert length(text) <= BUDGET


def test_nor_does_what_stands_around_the_groups_exceed_it() -> None:
    many = tuple(f"{index} {'w ' * 400}" for index in range(100))
    notes = tuple(map(Note, many))
    objections = tuple(Objection("demote-many", note, ("a",), 1) for note in notes)
    for plan, base in (
        (Plan(groups=(), notes=notes), None),
        (Plan(groups=(), objections=objections), None),
        (Plan(groups=()), replace(based.BASE, warnings=many)),
    ):
        text = plan_page(plan, base)
        assert length(text) <= BUDGET
        assert first_line(text)["truncated"] is True
        assert "Something more did not fit here" in text


def test_both_counts_stand_in_the_verdict_and_the_former_come_first() -> None:
    text = plan_page(samples.EVERYTHING, based.BASE)
    title = shape(text)[0]
    assert re.search(
        r"^Plan: 0 to create, .* by this change · [0-9]+ changes in [0-9]+ groups due before$", title
    )
    assert shape(text)[1:] == ["Caused by this change", "Merging also makes these", "Other groups"]
    order = [
        "moves what protects people",
        "Called off by this change",
        "Cannot be undone",
        "refused: nothing will be applied",
        "Caused by this change",
        "Merging also makes these",
        "Other groups",
        "Still to join",
    ]
    assert sorted(order, key=text.index) == order


def test_a_base_that_could_not_be_read_is_said() -> None:
    text = plan_page(samples.EVERYTHING, based.BROKEN)
    assert "About the base" in text
    assert "everything counts as this" in text
    assert "Merging also makes these" not in text


def test_a_drift_is_shown_whole() -> None:
    text = render("markdown", "drift")
    assert_harmless(text)
    for group in drifts.EVERYTHING.groups:
        assert (group.name in text) is True


def test_what_was_not_done_neither_goes_nor_comes() -> None:
    """A failed change is no green line; what was done is."""
    outcomes = (
        Outcome(SetValue("subject", "A", "B"), "failed", samples.REFUSED),
        Outcome(ChangePeople("promote", (Affected(samples.ANA, "has joined"),)), "done"),
    )
    group = GroupOutcome(name="g1", action="update", outcomes=outcomes)
    page = render(
        "markdown", "apply", apply.told(ApplyResult(plan=Plan(groups=()), groups=(group,)), REDACTOR)
    )
    assert '\n! ✗ subject  "A" → "B"\n' in page
    assert "\n+ ✓ admins   ana  has joined\n" in page


def test_what_waits_neither_goes_nor_comes() -> None:
    held = samples.group("g1", "held", withheld=(SetValue("subject", "A", "B"),))
    page = draw_plan("markdown", Plan(groups=(held,)))
    assert '\n  subject   waits for the end of the hold\n            "A" → "B"\n' in page


def test_groups_stand_in_the_order_in_which_statuses_are_told() -> None:
    groups = (
        samples.group("a", "create", SetValue("subject", "A", "B")),
        samples.group("b", "update", SetValue("subject", "A", "B")),
        samples.group("c", "missing"),
        samples.group("d", "leave", LeaveGroup()),
    )
    page = draw_plan("markdown", Plan(groups=groups))
    listed = [line.split("**")[1] for line in page.splitlines() if line.startswith("- `")]
    assert listed == ["missing", "leave", "update", "create"]


def test_a_number_after_punctuation_is_no_part_of_what_stands_before_it() -> None:
    assert prose("guard leave_count: 3 → 9") == "guard `leave_count`: 3 → 9"
    assert prose("+55 19 then") == "`+55 19` then"
    assert prose("(+55 19 •••• 0077, ana)") == "(`+55 19 •••• 0077`, ana)"


def test_a_command_is_one_piece_and_a_note_breaks_its_lines() -> None:
    """On a narrow page a block of code would hide the end of a note, which says what to type."""
    words = "its manifest is gone. Renamed: reconciler state mv equipe NEW-NAME; leave it: reconciler apply"
    shown = (
        "its manifest is gone. Renamed: `reconciler state mv equipe NEW-NAME`; leave it: `reconciler apply`"
    )
    assert prose(words) == shown
    orphan = GroupPlan(name="equipe", action="orphaned", id="1", notes=(Note(words),))
    assert f"\n\n- {shown}\n" in plan_page(Plan(groups=(orphan,)))


def test_what_stands_beside_a_status_is_set_apart() -> None:
    page = render("markdown", "apply", apply.told(samples.MIXED, REDACTOR))
    assert "done, new group · " in page


def test_a_group_is_headed_by_its_name_and_its_subject() -> None:
    group = replace(drifts.SUPPORT, subject="Suporte Campinas")
    text = render("markdown", "drift", drift.told(Drift(groups=(group,)), REDACTOR), RUN)
    assert f'**`{group.name}`** `"Suporte Campinas"` drifted' in text
    assert f'title={group.name} "Suporte Campinas"%3A drifted' in render(
        "github", "drift", drift.told(Drift(groups=(group,)), REDACTOR), RUN
    )


@pytest.mark.parametrize("subject", [words for words in WORDS if words])
def test_a_subject_beside_a_name_stays_words(subject: str) -> None:
    group = replace(drifts.SUPPORT, subject=subject)
    text = render("markdown", "drift", drift.told(Drift(groups=(group,)), REDACTOR), RUN)
    assert_harmless(text)
