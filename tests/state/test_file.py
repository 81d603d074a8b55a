from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reconciler.errors import StateError
from reconciler.model.record import Applied, Record, Sent, State
from reconciler.state import codec
from reconciler.state.file import FileStore

from .conftest import BASE_URL, NOON, FakeClock
from .contract import RECORD, StoreContract


class _File:
    """A `contract.Kept`: one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def store(self, *, base_url: str = BASE_URL, commit: str | None = "c0ffee") -> FileStore:
        return FileStore(self.path, base_url, "state.json")

    def data(self) -> bytes | None:
        return self.path.read_bytes() if self.path.exists() else None

    def put(self, data: bytes) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_bytes(data)


class TestFileStore(StoreContract):
    @pytest.fixture
    def kept(self, path: Path) -> _File:
        return _File(path)


def test_reading_makes_no_folder_and_writing_leaves_two_files(
    store: FileStore, path: Path, clock: FakeClock
) -> None:
    store.read()
    assert not path.parent.exists()
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
        assert store.read().groups == {"a": RECORD}, "a file keeps nothing back"
    assert sorted(item.name for item in path.parent.iterdir()) == ["state.json", "state.json.lock"]


def test_what_is_known_already_is_not_written_again(store: FileStore, path: Path, clock: FakeClock) -> None:
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", RECORD)
    before = path.stat()
    with store.lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("a", Record(id="g1", applied=Applied(subject="S", admins=("ana",))))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert store.read().serial == 1


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
