"""Threads for reading: as many calls at a time as are allowed, and none of them idle."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.ports import Progress

T = TypeVar("T")


class Workers:
    """Threads that take the next call as soon as they are free, so that none waits for another's answer."""

    def __init__(self, concurrency: int, progress: Progress) -> None:
        self._concurrency = concurrency
        self._progress = progress
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="read")

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(wait=True)

    def one(self, task: Callable[[], T], meanwhile: Callable[[], None] | None) -> T:
        """What one task returns; `meanwhile` is called while it is waited for."""
        if meanwhile is None:
            return task()
        running = self._pool.submit(task)
        meanwhile()
        return running.result()

    def all(self, tasks: Iterable[Callable[[], None]]) -> None:
        """Carry out all tasks. The first one that raises ends it: no other is begun after that."""
        queue = deque(tasks)
        if not queue:
            return
        self._progress.start("Reading groups", len(queue))
        try:
            width = min(self._concurrency, len(queue))
            for worker in as_completed([self._pool.submit(self._work, queue) for _ in range(width)]):
                worker.result()
        finally:
            queue.clear()
            self._progress.finish()

    def _work(self, queue: deque[Callable[[], None]]) -> None:
        while True:
            try:
                task = queue.popleft()
            except IndexError:
                return
            try:
                task()
            except BaseException:
                queue.clear()
                raise
            self._progress.advance()
