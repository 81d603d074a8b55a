"""Where a run works, and where it may write: links are part of a pull request, too."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.errors import ReconcilerError

SANDBOX_FOLDER = Path(".reconciler")


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
            f"{full.relative_to(root)} leads through a link out of the repository, or into its .git",
            "remove the link",
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
            f"the sandbox cannot keep its groups in {folder.name}: {error.strerror}"
        ) from None
    return folder


def sandbox_database(folder: Path, account: str = "") -> Path:
    """The groups of the embedded sandbox; each of several accounts has a sandbox of its own."""
    return folder / named_after("sandbox.sqlite3", account)


def sandbox_state(folder: Path, account: str = "") -> Path:
    """Return the path of the state that belongs to the embedded sandbox."""
    return folder / named_after("sandbox-state.json", account)


def named_after(path: str, account: str) -> str:
    """The path with an account's name before its extension: `drift.json`, `drift-sales.json`."""
    head, tail = os.path.splitext(path)
    return f"{head}-{account}{tail}" if account else path
