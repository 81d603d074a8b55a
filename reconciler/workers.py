"""Threads for calls: as many at a time as are allowed, and none of them idle."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


class Threads:
    """A `ports.Workers`."""

    def all(self, tasks: Iterable[Callable[[], None]], width: int, ended: Callable[[], None]) -> None:
        queue = deque(tasks)
        width = min(width, len(queue))
        if not width:
            return

        def work() -> None:
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
                ended()

        with ThreadPoolExecutor(width, thread_name_prefix="call") as pool:
            try:
                for worker in as_completed([pool.submit(work) for _ in range(width)]):
                    worker.result()
            finally:
                queue.clear()

    def beside(self, task: Callable[[], T], meanwhile: Callable[[], None]) -> T:
        with ThreadPoolExecutor(1, thread_name_prefix="call") as pool:
            running = pool.submit(task)
            meanwhile()
            return running.result()


THREADS = Threads()
