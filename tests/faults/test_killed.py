"""Killed with SIGKILL at any request and run again: converged by the sandbox's own record, nothing twice.

Three groups: one is created, one is changed in every field, one is as wanted. Each case kills the run at its
k-th request, before or after the server made what it asks for.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests import gitrepo
from tests.faults.support import Template, configure, each, recorded, sha256
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, STRANGER, Repo, picture

BEFORE, AFTER, NEW = picture("teal", 256), picture("darkred", 256), picture("navy", 256)
PRUNED = "5519900000088"
BRANCH = "git:origin/reconciler-state"

NOVA = "subject: Nova\nicon: icons/nova.png\nadmins: [ana]\nlink_version: 1\n"
OLD = "subject: Antes\nicon: icons/before.png\nadmins: [bruno]\nlink_version: 1\n"
CHANGED = """\
subject: Depois
previously: [Antes]
icon: icons/after.png
admins: [ana]
members: [ana, carlos]
prune_members: true
link_version: 2
"""
SAME = "subject: Igual\nicon: icons/before.png\nadmins: [carlos]\nlink_version: 1\n"


def build(repo: Repo) -> None:
    """As wanted once; then people joined, and the manifests were changed."""
    repo.write("groups/icons/before.png", BEFORE)
    repo.write("groups/icons/after.png", AFTER)
    repo.write("groups/icons/nova.png", NEW)
    for subject in ("Antes", "Igual"):
        repo.api.seed(subject, participants=[BRUNO, CARLOS], admins=[BRUNO, CARLOS])
    repo.group("mudar", OLD)
    repo.group("igual", SAME)
    assert repo.apply().code == 0
    changed, same = repo.live("Antes")["id"], repo.live("Igual")["id"]
    repo.api.join(changed, ANA, STRANGER, PRUNED)
    repo.api.promote(changed, STRANGER)
    for group_id in (changed, same):
        repo.api.invite(group_id)
    repo.group("mudar", CHANGED)
    repo.group("nova", NOVA)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("killed"), build)


def is_as_wanted(repo: Repo, igual: dict[str, object], old_link: str, *, state_was_kept: bool) -> None:
    """By what the sandbox itself knows."""
    groups = repo.api.groups()
    assert sorted(group["subject"] for group in groups) == ["Depois", "Igual", "Nova"]
    changed, nova = repo.live("Depois"), repo.live("Nova")
    assert changed["icon"]["sha256"] == sha256(AFTER)
    assert sorted(changed["admins"]) == sorted([ACCOUNT, ANA])
    assert sorted(changed["participants"]) == sorted([ACCOUNT, ANA, CARLOS])
    if state_was_kept:
        assert changed["link"] != old_link
    assert nova["icon"]["sha256"] == sha256(NEW)
    assert nova["participants"] == [ACCOUNT]
    assert repo.live("Igual") == igual, "what is as wanted was touched"
    ids = {record: repo.live(subject)["id"] for record, subject in SUBJECTS.items()}
    state = recorded(repo)
    assert {name: record.id for name, record in state.groups.items()} == ids
    assert state.creating == {}


def nothing_was_done_twice(repo: Repo) -> None:
    """Of both runs together: every change that people see was made once."""
    made = [
        (call["method"], call["path"], str(call["summary"]))
        for call in repo.api.calls()
        if call["write"] and call["changed"]
    ]
    assert len(made) == len(set(made)), made


SUBJECTS = {"nova": "Nova", "mudar": "Depois", "igual": "Igual"}


def requests(template: Template, path: Path, *, width: int) -> tuple[int, int]:
    """How many calls and how many downloads an undisturbed run makes."""
    with template.world(path) as repo:
        configure(repo, concurrency=width, write_concurrency=width)
        igual, old_link = repo.live("Igual"), repo.live("Antes")["link"]
        done = repo.apply()
        assert done.code == 0, done.out
        is_as_wanted(repo, igual, old_link, state_was_kept=True)
        return len(repo.api.calls()), len(repo.api.downloads())


def wait_for(repo: Repo, kind: str, k: int) -> None:
    """Wait until the k-th request has come and hangs."""
    if kind == "call":
        repo.api.wait_for_call("*", "*", nth=k, timeout=60)
        return
    deadline = time.monotonic() + 60
    while len(repo.api.downloads()) < k:
        assert time.monotonic() < deadline, f"no download number {k}"
        time.sleep(0.01)


@pytest.mark.parametrize("state", ["kept", "lost"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_request(template: Template, tmp_path: Path, when: str, state: str) -> None:
    # One call at a time makes "the k-th" the same call in every run; many at once leave groups half done
    # side by side, and then "the k-th" is whichever came as that.
    width = 1 if state == "kept" else 4
    calls, downloads = requests(template, tmp_path / "undisturbed", width=width)
    assert calls > 20
    assert downloads > 1
    cases = [("call", k) for k in range(1, calls + 1)]
    if when == "before":  # a download makes nothing
        cases += [("download", k) for k in range(1, downloads + 1)]
    created = []

    def work(case: tuple[str, int]) -> None:
        kind, k = case
        with template.world(tmp_path / f"{kind}-{k}") as repo:
            configure(repo, concurrency=width, write_concurrency=width)
            igual, old_link = repo.live("Igual"), repo.live("Antes")["link"]
            glob = "*" if kind == "call" else "/cdn/**"
            repo.api.add_faults(f"* {glob} hang when={when} nth={k}")
            process = repo.start("apply", "--yes")
            try:
                wait_for(repo, kind, k)
            finally:
                process.kill()
                process.communicate()
            repo.api.clear_faults()
            created.append(len(repo.api.groups()) == 3)
            recorded(repo)
            if state == "lost":
                repo.state.unlink()
            again = repo.apply()
            assert again.code == 0, again.out + again.err
            is_as_wanted(repo, igual, old_link, state_was_kept=state == "kept")
            if state == "kept":
                nothing_was_done_twice(repo)

    each(cases, work)
    assert len(set(created)) == 2, "some runs were killed before the create, and some after it"


def into_git(repo: Repo, remote: Path) -> None:
    """Keep the state on a branch of a bare repository from now on, and commit the files."""
    gitrepo.start(repo.path)
    gitrepo.git(remote.parent, "init", "--quiet", "--bare", remote.name)
    gitrepo.git(repo.path, "remote", "add", "origin", str(remote))
    moved = repo.run("state", "migrate", "file:.reconciler/state.json", BRANCH)
    assert moved.code == 0, moved.err
    configure(repo, f"state: {BRANCH}\n", concurrency=1, write_concurrency=1)
    repo.write(".gitignore", ".reconciler/\n")
    gitrepo.commit(repo.path)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_request_with_the_state_in_git(template: Template, tmp_path: Path, when: str) -> None:
    """The lock that the killed run leaves is taken over once its lease has ended."""
    calls, _ = requests(template, tmp_path / "undisturbed", width=1)

    def work(k: int) -> None:
        with template.world(tmp_path / f"call-{k}") as repo:
            into_git(repo, tmp_path / f"remote-{k}.git")
            igual, old_link = repo.live("Igual"), repo.live("Antes")["link"]
            repo.api.clear_calls()
            repo.api.add_faults(f"* * hang when={when} nth={k}")
            # Short for the one that is killed alone: whoever comes next waits for its end, and must not lose
            # the lock themselves on a busy machine.
            process = repo.start("apply", "--yes", RECONCILER_STATE_LEASE="4")
            try:
                wait_for(repo, "call", k)
            finally:
                process.kill()
                process.communicate()
            repo.api.clear_faults()
            again = repo.apply("--lock-timeout", "30")
            assert again.code == 0, again.out + again.err
            nothing_was_done_twice(repo)
            assert repo.run("plan", "--detailed-exitcode").code == 0
            assert sorted(group["subject"] for group in repo.api.groups()) == ["Depois", "Igual", "Nova"]
            assert repo.live("Igual") == igual
            assert repo.live("Depois")["link"] != old_link

    each(range(1, calls + 1), work, width=8)
