"""State on a branch: what holds for every store, and what only a branch can do."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import StateError
from reconciler.git import Git
from reconciler.model.record import Applied, Intent, Record, RunSummary, Sent, State
from reconciler.state import codec
from reconciler.state.git import GitStore, Writer
from reconciler.state.git_log import of_step

from . import git as repos
from .conftest import BASE_URL, NOON, FakeClock
from .contract import RECORD, StoreContract
from .git import Origin, git


class _Branch:
    """A `contract.Kept`: one branch of a bare repository, and a clone."""

    def __init__(self, folder: Path) -> None:
        self.origin = Origin(folder, commits=1)
        self.clone = self.origin.clone()

    def store(self, *, base_url: str = BASE_URL, commit: str | None = "c0ffee") -> GitStore:
        return repos.store(self.clone, base_url=base_url, commit=commit)

    def data(self) -> bytes | None:
        return self.origin.data()

    def put(self, data: bytes) -> None:
        self.origin.move(self.origin.commit(data))


class TestGitStore(StoreContract):
    @pytest.fixture
    def kept(self, tmp_path: Path) -> _Branch:
        return _Branch(tmp_path)


# --- every kind of clone, and a hostile environment ---------------------------------------------------------

CLONES = {
    "whole": (),
    "shallow": ("--depth=1",),
    "partial": ("--filter=blob:none", "--no-checkout"),
    "without trees": ("--filter=tree:0", "--no-checkout"),
    "one branch": ("--single-branch", "--branch=main"),
}


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path)


@pytest.mark.parametrize("options", CLONES.values(), ids=CLONES)
def test_every_kind_of_clone_reads_and_writes_without_being_touched(
    origin: Origin, clock: FakeClock, options: tuple[str, ...]
) -> None:
    with repos.store(origin.clone("first")).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    clone = origin.clone("second", *options)
    git(clone, "checkout", "--quiet", "--detach", "origin/main")
    (clone / "README").write_text("changed by hand\n")
    (clone / "new").write_text("new\n")
    git(clone, "add", "new")
    before = _everything(clone)
    store = repos.store(clone)
    assert store.read().groups == {"a": RECORD}
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("b", Record(id="g2"))
        journal.finish(RunSummary(verb="apply"))
    assert store.read().groups.keys() == {"a", "b"}
    assert [entry.after.groups.keys() for entry in store.written(None) if entry.after] == [{"a", "b"}, {"a"}]
    assert _everything(clone) == before
    assert git(origin.path, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/main",
        "refs/heads/reconciler-state",
    ]


def _everything(clone: Path) -> tuple[str, ...]:
    """Work tree, index, HEAD, branches and settings of a clone."""
    return (
        git(clone, "status", "--porcelain", "--untracked-files=all"),
        git(clone, "ls-files", "--stage"),
        (clone / ".git/HEAD").read_text(),
        # a push brings the clone's note of where the remote's branch is up to date, as every push does
        *(ref for ref in git(clone, "show-ref").splitlines() if "reconciler" not in ref),
        (clone / ".git/config").read_text(),
        str((clone / ".git/FETCH_HEAD").exists()),
        (clone / ".git/shallow").read_text() if (clone / ".git/shallow").exists() else "",
    )


def test_the_environment_cannot_lead_elsewhere(
    origin: Origin, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere.git"
    git(tmp_path, "init", "--quiet", "--bare", str(elsewhere))
    clone = origin.clone()
    for name, value in {
        "GIT_DIR": str(elsewhere),
        "GIT_WORK_TREE": str(tmp_path),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "objects"),
        "GIT_NAMESPACE": "other",
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_TRACE_CURL": str(tmp_path / "trace"),
        "GIT_EDITOR": "false",
        "LC_ALL": "pt_BR.UTF-8",
        "LANGUAGE": "pt_BR",
    }.items():
        monkeypatch.setenv(name, value)
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    assert origin.data() is not None
    assert not (tmp_path / "trace").exists()
    assert not (tmp_path / "index").exists()
    assert git(elsewhere, "for-each-ref") == ""


def test_nothing_of_a_pull_request_is_run_and_no_secret_reaches_git(
    origin: Origin, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configured folder of hooks is part of the work tree; a helper is somebody's program."""
    clone = origin.clone()
    hooks = clone / ".githooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\n")
        (hooks / name).chmod(0o755)
    git(clone, "config", "core.hooksPath", ".githooks")
    helper = tmp_path / "upload-pack"
    helper.write_text(f'#!/bin/sh\nenv > {tmp_path}/environment\nexec git-upload-pack "$@"\n')
    helper.chmod(0o755)
    git(clone, "config", "remote.origin.uploadpack", str(helper))
    monkeypatch.setenv("RECONCILER_TOKEN", "the-token")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i key")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.extraHeader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "X: y")
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    repos.store(clone).read()
    assert list(tmp_path.glob("ran-*")) == []
    seen = (tmp_path / "environment").read_text()
    assert "the-token" not in seen
    for kept in ("GIT_SSH_COMMAND=ssh -i key", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C"):
        assert f"{kept}\n" in seen


# --- what is no place for a state ---------------------------------------------------------------------------


def test_a_remote_that_is_none_is_not_taken_for_a_folder(origin: Origin, clock: FakeClock) -> None:
    """`git fetch x` would read from a folder x, which a pull request may bring."""
    clone = origin.clone()
    git(clone, "clone", "--quiet", "--bare", origin.url, "x")
    git(clone, "config", "remote.x.prune", "true")  # a remote by its settings, without an address
    remote = GitStore(Git(clone, os.environ), "x", "main", BASE_URL, Writer(run="me"))
    with pytest.raises(StateError, match="does not have: x") as caught:
        remote.read()
    assert caught.value.hint == "remotes here: origin, x"


def test_no_repository_is_said_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "outer")
    (tmp_path / "outer/inner/.git").mkdir(parents=True)
    with pytest.raises(StateError, match="in no Git repository"):
        repos.store(tmp_path / "outer/inner").read()


def test_a_branch_of_something_else_is_left_alone(origin: Origin, clock: FakeClock) -> None:
    store = repos.store(origin.clone(), branch="main")
    before = origin.tip("main")
    with pytest.raises(StateError, match=r"holds no state\.json"):
        store.read()
    with (
        pytest.raises(StateError, match="no state's branch"),
        store.lock(timeout=0, clock=clock, holder="me"),
    ):
        pytest.fail("main was taken for a state's branch")
    assert origin.tip("main") == before


def test_other_files_of_the_branch_are_kept(origin: Origin, clock: FakeClock) -> None:
    clone = origin.clone()
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    git(clone, "fetch", "--quiet", "origin", "reconciler-state")
    git(clone, "worktree", "add", "--quiet", "../side", "FETCH_HEAD")
    side = clone.parent / "side"
    (side / "README").write_text("what this branch is\n")
    git(side, "add", "README")
    git(side, "commit", "--quiet", "-m", "Say what this branch is")
    git(side, "push", "--quiet", "origin", "HEAD:reconciler-state")
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("b", Record(id="g2"))
    assert git(origin.path, "ls-tree", "--name-only", "reconciler-state").split() == ["README", "state.json"]


@pytest.mark.parametrize("refusal", ["declines", "is not writable"])
def test_who_may_not_push_is_told_so_and_can_still_read(
    origin: Origin, clock: FakeClock, refusal: str
) -> None:
    clone = origin.clone()
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    hook = origin.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'protected by +5519900000001'\nexit 1\n")
    hook.chmod(0o755)
    if refusal != "declines":
        git(clone, "config", "remote.origin.receivepack", "false")
    store = repos.store(clone)
    with (
        pytest.raises(StateError, match="did not take the state") as caught,
        store.lock(timeout=0, clock=clock, holder="me"),
    ):
        pytest.fail("the lock was taken without a push")
    assert "5519900000001" not in caught.value.message
    if refusal == "declines":
        assert "contents: write" in caught.value.hint
    assert store.read().groups == {"a": RECORD}


# --- somebody else writes -----------------------------------------------------------------------------------


def test_what_somebody_pushed_meanwhile_is_merged_by_name(origin: Origin, clock: FakeClock) -> None:
    clone = origin.clone()
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        journal.record("b", Record(id="g2"))
        theirs = replace(
            journal.state, groups={**journal.state.groups, "c": Record(id="g3")}, created=(NOON,), serial=9
        )
        origin.move(origin.commit(codec.dumps(theirs), parent=origin.tip()))
        journal.created("d", "g4", NOON)
        assert journal.state.groups.keys() == {"a", "b", "c", "d"}
        journal.record("b", Record(id="g2b"))
    kept = repos.store(clone).read()
    assert {name: record.id for name, record in kept.groups.items()} == {
        **{"a": "g1", "b": "g2b", "c": "g3", "d": "g4"}
    }
    assert kept.created == (NOON,)
    assert kept.serial > 9


def test_the_same_name_changed_on_both_sides_is_an_error(origin: Origin, clock: FakeClock) -> None:
    clone = origin.clone()
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        theirs = replace(journal.state, groups={"a": Record(id="theirs")})
        by_hand = origin.commit(codec.dumps(theirs), parent=origin.tip())
        origin.move(by_hand)
        with pytest.raises(StateError, match=r"the same names: a \(commit") as caught:
            journal.record("a", Record(id="mine"))
        assert "state log a" in caught.value.hint
        with pytest.raises(StateError, match="the same names"):
            journal.finish(RunSummary(verb="apply"))
    assert origin.tip() == by_hand


def test_a_branch_that_was_rewritten_is_not_written(origin: Origin, clock: FakeClock) -> None:
    clone = origin.clone()
    store = repos.store(clone)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    read = origin.tip()
    rewritten = origin.commit(codec.dumps(State(base_url=BASE_URL)))
    origin.move(rewritten)
    with pytest.raises(StateError, match="was rewritten") as caught:
        store.read()
    assert read is not None
    assert f"git push --force origin {read}:refs/heads/reconciler-state" in caught.value.hint
    with pytest.raises(StateError, match="was rewritten"), store.lock(timeout=0, clock=clock, holder="me"):
        pytest.fail("a rewritten branch was opened for writing")
    assert origin.tip() == rewritten
    assert origin.tip("reconciler-state-lock") is None
    _do(clone, caught.value.hint, "if it was meant")
    assert store.read().groups == {}
    origin.move(read)
    with pytest.raises(StateError, match="was rewritten") as caught:
        store.read()
    _do(clone, caught.value.hint, "put it back")
    assert origin.tip() == rewritten
    assert store.read().groups == {}


def _do(clone: Path, hint: str, which: str) -> None:
    """Follow one of the two pieces of advice, to the letter."""
    advice = next(part for part in hint.split("; ") if which in part)
    command = advice[advice.index("git ") :].removesuffix(", and run again")
    git(clone, *command.split()[1:])


@pytest.mark.parametrize("what", ["was rewritten", "was deleted"])
def test_a_branch_that_goes_away_during_a_run_stops_it(origin: Origin, clock: FakeClock, what: str) -> None:
    store = repos.store(origin.clone())
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        other = origin.commit(codec.dumps(State(base_url=BASE_URL)))
        origin.move(other if what == "was rewritten" else None)
        with pytest.raises(StateError, match=what):
            journal.record("b", Record(id="g2"))
    assert origin.tip("reconciler-state-lock") is None


def test_a_branch_that_was_deleted_between_runs_begins_anew(origin: Origin, clock: FakeClock) -> None:
    clone = origin.clone()
    store = repos.store(clone)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    read = origin.tip()
    origin.move(None)
    assert store.read() == State(base_url=BASE_URL)
    assert f"git push origin {read}:refs/heads/reconciler-state" in store.warnings[0]
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("b", Record(id="g2"))
    assert store.read().groups.keys() == {"b"}
    assert store.warnings == ()


# --- the history --------------------------------------------------------------------------------------------


def test_a_step_says_whose_links_were_sent_and_what_was_merely_recorded() -> None:
    record = Record(id="5519911112222-2")
    before = State(groups={"a": record, "b": record})
    sent = replace(record, sent={"ana": Sent(NOON, 1)})
    after = replace(before, groups={"a": sent, "b": replace(record, link_version=2)})
    assert of_step(before, after)[0] == "note links sent for a; record b"


def test_the_history_tells_what_was_done_by_whom(origin: Origin, clock: FakeClock) -> None:
    clone = origin.clone()
    people = Applied(subject="S", admins=("ana", "5519900000021"))
    with repos.store(clone, commit="1" * 40).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.intend("novo", Intent("Novo", ("5519911112222-1",), NOON))
        journal.created("novo", "5519911112222-2", NOON)
        journal.record("novo", Record(id="5519911112222-2", applied=people))
        journal.finish(
            RunSummary(verb="apply", counts=(("created", 1),), names=(("novo", "done create_group"),))
        )
    with repos.store(clone, commit="2" * 40).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.forget("novo")
    messages = origin.messages()
    assert [message.splitlines()[0] for message in messages if message] == [
        "forget novo",
        "apply: 1 created",
        "bind novo",
        "begin to create novo",
    ]
    for message in messages:
        assert "[skip ci]" in message or not message
        assert re.search(r"5519\d|Novo|ana@|subject", message) is None
    assert "novo: done create_group\n\nRun: https://ci.example/job/7\nBy: ana\nManifests: 111" in messages[1]
    forgotten, created = repos.store(clone).written(None)
    assert (created.title, created.run, created.actor) == (
        "apply: 1 created",
        "https://ci.example/job/7",
        "ana",
    )
    assert (created.commit, forgotten.commit) == ("1" * 40, "2" * 40)
    assert created.before == State()
    assert created.after == forgotten.before
    assert created.after is not None
    assert created.after.groups["novo"].applied == people
    assert repos.store(clone).at(created.rev[:8]) == created.after
    assert repos.store(clone).at("~1") == created.after
    assert list(repos.store(clone).written(NOON + timedelta(seconds=1))) == []
    for rev in ("main", "~99", "0" * 40, git(clone, "rev-parse", "origin/main")):
        with pytest.raises(StateError, match="has no commit"):
            repos.store(clone).at(rev)


def test_what_somebody_wrote_into_the_history_by_hand_is_read_as_far_as_it_goes(
    origin: Origin, clock: FakeClock
) -> None:
    state = State(base_url=BASE_URL, groups={"a": RECORD})
    first = origin.commit(codec.dumps(state), message="Run: \x1b[31m\nSession: x\n\nRun: y")
    second = origin.commit(b"{broken", parent=first, message="")
    third = origin.commit(codec.dumps(replace(state, serial=5)), parent=second, message="mended")
    origin.move(third)
    told = list(repos.store(origin.clone()).written(None))
    assert [(entry.title, entry.before, entry.after) for entry in told] == [
        ("mended", None, replace(state, serial=5)),
        ("", state, None),
        ("Run: \x1b[31m", State(), state),
    ]


def test_a_state_that_is_too_large_is_not_read(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.state.git.MAX_BYTES", 1000)
    origin.move(origin.commit(b"x" * 1001))
    with pytest.raises(StateError, match="no run wrote that"):
        repos.store(origin.clone()).read()
