"""A lock on a file that dies with its process (`flock`), and says who holds it since when."""

from __future__ import annotations

import fcntl
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import Interrupted, LockedError
from reconciler.language import msg

if TYPE_CHECKING:
    from reconciler.ports import Clock

POLL_SECONDS = 0.1

_SINCE = " since "
"""Stands in a lock file between who holds it and the time."""
_PROCESS = re.compile(r"(.+) \(process ([0-9]+)\)")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def acquire(path: Path, display: str, *, timeout: float, clock: Clock) -> FileLock:
    """Take the lock on `path`, trying for `timeout` seconds (0: once).

    `display` names in messages what is locked. Raises `LockedError` naming the holder, `Interrupted` when a
    stop was asked for while waiting, `OSError` when the lock file cannot be made or locked.
    """
    end = clock.monotonic() + timeout
    while True:
        lock = FileLock.open(path)
        try:
            if lock.take():
                if lock.held():
                    return lock
                lock.close()  # removed in between: open the one that others would open
                continue
            holder = lock.holder()
        except OSError:
            lock.close()
            raise
        lock.close()
        if clock.stopping:
            raise Interrupted(msg("stopped while waiting for the lock on {state}", state=display))
        remaining = end - clock.monotonic()
        if remaining <= 0:
            raise LockedError(
                msg(
                    "the state {state} is locked by {holder}",
                    state=display,
                    holder=holder or msg("another process"),
                ),
                msg(
                    "wait until it has ended, or give --lock-timeout SECONDS; the lock ends with its process"
                ),
            )
        clock.sleep(min(POLL_SECONDS, remaining))


def holds(holder: str, since: str) -> str:
    """Return who holds a lock since when, as it was written where it is held, to be said in any language."""
    process = _PROCESS.fullmatch(holder)
    if process is not None:
        holder = msg("{holder} (process {number})", holder=process[1], number=process[2])
    try:
        at = datetime.strptime(since, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return msg("{holder} since {since}", holder=holder, since=since)
    return msg("{holder} since {at:%Y-%m-%dT%H:%M:%SZ}", holder=holder, at=at)


def holder_of(path: Path) -> str | None:
    """Who holds the lock on `path` now, None for nobody. Creates and changes nothing. Raises `OSError`."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    lock = FileLock(path, handle)
    try:
        return None if lock.take() else lock.holder() or msg("another process")
    finally:
        lock.close()


@dataclass(frozen=True, slots=True)
class FileLock:
    """An open lock file. Closing the descriptor gives the lock up, and so does the end of the process; a
    program that is started meanwhile does not inherit it."""

    path: Path
    handle: int

    @classmethod
    def open(cls, path: Path) -> FileLock:
        return cls(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))

    def take(self) -> bool:
        """Whether nobody else holds the lock, and so this does now."""
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def held(self) -> bool:
        """Whether the file that is locked is still the one that others would lock."""
        try:
            return os.path.samestat(os.fstat(self.handle), os.lstat(self.path))
        except FileNotFoundError:
            return False

    def say(self, holder: str, since: str) -> None:
        """Write who holds it, for those who wait, whatever language they read."""
        self.say_nothing()
        os.pwrite(self.handle, _SINCE.join((holder, since)).encode(errors="replace"), 0)

    def say_nothing(self) -> None:
        os.ftruncate(self.handle, 0)

    def holder(self) -> str:
        """Who holds it since when, as `say` has written it."""
        text = os.pread(self.handle, 300, 0).decode(errors="replace").strip()
        who, _, since = text.rpartition(_SINCE)
        return holds(who, since) if who else text

    def close(self) -> None:
        os.close(self.handle)
