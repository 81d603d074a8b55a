"""Evolution's client against small servers: what it asks, what it takes for a fact, and what it never shows.

What it shares with WAHA's (addresses, the pace of writes, most of what is no group) is in `test_waha`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from reconciler.backends.client import Limits
from reconciler.backends.evolution import connect
from reconciler.backends.service import Client, Connection
from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    NotSent,
    Problem,
    RateLimited,
    Refused,
    Unclear,
)
from reconciler.model.live import Gateway, IconMeta, LiveGroup, PersonAnswer, ServiceLimits, Session
from tests.backends.server import Peer, RawServer, Step, raw, reply, reset
from tests.fakes import FakeClock

TOKEN = "chave-SEGREDO-123"
INSTANCE_TOKEN = "5B0C9DDA-1F6E-4A53-B6D4-A8B1E3C7F902"
ACCOUNT, ACCOUNT_SHORT = "5531971112222", "553171112222"
ANA, BRUNO = "5519900000001", "5519900000002"
CARLA, CARLA_BEFORE = "5531987654321", "553187654321"  # with the ninth digit, and without
GROUP = "120363012345678901@g.us"
CODE = "AbCdEfGhIjKlMnOpQrStUv"
URL = "https://pps.whatsapp.net/v/t61/1.jpg?ccb=1&oh=2"
OWN = Session(ACCOUNT)

STATE = {"instance": {"instanceName": "suporte", "state": "open"}}
INSTANCE = {
    "id": "0d3b1c1e",
    "name": "suporte",
    "connectionStatus": "open",
    "ownerJid": f"{ACCOUNT}@s.whatsapp.net",
    "profileName": "Loja",
    "integration": "WHATSAPP-BAILEYS",
    "token": INSTANCE_TOKEN,
    "Chatwoot": {"token": INSTANCE_TOKEN},
}

Make = Callable[..., Client]


def answer(data: object, status: int = 200) -> Step:
    return reply(status, json.dumps(data).encode())


def failed(status: int, *messages: str) -> Step:
    """An error as the gateway words it."""
    return answer({"status": status, "error": "Error", "response": {"message": list(messages)}}, status)


OVERLIMIT = ("Error fetching group", "Error: rate-overlimit")


def info(group_id: str = GROUP, **more: Any) -> dict[str, Any]:
    """A group as the gateway tells it."""
    return {
        "id": group_id,
        "subject": "Suporte",
        "subjectOwner": f"{ACCOUNT}@s.whatsapp.net",
        "subjectTime": 1700000000,
        "pictureUrl": None,
        "size": 4,
        "creation": 1700000000,
        "owner": f"{ACCOUNT}@s.whatsapp.net",
        "desc": "Olá",
        "descId": "3EB0",
        "restrict": True,
        "announce": False,
        "participants": [
            {"id": f"{ACCOUNT}@s.whatsapp.net", "admin": "superadmin"},
            {"id": "1111@lid", "phoneNumber": f"{ANA}:7@s.whatsapp.net", "admin": "admin"},
            {"id": f"{BRUNO}@s.whatsapp.net", "admin": None},
            {"id": "2222@lid"},
        ],
        "isCommunity": False,
        "isCommunityAnnounce": False,
        **more,
    }


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make(server: RawServer, clock: FakeClock) -> Iterator[Make]:
    """Makes clients of the server, which is asked for its instance first."""
    with ExitStack() as stack:

        def client(path: str = "", retries: int = 0, **options: Any) -> Client:
            connection = Connection(
                base_url=server.url + path,
                username=options.pop("instance", "suporte"),
                token=TOKEN,
                limits=Limits(timeout=options.pop("timeout", 5.0), retries=retries, width=2),
                **options,
            )
            made = stack.enter_context(connect(connection, clock))
            state = {"instance": {**STATE["instance"], "instanceName": connection.username}}
            server.script.extend([answer(state), answer([{**INSTANCE, "name": connection.username}])])
            assert made.reader.session() == OWN
            server.seen.clear()
            return made

        yield client


# --- what is asked ---

_PEOPLE = ["1111@lid", f"{ANA}@s.whatsapp.net"]
_OK = {"update": "success"}

REQUESTS: dict[str, tuple[Callable[[Client], object], object, list[tuple[str, str, object]]]] = {
    "session": (
        lambda c: c.reader.session(),
        None,
        [
            ("GET", "/instance/connectionState/suporte", None),
            ("GET", "/instance/fetchInstances?instanceName=suporte", None),
        ],
    ),
    "list": (
        lambda c: c.reader.list_groups(),
        [],
        [("GET", "/group/fetchAllGroups/suporte?getParticipants=true", None)],
    ),
    "group": (
        lambda c: c.reader.get_group(GROUP),
        info(),
        [("GET", "/group/findGroupInfos/suporte?groupJid=120363012345678901%40g.us", None)],
    ),
    "icon": (
        lambda c: c.reader.get_icon(GROUP),
        {"wuid": GROUP, "profilePictureUrl": None},
        [("POST", "/chat/fetchProfilePictureUrl/suporte", {"number": GROUP})],
    ),
    "fresh icon": (
        lambda c: c.reader.get_icon(GROUP, fresh=True),
        {"wuid": GROUP, "profilePictureUrl": None},
        [("POST", "/chat/fetchProfilePictureUrl/suporte", {"number": GROUP})],
    ),
    "find": (
        lambda c: c.writer.find_person(ANA),
        [{"exists": True, "jid": f"{ANA}@s.whatsapp.net", "number": ANA}],
        [("POST", "/chat/whatsappNumbers/suporte", {"numbers": [f"{ANA}@s.whatsapp.net", ANA]})],
    ),
    "create": (
        lambda c: c.writer.create_group("Vendas", ["1111@lid", ANA, "1111@lid"]),
        info(),
        [("POST", "/group/create/suporte", {"subject": "Vendas", "participants": _PEOPLE})],
    ),
    "subject": (
        lambda c: c.writer.set_subject(GROUP, "Novo"),
        _OK,
        [("POST", "/group/updateGroupSubject/suporte", {"groupJid": GROUP, "subject": "Novo"})],
    ),
    "description": (
        lambda c: c.writer.set_description(GROUP, "Olá"),
        _OK,
        [("POST", "/group/updateGroupDescription/suporte", {"groupJid": GROUP, "description": "Olá"})],
    ),
    "set icon": (
        lambda c: c.writer.set_icon(GROUP, b"\xff\xd8", "image/jpeg"),
        _OK,
        [("POST", "/group/updateGroupPicture/suporte", {"groupJid": GROUP, "image": "/9g="})],
    ),
    **{
        f"{name} {value}": (
            lambda c, name=name, value=value: c.writer.set_permission(GROUP, name, value),  # type: ignore[misc]
            {},
            [("POST", "/group/updateSetting/suporte", {"groupJid": GROUP, "action": action})],
        )
        for name, value, action in (
            ("send_messages", "admins", "announcement"),
            ("send_messages", "everyone", "not_announcement"),
            ("edit_info", "admins", "locked"),
            ("edit_info", "everyone", "unlocked"),
        )
    },
    **{
        name: (
            call,
            {"updateParticipants": [{"status": "200", "jid": "1111@lid"}]},
            [
                (
                    "POST",
                    "/group/updateParticipant/suporte",
                    {"groupJid": GROUP, "action": name, "participants": _PEOPLE},
                )
            ],
        )
        for name, call in (
            ("promote", lambda c: c.writer.promote(GROUP, ["1111@lid", ANA, "1111@lid"])),
            ("demote", lambda c: c.writer.demote(GROUP, ["1111@lid", f"{ANA}@s.whatsapp.net"])),
            ("remove", lambda c: c.writer.remove_participants(GROUP, ["1111@lid", ANA])),
            ("add", lambda c: c.writer.add_participants(GROUP, ["1111@lid", ANA])),
        )
    },
    "link": (
        lambda c: c.writer.get_link(GROUP),
        {"inviteUrl": f"https://chat.whatsapp.com/{CODE}", "inviteCode": CODE},
        [("GET", "/group/inviteCode/suporte?groupJid=120363012345678901%40g.us", None)],
    ),
    "revoke": (
        lambda c: c.writer.revoke_link(GROUP),
        {"revoked": True, "inviteCode": CODE},
        [("POST", "/group/revokeInviteCode/suporte", {"groupJid": GROUP})],
    ),
    "leave": (
        lambda c: c.writer.leave(GROUP),
        {"groupJid": GROUP, "leave": True},
        [("DELETE", "/group/leaveGroup/suporte?groupJid=120363012345678901%40g.us", None)],
    ),
    "send to group": (
        lambda c: c.writer.send_to_group(GROUP, "Olá"),
        {"key": {"remoteJid": GROUP, "fromMe": True, "id": "3EB0"}, "status": "PENDING"},
        [("POST", "/message/sendText/suporte", {"number": GROUP, "text": "Olá"})],
    ),
    "send to person": (
        lambda c: c.writer.send_to_person(ANA, {"messageText": "Olá"}, "id-1"),
        {"key": {"remoteJid": f"{ANA}@s.whatsapp.net", "fromMe": True, "id": "3EB0"}, "status": "PENDING"},
        [("POST", "/message/sendText/suporte", {"number": f"{ANA}@s.whatsapp.net", "text": "Olá"})],
    ),
}
"""Every call of ours, an answer that it takes, and its requests."""

READS = ("session", "list", "group", "icon", "fresh icon", "find")
SENT_ONCE = ("create", "add", "send to group", "send to person")


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_asked(name: str, server: RawServer, make: Make) -> None:
    call, good, requests = REQUESTS[name]
    client = make()
    server.default = answer(good, 201)
    if name == "session":
        server.script.extend([answer(STATE), answer([INSTANCE])])
    call(client)
    assert [(s.method, s.path, json.loads(s.body) if s.body else None) for s in server.seen] == requests
    assert all(seen.headers["apikey"] == TOKEN for seen in server.seen)


def test_what_is_not_asked(server: RawServer, make: Make) -> None:
    """There are no look-ups of hidden ids, limits, people who wait, or a refresh."""
    client = make()
    assert client.reader.number_of("2222@lid") is None
    assert client.reader.number_of(f"{ANA}:3@s.whatsapp.net") == ANA
    assert client.reader.limits() == ServiceLimits()
    assert client.reader.waiting(GROUP) == ()
    client.writer.refresh_list()
    assert server.seen == []


def test_a_path_and_an_instance_with_odd_characters(server: RawServer, make: Make) -> None:
    client = make("/evo/", instance="vendas/../ção?")
    server.default = answer(info())
    client.reader.get_group(GROUP)
    assert server.seen[0].path == (
        "/evo/group/findGroupInfos/vendas%2F..%2F%C3%A7%C3%A3o%3F?groupJid=120363012345678901%40g.us"
    )


def test_what_cannot_be_meant_is_never_sent(server: RawServer, make: Make) -> None:
    client = make()
    for call in (
        lambda: client.reader.get_group("a/b"),
        lambda: client.reader.get_icon("a/b"),
        lambda: client.writer.create_group("Vendas"),
        lambda: client.writer.create_group("Vendas", [f"{n}@lid" for n in range(21)]),
        lambda: client.writer.promote(GROUP, ["+55 19"]),
        lambda: client.writer.promote(GROUP, []),
        lambda: client.writer.add_participants(GROUP, [f"{n}@lid" for n in range(21)]),
        lambda: client.writer.find_person("x"),
        lambda: client.writer.send_to_group("a/b", "Olá"),
        lambda: client.writer.send_to_person("+55", {"messageText": "?"}),
        lambda: client.writer.send_to_person(ANA, {"namespace": "x"}),
        lambda: client.writer.set_icon(GROUP, b"", "image/svg+xml"),
        lambda: client.writer.remove_icon(GROUP),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()
    assert server.seen == []


# --- the instance ---


@pytest.mark.parametrize(
    ("state", "mend", "again"),
    [("close", "QR", False), ("connecting", "minute", True), ("new", "manager", False)],
)
def test_an_instance_that_is_not_connected(
    state: str, mend: str, again: bool, server: RawServer, make: Make
) -> None:
    client = make()
    closed = {"instance": {"instanceName": "suporte", "state": state}}
    server.default = answer(closed)
    with pytest.raises(Refused) as caught:
        client.reader.session()
    assert (caught.value.code, mend in caught.value.hint, caught.value.retry) == ("session", True, again)
    assert client.gateway is not None
    server.script.extend([answer(closed), answer([INSTANCE])])
    assert client.gateway() == Gateway(status=state, engine="WHATSAPP-BAILEYS")


@pytest.mark.parametrize("integration", ["WHATSAPP-BUSINESS", "EVOLUTION"])
def test_integrations_that_know_no_groups_are_refused_by_name(
    integration: str, server: RawServer, make: Make
) -> None:
    client = make()
    server.script.extend([answer(STATE), answer([{**INSTANCE, "integration": integration}])])
    with pytest.raises(Refused, match=integration) as caught:
        client.reader.session()
    assert "WHATSAPP-BAILEYS" in caught.value.hint


def test_no_such_instance(server: RawServer, make: Make) -> None:
    client = make()
    server.default = failed(404, 'The "suporte" instance does not exist')
    with pytest.raises(Refused, match="no such instance") as caught:
        client.reader.session()
    assert "RECONCILER_USERNAME" in caught.value.hint


@pytest.mark.parametrize(
    ("owner", "session"),
    [
        (f"{ACCOUNT}@s.whatsapp.net", OWN),
        (f"{ACCOUNT}:12@s.whatsapp.net", OWN),
        (f"{ACCOUNT_SHORT}@s.whatsapp.net", Session(ACCOUNT_SHORT)),
    ],
)
def test_the_own_account(owner: str, session: Session, server: RawServer, make: Make) -> None:
    client = make()
    other = {**INSTANCE, "name": "vendas", "ownerJid": f"{ANA}@s.whatsapp.net"}
    server.script.extend([answer(STATE), answer([other, {**INSTANCE, "ownerJid": owner}])])
    assert client.reader.session() == session
    server.default = answer(info())
    assert client.reader.get_group(GROUP).creator == ACCOUNT  # it is found in the group under either form


@pytest.mark.parametrize("owner", [None, "", 5, "99887766@lid", []])
def test_an_instance_without_an_account(owner: object, server: RawServer, make: Make) -> None:
    client = make()
    server.script.extend([answer(STATE), answer([{**INSTANCE, "ownerJid": owner}])])
    with pytest.raises(Unclear, match="whose account"):
        client.reader.session()


@pytest.mark.parametrize("data", [[], {}, [{}], None, [{**INSTANCE, "name": "vendas"}], "x", [5]])
def test_another_instance_is_never_taken_for_ours(data: object, server: RawServer, make: Make) -> None:
    client = make()
    server.script.extend([answer(STATE), answer(data)])
    with pytest.raises(Unclear):
        client.reader.session()


def test_the_state_of_another_instance_is_not_ours(server: RawServer, make: Make) -> None:
    client = make()
    server.script.extend(
        [answer({"instance": {"instanceName": "vendas", "state": "open"}}), answer([INSTANCE])]
    )
    with pytest.raises(Unclear, match="another instance"):
        client.reader.session()


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
def test_keys_are_neither_logged_nor_told(
    status: int, server: RawServer, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """What describes instances holds their keys, those of other services too."""
    client = make()
    caplog.set_level(logging.DEBUG)
    body = [{**INSTANCE, "integration": INSTANCE_TOKEN, "ownerJid": INSTANCE_TOKEN}]
    for data in (body, {"message": INSTANCE_TOKEN}, INSTANCE_TOKEN, {"error": INSTANCE_TOKEN}):
        for call in (client.reader.session, client.gateway):
            assert call is not None
            server.script.extend([answer(STATE), answer(data, status)])
            try:
                shown = repr(call())
            except (ApiError, CredentialsError) as error:
                shown = f"{error!r} {error.message} {error.hint}"
            assert INSTANCE_TOKEN not in shown
    assert any("fetchInstances" in record.getMessage() for record in caplog.records)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("reconciler")]
    assert not [text for text in ours if INSTANCE_TOKEN in text or TOKEN in text]


# --- groups ---


def test_a_group(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(info())
    assert client.reader.get_group(GROUP) == LiveGroup(
        id=GROUP,
        subject="Suporte",
        creator=ACCOUNT,
        admins=(f"{ACCOUNT}@s.whatsapp.net", "1111@lid"),
        participants=(f"{ACCOUNT}@s.whatsapp.net", "1111@lid", f"{BRUNO}@s.whatsapp.net", "2222@lid"),
        description="Olá",
        permissions={"send_messages": "everyone", "edit_info": "admins"},
        numbers={
            f"{ACCOUNT}@s.whatsapp.net": ACCOUNT,
            "1111@lid": ANA,
            f"{BRUNO}@s.whatsapp.net": BRUNO,
        },
        superadmins=(f"{ACCOUNT}@s.whatsapp.net",),
        count=4,
    )


@pytest.mark.parametrize(
    ("owner", "creator"),
    [
        (f"{ANA}@s.whatsapp.net", ANA),
        ("1111:4@lid", ANA),
        ("2222@lid", "2222@lid"),
        ("3333@lid", None),
        (None, None),
    ],
)
def test_the_creator_may_be_hidden(owner: object, creator: str | None, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(info(owner=owner))
    assert client.reader.get_group(GROUP).creator == creator


def test_a_list(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(
        [info(), {"id": "1@newsletter", "subject": "x"}, info("2@g.us", participants=[]), info("3@g.us")]
    )
    listed = client.reader.list_groups()
    assert listed.ids == (GROUP, "2@g.us", "3@g.us")
    problem = listed.groups["2@g.us"]
    assert isinstance(problem, Problem)
    assert problem.code == "unreadable"
    server.default = answer([])
    assert client.reader.list_groups().ids == ()


@pytest.mark.parametrize(
    "data",
    [
        None,
        True,
        "x",
        5,
        {},
        {"message": "x"},
        {"groups": []},
        {GROUP: info()},
        [None],
        [{}],
        [{"id": 5}],
        [GROUP],
    ],
)
def test_what_is_no_list_is_never_an_empty_one(data: object, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(data)
    with pytest.raises(Unclear):
        client.reader.list_groups()


@pytest.mark.parametrize("word", ["item-not-found", "forbidden", "not-authorized"])
def test_a_group_is_gone_by_the_words_that_say_so(word: str, server: RawServer, make: Make) -> None:
    client = make()
    server.default = failed(404, "Error fetching group", f"Error: {word}")
    with pytest.raises(NotFound):
        client.reader.get_group(GROUP)


@pytest.mark.parametrize(
    "step",
    [
        failed(404, "Error fetching group", "Error: Timed Out"),
        failed(404, "Error fetching group", "Error: Connection Closed"),
        failed(404, "Error fetching group"),
        failed(404, "No participants"),
        failed(404, 'The "suporte" instance does not exist'),
        reply(404),
        failed(404, 'The "not-authorized" instance does not exist'),
        failed(404, "Error fetching group", "forbidden words"),
        reply(404, b"<html>no such page</html>"),
        reply(404, b"<html>to look here is forbidden</html>"),
        answer({"error": "forbidden"}, 404),
        answer({"message": "Cannot GET"}, 404),
        failed(404, *OVERLIMIT),
        failed(500, "item-not-found"),
        failed(400, "item-not-found"),
        failed(403, "forbidden"),
    ],
)
def test_a_group_is_never_gone_by_any_other_answer(step: Step, server: RawServer, make: Make) -> None:
    client = make()
    server.default = step
    with pytest.raises((ApiError, CredentialsError)) as caught:
        client.reader.get_group(GROUP)
    assert not isinstance(caught.value, NotFound)


def test_the_rate_is_said_inside_of_a_404(server: RawServer, make: Make) -> None:
    client = make()
    server.default = failed(404, *OVERLIMIT)
    with pytest.raises(RateLimited):
        client.reader.get_group(GROUP)


def test_a_404_without_the_words_is_asked_again(server: RawServer, make: Make) -> None:
    client = make(retries=3)
    server.script.extend([failed(404, "Error fetching group", "Error: Timed Out"), answer(info())])
    assert client.reader.get_group(GROUP).subject == "Suporte"


def slowly(step: Step, seconds: float) -> Step:
    def wait(peer: Peer) -> bool:
        time.sleep(seconds)
        return step(peer)

    return wait


def test_only_the_listing_may_take_longer_than_api_timeout(server: RawServer, make: Make) -> None:
    client = make(timeout=0.3)
    server.default = slowly(answer([info()]), 0.8)
    assert client.reader.list_groups().ids == (GROUP,)
    server.default = slowly(answer(info()), 0.8)
    with pytest.raises(Unclear) as caught:
        client.reader.get_group(GROUP)
    assert caught.value.code == "timeout"


# --- pictures and people ---


def test_a_picture_comes_with_the_list_and_with_the_group(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer([info(pictureUrl=URL), info("2@g.us")])
    client.reader.list_groups()
    server.seen.clear()
    assert client.reader.get_icon(GROUP) == IconMeta(URL)
    assert client.reader.get_icon("2@g.us") is None
    assert server.seen == []
    newer = URL.replace("1.jpg", "2.jpg")
    server.default = answer({"wuid": GROUP, "profilePictureUrl": newer})
    assert client.reader.get_icon(GROUP, fresh=True) == IconMeta(newer)
    server.default = answer({"wuid": "3@g.us", "profilePictureUrl": newer})
    assert client.reader.get_icon("3@g.us") == IconMeta(newer)  # nothing was told of it: it is asked for
    assert [json.loads(seen.body) for seen in server.seen] == [{"number": GROUP}, {"number": "3@g.us"}]
    server.default = answer(info(pictureUrl=newer))
    client.reader.get_group(GROUP)
    server.seen.clear()
    assert client.reader.get_icon(GROUP) == IconMeta(newer)
    assert server.seen == []


def test_a_picture_of_another_group_is_none_of_this_one(server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer({"wuid": "3@g.us", "profilePictureUrl": URL})
    with pytest.raises(Unclear):
        client.reader.get_icon(GROUP, fresh=True)


@pytest.mark.parametrize("url", [5, "", "data:image/png;base64,AA", [], {}])
def test_a_picture_that_is_none(url: object, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(info(pictureUrl=url))
    client.reader.get_group(GROUP)  # that much is known
    with pytest.raises(Unclear):
        client.reader.get_icon(GROUP)
    server.default = answer({"wuid": GROUP, "profilePictureUrl": url})
    with pytest.raises(Unclear):
        client.reader.get_icon(GROUP, fresh=True)


def test_pictures_are_fetched_from_two_places_alone(server: RawServer, make: Make) -> None:
    client = make()
    server.default = reply(200, b"bytes")
    assert client.reader.fetch_icon(IconMeta(f"{server.url}/p/1.jpeg?x=1")) == b"bytes"
    assert "apikey" not in server.seen[0].headers
    with pytest.raises(Unclear) as caught:
        client.reader.fetch_icon(IconMeta("https://evilwhatsapp.net/1.jpeg"))
    assert caught.value.code == "unsafe_link"


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (
            [(True, f"{CARLA}@s.whatsapp.net"), (True, f"{CARLA_BEFORE}@s.whatsapp.net")],
            f"{CARLA}@s.whatsapp.net",
        ),
        (
            [(False, f"{CARLA}@s.whatsapp.net"), (True, f"{CARLA_BEFORE}@s.whatsapp.net")],
            f"{CARLA_BEFORE}@s.whatsapp.net",
        ),
        ([(True, f"{CARLA_BEFORE}@s.whatsapp.net")], f"{CARLA_BEFORE}@s.whatsapp.net"),
        ([(True, "1111:2@lid")], "1111@lid"),
        ([(False, f"{CARLA}@s.whatsapp.net"), (False, f"{CARLA_BEFORE}@s.whatsapp.net")], None),
    ],
)
def test_who_has_a_number(
    entries: list[tuple[bool, str]], found: str | None, server: RawServer, make: Make
) -> None:
    """It is asked for with its domain, as it is, and bare: that may be answered in the other form."""
    client = make()
    server.default = answer([{"exists": exists, "jid": jid, "number": CARLA} for exists, jid in entries])
    assert client.writer.find_person(CARLA) == found


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        None,
        "x",
        [5],
        [{}],
        [{"jid": f"{CARLA}@s.whatsapp.net"}],
        [{"exists": "true", "jid": f"{CARLA}@s.whatsapp.net"}],
        [{"exists": True}],
        [{"exists": True, "jid": CARLA}],
        [{"exists": True, "jid": "a b@lid"}],
        [{"exists": True, "jid": f"{BRUNO}@s.whatsapp.net"}],
        [{"exists": True, "jid": GROUP}],
        [{"exists": True, "jid": "120363000000000001@newsletter"}],
        [{"exists": True, "jid": "status@broadcast"}],
    ],
)
def test_what_does_not_say_who_has_a_number(data: object, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(data)
    with pytest.raises(Unclear):
        client.writer.find_person(CARLA)


def test_once_a_stop_was_asked_for_nobody_is_looked_up_and_that_is_why_nothing_was_sent(
    server: RawServer, make: Make, clock: FakeClock
) -> None:
    client = make()
    clock.stopping = True
    with pytest.raises(NotSent, match="asked to stop"):
        client.writer.find_person(ANA)
    assert server.seen == []


# --- writes ---

VOID = ("subject", "description", "edit_info admins", "set icon", "revoke", "leave")
PEOPLE = ("promote", "demote", "remove")


@pytest.mark.parametrize("name", [*VOID, *PEOPLE, "add"])
def test_bodies_of_writes(name: str, server: RawServer, make: Make) -> None:
    client = make()
    call = REQUESTS[name][0]
    for body in (b"", b"true", b"null", b"{}", b'"ok"', b"ok", b'{"update": "success"}'):
        server.default = reply(201, body)
        assert call(client) in (None, ())
    for body in (b"false", b'{"success": false}'):
        server.default = reply(201, body)
        with pytest.raises(Refused):
            call(client)
    for body in (b"5", b"<html>login</html>", b'{"error": "x"}', b"{", b"\xff\xfe"):
        server.default = reply(201, body)
        with pytest.raises(Unclear):
            call(client)


@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_500_means(name: str, server: RawServer, make: Make) -> None:
    """Of a write it says nothing, whatever its words are: it may come after the effect."""
    client = make()
    call = REQUESTS[name][0]
    server.default = failed(500, "Error creating group", "Error: rate-overlimit")
    with pytest.raises(RateLimited if name in READS else Unclear, match="rate-overlimit"):
        call(client)
    for words in ("bad-request", "forbidden", "item-not-found", "Connection Closed"):
        server.default = failed(500, "Error creating group", f"Error: {words}")
        with pytest.raises(Unclear):
            call(client)
    assert len(server.seen) == 5


@pytest.mark.parametrize("name", [*PEOPLE, "add", "edit_info admins", "leave"])
def test_what_a_400_means(name: str, server: RawServer, make: Make) -> None:
    client = make()
    call = REQUESTS[name][0]
    for words in ("Timed Out", "Connection Closed"):
        server.default = failed(400, "Error updating participants", f"Error: {words}")
        with pytest.raises(Unclear):
            call(client)
    server.default = failed(400, "Error updating participants", "Error: forbidden")
    with pytest.raises(Refused):
        call(client)


@pytest.mark.parametrize("name", PEOPLE)
def test_refusals_of_all(name: str, server: RawServer, make: Make) -> None:
    client = make()
    call = REQUESTS[name][0]
    refused = {"status": "403", "jid": "1111@lid", "content": {"attrs": {"code": CODE}}}
    server.default = answer({"updateParticipants": [refused, {"status": "401", "jid": f"{ANA}@c.us"}]}, 201)
    with pytest.raises(Refused, match="401, 403") as caught:
        call(client)
    assert CODE not in f"{caught.value} {caught.value.hint}"
    server.default = answer({"updateParticipants": [refused, {"status": "200", "jid": f"{ANA}@c.us"}]}, 201)
    call(client)


def test_what_is_said_of_who_is_added(server: RawServer, make: Make) -> None:
    client = make()
    request = {"tag": "add_request", "attrs": {"code": CODE}}
    told = [
        {"status": "200", "jid": f"{ANA}:2@s.whatsapp.net", "content": {"attrs": {}}},
        {
            "status": "403",
            "jid": "1111@lid",
            "content": {"attrs": {"phone_number": f"{BRUNO}@s.whatsapp.net"}, "content": [request]},
        },
        *({"status": str(code), "jid": f"{code}@lid"} for code in (401, 404, 408, 409, 417, 419)),
        {"status": "x", "jid": "4444@lid"},
        {"jid": "5555@lid"},
        None,
    ]
    server.default = answer({"updateParticipants": told}, 201)
    found = client.writer.add_participants(GROUP, [ANA])
    assert found == (
        PersonAnswer(f"{ANA}@s.whatsapp.net", ANA, 200),
        PersonAnswer("1111@lid", BRUNO, 403),
        *(PersonAnswer(f"{code}@lid", None, code) for code in (401, 404, 408, 409, 417, 419)),
    )
    assert CODE not in repr(found)


@pytest.mark.parametrize(
    "data",
    [
        {"inviteUrl": "https://chat.whatsapp.com/undefined"},
        {"inviteUrl": "https://chat.whatsapp.com/undefined", "inviteCode": None},
        {"inviteUrl": "https://chat.whatsapp.com/undefined", "inviteCode": "undefined"},
        {"inviteCode": "null"},
        {"inviteCode": "curto"},
        {"inviteCode": "x" * 65},
        {"inviteCode": 5},
        {},
        None,
        "undefined",
    ],
)
def test_a_link_that_is_none(data: object, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(data)
    with pytest.raises(Unclear) as caught:
        client.writer.get_link(GROUP)
    assert caught.value.code == "junk_link"


def test_a_link_that_may_not_be_asked_for(server: RawServer, make: Make) -> None:
    client = make()
    server.default = failed(404, "No invite code", "Error: forbidden")
    with pytest.raises(Refused):
        client.writer.get_link(GROUP)


def test_messages(server: RawServer, make: Make) -> None:
    client = make()
    for jid in (CARLA, CARLA_BEFORE):
        key = {"remoteJid": f"{jid}@s.whatsapp.net", "fromMe": True, "id": "3EB0"}
        server.default = answer({"key": key, "status": "PENDING"}, 201)
        assert client.writer.send_to_person(f"{CARLA}@s.whatsapp.net", {"messageText": "Olá"}) == "3EB0"
    server.default = answer({"key": key, "status": "ERROR"}, 201)
    with pytest.raises(Refused):
        client.writer.send_to_person(CARLA, {"messageText": "Olá"})
    for data in ({}, {"key": {}}, {"key": {**key, "remoteJid": f"{BRUNO}@c.us"}}, {"status": "PENDING"}, []):
        server.default = answer(data, 201)
        with pytest.raises(Unclear):
            client.writer.send_to_person(CARLA, {"messageText": "Olá"})


@pytest.mark.parametrize(
    "data", [{"id": 5}, {"id": "5519@c.us"}, {}, True, None, "x", [], {"groupJid": GROUP}]
)
def test_a_create_that_does_not_say_which(data: object, server: RawServer, make: Make) -> None:
    client = make()
    server.default = answer(data, 201)
    with pytest.raises(Unclear):
        client.writer.create_group("Vendas", [ANA])


@pytest.mark.parametrize("name", SENT_ONCE)
def test_what_may_be_done_twice_is_sent_once(name: str, server: RawServer, make: Make) -> None:
    client = make(retries=3)
    for step in (reply(429), failed(500, "x", "Error: rate-overlimit"), reply(503), reset()):
        server.seen.clear()
        server.default = step
        with pytest.raises(ApiError):
            REQUESTS[name][0](client)
        assert len(server.seen) == 1


@pytest.mark.parametrize("name", ["icon", "find"])
def test_what_is_posted_and_only_asks_is_asked_again(name: str, server: RawServer, make: Make) -> None:
    client = make(retries=3)
    server.script.extend([reset(), reply(503)])
    server.default = answer(REQUESTS[name][1])
    REQUESTS[name][0](client)
    assert len(server.seen) == 3


def test_only_what_changes_something_waits_for_its_turn(
    server: RawServer, make: Make, clock: FakeClock
) -> None:
    client = make(write_pause=(2.0, 5.0))
    server.default = answer(_OK)
    client.writer.set_subject(GROUP, "1")
    for name in ("icon", "find"):
        server.script.append(answer(REQUESTS[name][1]))
        REQUESTS[name][0](client)
    assert clock.slept == []
    client.writer.set_subject(GROUP, "2")
    assert len(clock.slept) == 1


# --- whatever comes ---

HOSTILE: dict[str, Step] = {
    "deep": reply(200, b"[" * 100_000),
    "a long number": reply(200, b"9" * 10_000),
    "NaN": reply(200, b'{"creation": NaN}'),
    "surrogates": reply(200, b'[{"id": "\\ud800", "jid": "\\udfff", "exists": true, "name": "\\ud800"}]'),
    "bytes": reply(200, b"\xff\xfe\x00\x01"),
    "lists of lists": answer([[[]], [[]]]),
    "objects": answer(
        {key: {} for key in ("id", "instance", "pictureUrl", "profilePictureUrl", "inviteCode", "key")}
    ),
    "lists": answer(
        {key: [] for key in ("id", "instance", "pictureUrl", "profilePictureUrl", "inviteCode", "key")}
    ),
    "numbers": answer([dict.fromkeys(("id", "name", "exists", "jid", "integration", "ownerJid"), 10**20)]),
    "flags": answer([dict.fromkeys(("id", "name", "exists", "jid", "integration", "ownerJid"), True)]),
    "texts": answer(
        [{"name": "suporte", "integration": f"{TOKEN} {ANA}", "ownerJid": TOKEN, "id": ANA, "exists": True}]
    ),
    "a state": answer({"instance": {"state": f"{TOKEN}\x1b[2J"}}),
    "odd people": answer({"updateParticipants": [None, 5, {"status": -1}, {"status": True}, {"jid": []}]}),
    "people of texts": answer({"updateParticipants": TOKEN}),
    "reset": reset(),
    "closed": raw(b""),
    "no HTTP": raw(b"SSH-2.0\r\n"),
    "302": reply(302, b"", {"Location": "http://evil.example/"}),
    **{
        f"{status}": failed(status, f"{ANA} {TOKEN}", f"https://chat.whatsapp.com/{CODE}")
        for status in (*range(400, 600, 7), 401, 403, 404, 429)
    },
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_comes(kind: str, server: RawServer, make: Make) -> None:
    client = make()
    server.default = HOSTILE[kind]
    for name, (call, _, _) in REQUESTS.items():
        for step in ([], [answer(STATE)]):
            server.script.clear()
            server.script.extend(step if name == "session" else [])
            try:
                call(client)
            except (ApiError, CredentialsError) as error:
                text = f"{error.message} {error.hint}"
                assert not [secret for secret in (TOKEN, ANA, CODE, GROUP) if secret in text], name
                assert text.isprintable(), name
    assert client.counts
