"""The groups API as several processes call it, beside other people: every call is on record, with what was
true before and after it, and events strike it where the story says so."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from reconciler.errors import (
    ApiError,
    CredentialsError,
    Interrupted,
    NotFound,
    NotSent,
    RateLimited,
    ReconcilerError,
    Refused,
    StateError,
    Unclear,
)
from reconciler.model import number
from reconciler.model.capabilities import BackendName
from reconciler.model.live import GroupList, IconMeta, LiveGroup, PersonAnswer
from tests.fakes import READS, FakeApi, FakeGroup, FakeReader, FakeWriter
from tests.simulation.schedule import Killed, ProcessClock, Scheduler

T = TypeVar("T")

CREATES = frozenset({"create_group"})
MESSAGES = frozenset({"send_to_person", "send_to_group"})

LOOKS = frozenset({"find_person", "refresh_list"})
"""What a gateway is asked before it is written to."""

Kind = Literal["edit", "forget", "fault", "kill", "stop", "clock", "vanish", "kill_step", "refuse_step"]
Where = Literal["any", "write", "method"]


@dataclass(frozen=True)
class Event:
    """Something that befalls a process: at its `nth` call of all, of those that write, or of one method
    (`where`), before the call has its effect or after it. `kill_step` and `refuse_step` count the journal's
    steps instead. `salt` decides whatever else there is to decide."""

    kind: Kind
    where: Where
    method: str
    nth: int
    after: bool
    salt: int

    def strikes(self, method: str, counts: Mapping[str, int]) -> bool:
        match self.where:
            case "any":
                return counts["any"] == self.nth
            case "write":
                return method not in READS and counts["write"] == self.nth
            case "method":
                return method == self.method and counts[method] == self.nth


@dataclass
class Call:
    """One call: what was asked and answered, whether it had its effect, and all groups before and after."""

    at: float
    process: Process
    method: str
    args: tuple[object, ...]
    before: dict[str, FakeGroup] = field(default_factory=dict)
    after: dict[str, FakeGroup] = field(default_factory=dict)
    effective: bool = False
    answer: object = None
    error: BaseException | None = None
    fault: str = ""
    arrived: float = 0.0
    thread: object = None
    unlisted: frozenset[str] = frozenset()  # of which a gateway's cache knew nothing then

    @property
    def group_id(self) -> str | None:
        first = self.args[0] if self.args else None
        return first if isinstance(first, str) and self.method not in CREATES | MESSAGES | LOOKS else None

    @property
    def readings(self) -> Mapping[str, LiveGroup]:
        """What a read told of groups, people by their numbers where anybody can know them."""
        match self.answer:
            case LiveGroup() as live:
                return {live.id: live}
            case GroupList() as found:
                return {each: live for each, live in found.groups.items() if isinstance(live, LiveGroup)}
            case _:
                return {}


class Process:
    """One process: a run of a verb. `say` writes a line into the story."""

    def __init__(
        self,
        number: int,
        verb: str,
        scheduler: Scheduler,
        events: tuple[Event, ...],
        seed: int,
        say: Callable[[str], None],
        skew: float = 0.0,
    ) -> None:
        self.number = number
        self.verb = verb
        self.events = events
        self.random = random.Random(seed)
        self.clock = ProcessClock(scheduler, self, skew)
        self.scheduler = scheduler
        self.dead = False
        self.counts: Counter[str] = Counter()
        self.steps = 0
        self.calls: list[Call] = []
        self.say = say
        self.struck: Counter[str] = Counter()
        self.jumped = 0.0

    def kill(self) -> None:
        self.dead = True
        self.scheduler.rouse(self, sleepers_only=False)
        raise Killed

    def step(self, write: Callable[[], None]) -> None:
        """Around every durable step of the journal."""
        if self.dead:
            raise Killed
        self.steps += 1
        for event in self.events:
            if event.nth != self.steps or event.kind not in ("kill_step", "refuse_step"):
                continue
            self.struck[event.kind] += 1
            if event.kind == "refuse_step":
                self.say(f"step {self.steps} of the state cannot be written")
                raise StateError("the state cannot be written: no space left", "free some space")
            if event.after:
                write()
            self.say(f"killed {'after' if event.after else 'before'} step {self.steps} of the state")
            self.kill()
        write()


class Service(FakeApi):
    """`lag`: seconds until reads show a change; `list_lag`: until the list names a new group."""

    def __init__(
        self,
        scheduler: Scheduler,
        clock: ProcessClock,
        *,
        lag: float,
        list_lag: float,
        store: Callable[[bytes], bytes],
        edit: Callable[[Event, str | None], str],
        backend: BackendName = "sinch",
    ) -> None:
        super().__init__(clock=clock, lag=lag, store=store, backend=backend)  # type: ignore[arg-type]
        self.known: dict[str, str] = {}  # ids that hide a number which somebody tells → that number
        self.scheduler = scheduler
        self.list_lag = list_lag
        self.born: dict[str, float] = {}
        self.edit = edit
        self.record: list[Call] = []
        self.limit = 4000
        self.reader = _Reader(self)
        self.writer = _Writer(self)

    def plain(self, person: str) -> str:
        """The number of somebody by the id that is listed, where anybody can know it."""
        return self.known.get(person) or number.of_id(person) or person

    def told_plainly(self, live: LiveGroup) -> LiveGroup:
        """A reading with people by their numbers, where anybody can know them."""
        if not self.gateway:
            return live
        return replace(
            live,
            creator=live.creator and self.plain(live.creator),
            admins=tuple(map(self.plain, live.admins)),
            participants=tuple(map(self.plain, live.participants)),
            superadmins=tuple(map(self.plain, live.superadmins)),
            numbers={},
        )

    def listed(self) -> tuple[str, ...]:
        now = self.scheduler.now
        return tuple(each for each in super().listed() if self.born.get(each, -1e9) + self.list_lag <= now)

    def create(self, subject: str) -> FakeGroup:
        group = super().create(subject)
        self.born[group.live.id] = self.scheduler.now
        return group

    @contextmanager
    def call(self, method: str, *args: object) -> Iterator[bool]:
        thread = self.scheduler.current()
        if thread is None:
            raise RuntimeError("no process makes this call")
        process = thread.process
        assert isinstance(process, Process)
        if process.dead:
            raise Killed
        if method in READS and process.clock.stopping:
            raise Interrupted("stopped before the API was asked")
        counts = process.counts
        counts["any"] += 1
        counts[method] += 1
        counts["write"] += method not in READS
        self.calls.append((method, args))
        if counts["any"] > self.limit:
            raise RuntimeError("this run makes calls without end")
        call = Call(self.scheduler.now, process, method, args, thread=thread)
        thread.call = call  # type: ignore[attr-defined]
        events = [event for event in process.events if event.strikes(method, counts)]
        self.scheduler.pause(0.01 + process.random.random() * 0.3)
        self._befall(process, call, [event for event in events if not event.after])
        call.arrived = self.scheduler.now
        process.calls.append(call)
        self.record.append(call)
        fault = next((event for event in events if event.kind == "fault"), None)
        error, mode = (None, "") if fault is None else fault_of(method, random.Random(fault.salt))
        call.before = call.after = self.now
        call.unlisted = frozenset(self.unlisted)
        if mode:
            process.struck[f"fault_{mode}"] += 1
            call.fault = f"{mode}: {type(error).__name__}" if error else mode
        try:
            if mode == "before" and error is not None:
                raise error
            yield mode != "lie"
            call.effective = mode != "lie" and method not in READS
            call.after = self.now
            self._befall(process, call, [event for event in events if event.after])
            self.scheduler.pause(0.01 + process.random.random() * 0.2)
            if mode == "after" and error is not None:
                raise error
        except ReconcilerError as found:
            call.error = found
            if not call.effective:
                self.scheduler.pause(0.01 + process.random.random() * 0.2)
            self.tell(call)
            raise
        except Killed as found:
            call.error = found
            self.tell(call)
            raise
        if method not in READS:  # of a read the answer is not known yet
            self.tell(call)

    def tell(self, call: Call) -> None:
        process = call.process
        words = [short(each) for each in call.args]
        answer = short(call.answer) if call.answer is not None else "200"
        if isinstance(call.error, Killed):
            answer = "killed"
        elif call.error is not None:
            status = getattr(call.error, "status", None)
            answer = f"{type(call.error).__name__}{f' {status}' if status else ''}"
        effect = "" if call.method in READS else " [done]" if call.effective else " [no effect]"
        fault = f" ({call.fault})" if call.fault else ""
        process.say(f"{call.method}({', '.join(words)}) → {answer}{effect}{fault}")

    def _befall(self, process: Process, call: Call, events: list[Event]) -> None:
        for event in events:
            match event.kind:
                case "edit":
                    process.say(f"    ‖ {self.edit(event, call.group_id)}")
                case "kill":
                    process.struck["kill"] += 1
                    self._killed(process, call)
                case "forget":
                    forgotten = random.Random(event.salt).choice([*self.now] or [""])
                    process.say(f"    ‖ the gateway's cache forgets {short(forgotten)}")
                    self.unlisted.add(forgotten)
                case "stop":
                    process.say("    ‖ asked to stop")
                    process.clock.stop()
                case "clock":
                    by = random.Random(event.salt).choice((-86400, -3600, -30, 30, 3600, 86400))
                    process.say(f"    ‖ the clock jumps by {by} s")
                    process.clock.skew += by
                    process.jumped += by
                case _:
                    continue
            if event.kind != "kill":
                process.struck[event.kind] += 1

    def _killed(self, process: Process, call: Call) -> None:
        process.say(f"    ‖ killed {'after' if call.effective else 'before'} {call.method} had its effect")
        process.kill()


class _Reader(FakeReader):
    """Keeps the answers."""

    def __init__(self, api: Service) -> None:
        super().__init__(api)
        self._service = api

    def list_groups(self) -> GroupList:
        return self._kept(super().list_groups)

    def get_group(self, group_id: str) -> LiveGroup:
        return self._kept(lambda: super(_Reader, self).get_group(group_id))

    def get_icon(self, group_id: str, *, fresh: bool = False) -> IconMeta | None:
        return self._kept(lambda: super(_Reader, self).get_icon(group_id, fresh=fresh))

    def fetch_icon(self, icon: IconMeta) -> bytes:
        return self._kept(lambda: super(_Reader, self).fetch_icon(icon))

    def _kept(self, ask: Callable[[], T]) -> T:
        answer = ask()
        thread = self._service.scheduler.current()
        assert thread is not None
        plain = self._service.told_plainly
        kept: object = answer
        if isinstance(answer, LiveGroup):
            kept = plain(answer)
        elif isinstance(answer, GroupList):
            kept = GroupList(answer.ids, {each: plain(live) for each, live in answer.groups.items()})  # type: ignore[arg-type]
        thread.call.answer = kept if kept is not None else NOTHING  # type: ignore[attr-defined]
        self._service.tell(thread.call)  # type: ignore[attr-defined]
        return answer


class _Writer(FakeWriter):
    """Keeps what is answered of each person who was looked up, or to be added."""

    def __init__(self, api: Service) -> None:
        super().__init__(api)
        self._service = api

    def find_person(self, digits: str) -> str | None:
        return self._kept(super().find_person(digits))

    def add_participants(self, group_id: str, ids: Sequence[str]) -> tuple[PersonAnswer, ...]:
        return self._kept(super().add_participants(group_id, ids))

    def _kept(self, answer: T) -> T:
        thread = self._service.scheduler.current()
        assert thread is not None
        thread.call.answer = answer  # type: ignore[attr-defined]
        return answer


NOTHING = "nothing"
"""The answer of a read that found no icon."""


def short(value: object) -> str:
    """A value as the story shows it."""
    match value:
        case bytes():
            return f"{len(value)} bytes"
        case LiveGroup():
            members = [each for each in value.participants if each not in value.admins]
            return f"{value.subject!r} admins {_people(value.admins)} members {_people(members)}"
        case tuple() | list():
            return "[" + " ".join(map(short, value)) + "]"
        case GroupList():
            return short(value.ids)
        case IconMeta():
            return value.bare_url.removeprefix("https://cdn.example/")
        case dict():
            return "a message"
        case str():
            return value.replace("5519911112222-15136169", "g").replace("1203630015136169", "g")
        case _:
            return str(value)


def _people(people: object) -> str:
    from tests.simulation.story import CALLED

    return " ".join(CALLED.get(each, each) for each in people)  # type: ignore[attr-defined]


def fault_of(method: str, dice: random.Random) -> tuple[ReconcilerError | None, str]:
    """An error, and when it comes: `before` the effect, `after` it, or a `lie` without either."""
    lost: list[Callable[[], ReconcilerError]] = [
        lambda: Unclear("connection lost", code="connection", retry=True),
        lambda: Unclear("HTTP 503", status=503, code="http_503", retry=True),
        lambda: Unclear("an answer that makes no sense", status=200, code="bad_answer"),
    ]
    refused: list[Callable[[], ReconcilerError]] = [
        lambda: RateLimited("HTTP 429", status=429, code="http_429", retry=True),
        lambda: NotSent("never connected", code="connection", retry=True),
        lambda: Refused("HTTP 409", status=409, code="http_409"),
    ]
    gone: list[Callable[[], ReconcilerError]] = [
        lambda: NotFound("no such group", status=404, code="http_404"),
        lambda: NotFound("no such group", status=400, code="http_400"),
        lambda: NotFound("an empty list", code="not_found"),
    ]
    if method in READS:
        return dice.choice(lost + refused + (gone * 2 if method == "get_group" else []))(), "before"
    if dice.random() < 0.04:
        return CredentialsError("HTTP 401"), "before"
    kinds: list[tuple[Callable[[], ReconcilerError] | None, str]] = [
        *((each, "after") for each in lost * 2),
        *((each, "before") for each in (*lost, *refused)),
    ]
    if method not in CREATES | MESSAGES | LOOKS | {"get_link"}:
        kinds += [(None, "lie")] * 4 + [(gone[0], "before")]
    make, mode = dice.choice(kinds)
    return (None if make is None else make()), mode


__all__ = ["ApiError", "Call", "Event", "Process", "Service", "fault_of", "short"]
