"""State on a remote with rules, or by a clone with settings, that get in its way."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.clock import SystemClock
from reconciler.sandbox import Options, Server, start
from tests.faults.support import each
from tests.faults.test_git_state import APPLY, LOCK, Company, finish
from tests.state.git import BRANCH, STRICT, git, store
from tests.state.githttp import PASSWORD, GitServer
from tests.support import ACCOUNT, Repo, Result


@pytest.fixture
def company(tmp_path: Path, serve: Callable[..., Server]) -> Company:
    return Company(tmp_path, serve())


def locked(company: Company) -> bool:
    return company.origin.tip(LOCK) is not None and "Free: yes" not in company.origin.messages(LOCK)[0]


def doctor(runner: Repo) -> Result:
    return runner.run("doctor", "--format", "json")


def state_of(done: Result) -> str:
    """All that the doctor says of the state."""
    return " ".join(str(finding) for finding in done.json["findings"] if finding["check"] == "state")


def test_on_every_remote_runs_work_in_a_row_and_a_killed_one_is_followed(tmp_path: Path) -> None:
    def case(kind: str) -> None:
        folder = tmp_path / str(list(STRICT).index(kind))
        folder.mkdir()
        with start(Options(database=":memory:", account=ACCOUNT)) as server:
            company = Company(folder, server)
            company.origin.be(kind)
            _work(company)

    each(tuple(STRICT), case)


def _work(company: Company) -> None:
    company.groups(2)
    runner = company.runner("one")
    well = doctor(runner)
    assert well.code == 0, well.out
    assert "takes what a run pushes" in state_of(well)
    assert not locked(company)
    assert company.origin.tip() is None, "a state that nobody applied would be one"
    assert runner.apply().code == 0
    company.groups(2, "Novo {n}")
    two = company.runner("two")
    second = two.apply()
    assert (second.code, "Warning" in second.err) == (0, False), second.err
    assert not locked(company)
    tip = company.origin.tip()
    well = doctor(two)
    assert well.code == 0, well.out
    assert company.origin.tip() == tip

    company.groups(2, "Outro {n}")
    three = company.runner("three")
    company.api.clear_calls()
    company.api.add_faults("PUT /groups/* hang nth=1")
    killed = three.start(*APPLY, RECONCILER_STATE_LEASE="2")
    company.api.wait_for_call("PUT", "/groups/*")
    killed.kill()
    assert finish(killed).code == -signal.SIGKILL
    company.api.clear_faults()
    assert locked(company)
    assert "held by" in doctor(three).out
    begun = time.monotonic()
    done = three.run(*APPLY)
    assert done.code == 0, done.err
    assert time.monotonic() - begun < 30, "one lease of 2 s, and the work itself"
    assert not locked(company)
    assert company.state.groups.keys() == {"g0", "g1"}
    assert sorted(group["subject"] for group in company.api.groups()) == ["Outro 0", "Outro 1"]
    assert three.run("state", "unlock").err.endswith("Nobody holds the lock.\n")


HOOK = """cat >/dev/null
printf 'GL-HOOK-ERR: ask +55 19 90000-0077\\n::error::x\\nerror: GH013: \\033]0;x\\007rule violations\\n' >&2
exit 1"""


@pytest.mark.parametrize("guarded", ["everything", "the lock", "the state"])
def test_a_remote_that_declines_is_quoted_and_the_doctor_says_so_beforehand(
    company: Company, guarded: str
) -> None:
    company.groups(1)
    runner = company.runner()
    if guarded == "everything":
        company.origin.hook("pre-receive", HOOK)
    else:
        name = BRANCH if guarded == "the state" else LOCK
        company.origin.hook("update", f'[ "$1" = refs/heads/{name} ] || exit 0\n{HOOK}')
    ill = doctor(runner)
    assert ill.code == 1
    applied = runner.run("apply", "--yes")
    assert applied.code == 1, applied.out + applied.err
    for text in (state_of(ill), applied.out + applied.err):
        assert "GL-HOOK-ERR: ask " in text
        assert "GH013: " in text
        assert "hook declined" in text
        for bad in ("90000-0077", "\x1b", "failed to push some refs", "changes all the time"):
            assert bad not in text
    assert company.posts() == 0
    assert company.api.writes() == []
    assert not locked(company)


def test_over_http_a_remote_with_rules_works_and_one_that_declines_is_quoted(company: Company) -> None:
    company.groups(1)
    company.origin.be("shared, no deleting")
    with GitServer(company.folder) as server:
        runner = company.runner("runner", f"{server.url}/origin.git", server.header)
        well = doctor(runner)
        assert "marked free" in state_of(well), well.out
        for _ in range(2):
            done = runner.apply()
            assert (done.code, done.err) == (0, "")
        company.origin.hook("update", f'[ "$1" = refs/heads/{BRANCH} ] || exit 0\n{HOOK}')
        ill = doctor(runner)
        assert ill.code == 1
        assert "GH013: " in state_of(ill)
        assert PASSWORD not in done.err + well.out + ill.out
    assert not locked(company)


def test_a_lock_that_stays_is_told_and_what_was_done_stands(company: Company) -> None:
    """Deleting is declined, and marking free as well, from the last push of the state on."""
    company.groups(1)
    runner = company.runner()
    company.origin.hook(
        "update",
        f'[ "$1" = refs/heads/{LOCK} ] || exit 0\n'
        f"git log -1 --format=%s refs/heads/{BRANCH} 2>/dev/null | grep -q ^apply: || exit 0\n"
        'echo "closed for the night" >&2; exit 1',
    )
    done = runner.apply()
    assert done.code == 0, done.err
    assert "Warning: the lock on git:origin/reconciler-state cannot be given up" in done.err
    assert 'The remote says: "closed for the night / ' in done.err
    assert "20 s from now" in done.err
    assert locked(company)


SETTINGS = {
    "a mirror": (("remote.origin.mirror", "true"), "remote.origin.mirror is set"),
    "a mirror, said otherwise": (("remote.origin.mirror", "on"), "remote.origin.mirror is set"),
    "two places": (("remote.origin.pushurl", "/a", "/b"), "remote.origin.pushurl"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_would_change_what_is_pushed_is_named(company: Company, name: str) -> None:
    (key, *values), words = SETTINGS[name]
    company.groups(1)
    runner = company.runner()
    for value in values:
        git(runner.path, "config", "--add", key, value)
    for done in (runner.run("apply", "--yes"), runner.run("doctor")):
        assert done.code == 1
        assert words in done.out + done.err
        assert "ls-remote" not in done.out + done.err
    assert runner.plan("--detailed-exitcode").code == 2, "reading is not concerned"
    assert company.origin.tip(LOCK) is None
    assert company.api.writes() == []


def test_no_setting_of_somebodys_bends_a_push(company: Company) -> None:
    company.groups(1)
    runner = company.runner()
    for key, value in {
        "push.default": "nothing",
        "push.pushOption": "ci.skip",
        "push.followTags": "true",
        "push.gpgSign": "true",
        "push.negotiate": "true",
        "push.recurseSubmodules": "check",
        "push.useForceIfIncludes": "true",
        "remote.pushDefault": "elsewhere",
        "remote.origin.push": "refs/heads/*:refs/heads/other/*",
        "remote.origin.prune": "true",
        "remote.origin.tagOpt": "--tags",
        "fetch.prune": "true",
        "fetch.pruneTags": "true",
        "fetch.fsckObjects": "true",
        "commit.gpgSign": "true",
        "gpg.program": "false",
        "i18n.commitEncoding": "ISO-8859-1",
        "i18n.logOutputEncoding": "UTF-16",
        "log.showSignature": "true",
        "core.abbrev": "4",
        "core.hooksPath": "groups",
        "transfer.fsckObjects": "true",
    }.items():
        git(runner.path, "config", key, value)
    git(runner.path, "tag", "mine")
    git(company.origin.path, "config", "receive.fsckObjects", "true")
    assert doctor(runner).code == 0
    for _ in range(2):
        done = runner.apply()
        assert done.code == 0, done.err
    assert runner.run("state", "log", "--format", "json").json["runs"][0]["title"] == "apply: 1 created"
    refs = git(company.origin.path, "for-each-ref", "--format=%(refname)").split()
    assert refs == ["refs/heads/main", f"refs/heads/{BRANCH}"]


@pytest.mark.parametrize(
    ("place", "taken"),
    [("main/state", "main"), ("main/a/b", "main"), ("team", "team/sales"), ("x", "x-lock/y")],
)
def test_a_branch_that_is_in_the_way_is_named(company: Company, place: str, taken: str) -> None:
    company.groups(1)
    if taken != "main":
        company.origin.move(company.origin.tip("main"), taken)
    runner = company.runner()
    state = {"RECONCILER_STATE": f"git:origin/{place}"}
    for verb in (("plan",), ("doctor",), ("apply", "--yes")):
        done = runner.run(*verb, **state)
        assert done.code == 1
        told = " ".join((done.out + done.err).split())
        assert f"origin has a branch {taken}, and Git allows no {place}" in told
        assert "git:origin/reconciler-state" in told
    assert company.api.writes() == []


@pytest.mark.parametrize("verb", [("plan",), ("apply", "--yes"), ("state", "list"), ("state", "unlock")])
def test_without_a_folder_for_temporary_files_it_is_an_ordinary_error(
    company: Company, verb: tuple[str, ...]
) -> None:
    """No file can get longer than nothing, so that none of the usual folders will do."""
    company.groups(1)
    runner = company.runner()
    command = ["bash", "-c", 'ulimit -f 0; exec "$@"', "-", sys.executable, "-m", "reconciler", *verb]
    done = subprocess.run(
        command, cwd=runner.path, env=runner.environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done.stderr
    assert "folder for temporary files" in done.stderr
    assert "TMPDIR" in done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("how", ["deleted", "marked free"])
def test_unlock_beside_a_run_that_ends_meanwhile_says_so(company: Company, how: str) -> None:
    company.groups(1)
    runner, other = company.runner("one"), company.runner("two")
    if how == "marked free":
        company.origin.be("shared, no deleting")
    with store(runner.path, lease=60).lock(timeout=0, clock=SystemClock(), holder="job 7"):
        unlock = other.start("state", "unlock")
        time.sleep(2)
    told = finish(unlock)
    assert told.code == 0
    assert "Nobody holds the lock any more: job 7 since 20" in told.err
    assert "left behind" not in told.err
    assert not locked(company)


def test_the_log_stops_at_the_newest_and_says_so(company: Company) -> None:
    company.groups(1)
    runner = company.runner()
    assert runner.apply().code == 0
    for n in range(3):
        assert runner.run("state", "bind", f"x{n}", f"{ACCOUNT}-{n}").code == 0
    two = runner.run("state", "log", "--max", "2", "--format", "json")
    assert [entry["title"] for entry in two.json["runs"]] == ["bind x2", "bind x1"]
    assert two.json["complete"] is False
    assert "There are older runs" in two.err
    whole = runner.run("state", "log", "--max", "4", "--format", "json")
    assert (len(whole.json["runs"]), whole.json["complete"], whole.err) == (4, True, "")
    one = runner.run("state", "log", "x1", "--max", "1")
    assert "bind x1" in one.out
    assert "There are older runs" in one.err
    for few in ("0", "-1", "", "x"):
        assert runner.run("state", "log", "--max", few).code == 64
