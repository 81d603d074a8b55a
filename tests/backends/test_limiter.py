"""The rate limiter: many workers against servers that count, in virtual time; and once against a real one."""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.backends.calls import Answer, Call, Calls, Repeat
from reconciler.backends.faults import check
from reconciler.backends.limiter import RateLimiter, retry_after, tell_nobody
from reconciler.backends.service import Connection
from reconciler.backends.sinch import connect
from reconciler.errors import RateLimited, Unclear
from reconciler.ports import Clock
from reconciler.retry import ALLOWANCE, RetryPolicy
from reconciler.sandbox import Options, start
from tests.fakes import NOON, FakeClock

READ = Call("GET", "/v1/whatsapp/groups/{id}", Repeat.ALWAYS)
CREATE = Call("POST", "/v1/whatsapp/groups", Repeat.NEVER)


def calls_for(
    clock: Clock,
    *,
    rate: float | None = None,
    retries: int = 5,
    tell: Callable[[str], None] = tell_nobody,
) -> Calls:
    return Calls(clock, RetryPolicy(retries), RateLimiter(clock, rate, tell))


class SharedClock:
    """Virtual time for `workers` threads: it moves to the next wake-up when all of them sleep.

    Each worker calls `leave` when it is done.
    """

    stopping = False

    def __init__(self, workers: int) -> None:
        self._time = 0.0
        self._awake = workers
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._count = 0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._time)

    def monotonic(self) -> float:
        return self._time

    def sleep(self, seconds: float) -> None:
        woken = threading.Event()
        with self._lock:
            self._count += 1
            heapq.heappush(self._sleepers, (self._time + max(0.0, seconds), self._count, woken))
            self._advance()
        woken.wait()

    def leave(self) -> None:
        with self._lock:
            self._advance()

    def _advance(self) -> None:
        self._awake -= 1
        if self._awake == 0 and self._sleepers:
            self._time, _, woken = heapq.heappop(self._sleepers)
            self._awake += 1
            woken.set()


class Limiter:
    """A server that lets `limit` requests through in each second, as `allows` counts them."""

    limit = 20

    def __init__(self, clock: SharedClock, *, latency: float, wait: float | None, status: int) -> None:
        self.clock = clock
        self.latency = latency
        self.wait = wait
        self.status = status
        self.asked: list[float] = []
        self.refused: list[float] = []
        self._lock = threading.Lock()

    def allows(self, now: float) -> bool:
        raise NotImplementedError

    def send(self) -> Answer:
        self.clock.sleep(self.latency / 2)
        with self._lock:
            now = self.clock.monotonic()
            self.asked.append(now)
            allowed = self.allows(now)
            if not allowed:
                self.refused.append(now)
        self.clock.sleep(self.latency / 2)
        return Answer(200) if allowed else Answer(self.status, wait=self.wait)


class FixedWindow(Limiter):
    """Counts from one full second to the next, refused requests not."""

    limit = 20
    seconds = 1.0
    window = -1
    count = 0

    def allows(self, now: float) -> bool:
        if int(now / self.seconds) != self.window:
            self.window, self.count = int(now / self.seconds), 0
        self.count += 1
        return self.count <= self.limit


class SlidingWindow(Limiter):
    """Counts what was let through in the second before."""

    limit = 20

    def __init__(self, clock: SharedClock, *, latency: float, wait: float | None, status: int) -> None:
        super().__init__(clock, latency=latency, wait=wait, status=status)
        self._passed: deque[float] = deque()

    def allows(self, now: float) -> bool:
        while self._passed and self._passed[0] <= now - 1:
            self._passed.popleft()
        if len(self._passed) >= self.limit:
            return False
        self._passed.append(now)
        return True


class Bucket(Limiter):
    """A token bucket of 20 that fills at 20 a second."""

    limit = 20
    tokens = 20.0
    filled = 0.0

    def allows(self, now: float) -> bool:
        self.tokens = min(20.0, self.tokens + (now - self.filled) * self.limit)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Hiccup(Limiter):
    """Refuses one request, and nothing else."""

    def allows(self, now: float) -> bool:
        return len(self.asked) != 200


class PerMinute(FixedWindow):
    """60 a minute, as sister proxies allow."""

    limit = 60
    seconds = 60.0


def run(calls: Calls, clock: SharedClock, send: Callable[[], Answer], count: int, workers: int) -> int:
    """`count` reads over `workers` threads; returns how many succeeded."""
    left = deque(range(count))
    done: list[int] = []

    def work() -> None:
        try:
            while True:
                try:
                    number = left.popleft()
                except IndexError:
                    return
                calls.run(READ, send, check)
                done.append(number)
        finally:
            clock.leave()

    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(work) for _ in range(workers)]:
            future.result()
    return len(done)


@pytest.mark.parametrize("server", [FixedWindow, SlidingWindow, Bucket])
@pytest.mark.parametrize(("asked", "status"), [(None, 429), (1.0, 420)])
@pytest.mark.parametrize(("latency", "workers"), [(0.005, 8), (0.05, 8), (0.3, 8), (0.05, 64)])
def test_a_limit_that_nobody_told_is_found(
    server: type[Limiter], asked: float | None, status: int, latency: float, workers: int
) -> None:
    """220 calls succeed; under 5 % are refused after the first second, and not at a crawl."""
    clock = SharedClock(workers)
    api = server(clock, latency=latency, wait=asked, status=status)
    assert run(calls_for(clock), clock, api.send, 220, workers) == 220
    late = [at for at in api.asked if at >= 1 + latency]
    refused = [at for at in api.refused if at >= 1 + latency]
    assert len(refused) < 0.05 * len(late)
    assert clock.monotonic() < 25 + 3 * (asked or 1)


@pytest.mark.parametrize("server", [FixedWindow, SlidingWindow, Bucket])
def test_a_limit_is_kept_to_in_the_long_run(server: type[Limiter]) -> None:
    clock = SharedClock(8)
    api = server(clock, latency=0.1, wait=None, status=429)
    assert run(calls_for(clock), clock, api.send, 2000, 8) == 2000
    assert 5 < len(api.refused) < 0.03 * len(api.asked)
    assert clock.monotonic() < 1.25 * 2000 / api.limit


def test_a_limit_by_the_minute_is_lived_with() -> None:
    clock = SharedClock(8)
    api = PerMinute(clock, latency=0.02, wait=None, status=429)
    assert run(calls_for(clock), clock, api.send, 220, 8) == 220
    assert len(api.refused) < 60
    assert clock.monotonic() < 600


@pytest.mark.parametrize("rate", [5.0, 50.0])
def test_the_users_rate_holds_from_the_start(rate: float) -> None:
    clock = SharedClock(8)
    api = FixedWindow(clock, latency=0.01, wait=None, status=429)
    api.limit = 1000
    run(calls_for(clock, rate=rate), clock, api.send, 100, 8)
    gaps = [later - earlier for earlier, later in zip(api.asked, api.asked[1:], strict=False)]
    assert min(gaps) == pytest.approx(1 / rate)
    assert clock.monotonic() == pytest.approx(99 / rate + 0.01, rel=0.05)


def test_the_users_rate_is_never_exceeded_after_a_refusal() -> None:
    clock = SharedClock(8)
    api = FixedWindow(clock, latency=0.01, wait=None, status=429)
    run(calls_for(clock, rate=25), clock, api.send, 600, 8)
    per_second = [sum(second <= at < second + 1 for at in api.asked) for second in range(30)]
    assert max(per_second) <= 26
    assert len(api.refused) < 0.05 * len(api.asked)


def test_nor_once_what_was_slowed_has_grown_again() -> None:
    clock = SharedClock(8)
    api = Hiccup(clock, latency=0.01, wait=None, status=429)
    run(calls_for(clock, rate=25), clock, api.send, 1000, 8)
    per_second = [sum(second <= at < second + 1 for at in api.asked) for second in range(50)]
    assert len(api.refused) == 1
    assert max(per_second) <= 26
    assert min(per_second[30:40]) >= 24, "all of it is used again"


def test_everybody_pauses_when_one_is_refused() -> None:
    """After the answer of a refusal nothing is sent until Retry-After is over."""
    clock = SharedClock(8)
    api = Bucket(clock, latency=0.02, wait=7.0, status=429)
    run(calls_for(clock), clock, api.send, 60, 8)
    first = api.refused[0] + api.latency
    assert [at for at in api.asked if first < at < first + 6.9] == []


def test_without_a_refusal_nothing_is_slowed() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    for _ in range(1000):
        limiter.wait()
        limiter.accepted()
    assert clock.slept == []


def test_a_stop_ends_the_waiting() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    limiter.refused(limiter.wait(), 200.0)
    clock.stopping = True
    limiter.wait()
    assert clock.slept == []


def test_the_allowance_for_refusals_is_counted_in_time_not_in_retries() -> None:
    clock = FakeClock()
    sent = []

    def send() -> Answer:
        sent.append(clock.monotonic())
        return Answer(429)

    with pytest.raises(RateLimited):
        calls_for(clock, retries=1).run(READ, send, check)
    assert len(sent) > 5
    assert ALLOWANCE <= sent[-1] < ALLOWANCE + 40


def test_a_wait_longer_than_the_allowance_is_waited_for_by_nobody() -> None:
    """The first call names it, the next ones are not sent, and once it is over all goes on."""
    clock, told, sent = FakeClock(), [], []
    calls = calls_for(clock, tell=told.append)

    def send() -> Answer:
        sent.append(clock.monotonic())
        return Answer(429, wait=100_000.0) if len(sent) == 1 else Answer(200)

    for call in (READ, CREATE, READ):
        with pytest.raises(RateLimited) as caught:
            calls.run(call, send, check)
        assert caught.value.wait is not None
        assert "27 h 47 min" in caught.value.hint or caught.value.wait > 100_000
    assert (len(sent), clock.slept, told) == (1, [], [])
    clock.sleep(110_001)
    calls.run(READ, send, check)
    assert calls.counts == {"429": 1, "200": 1}


def test_refusals_without_end_end_a_run_of_many_calls() -> None:
    """However many groups there are: five minutes, and once more at each pause's end."""
    clock, told = FakeClock(), []
    calls = calls_for(clock, tell=told.append)
    for _ in range(1000):
        with pytest.raises(RateLimited):
            calls.run(READ, lambda: Answer(429), check)
    assert clock.elapsed < ALLOWANCE + 40
    assert sum(calls.counts.values()) < 30
    assert told[0].startswith("Waiting ")
    assert told[0].endswith(" s before anything else is asked: too many requests.")
    assert len(told) < 15


def test_a_long_pause_of_a_busy_server_is_told_and_a_short_one_not() -> None:
    clock, told = FakeClock(), []
    limiter = RateLimiter(clock, tell=told.append)
    limiter.pause(2.0)
    assert told == []
    limiter.pause(120.0)
    assert len(told) == 1
    assert told[0].endswith("the server is busy.")


def test_a_server_that_is_busy_for_long_is_not_waited_for_and_named() -> None:
    """What is raised is what was answered, with the wait; so is the reason why others are not sent."""
    clock = FakeClock()
    calls = calls_for(clock)
    with pytest.raises(Unclear) as caught:
        calls.run(READ, lambda: Answer(503, wait=123456.0), check)
    assert (caught.value.status, caught.value.hint) == (503, "it asks to wait 34 h 18 min: run it again then")
    with pytest.raises(RateLimited, match="the server is busy") as later:
        calls.run(READ, lambda: Answer(200), check)
    assert later.value.hint.startswith("run it again in ")
    assert (clock.slept, calls.counts) == ([], {"503": 1})


def test_retries_of_none_repeat_nothing() -> None:
    for answer in (Answer(429, wait=1.0), Answer(500)):
        calls = calls_for(FakeClock(), retries=0)
        with pytest.raises((RateLimited, Unclear)):
            calls.run(READ, lambda found=answer: found, check)
        assert sum(calls.counts.values()) == 1


def test_a_create_is_refused_once_and_paces_the_others() -> None:
    clock = FakeClock()
    calls = calls_for(clock)
    with pytest.raises(RateLimited):
        calls.run(CREATE, lambda: Answer(429, wait=9.0), check)
    assert clock.slept == []
    calls.run(READ, lambda: Answer(200), check)
    assert 9 <= sum(clock.slept) < 10


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 17 ", 17.0),
        ("86400", 86400.0),
        ("9" * 5000, 366 * 86400.0),
        ("00000000000030", 30.0),
        ("-3", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 09:00:30 -0300", 30.0),
        ("Sunday, 22-Nov-26 12:00:00 GMT", 86400.0),
        ("Sat Nov 21 12:00:30 2026", 30.0),
        ("Sat, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOON) == seconds


@given(st.text())
def test_retry_after_of_anything(value: str) -> None:
    seconds = retry_after(value, NOON)
    assert seconds is None or 0 <= seconds <= 366 * 86400


class RealClock:
    stopping = False
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def now(self) -> datetime:
        return datetime.now(UTC)


def test_over_http_a_real_limit_is_found() -> None:
    with start(Options(database=":memory:", rate=40, latency=0.01)) as sandbox:
        connection = Connection(base_url=sandbox.base_url, username="ana", token="segredo")
        control = sandbox.control()
        ids = [group["id"] for group in control.seed("Grupo {n}", count=120)]
        control.clear_calls()
        with connect(connection, RealClock()) as client, ThreadPoolExecutor(8) as pool:
            assert [live.id for live in pool.map(client.reader.get_group, ids)] == ids
            counts = client.counts
        assert counts["200"] == 120
        assert 0 < counts["429"] <= 20
        assert set(counts) == {"200", "429"}
