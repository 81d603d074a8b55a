"""A real Git repository for tests, made with the real `git`, that nobody's settings reach."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_WHO = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str, text: str | None = None) -> str:
    """Run git in a folder and return what it prints, without the last newline; raises where it fails."""
    done = subprocess.run(
        ["git", *_WHO, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"},
        input=text,
        stdin=None if text is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.removesuffix("\n")


def start(folder: Path) -> None:
    """A repository with the branch `main` in a folder, which is made; an empty `.git` gives way."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main", ".")


def commit(folder: Path, message: str = "change") -> str:
    """Commit everything in the work tree that is not ignored; returns the commit's id."""
    git(folder, "add", "--all", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")
