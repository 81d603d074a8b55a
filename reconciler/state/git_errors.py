"""What git's words mean for a user: the error, and what to do about it. Pure.

What the remote said is quoted and never judged by: it may say anything, and whoever wrote a hook did not
write it for us.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.errors import StateError, Unreachable
from reconciler.git import own_words, remote_words, said
from reconciler.language import msg

_NO_REPOSITORY = re.compile(r"not a git repository", re.I)
_OWNER = re.compile(r"dubious ownership", re.I)
_CREDENTIALS = re.compile(
    r"could not read (?:username|password)|terminal prompts disabled|authentication failed|"
    r"permission denied \((?:publickey|password|keyboard)|host key verification failed|"
    r"invalid username or password|returned error: 401|access denied",
    re.I,
)
_CLONE = re.compile(
    r"insufficient permission for adding an object|unable to create temporary file|"
    r"unable to write (?:file|loose|new)|read-only file system|no space left",
    re.I,
)
_NOT_ALLOWED = re.compile(
    r"returned error: 403|denied to|not allowed|protected|declined|rule violation|forbidden|"
    r"deny|denied|read.only|unpack failed|service not enabled",
    re.I,
)
_NOT_THERE = re.compile(r"repository .*not found|does not appear to be a git repository|not found", re.I)
_SILENT = re.compile(
    r"could not resolve|connection|timed out|unable to access|hung up|early eof|rpc failed|"
    r"unexpected disconnect|returned error: 5|network|no route|ssl|tls|broken pipe|bad gateway",
    re.I,
)
_OLD = re.compile(r"unknown option|unknown switch|does not support --atomic", re.I)


class Declined(StateError):
    """The remote says no to a push, for reasons of its own: its rules, or a hook. Nothing was changed."""


def refusal(stderr: str, what: str, remote: str, branch: str, *, writing: bool = False) -> StateError:
    """The error for what git wrote on stderr: `what` failed, with git's words and a hint that fits them.

    `Unreachable` where nobody answered, so that trying again may help.
    """
    message = msg("{what}: {why}", what=what, why=said(stderr))
    own = "\n".join(own_words(stderr))
    if _NO_REPOSITORY.search(own) and not re.search(r"does not appear", own):
        return StateError(
            msg("{what}: this folder is in no Git repository", what=what),
            msg("run in a clone of it, or keep the state elsewhere: RECONCILER_STATE=file:PATH, or none"),
        )
    if _OWNER.search(own):
        return StateError(
            msg("{what}: git does not trust this repository, because another user owns it", what=what),
            msg('if it is yours: git config --global --add safe.directory "$PWD"'),
        )
    if _CREDENTIALS.search(own):
        return StateError(
            message,
            msg(
                "git has no credentials for {remote} that it accepts here: `git ls-remote "
                "{remote}` has to work without a question (see docs/state.md)",
                remote=remote,
            ),
        )
    if _CLONE.search(own):
        return StateError(message, msg("git has to be able to write into this clone (its .git folder)"))
    if writing and _NOT_ALLOWED.search(own):
        return StateError(message, may_push(remote, branch))
    if _OLD.search(own):
        return StateError(message, msg("git 2.30 or newer is needed, here and on the remote"))
    if _NOT_THERE.search(own):
        return StateError(
            message,
            msg("does the address of {remote} exist, and may this job see it? git remote -v", remote=remote),
        )
    if _SILENT.search(own):
        return Unreachable(message, msg("run again"))
    return StateError(message, msg("try it by hand: git ls-remote {remote}", remote=remote))


def rejection(lines: Sequence[str], stderr: str) -> str:
    """Why a push was not carried out: for each branch what git's lines (`--porcelain`) give as the reason,
    then what the remote said. Branches that only went with another's fate are left out where one has more to
    tell."""
    reasons = []
    for line in lines:
        _, _, rest = line.partition("\t")
        refs, _, reason = rest.partition("\t")
        branch = refs.rpartition(":")[2].removeprefix("refs/heads/")
        reason = re.sub(r"^\[(?:remote )?(?:rejected|failure)\] \((.*)\)$", r"\1", reason)
        reasons.append((branch, reason))
    telling = [entry for entry in reasons if "atomic" not in entry[1]] or reasons[:1]
    text = "; ".join(f"{branch}: {reason}" for branch, reason in telling)
    own = said(f"error: {text}")
    words = remote_words(stderr)
    return msg("{own}. The remote says: {words}", own=own, words=words) if words else own


def may_push(remote: str, branch: str) -> str:
    """What to do where a push is not let through."""
    return msg(
        "let this job push {branch} and {branch}-lock to {remote} (GitHub: `contents: "
        "write`; GitLab: a token with write_repository; see docs/state.md); plan and "
        "drift only read",
        branch=branch,
        remote=remote,
    )
