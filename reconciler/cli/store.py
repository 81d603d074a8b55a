"""Where a run keeps its state, as the sandbox, the environment or the configuration says. Names the concrete
stores."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import environment, terminal
from reconciler.cli.clock import SystemClock
from reconciler.cli.common import Common
from reconciler.cli.places import SANDBOX_FOLDER, check_inside, find_root, sandbox_folder
from reconciler.errors import UsageError
from reconciler.model.record import State

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.ports import Journal
    from reconciler.state.file import FileStore


class Store:
    """Where a run reads and writes its state: a file, or nowhere."""

    def __init__(
        self, path: Path | None, display: str, base_url: str, *, configured: str | None = None
    ) -> None:
        self._path = path
        self._base_url = base_url
        self._configured = configured  # relative to the root, where a file of the repository names it
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
        if own is not None:
            return cls(base / name, name, label)
        check_inside(base / name)
        return cls(base / name, name, label, configured=name)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept: False with `state: none`."""
        return self._path is not None

    def read(self, committed: Callable[[str], bytes | None] | None = None) -> State:
        """What is recorded, without a lock; warns of what is doubtful.

        `committed` gives the file at the base of a change, by its path below the root: None where Git does
        not keep it, and nothing (`b""`) where only the change brings it.
        """
        if self._path is None:
            return State(base_url=self._base_url)
        store = self._file(self._path)
        data = committed(self._configured) if committed is not None and self._configured else None
        if data == b"":
            terminal.say(f"Warning: the state {self.display} is part of this change, so it is not read.")
            return State(base_url=self._base_url)
        if data is not None:
            return store.decode(data)
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

        return FileStore(path, self._base_url, self.display, commit=commit())


def _holder() -> str:
    """Who holds a lock, for those who wait: the pipeline's job where there is one, else the user."""
    job = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_JOB_URL") or os.environ.get("CI_JOB_ID")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    who = f"job {job}" if job else f"{user}@{socket.gethostname()}"
    return f"{who} (process {os.getpid()})"


def commit() -> str | None:
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
