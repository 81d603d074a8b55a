"""Putting the parts together for one run: files, credentials, backend, state. Names the concrete ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from reconciler.cli import checkout, environment, loading, terminal
from reconciler.cli.clock import SystemClock
from reconciler.cli.files import sandbox_database, sandbox_folder
from reconciler.cli.store import Store, label
from reconciler.errors import ReconcilerError, UsageError
from reconciler.language import msg, of_system, tr
from reconciler.manifests.complaints import guessed
from reconciler.manifests.icons import ManifestIconFiles
from reconciler.model.group import is_name
from reconciler.operations.session import with_session
from reconciler.planning.guards import LIFTABLE, NEVER_LIFTED
from reconciler.planning.options import Options
from reconciler.ports import ReadPorts, WritePorts
from reconciler.report.redact import Redactor

if TYPE_CHECKING:
    from reconciler.backends.service import Client
    from reconciler.cli.base import Opened
    from reconciler.cli.common import Common
    from reconciler.manifests.load import Loaded
    from reconciler.model.capabilities import BackendName
    from reconciler.model.record import State
    from reconciler.model.settings import ApiSettings, Settings
    from reconciler.ports import IconFiles, Journal, Workers


SANDBOX_ACCOUNT = "5519911112222"


def enter(common: Common) -> None:
    """Carry out `-C DIR`. Raises `UsageError` where there is no such folder."""
    if common.directory:
        try:
            os.chdir(common.directory)
        except OSError as error:
            raise UsageError(
                msg("-C {folder}: {why}", folder=common.directory, why=of_system(error))
            ) from None
    try:
        os.stat(f"{os.getcwd()}/.")  # by its full path, as files are opened: a folder above counts as well
    except OSError as error:
        raise ReconcilerError(
            msg("the present folder cannot be used: {why}", why=of_system(error)),
            msg("cd elsewhere, or run as the user whom it belongs to"),
        ) from None


def here() -> Path:
    """The folder in which the run works."""
    return Path.cwd()


@dataclass(slots=True, kw_only=True)
class Offline:
    """What a run works with that makes no call and needs no credentials."""

    common: Common
    clock: SystemClock
    loaded: Loaded
    store: Store

    def options(self, *, allow: tuple[str, ...] = (), prune: bool = False) -> Options:
        """Return the run's options. Raises `UsageError` for unknown codes."""
        for code in allow:
            if code in NEVER_LIFTED:
                raise UsageError(
                    msg("--allow {code}: this objection cannot be lifted", code=code), msg("set `account`")
                )
            if code not in LIFTABLE:
                raise UsageError(
                    msg("--allow {code!r:.40}: there is no such objection", code=code),
                    guessed(code, LIFTABLE, msg("codes: {codes}", codes=", ".join(LIFTABLE))),
                )
        return Options(
            now=self.clock.now(),
            today=self.clock.today(),
            targets=self.common.target,
            allow=frozenset(allow),
            prune=prune,
            keeps_state=self.store.keeps,
        )

    def placed(self, options: Options, state: State, *, applying: bool = False) -> Options:
        """Add to the options what Git knows of the files, and what `--prune` may therefore not act on; see
        `Store.placed` and `loading.with_committed`."""
        options = self.store.placed(options, state, applying=applying)
        return loading.with_committed(self.common, self.loaded, state, options)

    def check_targets(self, state: State | None = None, *, option: str = "--target ") -> None:
        """Raise `UsageError` when a target matches no name of a manifest, nor one that `state` records."""
        recorded = state.groups if state is not None else ()
        names = {*(group.name for group in self.loaded.desired.groups), *recorded}
        check_targets(self.common.target, names, option)

    def redactor(self, *, account: frozenset[str] | None = None) -> Redactor:
        """Return what names people in reports. `account`: its number keys, where they are not the configured
        ones."""
        return redactor(self.common, self.loaded, account=account)


def offline(common: Common) -> Offline:
    """Load the files, without their icons, and find the store, which may be none. Raises `InputError`."""
    clock = SystemClock()
    loaded = loading.load(common, clock, groups=False)
    return Offline(
        common=common,
        clock=clock,
        loaded=loaded,
        store=Store.of(common, loaded, label(common, loaded.settings.backend)),
    )


@dataclass(slots=True, kw_only=True)
class Workspace(Offline):
    """Everything one run works with. `api` is the origin that is asked, or `sandbox`."""

    api: str
    icon_files: IconFiles
    client: Client
    plan_key: bytes
    workers: Workers
    base: Opened | None = None

    @property
    def pages(self) -> str | None:
        """Where the pages are of the sandbox that answered: "" for the embedded one, which ends with the run;
        None where the API is no sandbox."""
        if self.common.sandbox:
            return ""
        base = environment.base(self.common.account_name, self.loaded.settings.backend)
        return base.origin if self.client.is_sandbox and base.is_local_http else None

    def read_ports(self, meanwhile: Callable[[], None] | None = None) -> ReadPorts:
        """What the run reads with; `meanwhile` as `ReadPorts` says."""
        return ReadPorts(
            reader=self.client.reader,
            icon_files=self.icon_files,
            clock=self.clock,
            progress=terminal.progress(self.common.quiet),
            workers=self.workers,
            meanwhile=meanwhile,
        )

    def write_ports(self, journal: Journal, meanwhile: Callable[[], None] | None = None) -> WritePorts:
        """What the run changes groups with: every request that writes asks first whether `journal` permits
        it."""
        return WritePorts(
            reader=self.client.reader,
            icon_files=self.icon_files,
            clock=self.clock,
            progress=terminal.progress(self.common.quiet),
            workers=self.workers,
            meanwhile=meanwhile,
            writer=self.client.writer_under(journal.check),
            journal=journal,
        )


@contextmanager
def workspace(
    common: Common,
    clock: SystemClock,
    *,
    groups: bool = True,
    base: str | None = None,
    committed: bool = False,
) -> Iterator[Workspace]:
    """Load the files, then connect: nothing is called before every file is known to be right.

    `groups` as for `loading.load`. With `base`, the name of a commit, account, state, guards and allowances
    are those of that commit. `committed`: it will be asked whether the files are, and is looked at meanwhile.
    """
    from reconciler.workers import THREADS

    loaded = loading.load(common, clock, groups=groups)
    read = checkout.Files(loaded.files)
    if committed:
        read.look()
    with ExitStack() as stack:
        opened = None
        if base is not None:
            from reconciler.cli import base as bases

            options = loading.load_options(common, clock, account=loading.account_over(common))
            opened = stack.enter_context(bases.opened(base, loaded, loading.tree(), options))
            loaded = opened.loaded
        if common.sandbox:
            loaded = replace(
                loaded, settings=replace(loaded.settings, account=sandbox_account(loaded.settings.account))
            )
        api = stack.enter_context(open_api(common, loaded.settings))
        for warning in api.warnings:
            terminal.say(tr("Warning: {warning}", warning=warning))
        client = api.connect(loaded.settings.api, clock, terminal.progress(common.quiet).tell)
        try:
            own = with_session(loaded.settings, client.reader.session())
            loaded = replace(loaded, settings=own)
            yield Workspace(
                common=common,
                api=api.label,
                clock=clock,
                loaded=loaded,
                icon_files=ManifestIconFiles(loading.tree()),
                client=client,
                workers=THREADS,
                plan_key=environment.plan_key(api.credentials.token, common.account_name),
                store=Store.of(common, loaded, api.label, read),
                base=opened,
            )
        finally:
            client.close()


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is, which service speaks there, what a state calls it (`label`), and who we are there;
    `warnings` are about how the credentials are kept. `message_pause` as `InviteSettings.pause`."""

    base_url: str
    label: str
    credentials: environment.Credentials
    backend: BackendName
    message_pause: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()

    def connect(self, settings: ApiSettings, clock: SystemClock, tell: Callable[[str], None]) -> Client:
        """Return a client; nothing is sent yet. `tell` is given a sentence whenever all calls wait. Raises
        `ReconcilerError` for a proxy or a CA bundle that cannot be used."""
        from reconciler.backends.client import Limits
        from reconciler.backends.service import Connection

        limits = Limits(
            timeout=settings.timeout,
            width=max(settings.concurrency, settings.write_concurrency),
            rate=settings.rate,
            retries=settings.retries,
        )
        connection = Connection(
            base_url=self.base_url,
            username=self.credentials.username,
            token=self.credentials.token,
            limits=limits,
            private=environment.allows_http(),
            write_pause=settings.write_pause,
            message_pause=self.message_pause,
        )
        match self.backend:
            case "sinch":
                from reconciler.backends.sinch import connect
            case "waha":
                from reconciler.backends.waha import connect
            case "evolution":
                from reconciler.backends.evolution import connect
            case _:
                assert_never(self.backend)
        return connect(connection, clock, tell)


@contextmanager
def open_api(common: Common, settings: Settings) -> Iterator[Api]:
    """The API that is meant: the embedded sandbox, or what the environment says. Raises `UsageError`,
    `CredentialsError`, and `ReconcilerError` where the sandbox cannot be started."""
    api = partial(Api, backend=settings.backend, message_pause=settings.invites.pause)
    if common.sandbox:
        from reconciler.sandbox import Options as SandboxOptions
        from reconciler.sandbox import start

        name = common.account_name
        database = sandbox_database(sandbox_folder(name), name)
        with startable():
            account = sandbox_account(settings.account)[0]
            server = start(SandboxOptions(database=str(database), account=account))
        with server:
            yield api(server.base_url, label(common), environment.Credentials("sandbox", "sandbox"))
        return
    backend = settings.backend
    base_url = environment.base_url(common.account_name, backend)
    found, warnings = environment.credentials(common.account_name, backend)
    yield api(base_url, label(common, backend), found, warnings=warnings)


def sandbox_account(configured: tuple[str, ...]) -> tuple[str, ...]:
    """Return the numbers of a sandbox's account, the present one first: the configured ones, if any."""
    return configured or (SANDBOX_ACCOUNT,)


def redactor(common: Common, loaded: Loaded | None, *, account: frozenset[str] | None = None) -> Redactor:
    """Return what names people in reports; without files it knows nobody. `account` as for `Offline`."""
    if loaded is None:
        return Redactor({}, show_numbers=common.show_numbers)
    return Redactor(
        aliases=loaded.desired.aliases(),
        account=loaded.settings.account_keys if account is None else account,
        show_numbers=common.show_numbers,
    )


def check_targets(targets: Iterable[str], names: Collection[str], option: str = "--target ") -> None:
    """Raise `UsageError` when a target matches none of the names. `option`, which the message begins with, is
    "" for an argument."""
    for target in targets:
        if not any(fnmatchcase(name, target) for name in names):
            raise UsageError(
                msg("{option}{target!r:.70} matches no manifest", option=option, target=target),
                guessed(target, names, msg("names are what `name:` in the manifests says")),
            )


def check_name(name: str) -> None:
    """Raise `UsageError` unless a manifest may have this name."""
    if not is_name(name):
        raise UsageError(
            msg("{name!r:.40} is no name", name=name), msg("a name is made of a-z, 0-9 and hyphens")
        )


# --- what can keep a sandbox from starting --------------------------------------------------------------


@contextmanager
def startable() -> Iterator[None]:
    """Around making a sandbox's options and starting it. Raises `UsageError` for a value or a file that will
    not do, and `ReconcilerError` when it is not installed or a port or a database cannot be had."""
    try:
        yield
    except ImportError:
        raise ReconcilerError(
            msg("the sandbox is not installed"), "pip install 'group-reconciler[sandbox]'"
        ) from None
    except BrokenPipeError:  # whoever read our output has gone; that is nothing of the sandbox's
        raise
    except OSError as error:
        raise ReconcilerError(
            msg("the sandbox cannot start: {why}", why=of_system(error)),
            msg("where another one is running here, stop it, or export the lines that it printed"),
        ) from None
    except ValueError as error:
        raise UsageError(msg("the sandbox cannot start: {error}", error=error.args[0])) from None
