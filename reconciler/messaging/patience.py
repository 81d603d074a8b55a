"""How long and how often what surely did not arrive is tried again: messages are never repeated by a backend,
which cannot record that they are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ApiError, RateLimited

if TYPE_CHECKING:
    from reconciler.ports import Clock

RATE_LIMITED_FOR = 300.0
"""Seconds for which a message is tried again that is refused for the pace, as for every other call."""

_FIRST = 0.5
_LONGEST = 8.0


class Retry:
    """The attempts at one message. The backend waits as the API asks; the pause here is for the rest."""

    def __init__(self, clock: Clock, retries: int) -> None:
        self._clock = clock
        self._retries = retries
        self._failures = 0
        self._pauses = 0
        self._refused_since: float | None = None

    def again(self, error: ApiError) -> bool:
        """Whether to try once more after an error by which surely nothing was sent; if so, after a pause."""
        now = self._clock.monotonic()
        if isinstance(error, RateLimited):
            self._refused_since = now if self._refused_since is None else self._refused_since
            more = self._retries > 0 and now - self._refused_since < RATE_LIMITED_FOR
        else:
            more = error.retry and self._failures < self._retries
            self._failures += 1
        if not more or self._clock.stopping:
            return False
        self._clock.sleep(min(_LONGEST, _FIRST * 2**self._pauses))
        self._pauses += 1
        return True
