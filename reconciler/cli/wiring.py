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
from reconciler.cli.clock import SystemClock
from reconciler.cli.common import Common
from reconciler.cli.places import check_inside, find_root, sandbox_folder
from reconciler.cli.store import Store
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.record import State

if TYPE_CHECKING:
    from reconciler.backends.sinch import Client
    from reconciler.cli.base import Opened
    from reconciler.manifests.files import Tree, WorkTree
    from reconciler.manifests.load import Loaded
    from reconciler.model.settings import Settings
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
    """
    from reconciler.manifests.load import load as load_files

    loaded = load_files(
        tree(),
        config_path=_config_path(common),
        today=clock.today(),
        account=_account(common),
        check_icons=groups,
        need_manifests=groups and manifests,
        applied_icons=partial(_applied_icons, common),
    )
    if not common.quiet:
        terminal.print_complaints(loaded.desired.warnings, common.color)
    return loaded


def _applied_icons(common: Common, settings: Settings) -> frozenset[str]:
    """Pictures that a state in a file says were applied; a branch is not fetched for that."""
    from reconciler.state.applied_icons import applied_icons

    own = environment.variable("RECONCILER_STATE")
    place = own or settings.state
    if common.sandbox:
        return applied_icons(sandbox_folder() / "sandbox-state.json")
    if not place.startswith("file:"):
        return frozenset()
    path = (Path.cwd() if own else find_root(Path.cwd())) / place.removeprefix("file:")
    try:
        if own is None:
            check_inside(path)
    except ReconcilerError:
        return frozenset()  # said where the state is read
    return applied_icons(path)


def _config_path(common: Common) -> str | None:
    return common.config or environment.variable("RECONCILER_CONFIG")


def _account(common: Common) -> tuple[str, ...] | None:
    """The account that outweighs the configured one."""
    return None if common.sandbox else environment.accounts()


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
                    config_path=_config_path(common),
                    account=_account(common),
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
                plan_key=environment.plan_key(api.credentials.token),
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
    loaded = load_files(files, config_path=_config_path(common), today=today, account=_account(common))
    return replace(loaded, settings=work.loaded.settings)


def load_again(work: Workspace) -> Loaded:
    """The files as they are now, under the lock: another run may have added to them since they were loaded.
    The settings stay those that the run began with."""
    loaded = load(replace(work.common, quiet=True), work.clock, groups=False)
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

        database = sandbox_folder() / "sandbox.sqlite3"
        with startable():
            account = _sandbox_account(settings)[0]
            server = start(SandboxOptions(database=str(database), account=account))
        with server:
            yield Api(server.base_url, "sandbox", environment.Credentials("sandbox", "sandbox"))
        return
    base_url = environment.base_url()
    found, warnings = environment.credentials()
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
