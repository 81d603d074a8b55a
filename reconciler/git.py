"""Starting the `git` program in one repository, so that nothing around it changes what is meant.

Only plumbing is run: work tree, index, hooks, tags and submodules are left alone. Of the environment's
`GIT_…` variables those stay that say how to reach a remote (credentials, ssh, certificates, configuration
that a pipeline handed in); those that point at another repository, index or work tree, and traces, do not,
and neither does any `RECONCILER_…` variable: a credential helper has no use for the API's token. Nothing
ever asks on a terminal, and a Ctrl-C meant for us does not reach a push that is under way.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reconciler.errors import GitError
from reconciler.language import msg, of_system
from reconciler.model import number

INSTALL = msg("install git, 2.30 or newer")
TIMEOUT = 60.0
"""Seconds for one command that may use the network."""

_KEPT = frozenset(
    {
        *("GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_PROXY_COMMAND"),
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_PARAMETERS"),
        *("GIT_CONFIG_COUNT", "GIT_ALLOW_PROTOCOL", "GIT_EXEC_PATH", "GIT_HTTP_USER_AGENT"),
        *("GIT_HTTP_PROXY_AUTHMETHOD", "GIT_PROXY_SSL_CAINFO", "GIT_PROXY_SSL_CERT", "GIT_PROXY_SSL_KEY"),
    }
)
_AUTHOR = frozenset({"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"})
_KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_SSL_")

_SETTINGS = (
    "core.hooksPath=/dev/null",  # a folder of the work tree may be configured, and that is a pull request's
    "core.fsmonitor=false",
    "core.quotePath=true",
    "color.ui=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.writeCommitGraph=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "push.followTags=false",
    "push.gpgSign=false",
    "push.negotiate=false",
    "push.pushOption=",  # where the remote takes none, a configured one ends every push
    "i18n.commitEncoding=UTF-8",
    "protocol.ext.allow=never",
    "safe.bareRepository=explicit",
)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_SAID = re.compile(r"^(?:fatal|error|ssh|warning): *(?=\S)")
_REMOTE = "remote:"
_LINES = re.compile(r"[\r\n]+")  # no other ends a line for git: behind these it says `remote:` again
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Its output without white space around it."""
        return self.out.decode("utf-8", "replace").strip()


class Git:
    """Commands in the repository whose top level is `root`, with `environ` as the environment."""

    def __init__(self, root: Path, environ: Mapping[str, str], *, timeout: float = TIMEOUT) -> None:
        self.root = root
        self._timeout = timeout
        self._environ = {
            **{name: value for name, value in environ.items() if _stays(name)},
            # an empty or broken .git must not make Git look for a repository further up
            "GIT_CEILING_DIRECTORIES": os.path.realpath(root.parent),
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GCM_INTERACTIVE": "never",
            "LC_ALL": "C",
        }
        self.author = {name: self._environ[name] for name in sorted(_AUTHOR & self._environ.keys())}
        self._start = ["git", *(word for setting in _SETTINGS for word in ("-c", setting))]

    def run(
        self,
        *arguments: str,
        data: bytes = b"",
        timeout: float | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run a command to its end, whatever its exit code. `timeout` in seconds.

        Raises `GitError` when there is no git program or no temporary folder, or it takes too long; then it
        was killed, and what it did by then is not known.
        """
        with _temporary_file() as err:  # not a pipe: what ssh leaves running would keep it open
            try:
                process = subprocess.Popen(
                    [*self._start, *arguments],
                    cwd=self.root,
                    env=self._environ | dict(environ or {}),
                    stdin=subprocess.PIPE if data else subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=err,
                    start_new_session=True,
                )
            except OSError as error:
                raise GitError(
                    msg("the git program cannot be started: {why}", why=of_system(error)), INSTALL
                ) from None
            with process:
                limit = self._timeout if timeout is None else timeout
                try:
                    out, _ = process.communicate(data or None, timeout=limit)
                except BaseException as error:
                    _kill(process)
                    if isinstance(error, subprocess.TimeoutExpired):
                        raise GitError(
                            msg(
                                "git {command} did not end within {limit:g} s",
                                command=arguments[0],
                                limit=limit,
                            ),
                            msg("is the remote reachable?"),
                            unended=True,
                        ) from None
                    raise
            err.seek(0)
            return Ended(process.returncode, out, err.read(20_000).decode("utf-8", "replace"))

    def out(self, *arguments: str, data: bytes = b"", environ: Mapping[str, str] | None = None) -> Ended:
        """Run a command as `run` does; raises `GitError` when it fails."""
        ended = self.run(*arguments, data=data, environ=environ)
        if ended.code != 0:
            raise GitError(
                msg("git {command} failed: {why}", command=arguments[0], why=said(ended.err)),
                stderr=ended.err,
            )
        return ended


def blob_id(data: bytes, digits: int) -> str:
    """Return the id that Git gives to a file's bytes, with so many digits: 40 for SHA-1, 64 for SHA-256."""
    kind = "sha1" if digits == 40 else "sha256"
    return hashlib.new(kind, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def said(stderr: str) -> str:
    """Return what git had to say, fit to be shown: one line, printable, without credentials, numbers
    masked. What the remote said beside it stands last, in quotes."""
    lines = own_words(stderr)
    loud = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    own = _fit(_SAID.sub("", loud[0]), 200) if loud else ""
    remote = remote_words(stderr)
    if remote:
        return msg("{own}. The remote says: {remote}", own=own or msg("it was refused"), remote=remote)
    return own or msg("it did not say why")


def own_words(stderr: str) -> list[str]:
    """Return the lines of git itself: those of the remote may say anything."""
    lines = (line.strip() for line in _LINES.split(stderr))
    return [line for line in lines if line and not line.startswith(_REMOTE)]


def remote_words(stderr: str) -> str:
    """Return what the remote and its hooks said, in quotes and fit to be shown, its lines behind each
    other; "" for nothing. These are words of anybody who runs the remote, or pushed what a hook quotes."""
    lines = (line.strip() for line in _LINES.split(stderr))
    told = [line.removeprefix(_REMOTE).strip() for line in lines if line.startswith(_REMOTE)]
    text = _fit(" / ".join(line for line in told if any(map(str.isalnum, line))), 400)
    return f'"{text}"' if text else ""


def _fit(text: str, limit: int) -> str:
    text = _USERINFO.sub("", _ESCAPES.sub("", text))
    return number.mask_text("".join(char if char.isprintable() else "�" for char in text), limit)


def _temporary_file() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise GitError(
            msg(
                "git cannot be started without a folder for temporary files: {why}",
                why=of_system(error),
            ),
            msg("set TMPDIR to a folder that can be written to"),
        ) from None


def _stays(name: str) -> bool:
    if name.startswith("RECONCILER_") or name == "LANGUAGE":
        return False
    return not name.startswith("GIT_") or name in _KEPT | _AUTHOR or name.startswith(_KEPT_PREFIXES)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the command with everything it started (ssh, helpers): they are a session of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
