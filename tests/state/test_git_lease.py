"""The lock on a state in Git: who holds it, for how long, and what becomes of one that was left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.errors import Interrupted, LockedError, StateError
from reconciler.model.record import Applied, Intent, Record, RunSummary

from . import git as repos
from .conftest import NOON, FakeClock
from .contract import RECORD
from .git import Origin, git

LOCK = "reconciler-state-lock"


class _RealClock:
    """Time as it passes; `monotonic` can be made to stand still, as on a machine that sleeps."""

    stopping = False

    def __init__(self) -> None:
        self.asleep = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() - self.asleep

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _Watched(FakeClock):
    """Does something at given moments of its time."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[tuple[float, Callable[[], object]]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        while self.plans and self.plans[0][0] <= self.passed:
            self.plans.pop(0)[1]()


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path, commits=1)


@pytest.fixture
def clone(origin: Origin) -> Path:
    return origin.clone()


def _left_behind(origin: Origin, lease: float = 60) -> str:
    """The lock of a run that was killed."""
    message = (
        f"Locked by job 99\n\nSince: 2026-11-22T11:00:00Z\nLease: {lease:g}\nSession: x/{time.time_ns()}\n"
    )
    tree = git(origin.path, "mktree")
    oid = git(origin.path, "commit-tree", "-m", message, tree)
    origin.move(oid, LOCK)
    return oid


def _lock(origin: Origin, message: str) -> str:
    return git(origin.path, "commit-tree", "-m", message, git(origin.path, "mktree"))


def test_a_lock_that_was_left_behind_is_taken_over_after_a_whole_lease(origin: Origin, clone: Path) -> None:
    clock = _Watched()
    _left_behind(origin, lease=30)
    store = repos.store(clone)
    with (
        pytest.raises(LockedError, match="job 99 since 2026-11-22T11:00:00Z") as caught,
        store.lock(timeout=29, clock=clock, holder="me"),
    ):
        pytest.fail("the lock was taken before its lease was over")
    assert "more than 30 s" in caught.value.hint
    assert clock.passed == pytest.approx(29)
    with store.lock(timeout=600, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    assert 59 <= clock.passed < 62, "29 seconds of waiting before, and a whole lease of its own"
    assert origin.tip(LOCK) is None
    assert store.read().groups == {"a": RECORD}


def test_a_lock_that_is_renewed_is_not_taken_over(origin: Origin, clone: Path) -> None:
    clock = _Watched()
    _left_behind(origin, lease=30)
    clock.plans = [(at, lambda: _left_behind(origin, lease=30)) for at in (20, 45, 70)]
    with pytest.raises(LockedError), repos.store(clone).lock(timeout=95, clock=clock, holder="me"):
        pytest.fail("a live lock was broken")
    assert clock.passed == pytest.approx(95)


def test_whoever_renews_in_the_last_moment_keeps_the_lock(origin: Origin, clone: Path) -> None:
    """Between looking and pushing, where only compare-and-swap tells."""
    clock = _Watched()
    _left_behind(origin, lease=2)
    renewed = _lock(origin, "Locked by job 98\n\nLease: 3000\n")
    env = "env -u GIT_QUARANTINE_PATH"
    _hook(origin, "pre-receive", f"exec {env} git update-ref refs/heads/{LOCK} {renewed}")
    with (
        pytest.raises(LockedError, match="job 98"),
        repos.store(clone).lock(timeout=9, clock=clock, holder="me"),
    ):
        pytest.fail("a lock was broken that had just been renewed")
    assert origin.tip(LOCK) == renewed


def test_a_lock_that_nobody_can_read_is_one_all_the_same(origin: Origin, clone: Path) -> None:
    clock = FakeClock()
    origin.move(origin.commits[0], LOCK)  # somebody made a branch of that name
    store = repos.store(clone, lease=10)
    with pytest.raises(LockedError, match="commit 0"), store.lock(timeout=9, clock=clock, holder="me"):
        pytest.fail("somebody's branch was taken")
    with store.lock(timeout=11, clock=clock, holder="me"):
        pass


def test_a_lease_of_years_is_not_believed(
    origin: Origin, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.state.git_lease.LONGEST", 40.0)
    clock = FakeClock()
    _left_behind(origin, lease=999999)
    with repos.store(clone).lock(timeout=100, clock=clock, holder="me"):
        assert 40 <= clock.passed < 45


def test_unlock_removes_what_was_left_behind_and_nothing_else(origin: Origin, clone: Path) -> None:
    clock = _Watched()
    store = repos.store(clone)
    assert store.unlock(clock) is None
    _left_behind(origin, lease=30)
    clock.plans = [(15, lambda: _left_behind(origin, lease=30))]
    with pytest.raises(LockedError, match="job 99"):
        store.unlock(clock)
    assert origin.tip(LOCK) is not None
    left = store.unlock(clock)
    assert left is not None
    assert (left.who, left.removed) == ("job 99 since 2026-11-22T11:00:00Z", True)
    assert origin.tip(LOCK) is None
    _left_behind(origin, lease=30)
    clock.stopping = True
    with pytest.raises(Interrupted):
        store.unlock(clock)


@pytest.mark.parametrize("ending", ["deleted", "marked free", "taken by the next", "renewed at the end"])
def test_unlock_tells_a_lock_that_ended_meanwhile_from_one_that_was_left(
    origin: Origin, clone: Path, ending: str
) -> None:
    clock = _Watched()
    store = repos.store(clone)
    first = _left_behind(origin, lease=30)

    def end() -> None:
        match ending:
            case "deleted":
                origin.move(None, LOCK)
            case "marked free":
                origin.move(_lock(origin, "Locked by nobody\n\nLease: 0\nFree: yes\n"), LOCK)
            case "taken by the next":
                origin.move(_lock(origin, "Locked by job 100\n\nLease: 30\n"), LOCK)
            case _:
                renewed = _lock(origin, "Locked by job 99\n\nLease: 31\n")
                env = "env -u GIT_QUARANTINE_PATH"
                _hook(origin, "pre-receive", f"exec {env} git update-ref refs/heads/{LOCK} {renewed} {first}")

    clock.plans = [(15, end)]
    if ending in ("deleted", "marked free"):
        ended = store.unlock(clock)
        assert ended is not None
        assert (ended.who, ended.removed) == ("job 99 since 2026-11-22T11:00:00Z", False)
        assert clock.passed < 20, "nothing is waited for any more"
    else:
        with pytest.raises(LockedError, match="job 100" if "next" in ending else "job 99"):
            store.unlock(clock)
        assert origin.tip(LOCK) is not None


@pytest.mark.parametrize("recorded", [False, True])
def test_who_works_renews(origin: Origin, clone: Path, recorded: bool) -> None:
    """Real time: a run that takes longer than a lease keeps its lock, without writing anything (more)."""
    lease = 4.0
    store = repos.store(clone, lease=lease)
    with store.lock(timeout=0, clock=_RealClock(), holder="me") as journal:
        if recorded:
            journal.record("b", Record(id="g2"))
        first = origin.tip(LOCK)
        with (
            pytest.raises(LockedError),
            repos.store(clone, lease=lease).lock(timeout=lease * 1.2, clock=_RealClock(), holder="x"),
        ):
            pytest.fail("a live lock was broken")
        journal.check()
        assert origin.tip(LOCK) not in (None, first)
        journal.record("a", RECORD)
    assert origin.tip(LOCK) is None
    assert store.read().groups["a"] == RECORD


@pytest.mark.parametrize("by", ["removed", "taken over"])
def test_who_has_lost_the_lock_writes_nothing(origin: Origin, clone: Path, clock: FakeClock, by: str) -> None:
    store = repos.store(clone)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        kept = origin.tip()
        taken = None
        if by == "removed":
            origin.move(None, LOCK)
        else:
            taken = _left_behind(origin)
        with pytest.raises(StateError, match=r"the lock on .* is lost"):
            journal.record("b", Record(id="g2"))
        with pytest.raises(StateError, match="is lost"):
            journal.check()
        for _ in range(2):
            with pytest.raises(StateError, match="is lost"):
                journal.record("a", Record(id="g1", applied=Applied(subject="T")))
        with pytest.raises(StateError, match="is lost"):
            journal.finish(RunSummary(verb="apply"))
    assert origin.tip() == kept
    assert origin.tip(LOCK) == taken, "somebody else's lock was removed"


@pytest.mark.parametrize("clocks", ["both", "only the wall's"])
def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_it(
    origin: Origin, clone: Path, clocks: str
) -> None:
    """A stopped process, or (where the monotonic clock stands still) a machine that slept."""

    class Clock(FakeClock):
        slept = 0.0

        def now(self) -> datetime:
            return super().now() + timedelta(seconds=self.slept)

    clock = Clock()
    with repos.store(clone, lease=60).lock(timeout=0, clock=clock, holder="me") as journal:
        lock = origin.tip(LOCK)
        clock.passed = 35.0
        journal.check()
        assert origin.tip(LOCK) == lock, "fresh enough"
        clock.passed = 45.0
        journal.check()
        renewed = origin.tip(LOCK)
        assert renewed != lock, "two thirds have passed: it has to be renewed first"
        if clocks == "both":
            clock.passed += 61
        else:
            clock.slept = 61
        with pytest.raises(StateError, match="not renewed for 60 s"):
            journal.check()
        with pytest.raises(StateError, match="is lost"):
            journal.record("a", RECORD)
    assert origin.tip() is None
    assert origin.tip(LOCK) == renewed


def test_what_may_wait_goes_out_within_seconds(
    origin: Origin, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.state.git_journal.LINGER", 0.3)
    store = repos.store(clone)
    with store.lock(timeout=0, clock=_RealClock(), holder="me") as journal:
        journal.record("a", Record(id="g1"))
        journal.record("a", RECORD)
        assert store.read().groups == {"a": Record(id="g1")}
        end = time.monotonic() + 20
        while store.read().groups != {"a": RECORD}:
            assert time.monotonic() < end
        journal.record("a", Record(id="g1", applied=Applied(subject="T")))
    assert store.read().groups["a"].applied == Applied(subject="T"), "what was left goes out at the end"


def test_a_push_whose_answer_is_lost_is_not_done_twice(origin: Origin, clone: Path, clock: FakeClock) -> None:
    """The remote takes the push and dies before it says so."""
    store = repos.store(clone)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        _cut_answers(origin, clone, 2)
        journal.record("b", Record(id="g2"))
        journal.intend("c", Intent("C", (), NOON))
        assert (clone.parent / "left").read_text() == ""
    assert store.read().groups.keys() == {"a", "b"}
    assert store.read().creating.keys() == {"c"}
    titles = [message.splitlines()[0] for message in origin.messages() if message]
    assert titles == ["begin to create c", "bind b", "bind a"]
    assert origin.tip(LOCK) is None


def _cut_answers(origin: Origin, clone: Path, count: int) -> None:
    """The next `count` pushes are carried out, and end without an answer."""
    left = clone.parent / "left"
    left.write_text("x" * count)
    _hook(
        origin,
        "reference-transaction",
        f'if [ "$1" = committed ] && [ -s {left} ]; then truncate -s -1 {left}; kill -9 $PPID; fi',
    )


def _hook(origin: Origin, name: str, script: str) -> None:
    hook = origin.path / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def test_many_threads_and_one_lock(origin: Origin, clone: Path) -> None:
    """Only one of several that try at once gets it at a time, and all get it in the end."""
    inside: list[str] = []
    most: list[int] = []

    def run(index: int) -> None:
        store = repos.store(clone, lease=30)
        with store.lock(timeout=60, clock=_RealClock(), holder=f"run {index}") as journal:
            inside.append(str(index))
            most.append(len(inside))
            journal.record(f"name-{index}", Record(id=f"g{index}"))
            inside.remove(str(index))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 4
    assert repos.store(clone).read().groups.keys() == {f"name-{index}" for index in range(4)}
