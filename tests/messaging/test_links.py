"""Revoking a link: it is dead when another one is read, and only then is everybody due again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.errors import ApiError, CredentialsError, NotSent, Refused, Unclear, UsageError
from reconciler.model.link import digest
from reconciler.model.messages import Rotations
from reconciler.model.record import Record, Revoking, Sent, State
from reconciler.operations.people import rotate_links
from tests.apply.world import Journal, Killed, ports_of
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
        ports = ports_of(self.api, self.journal, self.clock)
        return rotate_links(names or ("suporte",), ports, approve=lambda: self.agreed)

    @property
    def revokes(self) -> int:
        return [name for name, _ in self.api.calls].count("revoke_link")

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


@pytest.mark.parametrize(("fails_at", "status", "revoked"), [(1, "skipped", 0), (2, "done", 1)])
def test_a_state_that_cannot_be_written_is_said(fails_at: int, status: str, revoked: int) -> None:
    """Where the beginning cannot be written nothing is revoked; where the end cannot, the next run sees."""
    world = World(ana=SENT)
    world.journal = Journal(world.journal.state, fails_at=fails_at)
    found = world.run()
    assert found.unsaved is not None
    assert (found.groups[0].status, world.revokes) == (status, revoked)
    world.journal = Journal(world.journal.saved)
    assert world.run().groups[0].status == "done"
    assert (world.revokes, world.due) == (1, True)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("unclear", [False, True])
def test_killed_anywhere_and_run_again_it_is_revoked_once(when: str, unclear: bool) -> None:
    """Before each call and each writing of the state, and with nothing known of what came after."""
    for nth in range(1, 20):
        world = World(ana=SENT)
        if unclear:
            world.api.fail("revoke_link", Unclear("no answer", code="timeout", retry=True), when="after")
        steps = 0

        def die(_: object = None, world: World = world, nth: int = nth) -> None:
            nonlocal steps
            steps += 1
            if steps == nth:
                world.journal.dead = lambda: True
                raise Killed

        world.api.before_call = die
        save = world.journal._save

        def saving(version: int, save: Callable[[int], None] = save) -> None:
            if when == "before":
                die()
            save(version)
            if when == "after":
                die()

        world.journal._save = saving  # type: ignore[method-assign]
        try:
            first = world.run()
        except Killed:
            pass
        else:
            assert first.groups[0].status == "done"
            break
        world.api.before_call = lambda _: None
        if world.due:
            break  # killed once its end was on record: there is nothing left to do
        shown = world.api.link(world.id)
        world.journal = Journal(world.journal.saved)
        (ended,) = world.run().groups
        assert (ended.status, world.revokes, world.due) == ("done", 1, True), nth
        if shown not in (None, world.old):
            assert world.api.link(world.id) == shown, "the new link was handed out, and lives"
    assert nth > 4


def test_what_an_earlier_run_revoked_is_said_and_a_third_run_revokes_the_new_link() -> None:
    world = World(ana=SENT)
    world.journal.revoke("suporte", Revoking(None, digest(world.old), NOON))
    world.api.writer.revoke_link(world.id)
    (ended,) = world.run().groups
    assert (ended.status, ended.earlier, world.revokes, world.due) == ("done", True, 1, True)
    (again,) = world.run().groups
    assert (again.status, again.earlier, world.revokes) == ("done", False, 2)


@pytest.mark.parametrize("took_effect", [False, True])
def test_a_revoke_that_an_apply_has_begun_is_ended_as_that_of_its_version(took_effect: bool) -> None:
    world = World(ana=SENT)
    world.journal.revoke("suporte", Revoking(3, digest(world.old), NOON))
    if took_effect:
        world.api.writer.revoke_link(world.id)
    assert world.run().groups[0].status == "done"
    assert (world.revokes, world.journal.saved.groups["suporte"].link_version) == (1, 3)
    assert world.due


@pytest.mark.parametrize("begun", [None, Revoking(3, "", NOON)])
@pytest.mark.parametrize(
    "error",
    [Refused("no admin", status=403, code="http_403"), NotSent("refused", code="no_connection")],
    ids=lambda error: error.code,
)
def test_what_surely_was_not_revoked_is_not_begun(error: ApiError, begun: Revoking | None) -> None:
    world = World(ana=SENT)
    if begun is not None:
        world.journal.revoke("suporte", replace(begun, link=digest(world.old)))
    before = world.journal.saved
    world.api.fail("revoke_link", error)
    assert world.run().groups[0].status == "failed"
    assert world.journal.saved == before


@pytest.mark.parametrize("junk", [1, 2])
def test_a_junk_link_hides_nothing_of_a_revoke_that_was_begun(junk: int) -> None:
    """Junk where the link is asked for first: the old link, seen again afterwards, is still the old one."""
    world = World(ana=SENT)
    world.journal.revoke("suporte", Revoking(None, digest(world.old), NOON))
    world.api.fail("get_link", Unclear("no invite link", code="junk_link", retry=True), nth=1, times=junk)
    world.api.fail("revoke_link", when="lie")
    assert world.run().groups[0].status == "failed"
    revoking = world.journal.saved.groups["suporte"].revoking
    assert revoking is not None
    assert revoking.link == digest(world.old)
    assert not world.due
