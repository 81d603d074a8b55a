"""How fast all workers together may ask, and when they must wait.

The API names no limit, so one is kept only where the user set it or where a refusal (420, 429) showed that
there is one. After a refusal everybody pauses, for as long as `Retry-After` says or else 1 s, 2 s, 4 s … up
to 30 s; then all share a rate measured from what the server accepted in the second before the refusal,
multiplied by 0.8, and grow it again slowly: additive increase, multiplicative decrease, as TCP does.
Refusals of requests that were already under way when the pause began belong to the same wave and slow
nothing down twice.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.ports import Clock

MAX_PAUSE = 300.0
"""Seconds: a longer `Retry-After` is not waited for."""

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_WINDOW = 1.0
"""Seconds over which the accepted rate is measured; a pause without `Retry-After` is at least as long, so
that a server which counts by the second has forgotten the burst."""
_MEASURED_SHARE = 0.8
_BLIND_SHARE = 0.5
_LEAST_MEASURED = 5.0
"""Requests a second to go on with when the first refusal came while hardly anything was asked."""
_SLOWEST = 0.1
_MANY = 4096
"""Acceptances that are remembered before old ones are looked for: they are dropped a few at a time then."""
_GROWTH = 0.02
_LEAST_GROWTH = 0.1


class Pace:
    """Shared by all threads of one origin.

    `rate` is the user's limit in requests a second, spaced evenly from the start, and is never exceeded;
    None sets none.
    """

    def __init__(self, clock: Clock, rate: float | None = None) -> None:
        self._clock = clock
        self._limit = rate
        self._base: float | None = None
        self._resumed = 0.0
        self._next = float("-inf")
        self._wave = 0
        self._strikes = 0
        self._accepted: deque[float] = deque()
        self._lock = threading.Lock()

    def wait(self) -> int:
        """Wait for a turn, or return at once when a stop was asked for.

        Returns the wave the turn belongs to, which `refused` wants to hear.
        """
        # Without a limit and a pause there is nothing to share, so nobody queues for the lock. The wave is
        # read first: whoever pauses everybody right now belongs to a later one.
        wave = self._wave
        if self._limit is None and self._base is None and self._next <= self._clock.monotonic():
            return wave
        while True:
            with self._lock:
                now = self._clock.monotonic()
                wave = self._wave
                slot = max(now, self._next)
                rate = self._rate(now)
                if rate is not None:
                    self._next = slot + 1 / rate
            if slot > now:
                self._clock.sleep(slot - now)
            with self._lock:
                # Somebody was refused while we slept: everybody queues anew behind the pause.
                if wave == self._wave or self._clock.stopping:
                    return wave

    def accepted(self) -> None:
        """An answer came that was no refusal for the pace."""
        self._strikes = 0
        self._accepted.append(self._clock.monotonic())  # atomic; old ones are dropped when there are many
        if len(self._accepted) > _MANY:
            with self._lock:
                self._forget(self._clock.monotonic())

    def refused(self, wave: int, retry_after: float | None) -> None:
        """A request of this wave was answered 420 or 429: pause everybody, and slow down once a wave."""
        with self._lock:
            now = self._clock.monotonic()
            if wave == self._wave:
                self._base = self._reduced(now)
                pause = retry_after
                if pause is None:
                    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._strikes)
                self._strikes = min(self._strikes + 1, 10)
                self._pause(now, pause)
            elif retry_after is not None and now + retry_after > self._resumed:
                self._pause(now, retry_after)

    def pause(self, seconds: float) -> None:
        """Everybody waits, because the server is busy for this long (`Retry-After` beside a 503)."""
        with self._lock:
            now = self._clock.monotonic()
            if now + seconds > self._next:
                self._pause(now, seconds)

    def _pause(self, now: float, seconds: float) -> None:
        # A little more than asked, and never the same: several processes should not come back together.
        seconds *= random.uniform(1.0, 1.1)  # noqa: S311
        self._resumed = self._next = now + seconds
        self._wave += 1  # last: whoever reads the new wave without the lock has to see the pause
        self._accepted.clear()

    def _forget(self, now: float) -> None:
        """Drop what was accepted before the window."""
        while self._accepted and self._accepted[0] <= now - _WINDOW:
            self._accepted.popleft()

    def _reduced(self, now: float) -> float:
        """The rate to go on with after a refusal."""
        self._forget(now)
        measured = _MEASURED_SHARE * len(self._accepted) / _WINDOW
        rate = self._rate(now)
        if self._base is None:
            known = max(_LEAST_MEASURED, measured)
            return known if rate is None else min(known, _MEASURED_SHARE * rate)
        assert rate is not None  # noqa: S101
        if self._strikes:
            return max(_SLOWEST, _BLIND_SHARE * rate)
        # A wave shorter than the window says too little, and a quiet one nothing: never below the half.
        if now - self._resumed < _WINDOW:
            measured = _MEASURED_SHARE * rate
        return max(_SLOWEST, _BLIND_SHARE * rate, min(_MEASURED_SHARE * rate, measured))

    def _rate(self, now: float) -> float | None:
        """Requests a second allowed now; None when nothing limits them."""
        if self._base is None:
            return self._limit
        grown = self._base + max(_LEAST_GROWTH, _GROWTH * self._base) * max(0.0, now - self._resumed)
        return min(grown, self._limit) if self._limit is not None else grown


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number of seconds or an HTTP date (RFC 9110, 10.2.3).

    At most `MAX_PAUSE`; None without the header or when it is neither.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_PAUSE) if len(text) < 10 else MAX_PAUSE
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max(0.0, (date - now).total_seconds()), MAX_PAUSE)
