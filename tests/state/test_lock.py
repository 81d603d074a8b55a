from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import Exit, Interrupted, LockedError
from reconciler.model.record import Record
from reconciler.state.file import FileStore

from .conftest import BASE_URL, FakeClock

Spawn = Callable[..., "subprocess.Popen[str]"]

HOLDER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from reconciler.model.record import Record
from reconciler.state.file import FileStore

clock = SimpleNamespace(now=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC), monotonic=time.monotonic,
                        sleep=time.sleep, stopping=False)
store = FileStore(Path(sys.argv[1]), sys.argv[2], "state.json")
with store.lock(timeout=float(sys.argv[3]), clock=clock, holder="process 4711 on ci-7 (job 99)") as journal:
    if len(sys.argv) > 4:
        name = sys.argv[4]
        journal.record(name, Record(id=name))
    print("held", flush=True)
    sys.stdin.read() if len(sys.argv) == 4 else None
"""


def test_a_second_run_is_told_who_holds_the_lock_since_when(
    store: FileStore, path: Path, clock: FakeClock, spawn: Spawn
) -> None:
    first = _hold(spawn, path)
    with pytest.raises(LockedError) as caught, store.lock(timeout=0, clock=clock, holder="me"):
        pytest.fail("two processes held the lock")
    assert caught.value.exit_code is Exit.LOCKED
    assert "process 4711 on ci-7 (job 99) since 2026-11-22T12:00:00Z" in caught.value.message
    assert "--lock-timeout" in caught.value.hint
    assert clock.passed == 0
    assert first.poll() is None


def test_waiting_ends_with_the_timeout(store: FileStore, path: Path, clock: FakeClock, spawn: Spawn) -> None:
    _hold(spawn, path)
    with pytest.raises(LockedError), store.lock(timeout=5, clock=clock, holder="me"):
        pytest.fail("two processes held the lock")
    assert clock.passed == pytest.approx(5)


def test_waiting_ends_when_a_stop_is_asked_for(
    store: FileStore, path: Path, clock: FakeClock, spawn: Spawn
) -> None:
    _hold(spawn, path)
    clock.stopping = True
    with pytest.raises(Interrupted), store.lock(timeout=600, clock=clock, holder="me"):
        pytest.fail("two processes held the lock")
    assert clock.passed == 0


def test_kill_9_frees_the_lock_at_once(store: FileStore, path: Path, clock: FakeClock, spawn: Spawn) -> None:
    first = _hold(spawn, path)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert "4711" in path.with_name("state.json.lock").read_text()
    with store.lock(timeout=0, clock=clock, holder="me, later"):
        assert path.with_name("state.json.lock").read_text().startswith("me, later since 2026-11-22")
    assert path.with_name("state.json.lock").read_text() == ""
    assert clock.passed == 0


def test_processes_that_wait_in_line_lose_nothing(path: Path, spawn: Spawn, store: FileStore) -> None:
    """Each reads the state again inside the lock: who read it before would overwrite the others'."""
    processes = [spawn(HOLDER, path, BASE_URL, 60, f"name-{index}") for index in range(6)]
    for process in processes:
        assert process.wait(60) == 0, process.stdout and process.stdout.read()
    assert store.read().groups == {f"name-{index}": Record(id=f"name-{index}") for index in range(6)}
    assert store.read().serial == 6


def test_a_program_that_is_started_meanwhile_does_not_keep_the_lock(
    store: FileStore, path: Path, clock: FakeClock
) -> None:
    with store.lock(timeout=0, clock=clock, holder="me"):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with store.lock(timeout=0, clock=clock, holder="me again"):
            assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_threads_exclude_each_other_too(store: FileStore, clock: FakeClock) -> None:
    with store.lock(timeout=0, clock=clock, holder="me"):
        with pytest.raises(LockedError), store.lock(timeout=0, clock=clock, holder="me too"):
            pytest.fail("one process held the lock twice")
        refused: list[LockedError] = []

        def other() -> None:
            try:
                with store.lock(timeout=0, clock=clock, holder="a thread"):
                    pass
            except LockedError as error:
                refused.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert len(refused) == 1


def test_the_lock_is_given_up_when_the_run_fails(store: FileStore, clock: FakeClock) -> None:
    with pytest.raises(KeyError), store.lock(timeout=0, clock=clock, holder="me"):
        raise KeyError
    with store.lock(timeout=0, clock=clock, holder="me"):
        pass


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_none(
    store: FileStore, path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening and locking: nobody else would ever open that file, so it would exclude nobody."""
    lock_path = path.with_name("state.json.lock")
    real = fcntl.flock
    removed: list[int] = []

    def flock(handle: int, operation: int) -> None:
        if not removed:
            removed.append(os.fstat(handle).st_ino)
            lock_path.rename(path.with_name("old.lock"))
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        assert [lock_path.stat().st_ino] != removed
        journal.record("a", Record(id="a"))
    assert store.read().groups.keys() == {"a"}


def _hold(spawn: Spawn, path: Path) -> subprocess.Popen[str]:
    process = spawn(HOLDER, path, BASE_URL, 0)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process
