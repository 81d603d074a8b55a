"""The base of a change, for `plan --base REF`: its files, its settings, and its state where that is one of
them. Names the concrete reader of Git."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.files import find_root
from reconciler.errors import InputError, ReconcilerError
from reconciler.language import msg, msg_n
from reconciler.manifests.config import Config, load_config, spelled_config
from reconciler.manifests.files import FileError
from reconciler.manifests.gitobjects import Objects
from reconciler.manifests.gittree import GitTree
from reconciler.manifests.icons import ManifestIconFiles
from reconciler.manifests.load import Loaded, LoadOptions, load
from reconciler.model.settings import GuardSettings
from reconciler.operations.base import BaseFiles, under_settings_of
from reconciler.planning.attribution import changed_settings

if TYPE_CHECKING:
    from reconciler.manifests.files import WorkTree

_MANY = 3  # mistakes of the base that are told one by one
_MAX_STATE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Opened:
    """A base whose files can be read. `head` is what HEAD has committed."""

    files: BaseFiles
    loaded: Loaded
    tree: GitTree
    head: GitTree

    def committed(self, path: str) -> bytes | None:
        """The file at a path below the root as the base has it; None where no commit has it, so that the one
        on disk is part of no change. Empty where only this change has it: it may not choose its own state.

        Raises `ReconcilerError` where there is something else than a file, a link out of the repository
        included, or where Git cannot say.
        """
        try:
            if self.tree.exists(path):
                return self.tree.read(path, _MAX_STATE)
            return b"" if self.head.exists(path) else None
        except FileError as error:
            raise ReconcilerError(
                msg(
                    "the state {path} at {ref} {why}",
                    path=self.tree.shown(path),
                    ref=self.files.ref,
                    why=error.message,
                ),
                error.hint,
            ) from None


@contextmanager
def opened(ref: str, loaded: Loaded, work: WorkTree, options: LoadOptions) -> Iterator[Opened]:
    """The base that `ref` names, and `loaded` under its settings.

    `options` say which configuration it is, and whose account. Raises `UsageError` for what is no name of a
    commit, and `ReconcilerError` where there is no such commit; a base whose files are wrong is no error.
    """
    with Objects(find_root(Path.cwd())) as objects:
        commit = objects.commit(ref)
        head = objects.commit("HEAD")
        tree = GitTree(objects, commit, work)
        base, config, problem = _loaded(tree, options)
        warnings = []
        if objects.lacks(commit, head):
            warnings.append(
                msg(
                    "{ref} has commits that are not checked out: what they changed shows as if "
                    "this change took it back. Merge or rebase first, or plan the merge commit",
                    ref=ref,
                )
            )
        settings = loaded.settings
        if config is None:
            # Whoever broke the base had that merged; the strictest limits hold until it is mended.
            settings = replace(settings, guards=GuardSettings(), allow=())
            warnings.append(
                msg(
                    "account, backend and state are this change's, guards are the defaults, "
                    "nothing is allowed"
                )
            )
        else:
            only, account = options.only, options.account
            is_new = bool(only) and only not in {own.name for own in config.accounts}
            if is_new or (config.path is None and base is not None and not base.desired.groups):
                # Nothing at the base is at any service yet.
                config = replace(config, settings=config.at(settings.backend))
            if is_new:
                warnings.append(
                    msg(
                        "{ref} has no account {account}: its number and its state are not this "
                        "change's to say",
                        ref=ref,
                        account=only,
                    )
                )
            if only:
                config = config.of(only)
            settings = config.settings if account is None else replace(config.settings, account=account)
        changed = changed_settings(settings, loaded.settings, base.desired if base else None, loaded.desired)
        files = BaseFiles(
            ref=ref,
            commit=commit,
            desired=base.desired if base else None,
            icon_files=ManifestIconFiles(tree),
            settings=changed,
            problem=problem,
            warnings=tuple(warnings),
        )
        yield Opened(files, under_settings_of(loaded, settings), tree, GitTree(objects, head, work))


def _loaded(tree: GitTree, options: LoadOptions) -> tuple[Loaded | None, Config | None, str]:
    """The files of the base and its configuration, each None where it cannot be used, and why."""
    config_path = spelled_config(tree, options.config_path)
    config, complaints = load_config(tree, config_path)
    usable = config.whole and all(complaint.warning for complaint in complaints)
    try:
        found = load(tree, replace(options, config_path=config_path, need_manifests=False))
    except InputError as error:
        mistakes = [complaint for complaint in error.complaints if not complaint.warning]
        told = [str(mistake) for mistake in mistakes[:_MANY]]
        if more := len(mistakes[_MANY:]):
            told.append(msg_n("… and {n} more", "… and {n} more", more))
        all_told = reduce(lambda before, one: msg("{before}; {one}", before=before, one=one), told)
        problem = msg(
            "its files are wrong, so everything counts as this change's: {mistakes}", mistakes=all_told
        )
        return None, config if usable else None, problem
    return found, config, ""
