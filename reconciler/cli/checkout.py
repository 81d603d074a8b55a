"""What Git knows of the folder with the manifests: which commit it is, and whether it is behind another.

Only history is asked for. A shallow clone, as pipelines make them, is deepened where that is needed to tell.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reconciler.cli.places import find_root
from reconciler.errors import GitError
from reconciler.planning.options import Checkout

if TYPE_CHECKING:
    from reconciler.git import Git

_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DEEPEN = (200, 10_000)
"""By how many commits a shallow clone is deepened until it can be told which of two commits is the later."""

_FETCH = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
    *("--no-recurse-submodules", "--refmap="),
)
_FETCH_SECONDS = 60.0


def repository() -> Git:
    """Git in the repository around the present folder."""
    from reconciler.git import Git

    return Git(find_root(Path.cwd()), os.environ)


def head() -> str | None:
    """The commit of the manifests: what is checked out, or what the pipeline says where Git does not know;
    None where nobody does."""
    return _checked_out() or next(
        (os.environ[name] for name in ("GITHUB_SHA", "CI_COMMIT_SHA") if os.environ.get(name)), None
    )


def compare(applied: str | None, remote: str | None) -> Checkout | None:
    """Where this checkout stands to the commit `applied` last; None where there is nothing to compare.

    `remote` is asked for commits that a shallow or stale clone does not have; None: nobody is.
    """
    here = _checked_out()
    if applied is None or here is None or applied == here:
        return None
    if not _OID.fullmatch(applied):
        return Checkout("unknown", here, applied[:40])
    git = repository()
    try:
        return Checkout(_stands(git, here, applied, remote), here, applied, shallow=_is_shallow(git))
    except GitError:
        return Checkout("unknown", here, applied)


def _stands(
    git: Git, here: str, applied: str, remote: str | None
) -> Literal["behind", "ahead", "aside", "unknown"]:
    if not _has(git, applied):
        _fetch(git, remote, applied)
    for commits in (0, *_DEEPEN):
        if commits:
            _fetch(git, remote, here, applied, deepen=commits)
        if not _has(git, applied):
            continue
        if _is_ancestor(git, here, applied):
            return "behind"
        if _is_ancestor(git, applied, here):
            return "ahead"
        if not _is_shallow(git):
            return "aside"
    return "unknown"


def _checked_out() -> str | None:
    """The commit that is checked out, by Git's files where that is enough: a process would cost more."""
    folder = find_root(Path.cwd()) / ".git"
    try:
        commit = (folder / "HEAD").read_text(encoding="ascii").strip()
        if commit.startswith("ref: "):
            commit = (folder / commit.removeprefix("ref: ")).read_text(encoding="ascii").strip()
        if _OID.fullmatch(commit):
            return commit
    except (OSError, UnicodeDecodeError):  # a work tree beside its repository, packed refs, or no repository
        pass
    if not folder.exists():
        return None
    try:
        commit = repository().run("rev-parse", "--verify", "--quiet", "HEAD^{commit}").text
    except GitError:
        return None
    return commit if _OID.fullmatch(commit) else None


def _has(git: Git, commit: str) -> bool:
    return git.run("cat-file", "-e", f"{commit}^{{commit}}").code == 0


def _is_ancestor(git: Git, older: str, newer: str) -> bool:
    return git.run("merge-base", "--is-ancestor", older, newer).code == 0


def _is_shallow(git: Git) -> bool:
    return git.run("rev-parse", "--is-shallow-repository").text != "false"


def _fetch(git: Git, remote: str | None, *commits: str, deepen: int = 0) -> None:
    """Ask for commits; where they cannot be had, that shows afterwards."""
    if remote and git.run("config", "--get-all", f"remote.{remote}.url").text:
        depth = (f"--deepen={deepen}",) if deepen else ()
        git.run(*_FETCH, *depth, remote, *commits, timeout=_FETCH_SECONDS)
