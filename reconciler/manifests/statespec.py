"""Where the state may be: the syntax of `state:` and of RECONCILER_STATE."""

from __future__ import annotations

import re

_REMOTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
_FORMS = "write file:PATH, git:REMOTE/BRANCH, or none"
_DEFAULT = "origin/reconciler-state"


def state_mistake(text: str) -> tuple[str, str] | None:
    """What is wrong with `file:PATH`, `git:REMOTE/BRANCH` or `none` as text, with a hint; None: nothing.

    `git:` alone means `git:origin/reconciler-state`. The path of `file:` is not looked at. Git's own words
    for a branch are `git check-ref-format`.
    """
    scheme, colon, rest = text.partition(":")
    match scheme:
        case "none" if not colon:
            return None
        case "file":
            return None if rest else ("has no path after `file:`", _FORMS)
        case "git":
            remote, branch = git_place(text)
            if "//" in rest or ":" in rest or "@" in rest:
                return "names a URL", "name a remote that the repository has: git:origin/reconciler-state"
            if not _REMOTE.fullmatch(remote) or not _is_branch(branch):
                return "names no remote and branch", "such as git:origin/reconciler-state"
            return None
        case _:
            return "is no place for the state", _FORMS


def spelled_out(text: str) -> str:
    """A place with its defaults written down, so that the same place is the same text."""
    return f"git:{'/'.join(git_place(text))}" if text.startswith("git:") else text


def git_place(text: str) -> tuple[str, str]:
    """Remote and branch of `git:REMOTE/BRANCH`."""
    remote, _, branch = (text.removeprefix("git:") or _DEFAULT).partition("/")
    return remote, branch


def _is_branch(branch: str) -> bool:
    return (
        _BRANCH.fullmatch(branch) is not None
        and ".." not in branch
        and all(part and part[0] != "." and not part.endswith((".lock", ".")) for part in branch.split("/"))
    )
