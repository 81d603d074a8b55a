"""The files of one commit, read as `WorkTree` reads those on disk, without checking anything out.

The rules are the same: regular files only, links resolved and never out of the repository, sizes limited.
What a checkout would do beyond writing bytes (filters, line ends, another encoding) is not done; of a picture
that Git LFS keeps elsewhere the file on disk stands in, where it is the same one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.errors import GitError
from reconciler.language import msg
from reconciler.manifests.files import (
    Absent,
    FileError,
    GitSilent,
    Outside,
    Tree,
    Unanswered,
    nowhere,
    outside,
    too_long,
)
from reconciler.manifests.gitobjects import ObjectError, Objects, TooLong

_FOLDER, _LINK, _SUBMODULE = "40000", "120000", "160000"
_MAX_LINK = 4096
_MAX_LINKS = 40  # as Linux: more is a loop
_MAX_ENTRIES = 1_000_000
_LFS = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n"
    rb"(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize [0-9]+\n"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    object_id: str

    @property
    def is_folder(self) -> bool:
        return self.mode == _FOLDER


class GitTree:
    """The files of `commit`, a commit's id. `work` is the tree on disk: paths are typed and shown as
    there."""

    def __init__(self, objects: Objects, commit: str, work: Tree) -> None:
        self._objects = objects
        self._work = work
        self._root = _Entry(_FOLDER, f"{commit}^{{tree}}")
        self._id_size = len(commit) // 2
        self._folders: dict[str, dict[str, _Entry]] = {}
        self._count = 0
        self.base = work.base
        self.here = msg("{here} at {commit}", here=work.here, commit=commit[:12])

    def typed(self, path: str) -> str:
        return self._work.typed(path)

    def shown(self, path: str) -> str:
        return self._work.shown(path)

    def read(self, path: str, limit: int) -> bytes:
        entry = self._file(path)
        try:
            data = self._objects.read(entry.object_id, "blob", limit)
        except TooLong as error:
            raise too_long(limit, error.size) from None
        except GitError as error:
            raise _unanswered(error) from None
        pointer = _LFS.fullmatch(data)
        return data if pointer is None else self._same_on_disk(path, pointer[1].decode(), limit)

    def blob(self, path: str) -> str:
        """Return the id of a regular file's bytes. Raises `FileError`."""
        return self._file(path).object_id

    def _file(self, path: str) -> _Entry:
        try:
            _, entry = self._find(path)
        except Absent as error:
            raise (nowhere() if self._is_link(path) else error) from None
        if entry.is_folder or entry.mode == _SUBMODULE:
            raise FileError(msg("is a folder, not a regular file"), msg("name a file in it"))
        return entry

    def list(self, folder: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(path for path, commit in self.walk(folder, suffixes) if not commit))

    def walk(self, folder: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield the files that `list` gives, each with ""; and the submodules, each with its commit."""
        real, entry = self._find(folder)
        if entry.mode == _SUBMODULE:
            raise FileError(msg("is a submodule, whose files are not in this repository"))
        if not entry.is_folder:
            raise FileError(msg("is not a folder"))
        return self._walk(folder, real, entry, suffixes)

    def check(self, path: str) -> None:
        """Raise `Unanswered` where it cannot be told what a file, or a folder, holds; what is in the folders
        of a folder is not looked at."""
        try:
            _, entry = self._find(path)
            if entry.mode != _SUBMODULE:
                self._objects.check(entry.object_id)
        except Unanswered:
            raise
        except GitError as error:
            raise _unanswered(error) from None
        except FileError:
            return

    def submodule(self, path: str) -> tuple[str, str] | None:
        """Return the submodule that a path leads to, or into, and its commit."""
        at = ""
        for part in path.split("/"):
            try:
                at, entry = self._find(_below(at, part))
            except Unanswered:
                raise
            except FileError:
                return None
            if entry.mode == _SUBMODULE:
                return at, entry.object_id
        return None

    def _walk(
        self, top: str, real_top: str, entry: _Entry, suffixes: tuple[str, ...]
    ) -> Iterator[tuple[str, str]]:
        """Walk folders before links to folders, and each real folder once, so that loops end."""
        seen = {real_top}
        folders = [(top, real_top, entry)]
        links: list[str] = []
        while folders:
            folder, real, entry = folders.pop()
            for name, child in self._entries(entry).items():
                path, real_path = _below(folder, name), _below(real, name)
                if name.startswith("."):
                    continue
                if child.is_folder:
                    if real_path not in seen:
                        seen.add(real_path)
                        folders.append((path, real_path, child))
                elif child.mode == _LINK:
                    links.append(path)
                elif child.mode == _SUBMODULE:
                    yield path, child.object_id
                elif name.lower().endswith(suffixes):
                    yield path, ""
            links.sort(reverse=True)
            while links and not folders:
                path = links.pop()
                try:
                    real, target = self._find(path)
                except Unanswered:
                    raise
                except FileError:  # it leads nowhere, or out: whoever reads it is told so
                    if path.lower().endswith(suffixes):
                        yield path, ""
                    continue
                if target.mode == _SUBMODULE:
                    yield path, target.object_id
                elif not target.is_folder:
                    if path.lower().endswith(suffixes):
                        yield path, ""
                elif real not in seen:
                    seen.add(real)
                    folders.append((path, real, target))

    def exists(self, path: str) -> bool:
        try:
            folder, _, name = path.rpartition("/")
            _, entry = self._find(folder)
            return not path or (entry.is_folder and name in self._entries(entry))
        except FileError:
            return False

    def _is_link(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        try:
            entry = self._entries(self._find(folder)[1]).get(name)
        except FileError:
            return False
        return entry is not None and entry.mode == _LINK

    def real(self, path: str) -> str | None:
        try:
            return self._find(path)[0]
        except Outside:
            return None
        except FileError:
            return path

    def _find(self, path: str) -> tuple[str, _Entry]:
        """Return the real path (links resolved, from the root) and the entry that a path leads to."""
        steps = [step for step in reversed(path.split("/")) if step]
        at: list[tuple[str, _Entry]] = [("", self._root)]
        links = 0
        while steps:
            step = steps.pop()
            if step == ".":
                continue
            if step == "..":
                if len(at) == 1:
                    raise outside()
                at.pop()
                continue
            real, folder = at[-1]
            if not folder.is_folder:
                raise Absent(msg("does not exist"))
            entry = self._entries(folder).get(step)
            if entry is None:
                if step == ".git":
                    raise FileError(msg("lies in Git's own folder"))
                raise Absent(msg("does not exist"))
            if entry.mode != _LINK:
                at.append((_below(real, step), entry))
                continue
            links += 1
            if links > _MAX_LINKS:
                raise FileError(msg("cannot be read: too many levels of symbolic links"))
            target = self._link(entry)
            if target.startswith("/"):
                raise outside()
            steps += [part for part in reversed(target.split("/")) if part]
        return at[-1]

    def _link(self, entry: _Entry) -> str:
        try:
            target = self._objects.read(entry.object_id, "blob", _MAX_LINK).decode("utf-8", "surrogateescape")
        except TooLong:
            raise FileError(msg("is a link that cannot be read")) from None
        except GitError as error:
            if isinstance(error, ObjectError):
                raise Unanswered(msg("is a link that cannot be read"), error.hint) from None
            raise _unanswered(error) from None
        if "\0" in target or not target:
            raise FileError(msg("cannot be read: no usable path"))
        return target

    def _entries(self, folder: _Entry) -> dict[str, _Entry]:
        known = self._folders.get(folder.object_id)
        if known is None:
            try:
                known = _parsed(self._objects.tree(folder.object_id), self._id_size)
            except GitError as error:
                raise _unanswered(error) from None
            self._count += len(known)
            if self._count > _MAX_ENTRIES:
                raise Unanswered(msg("lies among more than {limit} files", limit=_MAX_ENTRIES))
            self._folders[folder.object_id] = known
        return known

    def _same_on_disk(self, path: str, sha256: str, limit: int) -> bytes:
        """Return the bytes of a file that Git LFS keeps: those on disk, if they are the ones that the base
        means."""
        try:
            data = self._work.read(path, limit)
        except FileError:
            data = b""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise FileError(msg("is kept by Git LFS, and another version of it is checked out"))
        return data


def _unanswered(error: GitError) -> Unanswered:
    """Return what a failure of Git means for the file that was asked for."""
    about_it = isinstance(error, ObjectError)
    return (Unanswered if about_it else GitSilent)(error.message, error.hint)


def _parsed(data: bytes, size: int) -> dict[str, _Entry]:
    """Return name and entry of each line of a tree: `MODE NAME`, a zero byte, and an id of `size` bytes."""
    found = {}
    at = 0
    while at < len(data):
        end = data.find(b"\0", at)
        mode, _, name = data[at:end].partition(b" ")
        text = name.decode("utf-8", "surrogateescape")
        if (
            end < 0
            or end + 1 + size > len(data)
            or not mode.isdigit()
            or text in ("", ".", "..")
            or "/" in text
        ):
            raise Unanswered(msg("lies in a folder that is damaged in Git"))
        found[text] = _Entry(mode.decode().lstrip("0"), data[end + 1 : end + 1 + size].hex())
        at = end + 1 + size
    return found


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
