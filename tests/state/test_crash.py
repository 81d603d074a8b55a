"""Durability: what a killed, crowded or full machine leaves behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.model.record import Applied, Record
from reconciler.state.file import FileStore

from .conftest import BASE_URL, FakeClock

Spawn = Callable[..., "subprocess.Popen[str]"]

WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from reconciler.model.record import Applied, Record
from reconciler.state.file import FileStore

clock = SimpleNamespace(now=lambda: datetime.now(UTC), monotonic=time.monotonic, stopping=False)
store = FileStore(Path(sys.argv[1]), sys.argv[2], "state.json")
with store.lock(timeout=0, clock=clock, holder="writer") as journal:
    count = len(journal.state.groups)
    while True:
        journal.record(f"name-{count}", Record(id=f"g{count}", applied=Applied(subject="x" * 2000)))
        count += 1
        print(count, flush=True)
"""

FULL = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from reconciler.errors import StateError
from reconciler.model.record import Applied, Record
from reconciler.state.file import FileStore

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
clock = SimpleNamespace(now=lambda: datetime.now(UTC), monotonic=lambda: 0.0, stopping=False)
store = FileStore(Path(sys.argv[1]), sys.argv[2], "state.json")
with store.lock(timeout=0, clock=clock, holder="writer") as journal:
    journal.record("small", Record(id="g1"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
    try:
        journal.record("big", Record(id="g2", applied=Applied(subject="x" * 20_000)))
    except StateError as error:
        print(error.message, "|", error.hint)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_state(
    store: FileStore, path: Path, spawn: Spawn
) -> None:
    chance = random.Random(20261122)
    promised = 0
    for _ in range(15):
        writer = spawn(WRITER, path, BASE_URL)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        assert first.strip().isdigit(), first + writer.stdout.read()
        time.sleep(chance.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        answers = [int(line) for line in (first + writer.stdout.read()).split("\n")[:-1]]
        writer.wait()
        promised = answers[-1]
        state = store.read()
        assert promised <= len(state.groups) <= promised + 1
        assert state.serial == len(state.groups)
    assert promised > 30


def test_a_full_disk_is_an_error_that_keeps_what_was_there(
    store: FileStore, path: Path, spawn: Spawn
) -> None:
    process = spawn(FULL, path, BASE_URL)
    output, _ = process.communicate(timeout=60)
    assert "state.json cannot be written: File too large | free some space" in output
    assert store.read().groups.keys() == {"small"}
    assert not path.with_name("state.json.tmp").exists()


def test_what_a_killed_writer_left_is_cleared_away(store: FileStore, path: Path, clock: FakeClock) -> None:
    path.parent.mkdir()
    path.with_name("state.json.tmp").write_text("half a st")
    with store.lock(timeout=0, clock=clock, holder="me"):
        assert not path.with_name("state.json.tmp").exists()


def test_threads_share_their_writes(
    store: FileStore, path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand records from four threads: all durable when they return, with far fewer writes."""
    syncs = 0
    real = os.fsync

    def slow(handle: int) -> None:
        nonlocal syncs
        syncs += 1
        time.sleep(0.001)  # a disk, rather than the memory of a virtual machine
        real(handle)

    monkeypatch.setattr(os, "fsync", slow)
    turn = threading.Lock()
    with store.lock(timeout=0, clock=clock, holder="me") as journal:

        def work(index: int) -> None:
            name = f"name-{index}"
            record = Record(id=f"g{index}", applied=Applied(subject=f"Subject {index}"))
            journal.record(name, record)
            if index % 50 == 0:
                with turn:
                    assert store.read().groups[name] == record

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(1000)))
        state = journal.state
    assert state.groups == {
        f"name-{index}": Record(id=f"g{index}", applied=Applied(subject=f"Subject {index}"))
        for index in range(1000)
    }
    assert store.read() == state
    assert state.serial * 2 == syncs
    assert state.serial < 600
