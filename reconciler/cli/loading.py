"""Reading the repository's files for one run, or for each of several accounts: which files, whose words
outweigh theirs, and what is said of what is doubtful."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.cli import environment, speaking, terminal
from reconciler.cli.collected import Account
from reconciler.cli.files import (
    SANDBOX_FOLDER,
    check_inside,
    check_writable,
    find_root,
    named_after,
    sandbox_state,
)
from reconciler.errors import Complaint, InputError, ReconcilerError, UsageError
from reconciler.language import msg, tr
from reconciler.manifests.files import FileError, FilesRead, WorkTree, spellings

if TYPE_CHECKING:
    from reconciler.cli.clock import SystemClock
    from reconciler.cli.common import Common
    from reconciler.manifests.config import Config
    from reconciler.manifests.files import Tree
    from reconciler.manifests.load import Loaded, LoadOptions
    from reconciler.manifests.tracked import Tracked
    from reconciler.model.capabilities import BackendName
    from reconciler.model.record import State
    from reconciler.model.settings import OwnSettings, Settings
    from reconciler.planning.options import Options


class WrongFiles(InputError):
    """Mistakes in files, and what was read by then."""

    def __init__(self, complaints: Iterable[Complaint], files: FilesRead) -> None:
        super().__init__(complaints)
        self.files = files


def tree() -> WorkTree:
    """The work tree around the present folder."""
    here = Path.cwd()
    return WorkTree(find_root(here), here)


def tracked(common: Common) -> Tracked:
    """What Git has of the files."""
    from reconciler.manifests.tracked import Tracked

    return Tracked(tree(), os.environ, config_path=config_path(common), only=common.account_name)


def load(
    common: Common, clock: SystemClock, *, groups: bool = True, manifests: bool = True, numbers: bool = True
) -> Loaded:
    """Load and check all files. Raises `InputError` with every complaint at once; prints warnings.

    Without `groups` there need not be any, and no icon is looked at: for commands on what is recorded.
    Without `manifests` there need not be any either, and icons are looked at all the same. Without `numbers`
    the environment is not asked for the account's.
    Of several accounts the files of the one that the run is about, which may have been read already.
    """
    read = common.only.files if common.only is not None else None
    if isinstance(read, InputError):
        raise read
    if read is not None:
        return read
    files = tree()
    options = load_options(
        common,
        clock,
        account=account_over(common) if numbers else None,
        check_icons=groups,
        need_manifests=groups and manifests,
        applied_icons=partial(_applied_icons, common),
        left_out=tracked(common).left_out,
    )
    try:
        loaded = _load(files, options)
    except InputError as error:
        raise WrongFiles(error.complaints, files.files_read) from None
    speaking.settle(loaded.config.language)
    folder = frozenset({loaded.settings.manifests})
    loaded = replace(loaded, files=replace(files.files_read, folders=folder))
    if not common.quiet:
        terminal.print_complaints(loaded.desired.warnings, common.color)
        if not common.sandbox:
            for warning in environment.number_warnings(common.account_name):
                terminal.say(tr("Warning: {warning}", warning=warning))
    return loaded


def _load(files: Tree, options: LoadOptions) -> Loaded:
    from reconciler.manifests.load import load

    return load(files, options)


def load_options(common: Common, clock: SystemClock, **more: Any) -> LoadOptions:
    """Return how files are loaded, as the command line says, and `more` of it."""
    from reconciler.manifests.load import LoadOptions

    return LoadOptions(
        config_path=config_path(common),
        today=clock.today(),
        state="file:" if common.sandbox else environment.own("STATE", common.account_name),
        only=common.account_name,
        **more,
    )


def with_committed(common: Common, loaded: Loaded, state: State, options: Options) -> Options:
    """Add to the options of a run the names that `--prune` may not act on, because the checked-out commit
    still has their manifests. Raises `ReconcilerError` where Git cannot say."""
    if not options.prune:
        return options
    from reconciler.manifests.tracked import CannotTell

    gone = state.groups.keys() - {group.name for group in loaded.desired.groups}
    try:
        return replace(options, committed=tracked(common).declared(loaded.config, frozenset(gone)))
    except CannotTell as error:
        raise ReconcilerError(
            msg(
                "--prune leaves only groups whose manifest is gone from the commit, and Git "
                "cannot say which: {why}",
                why=error.message,
            ),
            error.hint,
        ) from None


def load_each(
    common: Common, clock: SystemClock, names: Iterable[str], *, groups: bool = True, numbers: bool = True
) -> dict[str, Loaded]:
    """The files of several accounts, by name; `groups` and `numbers` as for `load`. Raises `InputError` with
    what is wrong with any of them; prints what is doubtful, and what they share once."""
    loaded: dict[str, Loaded] = {}
    complaints: set[Complaint] = set()
    wrong: list[FilesRead] = []
    for name in names:
        try:
            only = replace(common, quiet=True, only=Account(name))
            loaded[name] = load(only, clock, groups=groups, numbers=numbers)
            complaints |= set(loaded[name].desired.warnings)
        except WrongFiles as error:
            complaints |= set(error.complaints)
            wrong.append(error.files)
    if wrong:
        raise WrongFiles(complaints, FilesRead.of((*wrong, *(files.files for files in loaded.values()))))
    if not common.quiet:
        terminal.print_complaints(sorted(complaints), common.color)
    return loaded


def load_all(common: Common, clock: SystemClock) -> tuple[Loaded, ...]:
    """The files and nothing else: one `Loaded`, or where there are several accounts one for each that is
    meant."""
    if not common.accounts:
        return (load(common, clock, numbers=False),)
    return tuple(load_each(common, clock, common.accounts, numbers=False).values())


def reload(common: Common, clock: SystemClock, settings: Settings, files: Tree) -> Loaded:
    """Load the files as they would be: those of another tree, with the settings that the run began with.
    Raises `InputError`; no warning is printed."""
    return replace(_load(files, load_options(common, clock, account=account_over(common))), settings=settings)


def load_again(common: Common, clock: SystemClock, settings: Settings) -> Loaded:
    """Load the files as they are now, under the lock: another run may have added to them since they were
    loaded. The settings stay those that the run began with."""
    only = replace(common.only, files=None) if common.only is not None else None
    loaded = load(replace(common, quiet=True, only=only), clock, groups=False)
    return replace(loaded, settings=settings)


def configured_accounts(common: Common) -> tuple[tuple[OwnSettings, ...], bool]:
    """The accounts that the configuration names, none where there is one without a name; and whether that is
    known, because nothing is wrong with the file. What is wrong is said when the files are loaded."""
    from reconciler.manifests.config import load_config

    config, complaints = load_config(tree(), config_path(common))
    return config.accounts, all(complaint.warning for complaint in complaints)


def backend(common: Common) -> BackendName | None:
    """Return the service that the configuration names; None where nobody can tell for its mistakes."""
    try:
        config = configuration(common)
    except InputError:
        return None
    own = next((own for own in config.accounts if own.name == common.account_name), None)
    return config.settings.backend if own is None else own.backend


def configuration(common: Common) -> Config:
    """Return the configuration alone. Raises `InputError` for what is wrong with the file."""
    from reconciler.manifests.config import load_config

    config, complaints = load_config(tree(), config_path(common))
    if not all(complaint.warning for complaint in complaints):
        raise InputError(complaints)
    return config


def config_path(common: Common) -> str | None:
    """Return where the configuration is, if anybody said so."""
    return common.config or environment.variable("RECONCILER_CONFIG")


def account_over(common: Common) -> tuple[str, ...] | None:
    """The account that outweighs the configured one."""
    return None if common.sandbox else environment.numbers(common.account_name)


def state_file(common: Common, settings: Settings, account: str) -> Path | None:
    """Return where the state is, which may not be there yet; None where it is no file."""
    root = find_root(Path.cwd())
    if common.sandbox:
        return sandbox_state(root / SANDBOX_FOLDER, account, settings.backend)
    own = environment.own("STATE", account)
    place = own or settings.state
    if not place.startswith("file:"):
        return None
    return (Path.cwd() if own else root) / place.removeprefix("file:")


def _applied_icons(common: Common, settings: Settings) -> frozenset[str]:
    """Pictures that a state in a file says were applied; a branch is not fetched for that."""
    from reconciler.state.file import applied_icons

    path = state_file(common, settings, common.account_name)
    try:
        if path is not None and (common.sandbox or environment.own("STATE", common.account_name) is None):
            check_inside(path)
    except ReconcilerError:
        return frozenset()  # said where the state is read
    return frozenset() if path is None else applied_icons(path)


def check_outputs(common: Common, given: Sequence[str]) -> None:
    """Raise `UsageError` for an output that is a file which is read, or would be read as one: a manifest, the
    contacts, the configuration, a state, a picture; and `ReconcilerError` for one that cannot be written.
    `given` are outputs as the command line has them: `WHAT=FILE`."""
    if not given:
        return
    from reconciler.manifests.config import DEFAULT_CONFIG, DEFAULT_CONTACTS, load_config
    from reconciler.manifests.load import SUFFIXES

    files = tree()
    config, _ = load_config(files, config_path(common))
    accounts = {own.name: config.of(own.name).settings for own in config.accounts} or {"": config.settings}
    read: dict[Path, str] = {}
    for name, settings in accounts.items():
        if (state := state_file(common, settings, name)) is not None:
            read |= {
                state: msg("the state"),
                state.with_name(f"{state.name}.lock"): msg("the lock of the state"),
            }
        contacts = settings.contacts or str(Path(config.folder, DEFAULT_CONTACTS))
        read |= {files.root / path: msg("the contacts") for path in spellings(contacts)}
    with suppress(FileError):
        default = config.path or files.typed(config_path(common) or DEFAULT_CONFIG)
        read |= {files.root / path: msg("the configuration") for path in spellings(default)}
    folders = {files.root / each.manifests for each in (config.settings, *accounts.values())}
    for settings in accounts.values():
        with suppress(FileError):
            walk = files.walk(settings.manifests, SUFFIXES)
            read |= {
                Path(os.path.realpath(path)): msg("a manifest")
                for path in (files.root / each for each in walk.files)
                if path.is_symlink()
            }
            folders |= {files.root / path for path in walk.linked}
    for what in given:
        path = what.partition("=")[2]
        for name in {"", *accounts}:
            output = Path(os.path.realpath(named_after(path, name)))
            found = next((kind for each, kind in read.items() if _same(output, each)), "")
            if output.suffix.lower() in SUFFIXES and any(
                _same(around, folder) for around in output.parents for folder in folders
            ):
                found = found or msg("a manifest")
            found = found or (msg("a picture") if _is_picture(output) else "")
            if found:
                raise UsageError(
                    msg("{output} would write over {file}", output=what, file=found),
                    msg("name a file that nothing is read from"),
                )
        check_writable(path)


def _is_picture(path: Path) -> bool:
    """Whether a picture is there, whatever it is called: no report begins like one."""
    try:
        if not path.is_file():  # to open a pipe would wait for somebody at its other end
            return False
        with path.open("rb") as file:
            return file.read(8).startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
    except OSError:
        return False


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return one == Path(os.path.realpath(other))
