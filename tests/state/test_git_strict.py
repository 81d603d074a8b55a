"""Remotes that refuse: branches that only go forward, or are not deleted, and hooks with something to say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.errors import LockedError, StateError, Unreachable
from reconciler.model.record import Intent, Record
from reconciler.state.git_errors import refusal

from . import git as repos
from .conftest import NOON, FakeClock
from .contract import RECORD
from .git import BRANCH, STRICT, Origin, git
from .test_git_store import CLONES

LOCK = f"{BRANCH}-lock"
MAY_DELETE = {"as it comes", "shared", "a hook against what is no fast-forward"}


@pytest.fixture(params=STRICT)
def origin(tmp_path: Path, request: pytest.FixtureRequest) -> Origin:
    origin = Origin(tmp_path, commits=1)
    origin.be(request.param)
    return origin


def plain(tmp_path: Path) -> tuple[Origin, Path]:
    origin = Origin(tmp_path, commits=1)
    return origin, origin.clone()


def locked(origin: Origin) -> bool:
    """Whether the remote has a lock that says that somebody holds it."""
    return origin.tip(LOCK) is not None and "Free: yes" not in origin.messages(LOCK)[0]


def test_runs_take_turns_and_leave_nothing_locked(origin: Origin, clock: FakeClock) -> None:
    for number in range(4):
        store = repos.store(origin.clone(f"runner{number}", "--depth=1"))
        with store.lock(timeout=0, clock=clock, holder=f"run {number}") as journal:
            journal.record(f"a{number}", RECORD)
            journal.intend("novo", Intent("Novo", (), NOON))
            clock.passed += repos.LEASE * 0.7  # so that it has to renew
            journal.check()
            journal.created("novo", f"g{number + 10}", NOON)
            journal.forget("novo")
            assert locked(origin)
        assert store.still_locked == ""
        assert not locked(origin)
        assert store.holder() is None
        assert store.unlock(clock) is None
    assert (origin.tip(LOCK) is None) == (origin.kind in MAY_DELETE)
    assert repos.store(origin.clone("last")).read().groups.keys() == {f"a{n}" for n in range(4)}


def test_each_renewal_comes_after_the_one_before(origin: Origin, clock: FakeClock) -> None:
    store = repos.store(origin.clone())
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        tips = [origin.tip(LOCK)]
        for number in range(3):
            journal.record(f"a{number}", Record(id=f"g{number}"))
            tips.append(origin.tip(LOCK))
        assert git(origin.path, "rev-list", f"refs/heads/{LOCK}").split()[:4] == tips[::-1]


def test_what_a_killed_run_left_is_taken_over_after_its_lease(origin: Origin, clock: FakeClock) -> None:
    """Whether it was made by this version or by one whose renewals had no parent."""
    for message in (
        "Locked by job 99\n\nSince: x\nLease: 30\nSession: y/1\n",
        "Locked by job 98\n\nLease: 30\n",
    ):
        origin.move(git(origin.path, "commit-tree", "-m", message, git(origin.path, "mktree")), LOCK)
        begun = clock.passed
        store = repos.store(origin.clone(message[10:16].replace(" ", "")))
        with (
            pytest.raises(LockedError, match=r"job 9[89]"),
            store.lock(timeout=20, clock=clock, holder="me"),
        ):
            pytest.fail("the lock was taken before its lease was over")
        with store.lock(timeout=60, clock=clock, holder="me") as journal:
            assert 50 <= clock.passed - begun < 55
            journal.record("a", RECORD)
        assert not locked(origin)


def test_unlock_gives_up_what_was_left_behind(origin: Origin, clock: FakeClock) -> None:
    store = repos.store(origin.clone())
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    (tree,) = git(origin.path, "mktree").split()
    parents = ("-p", tip) if (tip := origin.tip(LOCK)) else ()
    origin.move(git(origin.path, "commit-tree", *parents, "-m", "Locked by job 99\n\nLease: 30", tree), LOCK)
    left = store.unlock(clock)
    assert left is not None
    assert (left.who, left.removed) == ("job 99", True)
    assert not locked(origin)
    with store.lock(timeout=0, clock=clock, holder="me"):
        pass


def test_a_rehearsal_finds_all_well_and_changes_nothing(origin: Origin, clock: FakeClock) -> None:
    store = repos.store(origin.clone())
    for _ in range(2):
        said_ = store.check_writable(clock=clock, holder="doctor")
        assert ("marked free" in said_) == (origin.kind not in MAY_DELETE)
        assert origin.tip() is None
        assert not locked(origin)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    tip = origin.tip()
    store.check_writable(clock=clock, holder="doctor")
    assert origin.tip() == tip
    assert store.read().groups == {"a": RECORD}
    assert not locked(origin)


@pytest.mark.parametrize("options", CLONES.values(), ids=CLONES)
def test_every_kind_of_clone_goes_on_from_a_free_lock(
    tmp_path: Path, clock: FakeClock, options: tuple[str, ...]
) -> None:
    origin, clone = plain(tmp_path)
    origin.be("shared, no deleting")
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    store = repos.store(origin.clone("second", *options))
    store.check_writable(clock=clock, holder="doctor")
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("b", Record(id="g2"))
    assert not locked(origin)
    assert repos.store(clone).read().groups.keys() == {"a", "b"}


# --- how a lock looks to a version that does not know that one can be free --------------------------------


def test_a_free_lock_is_over_at_once_for_an_older_version_where_it_could_be_taken(
    tmp_path: Path, clock: FakeClock
) -> None:
    origin, clone = plain(tmp_path)
    origin.be("no deleting")
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me"):
        pass
    message = origin.messages(LOCK)[0]
    assert git(origin.path, "rev-list", "--count", f"refs/heads/{LOCK}") == "1"
    assert message.startswith("Locked by nobody\n\nSince: ")
    assert "\nLease: 0\n" in message
    # as an older version takes it: by force, a commit without a parent
    older = origin.commit(b"{}", message="Locked by job 7\n\nSince: x\nLease: 60\n")
    origin.move(older, LOCK)
    with (
        pytest.raises(LockedError, match="job 7"),
        repos.store(clone).lock(timeout=0, clock=clock, holder="me"),
    ):
        pytest.fail("the lock of an older version was broken")
    assert origin.tip(LOCK) == older


def test_a_free_lock_that_an_older_version_cannot_take_says_so_to_it(
    tmp_path: Path, clock: FakeClock
) -> None:
    """That one looks at the title and the lease, and would else try without end."""
    origin, clone = plain(tmp_path)
    origin.be("shared, no deleting")
    with repos.store(clone).lock(timeout=0, clock=clock, holder="me"):
        pass
    message = origin.messages(LOCK)[0]
    assert re.match(r"Locked by nobody; this version of reconciler is too old .*\n\nSince: ", message)
    assert "\nLease: 3600\n" in message


def test_a_free_lock_that_somebody_takes_meanwhile_is_theirs(tmp_path: Path, clock: FakeClock) -> None:
    """Between looking and pushing."""
    origin, clone = plain(tmp_path)
    origin.be("no deleting")
    store = repos.store(clone, lease=30)
    with store.lock(timeout=0, clock=clock, holder="me"):
        pass
    theirs = git(origin.path, "commit-tree", "-m", "Locked by job 5\n\nLease: 40", git(origin.path, "mktree"))
    origin.hook("pre-receive", f"exec env -u GIT_QUARANTINE_PATH git update-ref refs/heads/{LOCK} {theirs}")
    with pytest.raises(LockedError, match="job 5"), store.lock(timeout=35, clock=clock, holder="me"):
        pytest.fail("a lock was broken that had just been taken")
    assert origin.tip(LOCK) == theirs


def test_a_lock_that_grows_survives_the_clones_housekeeping(tmp_path: Path, clock: FakeClock) -> None:
    """Nothing of the clone points at the commits of its locks but what is kept for that."""
    origin, clone = plain(tmp_path)
    origin.be("shared, no deleting")
    store = repos.store(clone)
    for number in range(3):
        with store.lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record(f"a{number}", Record(id=f"g{number}"))
        git(clone, "reflog", "expire", "--expire=now", "--all")
        git(clone, "gc", "--quiet", "--prune=now")
    git(clone, "fsck", "--connectivity-only")
    assert store.read().groups.keys() == {"a0", "a1", "a2"}
    assert len(git(clone, "rev-list", f"refs/reconciler/origin/{LOCK}").split()) == 9


# --- what the remote says -----------------------------------------------------------------------------------

HOOK = r"""
cat >/dev/null
printf 'GL-HOOK-ERR: \033[31mcall\033[0m +55 19 90000-0077\nsecond\rfatal: could not read Username\n' >&2
printf '\n=========\nerror: GH013: Repository rule violations \342\200\256found\342\200\250fatal: x\n' >&2
printf 'https://joe:secret@example.org/rules %%0500d\n' 1 >&2
exit 1
"""


def judge(error: StateError) -> None:
    """The remote's words are there, and are nothing but words."""
    text = error.message
    assert 'The remote says: "GL-HOOK-ERR: call ' in text
    for words in (
        "second / fatal: could not read Username",
        "GH013: Repository rule violations",
        "hook declined",
    ):
        assert words in text
    assert text.isprintable()
    for bad in ("90000-0077", "secret", "failed to push some refs", "[31m"):
        assert bad not in text
    assert len(text) < 600
    assert "contents: write" in error.hint, "and not that credentials were missing"


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_a_hook_that_declines_is_quoted(tmp_path: Path, clock: FakeClock, name: str) -> None:
    origin, clone = plain(tmp_path)
    store = repos.store(clone)
    origin.hook(name, HOOK)
    with pytest.raises(StateError) as caught, store.lock(timeout=0, clock=clock, holder="me"):
        pytest.fail("the lock was taken without a push")
    judge(caught.value)
    with pytest.raises(StateError) as caught:
        store.check_writable(clock=clock, holder="doctor")
    judge(caught.value)
    assert origin.tip(LOCK) is None


@pytest.mark.parametrize("recorded", [False, True])
def test_a_hook_that_guards_the_states_branch_alone_is_met_beforehand(
    tmp_path: Path, clock: FakeClock, recorded: bool
) -> None:
    origin, clone = plain(tmp_path)
    store = repos.store(clone)
    if recorded:
        with store.lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("a", RECORD)
    tip = origin.tip()
    origin.hook("update", f'[ "$1" = refs/heads/{BRANCH} ] || exit 0\n{HOOK}')
    with pytest.raises(StateError, match=f"{BRANCH}: hook declined") as caught:
        store.check_writable(clock=clock, holder="doctor")
    judge(caught.value)
    assert origin.tip() == tip
    assert origin.tip(LOCK) is None, "the lock that was tried is given up all the same"
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        with pytest.raises(StateError) as caught:
            journal.record("b", Record(id="g2"))
        judge(caught.value)
    assert origin.tip(LOCK) is None


def test_a_remote_that_does_not_compare_is_found_out(tmp_path: Path, clock: FakeClock) -> None:
    """Some hook or proxy sets branches by itself: then two runs could hold one lock."""
    origin, clone = plain(tmp_path)
    store = repos.store(clone)
    origin.hook(
        "pre-receive",
        """
while read old new ref; do
    export new ref
    case $ref in *-lock) env -u GIT_QUARANTINE_PATH git update-ref "$ref" "$old" 2>/dev/null;; esac
done
exit 0""",
    )
    with pytest.raises(StateError, match="does not compare"):
        store.check_writable(clock=clock, holder="doctor")


def test_a_refusal_without_a_known_word_for_it_is_not_taken_for_somebody_elses_push(
    tmp_path: Path, clock: FakeClock
) -> None:
    origin, clone = plain(tmp_path)
    store = repos.store(clone)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        git(origin.path, "config", "receive.denyCurrentBranch", "refuse")
        git(origin.path, "config", "core.bare", "false")
        git(origin.path, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
        with pytest.raises(StateError, match="branch is currently checked out"):
            journal.record("b", Record(id="g2"))


def test_a_remote_that_begins_to_decline_during_a_run_is_quoted_when_the_lock_is_lost(
    tmp_path: Path, clock: FakeClock
) -> None:
    origin, clone = plain(tmp_path)
    store = repos.store(clone)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        origin.hook("pre-receive", "echo closed for the night; exit 1")
        clock.passed += repos.LEASE * 0.7
        with pytest.raises(StateError, match="closed for the night"):
            journal.check()
        clock.passed += repos.LEASE
        with pytest.raises(StateError, match="closed for the night"):
            journal.check()


def test_a_lock_that_cannot_be_given_up_is_told(tmp_path: Path, clock: FakeClock) -> None:
    origin, clone = plain(tmp_path)
    store = repos.store(clone)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        origin.hook("pre-receive", "echo closed for the night; exit 1")
    assert "closed for the night" in store.still_locked
    assert "60 s from now" in store.still_locked
    assert store.read().groups == {"a": RECORD}


def test_an_answer_that_is_lost_in_a_run_does_not_leave_it_locked(tmp_path: Path, clock: FakeClock) -> None:
    """The last renewal was carried out, and nobody said so."""
    origin, clone = plain(tmp_path)
    store = repos.store(clone)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        hook, left = origin.path / "hooks/reference-transaction", tmp_path / "left"
        left.write_text("x")
        origin.hook(
            hook.name,
            f'[ "$1" = committed ] && [ -s {left} ] || exit 0\n'
            f": > {left}; mv {origin.path}/HEAD {tmp_path}/HEAD; kill -9 $PPID",
        )
        clock.passed += repos.LEASE * 0.7
        with pytest.raises(StateError):
            journal.check()
        hook.unlink()
        (tmp_path / "HEAD").rename(origin.path / "HEAD")
    assert store.still_locked == ""
    assert origin.tip(LOCK) is None


@pytest.mark.parametrize(
    ("stderr", "hint"),
    [
        (
            "remote: Repository not found.\nfatal: repository 'https://x.example/y/' not found\n",
            "does the address",
        ),
        ("remote: SSL connection timed out\nfatal: protocol error: bad line length\n", "try it by hand"),
        ("remote: Permission denied\nfatal: unable to access 'https://x.example/': timed out\n", "run again"),
        (
            "error: insufficient permission for adding an object to repository database .git/objects\n",
            "write into this clone",
        ),
        ("fatal: the receiving end does not support --atomic push\n", "git 2.30"),
    ],
)
def test_a_hint_goes_by_what_git_says_and_not_by_what_the_remote_says(stderr: str, hint: str) -> None:
    error = refusal(stderr, "it cannot be read", "origin", BRANCH)
    assert hint in error.hint
    assert isinstance(error, Unreachable) == (hint == "run again")
    if stderr.startswith("remote: "):
        assert f'The remote says: "{stderr.splitlines()[0].removeprefix("remote: ")}"' in error.message
