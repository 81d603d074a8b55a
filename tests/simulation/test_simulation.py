"""The framework itself, and a fixed range of seeds, which tells the same stories on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from reconciler.ports import Clock
from tests.backends.contract import Backend, BackendContract
from tests.simulation import planted
from tests.simulation.places import Kept, MemoryStore
from tests.simulation.schedule import Greenlets, Killed, ProcessClock, Scheduler
from tests.simulation.service import Process, Service
from tests.simulation.trial import shrink, tell
from tests.state.conftest import BASE_URL, FakeClock, validate
from tests.state.contract import AStore, StoreContract

__all__ = ["validate"]  # a fixture of the store's tests

SEEDS = range(2_000)


class TestStore(StoreContract):
    """What stands for the stores on disk and in Git keeps what they keep."""

    @pytest.fixture
    def kept(self) -> _Kept:
        return _Kept()

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()


class _Kept:
    def __init__(self) -> None:
        self._kept = Kept()

    def store(self, *, base_url: str = BASE_URL, commit: str | None = "c0ffee") -> AStore:
        return MemoryStore(self._kept, base_url)

    def data(self) -> bytes | None:
        return self._kept.data()

    def put(self, data: bytes) -> None:
        self._kept.put(data)


class TestService(BackendContract):
    """The service with its record of calls is an API like any other."""

    @pytest.fixture
    def backend(self) -> Backend:
        scheduler = Scheduler()
        process = Process(1, "apply", scheduler, (), 1, lambda line: None)
        service = Service(
            scheduler, process.clock, lag=0.0, list_lag=0.0, store=bytes, edit=lambda event, group_id: ""
        )
        ports = [_Within(scheduler, process, port) for port in (service.reader, service.writer)]
        return Backend(*ports, service)  # type: ignore[arg-type]


class _Within:
    """Carries out every call in a thread of a process."""

    def __init__(self, scheduler: Scheduler, process: Process, port: object) -> None:
        self._scheduler = scheduler
        self._process = process
        self._port = port

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._port) if not name.startswith("_")]

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._port, name)

        def call(*args: object) -> object:
            ended: list[object] = []
            raised: list[Exception] = []

            def work() -> None:
                try:
                    ended.append(method(*args))
                except Exception as error:  # noqa: BLE001  (raised again where it was asked for)
                    raised.append(error)

            self._scheduler.spawn(self._process, work)
            self._scheduler.play()
            if raised:
                raise raised[0]
            return ended[0]

        return call


class _Process:
    dead = False


class TestScheduler:
    def test_who_is_due_first_goes_on(self) -> None:
        scheduler, process, heard = Scheduler(), _Process(), []

        def work(name: str, pause: float) -> None:
            for _ in range(2):
                scheduler.pause(pause)
                heard.append((name, scheduler.now))

        scheduler.spawn(process, lambda: work("slow", 3.0))
        scheduler.spawn(process, lambda: work("fast", 2.0))
        scheduler.play()
        assert heard == [("fast", 2.0), ("slow", 3.0), ("fast", 4.0), ("slow", 6.0)]

    @pytest.mark.parametrize("width", [1, 2, 9])
    def test_workers_carry_out_everything(self, width: int) -> None:
        scheduler, done, counted = Scheduler(), [], Counter()
        workers = Greenlets(scheduler)

        def task(n: int) -> None:
            scheduler.pause(10.0 - n)
            done.append(n)

        def main() -> None:
            workers.all([lambda n=n: task(n) for n in range(5)], width, lambda: counted.update(ended=1))  # type: ignore[misc]
            assert workers.beside(lambda: 7, lambda: done.append("meanwhile")) == 7

        scheduler.spawn(_Process(), main)
        scheduler.play()
        assert sorted(done[:5]) == [0, 1, 2, 3, 4]
        assert (done[5], counted["ended"]) == ("meanwhile", 5)
        assert scheduler.now == {1: 40.0, 2: 23.0, 9: 10.0}[width]

    def test_the_first_that_raises_ends_it_and_those_that_began_are_waited_for(self) -> None:
        scheduler, done = Scheduler(), []

        def task(n: int) -> None:
            scheduler.pause(1.0 + n)
            if n == 0:
                raise KeyError(n)
            done.append(n)

        def main() -> None:
            with pytest.raises(KeyError):
                Greenlets(scheduler).all([lambda n=n: task(n) for n in range(5)], 2, lambda: None)  # type: ignore[misc]
            done.append("ended")

        scheduler.spawn(_Process(), main)
        scheduler.play()
        assert done == [1, "ended"]

    def test_who_is_killed_does_nothing_any_more(self) -> None:
        scheduler, process, done = Scheduler(), _Process(), []

        def sleeper() -> None:
            try:
                scheduler.pause(1000.0)
                done.append("slept")
            except Killed:
                done.append("killed")

        def killer() -> None:
            scheduler.pause(5.0)
            process.dead = True
            scheduler.rouse(process, sleepers_only=False)

        scheduler.spawn(process, sleeper)
        scheduler.spawn(_Process(), killer)
        scheduler.play()
        assert (done, scheduler.now) == (["killed"], 5.0)

    def test_a_wish_to_stop_wakes_who_sleeps_and_a_wrong_clock_is_wrong(self) -> None:
        scheduler, process = Scheduler(), _Process()
        clock: ProcessClock = ProcessClock(scheduler, process, skew=60.0)
        right: Clock = ProcessClock(scheduler, process)
        scheduler.spawn(process, lambda: clock.sleep(1000.0))
        scheduler.spawn(_Process(), clock.stop, after=3.0)
        scheduler.play()
        assert scheduler.now == 3.0
        assert (clock.now() - right.now()).total_seconds() == 60.0


def test_a_seed_always_tells_the_same_story() -> None:
    for seed in range(40):
        assert tell(seed) == tell(seed)


def test_stories_are_full_of_what_may_go_wrong() -> None:
    """Nobody is to be fooled by an empty simulation."""
    counts: Counter[str] = Counter()
    for seed in range(400):
        counts += tell(seed).counts
    for what, least in {
        "edits": 300,
        "fault_before": 60,
        "fault_after": 25,
        "fault_lie": 5,
        "kill": 50,
        "kill_step": 20,
        "refuse_step": 5,
        "stop": 5,
        "clock": 5,
        "vanish": 20,
        "forget": 5,
        "two_at_once": 10,
        "state_lost": 10,
        "state_older": 5,
        "state_damaged": 5,
        "run_apply": 1000,
        "run_ready": 10,
        "run_send": 20,
        "run_rotate": 20,
        "run_accept": 10,
        "run_import": 10,
    }.items():
        assert counts[what] >= least, what


def test_a_planted_fault_is_found_and_its_story_is_short() -> None:
    name = "members always pruned"
    seeds, verdict = planted.search(name, most=300)
    assert verdict is not None, f"not found in {seeds} seeds"
    with planted.FAULTS[name]():
        found = shrink(seeds - 1, verdict.partition(":")[0])
    assert verdict.partition(":")[0] in {each.code for each in found.verdicts}
    assert len(found.story.splitlines()) <= len(tell(seeds - 1).story.splitlines())


def test_nothing_is_wrong_in_a_fixed_range() -> None:
    """What fails is told by: python -m tests.simulation --shrink SEED."""
    failed = {
        seed: [str(each) for each in found.verdicts] for seed in SEEDS if (found := tell(seed)).verdicts
    }
    assert failed == {}
