"""Text of outsiders in every place where one can come in, through every format."""

from __future__ import annotations

import json as stdlib_json
import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from reconciler.errors import Complaint, Mark
from reconciler.model.change import AdoptGroup, Affected, Demote, Invite, SetIcon, SetSubject
from reconciler.model.desired import Person
from reconciler.model.live import Problem
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome
from reconciler.model.plan import Note, Objection, Plan, Unmanaged
from reconciler.report.escape import for_json, for_terminal
from reconciler.reports import apply_json, apply_text, plan_json, plan_text, text
from reconciler.reports.apply_view import apply_view
from reconciler.reports.plan_view import plan_view

from . import samples
from .samples import REDACTOR

SGR = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = {
    "colour": "a\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "C1": "a\x9b31mb",
    "cursor": "ok\r\x1b[2K! approved\x08\x08",
    "lines": "a\nb\u2028c\u2029d\x0be\x85f",
    "bidi": "evil\u202egnp.exe\u2066x\u2069\u200f",
    "zero width": "ad\u200bmin\u2060\ufeff\u00ad\u200d",
    "filler": "a\u3164\u115f\u2800b",
    "tags": "flag\U000e0041\U000e007f",
    "half a pair": "x\ud800y\udfff",
    "NUL": "a\0b",
    "markup": "[bold red]no[/] [link=https://evil.example]x[/link] [/]",
    "backslash": "a\\[bold]\\x1b",
    "format": "{ids} {people[0]} %s {0} {texts}",
    "html": "<script>alert(1)</script>",
    "workflow": "::error::x\n::stop-commands::y",
    "quotes": "\"a\" 'b' `c`",
    "long": "w" * 5000,
    "wide": "日本" * 200,
    "no-break space": "a\u00a0b\u3000c",
    "empty": "",
}


def plan_with(words: str) -> Plan:
    changed = samples.group(
        words or "x",
        "adopt",
        AdoptGroup("g1", "subject", words),
        SetSubject(words, words),
        SetIcon(samples.OLD_ICON, replace(samples.LOGO, path=words)),
        Demote((Affected(samples.CARLOS, words), Affected(samples.STRANGER, words))),
        found=replace(samples.live("g1", samples.CARLOS), subject=words),
        notes=(Note("said: {texts[0]}", texts=(words,)), Note(words)),
        to_invite=(Invite(Person((samples.STRANGER,), words or None), "member"),),
    )
    held = samples.group("held", "held", notes=(Note(words),), withheld=(SetSubject(words, words),))
    return Plan(
        groups=(
            replace(changed, mark=Mark(words or "f", 1)),
            replace(changed, name="b", action="blocked", changes=(), mark=Mark(words or "f", 1)),
            replace(changed, name="c", action="none", changes=()),
            held,
        ),
        objections=(
            Objection("demote-many", Note("{texts}", texts=(words,)), (words,), 1),
            Objection("leave-many", Note(words), (words,), 1, words or "x"),
        ),
        unmanaged=(Unmanaged("g9", words),),
        notes=(Note(words),),
        complete=False,
        digest=words,
    )


def result_with(words: str) -> ApplyResult:
    plan = plan_with(words)
    problem = Problem(words, words, words)
    groups = tuple(
        GroupOutcome(
            name=group.name,
            action=group.action,
            id=group.id,
            outcomes=tuple(Outcome(change, "failed", problem) for change in group.changes),
            notes=group.notes,
            plan=group,
        )
        for group in plan.groups
    )
    return ApplyResult(plan=plan, groups=groups, unsaved=problem, bind=((words, "g1"),))


def complaints_with(words: str) -> list[Complaint]:
    return [Complaint(Mark(words or "f", 1, 1), words, words), Complaint(Mark("a"), words, warning=True)]


FORMATS: dict[str, Callable[[str], str]] = {
    "plan text": lambda words: plan_text.render_plan(plan_view(plan_with(words), REDACTOR), color=False),
    "plan colour": lambda words: plan_text.render_plan(plan_view(plan_with(words), REDACTOR), color=True),
    "plan json": lambda words: plan_json.render_plan(plan_view(plan_with(words), REDACTOR)),
    "apply text": lambda words: apply_text.render_apply(
        apply_view(result_with(words), REDACTOR), color=False
    ),
    "apply colour": lambda words: apply_text.render_apply(
        apply_view(result_with(words), REDACTOR), color=True
    ),
    "apply json": lambda words: apply_json.render_apply(apply_view(result_with(words), REDACTOR)),
    "complaints text": lambda words: text.render_complaints(complaints_with(words), color=False),
    "complaints colour": lambda words: text.render_complaints(complaints_with(words), color=True),
}


def acts(character: str) -> bool:
    """Whether a character acts or hides instead of being shown, by its Unicode category."""
    return character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def assert_harmless(name: str, output: str) -> None:
    shown = SGR.sub("", output) if "colour" in name else output
    assert not [character for character in shown if acts(character)]
    output.encode("utf-8")


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", FORMATS)
def test_no_character_acts(name: str, words: str) -> None:
    output = FORMATS[name](words)
    assert_harmless(name, output)
    if "json" in name:
        stdlib_json.loads(output)


@pytest.mark.parametrize("words", [HOSTILE["lines"], HOSTILE["workflow"], HOSTILE["cursor"]])
def test_nobody_can_add_a_line_of_their_own(words: str) -> None:
    for name in ("plan text", "apply text", "complaints text"):
        quiet, loud = FORMATS[name]("q" * 8), FORMATS[name](words)
        assert len(loud.splitlines()) <= len(quiet.splitlines()) + 30  # by wrapping only
        assert not re.search(r"^(b\b|c\b|d\b|! approved)", loud, re.MULTILINE)


@pytest.mark.parametrize(
    "command", ["::error::x", "##[stop-commands]x", "##vso[task.setvariable variable=a]b", "##teamcity[x]"]
)
def test_no_pipeline_takes_an_order(command: str) -> None:
    """Also at the beginning of a line, where wrapping may put it: GitHub ignores the spaces before it."""
    words = " ".join(["x" * 17, command] * 8)
    for name, render in FORMATS.items():
        for output in (render(command), render(words)):
            assert not re.search(r"^\s*::", SGR.sub("", output), re.MULTILINE)
            assert not re.search(r"##[a-z]*\[", output)
        if "json" in name:
            assert command in stdlib_json.dumps(stdlib_json.loads(render(command)))


def test_a_name_that_no_line_has_room_for_is_wrapped() -> None:
    output = FORMATS["plan text"]("w" * 500)
    assert max(map(cell_len, output.splitlines())) <= 100


def test_json_keeps_the_value_that_the_terminal_must_escape() -> None:
    words = "evil\u202egnp\x1b[31m\u200b\U000e0041\x7f\x9b"
    document = plan_json.render_plan(plan_view(plan_with(words), REDACTOR))
    assert "\\u202e" in document
    assert "\\udb40\\udc41" in document
    change = stdlib_json.loads(document)["groups"][0]["changes"][1]
    assert (change["kind"], change["before"]) == ("set_subject", words)


def test_markup_stays_as_it_was_written() -> None:
    for name in ("plan text", "plan colour", "apply text", "complaints text"):
        output = SGR.sub("", FORMATS[name](HOSTILE["markup"]))
        assert "[bold red]no[/]" in output


def test_escapes_are_visible() -> None:
    assert (
        for_terminal("a\x1b[1m\x9b\u202e\u200b\n\U000e0041") == "a\\x1b[1m\\x9b\\u202e\\u200b\\x0a\\U000e0041"
    )
    assert for_terminal("São Paulo ☕ 👍🏽 ❤️ 日本語 Ñandú") == "São Paulo ☕ 👍🏽 ❤️ 日本語 Ñandú"


def test_every_character_that_acts_is_escaped() -> None:
    """All of Unicode, by its own categories; the spaces that look like another one as well."""
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    escaped = for_terminal(everything)
    assert not [character for character in escaped if acts(character) or character == "\n"]
    assert {character for character in escaped if unicodedata.category(character) == "Zs"} == {" "}
    layout = set("\n\t\r")
    left = {character for character in for_json(everything) if ord(character) >= 0x20 and acts(character)}
    assert left - layout == set()


@given(st.text(max_size=60))
@settings(deadline=None)
def test_any_text_at_all(words: str) -> None:
    for name, render in FORMATS.items():
        output = render(words)
        assert_harmless(name, output)
        if name in ("plan text", "apply text"):
            assert all(cell_len(line) <= 100 for line in output.splitlines())
