"""Traps on the way in: a wrong account, a link version added late, a rename that looks like two changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import Repo

WRONG = "5511933334444"


def test_a_wrong_account_shows_after_one_group_and_not_after_all(repo: Repo) -> None:
    repo.write("reconciler.yaml", f'account: "+{WRONG}"\n')
    for name in ("um", "dois", "tres", "quatro", "cinco"):
        repo.group(name, f"subject: {name}\nicon: null\n")
    done = repo.apply()
    assert done.code == 3
    assert len(repo.api.groups()) == 1, "no further group is begun"
    assert done.json["summary"]["skipped"] == 4
    messages = [
        outcome["error"]["message"]
        for group in done.json["groups"]
        for outcome in group["outcomes"]
        if "error" in outcome
    ]
    assert all("`account`" in message for message in messages), messages
    assert repo.plan().code == 1, "and the next plan refuses to go on"


def test_the_right_account_is_proven_by_the_first_group(repo: Repo) -> None:
    for name in ("um", "dois", "tres"):
        repo.group(name, f"subject: {name}\n")
    assert repo.apply().code == 0
    assert len(repo.api.groups()) == 3


def test_a_link_version_added_late_says_that_it_revokes_nothing_yet(repo: Repo) -> None:
    repo.group("vendas", "subject: Vendas\n")
    repo.apply()
    group_id = repo.live("Vendas")["id"]
    link = repo.api.invite(group_id)
    repo.group("vendas", "subject: Vendas\nlink_version: 2\n")
    (note,) = repo.plan().group("vendas")["notes"]
    assert "not revoked" in note
    assert "raise it to 3" in note
    assert repo.apply().code == 0
    assert repo.live("Vendas")["link"] == link
    repo.group("vendas", "subject: Vendas\nlink_version: 3\n")
    assert repo.apply().code == 0
    assert repo.live("Vendas")["link"] != link
    assert repo.plan("--detailed-exitcode").code == 0


def test_a_rename_together_with_a_new_subject_is_asked_about(repo: Repo) -> None:
    repo.group("plantao-noite", "subject: Plantao Noite\n")
    repo.apply()
    (repo.path / "groups/plantao-noite.yaml").unlink()
    repo.group("plantao-dia", "subject: Plantao Dia\n")
    plan = repo.plan()
    assert "reconciler state mv plantao-noite plantao-dia" in plan.group("plantao-dia")["notes"][0]
    assert repo.run("state", "mv", "plantao-noite", "plantao-dia").code == 0
    assert repo.apply().code == 0
    assert [group["subject"] for group in repo.api.groups()] == ["Plantao Dia"]


def test_the_sandbox_is_found_again_where_it_was(tmp_path: Path) -> None:
    """State belongs to one address: the next day's sandbox should have the same."""
    lines = []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", "sandbox"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines.append(process.stdout.readline())
        process.terminate()
        process.wait(10)
        process.stdout.close()
    assert lines[0].startswith("export RECONCILER_BASE_URL=http://127.0.0.1:")
    assert lines[0] == lines[1]


def test_nothing_can_be_applied_where_a_group_is_blocked(repo: Repo) -> None:
    for _ in range(2):
        repo.api.seed("Vendas")
    repo.group("vendas", "subject: Vendas\n")
    assert "No changes." not in repo.run("plan").out
    assert "Nothing can be applied." in repo.run("plan").out
