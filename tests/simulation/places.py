"""Where processes keep things, in memory: the state under its lock, and the files of the repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reconciler.errors import Interrupted, LockedError
from reconciler.manifests.files import FileError, join
from reconciler.manifests.output import Output
from reconciler.model.record import State
from reconciler.ports import Clock, Journal
from reconciler.state import codec
from reconciler.state.file import FileStore
from reconciler.state.memory import MemoryJournal


class Kept:
    """What is durable: a state, or bytes that somebody put there. `past` are the states that were there."""

    def __init__(self) -> None:
        self.state: State | None = None
        self.bytes: bytes | None = None
        self.holder: str | None = None
        self.past: list[State] = []

    def data(self) -> bytes | None:
        return self.bytes if self.state is None else codec.dumps(self.state)

    def put(self, data: bytes | None) -> None:
        self.state, self.bytes = None, data

    def save(self, state: State) -> None:
        if self.state is not None:
            self.past.append(self.state)
        self.state, self.bytes = state, None


class MemoryStore:
    """A store like `FileStore`, over what is `kept`. `step` is called around every write, with the state that
    is to be durable: it may write it, refuse, or never return."""

    display = "state in memory"
    warnings: tuple[str, ...] = ()

    def __init__(
        self, kept: Kept, base_url: str, step: Callable[[Callable[[], None]], None] | None = None
    ) -> None:
        self.kept = kept
        self._base_url = base_url
        self._files = FileStore(Path("state.json"), base_url, self.display)
        self._step = step or (lambda write: write())

    def read(self) -> State:
        kept = self.kept
        if kept.state is None and kept.bytes is None:
            return State(base_url=self._base_url)
        if kept.state is None or kept.state.base_url != self._base_url:
            return self._files.decode(kept.data() or b"")
        return kept.state

    @contextmanager
    def lock(self, *, timeout: float, clock: Clock, holder: str) -> Iterator[Journal]:
        end = clock.monotonic() + timeout
        while self.kept.holder is not None:
            left = end - clock.monotonic()
            if clock.stopping:
                raise Interrupted("stopped while waiting for the lock")
            if left <= 0:
                raise LockedError(
                    f"the state is locked by {self.kept.holder}", "wait, or give --lock-timeout SECONDS"
                )
            clock.sleep(min(0.1, left))
        journal = MemoryStoreJournal(self)
        self.kept.holder = f"{holder} since {codec.format_time(clock.now().replace(microsecond=0))}"
        try:
            yield journal
        finally:
            journal.closed = True
            self.kept.holder = None

    def write(self, state: State) -> None:
        """Make a state durable, as far as `step` lets it."""
        self._step(lambda: self.kept.save(state))


class MemoryStoreJournal(MemoryJournal):
    """A journal of a `MemoryStore`: every step that changed something is durable when it returns."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store.read())
        self.closed = False
        self._store = store
        self._durable = 0

    def _save(self, version: int) -> None:
        if self._durable >= version:
            return
        if self.closed:
            raise RuntimeError("the journal was used after its lock was given up")
        with self._changed:
            carried, state = self._version, replace(self._state, serial=self._state.serial + 1)
        self._store.write(state)
        with self._changed:
            self._durable = max(self._durable, carried)
            self._state = replace(self._state, serial=max(self._state.serial, state.serial))


class MemoryTree:
    """A `Tree` over files in a mapping."""

    base = ""
    here = "/repository"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def typed(self, path: str) -> str:
        return join("", path)

    def read(self, path: str, limit: int) -> bytes:
        if path not in self.files:
            raise FileError("does not exist")
        if len(self.files[path]) > limit:
            raise FileError("is too long")
        return self.files[path]

    def list(self, folder: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        if not self.exists(folder):
            raise FileError("does not exist")
        return tuple(
            sorted(
                path
                for path in self.files
                if path.startswith(f"{folder}/") and path.lower().endswith(suffixes)
            )
        )

    def exists(self, path: str) -> bool:
        return path in self.files or any(each.startswith(f"{path}/") for each in self.files)

    def real(self, path: str) -> str | None:
        return path

    def shown(self, path: str) -> str:
        return path


class MemoryOutput(Output):
    """An `Output` into the same mapping."""

    def __init__(self, files: dict[str, bytes], step: Callable[[], None] = lambda: None) -> None:
        super().__init__(Path("/nowhere"))
        self._files = files
        self._step = step

    def create(self, path: str, data: bytes) -> None:
        self._step()
        if path in self._files:
            raise FileError("is there already", "nothing is overwritten: move it, and run again")
        self._files[path] = data

    def replace(self, path: str, before: bytes, data: bytes) -> None:
        self._step()
        if self._files.get(path) != before:
            raise FileError("has changed since it was read", "run the command again")
        self._files[path] = data

    def real(self, path: str) -> str | None:
        return f"/repository/{path}" if path in self._files else None
