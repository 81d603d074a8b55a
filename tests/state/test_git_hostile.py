"""A state's branch that somebody else has written: whoever may push to it, or answers as the remote."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from reconciler.cli import environment
from reconciler.errors import StateError
from reconciler.git import Git
from reconciler.model.record import Record, State
from reconciler.state import codec
from reconciler.state.git import GitStore, Writer
from reconciler.state.git_log import Origin as Source
from reconciler.state.git_log import compose, parse
from reconciler.state.git_remote import Remote

from . import git as repos
from .conftest import BASE_URL, FakeClock
from .git import BRANCH, IDENTITY, Origin, git

GOOD = codec.dumps(State(base_url=BASE_URL, groups={"a": Record(id="g1")}))


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path, commits=1)


def commit(origin: Origin, entries: bytes, message: str = "by hand", parent: str | None = None) -> str:
    """A commit with these entries of a tree, as `git mktree` takes them."""
    tree = git(origin.path, "mktree", "--missing", data=entries)
    parents = ("-p", parent) if parent else ()
    return git(origin.path, "commit-tree", *parents, "-F", "-", tree, data=message.encode())


def blob(origin: Origin, data: bytes) -> str:
    return git(origin.path, "hash-object", "-w", "--stdin", data=data)


@pytest.mark.parametrize("kind", ["a link out", "a link to a state", "a folder", "a submodule", "nothing"])
def test_what_is_no_file_is_no_state(kind: str, origin: Origin, tmp_path: Path, clock: FakeClock) -> None:
    """Nothing is checked out, so a link leads nowhere: what it says is no state."""
    (tmp_path / "secret.json").write_bytes(GOOD)
    good = blob(origin, GOOD)
    match kind:
        case "a link out":
            entry = f"120000 blob {blob(origin, str(tmp_path / 'secret.json').encode())}\tstate.json\n"
        case "a link to a state":
            entry = f"120000 blob {blob(origin, b'other.json')}\tstate.json\n100644 blob {good}\tother.json\n"
        case "a folder":
            inner = git(origin.path, "mktree", data=f"100644 blob {good}\tstate.json\n".encode())
            entry = f"040000 tree {inner}\tstate.json\n"
        case "a submodule":
            entry = f"160000 commit {origin.commits[0]}\tstate.json\n"
        case _:
            entry = ""
    origin.move(commit(origin, entry.encode()))
    before = origin.tip()
    store = repos.store(origin.clone())
    with pytest.raises(StateError, match=r"damaged|holds no state\.json") as caught:
        store.read()
    assert str(tmp_path) not in caught.value.message
    with pytest.raises(StateError), store.lock(timeout=0, clock=clock, holder="me"):
        pytest.fail("that was taken for a state")
    assert origin.tip() == before
    assert [entry.after for entry in store.written(None)] == [None]


def test_no_filter_of_anybodys_is_run(origin: Origin, tmp_path: Path, clock: FakeClock) -> None:
    """Attributes of the branch name programs that the clone's settings know (Git LFS is one)."""
    attributes = blob(
        origin, b"* filter=evil diff=evil merge=evil text=auto eol=crlf working-tree-encoding=UTF-16\n"
    )
    entries = f"100644 blob {attributes}\t.gitattributes\n100644 blob {blob(origin, GOOD)}\tstate.json\n"
    origin.move(commit(origin, entries.encode()))
    clone = origin.clone()
    for key in ("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv",
                "diff.evil.command", "merge.evil.driver", "core.pager", "core.editor", "core.sshCommand",
                "gpg.program", "log.showSignature"):  # fmt: skip
        git(clone, "config", key, "true" if key == "log.showSignature" else f"touch {tmp_path}/pwned; cat")
    (clone / ".gitattributes").write_text("* filter=evil diff=evil\n")
    store = repos.store(clone)
    assert store.read().groups.keys() == {"a"}
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("b", Record(id="g2"))
    assert len(list(store.written(None))) == 2
    assert not (tmp_path / "pwned").exists()
    assert b"\r" not in (origin.data() or b"\r")


def test_large_blobs_and_messages_are_asked_for_their_size(origin: Origin) -> None:
    """65 MiB as a state, 24 as a message of the history and of the lock: none of it is read."""
    large = 65 << 20
    first = commit(origin, f"100644 blob {blob(origin, GOOD)}\tstate.json\n".encode(), "x" * (24 << 20))
    second = commit(origin, f"100644 blob {blob(origin, b' ' * large)}\tstate.json\n".encode(), "y", first)
    origin.move(second)
    origin.move(first, f"{BRANCH}-lock")
    store = repos.store(origin.clone())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StateError, match="longer than 64 MiB"):
        store.read()
    told = [(entry.title, entry.after is None, entry.before is None) for entry in store.written(None)]
    assert told == [("y", True, False), ("", False, False)]
    assert store.holder() is not None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10


def test_a_history_of_hand_made_commits(origin: Origin) -> None:
    """Times before 1970 and after all calendars, two parents, no message, no text."""
    entries = f"100644 blob {blob(origin, GOOD)}\tstate.json\n".encode()
    tree = git(origin.path, "mktree", data=entries)
    parent = None
    for when in ("0", "1", "99999999999", "253402300800", "9223372036854775807"):
        raw = f"tree {tree}\n" + (f"parent {parent}\n" if parent else "")
        raw += f"author a <a> {when} +0000\ncommitter a <a> {when} +9999\n\n"
        data = (
            raw.encode()
            + b"\xff\x1b]0;x\x07\0\nRun: z\n\nRun: \x1b[2J\nBy: \xe2\x80\xae\nManifests: --upload-pack=x\n"
        )
        parent = git(origin.path, "hash-object", "-t", "commit", "--literally", "-w", "--stdin", data=data)
    origin.move(parent)
    entries_told = list(repos.store(origin.clone()).written(None))
    assert len(entries_told) == 5
    assert {entry.after is not None for entry in entries_told} == {True}


BRANCHES = (
    "--upload-pack=touch pwned",
    "-x",
    "a..b",
    "a~1",
    "a:b",
    "@{-1}",
    "a b",
    "a\\b",
    "x.lock",
    "/x",
    "*",
)


def test_names_of_branches(origin: Origin) -> None:
    clone = origin.clone()
    for branch in BRANCHES:
        store = GitStore(Git(clone, os.environ), "origin", branch, BASE_URL, Writer(run="me"))
        if branch == "-x":  # as the last part of a ref that is named in full it is one
            assert store.read().groups == {}
            continue
        with pytest.raises(StateError, match="no name of a branch"):
            store.read()
    assert not list(origin.folder.rglob("pwned"))


def test_the_address_of_a_remote_keeps_its_password(origin: Origin) -> None:
    clone = origin.clone()
    git(clone, "config", "remote.origin.url", "https://user:the-password@127.0.0.1:1/x.git")
    remote = Remote(Git(clone, os.environ), "origin", BRANCH, pause=lambda _: None)
    with pytest.raises(StateError) as caught:
        remote.tips()
    assert "the-password" not in f"{caught.value.message} {caught.value.hint}"
    assert "127.0.0.1" in caught.value.message


WORDS = "x\nRun: forged\n\nBy: forged\x1b[2J\u202e\u2028Session: forged [ci skip] " + "w" * 5000


def test_what_the_pipeline_says_is_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of a branch, a user or a job may be anybody's; in a message they forge no other line."""
    for name in ("BUILDKITE_BUILD_URL", "BUILDKITE_BUILD_CREATOR"):
        monkeypatch.setenv(name, WORDS)
    run, actor, _ = environment.this_run()
    message = compose("apply: 1 created", [WORDS], Source(run, "mine", actor, WORDS))
    told = parse(message)
    assert told.title == "apply: 1 created"
    assert told.trailers["Session"] == "mine"
    assert told.trailers["Run"].startswith("x Run: forged")
    assert set(told.trailers) == {"Run", "By", "Manifests", "Session"}
    assert all(char.isprintable() or char == "\n" for char in message)
    assert max(map(len, message.splitlines())) < 250


@pytest.mark.parametrize("name", ["GITHUB_RUN_ID", "CI_JOB_URL", "BUILD_URL", "GITHUB_SHA"])
def test_the_environment_of_a_job_forges_nothing_in_git(
    name: str, origin: Origin, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, WORDS)
    run, actor, _ = environment.this_run()
    git_ = Git(origin.clone(), os.environ | IDENTITY)
    commit_ = os.environ.get("GITHUB_SHA")
    store = GitStore(git_, "origin", BRANCH, BASE_URL, Writer(run=run, actor=actor, commit=lambda: commit_))
    with store.lock(timeout=0, clock=clock, holder=environment.holder()) as journal:
        journal.record("a", Record(id="g1"))
    message = origin.messages()[0]
    assert "forged" not in parse(message).trailers.get("By", "")
    assert parse(message).trailers["Session"] != "forged"
    assert "\x1b" not in message
    assert "\u202e" not in message
    assert store.read().groups.keys() == {"a"}
