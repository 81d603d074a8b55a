"""The clock of a run, which also knows when a signal asked for a stop."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from types import FrameType

from reconciler.errors import Exit
from reconciler.language import tr


class SystemClock:
    """Real time. `stop` wakes everybody who sleeps."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def now(self) -> datetime:
        """The present moment, UTC, with its zone."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The local day, by which `left`, `hold` and `allow` go (set TZ where a pipeline runs elsewhere)."""
        return self.now().astimezone().date()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, or return at once when a stop was asked for."""
        if seconds > 0:
            self._stop.wait(seconds)

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask for a stop."""
        self._stop.set()


class _Stopping:
    """What a signal does while a run goes on. A run within a run stops with it, and stops it."""

    def __init__(self, clock: SystemClock, around: object) -> None:
        self._clock = clock
        self._around = around if isinstance(around, _Stopping) else None
        if self._around is not None and self._around._clock.stopping:
            clock.stop()

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self._clock.stopping:
            _tell(tr("Stopped at once."))
            os._exit(Exit.INTERRUPTED)
        self.stop()
        _tell(tr("Stopping after the calls in flight. Once more to stop at once."))

    def stop(self) -> None:
        self._clock.stop()
        if self._around is not None:
            self._around.stop()


def _tell(text: str) -> None:
    """Say so on stderr, if it can be written; not by print, which may be in the middle of something."""
    with suppress(OSError):
        os.write(2, f"\n{text}\n".encode())


@contextmanager
def stopping_on_signals(clock: SystemClock) -> Iterator[None]:
    """First SIGINT or SIGTERM: `clock.stop()`, so that calls in flight are finished and state is saved.
    Second: the process ends at once with 130."""
    handle = _Stopping(clock, signal.getsignal(signal.SIGINT))
    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
