"""Files that the command line names: written whole and for their owner, read with a limit."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from reconciler.cli.places import check_inside, named_after
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.cli.common import Common


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


def check_outputs(common: Common, given: Sequence[str]) -> None:
    """Raise `UsageError` for an output that is a file which is read, or would be read as one: a manifest, the
    contacts, the configuration, a state. `given` are outputs as the command line has them: `WHAT=FILE`."""
    if not given:
        return
    from reconciler.cli import loading
    from reconciler.manifests.config import DEFAULT_CONFIG, DEFAULT_CONTACTS, load_config
    from reconciler.manifests.files import FileError, spellings
    from reconciler.manifests.load import SUFFIXES

    files = loading.tree()
    config, _ = load_config(files, loading.config_path(common))
    accounts = {own.name: config.of(own.name).settings for own in config.accounts} or {"": config.settings}
    read: dict[Path, str] = {}
    for name, settings in accounts.items():
        if (state := loading.state_file(common, settings, name)) is not None:
            read |= {state: "the state", state.with_name(f"{state.name}.lock"): "the lock of the state"}
        contacts = settings.contacts or str(Path(config.folder, DEFAULT_CONTACTS))
        read |= {files.root / path: "the contacts" for path in spellings(contacts)}
    with suppress(FileError):
        default = config.path or files.typed(loading.config_path(common) or DEFAULT_CONFIG)
        read |= {files.root / path: "the configuration" for path in spellings(default)}
    folders = {files.root / each.manifests for each in (config.settings, *accounts.values())}
    for settings in accounts.values():
        with suppress(FileError):
            walk = files.walk(settings.manifests, SUFFIXES)
            read |= {
                Path(os.path.realpath(path)): "a manifest"
                for path in (files.root / each for each in walk.files)
                if path.is_symlink()
            }
            folders |= {files.root / path for path in walk.linked}
    for what in given:
        path = what.partition("=")[2]
        for name in {"", *accounts}:
            output = Path(os.path.realpath(named_after(path, name)))
            found = next((kind for each, kind in read.items() if _same(output, each)), "")
            if output.suffix.lower() in SUFFIXES and any(
                _same(around, folder) for around in output.parents for folder in folders
            ):
                found = found or "a manifest"
            if found:
                raise UsageError(f"{what} would write over {found}", "name a file that nothing is read from")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return one == Path(os.path.realpath(other))


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
    """What a report's file held before this run; "" where nothing usable was."""
    try:
        return read_text(path, _BEFORE)
    except ReconcilerError:
        return ""
