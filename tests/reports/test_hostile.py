"""Text of anybody's in every place where it can come in, through every format of the table and every verb,
judged by what reads that medium."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from rich.cells import cell_len

from reconciler.cli.formats import FORMATS, TABLE, Look
from reconciler.errors import Problem
from reconciler.language import spoken, tr, use
from reconciler.report import apply, drift, failure, plan, validate
from reconciler.report.escape import for_json, for_terminal
from reconciler.report.markdown import BUDGET
from reconciler.report.markdown_text import length

from . import gfm, media
from .hostile import (
    HOSTILE,
    SGR,
    WORDS,
    acts,
    base_with,
    complaints_with,
    drift_with,
    plan_with,
    result_with,
    short_with,
)
from .runs import RUN, VERBS, render, section, served
from .runs import draw as drawn
from .samples import REDACTOR

COLOURED = Look(color=True)
SHORT = tuple(verb for verb in TABLE if verb not in (*VERBS, "invites", "state list"))
"""What `hostile.short_with` has words for."""
KINDS = {
    "accounts": "apply",
    "base": "plan",
    "invites --send": "sent",
    "invites --rotate": "rotated",
    "send": "message",
    "state log": "state_log",
}
"""What JSON calls a document, where that is not the verb."""


@cache
def told(words: str) -> dict[str, Any]:
    complaints = tuple(replace(found, rule=words or "x") for found in complaints_with(words))
    return {
        "plan": plan.told(plan_with(words), REDACTOR),
        "base": plan.told(plan_with(words), REDACTOR, base_with(words)),
        "apply": apply.told(result_with(words), REDACTOR),
        "drift": drift.told(drift_with(words), REDACTOR),
        "validate": validate.told(complaints, None),
        "failure": failure.told("apply", Problem("x", words, words), complaints),
        **short_with(words),
    }


def outputs(name: str, words: str) -> Iterator[tuple[str, str]]:
    """(verb, output) for all that a format draws, and of two accounts together; facts of the run that others
    may have set hold words."""
    found = told(words)
    run = replace(RUN, commit=words, folder=words)
    look = Look(before=words)
    for verb in (*served(name), *(each for each in SHORT if name in TABLE[each])):
        yield verb, render(name, verb, found[verb], run, look)
    if "plan" in served(name):
        yield "base", render(name, "base", found["base"], run, look)
    if "apply" in served(name) and not FORMATS[name].apart:
        problem = Problem("x", words, words)
        failed = section(found["failure"], run, "b", problem)
        yield "accounts", drawn(name, [section(found["apply"], run, "a"), failed], look)


def _text(verb: str, output: str, words: str) -> None:
    """Nothing but `test_no_character_acts` and what all formats have to keep to."""


def _json(verb: str, output: str, words: str) -> None:
    assert json.loads(output)["kind"] == KINDS.get(verb, verb)


def _html(verb: str, output: str, words: str) -> None:
    """As another parser reads it; how a browser takes it is asked in `test_page.py`."""
    for element in lxml.html.document_fromstring(output).iter():
        if not isinstance(element.tag, str):
            continue  # a comment of the template's
        assert not [name for name in element.attrib if name.startswith("on") or name == "action"]
        assert element.tag not in ("iframe", "object", "embed", "link", "base", "form", "a") or (
            element.tag == "a" and element.get("href", "").startswith("#")
        )
        assert element.tag != "script" or len(element.get("nonce", "")) == 24
        assert element.tag != "img" or element.get("src", "").startswith("data:image/webp;base64,")


def _csv(verb: str, output: str, words: str) -> None:
    for delimiter in (",", ";"):
        rows = media.csv_rows(output) if delimiter == "," else list(_split(output))
        for cell in (cell for row in rows for cell in row):
            assert not re.match(r"[\s\"']*[=+\-@＝＋－＠]", cell) or cell.startswith("'"), cell
            assert "\n" not in cell


def _split(output: str) -> Iterator[list[str]]:
    """As a spreadsheet of a country where `;` divides a line."""
    for line in output.splitlines():
        yield [cell.strip('"') for cell in line.split(";")]


def _github(verb: str, output: str, words: str) -> None:
    for line in output.splitlines():
        command = media.github_command(line)
        if command is None:
            accounts = [tr("Account {account}", account=name) for name in "ab"]
            assert line in accounts or re.fullmatch(r"… [a-z ]+ \d+ [\w ]+\.", line)
            continue
        assert command.name in ("error", "warning", "notice")
        assert set(command.properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}
        assert command.properties.get("line", "1") == "1"
        assert command.data
        for inner in command.data.splitlines():
            assert not acts_as_command(inner)


def acts_as_command(line: str) -> bool:
    """Whether a line that is shown would be obeyed where it is printed again."""
    found = media.github_command(line)
    return found is not None


def _gitlab(verb: str, output: str, words: str) -> None:
    media.terraform(output)


def _codequality(verb: str, output: str, words: str) -> None:
    issues = media.codequality(output)
    assert len(issues) == 2
    if words and not any("\ud800" <= character <= "\udfff" for character in words):
        assert any(words in issue["description"] for issue in issues), "JSON keeps the value itself"


def _dotenv(verb: str, output: str, words: str) -> None:
    found = media.dotenv(output)
    assert found["RECONCILER_RESULT_EXITCODE"] == "1"
    if verb == "accounts":
        return
    quiet = set(media.dotenv(render("dotenv", verb, told("quiet")[verb])))
    assert set(found) == quiet


def _junit(verb: str, output: str, words: str) -> None:
    suite = media.junit(output)[-1]
    assert {case.tag for case in suite} == {"testcase"}
    ends = [[end.tag for end in case] for case in suite]
    assert all(len(end) <= 1 and set(end) <= {"failure", "error", "skipped"} for end in ends)
    assert int(suite.get("failures")) == ends.count(["failure"])
    assert not [end for case in suite for end in case if len(end)], "words are never elements"


def _sarif(verb: str, output: str, words: str) -> None:
    (run,) = media.sarif(output)["runs"]
    for result in run["results"]:
        text = result["message"]["text"]
        assert not re.search(r"(?<!\\)\[[^\]]*\]\(", text), "no link of somebody's making"
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9%/._~-]*", uri)


def _prometheus(verb: str, output: str, words: str) -> None:
    if verb != "accounts":
        quiet = render("prometheus", verb, told("quiet")[verb])
        assert output == quiet, "nothing of anybody's is in it"
        media.metrics(output)
    list(text_string_to_metric_families(output))


def _markdown(verb: str, output: str, words: str) -> None:
    gfm.assert_harmless(output)
    assert length(output) <= BUDGET
    assert gfm.shape(output) == quiet_shapes(spoken())[verb]


@cache
def quiet_shapes(language: str) -> dict[str, list[str]]:
    """The headings of every page in which nobody says anything."""
    return {verb: gfm.shape(output) for verb, output in outputs("markdown", "quiet")}


JUDGES: dict[str, Callable[[str, str, str], None]] = {
    "text": _text,
    "json": _json,
    "html": _html,
    "csv": _csv,
    "markdown": _markdown,
    "github": _github,
    "gitlab": _gitlab,
    "codequality": _codequality,
    "dotenv": _dotenv,
    "junit": _junit,
    "sarif": _sarif,
    "prometheus": _prometheus,
}


def test_every_format_has_a_judge() -> None:
    """A new format gets a judge here: a reader of its medium that is not ours."""
    assert set(JUDGES) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_words_stay_words(name: str) -> None:
    for kind, words in WORDS.items():
        for verb, output in outputs(name, words):
            try:
                check(name, verb, output, words)
            except Exception as error:
                error.add_note(f"{kind}, {verb}: {output[:2000]}")
                raise


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if not each.machine])
def test_hostile_words_stay_words_in_another_language(name: str) -> None:
    use("pt-BR")
    test_hostile_words_stay_words(name)


def check(name: str, verb: str, output: str, words: str) -> None:
    assert output.endswith("\n")
    assert not [character for character in output if acts(character)]
    output.encode("utf-8")
    assert not re.search(r"##[a-z]*\[", output)
    if name != "github":
        assert not re.search(r"^\s*::", output, re.MULTILINE)
    JUDGES[name](verb, output, words)


@given(st.text(max_size=40))
@settings(max_examples=15, deadline=None)
def test_any_text_at_all(words: str) -> None:
    for name in FORMATS:
        for verb, output in outputs(name, words):
            check(name, verb, output, words)


def test_the_judges_see_what_is_wrong() -> None:
    """Each is shown what it is there to refuse."""
    wrong = {
        "csv": "a,b\n=1+1,2\n",
        "github": "::error title=x::a\n::stop-commands::b\n",
        "gitlab": '{"create": 1, "update": 0}',
        "codequality": '[{"description": "x"}]',
        "dotenv": "RECONCILER_RESULT_EXITCODE=1\nA='b'\n",
        "junit": "<testsuites><testsuite name='a'/></testsuites>",
        "sarif": '{"version": "2.1.0", "runs": [{"tool": {}}]}',
        "prometheus": 'reconciler_groups{status="y"} 2\n',
        "json": "{",
        "markdown": "hello @everyone",
        "html": "<p onclick=x>",
    }
    for name, output in wrong.items():
        with pytest.raises((AssertionError, ValueError, KeyError, media.etree.DocumentInvalid)):
            JUDGES[name]("plan", output, "x")


# --- what only terminals and JSON have --------------------------------------------------------------------

TEXTS = ("plan", "apply", "drift", "validate", *SHORT)


@pytest.mark.parametrize("words", [HOSTILE["lines"], HOSTILE["workflow"], HOSTILE["cursor"]])
def test_nobody_can_add_a_line_of_their_own(words: str) -> None:
    for verb in TEXTS:
        quiet, loud = (render("text", verb, told(each)[verb]) for each in ("q" * 8, words))
        assert len(loud.splitlines()) <= len(quiet.splitlines()) + 30  # by wrapping only
        assert not re.search(r"^(b\b|c\b|d\b|! approved)", loud, re.MULTILINE)


@pytest.mark.parametrize("verb", TEXTS)
def test_colours_add_nothing_but_colours(verb: str) -> None:
    for words in WORDS.values():
        plain, coloured = (render("text", verb, told(words)[verb], look=each) for each in (Look(), COLOURED))
        assert SGR.sub("", coloured) == plain
        if verb not in ("validate", "state log"):  # their lines are as long as they need to be
            assert all(cell_len(line) <= 100 for line in plain.splitlines())


def test_markup_stays_as_it_was_written() -> None:
    for verb in TEXTS:
        output = SGR.sub("", render("text", verb, told(HOSTILE["markup"])[verb], look=COLOURED))
        assert "[bold red]no[/]" in output


def test_json_keeps_the_value_that_the_terminal_must_escape() -> None:
    words = "evil\u202egnp\x1b[31m\u200b\U000e0041\x7f\x9b"
    document = render("json", "plan", told(words)["plan"])
    assert "\\u202e" in document
    assert "\\udb40\\udc41" in document
    change = json.loads(document)["groups"][0]["changes"][1]
    assert (change["kind"], change["before"]) == ("set_subject", words)
    subject = json.loads(render("json", "drift", told(words)["drift"]))["groups"][0]["fields"][1]
    assert subject["live"] == words


def test_escapes_are_visible() -> None:
    assert (
        for_terminal("a\x1b[1m\x9b\u202e\u200b\n\U000e0041") == "a\\x1b[1m\\x9b\\u202e\\u200b\\n\\U000e0041"
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


def test_between_two_emoji_nothing_stays_but_what_joins_them() -> None:
    acting = [chr(code) for code in range(sys.maxunicode + 1) if acts(chr(code))]
    assert {character for character in for_terminal("👍".join(("", *acting, ""))) if acts(character)} == {
        "\u200d"
    }
    assert for_terminal("a\u200d👍\u200d") == "a\\u200d👍\\u200d"
