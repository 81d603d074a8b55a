from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import StateError
from reconciler.model.record import Applied, Intent, Record, Sent, State
from reconciler.ports import Journal
from reconciler.state import codec
from reconciler.state.file import FileStore
from reconciler.state.memory import MemoryJournal

from .conftest import BASE_URL, NOON, FakeClock

RECORD = Record(id="g1", applied=Applied(subject="S", admins=("ana",)))


def test_no_file_is_an_empty_state_and_reading_makes_nothing(store: FileStore, path: Path) -> None:
    assert store.read() == State(base_url=BASE_URL)
    assert not path.parent.exists()


def test_every_step_is_on_disk_when_it_returns(
    store: FileStore, path: Path, clock: FakeClock, validate: Callable[[bytes], None]
) -> None:
    intent = Intent("Novo", ("g1",), NOON)

    def on_disk() -> State:
        validate(path.read_bytes())
        return codec.loads(path.read_bytes())

    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        assert not path.exists()
        journal.record("a", RECORD)
        assert on_disk().groups == {"a": RECORD}
        journal.intend("novo", intent)
        assert on_disk().creating == {"novo": intent}
        journal.cancel("novo")
        assert on_disk().creating == {}
        journal.intend("novo", intent)
        journal.created("novo", "g2", NOON)
        assert on_disk().groups == {"a": RECORD, "novo": Record(id="g2")}
        assert (on_disk().creating, on_disk().created) == ({}, (NOON,))
        journal.forget("a")
        assert on_disk() == journal.state
        assert on_disk().groups.keys() == {"novo"}
    assert on_disk().serial == 6
    assert on_disk().commit == "c0ffee"
    assert store.read() == on_disk()
    assert sorted(item.name for item in path.parent.iterdir()) == ["state.json", "state.json.lock"]


def test_creations_are_counted_for_a_day(store: FileStore, clock: FakeClock) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        for hours in (0, 1, 24, 25):
            journal.created(f"g{hours}", f"id{hours}", NOON + timedelta(hours=hours))
    assert store.read().created == (NOON + timedelta(hours=24), NOON + timedelta(hours=25))


def test_what_is_known_already_is_not_written_again(store: FileStore, path: Path, clock: FakeClock) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    before = path.stat()
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", Record(id="g1", applied=Applied(subject="S", admins=("ana",))))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert store.read().serial == 1


def test_many_observations_are_one_write(store: FileStore, path: Path, clock: FakeClock) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("gone", RECORD)
        journal.intend("b", Intent("B", (), NOON))
        journal.observe({"a": RECORD, "b": Record(id="g2")}, ["gone", "never known"])
        assert store.read() == journal.state
        journal.observe({"a": RECORD, "b": Record(id="g2")}, ["gone", "never known"])
        journal.observe({}, [])
        journal.forget("never known")
    assert store.read().groups == {"a": RECORD, "b": Record(id="g2")}
    assert store.read().creating == {}
    assert store.read().serial == 3


def test_a_new_commit_goes_out_with_the_first_step(store: FileStore, path: Path, clock: FakeClock) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    later = FileStore(path, BASE_URL, "state", commit="decaf")
    with later.lock(timeout=0, clock=clock, holder="me") as journal:
        assert store.read().commit == "c0ffee"
        journal.record("a", RECORD)
    assert (store.read().commit, store.read().serial) == ("decaf", 2)
    unknown = FileStore(path, BASE_URL, "state")
    with unknown.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.forget("a")
    assert store.read().commit == "decaf"


def test_an_intent_that_ended_is_cleared_by_the_same_record(store: FileStore, clock: FakeClock) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        journal.intend("a", Intent("S", (), NOON))
        journal.record("a", RECORD)
    assert store.read().creating == {}


def test_modes(store: FileStore, path: Path, clock: FakeClock) -> None:
    before = os.umask(0)
    try:
        with store.lock(timeout=0, clock=clock, holder="me") as journal:
            journal.record("a", RECORD)
    finally:
        os.umask(before)
    for item, mode in ((path, 0o600), (path.with_name("state.json.lock"), 0o600), (path.parent, 0o700)):
        assert stat.S_IMODE(item.stat().st_mode) == mode


def test_a_file_that_everybody_can_read_is_warned_about_and_mended(
    store: FileStore, path: Path, clock: FakeClock
) -> None:
    path.parent.mkdir()
    path.write_bytes(codec.dumps(State(base_url=BASE_URL)))
    path.chmod(0o644)
    store.read()
    (warning,) = store.warnings
    assert ".reconciler/state.json" in warning
    assert "chmod 600" in warning
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.read()
    assert store.warnings == ()


@pytest.mark.parametrize("data", [b"", b"{", b"\0" * 99, b"[]", b'{"format_version": 1}', b"\xff\xfe"])
def test_damage_says_how_to_set_it_aside(tmp_path: Path, path: Path, clock: FakeClock, data: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    store = FileStore(path, BASE_URL, "my state.json")
    with pytest.raises(StateError, match=r"my state\.json is damaged") as caught:
        store.read()
    assert "mv 'my state.json' 'my state.json'.old" in caught.value.hint
    with (
        pytest.raises(StateError, match="damaged"),
        store.lock(timeout=0, clock=clock, holder="me"),
    ):
        pytest.fail("a damaged state was opened for writing")
    assert path.read_bytes() == data


def test_the_state_of_another_api_is_refused(store: FileStore, path: Path, clock: FakeClock) -> None:
    path.parent.mkdir()
    path.write_bytes(codec.dumps(State(base_url="https://other.example", groups={"a": RECORD})))
    before = path.read_bytes()
    with pytest.raises(StateError, match=r"another API: https://other.example, not http://127") as caught:
        store.read()
    assert "mv .reconciler/state.json .reconciler/state.json.old" in caught.value.hint
    with pytest.raises(StateError, match="another API"), store.lock(timeout=0, clock=clock, holder="me"):
        pytest.fail("another API's state was opened for writing")
    assert path.read_bytes() == before


def test_the_state_of_a_newer_version_is_not_called_damaged(store: FileStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"format_version": 2}')
    with pytest.raises(StateError, match="newer version") as caught:
        store.read()
    assert "mv" not in caught.value.hint


def test_what_is_no_regular_file_is_refused(store: FileStore, path: Path, clock: FakeClock) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(StateError, match="no regular file"):
        store.read()
    path.unlink()
    path.mkdir()
    with pytest.raises(StateError, match="no regular file"):
        store.read()
    with pytest.raises(StateError, match="no regular file"), store.lock(timeout=0, clock=clock, holder="me"):
        pytest.fail("a folder was opened as state")


def test_links_are_followed_and_kept(path: Path, tmp_path: Path, clock: FakeClock) -> None:
    real = tmp_path / "elsewhere" / "state.json"
    real.parent.mkdir()
    path.parent.mkdir()
    path.symlink_to(real)
    store, direct = (FileStore(item, BASE_URL, "state") for item in (path, real))
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        with pytest.raises(Exception, match="locked by me"), direct.lock(timeout=0, clock=clock, holder="x"):
            pytest.fail("one file was locked twice, by two names")
    assert path.is_symlink()
    assert direct.read() == store.read()


def test_a_loop_of_links_is_an_error(store: FileStore, path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(path)
    with pytest.raises(StateError):
        store.read()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "file").write_text("")
    store = FileStore(tmp_path / "file" / "state.json", BASE_URL, "file/state.json")
    with (
        pytest.raises(StateError, match="cannot be written") as caught,
        store.lock(timeout=0, clock=clock, holder="me"),
    ):
        pytest.fail("a lock was taken where there is no folder")
    assert "RECONCILER_STATE" in caught.value.hint


def test_a_folder_where_nothing_can_be_written_is_found_out_before_the_run(
    store: FileStore, path: Path, clock: FakeClock
) -> None:
    path.with_name("state.json.tmp").mkdir(parents=True)  # a mode would not keep root out
    with (
        pytest.raises(StateError, match="cannot be written") as caught,
        store.lock(timeout=0, clock=clock, holder="me"),
    ):
        pytest.fail("the run began although nothing can be written")
    assert "folder writable" in caught.value.hint
    path.with_name("state.json.tmp").rmdir()
    with store.lock(timeout=0, clock=clock, holder="the lock was given up"):
        pass


def test_after_a_failed_write_the_next_one_carries_everything(
    store: FileStore, path: Path, clock: FakeClock
) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        path.with_name("state.json.tmp").mkdir()  # nobody can create the temporary file now
        with pytest.raises(StateError, match="cannot be written"):
            journal.record("b", RECORD)
        assert store.read().groups.keys() == {"a"}
        path.with_name("state.json.tmp").rmdir()
        journal.record("c", RECORD)
    assert store.read().groups.keys() == {"a", "b", "c"}
    assert store.read().serial == 2


def test_nothing_is_written_once_the_lock_file_is_gone(
    store: FileStore, path: Path, clock: FakeClock
) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        path.with_name("state.json.lock").unlink()
        with store.lock(timeout=0, clock=clock, holder="the second") as second:
            second.record("b", RECORD)
            with pytest.raises(StateError, match="lock file was removed"):
                journal.record("c", RECORD)
    assert store.read().groups.keys() == {"a", "b"}


def test_a_journal_ends_with_its_lock(store: FileStore, clock: FakeClock) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    with pytest.raises(RuntimeError, match="given up"):
        journal.record("b", RECORD)


def test_memory_keeps_the_same_without_a_file(store: FileStore, clock: FakeClock) -> None:
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
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        filed = run(journal)
    assert (memory.groups, memory.creating, memory.created) == (filed.groups, filed.creating, filed.created)
    assert memory.groups == {"b": Record(id="g2")}
    assert memory.creating.keys() == {"d"}


def test_what_becomes_of_messages_is_merged_per_person(
    store: FileStore, path: Path, clock: FakeClock
) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", Record(id="g1", sent={"ana": Sent(NOON), "bruno": Sent(NOON)}))
        journal.sent({"a": {"ana": None, "dora": Sent(NOON, 1, "sending")}, "nobody": {"ana": Sent(NOON)}})
        recorded = codec.loads(path.read_bytes())
    assert recorded.groups == {
        "a": Record(id="g1", sent={"bruno": Sent(NOON), "dora": Sent(NOON, 1, "sending")})
    }
