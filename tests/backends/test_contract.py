"""The contract on each backend, over HTTP against the sandbox, and on the fake that tests use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.backends import evolution, waha
from reconciler.backends.service import Connection
from reconciler.backends.sinch import connect
from reconciler.errors import NotFound, Refused, Unclear
from reconciler.model.capabilities import CAPABILITIES, BackendName
from reconciler.model.group import PERMISSIONS
from reconciler.model.live import Gateway, LiveGroup, ServiceLimits
from reconciler.ports import Clock, Reader, Writer
from reconciler.sandbox import Options, Server, start
from reconciler.sandbox.control import Control
from tests.backends.contract import ANA, BLUE, BRUNO, CARLA, RED, STRANGER, Backend, BackendContract, Truth
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


class GatewayTruth(SandboxTruth):
    """The same of groups as a gateway calls them."""

    def __init__(self, control: Control, account: str) -> None:
        super().__init__(control, account)
        self.join = lambda group_id, *people: control.join(_bare(group_id), *people)
        self.leave = lambda group_id, *people: control.leave(_bare(group_id), *people)
        self.promote = lambda group_id, *people: control.promote(_bare(group_id), *people)
        self.set_subject = lambda group_id, subject: control.set_subject(_bare(group_id), subject)

    def seed(self, subject: str, **more: Any) -> str:
        return f"{super().seed(subject, **more)}@g.us"

    def ids(self) -> tuple[str, ...]:
        return tuple(f"{each}@g.us" for each in super().ids())

    def group(self, group_id: str) -> LiveGroup:
        return replace(super().group(_bare(group_id)), id=group_id)

    def link(self, group_id: str) -> str | None:
        return super().link(_bare(group_id))

    def sent(self) -> list[str]:
        return [f"{each}@g.us" if f"{each}@g.us" in self.ids() else each for each in super().sent()]


def _bare(group_id: str) -> str:
    return group_id.removesuffix("@g.us")


class GatewayContract(BackendContract):
    """What is otherwise where each person is answered for alone, and what is not known is an error."""

    def test_a_picture_that_is_not_what_is_said_is_refused(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Com ícone", icon=BLUE)
        with pytest.raises(ValueError, match="image/jpeg"):
            backend.writer.set_icon(group_id, RED, "image/svg+xml")

    def test_one_stranger_and_nobody_is_promoted_or_removed(self, backend: Backend) -> None:
        """Each person is answered for alone here, and only a refusal of all of them is one."""
        group_id = backend.truth.seed("Equipe", participants=[ANA])
        backend.writer.promote(group_id, [ANA, STRANGER])
        assert set(backend.truth.group(group_id).admins) == {backend.truth.account, ANA}
        before = backend.truth.group(group_id)
        with pytest.raises(Refused):
            backend.writer.promote(group_id, [STRANGER])
        backend.writer.demote(group_id, [STRANGER])
        backend.writer.remove_participants(group_id, [STRANGER])  # as wanted
        assert backend.truth.group(group_id) == before

    def test_who_is_no_admin_changes_nothing(self, backend: Backend) -> None:
        """Members may edit subject and picture here, unless that is left to admins."""
        group_id = backend.truth.seed("Deles", creator=ANA, participants=[BRUNO])
        before = backend.truth.group(group_id)
        for call in (
            lambda: backend.writer.promote(group_id, [BRUNO]),
            lambda: backend.writer.demote(group_id, [BRUNO]),
            lambda: backend.writer.remove_participants(group_id, [BRUNO]),
            lambda: backend.writer.set_permission(group_id, "edit_info", "admins"),
            lambda: backend.writer.get_link(group_id),
            lambda: backend.writer.revoke_link(group_id),
        ):
            with pytest.raises(backend.unknown):
                call()
        assert backend.truth.group(group_id) == before


class TestWaha(GatewayContract):
    @pytest.fixture
    def backend(self, sandbox: Server) -> Iterator[Backend]:
        connection = Connection(base_url=sandbox.base_url, username="default", token="segredo")
        with waha.connect(connection, FakeClock()) as client:
            yield Backend(
                client.reader,
                client.writer,
                GatewayTruth(sandbox.control(), sandbox.options.account),
                limit=100,
                missing="120363000000000001@g.us",
                unknown=(Unclear, Refused),
                refused=(Unclear, Refused),
            )

    def test_texts_permissions_and_people(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Equipe")
        reader, writer = backend.reader, backend.writer
        assert isinstance(reader, waha.WahaReader)
        writer.set_description(group_id, "Só urgências")
        for name in PERMISSIONS:
            writer.set_permission(group_id, name, True if name == "approve_members" else "admins")
        live = reader.get_group(group_id)
        assert live.description == "Só urgências"
        assert live.permissions == {
            "send_messages": "admins",
            "edit_info": "admins",
            "add_members": "admins",
            "approve_members": True,
        }
        writer.set_description(group_id, "")
        for name in PERMISSIONS:
            writer.set_permission(group_id, name, False if name == "approve_members" else "everyone")
        live = reader.get_group(group_id)
        assert (live.description, live.permissions["add_members"]) == ("", "everyone")
        assert live.permissions["approve_members"] is False
        ana = writer.find_person(ANA)
        assert ana is not None
        (said,) = writer.add_participants(group_id, [ana])
        assert said.status == 200
        assert set(backend.truth.group(group_id).participants) == {backend.truth.account, ANA}
        writer.refresh_list()
        assert reader.list_groups().groups == {group_id: reader.get_group(group_id)}
        assert reader.session().number == backend.truth.account
        assert reader.gateway() == Gateway(status="WORKING", engine="NOWEB", version="2026.9.2", store=True)
        assert reader.limits() == ServiceLimits()


class TestEvolution(GatewayContract):
    @pytest.fixture
    def backend(self, sandbox: Server) -> Iterator[Backend]:
        connection = Connection(base_url=sandbox.base_url, username="suporte", token="segredo")
        with evolution.connect(connection, FakeClock()) as client:
            yield Backend(
                client.reader,
                client.writer,
                GatewayTruth(sandbox.control(), sandbox.options.account),
                limit=100,
                missing="120363000000000001@g.us",
                unknown=(NotFound, Unclear, Refused),
                refused=(Unclear, Refused),
                people=(CARLA,),
                no_icon=False,
            )

    def test_a_group_that_is_gone_is_not_found(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Adeus", admins=[ANA])
        backend.writer.leave(group_id)
        for each in (group_id, backend.missing):
            with pytest.raises(NotFound):
                backend.reader.get_group(each)

    def test_nobody_is_in_a_new_group_who_has_no_account(self, backend: Backend, sandbox: Server) -> None:
        sandbox.control().person(STRANGER, refusal=404)
        assert backend.writer.find_person(STRANGER) is None
        group_id = backend.writer.create_group("Vendas", (STRANGER, ANA))
        assert backend.group(group_id).participants == (backend.truth.account, ANA)

    def test_texts_permissions_and_people(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Equipe", icon=RED)
        reader, writer = backend.reader, backend.writer
        writer.set_description(group_id, "Só urgências")
        for name in sorted(CAPABILITIES["evolution"].permissions):
            writer.set_permission(group_id, name, "admins")
        live = reader.get_group(group_id)
        assert live.description == "Só urgências"
        assert live.permissions == {"send_messages": "admins", "edit_info": "admins"}
        for name in sorted(CAPABILITIES["evolution"].permissions):
            writer.set_permission(group_id, name, "everyone")
        assert set(reader.get_group(group_id).permissions.values()) == {"everyone"}
        ana = writer.find_person(ANA)
        assert ana is not None
        (said,) = writer.add_participants(group_id, [ana])
        assert said.status == 200
        assert set(backend.truth.group(group_id).participants) == {backend.truth.account, ANA}
        assert reader.list_groups().groups == {group_id: reader.get_group(group_id)}
        assert reader.session().number == backend.truth.account
        assert isinstance(reader, evolution.EvolutionReader)
        assert reader.gateway() == Gateway(status="open", engine="WHATSAPP-BAILEYS")
        assert reader.limits() == ServiceLimits()


class TestFake(BackendContract):
    @pytest.fixture
    def backend(self) -> Backend:
        api = FakeApi()
        return Backend(api.reader, api.writer, api)


class _DigitsAlone:
    """`Truth` about people alone, of a fake that knows more."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def group(self, group_id: str) -> LiveGroup:
        live = self._api.group(group_id)
        return LiveGroup(live.id, live.subject, live.creator, live.admins, live.participants)


class TestFakeGateway(GatewayContract):
    @pytest.fixture(params=["waha", "evolution"])
    def backend(self, request: pytest.FixtureRequest) -> Backend:
        name: BackendName = request.param
        api = FakeApi(backend=name, subject_limit=100)
        return Backend(
            api.reader,
            api.writer,
            _DigitsAlone(api),  # type: ignore[arg-type]
            limit=100,
            missing="120363000000000001@g.us",
            unknown=(Unclear, Refused) if api.can.refreshes else (NotFound, Refused),
            people=(CARLA,) if api.can.peopled else (),
            no_icon=api.can.no_icon,
        )


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
