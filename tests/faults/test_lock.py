"""Several runs at once: one works, the others wait or say who works."""

from __future__ import annotations

import os
import subprocess

from tests.faults.support import recorded
from tests.support import Repo, Result


def finish(process: subprocess.Popen[str]) -> Result:
    out, err = process.communicate(timeout=120)
    return Result(process.returncode, out, err)


def groups(repo: Repo, count: int) -> None:
    for n in range(count):
        repo.group(f"g{n}", f"subject: Grupo {n}\nicon: null\n")


def test_three_applies_at_once_do_nothing_twice(repo: Repo) -> None:
    """All wait for each other: the first does everything, the others find nothing left to do."""
    groups(repo, 6)
    repo.api.set_options(latency=0.1)
    runs = [repo.start("apply", "--yes", "--format", "json", "--lock-timeout", "60") for _ in range(3)]
    ended = [finish(run) for run in runs]
    assert [result.code for result in ended] == [0, 0, 0], [result.err for result in ended]
    assert sorted(result.json["summary"]["done"] for result in ended) == [0, 0, 6]
    assert repo.writes() == [("POST", "/groups")] * 6
    assert sorted(group["subject"] for group in repo.api.groups()) == [f"Grupo {n}" for n in range(6)]
    assert len(recorded(repo).groups) == 6


def test_three_applies_at_once_without_patience_name_the_holder(repo: Repo) -> None:
    groups(repo, 3)
    repo.api.add_faults("POST /groups delay=4 nth=1")
    first = repo.start("apply", "--yes", "--format", "json")
    repo.api.wait_for_call("GET", "/groups")
    others = [
        repo.start("apply", "--yes", "--format", "json", "--lock-timeout", timeout)
        for timeout in ("0", "1.5")
    ]
    for other in map(finish, others):
        assert other.code == 5
        assert f"process {first.pid}" in other.err
        assert "since 20" in other.err
        assert "--lock-timeout" in other.err
    assert first.poll() is None, "the others ended while the first was at work"
    done = finish(first)
    assert (done.code, done.json["summary"]["done"]) == (0, 3)
    assert repo.writes() == [("POST", "/groups")] * 3


def test_whoever_only_looks_is_not_held_up(repo: Repo) -> None:
    groups(repo, 1)
    repo.api.add_faults("POST /groups hang")
    holder = repo.start("apply", "--yes")
    try:
        repo.api.wait_for_call("POST", "/groups")
        assert repo.plan("--detailed-exitcode").code == 2
        assert repo.run("state", "list").code == 0
        for changing in (
            ("forget", "g0"),
            ("bind", "g9", "5519911112222-1"),
            ("mv", "g0", "g9"),
            ("unlock",),
        ):
            refused = repo.run("state", *changing)
            assert refused.code == 5
            assert f"process {holder.pid}" in refused.err
    finally:
        holder.kill()
        holder.communicate()


def test_a_lock_whose_process_died_is_free_at_once(repo: Repo) -> None:
    groups(repo, 2)
    repo.api.add_faults("PUT /groups/* hang", "GET /groups hang nth=2")
    holder = repo.start("apply", "--yes")
    repo.api.wait_for_call("GET", "/groups", nth=2)
    assert repo.run("state", "unlock").code == 5
    holder.kill()
    holder.communicate()
    repo.api.clear_faults()
    lock = repo.state.with_name(repo.state.name + ".lock")
    assert str(holder.pid) in lock.read_text(), "it could not clean up"
    free = repo.run("state", "unlock")
    assert free.code == 0
    assert "Nobody holds the lock" in free.err
    assert repo.apply().code == 0
    assert len(repo.api.groups()) == 2
    assert repo.writes() == [("POST", "/groups")] * 2


def test_the_pipelines_job_is_named(repo: Repo) -> None:
    groups(repo, 1)
    repo.api.add_faults("POST /groups hang")
    holder = repo.start("apply", "--yes", CI="true", GITHUB_RUN_ID="4711")
    try:
        repo.api.wait_for_call("POST", "/groups")
        assert "job 4711" in repo.apply().err
    finally:
        holder.kill()
        holder.communicate()


def test_without_a_state_there_is_no_lock(repo: Repo) -> None:
    """Nothing is kept that two runs could spoil; the groups are found by their subjects."""
    groups(repo, 2)
    assert repo.apply(RECONCILER_STATE="none").code == 0
    assert repo.apply(RECONCILER_STATE="none").code == 0
    assert len(repo.api.groups()) == 2
    assert not repo.state.parent.exists() or os.listdir(repo.state.parent) == []
