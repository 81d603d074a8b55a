"""The table of exit codes: each at least once, and which one wins where several apply."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.support import configure, each, world
from tests.support import ACCOUNT, ANA, BRUNO, Repo, Result


def rename(repo: Repo, name: str = "g1") -> str:
    """One group with something to do."""
    (group,) = repo.api.seed(f"Grupo {name}", participants=[ANA], admins=[ANA])
    repo.group(name, f"id: {group['id']}\nsubject: Novo {name}\n")
    return str(group["id"])


def objected(repo: Repo) -> None:
    (group,) = repo.api.seed("Sem admin", participants=[BRUNO], admins=[BRUNO])
    repo.group("objected", f"id: {group['id']}\nadmins: []\n")


def blocked(repo: Repo) -> None:
    repo.api.seed("Dois")
    repo.api.seed("Dois")
    repo.group("blocked", "subject: Dois\n")


def unreadable(repo: Repo) -> None:
    configure(repo, retries=0)
    group_id = rename(repo, "unreadable")
    repo.api.add_faults(f"GET /groups/{group_id} status=500")


def failing(repo: Repo) -> None:
    group_id = rename(repo, "failing")
    repo.api.add_faults(f"PUT /groups/{group_id} status=400")


def refused(repo: Repo) -> None:
    """Credentials are withdrawn between plan and write."""
    group_id = rename(repo, "refused")
    repo.api.add_faults(f"PUT /groups/{group_id} status=401")


PARTS: dict[str, Callable[[Repo], object]] = {
    "changes": rename, "objected": objected, "blocked": blocked, "unreadable": unreadable, "failing": failing,
    "refused": refused,
}  # fmt: skip

COMBINED = {
    # what comes together: exit of `plan --detailed-exitcode`, of `apply`
    ("changes",): (2, 0),
    ("changes", "blocked"): (2, 3),
    ("changes", "failing"): (2, 3),
    ("blocked", "failing"): (2, 3),
    ("changes", "objected"): (6, 6),
    ("objected", "blocked"): (6, 6),
    ("objected", "failing"): (6, 6),
    ("changes", "unreadable"): (1, 1),
    ("unreadable", "objected"): (1, 1),
    ("unreadable", "blocked", "failing"): (1, 1),
    ("unreadable", "objected", "blocked"): (1, 1),
    ("changes", "refused"): (2, 4),
    ("refused", "failing", "blocked"): (2, 4),
    ("refused", "unreadable"): (1, 4),
    ("refused", "objected"): (6, 6),  # nothing is sent, so nobody refuses anything
}


def test_several_at_once_end_with_the_first_of_the_order(tmp_path: Path) -> None:
    def work(parts: tuple[str, ...]) -> None:
        with world(tmp_path / "-".join(parts)) as repo:
            for part in parts:
                PARTS[part](repo)
            detailed, apply = COMBINED[parts]
            assert repo.plan("--detailed-exitcode").code == detailed
            assert repo.writes() == []
            assert repo.apply().code == apply
            if "changes" in parts:
                renamed = any(group["subject"] == "Novo g1" for group in repo.api.groups())
                assert renamed == ("objected" not in parts), "the others are applied, unless a guard objects"

    each(COMBINED, work)


def interrupt(repo: Repo, *arguments: str) -> Result:
    """Apply, with SIGTERM while the first list is being read."""
    repo.api.clear_calls()
    repo.api.add_faults("GET /groups delay=1.5 nth=1")
    process = repo.start("apply", "--yes", *arguments)
    while not repo.api.calls():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    return Result(process.returncode, out, err)


def test_interrupted_wins_over_whatever_else_is_wrong(repo: Repo) -> None:
    objected(repo)
    unreadable(repo)
    assert interrupt(repo).code == 130
    assert repo.writes() == []


def test_a_signal_during_a_call_that_fails(repo: Repo) -> None:
    configure(repo, retries=0)
    group_id = rename(repo)
    repo.api.add_faults(f"PUT /groups/{group_id} status=500", f"PUT /groups/{group_id} delay=1.5 when=after")
    process = repo.start("apply", "--yes")
    while not repo.writes():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "g1" in out


def test_usage_comes_before_credentials_and_credentials_before_the_lock(repo: Repo) -> None:
    rename(repo)
    without: dict[str, Any] = {"RECONCILER_TOKEN": ""}
    assert repo.run("apply", "--yes", "--format", "nonsense", **without).code == 64
    assert repo.run("apply", **without).code == 64, "no terminal"
    repo.api.add_faults("PUT /groups/* hang")
    holder = repo.start("apply", "--yes")
    try:
        repo.api.wait_for_call("PUT", "/groups/*")
        assert repo.apply(**without).code == 4
        assert repo.apply().code == 5
        objected(repo)
        assert repo.apply().code == 5, "who cannot work does not even plan"
        repo.group("bad", "nonsense: true\n")
        assert repo.apply().code == 1, "files are checked before anybody is asked anything"
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize("missing", ["RECONCILER_USERNAME", "RECONCILER_TOKEN"])
def test_missing_credentials_end_four_and_are_named(repo: Repo, missing: str) -> None:
    rename(repo)
    without: dict[str, Any] = {missing: ""}
    for verb in (("plan",), ("apply", "--yes")):
        refused = repo.run(*verb, **without)
        assert refused.code == 4
        assert missing in refused.err
    assert repo.api.calls() == []
    assert repo.run("validate", **without).code == 0, "offline needs none"


def test_refused_credentials_end_four_wherever_they_are_refused(tmp_path: Path) -> None:
    def work(fault: str) -> None:
        with world(tmp_path / fault.replace("/", "_")) as repo:
            rename(repo)
            repo.api.add_faults(fault)
            assert repo.apply().code == 4
            assert not any(call["changed"] for call in repo.api.calls())

    each(["GET /groups status=401", "GET /groups status=403", "GET /groups/* status=401"], work)


def test_errors_end_one(repo: Repo) -> None:
    assert repo.run("plan").code == 1, "no manifest at all"
    repo.group("g1", "subject: []\n")
    for verb in (("validate",), ("plan",), ("apply", "--yes")):
        wrong = repo.run(*verb)
        assert wrong.code == 1
        assert "groups/g1.yaml:1:10" in wrong.out + wrong.err
    repo.group("g1", "subject: Nova\n")
    for text in ("{", "[]", '{"format_version": 999}', ""):
        repo.write(".reconciler/state.json", text)
        damaged = repo.run("apply", "--yes")
        assert damaged.code == 1
        assert "state.json" in damaged.err
        assert repo.state.read_text() == text, "what could not be read is left as it is"
    repo.state.unlink()
    assert repo.run("apply", "--yes", "--plan", "missing.json").code == 1
    assert repo.run("plan", "--out", "no/such/folder/plan.json").code == 1
    assert repo.run("plan", "--report", "json=no/such/folder/plan.json").code == 1
    assert repo.writes() == []
    assert repo.apply().code == 0
    other = repo.apply(RECONCILER_BASE_URL="http://127.0.0.1:1")
    assert other.code == 1
    assert "belongs to another API" in other.err


def test_an_account_that_is_nowhere_ends_one(repo: Repo) -> None:
    rename(repo)
    for wrong in (
        repo.plan(RECONCILER_ACCOUNT="5519900000055"),
        repo.apply(RECONCILER_ACCOUNT="5519900000055"),
    ):
        assert wrong.code == 1
        assert "`account` is not in the one group" in wrong.err
    assert repo.writes() == []


def test_nobody_listens(repo: Repo) -> None:
    configure(repo, retries=1)
    repo.group("g1", "subject: Nova\n")
    dead = repo.plan(RECONCILER_BASE_URL="http://127.0.0.1:1")
    assert dead.code == 1
    assert "refused" in dead.err


def test_a_state_that_cannot_be_written_is_found_before_the_first_write(repo: Repo) -> None:
    repo.group("g1", "subject: Nova\n")
    repo.write("file", "")
    wrong = repo.apply(RECONCILER_STATE="file:file/state.json")
    assert wrong.code == 1
    assert "cannot be" in wrong.err
    assert repo.writes() == []


def test_a_state_that_is_lost_in_the_middle_says_what_to_bind(repo: Repo) -> None:
    """The folder of the state goes away once the first group is made: no further one is begun."""
    configure(repo, write_concurrency=1)
    for name in ("a", "b", "c"):
        repo.group(name, f"subject: Grupo {name}\n")
    repo.api.add_faults("POST /groups delay=1.5 when=after nth=1")
    process = repo.start("apply", "--yes", "--format", "json")
    while not repo.api.groups():
        assert process.poll() is None
        time.sleep(0.01)
    (repo.path / ".reconciler").rename(repo.path / "gone")
    out, err = process.communicate(timeout=60)
    done = Result(process.returncode, out, err)
    assert done.code == 1, err
    (made,) = repo.api.groups()
    assert done.json["bind"] == [{"name": "a", "id": made["id"]}]
    assert done.json["summary"]["skipped"] == 2
    assert repo.run("state", "bind", "a", made["id"]).code == 0
    assert repo.apply().code == 0
    assert sorted(group["subject"] for group in repo.api.groups()) == ["Grupo a", "Grupo b", "Grupo c"]


def test_a_bug_says_so_with_a_code_of_its_own_and_without_values(repo: Repo, tmp_path: Path) -> None:
    """A broken installation, as nothing else of ours should ever get that far."""
    repo.group("g1", "subject: Nova\n")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import reconciler.planning.planner as planner\n"
        f"def plan(*arguments): raise KeyError('+{ACCOUNT} and a token')\n"
        "planner.plan = plan\n"
    )
    bug = repo.run("plan", PYTHONPATH=str(broken))
    assert bug.code == 70, bug.err
    assert "This is a bug in reconciler: KeyError" in bug.err
    assert ACCOUNT not in bug.err
    assert "token" not in bug.err
