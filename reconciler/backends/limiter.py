"""How fast all workers together may ask one origin, and when all of them must wait.

No limit is documented, so one is kept only where the user set it or where a refusal (420, 429) showed that
there is one. After a refusal everybody pauses, for as long as `Retry-After` says or else 1 s, 2 s, 4 s … up
to 30 s; then all share a rate measured from what the server accepted in the second before the refusal,
multiplied by 0.8, and grow it again slowly: additive increase, multiplicative decrease, as TCP does.
Requests that were under way when the pause began belong to the generation before it: their refusals slow
nothing down twice.

A pause longer than the allowance of one call (`reconciler.retry`) is waited for by nobody: until it is over,
calls end as refused without being sent. The same holds while nothing has been accepted for that long.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from reconciler.errors import NotSent, RateLimited
from reconciler.language import msg
from reconciler.retry import ALLOWANCE, in_words

if TYPE_CHECKING:
    from reconciler.ports import Clock

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_JITTER = 1.1
_LONGEST_WAITED = ALLOWANCE * _JITTER
_LONGEST_TOLD = 366 * 86400.0
"""Seconds: what asks for more asks for this much. It only has to be a number that can be told."""
_SHORTEST_SHOWN = 5.0
"""Seconds: a pause from here on is told to people, who would wonder."""
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
_TOO_MANY = msg("too many requests")
_BUSY = msg("the server is busy")
_GROWTH = 0.02
_LEAST_GROWTH = 0.1


def tell_nobody(_: str) -> None:
    """Take a sentence for people where nobody reads."""


class RateLimiter:
    """Shared by all threads that ask one origin.

    `rate` is the user's limit in requests a second, spaced evenly from the start, and is never exceeded;
    None sets none. `tell` is given a sentence for people whenever everybody waits for some time.
    """

    def __init__(
        self, clock: Clock, rate: float | None = None, tell: Callable[[str], None] = tell_nobody
    ) -> None:
        self._clock = clock
        self._limit = rate
        self._tell = tell
        self._base: float | None = None
        self._resumed = 0.0
        self._next = float("-inf")
        self._generation = 0
        self._refusals = 0
        self._refused_since: float | None = None
        self._why = ""
        self._accepted: deque[float] = deque()
        self._lock = threading.Lock()

    def wait(self) -> int:
        """Wait for a turn, or return at once when a stop was asked for.

        Returns the generation that the turn belongs to, which `refused` needs. Raises `RateLimited` where
        the pause is longer than anybody waits.
        """
        # Without a limit and a pause there is nothing to share, so nobody queues for the lock. The generation
        # is read first: a pause that begins right now belongs to a later one.
        generation = self._generation
        if self._limit is None and self._base is None and self._next <= self._clock.monotonic():
            return generation
        while True:
            with self._lock:
                now = self._clock.monotonic()
                self._give_up_if_closed(now)
                generation = self._generation
                slot = max(now, self._next)
                rate = self._rate(now)
                if rate is not None:
                    self._next = slot + 1 / rate
            if slot > now:
                self._clock.sleep(slot - now)
            with self._lock:
                # Somebody was refused while we slept: everybody queues anew behind the pause.
                if generation == self._generation or self._clock.stopping:
                    return generation

    def accepted(self) -> None:
        """An answer came that was no refusal for the rate."""
        self._refusals = 0
        self._refused_since = None
        self._accepted.append(self._clock.monotonic())  # atomic; old ones are dropped when there are many
        if len(self._accepted) > _MANY:
            with self._lock:
                self._forget(self._clock.monotonic())

    def refused(self, generation: int, wait: float | None) -> None:
        """A request of this generation was answered 420 or 429: pause everybody, and slow down once."""
        told = None
        with self._lock:
            now = self._clock.monotonic()
            if self._refused_since is None:
                self._refused_since = now
            if generation == self._generation:
                self._base = self._reduced(now)
                pause = wait
                if pause is None:
                    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._refusals)
                self._refusals = min(self._refusals + 1, 10)
                told = self._pause(now, pause, _TOO_MANY)
            elif wait is not None and now + wait > self._resumed:
                told = self._pause(now, wait, _TOO_MANY)
        self._show(told)

    def pause(self, seconds: float) -> None:
        """Make everybody wait this long, because the server is busy (`Retry-After` beside a 503)."""
        told = None
        with self._lock:
            now = self._clock.monotonic()
            if now + seconds > self._next:
                told = self._pause(now, seconds, _BUSY)
        self._show(told)

    def _give_up_if_closed(self, now: float) -> None:
        left = self._resumed - now
        refused_for = 0.0 if self._refused_since is None else now - self._refused_since
        if left > _LONGEST_WAITED or (left > 0 and refused_for >= ALLOWANCE):
            raise RateLimited(
                msg("not sent: everything waits since an answer before ({why})", why=self._why),
                msg("run it again in {time}", time=in_words(left)),
                code="rate_limited",
                retry=True,
                wait=left,
            )

    def _show(self, seconds: float | None) -> None:
        if seconds is not None and _SHORTEST_SHOWN <= seconds <= _LONGEST_WAITED:
            self._tell(
                msg(
                    "Waiting {time} before anything else is asked: {why}.",
                    time=in_words(seconds),
                    why=self._why,
                )
            )

    def _pause(self, now: float, seconds: float, why: str) -> float:
        # A little more than asked, and never the same: several processes should not come back together.
        seconds *= random.uniform(1.0, _JITTER)  # noqa: S311
        self._why = why
        self._resumed = self._next = now + seconds
        self._generation += 1  # last: a thread that reads the new one without the lock has to see the pause
        self._accepted.clear()
        return seconds

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
        if self._refusals:
            return max(_SLOWEST, _BLIND_SHARE * rate)
        # A generation shorter than the window says too little, a quiet one nothing: never below the half.
        if now - self._resumed < _WINDOW:
            measured = _MEASURED_SHARE * rate
        return max(_SLOWEST, _BLIND_SHARE * rate, min(_MEASURED_SHARE * rate, measured))

    def _rate(self, now: float) -> float | None:
        """Requests a second allowed now; None when nothing limits them."""
        if self._base is None:
            return self._limit
        grown = self._base + max(_LEAST_GROWTH, _GROWTH * self._base) * max(0.0, now - self._resumed)
        return min(grown, self._limit) if self._limit is not None else grown


class Pace:
    """A pause at random between one thing and the next, for all threads; the first is not waited for.

    Gateways ask for it: what comes as fast as a program can send looks like one. `pause`: seconds, the least
    and the most.
    """

    def __init__(self, clock: Clock, pause: tuple[float, float]) -> None:
        self._clock = clock
        self._pause = pause
        self._next = float("-inf")
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for a turn. Raises `NotSent` where a stop is asked for meanwhile: without its pause nothing is
        sent."""
        with self._lock:
            turn = max(self._next, self._clock.monotonic())
            self._next = turn + self._seconds()
        left = turn - self._clock.monotonic()
        if left > 0:
            self._clock.sleep(left)
            if self._clock.stopping:
                raise NotSent(msg("not sent: a stop was asked for"), code="stopped", retry=True)

    def ended(self) -> None:
        """What had a turn is over: the next waits from now on."""
        with self._lock:
            self._next = max(self._next, self._clock.monotonic() + self._seconds())

    def _seconds(self) -> float:
        return random.uniform(*self._pause)  # noqa: S311


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number of seconds or an HTTP date (RFC 9110, 10.2.3).

    At most a year; None when it is neither.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0") or "0"
        return min(float(digits), _LONGEST_TOLD) if len(digits) < 10 else _LONGEST_TOLD
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max(0.0, (date - now).total_seconds()), _LONGEST_TOLD)
