"""Calls: exchanges repeated where that is safe, at the pace of all, and counted.

A read is repeated whatever befell it, as long as that may help. A write is repeated inside its method only
where it surely changed nothing: refused for the pace, or never sent. What may create something twice
(groups, messages) is sent once. `retries` limits repetitions after failures; refusals for the pace (420,
429) have an allowance of their own, 5 minutes from the first refusal of the call, because with many workers
behind a low limit one call may be refused often through no fault of its own. With `retries` 0 nothing is
repeated at all. All waiting is the clock's, so that a wish to stop ends it.
"""

from __future__ import annotations

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING, TypeVar, assert_never

from reconciler.backends.pace import Pace, retry_after
from reconciler.errors import ApiError, Interrupted, NotSent, RateLimited, Unclear

if TYPE_CHECKING:
    from reconciler.backends.faults import Answer
    from reconciler.ports import Clock

PATIENCE = 300.0
"""Seconds for which one call is repeated that is refused for the pace."""

_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 30.0

# Method, path template, status, time and attempt; never headers, ids, links or bodies. Handlers belong to
# "reconciler" only: the loggers of requests and urllib3 name whole URLs.
_log = logging.getLogger("reconciler.http")

T = TypeVar("T")


class Repeat(Enum):
    """When a call may be sent again."""

    ALWAYS = "a read"
    UNCHANGED = "a write that surely changed nothing"
    NEVER = "a write that may be done twice"


@dataclass(frozen=True, slots=True)
class Call:
    """What is called, for logs and for the rules: never with an id in `template`."""

    method: str
    template: str
    repeat: Repeat


class Http:
    """The calls to one origin; shared by all threads."""

    def __init__(self, clock: Clock, *, rate: float | None = None, retries: int = 5) -> None:
        self._clock = clock
        self._pace = Pace(clock, rate)
        self._retries = retries
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._date: tuple[str, datetime] | None = None

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which this machine's clock was ahead of the server's at the first answer, by its `Date`;
        None where it said none that can be read."""
        if self._date is None:
            return None
        text, here = self._date
        try:
            there = parsedate_to_datetime(text)
        except ValueError:
            return None
        return (here - there.astimezone(UTC)).total_seconds()

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests sent so far, by HTTP status (`200`) or, without a whole answer, by error code."""
        with self._lock:
            return dict(self._counts)

    def call(self, call: Call, send: Callable[[], Answer], parse: Callable[[Answer], T]) -> T:
        """Send until `parse` is content or the rules forbid another attempt; raises the last error.

        Raises `Interrupted` instead of beginning an attempt of a read once a stop was asked for. The first
        attempt of a write is always made.
        """
        attempt = 0
        failures = 0
        refused_since: float | None = None
        last: ApiError | None = None
        while True:
            wave = self._pace.wait()
            if self._clock.stopping:
                if call.repeat is Repeat.ALWAYS:
                    raise Interrupted("stopped before the API was asked")
                if last is not None:
                    raise last
            attempt += 1
            answer: Answer | None = None
            try:
                answer = self._attempt(call, send, attempt)
                value = parse(answer)
            except RateLimited as error:
                last = error
                self._pace.refused(wave, self._asked(answer))
                now = self._clock.monotonic()
                refused_since = now if refused_since is None else refused_since
                if call.repeat is Repeat.NEVER or self._retries == 0 or now - refused_since >= PATIENCE:
                    raise
            except ApiError as error:
                last = error
                asked = self._asked(answer) if error.retry else None
                if asked is not None:
                    self._pace.pause(asked)
                if answer is not None:
                    self._pace.accepted()
                if failures >= self._retries or not _again(call, error):
                    raise
                if asked is None:
                    longest = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2**failures)
                    self._clock.sleep(random.uniform(0, longest))  # noqa: S311
                failures += 1
            else:
                self._pace.accepted()
                return value

    def _attempt(self, call: Call, send: Callable[[], Answer], attempt: int) -> Answer:
        begun = self._clock.monotonic()
        outcome = "error"
        try:
            answer = send()
            outcome = str(answer.status)
            if self._date is None and answer.date is not None:
                self._date = answer.date, self._clock.now()
            return answer
        except ApiError as error:
            outcome = error.code
            raise
        finally:
            with self._lock:
                self._counts[outcome] += 1
            if _log.isEnabledFor(logging.DEBUG):
                elapsed = (self._clock.monotonic() - begun) * 1000
                _log.debug(
                    "%s %s → %s, %.0f ms, attempt %d", call.method, call.template, outcome, elapsed, attempt
                )

    def _asked(self, answer: Answer | None) -> float | None:
        """Seconds that the server asked everybody to wait."""
        return None if answer is None else retry_after(answer.retry_after, self._clock.now())


def _again(call: Call, error: ApiError) -> bool:
    """Whether the rules allow to send once more after this failure, which is none of the pace."""
    match call.repeat:
        case Repeat.ALWAYS:
            return error.retry and isinstance(error, NotSent | Unclear)
        case Repeat.UNCHANGED:
            return error.retry and isinstance(error, NotSent)
        case Repeat.NEVER:
            return False
        case _:
            assert_never(call.repeat)
