"""What Git knows of the folder with the manifests: which commit it is, whether it is behind another, and
whether what a run has read is as the commit has it.

A shallow clone, as pipelines make them, is deepened where that is needed to tell.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reconciler.cli.files import find_root, is_there
from reconciler.errors import GitError
from reconciler.git import Git, blob_id
from reconciler.model.record import CHANGES
from reconciler.planning.options import Checkout

if TYPE_CHECKING:
    from reconciler.manifests.files import FilesRead

_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DEEPEN = (200, 10_000)
"""By how many commits a shallow clone is deepened until it can be told which of two commits is the later."""

_FETCH = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
    *("--no-recurse-submodules", "--refmap="),
)
_FETCH_SECONDS = 60.0

_MOST_SPECS = 50
"""So many paths are asked about one by one; of more, their folders: git looks at each path for each file."""
_MOST_COMPARED = 500
"""Of so many files that may be other than committed the content is compared; more of them surely are."""
_STATUS = ("--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty")
_LINK, _SUBMODULE = "120000", "160000"


def repository() -> Git:
    """Git in the repository around the present folder."""
    return Git(find_root(Path.cwd()), os.environ)


def head() -> str | None:
    """The commit of the manifests: what is checked out, or what the pipeline says where Git does not know;
    None where nobody does."""
    return _checked_out() or next(
        (os.environ[name] for name in ("GITHUB_SHA", "CI_COMMIT_SHA") if os.environ.get(name)), None
    )


class Files:
    """What a run has read, beside the commit that is checked out. Git is asked once: when somebody wants to
    know, or from `look` on, by a thread, while there is something else to be waited for."""

    def __init__(self, read: FilesRead | None = None) -> None:
        self._read = read
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Begin to ask Git."""
        self._thread = threading.Thread(target=lambda: self._found, name="uncommitted", daemon=True)
        self._thread.start()

    @property
    def changed(self) -> tuple[str, ...] | None:
        """The files that are not as the commit has them: paths from the top of the repository. None where Git
        cannot tell; nothing outside of Git."""
        if self._thread is not None:
            self._thread.join()
        return self._found

    @property
    def commit(self) -> str | None:
        """The commit of the manifests, with `CHANGES` behind it where not all was committed."""
        commit = head()
        return f"{commit}{CHANGES}" if commit is not None and self.changed else commit

    @cached_property
    def _found(self) -> tuple[str, ...] | None:
        root = find_root(Path.cwd())
        if self._read is None or not is_there(root / ".git"):
            return ()
        try:
            return tuple(sorted(_uncommitted(root, self._read)))
        except GitError:
            return None


def compare(applied: str | None, remote: str | None) -> Checkout | None:
    """Where this checkout stands to the commit `applied` last; None where there is nothing to compare.

    `remote` is asked for commits that a shallow or stale clone does not have; None: nobody is.
    """
    here = _checked_out()
    applied = None if applied is None else applied.removesuffix(CHANGES)
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
    if not is_there(folder):
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


# --- what is not committed --------------------------------------------------------------------------------


def _uncommitted(root: Path, read: FilesRead) -> Iterator[str]:
    """Paths that were read, or would have been, whose content is not that of HEAD. Raises `GitError`."""
    parts: dict[str, set[str]] = {
        "": set()
    }  # by the repository that a path is in: "", or that of a submodule
    tops: dict[str, str] = {}
    for path, folder in (
        *((path, path.rpartition("/")[0]) for path in read.paths),
        *((folder, folder) for folder in read.folders),
    ):
        if folder not in tops:
            tops[folder] = _repository_of(root, folder)
        parts.setdefault(tops[folder], set()).add(path)
    parts[""] |= parts.keys() - {""}
    for top, paths in parts.items():
        yield from _Part(root, top, paths, read).changed()


def _repository_of(root: Path, folder: str) -> str:
    """The path of the submodule in which a folder lies, or which it is; "" for none."""
    steps = [step for step in folder.split("/") if step]
    folders = ("/".join(steps[:count]) for count in range(len(steps), 0, -1))
    return next((folder for folder in folders if os.path.exists(root / folder / ".git")), "")


class _Part:
    """The `paths` of a run that lie in one repository: the one at `root`, or its submodule `top`."""

    def __init__(self, root: Path, top: str, paths: Collection[str], read: FilesRead) -> None:
        self._folder = root / top
        self._git = Git(self._folder, {**os.environ, "GIT_LITERAL_PATHSPECS": "1"})
        self._before = f"{top}/" if top else ""
        self._read = read
        self._paths = {"" if path == top else path.removeprefix(self._before) for path in paths}

    def changed(self) -> Iterator[str]:
        found = self._suspects()
        differs = found if len(found) > _MOST_COMPARED else filter(self._compared(found), found)
        yield from (f"{self._before}{path}" for path in differs)

    def _suspects(self) -> list[str]:
        """Return the files that git takes for changed, was told not to look at, or does not know."""
        specs = self._specs()
        states = self._lines("status", *_STATUS, "--", *specs)
        flags = {entry[2:]: entry[0] for entry in self._lines("ls-files", "-z", "-v", "--", *specs)}
        unknown = {path for path in self._paths - flags.keys() - {""} if self._is_file(path)}
        told = {state[3:] for state in states}
        blind = {
            path
            for path, flag in flags.items()
            if flag != "H" and (flag != "S" or os.path.lexists(self._folder / path))
        }
        return sorted(unknown | {path for path in told | blind if self._concerns(path)})

    def _lines(self, *arguments: str) -> list[str]:
        ended = self._git.out(*arguments)
        return [line for line in os.fsdecode(ended.out).split("\0") if line]

    def _specs(self) -> list[str]:
        """Few paths that have all of ours below them."""
        found = {path or "." for path in self._paths}
        if len(found) > _MOST_SPECS:
            found = {path.rpartition("/")[0] or "." for path in found}
        return sorted(found) if len(found) <= _MOST_SPECS else ["."]

    def _is_file(self, path: str) -> bool:
        """Whether something is there of which git might know: no plain folder."""
        full = self._folder / path
        plain_folder = os.path.isdir(full) and not os.path.exists(full / ".git")
        return os.path.islink(full) or (os.path.exists(full) and not plain_folder)

    def _concerns(self, path: str) -> bool:
        return path in self._paths or f"{self._before}{path}" in self._read

    def _compared(self, paths: list[str]) -> Callable[[str], bool]:
        """A function that says whether a path has another content than HEAD gives it."""
        listed = os.fsdecode(self._git.run("ls-tree", "-z", "HEAD", "--", *paths).out).split("\0")
        words = (entry.partition("\t") for entry in listed if entry)
        committed = {path: tuple(about.split()) for about, _, path in words}  # mode, kind, id
        plain = [path for path in paths if path in committed and "\n" not in path and self._is_plain(path)]
        asked = os.fsencode("".join(f"{path}\n" for path in plain))
        told = self._git.run("hash-object", "--stdin-paths", data=asked)
        filtered = dict(zip(plain, told.text.split(), strict=False)) if told.code == 0 else {}

        def differs(path: str) -> bool:
            if path not in committed:
                return os.path.lexists(self._folder / path)
            mode, _, oid = committed[path]
            try:
                return filtered.get(path) != oid and self._raw(path, mode, len(oid)) != oid
            except OSError:
                return True

        return differs

    def _is_plain(self, path: str) -> bool:
        full = self._folder / path
        return os.path.isfile(full) and not os.path.islink(full)

    def _raw(self, path: str, mode: str, length: int) -> str | None:
        """The id that the bytes on disk would have, where they are of the kind that HEAD has. Raises
        `OSError`."""
        full = self._folder / path
        if mode == _SUBMODULE:
            return Git(full, os.environ).run("rev-parse", "--verify", "--quiet", "HEAD").text
        if full.is_symlink() != (mode == _LINK):
            return None
        data = os.fsencode(full.readlink()) if mode == _LINK else full.read_bytes()
        return blob_id(data, length)
