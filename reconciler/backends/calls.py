"""Calls to one origin: repeated where that is safe, at the rate of all, and counted.

A read is repeated whatever befell it, as long as that may help. A write is repeated inside its method only
where it surely changed nothing: refused for the rate, or never sent. What may create something twice (groups,
messages) is sent once. How often, and for how long, says `reconciler.retry`. All waiting is the clock's, so
that a wish to stop ends it.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING, TypeVar, assert_never

from reconciler.errors import ApiError, Interrupted, NotSent, RateLimited, Unclear
from reconciler.language import msg
from reconciler.retry import ALLOWANCE, Attempts, RetryPolicy, too_long

if TYPE_CHECKING:
    from reconciler.backends.limiter import RateLimiter
    from reconciler.ports import Clock

# Method, path template, status, time and attempt; never headers, ids, links or bodies. Handlers belong to
# "reconciler" only: the loggers of requests and urllib3 name whole URLs.
_log = logging.getLogger("reconciler.http")

_SANDBOX = "reconciler-sandbox"
"""What the sandbox says in its header `Server`."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. `wait`: seconds that it asks to wait (`Retry-After`). `secrets` are credentials that
    must not be repeated in an error's text."""

    status: int
    body: bytes = field(default=b"", repr=False)
    _: KW_ONLY
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    wait: float | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def code(self) -> str:
        """The stable code of this status in errors."""
        return f"http_{self.status}"


class Repeat(Enum):
    """When a call may be sent again."""

    ALWAYS = "always"  # a read, or what may be done twice
    UNCHANGED = "unchanged"  # a write that surely changed nothing
    NEVER = "never"  # a write that may be done twice, and must not be


@dataclass(frozen=True, slots=True)
class Call:
    """What is called, for logs and for the rules: never with an id in `template`. `message`: it writes to
    somebody. `patience`: how many times the usual time its answer may take."""

    method: str
    template: str
    repeat: Repeat
    message: bool = False
    patience: int = 1


class Calls:
    """Carries out calls to one origin; shared by all threads."""

    def __init__(self, clock: Clock, policy: RetryPolicy, limiter: RateLimiter) -> None:
        self._clock = clock
        self._policy = policy
        self._limiter = limiter
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._date: tuple[str, datetime] | None = None
        self._server = ""

    @property
    def is_sandbox(self) -> bool:
        """Whether an answer came from `reconciler.sandbox`, as it says itself."""
        return self._server == _SANDBOX

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

    def run(self, call: Call, send: Callable[[], Answer], parse: Callable[[Answer], T]) -> T:
        """Send until `parse` returns or the rules forbid another attempt; raises the last error.

        Raises `Interrupted` instead of beginning an attempt of a read once a stop was asked for. The first
        attempt of a write is always made, unless everybody was told to wait for longer than anybody does.
        """
        attempts = Attempts(self._policy, self._clock)
        attempt = 0
        last: ApiError | None = None
        while True:
            generation = self._limiter.wait()
            if self._clock.stopping:
                if call.repeat is Repeat.ALWAYS:
                    raise Interrupted(msg("stopped before the API was asked"))
                if last is not None:
                    raise last
            attempt += 1
            answer: Answer | None = None
            try:
                answer = self._attempt(call, send, attempt)
                value = parse(answer)
            except RateLimited as error:
                last = error
                self._limiter.refused(generation, error.wait)
                # The limiter's pause is everybody's, this call's included.
                if call.repeat is Repeat.NEVER or attempts.after_refusal(error.wait) is None:
                    raise
            except ApiError as error:
                last = error
                if error.wait is not None:
                    self._limiter.pause(error.wait)
                if answer is not None:
                    self._limiter.accepted()
                pause = attempts.after_failure() if _may_repeat(call, error) else None
                if error.wait is not None and error.wait > ALLOWANCE:
                    error.hint = too_long(error.wait)
                    raise
                if pause is None:
                    raise
                if error.wait is None:
                    self._clock.sleep(pause)
            else:
                self._limiter.accepted()
                return value

    def _attempt(self, call: Call, send: Callable[[], Answer], attempt: int) -> Answer:
        begun = self._clock.monotonic()
        outcome = "error"
        try:
            answer = send()
            outcome = str(answer.status)
            if self._date is None and "Date" in answer.headers:
                self._date = answer.headers["Date"], self._clock.now()
            self._server = self._server or answer.headers.get("Server", "")
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


def _may_repeat(call: Call, error: ApiError) -> bool:
    """Whether the rules allow to send once more after this failure, which is no refusal for the rate."""
    match call.repeat:
        case Repeat.ALWAYS:
            return error.retry and isinstance(error, NotSent | Unclear)
        case Repeat.UNCHANGED:
            return error.retry and isinstance(error, NotSent)
        case Repeat.NEVER:
            return False
        case _:
            assert_never(call.repeat)
