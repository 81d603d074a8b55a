"""Writing files that belong to the user, below one root: whole or not at all, never over what is there.

Every file is written somewhere else first. Where that can be, it is a folder of ours that Git ignores,
because a process that is killed leaves it, and contacts hold numbers. It is under a lock that dies with the
process, by which the next run knows what was left and removes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.language import msg
from reconciler.manifests.files import FileError, in_git, reason

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_OURS = ".reconciler/tmp"
_LEFT = re.compile(r"\.(.{1,100})\.[0-9a-z_]{8}\.tmp")
_WRITTEN = (".yaml", ".yml", ".png", ".jpg", ".jpeg")


class Output:
    """Files below `root` (Git's top level, or else the `-C` folder). Paths are relative to it, with `/`."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)

    def create(self, path: str, data: bytes) -> None:
        """Write a new file, and the folders to it. Raises `FileError`, also where something is there already,
        be it only since a moment ago."""
        with _explained():
            full = self._place(path)

            def put(temporary: str) -> None:
                try:
                    os.link(temporary, full)  # unlike a rename, it never replaces
                except FileExistsError:
                    raise
                except OSError:  # a file system without hard links
                    if os.path.lexists(full):
                        raise FileExistsError from None
                    os.rename(temporary, full)

            self._by_way_of(full, data, 0o666, put)

    def replace(self, path: str, before: bytes, data: bytes) -> None:
        """Put other bytes into a regular file that still holds `before`. Raises `FileError`."""
        with _explained():
            full = self._place(path)
            info = os.lstat(full)
            if not stat.S_ISREG(info.st_mode):
                raise FileError(msg("is no regular file"), msg("put a file in its place"))
            with open(full, "rb") as file:
                _lock(file.fileno())  # of two runs at once, the second sees what the first has made of it
                if not _is_at(full, file.fileno()) or file.read(len(before) + 1) != before:
                    raise changed()

                def put(temporary: str) -> None:
                    os.chmod(temporary, stat.S_IMODE(info.st_mode))
                    os.replace(temporary, full)

                self._by_way_of(full, data, 0o600, put)

    def tidy(self, manifests: str, contacts: str | None) -> None:
        """Remove the copies that killed runs have left: in our own folder, and where earlier versions wrote
        them, beside the manifests, their icons and the contacts. What cannot be removed is left."""
        _tidy(f"{self._root}/{_OURS}", _LEFT.fullmatch)
        beside = set()
        for folder, inner, _ in os.walk(f"{self._root}/{manifests}"):
            inner[:] = [name for name in inner if not name.startswith(".")]
            beside.add(folder)
        if contacts is not None:
            beside.add(os.path.dirname(f"{self._root}/{contacts}"))
        for folder in beside:
            _tidy(folder, lambda name: (left := _LEFT.fullmatch(name)) and left[1].lower().endswith(_WRITTEN))

    def real(self, path: str) -> str | None:
        """Return where a file truly is; None where it is no regular file, or one that others may share by
        a link."""
        full = f"{self._root}/{path}"
        try:
            info = os.lstat(full)
        except OSError:
            return None
        return os.path.realpath(full) if stat.S_ISREG(info.st_mode) and info.st_nlink == 1 else None

    def _by_way_of(self, full: str, data: bytes, mode: int, put: Callable[[str], None]) -> None:
        """Hand `put` a file that holds the bytes, in our folder, else beside `full`; gone afterwards."""
        folder, _, name = full.rpartition("/")
        ours = self._ours(folder)
        for place in (folder,) if ours is None else (ours, folder):
            with _temporary(place, folder, name, data, mode) as temporary:
                try:
                    put(temporary)
                    break
                except OSError as error:
                    if error.errno != errno.EXDEV or place == folder:
                        raise

    def _ours(self, folder: str) -> str | None:
        """Return a folder for files that go into `folder` in a moment, which Git ignores whatever the
        repository says; None where there can be none, on the same file system and below the root."""
        place = f"{self._root}/{_OURS}"
        try:
            for part in (os.path.dirname(place), place):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o700)
            if os.path.realpath(place) != place or os.stat(place).st_dev != os.stat(folder).st_dev:
                return None
            with contextlib.suppress(FileExistsError):
                handle = os.open(f"{place}/.gitignore", _NEW, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(b"*\n")
            return place if os.access(place, os.W_OK | os.X_OK) else None
        except OSError:
            return None

    def _place(self, path: str) -> str:
        """Return the full path, with its folders made, none of which leads out of the root or into Git's."""
        folder, _, name = path.rpartition("/")
        real = self._root
        for part in [part for part in folder.split("/") if part]:
            real = os.path.realpath(f"{real}/{part}")
            if real != self._root and not real.startswith(f"{self._root.rstrip('/')}/"):
                raise FileError(msg("leads out of the repository"), msg("remove the link"))
            if in_git(real[len(self._root) :].split("/")):
                raise FileError(msg("lies in Git's own folder"), msg("remove the link"))
            with contextlib.suppress(FileExistsError):
                os.mkdir(real)
        return f"{real}/{name}"


def changed() -> FileError:
    return FileError(msg("has changed since it was read"), msg("run the command again"))


@contextmanager
def _temporary(place: str, folder: str, name: str, data: bytes, mode: int) -> Iterator[str]:
    """Make a file in `place` that holds the bytes, on disk, as one made in `folder` would be. It is
    hidden, so that it is not read as a manifest."""
    path = f"{place}/.{name[:100]}.{secrets.token_hex(4)}.tmp"
    with os.fdopen(os.open(path, _NEW, mode), "wb") as file:
        try:
            _lock(file.fileno())
            if not _is_at(path, file.fileno()):
                raise changed()  # another run took it for left: it was in between those two lines
            shared = os.stat(folder)
            if shared.st_mode & stat.S_ISGID:
                os.chown(path, -1, shared.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            yield path
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def _lock(handle: int) -> None:
    with contextlib.suppress(OSError):  # some file systems have no locks
        fcntl.flock(handle, fcntl.LOCK_EX)


def _is_at(path: str, handle: int) -> bool:
    """Return whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


def _tidy(folder: str, is_ours: Callable[[str], object]) -> None:
    """Remove from a folder the copies of our own user that no process holds any more."""
    try:
        names = [entry.name for entry in os.scandir(folder) if is_ours(entry.name)]
    except OSError:
        return
    for name in names:
        path = f"{folder}/{name}"
        with contextlib.suppress(OSError):
            handle = os.open(path, _OLD)
            try:
                info = os.fstat(handle)
                if stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held: it is being written
                    if _is_at(path, handle):
                        os.unlink(path)
            finally:
                os.close(handle)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise FileError(
            msg("is there already"), msg("nothing is overwritten: run the command again")
        ) from None
    except OSError as error:
        raise FileError(msg("cannot be written: {why}", why=reason(error))) from None
