"""Nobody gets two messages: what is on record before, after and between, whatever the API does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    NotSent,
    RateLimited,
    ReconcilerError,
    Refused,
    Unclear,
)
from reconciler.messaging.due import due, messages
from reconciler.messaging.sending import MessageSender
from reconciler.model.desired import Person
from reconciler.model.link import digest
from reconciler.model.messages import Delivery, UnknownPolicy
from reconciler.model.record import Record, Sent, State
from reconciler.model.settings import InviteSettings
from tests.apply.world import Journal, Killed, ports_of
from tests.fakes import NOON, FakeApi, FakeClock
from tests.messaging.build import ANA, BRUNO, DORA, LINK, ago, everybody, waiting

NEVER_SENT = [
    NotSent("refused", code="no_connection", retry=True),
    RateLimited("slow down", status=429, code="http_429", retry=True),
]
REFUSED = [Refused("no", status=400, code="http_400"), NotFound("gone", status=404, code="http_404")]
UNCLEAR = [
    Unclear("no answer", code="timeout", retry=True),
    Unclear("broke", code="reset", retry=True),
    Unclear("failed", status=503, code="http_503", retry=True),
    Unclear("web page", status=200, code="bad_answer", retry=True),
]


class World:
    """People who wait in groups, an API in memory, and runs that send."""

    def __init__(self, groups: Mapping[str, tuple[Person, ...]], state: State | None = None) -> None:
        self.groups = groups
        self.api = FakeApi()
        self.state = state or State(groups={name: Record(id=f"id-{name}") for name in groups})
        self.clock = FakeClock()
        self.journal = Journal(self.state)

    def run(
        self,
        *,
        unknown: UnknownPolicy = "hold",
        retries: int = 2,
        concurrency: int = 1,
        fails_at: int | None = None,
        **rules: object,
    ) -> tuple[Delivery, ...]:
        settings = replace(InviteSettings(), **rules)  # type: ignore[arg-type]
        found = everybody(*(waiting(name, *people, state=self.state) for name, people in self.groups.items()))
        turn = due(found, settings, now=self.clock.now(), unknown=unknown)
        ready, others = messages(turn.groups, self.state, settings, now=self.clock.now())
        self.journal = Journal(self.state, fails_at=fails_at, fails_for=99)
        self.post = MessageSender(ports_of(self.api, self.journal, self.clock), retries)
        try:
            return (
                *self.post.send_all(ready, concurrency=concurrency),
                *turn.others,
                *others,
            )
        finally:
            self.state = self.journal.saved

    def sends(self) -> list[tuple[Any, ...]]:
        """What was given to each call that sends."""
        return [given for method, given in self.api.calls if method == "send_to_person"]

    def sent(self, name: str, ref: str) -> Sent | None:
        return self.state.groups[name].sent.get(ref)


def ended(deliveries: tuple[Delivery, ...]) -> dict[str, str]:
    return {str(entry.person.alias): entry.status for entry in deliveries}


def test_one_message_with_all_links_on_record_before_it_goes_out() -> None:
    world = World({"a": (ANA,), "b": (ANA,)})
    seen: list[dict[str, Sent]] = []

    def look(method: str) -> None:
        if method != "send_to_person":
            return
        seen.append({name: record.sent["ana/0001"] for name, record in world.journal.saved.groups.items()})

    world.api.before_call = look
    (delivery,) = world.run()
    assert (delivery.status, delivery.groups) == ("sent", ("a", "b"))
    assert seen == [
        {name: Sent(NOON, 1, "sending", (), delivery.message, digest(f"{LINK}{name}")) for name in "ab"}
    ]
    for name in "ab":
        assert world.sent(name, "ana/0001") == Sent(
            NOON, message=delivery.message, link=digest(f"{LINK}{name}")
        )
    ((to, _, correlation),) = world.sends()
    assert (to, correlation) == (ANA.numbers[0], delivery.message)
    assert "5519900000001" not in delivery.message
    assert [entry.problem and entry.problem.code for entry in world.run()] == ["not_due"]
    assert len(world.api.messages) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("error", UNCLEAR, ids=lambda error: error.code)
def test_after_an_unclear_answer_nothing_is_sent_until_somebody_decides(error: ApiError, when: str) -> None:
    world = World({"a": (ANA,)})
    world.api.fail("send_to_person", error, when=when)  # type: ignore[arg-type]
    arrived = when == "after"
    (delivery,) = world.run()
    assert delivery.status == "unknown"
    assert delivery.problem is not None
    assert "--unknown resend" in delivery.problem.hint
    for days in (0, 8, 30):
        world.clock.elapsed += days * 86400
        (again,) = world.run()
        assert (again.status, again.message) == ("unknown", delivery.message)
    assert len(world.api.messages) == arrived
    known = world.state
    (resent,) = world.run(unknown="resend")
    assert (resent.status, len(world.api.messages)) == ("sent", arrived + 1)
    last = world.sent("a", "ana/0001")
    assert last is not None
    assert (last.times, last.status) == (1, "sent"), "the one that never arrived is not counted"
    received = World({"a": (ANA,)}, known)
    received.clock.elapsed = world.clock.elapsed
    assert received.run(unknown="received")[0].status == "sent", "due again after 38 days"
    reminder = received.sent("a", "ana/0001")
    assert reminder is not None
    assert reminder.times == 2, "the one that did arrive is counted"


def test_counted_as_received_means_that_the_next_is_due_a_week_later() -> None:
    world = World({"a": (ANA,)})
    world.api.fail("send_to_person", UNCLEAR[0], when="after")
    world.run()
    assert [entry.status for entry in world.run(unknown="received")] == ["skipped"]


@pytest.mark.parametrize("error", REFUSED, ids=lambda error: error.code)
def test_a_refusal_is_a_failure_and_the_next_run_sends(error: ApiError) -> None:
    before = Sent(ago(days=9), 1, message="old")
    world = World({"a": (ANA,)}, State(groups={"a": Record(id="id-a", sent={"ana/0001": before})}))
    world.api.fail("send_to_person", error)
    assert ended(world.run()) == {"ana": "failed"}
    assert world.sent("a", "ana/0001") == before
    assert len(world.sends()) == 1
    assert ended(world.run()) == {"ana": "sent"}
    assert world.sent("a", "ana/0001") != before


@pytest.mark.parametrize("error", NEVER_SENT, ids=lambda error: error.code)
def test_what_surely_was_not_sent_is_sent_after_a_pause(error: ApiError) -> None:
    world = World({"a": (ANA,)})
    world.api.fail("send_to_person", error, times=2)
    states: list[Sent | None] = []
    world.clock.sleep = lambda seconds: states.append(  # type: ignore[method-assign]
        world.journal.saved.groups["a"].sent.get("ana/0001")
    )
    assert ended(world.run()) == {"ana": "sent"}
    assert states == [None, None], "killed in a pause, nobody would be in doubt"
    assert len(world.api.messages) == 1


def test_a_number_is_written_to_as_the_service_knows_it_or_not_at_all() -> None:
    world = World({"a": (ANA, BRUNO)})
    world.api.known_as = {ANA.numbers[0]: "551900000001", BRUNO.numbers[0]: None}
    assert ended(world.run()) == {"ana": "sent", "bruno": "failed"}
    assert [to for to, *_ in world.sends()] == ["551900000001"]
    assert world.sent("a", "bruno/0002") is None


def test_nobody_is_written_to_whom_the_service_could_not_look_up() -> None:
    world = World({"a": (ANA, BRUNO)})
    world.api.fail("find_person", UNCLEAR[0], nth=1)
    assert sorted(ended(world.run()).values()) == ["failed", "sent"]
    assert len(world.sends()) == 1
    world = World({"a": (ANA, BRUNO)})
    world.api.fail("find_person", CredentialsError("refused"), times=None)
    assert sorted(ended(world.run()).values()) == ["failed", "skipped"]
    assert world.sends() == []


def test_tries_come_to_an_end() -> None:
    for error, retries, calls in ((NEVER_SENT[0], 2, 3), (NEVER_SENT[0], 0, 1), (NEVER_SENT[1], 0, 1)):
        world = World({"a": (ANA,)})
        world.api.fail("send_to_person", error, times=None)
        assert ended(world.run(retries=retries)) == {"ana": "failed"}
        assert len(world.sends()) == calls
        assert world.sent("a", "ana/0001") is None
    world = World({"a": (ANA,)})
    world.api.fail("send_to_person", NEVER_SENT[1], times=None)
    assert ended(world.run()) == {"ana": "failed"}
    assert 300 <= world.clock.elapsed <= 320


def test_refused_credentials_end_the_run() -> None:
    world = World({"a": (ANA, BRUNO, DORA)})
    world.api.fail("send_to_person", CredentialsError("refused"), nth=2, times=None)
    found = world.run()
    assert sorted(entry.status for entry in found) == ["failed", "sent", "skipped"]
    assert [entry.problem.code for entry in found if entry.problem] == ["credentials", "credentials"]
    assert len(world.sends()) == 2


@pytest.mark.parametrize(
    ("fails_at", "messages", "statuses"),
    [
        (1, 0, ["skipped", "skipped", "skipped"]),
        (2, 1, ["sent", "skipped", "skipped"]),
        (3, 1, ["sent", "skipped", "skipped"]),
        (4, 2, ["sent", "sent", "skipped"]),
    ],
)
def test_with_a_state_that_cannot_be_written_nothing_more_is_sent(
    fails_at: int, messages: int, statuses: list[str]
) -> None:
    """After a message the step that says `sent` may be the one that fails: the next run asks people."""
    world = World({"a": (ANA, BRUNO, DORA)})
    found = world.run(fails_at=fails_at)
    assert [entry.status for entry in found] == statuses
    assert len(world.api.messages) == messages
    assert world.post.broken is not None
    again = world.run()
    assert [entry.status for entry in again].count("unknown") == (fails_at in (2, 4))
    assert all(world.api.sent().count(person.numbers[0]) == 1 for person in (ANA, BRUNO, DORA))


def test_a_stop_finishes_the_call_and_leaves_the_rest() -> None:
    world = World({"a": (ANA, BRUNO, DORA)})

    def stop(method: str) -> None:
        world.clock.stopping = method == "send_to_person"

    world.api.before_call = stop
    found = world.run()
    assert [entry.status for entry in found] == ["sent", "skipped", "skipped"]
    assert {entry.problem.code for entry in found if entry.problem} == {"interrupted"}
    world.clock.stopping, world.api.before_call = False, lambda _: None
    assert sorted(entry.status for entry in world.run()) == ["sent", "sent", "skipped"]
    assert len(world.api.messages) == 3


def test_a_stop_while_somebody_is_looked_up_is_no_failure() -> None:
    world = World({"a": (ANA, BRUNO)})

    def stop(method: str) -> None:
        world.clock.stopping = method == "find_person"

    world.api.before_call = stop
    world.api.fail("find_person", NotSent("not sent: the run was asked to stop", code="interrupted"))
    found = world.run()
    assert [entry.status for entry in found] == ["skipped", "skipped"]
    assert world.sends() == []


def test_messages_of_one_run_to_one_person_have_times_of_their_own() -> None:
    """By which the next run counts them; a clock that was set back changes nothing."""
    world = World(dict.fromkeys("abc", (ANA,)))
    world.run(template={"p": "{link}"})
    times = [record.sent["ana/0001"].at for record in world.state.groups.values()]
    assert all(a < b for a, b in pairwise(sorted(times)))
    world.clock.elapsed -= 3600
    world.groups = {**world.groups, "d": (ANA,)}
    world.state = replace(world.state, groups={**world.state.groups, "d": Record(id="id-d")})
    found = world.run(per_person=3)
    assert {entry.problem.code for entry in found if entry.problem} == {"not_due", "per_person"}


FAULTS: list[ReconcilerError] = [*NEVER_SENT, *REFUSED, *UNCLEAR]
PEOPLE = tuple(Person((f"55199000002{n:02}",), alias=f"p{n}") for n in range(5))


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from(FAULTS), st.sampled_from(["before", "after"])),
        max_size=6,
    ),
    st.lists(st.none() | st.integers(1, 12), min_size=1, max_size=3),
)
def test_whatever_fails_and_whoever_is_killed_nobody_gets_two_messages(
    faults: list[tuple[int, ReconcilerError, str]], kills: list[int | None]
) -> None:
    world = World({"a": PEOPLE, "b": PEOPLE[:3]})
    for nth, error, when in faults:
        surely_not = isinstance(error, NotSent | RateLimited | Refused | NotFound)
        world.api.fail("send_to_person", error, nth=nth, when="before" if surely_not else when)  # type: ignore[arg-type]
    for kill in (*kills, None):
        calls = 0

        def die(_: str, at: int | None = kill) -> None:
            nonlocal calls
            calls += 1
            if calls == at:
                world.journal.dead = lambda: True  # nothing reaches the disk any more
                raise Killed

        world.api.before_call = die
        try:
            found = world.run()
        except Killed:
            continue
    for person in PEOPLE:
        count = world.api.sent().count(person.numbers[0])
        assert count <= 1
        (own,) = [entry for entry in found if entry.person == person]
        if count == 0:
            assert own.status in ("failed", "unknown"), "the report names whoever may have got nothing"
    world.api.heal()
    world.api.before_call = lambda _: None
    unclear = {entry.person for entry in found if entry.status == "unknown"}
    failed = {entry.person for entry in found if entry.status == "failed"}
    before = world.api.sent()
    world.run()
    assert set(world.api.sent()[len(before) :]) == {p.numbers[0] for p in failed - unclear}
