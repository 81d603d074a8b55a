"""Revoking a link: it is dead when another one is read, and only then is everybody due again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.errors import ApiError, CredentialsError, NotSent, Refused, Unclear, UsageError
from reconciler.model.record import Record, Sent, State
from reconciler.model.sending import Rotations
from reconciler.operations import rotate_links
from tests.apply.world import Journal, Quiet
from tests.fakes import NOON, FakeApi, FakeClock

SENT = Sent(NOON, 2, "unknown", message="m")


class World:
    agreed = True

    def __init__(self, *, lag: float = 0, **sent: Sent) -> None:
        self.clock = FakeClock()
        self.api = FakeApi(clock=self.clock, lag=lag)
        self.id = self.api.seed("Suporte")
        self.old = self.api.writer.get_link(self.id)
        self.clock.elapsed += lag
        self.journal = Journal(State(groups={"suporte": Record(id=self.id, sent=sent)}))

    def run(self, *names: str) -> Rotations:
        return rotate_links(
            self.journal,
            names or ("suporte",),
            writer=self.api.writer,
            approve=lambda: self.agreed,
            clock=self.clock,
            progress=Quiet(),
        )

    @property
    def due(self) -> bool:
        return self.journal.saved.groups["suporte"].sent == {"ana": SENT.reset()}


def test_the_old_link_is_dead_and_everybody_is_due() -> None:
    world = World(ana=SENT)
    (done,) = world.run().groups
    assert (done.status, done.pending) == ("done", 1)
    assert world.api.link(world.id) not in (None, world.old)
    assert world.due


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_unclear_answer_is_settled_by_reading(when: str) -> None:
    world = World(ana=SENT)
    world.api.fail("revoke_link", Unclear("no answer", code="timeout", retry=True), when=when)  # type: ignore[arg-type]
    (ended,) = world.run().groups
    assert ended.status == ("done" if when == "after" else "unknown")
    assert world.due is (when == "after")
    if when == "before":
        assert ended.problem is not None
        assert (ended.problem.code, "run it again" in ended.problem.hint) == ("timeout", True)
        assert world.api.link(world.id) == world.old


def test_a_success_without_effect_is_a_failure() -> None:
    world = World(ana=SENT)
    world.api.fail("revoke_link", when="lie")
    (ended,) = world.run().groups
    assert (ended.status, ended.problem and ended.problem.code) == ("failed", "not_seen")
    assert not world.due
    assert world.clock.elapsed >= 10


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unclear("no invite link", code="junk_link", retry=True), "failed"),
        (Unclear("failed", status=500, code="http_500", retry=True), "unknown"),
    ],
)
def test_a_junk_link_afterwards_is_a_failure_and_an_unreadable_one_unknown(
    error: ApiError, status: str
) -> None:
    world = World(ana=SENT)
    world.api.fail("get_link", error, nth=2, times=None)
    (ended,) = world.run().groups
    assert (ended.status, ended.problem and ended.problem.code) == (status, error.code)
    assert not world.due


def test_a_junk_link_before_is_no_reason_not_to_revoke() -> None:
    world = World(ana=SENT)
    world.api.fail("get_link", Unclear("no invite link", code="junk_link", retry=True))
    assert world.run().groups[0].status == "done"
    assert world.api.link(world.id) not in (None, world.old)


def test_a_late_effect_is_waited_for() -> None:
    world = World(lag=3, ana=SENT)
    world.api.writer.get_link(world.id)
    assert world.run().groups[0].status == "done"
    assert world.due


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("get_link", Refused("no admin", status=403, code="http_403")),
        ("get_link", Unclear("failed", status=500, code="http_500")),
        ("revoke_link", Refused("no admin", status=403, code="http_403")),
        ("revoke_link", NotSent("refused", code="no_connection")),
    ],
)
def test_what_is_refused_or_cannot_be_seen_fails_and_changes_nothing(method: str, error: ApiError) -> None:
    world = World(ana=SENT)
    world.api.fail(method, error)
    (ended,) = world.run().groups
    assert (ended.status, ended.problem and ended.problem.code) == ("failed", error.code)
    assert world.api.link(world.id) == world.old
    assert not world.due


def _stop(world: World) -> None:
    world.clock.stopping = True


def _refuse(world: World) -> None:
    world.api.fail("get_link", CredentialsError("refused"))


@pytest.mark.parametrize(
    ("break_it", "statuses"), [(_stop, ["skipped", "skipped"]), (_refuse, ["failed", "skipped"])]
)
def test_what_ends_the_run_is_said_of_every_group(
    break_it: Callable[[World], None], statuses: list[str]
) -> None:
    world = World()
    world.journal.record("vendas", Record(id=world.api.seed("Vendas")))
    break_it(world)
    found = world.run("suporte", "vendas", "suporte")
    assert [group.status for group in found.groups] == statuses
    assert not [call for call in world.api.writes if call[0] == "revoke_link"]


def test_without_consent_nothing_is_revoked() -> None:
    world = World(ana=SENT)
    world.agreed = False
    (ended,) = world.run().groups
    assert (ended.status, ended.problem and ended.problem.code) == ("skipped", "declined")
    assert world.api.link(world.id) == world.old


def test_a_name_that_is_not_on_record_is_refused_before_anything_is_done() -> None:
    world = World()
    with pytest.raises(UsageError, match="no group is on record as nobody"):
        world.run("suporte", "nobody")
    assert len(world.api.writes) == 1, "the one of this test"


def test_a_state_that_cannot_be_written_is_said() -> None:
    world = World(ana=SENT)
    world.journal = Journal(world.journal.state, fails_at=1)
    found = world.run()
    assert found.unsaved is not None
    assert found.groups[0].status == "done"
