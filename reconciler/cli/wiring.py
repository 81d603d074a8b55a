"""Putting the parts together for one run: files, credentials, backend, state. Names the concrete ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import environment, terminal
from reconciler.cli.account import Account
from reconciler.cli.places import check_inside, find_root, sandbox_database, sandbox_folder, sandbox_state
from reconciler.cli.store import Store
from reconciler.errors import Complaint, InputError, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.backends.sinch import Client
    from reconciler.cli.base import Opened
    from reconciler.cli.clock import SystemClock
    from reconciler.cli.common import Common
    from reconciler.manifests.files import Tree, WorkTree
    from reconciler.manifests.load import Loaded
    from reconciler.model.record import State
    from reconciler.model.settings import OwnSettings, Settings
    from reconciler.planning.options import Options
    from reconciler.ports import IconFiles
    from reconciler.reports.view import Book

SANDBOX_ACCOUNT = "5519911112222"


def enter(common: Common) -> None:
    """Carry out `-C DIR`. Raises `UsageError` where there is no such folder."""
    if common.directory:
        try:
            os.chdir(common.directory)
        except OSError as error:
            raise UsageError(f"-C {common.directory}: {error.strerror}") from None
    try:
        Path.cwd()
    except OSError as error:
        raise ReconcilerError(
            f"the present folder cannot be used: {error.strerror}", "cd elsewhere"
        ) from None


def tree() -> WorkTree:
    """The work tree around the present folder."""
    from reconciler.manifests.files import WorkTree

    here = Path.cwd()
    return WorkTree(find_root(here), here)


def load(common: Common, clock: SystemClock, *, groups: bool = True, manifests: bool = True) -> Loaded:
    """Load and check all files. Raises `InputError` with every complaint at once; prints warnings.

    Without `groups` there need not be any, and no icon is looked at: for commands on what is recorded.
    Without `manifests` there need not be any either, and icons are looked at all the same.
    Of several accounts the files of the one that the run is about, which may have been read already.
    """
    read = common.only.files if common.only is not None else None
    if isinstance(read, InputError):
        raise read
    if read is not None:
        return read
    from reconciler.manifests.load import load as load_files

    loaded = load_files(
        tree(),
        config_path=config_path(common),
        today=clock.today(),
        account=_account(common),
        only=common.account_name,
        check_icons=groups,
        need_manifests=groups and manifests,
        applied_icons=partial(_applied_icons, common),
    )
    if not common.quiet:
        terminal.print_complaints(loaded.desired.warnings, common.color)
    return loaded


def load_each(
    common: Common, clock: SystemClock, names: Iterable[str], *, groups: bool = True
) -> dict[str, Loaded]:
    """The files of several accounts, by name; `groups` as for `load`. Raises `InputError` with what is wrong
    with any of them; prints what is doubtful, and what they share once."""
    loaded: dict[str, Loaded] = {}
    complaints: set[Complaint] = set()
    mistakes = False
    for name in names:
        try:
            loaded[name] = load(replace(common, quiet=True, only=Account(name)), clock, groups=groups)
            complaints |= set(loaded[name].desired.warnings)
        except InputError as error:
            complaints |= set(error.complaints)
            mistakes = True
    if mistakes:
        raise InputError(complaints)
    if not common.quiet:
        terminal.print_complaints(sorted(complaints), common.color)
    return loaded


def load_all(common: Common, clock: SystemClock) -> tuple[Loaded, ...]:
    """The files: one `Loaded`, or where there are several accounts one for each that is meant."""
    if not common.accounts:
        return (load(common, clock),)
    return tuple(load_each(common, clock, common.accounts).values())


def configured_accounts(common: Common) -> tuple[tuple[OwnSettings, ...], bool]:
    """The accounts that the configuration names, none where there is one without a name; and whether that is
    known, because nothing is wrong with the file. What is wrong is said when the files are loaded."""
    from reconciler.manifests.config import load_config

    config, complaints = load_config(tree(), config_path(common))
    return config.accounts, all(complaint.warning for complaint in complaints)


def _applied_icons(common: Common, settings: Settings) -> frozenset[str]:
    """Pictures that a state in a file says were applied; a branch is not fetched for that."""
    from reconciler.state.applied_icons import applied_icons

    account = common.account_name
    own = environment.own("STATE", account)
    place = own or settings.state
    if common.sandbox:
        return applied_icons(sandbox_state(sandbox_folder(account), account))
    if not place.startswith("file:"):
        return frozenset()
    path = (Path.cwd() if own else find_root(Path.cwd())) / place.removeprefix("file:")
    try:
        if own is None:
            check_inside(path)
    except ReconcilerError:
        return frozenset()  # said where the state is read
    return applied_icons(path)


def config_path(common: Common) -> str | None:
    """Where the configuration is, if anybody said so."""
    return common.config or environment.variable("RECONCILER_CONFIG")


def _account(common: Common) -> tuple[str, ...] | None:
    """The account that outweighs the configured one."""
    return None if common.sandbox else environment.numbers(common.account_name)


def here() -> Path:
    """The folder in which the run works."""
    return Path.cwd()


@dataclass(slots=True)
class Workspace:
    """Everything one run works with. `api` is the origin that is asked, or `sandbox`."""

    common: Common
    api: str
    clock: SystemClock
    loaded: Loaded
    icon_files: IconFiles
    client: Client
    plan_key: bytes
    store: Store
    base: Opened | None = None


@contextmanager
def workspace(
    common: Common, clock: SystemClock, *, groups: bool = True, base: str | None = None
) -> Iterator[Workspace]:
    """Load the files, then connect: nothing is called before every file is known to be right.

    `groups` as for `load`. With `base`, the name of a commit, account, state, guards and allowances are those
    of that commit.
    """
    from reconciler.backends.sinch import Connection, connect
    from reconciler.manifests.icons import ManifestIconFiles

    loaded = load(common, clock, groups=groups)
    with ExitStack() as stack:
        opened = None
        if base is not None:
            from reconciler.cli import base as bases

            opened = stack.enter_context(
                bases.opened(
                    base,
                    loaded,
                    tree(),
                    clock,
                    config_path=config_path(common),
                    account=_account(common),
                    only=common.account_name,
                )
            )
            loaded = opened.loaded
        if common.sandbox:
            loaded = replace(
                loaded, settings=replace(loaded.settings, account=_sandbox_account(loaded.settings))
            )
        api = stack.enter_context(open_api(common, loaded.settings))
        for warning in api.warnings:
            terminal.say(f"Warning: {warning}")
        settings = loaded.settings.api
        client = connect(
            Connection(
                base_url=api.base_url,
                username=api.credentials.username,
                token=api.credentials.token,
                timeout=settings.timeout,
                concurrency=max(settings.concurrency, settings.write_concurrency),
                rate=settings.rate,
                retries=settings.retries,
            ),
            clock,
        )
        try:
            yield Workspace(
                common=common,
                api=api.label,
                clock=clock,
                loaded=loaded,
                icon_files=ManifestIconFiles(tree()),
                client=client,
                plan_key=environment.plan_key(api.credentials.token, common.account_name),
                store=Store.of(common, loaded, api.label),
                base=opened,
            )
        finally:
            client.close()


def reload(work: Workspace, files: Tree) -> Loaded:
    """The files as they would be: those of another tree, with the settings that the run began with. Raises
    `InputError`; no warning is printed."""
    from reconciler.manifests.load import load as load_files

    common, today = work.common, work.clock.today()
    loaded = load_files(
        files,
        config_path=config_path(common),
        today=today,
        account=_account(common),
        only=common.account_name,
    )
    return replace(loaded, settings=work.loaded.settings)


def load_again(work: Workspace) -> Loaded:
    """The files as they are now, under the lock: another run may have added to them since they were loaded.
    The settings stay those that the run began with."""
    common = work.common
    only = replace(common.only, files=None) if common.only is not None else None
    loaded = load(replace(common, quiet=True, only=only), work.clock, groups=False)
    return replace(loaded, settings=work.loaded.settings)


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is, what a state calls it (`label`), and who we are there; `warnings` are about how the
    credentials are kept."""

    base_url: str
    label: str
    credentials: environment.Credentials
    warnings: tuple[str, ...] = ()


@contextmanager
def open_api(common: Common, settings: Settings) -> Iterator[Api]:
    """The API that is meant: the embedded sandbox, or what the environment says. Raises `UsageError`,
    `CredentialsError`, and `ReconcilerError` where the sandbox cannot be started."""
    if common.sandbox:
        from reconciler.cli.embedded import startable
        from reconciler.sandbox import Options as SandboxOptions
        from reconciler.sandbox import start

        name = common.account_name
        database = sandbox_database(sandbox_folder(name), name)
        with startable():
            account = _sandbox_account(settings)[0]
            server = start(SandboxOptions(database=str(database), account=account))
        with server:
            yield Api(server.base_url, "sandbox", environment.Credentials("sandbox", "sandbox"))
        return
    base_url = environment.base_url(common.account_name)
    found, warnings = environment.credentials(common.account_name)
    yield Api(base_url, base_url, found, warnings)


def _sandbox_account(settings: Settings) -> tuple[str, ...]:
    return settings.account or (SANDBOX_ACCOUNT,)


def book(common: Common, loaded: Loaded, *, account: frozenset[str] | None = None) -> Book:
    """Who is called what in reports. `account`: its number keys, where they are not the configured ones."""
    from reconciler.reports.view import Book

    return Book(
        aliases=loaded.desired.aliases(),
        account=loaded.settings.account_keys if account is None else account,
        show_numbers=common.show_numbers,
    )


def options(
    common: Common,
    clock: SystemClock,
    *,
    allow: tuple[str, ...],
    prune: bool,
    keeps_state: bool,
) -> Options:
    """The run's wishes. Raises `UsageError` for a target that no name matches, and unknown codes."""
    from reconciler.model.settings import GUARD_CODES
    from reconciler.planning.guards import NEVER_LIFTED
    from reconciler.planning.options import Options

    known = (*(code for code in GUARD_CODES if code not in NEVER_LIFTED), "recreate")
    for code in allow:
        if code in NEVER_LIFTED:
            raise UsageError(f"--allow {code}: this objection cannot be lifted", "set `account`")
        if code not in known:
            raise UsageError(
                f"--allow {code!r:.40}: there is no such objection", f"codes: {', '.join(known)}"
            )
    return Options(
        now=clock.now(),
        today=clock.today(),
        targets=common.target,
        allow=frozenset(allow),
        prune=prune,
        keeps_state=keeps_state,
    )


def check_targets(targets: Iterable[str], names: Iterable[str], option: str = "--target ") -> None:
    """Raise `UsageError` when a `--target` matches none of the names, of manifests and in state. `option` is
    how the message calls it: "" for an argument."""
    known = tuple(names)
    for target in targets:
        if not any(fnmatchcase(name, target) for name in known):
            raise UsageError(
                f"{option}{target!r:.70} matches no manifest", "names are what `name:` in the manifests says"
            )


def names(loaded: Loaded, state: State) -> tuple[str, ...]:
    """What `--target` may mean: names of manifests and recorded ones."""
    return tuple({group.name for group in loaded.desired.groups} | set(state.groups))
