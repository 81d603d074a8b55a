"""WAHA's client against small servers: what it asks, what it takes for a fact, at which pace it writes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.backends.client import Limits
from reconciler.backends.service import Client, Connection
from reconciler.backends.waha import PAGE, connect
from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotSent,
    Problem,
    RateLimited,
    ReconcilerError,
    Refused,
    Unclear,
)
from reconciler.model.live import Gateway, IconMeta, LiveGroup, PersonAnswer, ServiceLimits, Session
from tests.backends.server import RawServer, Step, raw, reply, reset
from tests.fakes import NOON, FakeClock

TOKEN = "chave-SEGREDO-123"
ACCOUNT, LID = "5519911112222", "99887766@lid"
ANA, BRUNO = "5519900000001", "5519900000002"
CARLA = "5519987654321"
CARLA_BEFORE = "551987654321"  # without the ninth digit
GROUP = "120363012345678901@g.us"
CODE = "AbCdEfGhIjKlMnOpQrStUv"
OWN = Session(ACCOUNT, LID)

SESSION = {
    "name": "default",
    "status": "WORKING",
    "me": {"id": f"{ACCOUNT}@c.us", "lid": "99887766:12@lid", "pushName": "Loja"},
    "config": {"noweb": {"store": {"enabled": True}}},
}
VERSION = {"version": "2026.9.2", "engine": "NOWEB", "tier": "CORE", "browser": None}

Make = Callable[..., Client]


def answer(data: object, status: int = 200) -> Step:
    return reply(status, json.dumps(data).encode())


def noweb(group_id: str = GROUP, **more: Any) -> dict[str, Any]:
    """A group as the engine NOWEB tells it."""
    return {
        "id": group_id,
        "addressingMode": "lid",
        "subject": "Suporte",
        "owner": "99887766:3@lid",
        "size": 3,
        "creation": 1700000000,
        "desc": None,
        "restrict": True,
        "announce": False,
        "joinApprovalMode": True,
        "memberAddMode": False,
        "isCommunity": False,
        "isCommunityAnnounce": False,
        "participants": [
            {"id": "99887766:3@lid", "admin": "superadmin"},
            {"id": "1111@lid", "phoneNumber": f"{ANA}:7@s.whatsapp.net", "admin": "admin"},
            {"id": f"{BRUNO}@s.whatsapp.net", "admin": None},
            {"id": "2222@lid"},
        ],
        **more,
    }


def gows(group_id: str = GROUP, **more: Any) -> dict[str, Any]:
    """A group as the engine GOWS tells it."""
    return {
        "JID": group_id,
        "OwnerJID": "1111@lid",
        "OwnerPN": f"{ANA}@s.whatsapp.net",
        "Name": "Suporte",
        "Topic": "Olá",
        "IsLocked": False,
        "IsAnnounce": True,
        "IsParent": False,
        "IsDefaultSubGroup": False,
        "LinkedParentJID": "120363000000000001@g.us",
        "IsJoinApprovalRequired": False,
        "GroupCreated": "2024-05-01T10:00:00-03:00",
        "MemberAddMode": "all_member_add",
        "Participants": [
            {"JID": f"{ACCOUNT}@s.whatsapp.net", "PhoneNumber": "", "IsAdmin": True, "IsSuperAdmin": False},
            {
                "JID": "1111@lid",
                "PhoneNumber": f"{ANA}@s.whatsapp.net",
                "IsAdmin": True,
                "IsSuperAdmin": True,
            },
        ],
        **more,
    }


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def make(server: RawServer, clock: FakeClock, told: list[str]) -> Iterator[Make]:
    """Makes clients of the server, which is asked for its session first."""
    with ExitStack() as stack:

        def client(path: str = "", retries: int = 0, **options: Any) -> Client:
            connection = Connection(
                base_url=server.url + path,
                username=options.pop("session", "default"),
                token=TOKEN,
                limits=Limits(timeout=5.0, retries=retries, width=2),
                **options,
            )
            server.script.extend([answer(SESSION), answer(VERSION)])
            made = stack.enter_context(connect(connection, clock, told.append))
            assert made.reader.session() == OWN
            server.seen.clear()
            return made

        yield client


# --- what is asked ---

_PATH = "/api/default/groups/120363012345678901%40g.us"
_SECURITY = f"{_PATH}/settings/security"
_PAGE = f"limit={PAGE}&offset=0&sortBy=id&sortOrder=asc"
_PEOPLE = {"participants": [{"id": "1111@lid"}, {"id": f"{ANA}@c.us"}]}

REQUESTS: dict[str, tuple[Callable[[Client], object], object, list[tuple[str, str, object]]]] = {
    "session": (
        lambda c: c.reader.session(),
        None,
        [("GET", "/api/sessions/default", None), ("GET", "/api/server/version", None)],
    ),
    "list": (lambda c: c.reader.list_groups(), {}, [("GET", f"/api/default/groups?{_PAGE}", None)]),
    "group": (lambda c: c.reader.get_group(GROUP), noweb(), [("GET", _PATH, None)]),
    "icon": (lambda c: c.reader.get_icon(GROUP), {"url": None}, [("GET", f"{_PATH}/picture", None)]),
    "fresh icon": (
        lambda c: c.reader.get_icon(GROUP, fresh=True),
        {"url": None},
        [("GET", f"{_PATH}/picture?refresh=true", None)],
    ),
    "number": (
        lambda c: c.reader.number_of("2222:5@lid"),
        {"lid": "2222@lid", "pn": None},
        [("GET", "/api/default/lids/2222%40lid", None)],
    ),
    "limits": (
        lambda c: c.reader.limits(),
        {"isActive": False, "cappingStatus": "NONE"},
        [("GET", "/api/sessions/default/timelock", None), ("GET", "/api/sessions/default/capping", None)],
    ),
    "find": (
        lambda c: c.writer.find_person(ANA),
        {"numberExists": True, "chatId": f"{ANA}@c.us"},
        [("GET", f"/api/contacts/check-exists?phone={ANA}&session=default", None)],
    ),
    "create": (
        lambda c: c.writer.create_group("Vendas"),
        noweb(),
        [("POST", "/api/default/groups", {"name": "Vendas", "participants": []})],
    ),
    "subject": (
        lambda c: c.writer.set_subject(GROUP, "Novo"),
        True,
        [("PUT", f"{_PATH}/subject", {"subject": "Novo"})],
    ),
    "description": (
        lambda c: c.writer.set_description(GROUP, ""),
        True,
        [("PUT", f"{_PATH}/description", {"description": ""})],
    ),
    "send_messages": (
        lambda c: c.writer.set_permission(GROUP, "send_messages", "admins"),
        None,
        [("PUT", f"{_SECURITY}/messages-admin-only", {"adminsOnly": True})],
    ),
    "edit_info": (
        lambda c: c.writer.set_permission(GROUP, "edit_info", "everyone"),
        None,
        [("PUT", f"{_SECURITY}/info-admin-only", {"adminsOnly": False})],
    ),
    "add_members": (
        lambda c: c.writer.set_permission(GROUP, "add_members", "everyone"),
        True,
        [("PUT", f"{_SECURITY}/member-add-mode", {"membersCanAddNewMember": True})],
    ),
    "approve_members": (
        lambda c: c.writer.set_permission(GROUP, "approve_members", False),
        True,
        [("PUT", f"{_SECURITY}/membership-approval", {"newMembersApprovalRequired": False})],
    ),
    "set icon": (
        lambda c: c.writer.set_icon(GROUP, b"\xff\xd8", "image/jpeg"),
        {"success": True},
        [("PUT", f"{_PATH}/picture", {"file": {"mimetype": "image/jpeg", "data": "/9g="}})],
    ),
    "remove icon": (
        lambda c: c.writer.remove_icon(GROUP),
        {"success": True},
        [("DELETE", f"{_PATH}/picture", None)],
    ),
    **{
        name: (call, [{"status": "200", "jid": "1111@lid"}], [("POST", f"{_PATH}/{path}", _PEOPLE)])
        for name, path, call in (
            ("promote", "admin/promote", lambda c: c.writer.promote(GROUP, ["1111@lid", ANA, "1111@lid"])),
            ("demote", "admin/demote", lambda c: c.writer.demote(GROUP, ["1111@lid", f"{ANA}@c.us"])),
            (
                "remove",
                "participants/remove",
                lambda c: c.writer.remove_participants(GROUP, ["1111@lid", ANA]),
            ),
            ("add", "participants/add", lambda c: c.writer.add_participants(GROUP, ["1111@lid", ANA])),
        )
    },
    "link": (lambda c: c.writer.get_link(GROUP), CODE, [("GET", f"{_PATH}/invite-code", None)]),
    "revoke": (lambda c: c.writer.revoke_link(GROUP), CODE, [("POST", f"{_PATH}/invite-code/revoke", None)]),
    "leave": (lambda c: c.writer.leave(GROUP), None, [("POST", f"{_PATH}/leave", None)]),
    "refresh": (lambda c: c.writer.refresh_list(), None, [("POST", "/api/default/groups/refresh", None)]),
    "send to group": (
        lambda c: c.writer.send_to_group(GROUP, "Olá"),
        {"id": f"true_{GROUP}_3EB0", "to": GROUP, "fromMe": True},
        [("POST", "/api/sendText", {"session": "default", "chatId": GROUP, "text": "Olá"})],
    ),
    "send to person": (
        lambda c: c.writer.send_to_person(ANA, {"messageText": "Olá"}, "id-1"),
        {"id": f"true_{ANA}@c.us_3EB0", "to": f"{ANA}@c.us", "fromMe": True},
        [("POST", "/api/sendText", {"session": "default", "chatId": f"{ANA}@c.us", "text": "Olá"})],
    ),
}
"""Every call of ours, an answer that it takes, and its requests, which WAHA's OpenAPI document accepts."""


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_asked(name: str, server: RawServer, make: Make) -> None:
    call, good, requests = REQUESTS[name]
    client = make()
    server.default = reply(200) if good is None else answer(good)
    if name == "session":
        server.script.extend([answer(SESSION), answer(VERSION)])
    call(client)
    assert [(s.method, s.path, json.loads(s.body) if s.body else None) for s in server.seen] == requests
    assert all(seen.headers["x-api-key"] == TOKEN for seen in server.seen)


def test_every_request_continues_one_trace(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer({})
    client.reader.list_groups()
    client.reader.list_groups()
    traces = [seen.headers["traceparent"].split("-") for seen in server.seen]
    assert {(version, trace, flags) for version, trace, _, flags in traces} == {("00", traces[0][1], "01")}
    assert len({span for _, _, span, _ in traces}) == 2


def test_a_path_and_a_session_with_odd_characters(server: RawServer, make: Make) -> None:
    client = make("/waha/", session="vendas/../ção?")
    server.default = answer(noweb())
    client.reader.get_group(GROUP)
    assert server.seen[0].path == (
        "/waha/api/vendas%2F..%2F%C3%A7%C3%A3o%3F/groups/120363012345678901%40g.us"
    )


def test_what_cannot_be_meant_is_never_sent(server: RawServer, make: Make) -> None:
    client = make()
    for call in (
        lambda: client.reader.get_group("a/b"),
        lambda: client.writer.promote(GROUP, ["+55 19"]),
        lambda: client.writer.promote(GROUP, []),
        lambda: client.writer.add_participants(GROUP, [f"{n}@lid" for n in range(21)]),
        lambda: client.writer.find_person("x"),
        lambda: client.writer.send_to_group("a/b", "Olá"),
        lambda: client.writer.send_to_person("+55", {"messageText": "?"}),
        lambda: client.writer.send_to_person(ANA, {"namespace": "x"}),
        lambda: client.writer.set_icon(GROUP, b"", "image/svg+xml"),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()
    assert server.seen == []


# --- the session ---


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        ("STOPPED", "start"),
        ("STARTING", "minute"),
        ("SCAN_QR_CODE", "QR"),
        ("PASSKEY_REQUIRED", "phone"),
        ("PASSKEY_CONFIRMATION_REQUIRED", "phone"),
        ("FAILED", "restart"),
        ("NEW_ONE", "dashboard"),
    ],
)
def test_a_session_that_does_not_work(status: str, mend: str, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(VERSION)
    server.script.append(answer({**SESSION, "status": status, "me": None}))
    with pytest.raises(Refused) as caught:
        client.reader.session()
    assert (caught.value.code, mend in caught.value.hint) == ("session", True)
    assert client.gateway is not None
    server.script.append(answer({**SESSION, "status": status, "me": None}))
    assert client.gateway().status == status


@pytest.mark.parametrize("engine", ["WEBJS", "WPP", "NEWONE"])
def test_other_engines_are_refused_by_name(engine: str, server: RawServer, make: Make) -> None:
    client = make()
    server.script.extend([answer(SESSION), answer({**VERSION, "engine": engine})])
    with pytest.raises(Refused, match=engine) as caught:
        client.reader.session()
    assert "NOWEB or GOWS" in caught.value.hint


def test_no_such_session(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer({"statusCode": 404, "message": "Session not found"}, 404)
    with pytest.raises(Refused, match="no such session"):
        client.reader.session()


def test_a_key_that_may_not_ask_for_the_version(server: RawServer, make: Make) -> None:
    client = make()
    server.script.extend([answer({**SESSION, "engine": {"engine": "GOWS"}}), reply(403)])
    assert client.gateway is not None
    assert client.gateway() == Gateway(status="WORKING", engine="GOWS", store=None)
    server.script.extend([answer(SESSION), reply(403)])
    with pytest.raises(Refused):
        client.gateway()


@pytest.mark.parametrize(
    ("config", "store"),
    [
        ({"config": None}, None),
        ({"config": {}}, False),
        ({"config": {"noweb": {"store": {"enabled": False}}}}, False),
        ({"config": {"gows": {"storage": {"groups": True}}}}, True),
        ({"config": {"gows": {"storage": {"groups": False}}}}, False),
    ],
)
def test_a_store_that_is_off_is_named(
    config: dict[str, object], store: bool | None, server: RawServer, make: Make, told: list[str]
) -> None:
    client = make()
    assert client.gateway is not None
    for _ in range(2):
        server.script.extend([answer({**SESSION, **config}), answer(VERSION)])
    assert client.gateway() == Gateway(status="WORKING", engine="NOWEB", version="2026.9.2", store=store)
    client.reader.session()
    assert [("store is off" in text) for text in told] == [True] * (store is False)


@pytest.mark.parametrize("me", [None, {}, {"id": "99887766@lid"}, {"id": 5}])
def test_a_session_without_an_account(me: object, server: RawServer, make: Make) -> None:
    client = make()
    server.script.extend([answer({**SESSION, "me": me}), answer(VERSION)])
    with pytest.raises(Unclear, match="whose account"):
        client.reader.session()


def test_limits(server: RawServer, make: Make) -> None:
    client = make()
    ends = int((NOON + timedelta(hours=2)).timestamp())
    server.script.extend(
        [
            answer({"isActive": True, "timeEnforcementEnds": ends, "enforcementType": "X"}),
            answer({"cappingStatus": "CAPPED", "totalQuota": -1}),
        ]
    )
    until = datetime.fromtimestamp(ends, UTC)
    assert client.reader.limits() == ServiceLimits(locked_until=until, capped=True)
    server.script.extend([reply(404), reply(404)])
    assert client.reader.limits() == ServiceLimits()
    server.script.extend(
        [
            answer({"isActive": False, "timeEnforcementEnds": 0}),
            answer({"cappingStatus": "FIRST_WARNING", "totalQuota": 10, "usedQuota": 10}),
        ]
    )
    assert client.reader.limits() == ServiceLimits(capped=True)
    server.script.append(answer({"isActive": True, "timeEnforcementEnds": None}))
    with pytest.raises(Refused, match="locked"):
        client.reader.limits()


# --- groups ---


def test_a_group_of_noweb(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(noweb())
    live = client.reader.get_group(GROUP)
    assert live == LiveGroup(
        id=GROUP,
        subject="Suporte",
        creator=ACCOUNT,
        admins=("99887766@lid", "1111@lid"),
        participants=("99887766@lid", "1111@lid", f"{BRUNO}@s.whatsapp.net", "2222@lid"),
        description="",
        permissions={
            "send_messages": "everyone",
            "edit_info": "admins",
            "add_members": "admins",
            "approve_members": True,
        },
        numbers={"99887766@lid": ACCOUNT, "1111@lid": ANA, f"{BRUNO}@s.whatsapp.net": BRUNO},
        superadmins=("99887766@lid",),
        count=3,
    )
    assert live.unidentified == ("2222@lid",)


def test_a_group_of_gows(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(gows())
    assert client.reader.get_group(GROUP) == LiveGroup(
        id=GROUP,
        subject="Suporte",
        creator=ANA,
        admins=(f"{ACCOUNT}@s.whatsapp.net", "1111@lid"),
        participants=(f"{ACCOUNT}@s.whatsapp.net", "1111@lid"),
        description="Olá",
        permissions={
            "send_messages": "admins",
            "edit_info": "everyone",
            "add_members": "everyone",
            "approve_members": False,
        },
        numbers={f"{ACCOUNT}@s.whatsapp.net": ACCOUNT, "1111@lid": ANA},
        superadmins=("1111@lid",),
        parent="120363000000000001@g.us",
    )


@pytest.mark.parametrize(
    ("owner", "creator"),
    [
        ({"owner": "2222@lid", "ownerPn": f"{BRUNO}@s.whatsapp.net"}, BRUNO),
        ({"owner": f"{BRUNO}:3@s.whatsapp.net"}, BRUNO),
        ({"owner": "1111:4@lid"}, ANA),
        ({"owner": "99887766@lid"}, ACCOUNT),
        ({"owner": "2222@lid"}, "2222@lid"),
        ({"owner": "3333@lid"}, None),
        ({"owner": None}, None),
        ({"owner": ""}, None),
        ({"owner": 5, "ownerPn": []}, None),
    ],
)
def test_the_creator(owner: dict[str, object], creator: str | None, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(noweb(**owner))
    assert client.reader.get_group(GROUP).creator == creator


NO_FACTS: dict[str, object] = {
    "nothing": {},
    "null": None,
    "a text": "x",
    "an id and a size": {"id": GROUP, "size": 12},
    "another id": noweb("1@g.us"),
    "no subject": noweb(subject=None),
    "an empty subject": noweb(subject=" "),
    "a subject that is none": noweb(subject=5),
    "no creation": noweb(creation=None),
    "a creation of 0": noweb(creation=0),
    "the year 1": gows(GroupCreated="0001-01-01T00:00:00Z"),
    "nobody": noweb(participants=[]),
    "no people": gows(Participants=None),
    "people of texts": noweb(participants=[ANA]),
    "somebody without an id": noweb(participants=[{"admin": None}]),
    "somebody with an odd id": noweb(participants=[{"id": "a b@lid"}]),
    "the account is not there": noweb(participants=[{"id": "1111@lid", "phoneNumber": f"{ANA}@c.us"}]),
    "a role that is none": noweb(participants=[{"id": "99887766@lid", "admin": "owner"}]),
    "two roles": noweb(participants=[{"id": "99887766:1@lid"}, {"id": "99887766:2@lid", "admin": "admin"}]),
    "a description that is none": noweb(desc={"a": 1}),
    "a flag that is none": noweb(announce="false"),
    "an odd mode of adding": gows(MemberAddMode="new_mode"),
    "a parent that is none": noweb(linkedParent=5),
}


@pytest.mark.parametrize("kind", NO_FACTS)
def test_what_is_no_fact_is_unreadable(kind: str, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer({GROUP: NO_FACTS[kind], "2@g.us": noweb("2@g.us")})
    listed = client.reader.list_groups()
    assert listed.ids == (GROUP, "2@g.us")
    problem = listed.groups[GROUP]
    assert isinstance(problem, Problem)
    assert problem.code == "unreadable"
    assert isinstance(listed.groups["2@g.us"], LiveGroup)
    server.default = answer(NO_FACTS[kind])
    with pytest.raises(Unclear):
        client.reader.get_group(GROUP)


def test_a_list_of_either_engine(server: RawServer, make: Make) -> None:
    client = make()
    news = {"id": "1@newsletter", "subject": "x"}
    server.default = answer({GROUP: noweb(), "1@newsletter": news, "status@broadcast": None})
    assert client.reader.list_groups().ids == (GROUP,)
    server.default = answer([gows(), {"JID": "1@newsletter"}, gows(Name="Outro"), gows("2@g.us")])
    listed = client.reader.list_groups()
    assert listed.ids == (GROUP, "2@g.us")
    first = listed.groups[GROUP]
    assert isinstance(first, LiveGroup)
    assert first.subject == "Suporte"
    for empty in ({}, []):
        server.default = answer(empty)
        assert client.reader.list_groups().ids == ()


@pytest.mark.parametrize(
    "data",
    [
        None,
        True,
        "x",
        5,
        {"message": "x"},
        {"groups": []},
        [None],
        [{}],
        [{"JID": 5}],
        [GROUP],
        {"a/b@g.us": {}},
    ],
)
def test_what_is_no_list_is_never_an_empty_one(data: object, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(data)
    with pytest.raises(Unclear):
        client.reader.list_groups()


def ids(first: int, count: int) -> list[str]:
    return [f"{each:06}@g.us" for each in range(first, first + count)]


def listing(*found: list[str]) -> list[Step]:
    return [answer([{"JID": each} for each in page]) for page in found]


def test_pages(server: RawServer, make: Make) -> None:
    client = make()
    server.script.extend(listing(ids(0, PAGE), ids(PAGE, PAGE), ids(2 * PAGE - 1, 3)))
    assert client.reader.list_groups().ids == tuple(ids(0, 2 * PAGE + 2))
    assert [seen.path.partition("offset=")[2].partition("&")[0] for seen in server.seen] == [
        "0",
        str(PAGE),
        str(2 * PAGE),
    ]


def test_pages_that_are_ignored(server: RawServer, make: Make) -> None:
    client = make()
    server.script.extend(listing(ids(0, PAGE + 500)))
    assert len(client.reader.list_groups().ids) == PAGE + 500
    server.script.extend(listing(ids(0, PAGE), ids(0, PAGE), ids(0, PAGE + 7)))
    assert len(client.reader.list_groups().ids) == PAGE + 7
    assert "limit" not in server.seen[-1].path
    server.script.extend(listing(ids(0, PAGE), []))
    server.default = listing(ids(0, PAGE))[0]
    assert len(client.reader.list_groups().ids) == PAGE


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_group_is_never_gone_by_one_answer(status: int, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer({"statusCode": status, "message": "no such group"}, status)
    with pytest.raises((Unclear, Refused)):
        client.reader.get_group(GROUP)


# --- pictures and numbers ---


def test_pictures_are_fetched_from_two_places_alone(server: RawServer, make: Make) -> None:
    client = make()
    server.default = reply(200, b"bytes")
    assert client.reader.fetch_icon(IconMeta(f"{server.url}/p/1.jpeg?x=1")) == b"bytes"
    assert "x-api-key" not in server.seen[0].headers
    with RawServer(reply(200, b"bytes")) as other:
        for url in (
            f"{other.url}/p/1.jpeg",
            "https://example.com/1.jpeg",
            "https://whatsapp.net.evil.example/1.jpeg",
            "https://evilwhatsapp.net/1.jpeg",
            "http://pps.whatsapp.net/1.jpeg",
        ):
            with pytest.raises(Unclear) as caught:
                client.reader.fetch_icon(IconMeta(url))
            assert caught.value.code == "unsafe_link"
        assert other.seen == []


def test_a_picture(server: RawServer, make: Make) -> None:
    client = make()
    url = "https://pps.whatsapp.net/v/t61/1.jpg?ccb=1&oh=2"
    server.default = answer({"url": url})
    assert client.reader.get_icon(GROUP) == IconMeta(url)
    for data in ({}, {"url": 5}, {"url": "data:image/png;base64,AA"}, [], None):
        server.default = answer(data)
        with pytest.raises(Unclear):
            client.reader.get_icon(GROUP)


def test_numbers_behind_lids(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer({"lid": "2222@lid", "pn": f"{BRUNO}@c.us"})
    assert client.reader.number_of("2222@lid") == BRUNO
    server.default = answer({"lid": "3333@lid", "pn": f"{BRUNO}@c.us"})
    with pytest.raises(Unclear):
        client.reader.number_of("2222@lid")
    server.default = answer({"statusCode": 404}, 404)
    assert client.reader.number_of("2222@lid") is None
    server.default = answer({"message": "Enable NOWEB store"}, 400)
    with pytest.raises(Refused) as caught:
        client.reader.number_of("2222@lid")
    assert "store" in caught.value.hint
    server.seen.clear()
    assert client.reader.number_of(f"{ANA}:3@c.us") == ANA
    assert client.reader.number_of("bot@bot") is None
    assert server.seen == []


def test_who_has_a_number(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer({"numberExists": False})
    assert client.writer.find_person(ANA) is None
    chats = {f"{CARLA_BEFORE}@c.us": True, "1111:2@lid": True, f"{BRUNO}@c.us": False, GROUP: False}
    for chat, found in chats.items():
        server.default = answer({"numberExists": True, "chatId": chat})
        if found:
            assert client.writer.find_person(CARLA) == chat.replace(":2", "")
        else:
            with pytest.raises(Unclear):
                client.writer.find_person(ANA)


def test_once_a_stop_was_asked_for_nobody_is_looked_up_and_that_is_why_nothing_was_sent(
    server: RawServer, make: Make, clock: FakeClock
) -> None:
    client = make()
    clock.stopping = True
    with pytest.raises(NotSent, match="asked to stop"):
        client.writer.find_person(ANA)
    assert server.seen == []


# --- writes ---

VOID = ("subject", "description", "edit_info", "set icon", "remove icon", "revoke", "leave", "refresh")
PEOPLE = ("promote", "demote", "remove")


@pytest.mark.parametrize("name", [*VOID, *PEOPLE, "add"])
def test_bodies_of_writes(name: str, server: RawServer, make: Make) -> None:
    client = make()
    call = REQUESTS[name][0]
    for body in (b"", b" \n", b"true", b"null", b"{}", b'"ok"', b"ok", b'{"success": true}'):
        server.default = reply(200, body)
        assert call(client) in (None, ())
    for body in (b"false", b'{"success": false}'):
        server.default = reply(201, body)
        with pytest.raises(Refused):
            call(client)
    for body in (b"5", b"<html>login</html>", b'{"error": "x"}', b"{", b"\xff\xfe", b"a\nb"):
        server.default = reply(200, body)
        with pytest.raises(Unclear):
            call(client)


@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_500_means(name: str, server: RawServer, make: Make) -> None:
    client = make()
    call = REQUESTS[name][0]
    server.default = answer(
        {"statusCode": 500, "exception": {"message": "rate-overlimit", "name": "Error"}}, 500
    )
    reads = {"refresh"} | {each for each in REQUESTS if REQUESTS[each][2][0][0] == "GET"} - {"link"}
    with pytest.raises(RateLimited if name in reads else Unclear, match="rate-overlimit"):
        call(client)
    server.default = answer({"statusCode": 500, "message": "x"}, 500)
    with pytest.raises(Unclear):
        call(client)
    assert len(server.seen) == 2


@pytest.mark.parametrize("name", PEOPLE)
def test_refusals_of_all(name: str, server: RawServer, make: Make) -> None:
    client = make()
    call = REQUESTS[name][0]
    refused = {"status": "403", "jid": "1111@lid", "content": {"attrs": {"code": CODE}}}
    server.default = answer([refused, {"status": 401, "jid": f"{ANA}@c.us"}])
    with pytest.raises(Refused, match="401, 403") as caught:
        call(client)
    assert CODE not in str(caught.value)
    server.default = answer([refused, {"status": "200", "jid": f"{ANA}@c.us"}])
    call(client)
    server.default = answer([{"status": "404", "jid": "1111@lid"}])
    if name == "promote":
        with pytest.raises(Refused):
            call(client)
    else:
        call(client)


def test_what_is_said_of_who_is_added(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(
        [
            {"status": "200", "jid": f"{ANA}:2@s.whatsapp.net", "content": {"attrs": {}}},
            {"status": 403, "jid": "1111@lid", "content": {"attrs": {"phone_number": f"{BRUNO}@c.us"}}},
            {"JID": "2222@lid", "PhoneNumber": "", "Error": 408, "AddRequest": {"Code": CODE}},
            {"JID": "3333@lid", "Error": 0},
            {"status": "x", "jid": "4444@lid"},
            {"jid": "5555@lid"},
            {"status": 409, "jid": None},
            None,
        ]
    )
    assert client.writer.add_participants(GROUP, [ANA]) == (
        PersonAnswer(f"{ANA}@s.whatsapp.net", ANA, 200),
        PersonAnswer("1111@lid", BRUNO, 403),
        PersonAnswer("2222@lid", None, 408),
        PersonAnswer("3333@lid", None, 200),
        PersonAnswer(None, None, 409),
    )


def test_the_link(server: RawServer, make: Make) -> None:
    client = make()
    for body in (f'"{CODE}"', CODE, f'"https://chat.whatsapp.com/{CODE}"'):
        server.default = reply(200, body.encode())
        assert client.writer.get_link(GROUP) == f"https://chat.whatsapp.com/{CODE}"
    for junk in (
        "",
        '""',
        "null",
        "undefined",
        '"undefined"',
        '"curto"',
        f'"{"x" * 65}"',
        '"a/../bcdefghij"',
    ):
        server.default = reply(200, junk.encode())
        with pytest.raises(Unclear) as caught:
            client.writer.get_link(GROUP)
        assert caught.value.code == "junk_link"


def test_messages(server: RawServer, make: Make) -> None:
    client = make()
    for data in (
        {"id": f"true_{CARLA}@c.us_3EB0", "fromMe": True},
        {"id": "3EB0", "to": f"{CARLA_BEFORE}@c.us"},
        {"id": "3EB0", "to": None, "from": f"{CARLA}@s.whatsapp.net", "fromMe": True},
        {"key": {"remoteJid": f"{CARLA}@s.whatsapp.net", "id": "3EB0"}, "status": "PENDING"},
        {"id": "3EB0", "to": "1111@lid", "_data": {"key": {"remoteJidAlt": f"{CARLA}@s.whatsapp.net"}}},
    ):
        server.default = answer(data, 201)
        assert client.writer.send_to_person(f"{CARLA}@c.us", {"messageText": "Olá"}).endswith("3EB0")
    server.default = answer({"id": "3EB0", "to": f"{CARLA}@c.us", "ack": -1}, 201)
    with pytest.raises(Refused):
        client.writer.send_to_person(f"{CARLA}@c.us", {"messageText": "Olá"})
    for data in ({}, {"id": "3EB0"}, {"id": "3EB0", "to": f"{BRUNO}@c.us"}, True, None, [], "ok"):
        server.default = answer(data, 201)
        with pytest.raises(Unclear):
            client.writer.send_to_person(f"{CARLA}@c.us", {"messageText": "Olá"})
    server.default = answer({"id": "x", "to": "120363012345678902@g.us"}, 201)
    with pytest.raises(Unclear):
        client.writer.send_to_group(GROUP, "Olá")


def test_an_older_version_lacks_a_permission(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer({"statusCode": 404, "message": "Cannot PUT"}, 404)
    with pytest.raises(Refused) as caught:
        client.writer.set_permission(GROUP, "approve_members", True)
    assert "too old" in caught.value.hint
    client.writer.remove_icon(GROUP)  # there is none: as wanted


@pytest.mark.parametrize("data", [{"id": 5}, {"id": "5519@c.us"}, {}, True, None, "x", [], {"JID": "1@lid"}])
def test_a_create_that_does_not_say_which(data: object, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(data, 201)
    with pytest.raises(Unclear):
        client.writer.create_group("Vendas")


# --- whatever comes ---

HOSTILE: dict[str, Step] = {
    "deep": reply(200, b"[" * 100_000),
    "deep object": reply(200, b'{"groups":' * 50_000),
    "a long number": reply(200, b"9" * 10_000),
    "NaN": reply(200, b'{"creation": NaN}'),
    "surrogates": reply(200, b'{"id": "\\ud800", "subject": "\\udfff", "to": "\\ud800"}'),
    "bytes": reply(200, b"\xff\xfe\x00\x01"),
    "lists of lists": answer([[[]], [[]]]),
    "objects": answer({key: {} for key in ("id", "status", "me", "config", "url", "key", "_data", "engine")}),
    "numbers": answer(dict.fromkeys(("id", "status", "to", "chatId", "pn", "url", "engine"), 10**20)),
    "flags": answer(dict.fromkeys(("isActive", "numberExists", "status", "to", "id"), True)),
    "a late end": answer({"isActive": True, "timeEnforcementEnds": 10**14}),
    "texts": answer({"id": f"true_{TOKEN}", "status": TOKEN, "engine": f"{ANA} x", "message": TOKEN}),
    "a list of odds": answer([None, 5, "x", {"status": -1}, {"status": True}, {"Error": "x"}, {"jid": []}]),
    "reset": reset(),
    "closed": raw(b""),
    "no HTTP": raw(b"SSH-2.0\r\n"),
    "302": reply(302, b"", {"Location": "http://evil.example/"}),
    **{
        f"{status}": reply(status, f'{{"message": "{ANA} {TOKEN}"}}'.encode())
        for status in range(400, 600, 7)
    },
    "401": reply(401),
    "403": reply(403),
    "422": answer({"statusCode": 422, "message": "Session status is not as expected"}, 422),
    "429": reply(429),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_comes(kind: str, server: RawServer, make: Make) -> None:
    client = make()
    server.default = HOSTILE[kind]
    for name, (call, _, _) in REQUESTS.items():
        server.script.clear()
        try:
            call(client)
        except (ApiError, CredentialsError) as error:
            text = f"{error.message} {error.hint}"
            assert not [secret for secret in (TOKEN, ANA, CODE, GROUP) if secret in text], name
    assert client.counts


# --- addresses ---


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("10.0.0.1", True),
        ("192.168.7.1", True),
        ("172.31.0.9", True),
        ("[fd00::1]", True),
        ("172.32.0.1", False),
        ("8.8.8.8", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("[2001:db8::1]", False),
        ("[::ffff:8.8.8.8]", False),
        ("[::ffff:10.0.0.1]", True),
    ],
)
def test_http_is_for_private_networks(host: str, fits: bool, clock: FakeClock) -> None:
    def connection(*, private: bool) -> Connection:
        return Connection(base_url=f"http://{host}:3000/waha", username="a", token=TOKEN, private=private)

    with pytest.raises(ReconcilerError, match="in the clear") as caught:
        connect(connection(private=False), clock)
    assert "RECONCILER_ALLOW_HTTP" in caught.value.hint
    if fits:
        connect(connection(private=True), clock).close()
    else:
        with pytest.raises(ReconcilerError, match="outside of private networks"):
            connect(connection(private=True), clock)


def test_a_private_host_is_reached_where_it_was_found_and_by_no_proxy(
    server: RawServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    real = socket.getaddrinfo

    def resolve(host: object, *more: Any, **others: Any) -> Any:
        if host != "gateway.internal":
            return real(host, *more, **others)  # type: ignore[arg-type]
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "8.8.8.8", *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    base = f"http://gateway.internal:{server.port}"
    connection = Connection(base_url=f"{base}/waha", username="default", token=TOKEN, private=True)
    with connect(connection, clock) as client:
        server.script.extend([answer(SESSION), answer(VERSION)])
        assert client.reader.session() == OWN
        server.default = reply(200, b"bytes")
        assert client.reader.fetch_icon(IconMeta(f"{base}/p/1.jpeg#x")) == b"bytes"
    assert len(asked) == 1
    assert [seen.path for seen in server.seen] == [
        "/waha/api/sessions/default",
        "/waha/api/server/version",
        "/p/1.jpeg",
    ]
    assert {seen.headers["host"] for seen in server.seen} == {f"gateway.internal:{server.port}"}
    assert "x-api-key" not in server.seen[-1].headers


@pytest.mark.parametrize("path", ["//", "/a//b", "/../x", "/a/./b", "/a?b", "/a#b", "/{session}", "/a%2F"])
def test_paths_that_are_none(path: str, clock: FakeClock) -> None:
    with pytest.raises(ReconcilerError):
        connect(Connection(base_url=f"https://gw.example{path}", username="a", token=TOKEN), clock)


# --- pace ---


def test_the_pace_of_writes(server: RawServer, make: Make, clock: FakeClock) -> None:
    client = make(write_pause=(2.0, 5.0), message_pause=(30.0, 60.0))
    server.default = answer({"id": f"true_{GROUP}_1", "to": GROUP})
    client.writer.set_subject(GROUP, "1")
    assert clock.slept == []
    client.writer.set_subject(GROUP, "2")
    client.writer.leave(GROUP)
    assert len(clock.slept) == 2
    assert all(2.0 <= each <= 5.0 for each in clock.slept)
    server.script.append(answer(noweb()))
    client.reader.get_group(GROUP)
    clock.slept.clear()
    client.writer.send_to_group(GROUP, "1")
    client.writer.send_to_group(GROUP, "2")
    assert len(clock.slept) == 1
    assert 30.0 <= clock.slept[0] <= 60.0


def test_a_writer_under_a_permit_keeps_the_same_pace(server: RawServer, make: Make, clock: FakeClock) -> None:
    client = make(write_pause=(2.0, 5.0))
    asked: list[float] = []
    writer = client.writer_under(lambda: asked.append(clock.elapsed))
    client.writer.set_subject(GROUP, "1")
    writer.set_subject(GROUP, "2")
    assert asked == [sum(clock.slept)]
    assert asked[0] >= 2.0, "what permits a write is asked after the pause, just before it is sent"


def test_a_stop_ends_a_pause_and_nothing_is_sent(server: RawServer, make: Make, clock: FakeClock) -> None:
    client = make(write_pause=(2.0, 5.0))
    client.writer.set_subject(GROUP, "1")
    server.seen.clear()
    clock.stopping = True
    with pytest.raises(NotSent, match="stop"):
        client.writer.set_subject(GROUP, "2")
    assert server.seen == []


def test_a_sandbox_on_this_machine_is_not_waited_for(server: RawServer, make: Make, clock: FakeClock) -> None:
    client = make(write_pause=(2.0, 5.0))
    server.default = reply(200, b"{}", {"Server": "reconciler-sandbox"})
    server.script.append(reply(200, b"{}", {"Server": "reconciler-sandbox"}))
    client.reader.list_groups()
    waited = list(clock.slept)
    for subject in "123":
        client.writer.set_subject(GROUP, subject)
    assert clock.slept == waited


@pytest.mark.parametrize("name", ["create", "add", "send to group", "send to person"])
def test_what_may_be_done_twice_is_sent_once(name: str, server: RawServer, make: Make) -> None:
    client = make(retries=3)
    for step in (reply(429), reply(503), reset()):
        server.seen.clear()
        server.default = step
        with pytest.raises(ApiError):
            REQUESTS[name][0](client)
        assert len(server.seen) == 1
