"""What Git has below the folder of the manifests, and the disk has not: files that ought to be read and are
not there, and names that the commit still declares.

A manifest that is missing is taken for a deleted one, and `--prune` leaves the group that it declared. So
whatever Git leaves out by itself is looked for: a sparse checkout, a submodule that is not checked out, a
link that came out as a text file, a conflict, a clone without a checkout. A file that is missing for no such
reason was deleted, by `rm` or by `git rm`.

Git is asked in the work tree of the run, in submodules, and in other clones inside of it, each by itself. The
index is asked for through `reconciler.git`, which heeds the user's `safe.directory`; nothing is fetched.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import Complaint, GitError, Location, ReconcilerError
from reconciler.git import Git, blob_id, said
from reconciler.language import msg, msg_n
from reconciler.manifests import yaml_tree
from reconciler.manifests.config import DEFAULT_CONFIG, DEFAULT_CONTACTS, Config, load_config, spelled_config
from reconciler.manifests.files import (
    Absent,
    FileError,
    GitSilent,
    Unanswered,
    Walk,
    WorkTree,
    join,
    may_be_folder,
    spellings,
)
from reconciler.manifests.gitobjects import ObjectError, Objects
from reconciler.manifests.gittree import GitTree
from reconciler.manifests.load import SUFFIXES, names_in

_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
_MAX_LINK = 4096
_MAX_FOLDERS = 500  # more than fit into a command line are asked for by asking for everything
_TOLD = 100  # files that are named one by one
_FOLDER, _LINK, _SUBMODULE = "040000", "120000", "160000"
_RULE = "not-checked-out"

_SPARSE = (
    msg("this file is in Git and not on disk: a sparse checkout leaves it out"),
    msg("`git sparse-checkout add` its folder, or `git sparse-checkout disable`"),
)
_NO_SUBMODULE = (
    msg("this is a submodule that is not checked out, and manifests may be in it"),
    msg(
        "`git submodule update --init`; in GitHub Actions give actions/checkout "
        "`submodules: true`, in GitLab CI set GIT_SUBMODULE_STRATEGY; should it go, "
        "`git rm` it"
    ),
)
_CONFLICT = (
    msg("this file is in a conflict that nobody has resolved, and not on disk"),
    msg("`git add` or `git rm` it"),
)
_TEXT = (
    msg("this link came out as a text file, so what it leads to is not read"),
    msg(
        "`git config core.symlinks true`, delete it, and `git checkout` it again; "
        "where there can be no links, put what it leads to in its place"
    ),
)
_NOTHING = (
    msg("this file is in the commit, and nothing was ever checked out here"),
    msg("`git checkout HEAD -- .`, or clone without `--no-checkout`"),
)
_FETCH = msg("in a partial clone: `git fetch --refetch --no-filter origin`; else see what `git status` says")


class CannotTell(ReconcilerError):
    """Git cannot say what it has."""


class _WrongConfig(CannotTell):
    """The configuration of the commit cannot be read, so that its folders are not known."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the index has at a path. `skipped`: it is not meant to be on disk."""

    path: str
    mode: str
    object_id: str
    skipped: bool
    conflict: bool


class Tracked:
    """The files of `tree` beside what Git has of them; `environ` is the environment that Git is started with,
    `config_path` and `only` as for `manifests.load.LoadOptions`."""

    def __init__(
        self, tree: WorkTree, environ: Mapping[str, str], *, config_path: str | None, only: str
    ) -> None:
        self._tree = tree
        self._root = tree.root
        self._environ = environ
        self._config_path = config_path
        self._only = only

    def left_out(self, config: Config) -> Iterator[Complaint]:
        """Yield complaints about what ought to be read and is not on disk; a warning where Git cannot say.
        `config` is that of the run, or of its account."""
        told = 0
        try:
            for top, folders in sorted(self._repositories(config.settings.manifests).items()):
                for path, (message, hint) in self._missing(top, folders, config):
                    told += 1
                    if told <= _TOLD:
                        yield Complaint(Location(self._tree.shown(path)), message, hint, _RULE)
        except CannotTell as error:
            message = msg("Git cannot say whether every manifest is here: {why}", why=error.message)
            yield Complaint(Location(self._tree.shown(".git")), message, error.hint, "git", warning=True)
        if told > _TOLD:
            location = Location(self._tree.shown(config.settings.manifests))
            yield Complaint(
                location,
                msg_n(
                    "{n} more files are not checked out", "{n} more files are not checked out", told - _TOLD
                ),
                msg("mend those first"),
                _RULE,
            )

    def declared(self, config: Config, names: frozenset[str]) -> frozenset[str]:
        """Return which of these names, that no manifest on disk has, the manifests of the checked-out
        commit have. Raises `CannotTell`, also where there are no names to look for."""
        folder = config.settings.manifests
        read = frozenset(self._walk(folder).files)
        found: set[str] = set()
        for top, here in self._repositories(folder).items():
            with self._head(top) as head:
                if head is None:
                    continue
                committed = config if top else self._committed(head)
                folders = here if top else here | self._folders(committed)
                others = config.others | committed.others
                if names:
                    found.update(self._declared(head, top, folders, read, others))
        return names & found

    def _missing(self, top: str, folders: set[str], config: Config) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield what is missing of one repository: paths from the root, each with why, and how to mend it."""
        yield from self._missing_of_index(top, folders, set() if top else self._beside(config))
        is_new = not os.path.exists((_git_folder(self._root / top) or Path()) / "index")
        if top and not is_new:
            return
        with self._head(top, asked=True) as head:
            if head is None:
                return
            others: set[str] = set()
            if not top:
                with suppress(_WrongConfig):  # somebody may be mending it; `--prune` has to know
                    found = self._folders(self._committed(head))
                    others = {each for each in found if not _covered(each, folders)}
            if others:
                yield from self._missing_of_index(top, others, set())
            for folder in folders | others if is_new else ():
                for path, commit in _listed(head, folder):
                    if not commit and not self._tree.exists(_join(top, path)):
                        yield _join(top, path), _NOTHING

    def _missing_of_index(
        self, top: str, folders: set[str], exact: set[str]
    ) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield what is missing of that which the index has in these folders, and at the paths `exact`."""
        told: set[str] = set()
        for entry in self._index(top, folders | exact):
            if entry.path in exact or any(_is_read(entry, folder) for folder in folders):
                why = self._why(_join(top, entry.path), entry)
                if why is not None and entry.path not in told:
                    told.add(entry.path)
                    yield _join(top, entry.path), why

    def _why(self, path: str, entry: _Entry) -> tuple[str, str] | None:
        """Return why an entry of the index is not on disk, None where it is, or was deleted."""
        full = self._root / path
        if entry.mode == _SUBMODULE:
            if _git_folder(full) is not None or not _is_empty(full):
                return None
            return _SPARSE if entry.skipped else _NO_SUBMODULE
        if not self._tree.exists(path):
            return _SPARSE if entry.skipped else _CONFLICT if entry.conflict else None
        return _TEXT if entry.mode == _LINK and self._is_text(path, entry) else None

    def _is_text(self, path: str, entry: _Entry) -> bool:
        """Return whether a file on disk holds nothing but where a link would lead."""
        try:
            if not stat.S_ISREG((self._root / path).lstat().st_mode):
                return False
            data = self._tree.read(path, _MAX_LINK)
        except (OSError, FileError):
            return False
        return entry.object_id in (
            blob_id(each, len(entry.object_id)) for each in (data, data.rstrip(b"\r\n"))
        )

    def _beside(self, config: Config) -> set[str]:
        """Return where configuration and contacts may be, and the folders around that of the manifests
        where that is not there: a submodule, or a link, may stand in its way."""
        found = {*spellings(config.settings.contacts or join(config.folder, DEFAULT_CONTACTS))}
        with suppress(FileError):  # said where it is read
            found |= {*spellings(config.path or self._tree.typed(self._config_path or DEFAULT_CONFIG))}
        folder = config.settings.manifests
        if not self._tree.exists(folder):
            parts = folder.split("/")
            found |= {"/".join(parts[:count]) for count in range(1, len(parts))}
        return found

    def _repositories(self, folder: str) -> dict[str, set[str]]:
        """Return the repositories that hold what is read of a folder: the path of each from the root, with
        the folders in it that are read."""
        walk = self._walk(folder)
        real = self._tree.real(folder)
        places = {folder, *walk.linked, *walk.repositories} | ({real} if real is not None else set())
        found: dict[str, set[str]] = {} if _git_folder(self._root) is None else {"": set()}
        for place in places:
            top: str | None = place if place == real or place != folder else _parent(place)
            while top is not None and _git_folder(self._root / top) is None:
                top = _parent(top) if top else None
            if top is not None:
                found.setdefault(top, set()).add(place[len(top) :].lstrip("/"))
        return found

    def _walk(self, folder: str) -> Walk:
        try:
            return self._tree.walk(folder, SUFFIXES)
        except FileError:  # said where it is read
            return Walk((), (), ())

    def _committed(self, head: GitTree) -> Config:
        """Return the commit's own configuration, whose folders can be looked into. Raises `Unanswered`
        where that, or the file, cannot be told."""
        path = spelled_config(head, self._config_path)
        for each in spellings(head.typed(path or DEFAULT_CONFIG)):
            head.check(each)
        config, complaints = load_config(head, path)
        if not config.whole:
            raise _WrongConfig(
                msg(
                    "the configuration of the commit has mistakes: {mistake}",
                    mistake=str(next(iter(complaints), "")),
                ),
                msg("commit one that is right"),
            )
        for folder in self._folders(config):
            head.check(folder)
        return config

    def _folders(self, config: Config) -> set[str]:
        """Return the folders of manifests that a configuration names for the account; all, where it has no
        such."""
        own = [each for each in config.accounts if each.name == self._only] or config.accounts
        return {each.manifests for each in own} or {config.settings.manifests}

    def _declared(
        self, head: GitTree, top: str, folders: set[str], read: frozenset[str], others: frozenset[str]
    ) -> Iterator[str]:
        """Yield the names that manifests of a commit declare, but for those in files that are on disk as
        they are in the commit, and were `read`. `others` are no manifests."""
        for folder in folders:
            submodule = head.submodule(folder)
            found = [submodule] if submodule is not None else _listed(head, folder)
            for path, commit in found:
                full = _join(top, path)
                if commit:
                    full = _join(top, head.real(path) or path)
                    rest = folder[len(path) :].lstrip("/") if submodule is not None else ""
                    if _git_folder(self._root / full) is None:
                        raise CannotTell(
                            msg(
                                "the commit has a submodule that is not checked out, {path}",
                                path=self._tree.shown(full),
                            ),
                            msg("check it out, or commit that it is gone"),
                        )
                    with self._head(full, commit) as inner:
                        if inner is not None:
                            yield from self._declared(inner, full, {rest}, read, others)
                elif full not in others:
                    yield from self._names(head, path, full if full in read else None)

    def _names(self, head: GitTree, path: str, on_disk: str | None) -> frozenset[str]:
        """Return the names that a file of a commit declares, none where the file on disk is the same."""
        names = None
        try:
            if on_disk is not None and self._same(on_disk, head.blob(path)):
                return frozenset()
            names = names_in(head.read(path, yaml_tree.MAX_BYTES), path)
        except Absent:  # a link to what is not in the commit
            return frozenset()
        except Unanswered:
            raise
        except FileError:
            names = None
        if names is None:
            raise CannotTell(
                msg("nobody can tell which groups {path} declares in the commit", path=head.shown(path)),
                msg("commit one that is right, or its deletion"),
            )
        return names

    def _same(self, path: str, object_id: str) -> bool:
        try:
            return blob_id(self._tree.read(path, yaml_tree.MAX_BYTES), len(object_id)) == object_id
        except FileError:
            return False

    @contextmanager
    def _head(self, top: str, commit: str | None = None, *, asked: bool = False) -> Iterator[GitTree | None]:
        """Give the files of the commit that is checked out in a repository, or of another; None where
        there is none yet. `asked`: it is known that Git answers there. Raises `CannotTell`, also for what
        the files raise."""
        root = self._root / top
        if not asked:
            self._ask(top, "rev-parse", "--git-dir")
        try:
            with Objects(root) as objects:
                commit = commit or objects.head()
                yield (
                    None
                    if commit is None
                    else GitTree(objects, commit, self._tree if not top else WorkTree(root, root))
                )
        except (GitError, Unanswered) as error:
            of_a_part = isinstance(error, ObjectError | Unanswered) and not isinstance(error, GitSilent)
            message = msg("a part of the commit {why}", why=error.message) if of_a_part else error.message
            raise CannotTell(message, error.hint or _FETCH) from None

    def _index(self, top: str, paths: set[str]) -> Iterator[_Entry]:
        """Yield what the index has below these paths, but for files that are plainly to be on disk."""
        wanted = sorted(paths) if "" not in paths and len(paths) <= _MAX_FOLDERS else []
        literal = [f":(top,literal){path}" for path in wanted] or [":/"]
        command = ("ls-files", "-z", "-t", "--stage", "--full-name")
        try:
            lines = self._ask(top, *command, "--", *literal)
        except CannotTell as error:
            # A sparse index has a folder that is left out as one entry. Where its tree is not in this clone,
            # which files those are cannot be told; that they are left out can.
            try:
                lines = self._ask(top, *command, "--sparse", "--", *literal)
            except CannotTell:
                raise error from None
        for line in lines.split(b"\0"):
            if line.startswith(b"H 100") or not line:
                continue
            about, _, path = line.partition(b"\t")
            tag, mode, object_id, _ = about.decode("ascii").split(" ")
            yield _Entry(os.fsdecode(path).rstrip("/"), mode, object_id, tag == "S", tag == "M")

    def _ask(self, top: str, *arguments: str) -> bytes:
        """Return what Git prints, asked at the top level of a repository. Raises `CannotTell`."""
        root = self._root / top
        try:
            ended = Git(root, self._environ).run(*arguments, environ=_OFFLINE)
        except GitError as error:
            raise CannotTell(error.message, error.hint) from None
        if ended.code == 0 and "error: " not in ended.err:  # it goes on without a folder that it cannot read
            return ended.out
        hint = _FETCH
        if "safe.directory" in ended.err:
            hint = msg("`git config --global --add safe.directory {folder}`", folder=root)
        elif "not a git repository" in ended.err:
            hint = msg(
                "`.git` leads to a repository that is not here: bring it as well, or delete the `.git`"
            )
        raise CannotTell(said(ended.err), hint)


def _listed(head: GitTree, folder: str) -> Iterator[tuple[str, str]]:
    """Yield what `GitTree.walk` gives; nothing where the commit has no such folder."""
    try:
        yield from head.walk(folder, SUFFIXES)
    except Unanswered:
        raise
    except FileError:
        return


def _is_read(entry: _Entry, folder: str) -> bool:
    """Return whether an entry of the index would be read, or lead to what would be, were it on disk."""
    if not _covered(entry.path, {folder}):
        return False
    below = entry.path[len(folder) :].lstrip("/")
    if any(part.startswith(".") for part in below.split("/")):
        return False
    if entry.mode == _LINK:
        return may_be_folder(entry.path)
    return entry.mode in (_SUBMODULE, _FOLDER) or entry.path.lower().endswith(SUFFIXES)


def _covered(path: str, folders: set[str]) -> bool:
    return any(not folder or path == folder or path.startswith(f"{folder}/") for folder in folders)


def _git_folder(top: Path) -> Path | None:
    """Return where the repository of a top level is; None where there is none, as Git sees it: an empty
    `.git` is nothing. A `.git` that leads elsewhere is something, be it there or not, and so is one that
    may not be looked into: Git is asked, and says so."""
    here = top / ".git"
    if not os.path.lexists(here):
        return None
    try:
        if here.is_dir():
            os.lstat(here / "HEAD")
            return here
        if not here.is_file():
            return None
        text = here.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError:
        return here
    return top / text.removeprefix("gitdir:").strip()


def _is_empty(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True
    except OSError:  # said where it is read
        return False


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _join(top: str, path: str) -> str:
    return f"{top}/{path}" if top and path else top or path
