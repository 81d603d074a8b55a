"""Git's objects, asked of the `git` program and of nothing else: no checkout, hook, filter or network.

Two processes that only print objects (`cat-file --batch-check` and `--batch`) are told names on their
standard input. They get no environment but the path to programs, no configuration but the repository's own,
and may speak no protocol, so that a partial clone cannot make them fetch. An object's size is asked before
its bytes.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from reconciler.errors import GitError, UsageError
from reconciler.git import INSTALL
from reconciler.language import msg, of_system

TIMEOUT = 120.0
"""Seconds after which Git is ended, whatever it does: ten times what 10,000 manifests take."""

_MAX_TREE = 16 * 1024 * 1024
_SUFFIX = re.compile(r"(?P<name>[^~^]+)(?P<steps>(?:[~^][0-9]{0,4}){0,8})")
_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PLACES = ("refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
_WHOLE = msg(
    "is this a whole repository? a partial clone lacks files of other commits: "
    "`git fetch --refetch --no-filter origin` brings them"
)


class ObjectError(GitError):
    """An object that is not here, or not what was asked for. The message is what is said of it: `is …`."""


class TooLong(ObjectError):
    """The object is longer than was allowed: `size` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(msg("is too long"))
        self.size = size


def environment() -> dict[str, str]:
    """Return all that a Git process is told: none of the run's credentials, and no configuration but the
    repository's."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "HOME": os.devnull,
        "XDG_CONFIG_HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_FLUSH": "1",
    }


class Objects:
    """The objects of the repository whose `.git` stands in `root`. Close it, or use it in `with`."""

    def __init__(self, root: Path) -> None:
        folder = root / ".git"
        if not os.path.exists(folder):
            raise UsageError(msg("--base needs a Git repository, and there is none here"))
        # Named outright: a search would take a bare repository that somebody committed.
        self._environment = environment() | {"GIT_DIR": str(folder)}
        self._root = str(root)
        self._sizes = self._start("cat-file", "--batch-check")
        self._bytes = self._start("cat-file", "--batch")
        self._lock = threading.Lock()  # an answer belongs to the question before it
        self._timer = threading.Timer(TIMEOUT, self._kill)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> Objects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        self._timer.cancel()
        for process in (self._sizes, self._bytes):
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what was still to be written has no reader any more
                        pipe.close()

    def commit(self, ref: str) -> str:
        """Return the id of the commit that `ref` means: a branch, a tag, `origin/main`, `HEAD`, an id, each
        with `~` and `^` behind it.

        Raises `UsageError` for what is no name that Git allows, or stands for two commits, and `GitError`
        where there is no such commit.
        """
        match = _SUFFIX.fullmatch(ref)
        if match is None or not ref.isprintable() or ref.startswith("-") or len(ref) > 250:
            raise _no_ref(ref)
        name, steps = match["name"], match["steps"]
        if not self._allowed(name):
            raise _no_ref(ref)
        if not _OBJECT_ID.fullmatch(name) and not name.startswith("refs/") and name != "HEAD":
            self._check_ambiguous(name)
        found = self._look(f"{name}{steps}^{{commit}}")
        if found is None:
            raise GitError(msg("--base {ref!r:.80}: there is no such commit here", ref=ref), self._mend(name))
        return found[0]

    def head(self) -> str | None:
        """Return the id of the commit that is checked out, None where there is none yet. Raises
        `GitError`."""
        with self._lock:
            found = self._look("HEAD^{commit}")
        if found is not None:
            return found[0]
        if self._run("rev-parse", "--verify", "--quiet", "HEAD").returncode == 1:
            return None
        raise GitError(msg("the commit that is checked out is not in this clone"), _WHOLE)

    def lacks(self, commit: str, head: str) -> bool:
        """Return whether `commit` surely is no ancestor of `head`; False where a shallow clone cannot tell.

        Both are ids of commits, as `commit` gives them.
        """
        if self._run("rev-parse", "--is-shallow-repository").stdout.strip() != b"false":
            return False
        return self._run("merge-base", "--is-ancestor", commit, head).returncode == 1

    def check(self, name: str) -> None:
        """Raise `ObjectError` where there is no such object here."""
        with self._lock:
            if self._look(name) is None:
                raise _missing()

    def read(self, name: str, kind: str, limit: int) -> bytes:
        """Return the bytes of an object of this kind (`blob`, `tree`), named by id or `ID^{tree}`.

        Raises `ObjectError`, `TooLong` for more than `limit` bytes, and `GitError` where Git fails. Safe to
        call from several threads.
        """
        with self._lock:
            return self._read(name, kind, limit)

    def _read(self, name: str, kind: str, limit: int) -> bytes:
        found = self._look(name)
        if found is None:
            raise _missing()
        object_id, its_kind, size = found
        if its_kind != kind:
            raise ObjectError(msg("is a {found}, not a {wanted}", found=its_kind, wanted=kind))
        if size > limit:
            raise TooLong(size)
        return self._content(object_id, size)

    def tree(self, name: str) -> bytes:
        """Return the bytes of a tree, in Git's own form."""
        return self.read(name, "tree", _MAX_TREE)

    def _content(self, object_id: str, size: int) -> bytes:
        pipe = self._ask(self._bytes, object_id)
        head = pipe.readline()
        if head.split()[:1] != [object_id.encode()] or not head.endswith(f" {size}\n".encode()):
            raise self._ended()
        data = pipe.read(size + 1)
        if len(data) != size + 1:
            raise self._ended()
        return data[:-1]

    def _look(self, name: str) -> tuple[str, str, int] | None:
        """Return id, kind and size of what a name means, None for nothing or for several things."""
        answer = self._ask(self._sizes, name).readline()
        if not answer.endswith(b"\n"):
            raise self._ended()
        words = answer.decode("utf-8", "replace").split()
        if len(words) != 3 or not _OBJECT_ID.fullmatch(words[0]) or not words[2].isdigit():
            return None
        return words[0], words[1], int(words[2])

    def _ask(self, process: subprocess.Popen[bytes], name: str) -> IO[bytes]:
        if process.stdin is None or process.stdout is None or "\n" in name:
            raise ValueError(name)
        try:
            process.stdin.write(name.encode() + b"\n")
            process.stdin.flush()
        except OSError:
            raise self._ended() from None
        return process.stdout

    def _allowed(self, name: str) -> bool:
        return self._run("check-ref-format", "--allow-onelevel", name).returncode == 0

    def _check_ambiguous(self, name: str) -> None:
        """Refuse a name that stands for several commits. A tag goes before a branch in Git, and people who
        may push a tag shall not choose the base by its name."""
        places = [place.format(name) for place in _PLACES]
        found = {
            place: what[0] for place in places if (what := self._look(f"{place}^{{commit}}")) is not None
        }
        if len(set(found.values())) > 1:
            raise UsageError(
                msg(
                    "--base {name!r:.80} stands for several commits: {names}",
                    name=name,
                    names=", ".join(sorted(found)),
                ),
                msg("name one in full, for example --base {name}", name=sorted(found)[0]),
            )

    def _mend(self, name: str) -> str:
        remote = f"origin/{name}"
        if name != "HEAD" and self._look(f"refs/remotes/{remote}^{{commit}}") is not None:
            return msg("did you mean --base {remote}?", remote=remote)
        return msg(
            "fetch it first: `git fetch origin {name}`; in GitHub Actions give actions/checkout "
            "`fetch-depth: 2` and use `--base HEAD^1`, in GitLab CI set GIT_DEPTH",
            name=name.removeprefix("origin/"),
        )

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._command(*arguments),
                cwd=self._root,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise _no_git(error) from None

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                self._command(*arguments),
                cwd=self._root,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT,
                check=False,
            )
        except OSError as error:
            raise _no_git(error) from None
        except subprocess.TimeoutExpired:
            raise self._ended() from None

    def _command(self, *arguments: str) -> list[str]:
        settings = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.pager=cat")
        return ["git", *(word for setting in settings for word in ("-c", setting)), *arguments]

    def _ended(self) -> GitError:
        return GitError(msg("git ended without an answer"), _WHOLE)

    def _kill(self) -> None:
        for process in (self._sizes, self._bytes):
            process.kill()


def _missing() -> ObjectError:
    return ObjectError(msg("is not in this clone"), msg("in a partial or shallow clone: fetch it first"))


def _no_git(error: OSError) -> GitError:
    return GitError(
        msg("git cannot be started: {why}", why=of_system(error)),
        msg("{install}: --base reads the base with it", install=INSTALL),
    )


def _no_ref(ref: str) -> UsageError:
    return UsageError(
        msg("--base {ref!r:.80} is no name of a branch, tag or commit", ref=ref),
        msg("for example --base origin/main, or --base HEAD^1 where a merge is checked out"),
    )
