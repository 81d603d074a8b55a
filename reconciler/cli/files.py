"""Where a run works, and files that the command line names: read with a limit, and written whole, for
their owner, where they seem to be: links are part of a pull request, too."""

from __future__ import annotations

import errno
import os
import re
import shlex
import stat
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from reconciler.errors import ReconcilerError
from reconciler.language import msg, of_system
from reconciler.model.capabilities import BackendName

SANDBOX_FOLDER = Path(".reconciler")
_SANDBOX_STATE = "sandbox-state.json"
LIMIT = 64 * 1024 * 1024
"""Bytes of a file that is read whole."""
_BEFORE = 1 << 20  # characters of an earlier report that are looked at


def find_root(start: Path) -> Path:
    """Git's top level, or else the folder itself: nothing outside is read."""
    return next((folder for folder in (start, *start.parents) if is_there(folder / ".git")), start)


def is_there(path: Path) -> bool:
    """Whether there is something at `path`; true as well where we may not look, so that reading says why."""
    try:
        return path.exists()
    except OSError:
        return True


def check_inside(path: Path) -> None:
    """Raise `ReconcilerError` when `path`, which is written, lies in the repository by its name and a link
    leads it out of there or into Git's own folder. A path elsewhere is what somebody typed."""
    root = find_root(Path.cwd())
    full = Path(os.path.normpath(Path.cwd() / path))
    if not full.is_relative_to(root):
        return
    real = Path(os.path.realpath(Path.cwd() / path))
    real_root = Path(os.path.realpath(root))
    if not real.is_relative_to(real_root) or any(
        part.lower() == ".git" for part in real.relative_to(real_root).parts
    ):
        raise ReconcilerError(
            msg(
                "{path} leads through a link out of the repository, or into its .git",
                path=full.relative_to(root),
            ),
            msg("remove the link"),
        )


def sandbox_folder(account: str = "") -> Path:
    """Return the folder of the sandbox's groups and state, which nobody means to commit."""
    folder = find_root(Path.cwd()) / SANDBOX_FOLDER
    for path in (sandbox_database(folder, account), sandbox_state(folder, account)):
        check_inside(path)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ReconcilerError(
            msg(
                "the sandbox cannot keep its groups in {folder}: {why}",
                folder=folder.name,
                why=of_system(error),
            )
        ) from None
    return folder


def sandbox_database(folder: Path, account: str = "") -> Path:
    """The groups of the embedded sandbox; each of several accounts has a sandbox of its own."""
    return folder / named_after("sandbox.sqlite3", account)


def sandbox_state(folder: Path, account: str = "", backend: BackendName = "sinch") -> Path:
    """Return the path of the state that belongs to the embedded sandbox. Each service has its own, because
    the same groups have other ids there."""
    path = folder / named_after(_SANDBOX_STATE, account)
    return path if backend == "sinch" else path.with_suffix(f".{backend}{path.suffix}")


def state_beside(database: Path, backend: BackendName) -> Path:
    """Return the path of the state that belongs to a sandbox's database, wherever that is."""
    ours = re.fullmatch(r"sandbox(?:-(.+))?\.sqlite3", database.name)
    return sandbox_state(database.parent, (ours[1] or "") if ours else database.name, backend)


def is_sandbox_state(path: str) -> bool:
    """Whether a file is called as the states of sandboxes are."""
    stem, suffix = os.path.splitext(_SANDBOX_STATE)
    name = os.path.basename(path)
    return name.startswith(stem) and name.endswith(suffix)


def named_after(path: str, account: str) -> str:
    """The path with an account's name before its extension: `drift.json`, `drift-sales.json`."""
    head, tail = os.path.splitext(path)
    return f"{head}-{account}{tail}" if account else path


# --- reading and writing ----------------------------------------------------------------------------------


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
        raise ReconcilerError(
            msg("{path} cannot be written: {why}", path=path, why=of_system(error))
        ) from None


def check_writable(path: str) -> None:
    """Raise `ReconcilerError` where `write_private` would, as far as that can be seen without writing: before
    anything is done whose report would be lost."""
    check_inside(Path(path))
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    hint = ""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            folder = ""
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno != errno.ENOTDIR:
            raise ReconcilerError(
                msg("{path} cannot be written: {why}", path=path, why=of_system(error))
            ) from None
    there = next(each for each in (Path(folder), *Path(folder).parents) if is_there(each))
    if os.path.isdir(path):
        why, hint = msg("it is a folder"), msg("name a file in it")
    elif not there.is_dir():
        why, hint = (
            msg("{path} is no folder", path=os.path.relpath(there)),
            msg("name another place, or remove what is there"),
        )
    elif there != Path(folder):
        shown = os.path.relpath(folder)
        why, hint = (
            msg("there is no folder {folder}", folder=shown),
            msg("make it first: mkdir -p {folder}", folder=shlex.quote(shown)),
        )
    elif not os.access(folder or path, os.W_OK):
        why = msg("Permission denied")
    else:
        return
    raise ReconcilerError(msg("{path} cannot be written: {why}", path=path, why=why), hint)


def _replace(target: str, data: bytes, mode: int) -> None:
    """Write beside the target, then rename: the name in between is hidden and ends in nothing that anybody
    collects."""
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


def read_bytes(path: str, limit: int = LIMIT) -> bytes:
    """A file that the command line names; raises `ReconcilerError` when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return _limited(file, path, limit)
    except OSError as error:
        raise ReconcilerError(msg("{path} cannot be read: {why}", path=path, why=of_system(error))) from None


def read_stdin(limit: int = LIMIT) -> bytes:
    """All of stdin; raises `ReconcilerError` when it cannot be read."""
    try:
        return _limited(sys.stdin.buffer, "stdin", limit)
    except OSError as error:
        why = msg("it is closed") if error.errno == errno.EBADF else of_system(error)
        raise ReconcilerError(msg("stdin cannot be read: {why}", why=why)) from None


def _limited(file: BinaryIO, name: str, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise ReconcilerError(
            msg("{name} is too large: over {limit} MiB", name=name, limit=limit // 1024 // 1024),
            msg("take it in parts"),
        )
    return data


def read_text(path: str, limit: int = LIMIT) -> str:
    """The text of a file that the command line names; raises `ReconcilerError` when it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(limit + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = of_system(error) if isinstance(error, OSError) else msg("it is no text")
        raise ReconcilerError(msg("{path} cannot be read: {why}", path=path, why=why)) from None
    if len(text) > limit:
        raise ReconcilerError(msg("{path} is too large", path=path))
    return text


def read_before(path: str) -> str:
    """Return what a report's file held before this run; "" where nothing usable was."""
    try:
        return read_text(path, _BEFORE)
    except ReconcilerError:
        return ""
