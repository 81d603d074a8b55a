"""What every store must do, over a `kept` fixture that makes stores of one place and looks at what is there.

A new store subclasses `StoreContract` and provides the fixture: a place where nothing is kept yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from reconciler.errors import Exit, Interrupted, LockedError, StateError
from reconciler.model.link import digest
from reconciler.model.record import Applied, Intent, Left, Record, Revoking, RunSummary, Sent, State
from reconciler.ports import Clock, Journal
from reconciler.state import codec
from reconciler.state.memory import MemoryJournal

from .conftest import BASE_URL, NOON, FakeClock

RECORD = Record(id="g1", applied=Applied(subject="S", admins=("ana",)))


class AStore(Protocol):
    """What `FileStore` and `GitStore` have in common."""

    display: str
    warnings: tuple[str, ...]

    def read(self) -> State: ...
    def lock(self, *, timeout: float, clock: Clock, holder: str) -> AbstractContextManager[Journal]: ...


class Kept(Protocol):
    """One place: its stores, and what is there, without going through them."""

    def store(self, *, base_url: str = BASE_URL, commit: str | None = "c0ffee") -> AStore: ...
    def data(self) -> bytes | None: ...
    def put(self, data: bytes) -> None: ...


def stored(kept: Kept) -> State:
    data = kept.data()
    assert data is not None
    return codec.loads(data)


class StoreContract:
    def test_nothing_kept_is_an_empty_state_and_reading_makes_nothing(self, kept: Kept) -> None:
        assert kept.store().read() == State(base_url=BASE_URL)
        assert kept.data() is None

    def test_what_must_not_be_lost_is_kept_when_a_step_returns(
        self, kept: Kept, clock: FakeClock, validate: Callable[[bytes], None]
    ) -> None:
        intent = Intent("Novo", ("g1",), NOON)
        store = kept.store()
        with store.lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("a", RECORD)
            assert stored(kept).groups == {"a": RECORD}
            journal.intend("novo", intent)
            assert stored(kept).creating == {"novo": intent}
            journal.cancel("novo")
            assert stored(kept).creating == {}
            journal.intend("novo", intent)
            journal.created("novo", "g2", NOON)
            assert stored(kept).groups == {"a": RECORD, "novo": Record(id="g2")}
            assert (stored(kept).creating, stored(kept).created) == ({}, (NOON,))
            journal.record("a", replace(RECORD, link_version=2))
            assert stored(kept).groups["a"].link_version == 2
            journal.sent({"a": {"ana": Sent(NOON, 1, "sending")}})
            assert stored(kept).groups["a"].sent == {"ana": Sent(NOON, 1, "sending")}
            revoking = Revoking(3, digest("https://chat.whatsapp.com/Old"), NOON)
            journal.revoke("a", revoking)
            assert stored(kept).groups["a"].revoking == revoking
            journal.revoked("a")
            seen = stored(kept).groups["a"]
            assert (seen.revoking, seen.link_version, seen.sent["ana"].status) == (None, 3, "reset")
            closing = Revoking(None, digest("https://chat.whatsapp.com/New"), NOON, closing=True)
            journal.revoke("a", closing)
            journal.revoked("a")
            assert stored(kept).groups["a"].revoking == closing, "until the group is left"
            journal.forget("a")
            assert stored(kept) == journal.state
            assert stored(kept).groups.keys() == {"novo"}
            journal.left({"novo": Left("g2", NOON, "closed")}, ["never known"])
            assert (stored(kept).groups, stored(kept).left) == ({}, {"novo": Left("g2", NOON, "closed")})
            data = kept.data()
            assert data is not None
            validate(data)
        assert stored(kept).serial == 12
        assert store.read() == stored(kept)

    def test_everything_is_kept_when_a_run_has_finished(self, kept: Kept, clock: FakeClock) -> None:
        seen = replace(RECORD, joined=("ana/0001",))
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("a", RECORD)
            journal.record("a", seen)
            journal.finish(RunSummary(verb="apply"))
            assert stored(kept).groups == {"a": seen}
            journal.record("a", RECORD)
        assert stored(kept).groups == {"a": RECORD}

    def test_creations_are_counted_for_a_day(self, kept: Kept, clock: FakeClock) -> None:
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
            for hours in (0, 1, 24, 25):
                journal.created(f"g{hours}", f"id{hours}", NOON + timedelta(hours=hours))
        assert kept.store().read().created == (NOON + timedelta(hours=24), NOON + timedelta(hours=25))

    def test_what_is_known_already_is_not_written_again(self, kept: Kept, clock: FakeClock) -> None:
        for _ in range(2):
            with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
                journal.record("a", Record(id="g1", applied=Applied(subject="S", admins=("ana",))))
                journal.finish(RunSummary(verb="apply"))
                written = journal.state.serial
        assert (written, stored(kept).serial) == (stored(kept).serial, written)
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("a", RECORD)
            journal.finish(RunSummary(verb="apply"))
        assert stored(kept).serial == written

    def test_many_observations_are_one_step(self, kept: Kept, clock: FakeClock) -> None:
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("gone", RECORD)
            journal.intend("b", Intent("B", (), NOON))
            journal.observe({"a": RECORD, "b": Record(id="g2")}, ["gone", "never known"])
            assert stored(kept) == journal.state
            journal.observe({"a": RECORD, "b": Record(id="g2")}, ["gone", "never known"])
            journal.observe({}, [])
            journal.forget("never known")
        assert stored(kept).groups == {"a": RECORD, "b": Record(id="g2")}
        assert (stored(kept).creating, stored(kept).serial) == ({}, 3)

    def test_what_was_left_is_known_until_it_is_forgotten_or_there_is_another(
        self, kept: Kept, clock: FakeClock
    ) -> None:
        gone = Left("g1", NOON)
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
            for end in (
                lambda: journal.forget("a"),
                lambda: journal.record("a", RECORD),
                lambda: journal.observe({"a": RECORD}, []),
                lambda: journal.observe({}, ["a"]),
                lambda: journal.created("a", "g2", NOON),
            ):
                journal.left({"a": gone}, [])
                assert journal.state.left == {"a": gone}
                end()
                assert journal.state.left == {}
            journal.revoke("never known", Revoking(None, "", NOON))
            journal.revoked("never known")
            assert journal.state.groups.keys() == {"a"}

    def test_only_who_applies_says_which_commit_was_applied(self, kept: Kept, clock: FakeClock) -> None:
        store = kept.store()
        with store.lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("a", RECORD)
            journal.finish(RunSummary(verb="state"))
        assert store.read().commit is None
        for commit in ("c0ffee", "decaf"):
            with store.lock(timeout=0, clock=clock, holder="me") as journal:
                journal.applies(commit)
                assert journal.state.commit == commit
                journal.finish(RunSummary(verb="apply"))
                assert stored(kept).commit == commit
                serial = stored(kept).serial
                journal.applies(commit)
            assert stored(kept).serial == serial, "nothing new"
        with kept.store(commit="0ther").lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("b", replace(RECORD, id="g2"))
        assert (stored(kept).commit, stored(kept).groups.keys()) == ("decaf", {"a", "b"})

    def test_an_intent_that_ended_is_cleared_by_the_same_record(self, kept: Kept, clock: FakeClock) -> None:
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("a", RECORD)
            journal.intend("a", Intent("S", (), NOON))
            journal.record("a", RECORD)
        assert stored(kept).creating == {}

    @pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format_version": 1}', b"\xff\xfe"])
    def test_damage_stops_reading_and_writing(self, kept: Kept, clock: FakeClock, data: bytes) -> None:
        kept.put(data)
        with pytest.raises(StateError, match="is damaged") as caught:
            kept.store().read()
        assert "next run finds its groups" in caught.value.hint
        with (
            pytest.raises(StateError, match="damaged"),
            kept.store().lock(timeout=0, clock=clock, holder="me"),
        ):
            pytest.fail("a damaged state was opened for writing")
        assert kept.data() == data

    def test_the_state_of_another_api_is_refused(self, kept: Kept, clock: FakeClock) -> None:
        data = codec.dumps(State(base_url="https://other.example", groups={"a": RECORD}))
        kept.put(data)
        with pytest.raises(StateError, match=r"another API: https://other.example, not http://127"):
            kept.store().read()
        with (
            pytest.raises(StateError, match="another API"),
            kept.store().lock(timeout=0, clock=clock, holder="me"),
        ):
            pytest.fail("another API's state was opened for writing")
        assert kept.data() == data

    def test_the_state_of_a_newer_version_is_not_called_damaged(self, kept: Kept) -> None:
        kept.put(b'{"format_version": 2}')
        with pytest.raises(StateError, match="newer version") as caught:
            kept.store().read()
        assert "that version" in caught.value.hint

    def test_a_second_run_is_told_who_holds_the_lock_since_when(self, kept: Kept, clock: FakeClock) -> None:
        first, second = kept.store(), kept.store()
        with first.lock(timeout=0, clock=clock, holder="job 99 (process 4711)"):
            with (
                pytest.raises(LockedError) as caught,
                second.lock(timeout=0, clock=clock, holder="me"),
            ):
                pytest.fail("two runs held the lock")
            assert caught.value.exit_code is Exit.LOCKED
            assert "job 99 (process 4711) since 2026-11-22T12:00:00Z" in caught.value.message
            assert "--lock-timeout" in caught.value.hint
            assert clock.passed == 0
            with pytest.raises(LockedError), second.lock(timeout=5, clock=clock, holder="me"):
                pytest.fail("two runs held the lock")
            assert clock.passed == pytest.approx(5)
            clock.stopping = True
            with pytest.raises(Interrupted), second.lock(timeout=600, clock=clock, holder="me"):
                pytest.fail("two runs held the lock")
            clock.stopping = False
        with second.lock(timeout=0, clock=clock, holder="me"):
            pass

    def test_the_lock_is_given_up_when_the_run_fails(self, kept: Kept, clock: FakeClock) -> None:
        store = kept.store()
        with pytest.raises(KeyError), store.lock(timeout=0, clock=clock, holder="me"):
            raise KeyError
        with store.lock(timeout=0, clock=clock, holder="me") as journal:
            journal.check()

    def test_a_journal_ends_with_its_lock(self, kept: Kept, clock: FakeClock) -> None:
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("a", RECORD)
        with pytest.raises(RuntimeError, match="given up"):
            journal.record("b", RECORD)

    def test_threads_share_their_writes(self, kept: Kept, clock: FakeClock) -> None:
        """All durable when they return, with fewer writes than steps."""
        turn = threading.Lock()
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:

            def work(index: int) -> None:
                journal.created(f"name-{index}", f"g{index}", NOON)
                if index % 10 == 0:
                    with turn:
                        assert stored(kept).groups[f"name-{index}"] == Record(id=f"g{index}")

            with ThreadPoolExecutor(4) as pool:
                list(pool.map(work, range(40)))
            state = journal.state
        assert state.groups.keys() == {f"name-{index}" for index in range(40)}
        assert stored(kept) == state
        assert state.serial <= 40

    def test_memory_keeps_the_same(self, kept: Kept, clock: FakeClock) -> None:
        def run(journal: Journal) -> State:
            journal.record("a", RECORD)
            journal.intend("b", Intent("B", (), NOON))
            journal.created("b", "g2", NOON)
            journal.intend("c", Intent("C", (), NOON))
            journal.cancel("c")
            journal.intend("d", Intent("D", (), NOON))
            journal.forget("a")
            return journal.state

        memory = run(MemoryJournal(State(base_url=BASE_URL)))
        with kept.store().lock(timeout=0, clock=clock, holder="me") as journal:
            mine = run(journal)
        assert (memory.groups, memory.creating, memory.created) == (mine.groups, mine.creating, mine.created)
        assert memory.groups == {"b": Record(id="g2")}
        assert memory.creating.keys() == {"d"}
