"""What git's words mean for a user: the error, and what to do about it. Pure."""

from __future__ import annotations

import re

from reconciler.errors import StateError, Unreachable
from reconciler.git import said

_NO_REPOSITORY = re.compile(r"not a git repository", re.I)
_OWNER = re.compile(r"dubious ownership", re.I)
_CREDENTIALS = re.compile(
    r"could not read (?:username|password)|terminal prompts disabled|authentication failed|"
    r"permission denied \((?:publickey|password|keyboard)|host key verification failed|"
    r"invalid username or password|returned error: 401|access denied",
    re.I,
)
_NOT_ALLOWED = re.compile(
    r"returned error: 403|denied to|not allowed|protected|declined|rule violation|forbidden|"
    r"deny|denied|read.only|insufficient permission|unpack failed|unable to create|service not enabled",
    re.I,
)
_NOT_THERE = re.compile(r"repository .*not found|does not appear to be a git repository|not found", re.I)
_SILENT = re.compile(
    r"could not resolve|connection|timed out|unable to access|hung up|early eof|rpc failed|"
    r"unexpected disconnect|returned error: 5|network|no route|ssl|tls|broken pipe|bad gateway",
    re.I,
)
_OLD = re.compile(r"unknown option|unknown switch|does not support --atomic", re.I)


def refusal(stderr: str, what: str, remote: str, branch: str, *, writing: bool = False) -> StateError:
    """The error for what git wrote on stderr: `what` failed, with git's words and a hint that fits them.

    `Unreachable` where nobody answered, so that trying again may help.
    """
    message = f"{what}: {said(stderr)}"
    if _NO_REPOSITORY.search(stderr) and not re.search(r"does not appear", stderr):
        return StateError(
            f"{what}: this folder is in no Git repository",
            "run in a clone of it, or keep the state elsewhere: RECONCILER_STATE=file:PATH, or none",
        )
    if _OWNER.search(stderr):
        return StateError(
            f"{what}: git does not trust this repository, because another user owns it",
            'if it is yours: git config --global --add safe.directory "$PWD"',
        )
    if _CREDENTIALS.search(stderr):
        return StateError(
            message,
            f"git has no credentials for {remote} that it accepts here: `git ls-remote {remote}` has to work "
            "without a question (see docs/state.md)",
        )
    if writing and _NOT_ALLOWED.search(stderr):
        return StateError(
            message,
            f"let this job push {branch} and {branch}-lock to {remote} (GitHub: `contents: write`; "
            "GitLab: a token with write_repository; see docs/state.md); plan and drift only read",
        )
    if _OLD.search(stderr):
        return StateError(message, "git 2.30 or newer is needed, here and on the remote")
    if _NOT_THERE.search(stderr):
        return StateError(
            message, f"does the address of {remote} exist, and may this job see it? git remote -v"
        )
    if _SILENT.search(stderr):
        return Unreachable(message, "run again")
    return StateError(message, f"try it by hand: git ls-remote {remote}")
