"""Where a run keeps its state, as the sandbox, the environment or the configuration says. Names the concrete
stores."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import checkout, environment, pipeline, terminal
from reconciler.cli.places import SANDBOX_FOLDER, check_inside, find_root, sandbox_folder, sandbox_state
from reconciler.errors import UsageError
from reconciler.manifests.statespec import git_place, state_mistake
from reconciler.model.record import State

if TYPE_CHECKING:
    from reconciler.cli.clock import SystemClock
    from reconciler.cli.common import Common
    from reconciler.manifests.load import Loaded
    from reconciler.planning.options import Checkout, Options
    from reconciler.ports import Journal
    from reconciler.state.file import FileStore
    from reconciler.state.git import GitStore

SHORTEST_LEASE, LONGEST_LEASE = 1.0, 3600.0  # seconds


class Store:
    """Where a run reads and writes its state: a file, a branch, or nowhere. `display` names it in messages;
    `git` is the branch's store, None where the state is no branch."""

    def __init__(
        self,
        display: str,
        base_url: str,
        *,
        path: Path | None = None,
        configured: str | None = None,
        git: GitStore | None = None,
    ) -> None:
        self._path = path
        self._base_url = base_url
        self._configured = configured  # relative to the root, where a file of the repository names it
        self.display = display
        self.git = git

    @classmethod
    def of(cls, common: Common, loaded: Loaded, label: str) -> Store:
        """The store that `--sandbox`, RECONCILER_STATE or the configuration names, in that order."""
        account = common.account_name
        if common.sandbox:
            path = sandbox_state(sandbox_folder(account), account)
            return cls(f"{SANDBOX_FOLDER}/{path.name}", label, path=path)
        own = environment.own("STATE", account)
        place = own or loaded.settings.state
        mistake = state_mistake(place)
        if mistake is not None:
            raise UsageError(
                f"{environment.name_of('STATE', account)} {place!r:.60} {mistake[0]}", mistake[1]
            )
        if place == "none":
            return cls("none", label)
        if place.startswith("git:"):
            git = _git_store(place, label)
            return cls(git.display, label, git=git)
        name = place.removeprefix("file:")
        base = Path.cwd() if own else find_root(Path.cwd())
        if own is not None:
            return cls(name, label, path=base / name)
        check_inside(base / name)
        return cls(name, label, path=base / name, configured=name)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept: False with `state: none`."""
        return self._path is not None or self.git is not None

    def read(self, committed: Callable[[str], bytes | None] | None = None) -> State:
        """What is recorded, without a lock; warns of what is doubtful.

        `committed` gives the file at the base of a change, by its path below the root: None where Git does
        not keep it, and nothing (`b""`) where only the change brings it.
        """
        if self._path is not None and committed is not None and self._configured:
            data = committed(self._configured)
            if data == b"":
                terminal.say(f"Warning: the state {self.display} is part of this change, so it is not read.")
                return State(base_url=self._base_url)
            if data is not None:
                return self._file(self._path).decode(data)
        store = self._store()
        if store is None:
            return State(base_url=self._base_url)
        state = store.read()
        self._warn(store)
        return state

    @property
    def path(self) -> Path | None:
        """The file, where the state is one."""
        return self._path

    def inspect(self) -> tuple[State | None, tuple[str, ...]]:
        """What is recorded, None where there is nothing yet, and what is doubtful. Prints nothing."""
        store = self._store()
        if store is None or (self._path is not None and not self._path.exists()):
            return None, ()
        if self.git is not None and self.git.tip() is None:
            return None, self.git.warnings
        state = store.read()
        return state, store.warnings

    def holder(self) -> str | None:
        """Who holds the lock, as far as can be told without waiting."""
        store = self._store()
        return None if store is None else store.holder()

    def check_writable(self) -> None:
        """Raise `StateError` unless the state could be written; nothing is."""
        store = self._store()
        if store is not None:
            store.check_writable()

    def lock(self, timeout: float, clock: SystemClock) -> AbstractContextManager[Journal]:
        """A journal that nobody else writes at the same time. Raises `LockedError`."""
        store = self._store()
        if store is None:
            from reconciler.state.memory import MemoryJournal

            return nullcontext(MemoryJournal(State(base_url=self._base_url)))
        return store.lock(timeout=timeout, clock=clock, holder=pipeline.holder())

    def warn_if_new(self) -> None:
        """A pipeline whose state is not there yet may have lost it: say so."""
        if self.git is not None:
            self._warn(self.git)
        elif self._path is not None:
            self._warn_if_new(self._path)

    def checkout(self, applied: str | None) -> Checkout | None:
        """Where the checkout stands to the commit that was applied last."""
        remote = self.git.remote.name if self.git else "origin"
        return checkout.compare(applied, None if self._base_url == "sandbox" else remote)

    def placed(self, options: Options, state: State) -> Options:
        """The wishes of a run with the commit that is checked out, and where that stands to the one that was
        applied last."""
        return replace(
            options,
            keeps_intents=self.git is not None or (self._path is not None and not terminal.in_ci()),
            commit=checkout.head(),
            checkout=self.checkout(state.commit),
        )

    def _store(self) -> FileStore | GitStore | None:
        return self.git if self._path is None else self._file(self._path)

    def _file(self, path: Path) -> FileStore:
        from reconciler.state.file import FileStore

        return FileStore(path, self._base_url, self.display)

    def _warn(self, store: FileStore | GitStore) -> None:
        for warning in store.warnings:
            terminal.say(f"Warning: {warning}")
        if self._path is not None:
            self._warn_if_new(self._path)

    def _warn_if_new(self, path: Path) -> None:
        if terminal.in_ci() and not path.exists() and self._base_url != "sandbox":
            terminal.say(
                f"Warning: there is no state yet at {self.display}. In a pipeline, keep it between runs, or "
                "use state: none."
            )


def _git_store(place: str, base_url: str) -> GitStore:
    from reconciler.state.git import GitStore, Writer

    remote, branch = git_place(place)
    run = pipeline.this_run()
    return GitStore(
        checkout.repository(),
        remote,
        branch,
        base_url,
        Writer(run=run.name, actor=run.actor, commit=checkout.head()),
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
            f"RECONCILER_STATE_LEASE {text!r:.40} is no lease",
            f"give seconds from {SHORTEST_LEASE:g} to {LONGEST_LEASE:g}; the default is {LEASE:g}",
        )
    return seconds
