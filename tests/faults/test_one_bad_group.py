"""One group's failure stops no other, and every format ends with the same code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.support import configure, each, world
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, STRANGER, Repo


@pytest.mark.parametrize("name", ["text", "json"])
def test_forty_nine_of_fifty_are_applied(repo: Repo, name: str) -> None:
    seeded = repo.api.seed("Grupo {n}", participants=[ANA], admins=[ANA], count=50)
    for n, group in enumerate(seeded, 1):
        repo.group(f"g{n:02}", f"id: {group['id']}\nsubject: Novo {n}\n")
    bad = seeded[16]["id"]
    repo.api.add_faults(f"PUT /groups/{bad} status=400 body=errors")
    done = repo.run("apply", "--yes", "--format", name, "--report", "json=report.json")
    assert done.code == 3
    assert "g17" in done.out
    subjects = {group["id"]: group["subject"] for group in repo.api.groups()}
    assert subjects == {
        group["id"]: "Grupo 17" if group["id"] == bad else f"Novo {n}" for n, group in enumerate(seeded, 1)
    }
    report = json.loads((repo.path / "report.json").read_text())
    assert (report["summary"]["done"], report["summary"]["failed"]) == (49, 1)
    (failed,) = [
        (group["name"], outcome)
        for group in report["groups"]
        for outcome in group["outcomes"]
        if outcome["status"] == "failed"
    ]
    assert failed[0] == "g17"
    assert set(failed[1]["error"]) >= {"code", "message", "hint", "retry"}
    assert failed[1]["error"]["code"] == "http_400"


def _done(repo: Repo) -> None:
    repo.group("g1", "subject: Nova\n")


def _nothing(repo: Repo) -> None:
    (group,) = repo.api.seed("Nova")
    repo.group("g1", f"id: {group['id']}\nsubject: Nova\nadmins: [ana]\n")


def _failed(repo: Repo) -> None:
    _rename(repo)
    repo.api.add_faults("PUT /groups/* lie")


def _unknown(repo: Repo) -> None:
    """The write is answered, and from then on nothing can be read."""
    configure(repo, retries=0)
    _rename(repo)
    repo.api.add_faults("GET /groups/* status=500 nth=3 times=1000")


def _skipped(repo: Repo) -> None:
    """Somebody is promoted between plan and write."""
    (group,) = repo.api.seed("Grupo", participants=[ANA, STRANGER], admins=[ANA, STRANGER])
    repo.group("g1", f"id: {group['id']}\nadmins: [ana]\nsubject: Renomeado\n")
    repo.api.add_faults("GET /groups/* status=404 nth=2")


def _blocked(repo: Repo) -> None:
    repo.api.seed("Nova")
    repo.api.seed("Nova")
    repo.group("g1", "subject: Nova\n")


def _missing(repo: Repo) -> None:
    repo.group("g1", f"id: {ACCOUNT}-1400000000\nsubject: Nova\n")
    repo.api.seed("Outro")


def _unreadable(repo: Repo) -> None:
    configure(repo, retries=0)
    _rename(repo)
    repo.api.add_faults("GET /groups/* status=500")


def _objected(repo: Repo) -> None:
    (group,) = repo.api.seed("Grupo", participants=[BRUNO], admins=[BRUNO])
    repo.group("g1", f"id: {group['id']}\nadmins: []\n")


def _held(repo: Repo) -> None:
    (group,) = repo.api.seed("Grupo", participants=[CARLOS])
    repo.group("g1", f"id: {group['id']}\nsubject: Renomeado\nhold: {{reason: campaign}}\n")


def _refused(repo: Repo) -> None:
    _rename(repo)
    repo.api.add_faults("PUT /groups/* status=401")


def _rename(repo: Repo) -> None:
    (group,) = repo.api.seed("Grupo", participants=[ANA], admins=[ANA])
    repo.group("g1", f"id: {group['id']}\nsubject: Renomeado\n")


@dataclass(frozen=True)
class Case:
    """What a plan, a plan with --detailed-exitcode and an apply end with, and how every change does."""

    build: Callable[[Repo], None]
    plan: int
    detailed: int
    apply: int
    outcomes: frozenset[str]


OUTCOMES = {
    "done": Case(_done, 0, 2, 0, frozenset({"done"})),
    "nothing": Case(_nothing, 0, 0, 0, frozenset()),
    "failed": Case(_failed, 0, 2, 3, frozenset({"failed"})),
    "unknown": Case(_unknown, 0, 2, 3, frozenset({"unknown"})),
    "skipped": Case(_skipped, 0, 2, 3, frozenset({"skipped"})),
    "blocked": Case(_blocked, 0, 2, 3, frozenset()),
    "missing": Case(_missing, 0, 2, 3, frozenset()),
    "unreadable": Case(_unreadable, 1, 1, 1, frozenset()),
    "objected": Case(_objected, 6, 6, 6, frozenset({"skipped"})),
    "held": Case(_held, 0, 0, 0, frozenset()),
    "refused": Case(_refused, 0, 2, 4, frozenset({"failed"})),
}


@pytest.mark.parametrize("name", ["text", "json"])
def test_every_format_ends_alike(tmp_path: Path, name: str) -> None:
    """Format × outcome × exit code."""

    def work(outcome: str) -> None:
        case = OUTCOMES[outcome]
        with world(tmp_path / outcome) as repo:
            case.build(repo)
            faults = [entry["fault"] for entry in repo.api.faults()]

            def run(*arguments: str) -> int:
                repo.api.clear_faults()
                repo.api.add_faults(*faults)
                return repo.run(*arguments, "--format", name, "--report", "json=report.json").code

            assert (run("plan"), run("plan", "--detailed-exitcode")) == (case.plan, case.detailed)
            assert repo.writes() == []
            assert run("apply", "--yes") == case.apply
            report = json.loads((repo.path / "report.json").read_text())
            ended = {entry["status"] for group in report["groups"] for entry in group["outcomes"]}
            assert ended == case.outcomes, "the code is right, for another reason"

    each(OUTCOMES, work, width=6)
