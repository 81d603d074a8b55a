"""Where a run keeps its state, as the sandbox, the environment or the configuration says. Names the concrete
stores."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import checkout, environment, terminal
from reconciler.cli.files import (
    SANDBOX_FOLDER,
    check_inside,
    find_root,
    is_sandbox_state,
    is_there,
    sandbox_folder,
    sandbox_state,
)
from reconciler.errors import ReconcilerError, StateError, UsageError
from reconciler.language import msg, msg_n, tr
from reconciler.manifests.files import join
from reconciler.manifests.settings import default_account, git_place, spelled_out, state_mistake
from reconciler.model.capabilities import CAPABILITIES
from reconciler.model.record import State
from reconciler.model.settings import Settings
from reconciler.planning.guards import named
from reconciler.report.escape import for_terminal
from reconciler.state.owner import Owner

if TYPE_CHECKING:
    from reconciler.cli.clock import SystemClock
    from reconciler.cli.common import Common
    from reconciler.manifests.load import Loaded
    from reconciler.model.capabilities import BackendName
    from reconciler.model.settings import Settings
    from reconciler.planning.options import Checkout, Options
    from reconciler.ports import Journal, Movable
    from reconciler.state.file import FileStore
    from reconciler.state.git import GitStore

SANDBOX = "sandbox"
"""What a state calls the API where that is a sandbox: its port may be another one every day."""

SHORTEST_LEASE, LONGEST_LEASE = 1.0, 3600.0  # seconds


def label(common: Common, backend: BackendName = "sinch") -> str:
    """Return what a state calls the API that is meant: its address, or `SANDBOX`.

    That is the embedded one, and one on this machine while RECONCILER_STATE names a sandbox's own state, as
    `reconciler sandbox` prints it; configuration, which is part of a pull request, cannot say so. Raises as
    `environment.base`.
    """
    if common.sandbox:
        return SANDBOX
    base = environment.base(common.account_name, backend)
    scheme, _, path = (environment.own("STATE", common.account_name) or "").partition(":")
    own = scheme == "file" and is_sandbox_state(path) and base.is_local_http
    return SANDBOX if own else base.url


def whose(label: str, settings: Settings) -> Owner:
    """Return whose a state is; `label` as above."""
    if not CAPABILITIES[settings.backend].gateway:
        return Owner(label)
    return Owner(label, settings.backend, settings.account[0] if settings.account else None)


class LeftBehind(StateError):
    """Nothing was recorded yet where the state is, but something elsewhere. `ends`: whatever would write must
    not, where else a warning will do."""

    ends = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where a run reads and writes its state: a file (`path`), a branch (`git`), or nowhere.

    `display` names it in messages. `configured` is the path below the root, where a file of the repository
    names it. `default` is the file, relative to the root, in which the state would be if nobody said where,
    and `account` whose it is, of several. `files` are what the run has read.
    """

    display: str
    owner: Owner
    files: checkout.Files
    path: Path | None = None
    configured: str | None = None
    git: GitStore | None = None
    default: str = ""
    account: str = ""

    @classmethod
    def of(cls, common: Common, loaded: Loaded, label: str, files: checkout.Files | None = None) -> Store:
        """The store that `--sandbox`, RECONCILER_STATE or the configuration names, in that order."""
        account = common.account_name
        owner = whose(label, loaded.settings)
        files = files or checkout.Files(loaded.files)
        if common.sandbox:
            path = sandbox_state(sandbox_folder(account), account, loaded.settings.backend)
            return cls(display=f"{SANDBOX_FOLDER}/{path.name}", owner=owner, files=files, path=path)
        own = environment.own("STATE", account)
        place = own or loaded.settings.state
        mistake = state_mistake(place)
        if mistake is not None:
            variable = environment.name_of("STATE", account)
            why = msg("{variable} {value!r:.60} {why}", variable=variable, value=place, why=mistake[0])
            raise UsageError(why, mistake[1])
        if place == "none":
            return cls(display="none", owner=owner, files=files)
        default = _default_file(loaded.config.folder, account)
        make = partial(cls, owner=owner, files=files, default=default, account=account)
        if place.startswith("git:"):
            git = _git_store(place, owner, files)
            return make(display=git.display, git=git)
        name = place.removeprefix("file:")
        if own is not None:
            return make(display=name, path=Path.cwd() / name)
        path = find_root(Path.cwd()) / name
        check_inside(path)
        return make(display=name, path=path, configured=name)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept: False with `state: none`."""
        return self.path is not None or self.git is not None

    def read(self, committed: Callable[[str], bytes | None] | None = None) -> State:
        """What is recorded, without a lock; warns of what is doubtful.

        `committed` gives the file at the base of a change, by its path below the root: None where Git does
        not keep it, and nothing (`b""`) where only the change brings it.
        """
        if self.path is not None and committed is not None and self.configured:
            data = committed(self.configured)
            if data == b"":
                terminal.say(
                    tr(
                        "Warning: the state {place} is part of this change, so it is not read.",
                        place=self.display,
                    )
                )
                return self.owner.new()
            if data is not None:
                return self._file(self.path).decode(data)
        store = self._store()
        if store is None:
            return self.owner.new()
        state = store.read()
        self._warn(store)
        self._warn_of_left_behind(state)
        return state

    def inspect(self) -> tuple[State | None, tuple[str, ...]]:
        """What is recorded, None where there is nothing yet, and what is doubtful. Prints nothing. Raises
        `StateError`, also where it was moved elsewhere."""
        store = self._store()
        if store is None:
            return None, ()
        if self.git is not None and self.git.tip() is None:
            return None, self.git.warnings
        state = store.read()
        if store.moved:
            raise _moved(store)
        nothing = self.path is not None and not is_there(self.path)
        return None if nothing else state, (*store.warnings, *filter(None, (store.note,)))

    def holder(self) -> str | None:
        """Who holds the lock, as far as can be told without waiting."""
        store = self._store()
        return None if store is None else store.holder()

    def check_writable(self, clock: SystemClock) -> str:
        """See whether the state could be written; what was found, "" where there is nothing to say. Raises
        `StateError`."""
        if self.git is not None:
            return self.git.check_writable(clock=clock, holder=f"doctor, {environment.holder()}")
        if self.path is not None:
            self._file(self.path).check_writable()
        return ""

    def elsewhere(self, place: str) -> State:
        """What is recorded in a place that `state:` would name like this, of another service or account.
        Raises `UsageError` for what is no place, and `StateError` where there is nothing of that kind."""
        store = _place(place, self.owner, self.files)
        found = store.recorded()
        if found is None or not found.names:
            raise StateError(
                msg("there is no state in {place}", place=place), msg("name the place as `state:` did there")
            )
        if self.owner.owns(found):
            raise StateError(
                msg("the state in {place} is of this service and account already", place=place),
                msg("if it is to be elsewhere: reconciler state migrate {place} NEW", place=place),
            )
        return found

    @contextmanager
    def lock(self, timeout: float, clock: SystemClock, *, moving: bool = False) -> Iterator[Journal]:
        """A journal that nobody else writes at the same time; warns where it stays locked. Raises
        `LockedError`, and `StateError` where nothing is recorded here because it is elsewhere, unless the run
        is `moving` that."""
        store = self._store()
        if store is None:
            from reconciler.state.memory import MemoryJournal

            yield MemoryJournal(self.owner.new())
            return
        with locked(store, timeout, clock) as journal:
            if store.moved:
                raise _moved(store)
            _say_note(store)
            behind = None if moving else self.left_behind(journal.state)
            if behind is not None and behind.ends:
                raise behind
            if behind is not None:
                _warn_of(behind)
            yield journal

    def left_behind(self, state: State) -> LeftBehind | None:
        """Say what is wrong where nothing was recorded here yet, but the default file has records, of this
        service or of the one before: people would be written to again."""
        path = find_root(Path.cwd()) / self.default
        if state.serial or state.names or not self.default or not is_there(path) or path == self.path:
            return None
        shown = os.path.relpath(path)
        try:
            check_inside(path)
            found = self._file(path, shown).recorded()
        except ReconcilerError as error:
            what = msg("there is no state yet at {place}, and {why}", place=self.display, why=error.message)
            return self._behind(what, error.hint)
        if found is None or not found.names:
            return None
        source = f"file:{self.default}"
        moved = not self.owner.owns(found)
        if moved and (self.owner.base_url == SANDBOX or not (self.owner.backend or found.backend)):
            return None  # of another API, not of the one before
        if moved:
            words = ["reconciler", "import", "--moved-from", source]
        else:
            words = [
                "reconciler",
                "state",
                "migrate",
                source,
                self.display if self.git else f"file:{self.path}",
            ]
        words += ["--account", self.account] if self.account else []
        known = {"place": self.display, "path": shown}
        mend = {"command": shlex.join(words), "aside": shlex.join(("mv", shown, f"{shown}.old"))}
        if moved:
            return self._behind(
                msg_n(
                    "there is no state yet at {place}, and one of another service or account, with {n} "
                    "names in {path}: who was written to, and what was begun, would not be known",
                    "there is no state yet at {place}, and one of another service or account, with {n} "
                    "names in {path}: who was written to, and what was begun, would not be known",
                    len(found.names),
                    **known,
                ),
                msg("take it over: `{command}`; or set it aside: `{aside}`", **mend),
                ends=True,
            )
        return self._behind(
            msg_n(
                "there is no state yet at {place}, and one of {n} names in {path}: who was written to, and "
                "what was begun, would not be known",
                "there is no state yet at {place}, and one of {n} names in {path}: who was written to, and "
                "what was begun, would not be known",
                len(found.names),
                **known,
            ),
            msg("move it: `{command}`; or set it aside: `{aside}`", **mend),
        )

    def _behind(self, what: str, hint: str, *, ends: bool = False) -> LeftBehind:
        error = LeftBehind(what, hint)
        error.ends = ends or self.git is not None
        return error

    def warn_if_new(self) -> None:
        """A pipeline whose state is not there yet may have lost it: say so."""
        if self.git is not None:
            self._warn(self.git)
        elif self.path is not None:
            self._warn_if_new(self.path)

    def checkout(self, applied: str | None) -> Checkout | None:
        """Where the checkout stands to the commit that was applied last."""
        remote = self.git.remote.name if self.git else "origin"
        return checkout.compare(applied, None if self.owner.base_url == SANDBOX else remote)

    def placed(self, options: Options, state: State, *, applying: bool = False) -> Options:
        """Add to the options of a run the commit that is checked out, where that stands to the one that was
        applied last, and what of the files is not committed. A run that is `applying` such files where nobody
        objects says so.
        """
        options = replace(
            options,
            keeps_intents=self.git is not None or (self.path is not None and not terminal.in_ci()),
            checkout=self.checkout(state.commit),
        )
        if self.owner.base_url == SANDBOX:  # nobody else's groups, and nobody else's state
            return replace(options, commit=checkout.head())
        changed = self.files.changed
        options = replace(options, commit=self.files.commit)
        if applying and self.git is not None:
            return replace(options, uncommitted=changed, only_committed=True)
        if not applying:
            return replace(options, uncommitted=changed)
        if changed:
            terminal.say(
                tr(
                    "Warning: not committed as it is: {files}. Whoever applies the commit would "
                    "undo what comes of it.",
                    files=named(changed),
                )
            )
        return options

    def _store(self) -> FileStore | GitStore | None:
        return self.git if self.path is None else self._file(self.path)

    def _file(self, path: Path, display: str = "") -> FileStore:
        from reconciler.state.file import FileStore

        return FileStore(path, self.owner, display or self.display)

    def _warn(self, store: FileStore | GitStore) -> None:
        for warning in store.warnings:
            terminal.say(tr("Warning: {warning}", warning=warning))
        _say_note(store)
        if self.path is not None:
            self._warn_if_new(self.path)

    def _warn_of_left_behind(self, state: State) -> None:
        behind = self.left_behind(state)
        if behind is not None:
            _warn_of(behind)

    def _warn_if_new(self, path: Path) -> None:
        if terminal.in_ci() and not is_there(path) and self.owner.base_url != SANDBOX:
            terminal.say(
                tr(
                    "Warning: there is no state yet at {place}. In a pipeline, keep it between "
                    "runs, or use state: none.",
                    place=self.display,
                )
            )


@contextmanager
def locked(store: FileStore | GitStore, timeout: float, clock: SystemClock) -> Iterator[Movable]:
    """The journal of a store under its lock; warns where it stays locked. Raises `LockedError`."""
    try:
        with store.lock(timeout=timeout, clock=clock, holder=environment.holder()) as journal:
            yield journal
    finally:
        if store.still_locked:
            terminal.say(for_terminal(tr("Warning: {warning}.", warning=store.still_locked)))


def _warn_of(behind: LeftBehind) -> None:
    terminal.say(tr("Warning: {why} ({mend})", why=behind.message, mend=behind.hint))


def _say_note(store: FileStore | GitStore) -> None:
    if store.note:
        terminal.say(for_terminal(tr("Note: {note}.", note=store.note)))


def _moved(store: FileStore | GitStore) -> StateError:
    return StateError(store.moved, msg("set `state:` (or RECONCILER_STATE) to where it is now"))


def _default_file(folder: str, account: str) -> str:
    """Return where the state is unless said otherwise, below the root; `folder` is the configuration's."""
    if account:
        return default_account(account, folder).state.removeprefix("file:")
    return join(folder, Settings().state.removeprefix("file:"))


def two_places(
    source: str, target: str, owner: Owner, files: checkout.Files
) -> tuple[FileStore | GitStore, FileStore | GitStore]:
    """The stores that `state:` would mean by two texts. Raises `UsageError` for what is no place, and for
    one place twice."""
    stores = _place(source, owner, files), _place(target, owner, files)
    if len({spelled_out(source), spelled_out(target)}) == 1 or len({_real(source), _real(target)}) == 1:
        raise UsageError(
            msg("{source} and {target} are the same place", source=source, target=target),
            msg("name the one that it is in, then the new one"),
        )
    return stores


def _real(place: str) -> str:
    name = place.removeprefix("file:")
    return place if name == place else os.path.realpath(find_root(Path.cwd()) / name)


def _place(text: str, owner: Owner, files: checkout.Files) -> FileStore | GitStore:
    mistake = state_mistake(text)
    if mistake is not None:
        raise UsageError(msg("{place!r:.60} {why}", place=text, why=mistake[0]), mistake[1])
    if text == "none":
        raise UsageError(msg("`none` keeps nothing"), msg("name two places: file:PATH, git:REMOTE/BRANCH"))
    if text.startswith("git:"):
        return _git_store(text, owner, files)
    from reconciler.state.file import FileStore

    name = text.removeprefix("file:")
    path = find_root(Path.cwd()) / name
    check_inside(path)
    return FileStore(path, owner, name)


def _git_store(place: str, owner: Owner, files: checkout.Files) -> GitStore:
    from reconciler.state.git import GitStore, Writer

    remote, branch = git_place(place)
    run = environment.this_run()
    return GitStore(
        checkout.repository(),
        remote,
        branch,
        owner,
        Writer(run=run.name, actor=run.actor, commit=lambda: files.commit),
        lease=_lease(),
    )


def _lease() -> float:
    """Seconds for which the lock on a state in Git is good without being renewed."""
    from reconciler.state.git import LEASE

    text = environment.variable("RECONCILER_STATE_LEASE")
    if text is None:
        return LEASE
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not SHORTEST_LEASE <= seconds <= LONGEST_LEASE:
        raise UsageError(
            msg("RECONCILER_STATE_LEASE {value!r:.40} is no lease", value=text),
            msg(
                "give seconds from {shortest:g} to {longest:g}; the default is {default:g}",
                shortest=SHORTEST_LEASE,
                longest=LONGEST_LEASE,
                default=LEASE,
            ),
        )
    return seconds
