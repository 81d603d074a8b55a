"""Text of outsiders in every place where one can come in, through every format of the table and every verb,
judged by what reads that medium."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cli.formats import FORMATS
from reconciler.reports.apply_view import apply_view
from reconciler.reports.drift_view import drift_view
from reconciler.reports.plan_view import plan_view
from reconciler.reports.validate_shapes import FailureView, ValidationView

from . import gfm, media
from .runs import RUN, compared, render, served
from .samples import REDACTOR
from .test_drift import drift_with
from .test_hostile import HOSTILE, acts, complaints_with, plan_with, result_with

MORE = {
    "mention": "@everyone @org/team",
    "table": "a | b | c",
    "fence": "```\n# x\n```",
    "image": "![x](https://evil.example/a.png) [x](javascript:alert(1))",
    "our marker": '<!-- reconciler {"digest":"x"} --> -->',
    "cdata": "]]> <![CDATA[ &lt; &#x0; &amp; <failure/>",
    "no character": "a\ufffeb\uffffc",
    "formula": '=HYPERLINK("https://evil.example";"x")',
    "formula after a separator": "a;=1+1;+2;-3;@SUM(A1)",
    "label": 'x"} 1\nreconciler_groups{status="y"} 2\\',
    "properties": "a,line=99,file=/etc/passwd::b%0A::error::c",
    "percent": "%0A::set-output name=x::y%25",
    "heredoc": "EOF\nchanges=0",
    "older commands": "##[error]x ##[set-env name=A]b ##vso[task.complete]x ##teamcity[x]",
    "equals": "A=b\nB=c",
    "uri": "..\\..\\a b?c#d%2e%2e",
}
WORDS = HOSTILE | MORE


def views(words: str) -> dict[str, Any]:
    complaints = tuple(replace(found, rule=words or "x") for found in complaints_with(words))
    return {
        "plan": plan_view(plan_with(words), REDACTOR),
        "apply": apply_view(result_with(words), REDACTOR),
        "drift": drift_view(drift_with(words), REDACTOR),
        "validate": ValidationView(complaints, None),
        "failure": FailureView(words, words, complaints),
    }


def outputs(name: str, words: str) -> Iterator[tuple[str, str]]:
    """(verb, output) for all that a format renders; facts of the run that others may have set hold words."""
    found = views(words)
    run = replace(RUN, commit=words, folder=words, before=words)
    for verb in served(name):
        yield verb, render(name, verb, found[verb], run)
    if "plan" in served(name):
        yield "plan", render(name, "plan", compared(found["plan"], words), run)


def _text(verb: str, output: str, words: str) -> None:
    """Nothing but `test_no_character_acts` and what all formats have to keep to."""


def _json(verb: str, output: str, words: str) -> None:
    assert json.loads(output)["kind"] == verb


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
            assert re.fullmatch(r"… and \d+ more (error|warning|notice)s?\.", line)
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
    quiet = set(media.dotenv(render("dotenv", verb, views("quiet")[verb])))
    assert set(found) - {"RECONCILER_RESULT_CHANGES_BEFORE"} == quiet


def _junit(verb: str, output: str, words: str) -> None:
    (suite,) = media.junit(output)
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
    quiet = render("prometheus", verb, views("quiet")[verb])
    assert output == quiet, "nothing of anybody's is in it"
    media.metrics(output)


def _markdown(verb: str, output: str, words: str) -> None:
    gfm.assert_harmless(output)


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
