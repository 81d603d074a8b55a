"""Manifests, a state and the API in memory: whole runs in virtual time, as `operations` carries them out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

from reconciler import pictures
from reconciler.apply.run import apply_plan
from reconciler.apply.tools import Timeouts
from reconciler.errors import Location, PictureError, StateError
from reconciler.manifests.config import Config, Preset
from reconciler.manifests.load import Loaded
from reconciler.model.capabilities import BackendName
from reconciler.model.desired import Desired, DesiredGroup, DesiredIcon, Icon, Person
from reconciler.model.live import LiveGroup, LiveState
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.record import State
from reconciler.model.settings import Settings
from reconciler.operations import apply as operations
from reconciler.planning import planner
from reconciler.planning.group import Context, PlanCache
from reconciler.planning.options import Options
from reconciler.ports import WritePorts
from reconciler.reading import identifying, read
from reconciler.state.memory import MemoryJournal
from reconciler.workers import THREADS
from tests.fakes import ACCOUNT, FakeApi, FakeClock

ANA, BRUNO, CARLOS, DORA, ELISA, FABIO = (f"551990000000{n}" for n in range(1, 7))
STRANGER = "5521977776666"


class Quiet:
    """A `ports.Progress` that draws nothing, and keeps what it was told."""

    def __init__(self, told: list[str] | None = None) -> None:
        self.told = [] if told is None else told

    def start(self, label: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def finish(self) -> None: ...

    def tell(self, text: str) -> None:
        self.told.append(text)


class Journal(MemoryJournal):
    """Keeps what was durable in `saved`; `fails_at` is the number, from 1, of the step that cannot be
    written, and `fails_for` how many after it cannot either. `dead`: the process was killed."""

    def __init__(self, state: State, *, fails_at: int | None = None, fails_for: float = 1) -> None:
        super().__init__(state)
        self.saved = state
        self.steps = 0
        self.fails_at = fails_at
        self.fails_for = fails_for
        self.dead: Callable[[], bool] = lambda: False

    def _save(self, version: int) -> None:
        if self.dead():
            raise Killed
        self.steps += 1
        if self.fails_at is not None and 0 <= self.steps - self.fails_at < self.fails_for:
            raise StateError("the state cannot be written: no space left", "free some space")
        self.saved = self.state


class Killed(BaseException):
    """SIGKILL, as a thread sees it: nothing after it happens."""


class IconFiles:
    """A `ports.IconFiles` over pictures in memory."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def add(self, data: bytes) -> DesiredIcon:
        icon = pictures.open_picture(data, "icons/icon.png")
        self.data[icon.sha256] = data
        return DesiredIcon(icon)

    def read(self, icon: Icon) -> bytes:
        if icon.sha256 not in self.data:
            raise PictureError("the file has changed since it was checked", "run again")
        return self.data[icon.sha256]


@cache
def picture(colour: str = "teal", kind: str = "PNG") -> bytes:
    """A small picture with a shape in it: small, because it is decoded many times."""
    image = Image.new("RGB", (96, 96), colour)
    ImageDraw.Draw(image).ellipse([20, 20, 76, 76], fill="white")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


@cache
def reencoded(data: bytes) -> bytes:
    """What a server may make of an upload: a JPEG of another size."""
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").resize((128, 128)).save(out, "JPEG", quality=85)
    return out.getvalue()


def one_byte_off(data: bytes) -> bytes:
    """The same picture in other bytes: a PNG with a comment more."""
    out = io.BytesIO()
    image = Image.open(io.BytesIO(data))
    image.save(out, image.format, compress_level=1)
    return out.getvalue()


def ports_of(api: FakeApi, journal: MemoryJournal, clock: FakeClock) -> WritePorts:
    """What a run is handed that needs no picture."""
    return WritePorts(
        reader=api.reader,
        icon_files=IconFiles(),
        clock=clock,
        progress=Quiet(),
        workers=THREADS,
        writer=api.writer,
        journal=journal,
    )


class World:
    """One account, its manifests and its state; every `apply` is a process of its own."""

    def __init__(
        self,
        *,
        lag: float = 0.0,
        store: Callable[[bytes], bytes] = bytes,
        keep: Callable[[str], str] = str,
        backend: BackendName = "sinch",
    ) -> None:
        self.clock = FakeClock()
        self.api = FakeApi(clock=self.clock, lag=lag, store=store, keep=keep, backend=backend)
        self.files = IconFiles()
        self.manifests: dict[str, DesiredGroup] = {}
        self.leavers: tuple[Person, ...] = ()
        self.people: tuple[Person, ...] = ()  # who else is in the contacts
        self.settings = Settings(account=(ACCOUNT,), backend=backend)
        self.state = State()
        self.journal = Journal(self.state)
        self.keeps_state = True
        self.timeouts = Timeouts()
        self.told: list[str] = []
        self.concurrency = 1
        self.retries = 3

    # What is wanted

    def want(self, name: str = "sales", **fields: Any) -> None:
        """A manifest. People are digits; `icon` is a picture's bytes, or None for no icon."""
        for key in ("admins", "members"):
            if fields.get(key) is not None:
                fields[key] = tuple(who if isinstance(who, Person) else Person((who,)) for who in fields[key])
        if "icon" in fields:
            data = fields["icon"]
            fields["icon"] = DesiredIcon(None) if data is None else self.files.add(data)
        defaults = {"name": name, "location": Location(f"groups/{name}.yaml"), "subject": name.capitalize()}
        self.manifests[name] = DesiredGroup(**{**defaults, **fields})

    def bound(self, name: str = "sales", **seeded: Any) -> str:
        """A group that has been there for long, and is bound to `name`."""
        group_id = self.api.seed(seeded.pop("subject", name.capitalize()), **seeded)
        self.bind(name, group_id)
        return group_id

    def bind(self, name: str, group_id: str) -> None:
        journal = Journal(self.state)
        journal.created(name, group_id, self.clock.now() - timedelta(days=30))
        self.state = replace(journal.saved, created=())

    # Runs

    @property
    def desired(self) -> Desired:
        named = (
            person
            for group in self.manifests.values()
            for person in (*(group.admins or ()), *(group.members or ()))
            if person.alias
        )
        people = tuple(dict.fromkeys((*self.people, *self.leavers, *named)))
        return Desired(groups=tuple(self.manifests.values()), people=people, leavers=self.leavers)

    @property
    def loaded(self) -> Loaded:
        """What the files say, as a command is handed it."""
        settings = self.paced_settings
        config = Config(settings=settings, defaults=Preset(), kinds={})
        return Loaded(desired=self.desired, settings=settings, manifests=(), config=config)

    def options(self, **wishes: Any) -> Options:
        now = self.clock.now()
        return Options(**{"now": now, "today": now.date(), "keeps_state": self.keeps_state, **wishes})

    def context(self, **wishes: Any) -> Context:
        return Context.of(self.desired, self.settings, self.options(**wishes))

    @property
    def paced_settings(self) -> Settings:
        """The settings with the world's own pace."""
        own = {
            "concurrency": self.concurrency,
            "write_concurrency": self.concurrency,
            "retries": self.retries,
        }
        return replace(self.settings, api=replace(self.settings.api, **own))

    def ports(self, journal: MemoryJournal | None = None) -> WritePorts:
        """Everything that a run is handed; without a `journal` it records into nowhere."""
        ports = ports_of(self.api, journal or Journal(self.state), self.clock)
        ports = replace(ports, icon_files=self.files, progress=Quiet(self.told))
        return identifying(ports, self.desired, self.state, self.settings)

    def read(self, *, meanwhile: Callable[[], None] | None = None, **wishes: Any) -> LiveState:
        """Read, and plan ahead as an operation does; `decide` goes on with that."""
        self.cache = PlanCache(self.state, self.context(**wishes))
        return read(
            self.desired,
            self.state,
            self.paced_settings,
            self.options(**wishes),
            replace(self.ports().read_only(), meanwhile=meanwhile),
            on_group_read=self.cache.add,
        )

    def plan(self, **wishes: Any) -> Plan:
        return self.decide(self.read(**wishes), **wishes)

    def decide(self, reading: LiveState, **wishes: Any) -> Plan:
        options = self.options(**wishes)
        return planner.plan(self.desired, self.state, reading, self.settings, options, self.cache)

    def apply(
        self,
        *,
        meanwhile: Callable[[], object] | None = None,
        fails_at: int | None = None,
        fails_for: float = 1,
        **wishes: Any,
    ) -> ApplyResult:
        """Plan, do `meanwhile`, and apply. What was durable is the state of the next run."""
        reading = self.read(**wishes)
        plan = self.decide(reading, **wishes)
        assert not plan.open_objections, plan.open_objections
        if meanwhile is not None:
            meanwhile()
        self.journal = Journal(self.state, fails_at=fails_at, fails_for=fails_for)
        return self.carry_out(plan, reading, self.journal, **wishes)

    def operate(self, *, approve: Callable[[Plan], bool] | None = None, **wishes: Any) -> ApplyResult:
        """An apply as the command carries it out, which asks the service what it may do before it writes."""
        self.journal = Journal(self.state)
        ports = replace(self.ports(self.journal), reader=self.api.reader)
        options = self.options(**wishes)
        try:
            return operations.apply(
                self.loaded,
                options,
                ports,
                plan_key=b"key",
                saved_plan=None,
                approve=approve or (lambda plan: not plan.open_objections),
                timeouts=self.timeouts,
            )
        finally:
            self.state = self.journal.saved if self.keeps_state else State()

    def carry_out(self, plan: Plan, reading: LiveState, journal: Journal, **wishes: Any) -> ApplyResult:
        try:
            return apply_plan(
                plan,
                reading,
                self.context(**wishes),
                self.ports(journal),
                self.paced_settings.api,
                self.timeouts,
            )
        finally:
            self.state = journal.saved if self.keeps_state else State()

    # What came of it

    def live(self, name: str = "sales") -> LiveGroup:
        return self.api.group(self.state.groups[name].id)

    def with_subject(self, subject: str) -> list[str]:
        """Ids of the account's groups that truly have this subject."""
        return [group_id for group_id in self.api.ids() if self.api.group(group_id).subject == subject]

    @property
    def written(self) -> list[str]:
        """Names of the calls that write, in order; asking for a link is one of them."""
        return [name for name, _ in self.api.writes]

    def forget_calls(self) -> None:
        self.api.calls.clear()

    def assert_settled(self, **wishes: Any) -> None:
        """The plan is empty, and a second apply makes no call that writes."""
        plan = self.plan(**wishes)
        assert plan.complete
        assert [(group.name, group.changes) for group in plan.changed] == []
        self.forget_calls()
        self.apply(**wishes)
        assert self.written == []

    def wait(self, seconds: float) -> None:
        """Let time pass: reads catch up with writes."""
        self.clock.elapsed += seconds


def group_of(result: ApplyResult, name: str = "sales") -> GroupOutcome:
    (found,) = [group for group in result.groups if group.name == name]
    return found


def outcomes(result: ApplyResult, name: str = "sales") -> dict[str, str]:
    """Kind of change → status."""
    return {outcome.change.kind: outcome.status for outcome in group_of(result, name).outcomes}


def outcome(result: ApplyResult, kind: str, name: str = "sales") -> Outcome:
    (found,) = [one for one in group_of(result, name).outcomes if one.change.kind == kind]
    return found


def problem_code(result: ApplyResult, kind: str, name: str = "sales") -> str:
    problem = outcome(result, kind, name).problem
    assert problem is not None
    return problem.code


def statuses(result: ApplyResult) -> set[str]:
    return {one.status for group in result.groups for one in group.outcomes}


def entry(plan: Plan, name: str = "sales") -> GroupPlan:
    (found,) = [group for group in plan.groups if group.name == name]
    return found


def kinds(changes: Iterable[Any]) -> list[str]:
    return [change.kind for change in changes]


DAY = timedelta(days=1)
LEFT = date(2026, 1, 1)
