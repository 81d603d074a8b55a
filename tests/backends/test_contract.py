"""The contract on the Sinch backend, over HTTP against the sandbox, and on the fake that tests use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from reconciler.backends.service import Connection
from reconciler.backends.sinch import connect
from reconciler.model.live import LiveGroup
from reconciler.ports import Clock, Reader, Writer
from reconciler.sandbox import Options, Server, start
from reconciler.sandbox.control import Control
from tests.backends.contract import Backend, BackendContract, Truth
from tests.fakes import FakeApi, FakeClock


class SandboxTruth:
    """`Truth` through the sandbox's control API."""

    def __init__(self, control: Control, account: str) -> None:
        self.control = control
        self.account = account
        self.join = control.join
        self.leave = control.leave
        self.promote = control.promote
        self.set_subject = control.set_subject

    def seed(
        self,
        subject: str,
        *,
        creator: str | None = None,
        participants: Sequence[str] = (),
        admins: Sequence[str] = (),
        icon: bytes | None = None,
    ) -> str:
        account = "admin" if self.account in admins else None
        others = [person for person in admins if person != self.account]
        made = self.control.seed(
            subject, creator=creator, participants=participants, admins=others, icon=icon, account=account
        )
        return str(made[0]["id"])

    def ids(self) -> tuple[str, ...]:
        return tuple(g["id"] for g in self.control.groups() if self.account in g["participants"])

    def group(self, group_id: str) -> LiveGroup:
        found = self.control.group(group_id)
        return LiveGroup(
            id=found["id"],
            subject=found["subject"],
            creator=found["creator"],
            admins=tuple(found["admins"]),
            participants=tuple(found["participants"]),
        )

    def link(self, group_id: str) -> str | None:
        link = self.control.group(group_id)["link"]
        return None if link is None else str(link)

    def sent(self) -> list[str]:
        return [message["chat"] for message in self.control.messages() if message["kind"] == "sent"]


@pytest.fixture(params=["classic", "opaque"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Server]:
    with start(Options(database=":memory:", id_style=request.param)) as server:
        yield server


class TestSinch(BackendContract):
    @pytest.fixture
    def backend(self, sandbox: Server) -> Iterator[Backend]:
        connection = Connection(base_url=sandbox.base_url, username="ana@example.com", token="segredo")
        with connect(connection, FakeClock()) as client:
            yield Backend(
                client.reader, client.writer, SandboxTruth(sandbox.control(), sandbox.options.account)
            )


class TestFake(BackendContract):
    @pytest.fixture
    def backend(self) -> Backend:
        api = FakeApi()
        return Backend(api.reader, api.writer, api)


def test_the_fakes_fit_the_ports() -> None:
    api = FakeApi()
    reader: Reader = api.reader
    writer: Writer = api.writer
    clock: Clock = api.clock
    truth: Truth = api
    assert all((reader, writer, clock, truth))


def test_the_fake_lags_on_demand() -> None:
    api = FakeApi(lag=5)
    old = api.seed("Antes")
    new = api.writer.create_group("Novo")
    api.writer.set_subject(old, "Depois")
    assert api.reader.list_groups().ids == (old,)
    assert api.reader.get_group(old).subject == "Antes"
    api.clock.sleep(5)
    assert api.reader.list_groups().ids == (old, new)
    assert api.reader.get_group(old).subject == "Depois"


def test_the_fake_fails_on_demand() -> None:
    api = FakeApi()
    group_id = api.seed("Vendas")
    api.fail("set_subject", TimeoutError(), when="after", nth=2)
    api.writer.set_subject(group_id, "1")
    with pytest.raises(TimeoutError):
        api.writer.set_subject(group_id, "2")
    assert api.group(group_id).subject == "2"
    api.fail("*", when="lie")
    api.writer.set_subject(group_id, "3")
    assert api.group(group_id).subject == "2"
    api.fail("get_group", TimeoutError(), times=None)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            api.reader.get_group(group_id)
    api.heal()
    assert api.reader.get_group(group_id).subject == "2"
    assert [name for name, _ in api.writes] == ["set_subject"] * 3
