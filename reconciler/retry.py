"""How often and how long one call is tried again: one policy for services, icons, code hosts and messages.

Failures and refusals for the rate (420, 429) are counted apart. `retries` limits repetitions after
failures, with pauses that grow and vary. Refusals have an allowance in seconds instead, because with many
workers behind a low limit one call may be refused often through no fault of its own. With 0 retries nothing
is repeated.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import ApiError, RateLimited
from reconciler.language import msg

if TYPE_CHECKING:
    from reconciler.ports import Clock

ALLOWANCE = 300.0
"""Seconds for which one call is repeated that is refused for the rate. A longer wait is not waited for."""

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`retries` repetitions after failures, and `allowance` seconds from the first refusal for the rate."""

    retries: int = 5
    allowance: float = ALLOWANCE

    def longest_pause(self, failures: int) -> float:
        """Seconds to pause at most after this many earlier failures."""
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 10))


class Attempts:
    """The attempts at one call. `after_…` return the seconds to pause before the next one, and None where the
    policy allows no other."""

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._failures = 0
        self._refusals = 0
        self._refused_since: float | None = None

    def after_failure(self) -> float | None:
        """A pause at random, up to a bound that doubles: callers that failed together come back apart."""
        if self._failures >= self._policy.retries:
            return None
        pause = random.uniform(0, self._policy.longest_pause(self._failures))  # noqa: S311
        self._failures += 1
        return pause

    def after_refusal(self, wait: float | None) -> float | None:
        """The seconds that were asked for (`wait`), else a pause that doubles."""
        now = self._clock.monotonic()
        if self._refused_since is None:
            self._refused_since = now
        elapsed = now - self._refused_since
        if self._policy.retries == 0 or elapsed >= self._policy.allowance:
            return None
        pause = self._policy.longest_pause(self._refusals) if wait is None else wait
        self._refusals += 1
        return None if wait is not None and elapsed + wait > self._policy.allowance else pause

    def again(self, error: ApiError) -> bool:
        """Whether to try once more after an error by which surely nothing was done; if so, after the pause.
        For callers that repeat a call themselves, because something has to be recorded between attempts."""
        pause: float | None = None
        if isinstance(error, RateLimited):
            pause = self.after_refusal(error.wait)
        elif error.retry:
            pause = self.after_failure()
        if pause is None or self._clock.stopping:
            return False
        self._clock.sleep(pause)
        return True


def in_words(seconds: float) -> str:
    """A time to wait, for people: `45 s`, `12 min`, `27 h 46 min`; rounded up."""
    if seconds < 90:
        return f"{int(-(-seconds // 1))} s"
    minutes = int(-(-seconds // 60))
    if minutes < 90:
        return msg("{minutes} min", minutes=minutes)
    return (
        msg("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
        if minutes % 60
        else f"{minutes // 60} h"
    )


def too_long(seconds: float) -> str:
    """What to do where more than `ALLOWANCE` was asked for."""
    return msg("it asks to wait {time}: run it again then", time=in_words(seconds))
