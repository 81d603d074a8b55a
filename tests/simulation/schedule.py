"""Virtual time, and greenlets in place of threads: what is due first goes on, and nothing else decides."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from greenlet import getcurrent, greenlet

from tests.fakes import NOON

T = TypeVar("T")


class Killed(BaseException):
    """SIGKILL, as a thread sees it: nothing after it happens."""


class Process(Protocol):
    """What the scheduler knows of a process: whether it was killed."""

    dead: bool


class Thread(greenlet):
    """A thread of one process."""

    process: Process
    sleeping = False


class Scheduler:
    """Carries out threads in the order in which they are due; `now` is in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Thread]] = []
        self._count = 0
        self._hub = getcurrent()

    def spawn(self, process: Process, work: Callable[[], None], after: float = 0.0) -> None:
        """A new thread of a process, that begins `after` so many seconds."""
        thread = Thread(work, self._hub)
        thread.process = process
        self.wake(thread, after)

    def wake(self, thread: Thread, after: float = 0.0) -> None:
        self._count += 1
        heapq.heappush(self._due, (self.now + after, self._count, thread))

    def play(self) -> None:
        """Go on until no thread is due any more."""
        while self._due:
            due, _, thread = heapq.heappop(self._due)
            self.now = max(self.now, due)
            thread.switch()

    @staticmethod
    def current() -> Thread | None:
        """The thread that is running, None outside of `play`."""
        me = getcurrent()
        return me if isinstance(me, Thread) else None

    def pause(self, seconds: float, *, sleeping: bool = False) -> None:
        """Let time pass for the current thread, and others go on meanwhile. Raises `Killed`."""
        me = self.current()
        if me is None:
            self.now += seconds
            return
        if not self._due or self._due[0][0] > self.now + seconds:
            self.now += seconds
        else:
            self.wake(me, seconds)
            me.sleeping = sleeping
            self._hub.switch()
            me.sleeping = False
        if me.process.dead:
            raise Killed

    def rest(self) -> None:
        """Park the current thread until somebody wakes it."""
        self._hub.switch()

    def rouse(self, process: Process, *, sleepers_only: bool) -> None:
        """Wake a process's threads now: it was killed, or (`sleepers_only`) asked to stop."""
        self._due = [
            (self.now, count, thread)
            if thread.process is process and (thread.sleeping or not sleepers_only)
            else (due, count, thread)
            for due, count, thread in self._due
        ]
        heapq.heapify(self._due)


class Greenlets:
    """A `ports.Workers` on a scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def all(self, tasks: Iterable[Callable[[], None]], width: int, ended: Callable[[], None]) -> None:
        queue = deque(tasks)
        left = min(width, len(queue))
        errors: list[BaseException] = []
        me = self._scheduler.current()

        def work() -> None:
            nonlocal left
            try:
                while queue:
                    queue.popleft()()
                    ended()
            except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
                queue.clear()
                errors.append(error)
            left -= 1
            if left == 0 and me is not None:
                self._scheduler.wake(me)

        if left > 1 and me is not None:
            for _ in range(left):
                self._scheduler.spawn(me.process, work)
            self._scheduler.rest()
        else:
            me = None
            work()
        if errors:
            raise errors[0]

    def beside(self, task: Callable[[], T], meanwhile: Callable[[], None]) -> T:
        meanwhile()
        return task()


class ProcessClock:
    """A `ports.Clock` of one process; `skew` is by how many seconds its wall clock is wrong."""

    def __init__(self, scheduler: Scheduler, process: Process, skew: float = 0.0) -> None:
        self._scheduler = scheduler
        self._process = process
        self.skew = skew
        self.stopping = False

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._scheduler.now + self.skew)

    def monotonic(self) -> float:
        return self._scheduler.now

    def sleep(self, seconds: float) -> None:
        if not self.stopping:
            self._scheduler.pause(max(0.0, seconds), sleeping=True)

    def stop(self) -> None:
        """SIGTERM: whoever sleeps is woken."""
        self.stopping = True
        self._scheduler.rouse(self._process, sleepers_only=True)
