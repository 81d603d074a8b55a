"""`list` over real HTTP: what it says of every group, which ones it picks, and that it only reads."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, STRANGER, Result, picture

from .conftest import Inside

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas/list.schema.json").read_text())


def listed(repo: Inside, *arguments: str, **environment: str) -> Result:
    """`list --format json`, whose output keeps to the schema."""
    result = repo.run("list", "--format", "json", *arguments, **environment)
    if result.out:
        jsonschema.Draft202012Validator(SCHEMA).validate(result.json)
    return result


def subjects(result: Result) -> list[str | None]:
    return [group["subject"] for group in result.json["groups"]]


@pytest.fixture
def several(inside: Inside) -> Inside:
    """Ours with a manifest and without one, and two of other people, in one of which we are admin."""
    inside.api.seed("Alfa", participants=[ANA, BRUNO], admins=[ANA], icon=picture(size=64))
    inside.api.seed("Beta", participants=[STRANGER])
    inside.api.seed("Gama", creator=CARLOS, participants=[DORA], admins=[DORA])
    inside.api.seed("Delta", creator=CARLOS, account="admin")
    inside.group("alfa", "subject: Alfa\nicon: null\nadmins: [ana]\n")
    return inside


def test_every_group_with_what_there_is_to_know(several: Inside) -> None:
    found = listed(several)
    assert (found.code, found.json["complete"]) == (0, True)
    assert found.json["account"] == {"number": "+55 19 •••• 2222", "guessed": False}
    assert subjects(found) == ["Alfa", "Beta", "Delta", "Gama"]
    alfa, beta, delta, gama = found.json["groups"]
    assert alfa["people"] == ["account", "ana", "bruno"]
    assert alfa["admins"] == ["account", "ana"]
    assert (alfa["name"], alfa["manifest"]) == ("alfa", {"file": "groups/alfa.yaml", "line": 1})
    assert (beta["name"], beta["manifest"]) == (None, None)
    assert beta["people"] == ["+55 19 •••• 0077", "account"]
    assert [group["role"] for group in (alfa, beta, delta, gama)] == ["admin", "admin", "admin", "member"]
    assert (gama["can_promote"], delta["can_promote"]) == (["carlos", "dora"], [])
    assert found.json["summary"] == {
        "total": 4,
        "shown": 4,
        "unmanaged": 3,
        "not_admin": 1,
        "unreadable": 0,
    }
    assert not several.api.writes()
    assert [call["path"] for call in several.api.calls()].count("/groups") == 1
    assert len(several.api.calls()) == 5
    assert not several.state.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--unmanaged"], ["Beta", "Delta", "Gama"]),
        (["--role", "member"], ["Gama"]),
        (["--role", "admin", "--unmanaged"], ["Beta", "Delta"]),
        (["--person", "ana"], ["Alfa"]),
        (["--person", "carlos"], ["Delta", "Gama"]),
        (["--person", f"+{CARLOS}", "--person", "bruno"], ["Alfa", "Delta", "Gama"]),
        (["--person", "5519900000077"], ["Beta"]),
        (["--person", "19999999999"], []),
        (["--person", "bruno", "--role", "admin"], []),
        (["--person", "bruno", "--role", "member"], ["Alfa"]),
        (["--person", "dora", "--role", "admin"], ["Gama"]),
        (["--target", "al*"], ["Alfa"]),
    ],
)
def test_what_is_picked(several: Inside, arguments: list[str], expected: list[str]) -> None:
    found = listed(several, *arguments)
    assert (found.code, subjects(found)) == (0, expected)
    assert found.json["summary"]["total"] == 4


def test_without_manifests_configuration_and_state(several: Inside) -> None:
    for path in ("groups/alfa.yaml", "reconciler.yaml", "contacts.yaml"):
        (several.path / path).unlink()
    (several.path / "groups").rmdir()
    found = listed(several, "--show-numbers")
    assert found.code == 0
    assert found.json["account"] == {"number": f"+{ACCOUNT}", "guessed": True}
    assert [group["role"] for group in found.json["groups"]] == ["admin", "admin", "admin", "member"]
    assert found.json["summary"]["unmanaged"] == 4
    assert "it is probably +55 19 •••• 2222" in several.run("list").out


def test_who_we_are_is_not_guessed_when_two_are_alike(inside: Inside) -> None:
    inside.write("reconciler.yaml", "")
    inside.api.seed("Alfa", creator=ANA, account="admin")
    inside.api.seed("Beta", creator=ACCOUNT, participants=[ANA], admins=[ANA])
    found = listed(inside)
    assert found.json["account"] is None
    assert {group["role"] for group in found.json["groups"]} == {None}
    assert "not known where we are admin" in inside.run("list").out


def test_a_group_whose_manifest_is_gone_says_its_name(several: Inside) -> None:
    assert several.apply().code == 0
    (several.path / "groups/alfa.yaml").rename(several.path / "groups/beta.yaml")
    several.group("beta", "subject: Outra\n")
    alfa = listed(several).json["groups"][0]
    assert (alfa["name"], alfa["manifest"]) == ("alfa", None)
    assert "its manifest is gone" in alfa["notes"][0]


def test_what_cannot_be_read_is_shown_as_such_and_ends_1(several: Inside) -> None:
    several.write("reconciler.yaml", f'account: "+{ACCOUNT}"\napi: {{retries: 0}}\n')
    beta = several.live("Beta")["id"]
    several.api.add_faults(f"GET /groups/{beta} status=500")
    found = listed(several)
    assert (found.code, found.json["complete"], found.json["summary"]["unreadable"]) == (1, False, 1)
    last = found.json["groups"][-1]
    assert (last["id"], last["subject"], last["status"]) == (beta, None, "unreadable")
    assert listed(several, "--person", "ana").code == 1  # it may be in that one
    assert "unreadable" in several.run("list").out
    several.api.clear_faults()
    several.api.add_faults("GET /groups status=401 times=1")
    assert several.run("list").code == 4


def test_as_text_and_as_a_table(several: Inside) -> None:
    several.api.set_subject(several.live("Beta")["id"], "=cmd()\u202e\x1b[31m 5519900000077")
    text = several.run("list").out
    assert "can make it admin: carlos, dora" in text
    assert "5519900000077" not in text
    assert "\x1b" not in text
    assert "4 groups · 3 unmanaged · 1 where the account is no admin." in text
    rows = list(csv.DictReader(io.StringIO(several.run("list", "--format", "csv").out)))
    assert [row["role"] for row in rows] == ["admin", "admin", "admin", "member"]
    assert rows[0]["subject"].startswith("'=cmd")
    assert (rows[1]["manifest"], rows[1]["people"]) == ("alfa", "3")
    assert several.run("list", "--format", "html").code == 64
    assert several.run("list", "--person", "ann").code == 64
    assert several.run("list", "--report", f"csv={several.path}/out.csv", "--quiet").err == ""
    assert (several.path / "out.csv").stat().st_mode & 0o777 == 0o600
    assert (several.path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfsubject,"), (
        "Excel knows it as UTF-8"
    )
    assert several.run("list", "--format", "csv").out.startswith("subject,"), "a pipe has no mark"
