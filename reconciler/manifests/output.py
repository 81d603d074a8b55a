"""Writing files that belong to the user, below one root: whole or not at all, never over what is there."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.manifests.files import FileError, in_git

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Output:
    """Files below `root` (Git's top level, or else the `-C` folder). Paths are relative to it, with `/`."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)

    def create(self, path: str, data: bytes) -> None:
        """Write a new file, and the folders to it. Raises `FileError`, also where something is there already,
        be it only since a moment ago."""
        with _explained():
            full = self._place(path)
            temporary = _temporary(full, data, 0o666)
            try:
                try:
                    os.link(temporary, full)  # unlike a rename, it never replaces
                except FileExistsError:
                    raise
                except OSError:  # a file system without hard links
                    if os.path.lexists(full):
                        raise FileExistsError from None
                    os.rename(temporary, full)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)

    def replace(self, path: str, before: bytes, data: bytes) -> None:
        """Put other bytes into a regular file that still holds `before`. Raises `FileError`."""
        with _explained():
            full = self._place(path)
            info = os.lstat(full)
            if not stat.S_ISREG(info.st_mode):
                raise FileError("is no regular file", "put a file in its place")
            with open(full, "rb") as file:
                if file.read(len(before) + 1) != before:
                    raise FileError("has changed since it was read", "run the command again")
            temporary = _temporary(full, data, 0o600)
            try:
                os.chmod(temporary, stat.S_IMODE(info.st_mode))
                os.replace(temporary, full)
            except OSError:
                os.unlink(temporary)
                raise

    def real(self, path: str) -> str | None:
        """Where a file truly is; None where it is no regular file, or one that others may share by a link."""
        full = f"{self._root}/{path}"
        try:
            info = os.lstat(full)
        except OSError:
            return None
        return os.path.realpath(full) if stat.S_ISREG(info.st_mode) and info.st_nlink == 1 else None

    def _place(self, path: str) -> str:
        """The full path, with its folders made, none of which leads out of the root or into Git's."""
        folder, _, name = path.rpartition("/")
        real = self._root
        for part in [part for part in folder.split("/") if part]:
            real = os.path.realpath(f"{real}/{part}")
            if real != self._root and not real.startswith(f"{self._root.rstrip('/')}/"):
                raise FileError("leads out of the repository", "remove the link")
            if in_git(real[len(self._root) :].split("/")):
                raise FileError("lies in Git's own folder", "remove the link")
            with contextlib.suppress(FileExistsError):
                os.mkdir(real)
        return f"{real}/{name}"


def _temporary(full: str, data: bytes, mode: int) -> str:
    """A file beside `full` that holds the bytes, on disk. Hidden, so that nobody reads it as a manifest."""
    folder, _, name = full.rpartition("/")
    path = f"{folder}/.{name[:100]}.{secrets.token_hex(4)}.tmp"
    handle = os.open(path, _NEW, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        os.unlink(path)
        raise
    return path


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise FileError("is there already", "nothing is overwritten: move it, and run again") from None
    except OSError as error:
        reason = error.strerror.lower() if error.strerror else "no usable path"
        raise FileError(f"cannot be written: {reason}") from None
