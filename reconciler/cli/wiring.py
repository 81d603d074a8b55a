"""Putting the parts together for one run: files, credentials, backend, state. Names the concrete ones."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import environment, terminal
from reconciler.cli.clock import SystemClock
from reconciler.cli.common import Common
from reconciler.cli.places import check_inside, find_root
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.record import State

if TYPE_CHECKING:
    from reconciler.backends.sinch import Client
    from reconciler.manifests.files import WorkTree
    from reconciler.manifests.load import Loaded
    from reconciler.planning.options import Options
    from reconciler.ports import IconFiles, Journal
    from reconciler.reports.view import Book

SANDBOX_FOLDER = Path(".reconciler")
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


def load(common: Common, clock: SystemClock, *, groups: bool = True) -> Loaded:
    """Load and check all files. Raises `InputError` with every complaint at once; prints warnings.

    Without `groups` there need not be any, and no icon is looked at: for commands on what is recorded.
    """
    from reconciler.manifests.load import load as load_files

    loaded = load_files(
        tree(),
        config_path=common.config or environment.variable("RECONCILER_CONFIG"),
        today=clock.today(),
        account=None if common.sandbox else environment.accounts(),
        check_icons=groups,
        need_manifests=groups,
    )
    if not common.quiet:
        terminal.print_complaints(loaded.desired.warnings, common.color)
    return loaded


@dataclass(slots=True)
class Workspace:
    """Everything one run works with."""

    common: Common
    clock: SystemClock
    loaded: Loaded
    icon_files: IconFiles
    client: Client
    plan_key: bytes
    store: Store


@contextmanager
def workspace(common: Common, clock: SystemClock) -> Iterator[Workspace]:
    """Load the files, then connect: nothing is called before every file is known to be right."""
    from reconciler.backends.sinch import Connection, connect
    from reconciler.manifests.icons import ManifestIconFiles

    loaded = load(common, clock)
    if common.sandbox:
        loaded = replace(loaded, settings=replace(loaded.settings, account=_sandbox_account(loaded)))
    with _api(common, loaded) as api:
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
                clock=clock,
                loaded=loaded,
                icon_files=ManifestIconFiles(tree()),
                client=client,
                plan_key=environment.plan_key(api.credentials.token),
                store=Store.of(common, loaded, api.label),
            )
        finally:
            client.close()


@dataclass(frozen=True, slots=True)
class _Api:
    base_url: str
    label: str
    credentials: environment.Credentials


@contextmanager
def _api(common: Common, loaded: Loaded) -> Iterator[_Api]:
    """The API that is meant: the embedded sandbox, or what the environment says."""
    if common.sandbox:
        from reconciler.cli.embedded import startable
        from reconciler.sandbox import Options as SandboxOptions
        from reconciler.sandbox import start

        database = sandbox_folder() / "sandbox.sqlite3"
        with startable():
            server = start(SandboxOptions(database=str(database), account=loaded.settings.account[0]))
        with server:
            yield _Api(server.base_url, "sandbox", environment.Credentials("sandbox", "sandbox"))
        return
    base_url = environment.base_url()
    found, warnings = environment.credentials()
    for warning in warnings:
        terminal.say(f"Warning: {warning}")
    yield _Api(base_url, base_url, found)


def _sandbox_account(loaded: Loaded) -> tuple[str, ...]:
    return loaded.settings.account or (SANDBOX_ACCOUNT,)


def sandbox_folder() -> Path:
    """Where the sandbox keeps its groups and its state; nobody means to commit that."""
    folder = find_root(Path.cwd()) / SANDBOX_FOLDER
    for name in ("sandbox.sqlite3", "sandbox-state.json"):
        check_inside(folder / name)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ReconcilerError(
            f"the sandbox cannot keep its groups in {folder.name}: {error.strerror}"
        ) from None
    return folder


class Store:
    """Where a run reads and writes its state: a file, or nowhere."""

    def __init__(self, path: Path | None, display: str, base_url: str) -> None:
        self._path = path
        self._base_url = base_url
        self.display = display

    @classmethod
    def of(cls, common: Common, loaded: Loaded, label: str) -> Store:
        """The store that `--sandbox`, RECONCILER_STATE or the configuration names, in that order."""
        if common.sandbox:
            path = sandbox_folder() / "sandbox-state.json"
            return cls(path, f"{SANDBOX_FOLDER}/{path.name}", label)
        own = environment.variable("RECONCILER_STATE")
        base = Path.cwd() if own else find_root(Path.cwd())
        place = own or loaded.settings.state
        if place == "none":
            return cls(None, "none", label)
        scheme, colon, name = place.partition(":")
        if scheme != "file" or not colon or not name:
            raise UsageError(
                f"state {place!r:.40} is not supported", "use file:PATH (.reconciler/state.json), or none"
            )
        if own is None:
            check_inside(base / name)
        return cls(base / name, name, label)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept: False with `state: none`."""
        return self._path is not None

    def read(self) -> State:
        """What is recorded, without a lock; warns of what is doubtful."""
        if self._path is None:
            return State(base_url=self._base_url)
        store = self._file(self._path)
        state = store.read()
        for warning in store.warnings:
            terminal.say(f"Warning: {warning}")
        self.warn_if_new()
        return state

    def warn_if_new(self) -> None:
        """A pipeline whose state is not there yet may have lost it: say so."""
        if self._path is None:
            return
        if terminal.in_ci() and not self._path.exists() and self._base_url != "sandbox":
            terminal.say(
                f"Warning: there is no state yet at {self.display}. In a pipeline, keep it between runs, or "
                "use state: none."
            )

    def lock(self, timeout: float, clock: SystemClock) -> AbstractContextManager[Journal]:
        """A journal that nobody else writes at the same time. Raises `LockedError`."""
        if self._path is None:
            from reconciler.state.memory import MemoryJournal

            return nullcontext(MemoryJournal(State(base_url=self._base_url)))
        return self._file(self._path).lock(timeout=timeout, clock=clock, holder=_holder())

    def _file(self, path: Path) -> FileStore:
        from reconciler.state.file import FileStore

        return FileStore(path, self._base_url, self.display, commit=_commit())


if TYPE_CHECKING:
    from reconciler.state.file import FileStore


def _holder() -> str:
    """Who holds a lock, for those who wait: the pipeline's job where there is one, else the user."""
    job = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_JOB_URL") or os.environ.get("CI_JOB_ID")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    who = f"job {job}" if job else f"{user}@{socket.gethostname()}"
    return f"{who} (process {os.getpid()})"


def _commit() -> str | None:
    """The commit of the manifests, as the pipeline says or as Git's files say; None where nobody knows."""
    for name in ("GITHUB_SHA", "CI_COMMIT_SHA"):
        if os.environ.get(name):
            return os.environ[name]
    folder = find_root(Path.cwd()) / ".git"
    try:
        head = (folder / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head or None
        return (folder / head.removeprefix("ref: ")).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def book(common: Common, loaded: Loaded) -> Book:
    """Who is called what in reports."""
    from reconciler.reports.view import Book

    return Book(
        aliases=loaded.desired.aliases(),
        account=loaded.settings.account_keys,
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


def check_targets(wanted: Options, loaded: Loaded, state: State) -> None:
    """Raise `UsageError` when a `--target` matches neither a manifest nor a recorded name."""
    names = {group.name for group in loaded.desired.groups} | set(state.groups)
    for target in wanted.targets:
        one = replace(wanted, targets=(target,))
        if not any(one.wants(name) for name in names):
            raise UsageError(
                f"--target {target!r:.70} matches no manifest", "names are what `name:` in the manifests says"
            )
