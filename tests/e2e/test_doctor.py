"""`doctor`: says what is wrong and how to mend it, ends as other commands would, and changes nothing."""

from __future__ import annotations

import fcntl
import json
import subprocess
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import jsonschema
import pytest

from tests.backends.server import RawServer, reply
from tests.support import ACCOUNT, ANA, TOKEN, Repo, Result

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/doctor.schema.json").read_text())


def doctor(repo: Repo, **environment: str) -> Result:
    """A run whose output is as the schema says, and holds no secret and nobody's number."""
    done = repo.run("doctor", "--format", "json", **environment)
    assert done.out, done.err
    jsonschema.Draft202012Validator(SCHEMA).validate(done.json)
    assert TOKEN not in done.out + done.err
    assert ANA not in done.out + done.err
    assert done.json["healthy"] == (done.code == 0)
    return done


def said(done: Result, check: str) -> list[tuple[str, str]]:
    """Verdict and message of each finding of one check."""
    return [
        (finding["verdict"], finding["message"])
        for finding in done.json["findings"]
        if finding["check"] == check
    ]


@pytest.fixture
def healthy(repo: Repo) -> Repo:
    """A repository whose one group is as it should be."""
    repo.group("vendas", "subject: Vendas\nadmins: [ana]\n")
    (repo.path / ".git").rmdir()
    repo.write(".gitignore", "/.reconciler/\n")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        identity = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=repo.path, check=True)
    assert repo.apply().code == 0
    return repo


def test_all_is_well_and_nothing_was_touched(healthy: Repo) -> None:
    before = {path: path.stat().st_mtime_ns for path in healthy.path.rglob("*") if ".git/" not in str(path)}
    writes = healthy.writes()
    done = doctor(healthy)
    assert done.code == 0
    unwell = {finding["check"] for finding in done.json["findings"] if finding["verdict"] != "ok"}
    assert unwell == {"clock"}, done.out  # the sandbox does not say what time it is
    assert {finding["check"] for finding in done.json["findings"]} | {"session"} == set(
        SCHEMA["$defs"]["finding"]["properties"]["check"]["enum"]
    )
    assert healthy.writes() == writes
    after = {path: path.stat().st_mtime_ns for path in healthy.path.rglob("*") if ".git/" not in str(path)}
    assert after == before
    text = healthy.run("doctor")
    assert text.code == 0
    assert text.out.endswith("Everything is as it should be.\n")


def test_each_thing_that_is_wrong_is_named_with_its_mend(healthy: Repo) -> None:
    state = healthy.state.read_text()

    def only(done: Result, code: int, check: str, verdict: str, words: str) -> None:
        assert done.code == code, done.out
        assert any(verdict == found and words in message for found, message in said(done, check)), done.out
        (finding,) = [
            finding
            for finding in done.json["findings"]
            if finding["check"] == check and words in finding["message"]
        ]
        assert finding["hint"] or "chmod 600" in finding["message"]

    only(doctor(healthy, RECONCILER_TOKEN=""), 4, "credentials", "problem", "set RECONCILER_TOKEN")
    only(doctor(healthy, RECONCILER_BASE_URL="http://example.org"), 1, "address", "problem", "http")
    only(doctor(healthy, RECONCILER_BASE_URL="http://127.0.0.1:1"), 1, "login", "problem", "refused")
    only(doctor(healthy, RECONCILER_ACCOUNT=f"+{ANA}"), 1, "account", "problem", "not in the one group")
    healthy.write("reconciler.yaml", "")
    only(doctor(healthy), 0, "account", "warning", "it is probably +55 19 ••••")
    healthy.write("reconciler.yaml", f'account: "+{ACCOUNT}"\n')

    healthy.state.chmod(0o644)
    only(doctor(healthy), 0, "state", "warning", "every user of this machine")
    healthy.state.write_text("{")
    only(doctor(healthy), 1, "state", "problem", "is damaged")
    healthy.state.write_text(state)
    healthy.state.chmod(0o600)
    healthy.write(".gitignore", "")
    only(doctor(healthy), 0, "state", "warning", "not ignored by git")
    subprocess.run(["git", "add", "-A"], cwd=healthy.path, check=True)
    only(doctor(healthy), 0, "state", "warning", "is committed")
    subprocess.run(["git", "rm", "-q", "--cached", ".reconciler/state.json"], cwd=healthy.path, check=True)
    healthy.write(".gitignore", "/.reconciler/\n")

    lock = healthy.state.with_name("state.json.lock")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("process 1 on host since 2026-11-21")
        file.flush()
        only(doctor(healthy), 0, "lock", "warning", "held by process 1 on host")

    only(doctor(healthy, RECONCILER_STATE="git:nowhere/state"), 1, "state", "problem", "nowhere")
    healthy.group("vendas", "subject: Vendas\nadmns: [ana]\n")
    mistaken = doctor(healthy)
    only(mistaken, 1, "files", "problem", "groups/vendas.yaml:2:1:")
    assert [verdict for verdict, _ in said(mistaken, "login")] == ["ok"]
    assert [verdict for verdict, _ in said(mistaken, "state")] == ["skipped"]


def test_refused_credentials_end_as_everywhere(make_repo: Any) -> None:
    repo = make_repo(username="somebody", token="else")
    repo.group("vendas", "subject: Vendas\n")
    done = doctor(repo)
    assert done.code == 4
    assert said(done, "login")[0][0] == "problem"
    assert [verdict for verdict, _ in said(done, "account")] == ["skipped"]


@pytest.mark.parametrize(
    ("ci", "mend"), [("", "add --sandbox"), ("true", "secrets of the job's environment")]
)
def test_missing_credentials_are_mended_where_the_run_is(repo: Repo, ci: str, mend: str) -> None:
    repo.group("vendas", "subject: Vendas\n")
    done = repo.run("plan", RECONCILER_TOKEN="", CI=ci)
    assert done.code == 4
    assert mend in done.err


def test_a_clock_that_is_wrong_shows(repo: Repo) -> None:
    repo.group("vendas", "subject: Vendas\n")
    with RawServer() as server:
        for ahead, words in ((7 * 3600, "7 hours behind"), (-7 * 3600, "7 hours ahead of"), (0, "agrees")):
            server.default = reply(200, b'{"groups": []}', {"Date": formatdate(time() + ahead, usegmt=True)})
            done = doctor(repo, RECONCILER_BASE_URL=server.url)
            assert any(words in message for _, message in said(done, "clock")), done.out


def test_a_state_on_a_branch(healthy: Repo, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    subprocess.run(["git", "remote", "add", "origin", str(bare)], cwd=healthy.path, check=True)
    place = {"RECONCILER_STATE": "git:origin/reconciler-state"}
    left = doctor(healthy, **place)
    assert (left.code, ".reconciler/state.json" in said(left, "state")[0][1]) == (1, True)
    healthy.state.unlink()
    fresh = doctor(healthy, **place)
    assert fresh.code == 0
    assert "none yet" in said(fresh, "state")[0][1]
    assert healthy.run("apply", "--yes", **place).code == 0
    assert "knows 1 group," in said(doctor(healthy, **place), "state")[0][1]
    (bare / "HEAD").unlink()
    assert doctor(healthy, **place).code == 1


FILES = {
    "none": ({}, 1, "problem", "1 mistake in 1 file. groups:1:1: there is no manifest in this folder"),
    "one": ({"groups/a.yaml": "subject: A\n"}, 0, "ok", "in 1 group"),
    "a mistake": ({"groups/a.yaml": "subject: A\nadmins: [+551]\n"}, 1, "problem", "groups/a.yaml:2:"),
    "a doubt before a mistake": (
        {"contacts.yaml": "people: {zoe: '+55 19 1234-56789'}\n", "groups/a.yaml": "subjet: A\n"},
        1,
        "problem",
        "groups/a.yaml:1:",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_judged_as_validate_does(repo: Repo, name: str) -> None:
    files, code, verdict, words = FILES[name]
    (repo.path / "groups").mkdir()
    for path, text in files.items():
        repo.write(path, text)
    validated = repo.run("validate")
    examined = doctor(repo)
    (found,) = said(examined, "files")
    assert validated.code == code, validated.out
    assert found[0] == verdict
    assert words in found[1]
    assert found[1].partition(" groups")[0].removesuffix(".") in validated.out + validated.err
    assert "warning:" not in found[1]
    if not files:  # there is nothing wrong with the rest, so it is looked at
        assert "skipped" not in {said(examined, check)[0][0] for check in ("login", "state", "lock")}
