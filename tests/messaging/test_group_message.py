"""A text to a group goes out once, or somebody is told to look."""

from __future__ import annotations

import pytest

from reconciler.errors import ApiError, CredentialsError
from reconciler.messaging.sending import addressed, send_once
from reconciler.model.messages import GroupDelivery
from tests.fakes import ACCOUNT, FakeApi, FakeClock
from tests.messaging.test_sending import NEVER_SENT, REFUSED, UNCLEAR


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.api = FakeApi()
        self.id = self.api.seed("Suporte", participants=["5519900000001", "5519900000002"])
        self.to = addressed("suporte", self.api.group(self.id), frozenset({ACCOUNT}))

    def run(self, retries: int = 2) -> GroupDelivery:
        return send_once(self.to, "Olá", self.api.writer.send_to_group, clock=self.clock, retries=retries)


def test_where_it_goes_and_what_the_api_calls_it() -> None:
    world = World()
    assert (world.to.subject, world.to.people, world.to.status) == ("Suporte", 2, "skipped")
    done = world.run()
    assert (done.status, done.message_id) == ("sent", "message-1")
    assert world.api.messages == [(world.id, {"messageText": "Olá"})]


@pytest.mark.parametrize("error", UNCLEAR, ids=lambda error: error.code)
def test_an_unclear_answer_is_looked_at_by_people(error: ApiError) -> None:
    world = World()
    world.api.fail("send_to_group", error, when="after", times=None)
    ended = world.run()
    assert ended.status == "unknown"
    assert ended.problem is not None
    assert "look into the group" in ended.problem.hint
    assert len(world.api.messages) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [*((error, "sent") for error in NEVER_SENT), *((error, "failed") for error in REFUSED)],
    ids=lambda value: getattr(value, "code", value),
)
def test_only_what_surely_was_not_sent_is_sent_again(error: ApiError, status: str) -> None:
    world = World()
    world.api.fail("send_to_group", error)
    assert world.run().status == status
    assert len(world.api.messages) == (status == "sent")


def test_a_stop_before_it_was_sent() -> None:
    world = World()
    world.clock.stopping = True
    ended = world.run()
    assert (ended.status, ended.interrupted, world.api.messages) == ("skipped", True, [])


def test_refused_credentials_are_an_error() -> None:
    world = World()
    world.api.fail("send_to_group", CredentialsError("refused"))
    with pytest.raises(CredentialsError):
        world.run()
