"""State in a file beside the manifests: read without a lock, written under one.

Every write replaces the file whole (temporary file, fsync, rename, fsync of the folder), so that a reader
sees the state before or after, never half of it.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.language import msg, of_system
from reconciler.model.record import State
from reconciler.state import codec
from reconciler.state.lock import FileLock, acquire, holder_of
from reconciler.state.memory import MemoryJournal
from reconciler.state.owner import Owner

if TYPE_CHECKING:
    from reconciler.ports import Clock, Movable


MAX_BYTES = 64 * 1024 * 1024
"""The state of 10,000 groups takes a tenth of this."""

MOVED = ".migrated"
"""What the name of a file ends in whose state was moved elsewhere."""

ELSEWHERE = msg("keep the state elsewhere: RECONCILER_STATE=file:PATH, or none")


class FileStore:
    """The state of one API in one file.

    `display` is how messages name the file. Symbolic links are followed; what they lead to must be a regular
    file, or nothing yet. `warnings` holds what the last `read` found doubtful, `note` what `Owner.note` says;
    `moved` says that there is nothing because it was moved elsewhere, "" where that is not so.
    """

    still_locked = ""  # as in Git's store; a lock on a file ends with its process

    def __init__(self, path: Path, owner: Owner | str, display: str) -> None:
        """`owner` may be the address of a service that is no gateway."""
        self._path = path
        self._owner = Owner(owner) if isinstance(owner, str) else owner
        self._quoted = shlex.quote(display)
        self.display = display
        self.warnings: tuple[str, ...] = ()
        self.note = ""
        self.moved = ""

    def read(self) -> State:
        """What is recorded; an empty state where there is no file yet. Takes no lock, creates nothing.

        Raises `StateError` when the file cannot be read, is damaged, was written by a newer version or
        belongs to another API.
        """
        self.warnings, self.moved = (), ""
        data = self._data()
        if data is not None:
            return self.decode(data)
        aside = self._resolved().with_name(f"{self._resolved().name}{MOVED}")
        if aside.exists():
            self.moved = msg(
                "the state {state} was moved elsewhere: {file} is what it was",
                state=self.display,
                file=aside.name,
            )
            self.warnings = (self.moved,)
        return self._owner.new()

    def recorded(self) -> State | None:
        """The state in the file, of whatever API; None where there is no file. Raises `StateError` as `read`
        for any other."""
        data = self._data()
        return None if data is None else self._parsed(data)

    def decode(self, data: bytes) -> State:
        """What these bytes record: those of the file, or of another version of it. Raises as `read`."""
        state = self._parsed(data)
        self.note = self._owner.note(state)
        return self._owner.check(
            state, self.display, msg("{elsewhere}, or {aside}", elsewhere=ELSEWHERE, aside=self._aside)
        )

    @property
    def _aside(self) -> str:
        return msg("set it aside: `mv {file} {file}.old`", file=self._quoted)

    def _parsed(self, data: bytes) -> State:
        try:
            return codec.loads(data)
        except codec.Newer as error:
            raise StateError(
                msg(
                    "the state {state} was written by a newer version of reconciler ({why})",
                    state=self.display,
                    why=error.args[0],
                ),
                msg("use that version here as well"),
            ) from None
        except codec.Damaged as error:
            raise StateError(
                msg("the state {state} is damaged: {why}", state=self.display, why=error.args[0]),
                msg(
                    "restore it from a backup, or {aside}: the next run finds its groups again",
                    aside=self._aside,
                ),
            ) from None

    @contextmanager
    def lock(self, *, timeout: float, clock: Clock, holder: str) -> Iterator[Movable]:
        """Hold the lock, and journal what is done; the state is read again inside.

        `timeout` is in seconds, 0 tries once. `holder` is written into the lock file for those who wait: the
        process, its host, the user or the CI job. Raises `LockedError` naming the other holder, `Interrupted`
        when a stop was asked for while waiting, `StateError` as `read` and when nothing can be written here.
        """
        path = self._resolved()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = acquire(path.with_name(f"{path.name}.lock"), self.display, timeout=timeout, clock=clock)
        except OSError as error:
            raise self.unwritable(error) from None
        try:
            try:
                lock.say(holder, codec.format_time(clock.now().replace(microsecond=0)))
                os.close(_create(_temporary(path)))  # better now than after the first group was created
                _temporary(path).unlink()
            except OSError as error:
                raise self.unwritable(error) from None
            journal = _FileJournal(self, path, lock)
            try:
                yield journal
            finally:
                journal.close()
        finally:
            with suppress(OSError):  # what a free lock's file says misleads nobody
                lock.say_nothing()
            lock.close()

    def holder(self) -> str | None:
        """Who holds the lock now, with since when; None for nobody. Raises `StateError`."""
        path = self._resolved()
        try:
            return holder_of(path.with_name(f"{path.name}.lock"))
        except OSError as error:
            raise self.unwritable(error) from None

    def check_writable(self) -> None:
        """Raise `StateError` unless the state could be written here; nothing is."""
        path = self._resolved()
        while not os.path.exists(path):  # a folder into which we may not look is asked for itself
            path = path.parent
        if not os.access(path, os.W_OK) or (path.is_dir() and not os.access(path, os.X_OK)):
            raise self.unwritable(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    def _resolved(self) -> Path:
        try:
            return self._path.resolve()
        except (OSError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
            raise StateError(
                msg("the state {state} is a link that leads nowhere", state=self.display), ELSEWHERE
            ) from None

    def _data(self) -> bytes | None:
        """The file's bytes, None when there is none."""
        path = self._resolved()
        try:
            mode = path.stat().st_mode
            if not stat.S_ISREG(mode):
                raise StateError(
                    msg("the state {state} is no regular file", state=self.display),
                    msg("move it away, {elsewhere}", elsewhere=ELSEWHERE),
                )
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(
                msg("the state {state} cannot be read: {why}", state=self.display, why=of_system(error)),
                msg("make it readable, {elsewhere}", elsewhere=ELSEWHERE),
            ) from None
        if len(data) > MAX_BYTES:
            raise StateError(
                msg(
                    "the state {state} is longer than {limit} MiB: no run wrote that",
                    state=self.display,
                    limit=MAX_BYTES >> 20,
                ),
                msg("restore it from a backup, or {aside}", aside=self._aside),
            )
        if mode & stat.S_IROTH:
            self.warnings = (
                msg(
                    "{state} can be read by every user of this machine, and may hold people's "
                    "numbers: `chmod 600 {file}`",
                    state=self.display,
                    file=self._quoted,
                ),
            )
        return data

    def unwritable(self, error: OSError) -> StateError:
        """The error for a write that the system refused."""
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
                mend = msg("free some space")
            case errno.ENOLCK | errno.EOPNOTSUPP:
                mend = msg("this file system cannot lock files, use a local one")
            case _:
                mend = msg("make its folder writable")
        return StateError(
            msg("the state {state} cannot be written: {why}", state=self.display, why=of_system(error)),
            msg("{mend}, {elsewhere}", mend=mend, elsewhere=ELSEWHERE),
        )


class _FileJournal(MemoryJournal):
    """Group commit: while one thread writes, the others queue, and the next write carries all of theirs.

    After a failed write what was to be recorded stays in memory, and goes out with the next one that works.
    """

    def __init__(self, store: FileStore, path: Path, lock: FileLock) -> None:
        super().__init__(store.read())
        self._store = store
        self._path = path
        self._lock = lock
        self._encoder = codec.Encoder()
        self._durable = 0
        self._writing = False
        self._closed = False

    def close(self) -> None:
        """Wait for a write that is under way; after this nothing can be recorded."""
        with self._changed:
            self._closed = True
            while self._writing:
                self._changed.wait()

    def retire(self, successor: str) -> str:
        """Rename the file, after the last of those that were renamed before."""
        self.close()
        self._check_lock()
        aside, number = self._path.with_name(f"{self._path.name}{MOVED}"), 1
        while aside.exists():
            number += 1
            aside = self._path.with_name(f"{self._path.name}.{number}{MOVED}")
        try:
            self._path.rename(aside)
            _sync(self._path.parent)
        except OSError as error:
            raise self._store.unwritable(error) from None
        return str(PurePath(self._store.display).with_name(aside.name))

    def _save(self, version: int) -> None:
        with self._changed:
            while self._writing and self._durable < version:
                self._changed.wait()
            if self._durable >= version:
                return
            if self._closed:
                raise RuntimeError("the journal was used after its lock was given up")
            self._writing = True
            carried = self._version
            state = replace(self._state, serial=self._state.serial + 1)
        try:
            self._write(state)
            with self._changed:
                self._durable = carried
                self._state = replace(self._state, serial=state.serial)
        finally:
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _write(self, state: State) -> None:
        self._check_lock()
        try:
            _replace_file(self._path, self._encoder.encode(state))
        except OSError as error:
            with suppress(OSError):
                _temporary(self._path).unlink(missing_ok=True)
            raise self._store.unwritable(error) from None

    def _check_lock(self) -> None:
        if not self._lock.held():
            raise StateError(
                msg(
                    "the state {state} is not written: its lock file was removed during the run",
                    state=self._store.display,
                ),
                msg("another run may have begun; leave `*.lock` files alone, and run again"),
            )


def _temporary(path: Path) -> Path:
    """The one temporary file: who holds the lock is the only writer."""
    return path.with_name(f"{path.name}.tmp")


def _create(path: Path) -> int:
    """A descriptor of a new file that only its owner may read, in the place of one that was left behind."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _replace_file(path: Path, data: bytes) -> None:
    """Give the file new contents, durably and all at once. Raises `OSError`."""
    temporary = _temporary(path)
    with os.fdopen(_create(temporary), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Make what was renamed in a folder durable. Raises `OSError`."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(folder)


# --- pictures that were applied before: read ahead of the state, they need not be decoded again ---------

_MOST_BYTES = 64 << 20
_SOURCE = re.compile(rb'"source": "([0-9a-f]{64})"')
"""As it stands in the state; inside of a text it would stand with backslashes."""


def applied_icons(path: Path) -> frozenset[str]:
    """SHA-256 of the pictures that a state file says were applied; none where it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return frozenset()
        return frozenset(map(bytes.decode, _SOURCE.findall(path.read_bytes())))
    except OSError:
        return frozenset()
