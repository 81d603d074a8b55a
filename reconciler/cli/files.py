"""Files that the command line names: written whole and for their owner, read with a limit."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from reconciler.cli.places import check_inside
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    pass


def write_private(path: str, text: str, mode: int = 0o600) -> None:
    """Write a file that only its owner may read, unless `mode` says otherwise, also where it was before.

    Whoever reads it at the same time sees the old file or the new one, whole. What is no regular file (a
    device, a pipe) is written as it is. Raises `ReconcilerError` when it cannot be written, and when a link
    leads it out of the repository.
    """
    check_inside(Path(path))
    data = (text if text.endswith("\n") else f"{text}\n").encode("utf-8")
    target = os.path.realpath(path)
    try:
        # What a descriptor of ours leads to (/dev/stdout) need not have a name that can be opened.
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "wb") as file:
                file.write(data)
            return
        _replace(target, data, mode)
    except OSError as error:
        raise ReconcilerError(f"{path} cannot be written: {error.strerror}") from None


def _replace(target: str, data: bytes, mode: int) -> None:
    """Write beside the target, then rename: the name in between is hidden and ends in nothing that anybody
    collects."""
    import tempfile

    folder, name = os.path.split(target)
    descriptor, beside = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
        os.replace(beside, target)
    except BaseException:
        os.unlink(beside)
        raise


LIMIT = 64 * 1024 * 1024
"""Bytes of a file that is read whole."""


def read_bytes(path: str, limit: int = LIMIT) -> bytes:
    """A file that the command line names; raises `ReconcilerError` when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return _limited(file, path, limit)
    except OSError as error:
        raise ReconcilerError(f"{path} cannot be read: {error.strerror}") from None


def read_stdin(limit: int = LIMIT) -> bytes:
    """All of stdin; raises `ReconcilerError` when it cannot be read."""
    try:
        return _limited(sys.stdin.buffer, "stdin", limit)
    except OSError as error:
        raise ReconcilerError(f"stdin cannot be read: {error.strerror}") from None


def _limited(file: BinaryIO, name: str, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise ReconcilerError(f"{name} is too large: over {limit // 1024 // 1024} MiB", "take it in parts")
    return data


def read_text(path: str, limit: int = LIMIT) -> str:
    """The text of a file that the command line names; raises `ReconcilerError` when it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(limit + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ReconcilerError(f"{path} cannot be read: {reason}") from None
    if len(text) > limit:
        raise ReconcilerError(f"{path} is too large")
    return text


_BEFORE = 1 << 20  # characters of an earlier report that are looked at


def read_before(path: str) -> str:
    """Return what a report's file held before this run; "" where nothing usable was."""
    try:
        return read_text(path, _BEFORE)
    except ReconcilerError:
        return ""
