"""Reading files below one root, and nothing else: regular files only, links resolved, sizes limited."""

from __future__ import annotations

import math
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reconciler.errors import ReconcilerError
from reconciler.language import msg, of_system
from reconciler.manifests.complaints import visible

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {
    stat.S_IFDIR: msg("a folder"),
    stat.S_IFIFO: msg("a named pipe"),
    stat.S_IFSOCK: msg("a socket"),
    stat.S_IFCHR: msg("a device"),
    stat.S_IFBLK: msg("a device"),
}
_PICTURES = (".png", ".jpg", ".jpeg")
_SPELLINGS = {".yaml": ".yml", ".yml": ".yaml"}


class FileError(ReconcilerError):
    """A file that cannot be used. The message is what is said of the file: `does not exist`."""


class Absent(FileError):
    """There is nothing at that path."""


class TooLong(FileError):
    """More bytes than are read."""


class Outside(FileError):
    """The path leads out of the root."""


class Unanswered(FileError):
    """It cannot be told what there is: an object that would tell is not in this clone, or damaged."""


class GitSilent(Unanswered):
    """Git itself failed. The message is a sentence of its own, not what is said of a file."""


@dataclass(frozen=True, slots=True)
class FilesRead:
    """What a run went by. `paths` were read, or looked for and are not there; where a link was followed, both
    the link and what it leads to. `folders` are those of manifests."""

    paths: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()

    @classmethod
    def of(cls, several: Iterable[FilesRead]) -> FilesRead:
        """Return what several runs went by."""
        each = tuple(several)
        return cls(
            frozenset().union(*(files.paths for files in each)),
            frozenset().union(*(files.folders for files in each)),
        )

    def __contains__(self, path: str) -> bool:
        """Return whether a file at this path was read, or would have been if it were there."""
        if path in self.paths:
            return True
        return path.lower().endswith(tuple(_SPELLINGS)) and any(
            _shows(folder, path) for folder in self.folders
        )


def _shows(folder: str, path: str) -> bool:
    """Return whether a path lies in a folder, and hidden in nothing below it."""
    below = path.removeprefix(f"{folder}/") if folder else path
    return (not folder or below != path) and not any(part.startswith(".") for part in below.split("/"))


class Tree(Protocol):
    """Files below one root. Paths are relative to it, normalised, with `/`; `join` makes them."""

    @property
    def base(self) -> str:
        """The folder in which the user stands, "" for the root itself."""
        ...

    @property
    def here(self) -> str:
        """That folder's full path, to be shown to the user."""
        ...

    def typed(self, path: str) -> str:
        """Return what a user who stands in `base` means by a path, relative to the root. Raises
        `FileError`."""
        ...

    def read(self, path: str, limit: int) -> bytes:
        """Return a regular file's bytes. Raises `FileError` for anything else and for more than `limit`
        bytes."""
        ...

    def list(self, folder: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        """Return files below a folder with one of the (lower-case) suffixes, sorted; hidden ones are left
        out.

        What cannot be walked (a link to a folder outside, say, or on disk one that leads nowhere) is listed
        too: reading it says why. Raises `FileError` when the folder itself cannot be read.
        """
        ...

    def exists(self, path: str) -> bool:
        """Return whether there is anything at that path, a broken link included."""
        ...

    def real(self, path: str) -> str | None:
        """Return the path with its links resolved, None where that leads out of the root; it need not
        exist."""
        ...

    def shown(self, path: str) -> str:
        """Return the path as the user would type it, with unprintable characters escaped."""
        ...


def join(folder: str, path: str) -> str:
    """Return the path that a file in `folder` means by `path`, relative to the root. Raises `FileError`."""
    if not path.isprintable():
        raise FileError(msg("holds a character that no path should have"))
    if path.startswith(("/", "~", "\\")) or path[1:3] in {":\\", ":/"}:
        raise FileError(msg("is an absolute path"), msg("paths are relative to the file that names them"))
    joined = posixpath.normpath(posixpath.join(folder, path))
    if joined == ".." or joined.startswith("../"):
        raise outside()
    return "" if joined == "." else joined


def spellings(path: str) -> tuple[str, ...]:
    """Return a path that ends in `.yaml` or `.yml`, and the same with the other ending; any other path
    alone."""
    stem, suffix = posixpath.splitext(path)
    return (path, f"{stem}{_SPELLINGS[suffix]}") if suffix in _SPELLINGS else (path,)


def spelled(tree: Tree, path: str) -> str:
    """Return the path in the spelling (`.yaml` or `.yml`) that is there, as it is where neither is. Raises
    `FileError` where both are: nobody can tell which of them holds."""
    there = [each for each in spellings(path) if tree.exists(each)]
    if len(there) > 1:
        raise FileError(
            msg(
                "stands beside `{name}`, and only one of them can hold",
                name=visible(posixpath.basename(there[1])),
            ),
            msg("put into one what both say, and delete the other"),
        )
    return there[0] if there else path


def in_git(parts: Iterable[str]) -> bool:
    """Return whether a path goes through Git's own folder, on file systems that ignore case as well."""
    return any(part.lower() == ".git" for part in parts)


def outside() -> Outside:
    return Outside(
        msg("leads out of the repository"), msg("everything that is read lies below its top folder")
    )


def nowhere() -> Absent:
    return Absent(msg("is a link that leads nowhere"), msg("bring back what it leads to, or delete the link"))


@dataclass(frozen=True, slots=True)
class Walk:
    """What there is below a folder, by paths relative to the root: its `files` as `Tree.list` gives them;
    where links to folders lead (`linked`), or would; and the folders with a `.git` of their own
    (`repositories`), links resolved."""

    files: tuple[str, ...]
    linked: tuple[str, ...]
    repositories: tuple[str, ...]


class WorkTree:
    """The files on disk below `root` (Git's top level, or else the `-C` folder); `cwd` lies in it. It
    remembers what it was asked for."""

    def __init__(self, root: Path, cwd: Path) -> None:
        self._root = os.path.realpath(root)
        self.root = Path(self._root)
        base = os.path.relpath(os.path.realpath(cwd), self._root).replace(os.sep, "/")
        if base == ".." or base.startswith("../"):
            raise ValueError("the working folder lies outside the root")
        self.base = "" if base == "." else base
        self.here = visible(os.path.realpath(cwd))
        self._folders: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._asked: set[str] = set()

    @property
    def files_read(self) -> FilesRead:
        """What was read so far, or looked for."""
        return FilesRead(frozenset(self._asked))

    def typed(self, path: str) -> str:
        if not path.isprintable():
            raise FileError(msg("holds a character that no path should have"))
        full = os.path.normpath(os.path.join(self._root, self.base, path))
        if not self._below(full):
            full = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
        if not self._below(full):
            raise outside()
        return os.path.relpath(full, self._root).replace(os.sep, "/")

    def read(self, path: str, limit: int) -> bytes:
        self._asked.add(path)
        folder, _, name = path.rpartition("/")
        try:
            full = f"{self._real_folder(folder)}/{name}"
            info = os.lstat(full)
            if stat.S_ISLNK(info.st_mode):
                full = self._real(path, strict=True)
                info = os.lstat(full)
            if full != f"{self._root}/{path}":
                self._asked |= {os.path.relpath(full, self._root), *self._links(path)}
            _check_kind(info.st_mode)
            handle = os.open(full, _OPEN)
            try:
                return _read(handle, limit)
            finally:
                os.close(handle)
        except FileNotFoundError:
            raise (nowhere() if self._is_link(path) else Absent(msg("does not exist"))) from None
        except (OSError, ValueError) as error:
            raise FileError(msg("cannot be read: {why}", why=reason(error))) from None

    def _links(self, path: str) -> Iterator[str]:
        """Yield the links that a path goes through, one after another; it is known to lead somewhere."""
        steps = path.split("/")
        for count in range(1, len(steps) + 1):
            link = f"{self._root}/{'/'.join(steps[:count])}"
            if os.path.islink(link):
                yield os.path.relpath(link, self._root)
                folder = os.path.realpath(os.path.dirname(link))
                onward = os.path.join(folder, os.readlink(link), *steps[count:])
                yield from self._links(os.path.relpath(onward, self._root))
                return

    def list(self, folder: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        return self.walk(folder, suffixes).files

    def walk(self, folder: str, suffixes: tuple[str, ...]) -> Walk:
        """Return what `list` gives, and what else was come by."""
        try:
            real = self._real(folder, strict=True)
            if not os.path.isdir(real):
                raise FileError(msg("is not a folder"))
            os.scandir(real).close()
        except FileNotFoundError:
            raise Absent(msg("does not exist")) from None
        except (OSError, ValueError) as error:
            raise FileError(msg("cannot be read: {why}", why=reason(error))) from None
        return self._walk(folder, real, suffixes)

    def _walk(self, top: str, real_top: str, suffixes: tuple[str, ...]) -> Walk:
        """Walk folders before links to folders, and each real folder once, so that loops end."""
        found: list[str] = []
        linked: list[str] = []
        repositories: list[str] = []
        seen = {real_top}
        folders = [(top, real_top)]
        links: list[tuple[str, str]] = []
        while folders:
            folder, real_folder = folders.pop()
            try:
                entries = list(os.scandir(real_folder))
            except OSError:
                found.append(folder)
                entries = []
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.name.startswith("."):
                    if in_git((entry.name,)):
                        repositories.append(self._relative(real_folder))
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if entry.path not in seen:
                        seen.add(entry.path)
                        folders.append((path, entry.path))
                elif entry.is_symlink() and os.path.isdir(entry.path):
                    links.append((path, entry.path))
                elif entry.name.lower().endswith(suffixes):
                    found.append(path)
                elif may_be_folder(entry.name) and entry.is_symlink() and not os.path.exists(entry.path):
                    found.append(path)
                    real = os.path.realpath(entry.path)
                    if self._below(real):
                        linked.append(self._relative(real))
            links.sort(reverse=True)
            while links and not folders:
                path, link = links.pop()
                real = os.path.realpath(link)
                if not self._below(real):
                    found.append(path)
                elif real not in seen:
                    seen.add(real)
                    folders.append((path, real))
                    linked.append(self._relative(real))
        return Walk(tuple(sorted(found)), tuple(linked), tuple(repositories))

    def _relative(self, real: str) -> str:
        return real[len(self._root) :].lstrip("/")

    def _is_link(self, path: str) -> bool:
        return os.path.islink(f"{self._root}/{path}")

    def exists(self, path: str) -> bool:
        self._asked.add(path)
        return os.path.lexists(f"{self._root}/{path}")

    def real(self, path: str) -> str | None:
        real = os.path.realpath(f"{self._root}/{path}")
        return self._relative(real) if self._below(real) else None

    def shown(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        if folder not in self._shown:
            below = posixpath.relpath(folder or ".", self.base or ".")
            self._shown[folder] = "" if below == "." else f"{below}/"
        return visible(f"{self._shown[folder]}{name}") or "."

    def _below(self, real: str) -> bool:
        return real == self._root or real.startswith(f"{self._root.rstrip('/')}/")

    def _real(self, path: str, *, strict: bool) -> str:
        real = os.path.realpath(f"{self._root}/{path}", strict=strict)
        if not self._below(real):
            raise outside()
        if in_git(real[len(self._root) :].split("/")):  # its config may hold a pipeline's credentials
            raise FileError(msg("lies in Git's own folder"))
        return real

    def _real_folder(self, folder: str) -> str:
        if folder not in self._folders:
            self._folders[folder] = self._real(folder, strict=True)
        return self._folders[folder]


def may_be_folder(name: str) -> bool:
    """Return whether a link of this name may stand for a folder; one that ends as a picture stands for an
    icon."""
    return not name.lower().endswith(_PICTURES)


def _check_kind(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), msg("something else"))
        raise FileError(
            msg("is {kind}, not a regular file", kind=kind),
            msg("name a file in it") if stat.S_ISDIR(mode) else "",
        )


def _read(handle: int, limit: int) -> bytes:
    """Return the bytes of an open file; what it is and how long it is are looked at again, in case it
    changed."""
    info = os.fstat(handle)
    _check_kind(info.st_mode)
    if info.st_size > limit:
        raise too_long(limit, info.st_size)
    data = os.read(handle, info.st_size + 1)
    while info.st_size < len(data) <= limit and (more := os.read(handle, 65536)):
        data += more  # it grew while it was read
    if len(data) > limit:
        raise too_long(limit)
    return data


def too_long(limit: int, size: int | None = None) -> TooLong:
    per, unit = (1024 * 1024, "MiB") if limit % (1024 * 1024) == 0 else (1_000_000, "MB")
    if size is None:
        return TooLong(msg("is longer than {limit} {unit}", limit=limit // per, unit=unit))
    whole, tenths = divmod(math.ceil(size * 10 / per), 10)
    has = msg("{whole}.{tenths}", whole=whole, tenths=tenths) if tenths else str(whole)
    return TooLong(
        msg("is longer than {limit} {unit}: it has {size} {unit}", limit=limit // per, unit=unit, size=has)
    )


def reason(error: OSError | ValueError) -> str:
    """Return why a file could not be read or written."""
    if isinstance(error, OSError) and error.strerror:
        return of_system(error).through(str.lower)
    return msg("no usable path")
