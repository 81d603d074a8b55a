"""What gateways post: their events, the signature of WAHA's, and what is kept of them."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.messaging.arrivals import seen_by_group
from reconciler.messaging.inbound import read_file
from reconciler.model.messages import (
    DirectMessage,
    EntryPosition,
    GroupMessage,
    Inbound,
    Match,
    OtherEvent,
    ParticipantEvent,
    Unreadable,
)
from reconciler.report import inbound
from reconciler.report.redact import Redactor
from tests.support import ACCOUNT, ANA, BRUNO

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas/inbound.schema.json").read_text())
GROUP = "120363012345678901@g.us"
KEY = b"my-secret-key"

# The vendor's own example of a signature.
VECTOR = '{"event":"message","session":"default","engine":"WEBJS"}'
VECTOR_HMAC = (
    "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8"
    "097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89"
)


def event(kind: str, payload: object, **more: object) -> dict[str, object]:
    return {
        "id": "evt_1",
        "timestamp": 1700000000000,
        "session": "default",
        "metadata": {"key": "hunter2"},
        "event": kind,
        "payload": payload,
        **more,
    }


def participants(change: str, *people: object, **more: object) -> dict[str, object]:
    payload = {"type": change, "group": {"id": GROUP}, "participants": list(people)}
    return event("group.v2.participants", payload, **more)


def signed(body: object, key: bytes = KEY, **headers: str) -> bytes:
    text = body if isinstance(body, str) else json.dumps(body)
    mac = hmac.new(key, text.encode(), "sha512").hexdigest()
    return json.dumps({"headers": {"x-webhook-hmac": mac, **headers}, "body": text}).encode()


def evolutions(kind: str, data: object, **more: object) -> dict[str, object]:
    """An event of Evolution, which says its own key."""
    return {
        "event": kind,
        "instance": "suporte",
        "data": data,
        "destination": "https://hook.example/x",
        "date_time": "2026-11-22T09:00:00.000Z",
        "sender": f"{ACCOUNT}@s.whatsapp.net",
        "server_url": "http://localhost:8080",
        "apikey": "hunter2",
        **more,
    }


def changed(action: str, *people: object, **more: object) -> dict[str, object]:
    return evolutions(
        "group-participants.update", {"id": GROUP, "action": action, "participants": list(people), **more}
    )


def wrote(message: dict[str, object], **key: object) -> dict[str, object]:
    """What Evolution tells of a message, whose kind is the first of its parts."""
    data = {
        "key": {"fromMe": False, "id": "3EB0", **key},
        "messageType": next(iter(message)),
        "message": message,
        "messageTimestamp": 1700000000,
    }
    return evolutions("messages.upsert", data)


def read(*lines: object, key: bytes = b"") -> tuple[Inbound, ...]:
    return read_file(
        b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines), key
    )


def test_who_joined_is_in_the_group_now() -> None:
    people = (
        {"id": "1111@lid", "pn": f"{ANA}@c.us", "role": "participant"},
        {"id": f"{BRUNO}:4@s.whatsapp.net", "role": "admin"},
        {"id": "2222@lid"},
    )
    records = read(participants("join", *people))
    at = datetime.fromtimestamp(1700000000, UTC)
    assert records == tuple(
        ParticipantEvent(
            place=EntryPosition(1, n), id="evt_1", at=at, group_id=GROUP, change="join", person=person
        )
        for n, person in enumerate((ANA, BRUNO, None), 1)
    )
    assert seen_by_group(records) == {GROUP: {ANA, BRUNO}}


@pytest.mark.parametrize("change", ["leave", "promote", "demote"])
def test_nothing_else_shows_that_somebody_is_in(change: str) -> None:
    records = read(participants(change, {"id": f"{ANA}@c.us", "role": "admin"}))
    assert [type(each) for each in records] == [ParticipantEvent]
    assert seen_by_group(records) == {}


def test_messages() -> None:
    records = read(
        event("message", {"from": GROUP, "participant": f"{ANA}@c.us", "body": "oi", "fromMe": False}),
        event("message", {"from": f"{ANA}@c.us", "body": "oi", "hasMedia": True}, id="evt_2"),
        event("message", {"from": GROUP, "participant": "1111@lid", "body": "oi"}, id="evt_3"),
        event("message", {"from": f"{ACCOUNT}@c.us", "fromMe": True, "body": "oi"}, id="evt_4"),
    )
    assert [type(each) for each in records] == [GroupMessage, DirectMessage, OtherEvent, OtherEvent]
    assert seen_by_group(records) == {GROUP: {ANA}}
    assert [type(each) for each in read(event("call.received", {"from": {}}))] == [OtherEvent]


LATER = {"name": None, "imgUrl": None}


@pytest.mark.parametrize(
    ("people", "more"),
    [
        ([f"{ANA}@s.whatsapp.net", f"{BRUNO}:4@s.whatsapp.net", "3333@lid"], {}),
        (
            [f"{ANA}@s.whatsapp.net", "2222@lid", "3333@lid"],
            {
                "participantsData": [
                    {"jid": f"{ANA}@s.whatsapp.net", "phoneNumber": ANA, **LATER},
                    {"jid": "2222@lid", "phoneNumber": f"{BRUNO}@s.whatsapp.net", **LATER},
                    {"jid": "3333@lid", "phoneNumber": "3333", **LATER},
                ]
            },
        ),
        (
            [
                {"id": "1111@lid", "phoneNumber": f"{ANA}@s.whatsapp.net", "admin": None},
                {"id": f"{BRUNO}@s.whatsapp.net", "lid": "2222@lid", "admin": "admin"},
                {"id": "33333333@lid", "admin": None},
            ],
            {"participantsData": [{"jid": {"id": "33333333@lid"}, "phoneNumber": "[object Object]"}]},
        ),
    ],
)
def test_who_joined_as_evolution_tells_it(people: list[object], more: dict[str, object]) -> None:
    records = read(changed("add", *people, **more))
    assert records == tuple(
        ParticipantEvent(place=EntryPosition(1, n), group_id=GROUP, change="join", person=person)
        for n, person in enumerate((ANA, BRUNO, None), 1)
    )
    assert seen_by_group(records) == {GROUP: {ANA, BRUNO}}


def test_what_stands_before_the_domain_of_a_hidden_id_is_no_number() -> None:
    hidden = {"participantsData": [{"jid": f"{ANA}@lid", "phoneNumber": ANA}]}
    (record,) = read(changed("add", f"{ANA}@lid", **hidden))
    assert isinstance(record, ParticipantEvent)
    assert record.person is None


@pytest.mark.parametrize(
    ("action", "change"), [("remove", "leave"), ("promote", "promote"), ("demote", "demote")]
)
def test_other_changes_as_evolution_tells_them(action: str, change: str) -> None:
    records = read(changed(action, f"{ANA}@s.whatsapp.net"))
    assert [each.change for each in records if isinstance(each, ParticipantEvent)] == [change]
    assert seen_by_group(records) == {}


def test_messages_as_evolution_tells_them() -> None:
    hidden, ana, text = "1111@lid", f"{ANA}@s.whatsapp.net", {"conversation": "oi"}
    records = read(
        wrote(text, remoteJid=GROUP, participant=ana),
        wrote({"imageMessage": {"caption": "olá"}}, remoteJid=GROUP, participant=hidden, participantAlt=ana),
        wrote({"audioMessage": {"seconds": 3}}, remoteJid=hidden, remoteJidAlt=ana),
        wrote(text, remoteJid=GROUP, participant=hidden),
        wrote(text, remoteJid=ana, fromMe=True),
        wrote(text, remoteJid="status@broadcast", remoteJidAlt=ana, participant=ana),
    )
    at = datetime.fromtimestamp(1700000000, UTC)
    assert records[:3] == (
        GroupMessage(
            place=EntryPosition(1, 1), id="3EB0", at=at, sender=ANA, group_id=GROUP, type="TEXT", text="oi"
        ),
        GroupMessage(
            place=EntryPosition(2, 1),
            id="3EB0",
            at=at,
            sender=ANA,
            group_id=GROUP,
            type="imageMessage",
            text="olá",
        ),
        DirectMessage(place=EntryPosition(3, 1), id="3EB0", at=at, sender=ANA, type="audioMessage"),
    )
    assert [type(each) for each in records[3:]] == [OtherEvent] * 3
    assert seen_by_group(records) == {GROUP: {ANA}}


@pytest.mark.parametrize("kind", ["groups.upsert", "GROUPS_UPDATE"])
def test_groups_as_evolution_tells_them(kind: str) -> None:
    people = [{"id": f"{ANA}@s.whatsapp.net", "admin": None}]
    records = read(evolutions(kind, [{"id": GROUP, "participants": people}, {"id": "a/b"}]))
    assert records == (
        OtherEvent(place=EntryPosition(1, 1), event=kind, group_id=GROUP),
        OtherEvent(place=EntryPosition(1, 2), event=kind),
    )
    assert seen_by_group(records) == {}, "what came late may be old"


def test_anything_else_of_evolution_is_an_event() -> None:
    records = read(
        evolutions("connection.update", {"instance": "suporte", "state": "open"}),
        evolutions("presence.update", {"id": f"{ANA}@s.whatsapp.net"}),
        evolutions("chats.delete", ["x"]),
        changed("modify", f"{ANA}@s.whatsapp.net", f"{BRUNO}@s.whatsapp.net"),
    )
    assert [(type(each), getattr(each, "group_id", "")) for each in records] == [
        (OtherEvent, None),
        (OtherEvent, None),
        (OtherEvent, None),
        (OtherEvent, GROUP),
    ]


def test_an_event_without_an_id_that_comes_again_to_the_letter_is_passed_over() -> None:
    one = changed("add", f"{ANA}@s.whatsapp.net")
    again = {"headers": {"authorization": "x"}, "body": json.dumps(one)}
    later = {**one, "date_time": "2026-11-22T09:00:01.000Z"}
    assert [each.place.line for each in read(one, one, again, later)] == [1, 4]


def test_with_a_key_nothing_of_evolution_is_believed_but_what_a_receiver_signed() -> None:
    one = changed("add", f"{ANA}@s.whatsapp.net")
    unsigned = (one, {"headers": {}, "body": json.dumps(one)}, signed(one, b"another key"))
    records = read(*unsigned, signed(one), key=KEY)
    assert [type(each) for each in records] == [Unreadable] * 3 + [ParticipantEvent]
    for record in records[:3]:
        assert isinstance(record, Unreadable)
        assert "Evolution API signs nothing" in record.reason


def test_a_body_of_sinch_may_say_what_happened_too() -> None:
    sinch = {"total": 1, "event": "MO", "data": [{"source": ANA, "message": {"type": "TEXT"}}]}
    assert [type(each) for each in read(sinch)] == [DirectMessage]


def test_the_vendors_own_signature() -> None:
    line = {"headers": {"X-Webhook-Hmac": VECTOR_HMAC, "X-Webhook-Hmac-Algorithm": "sha512"}, "body": VECTOR}
    (record,) = read(line, key=KEY)
    assert record == Unreadable(EntryPosition(1), "an event has a `payload`, which is an object")
    (record,) = read({**line, "body": VECTOR + " "}, key=KEY)
    assert isinstance(record, Unreadable)
    assert "signature" in record.reason


@pytest.mark.parametrize(
    "line",
    [
        participants("join", {"id": f"{ANA}@c.us"}),
        {"headers": {}, "body": json.dumps(participants("join", {"id": f"{ANA}@c.us"}))},
        {"headers": {"X-Webhook-Hmac": None}, "body": "{}"},
        {"headers": {"X-Webhook-Hmac": "é"}, "body": "{}"},
        {"headers": [], "body": "{}"},
        {"headers": {"X-Webhook-Hmac": "x"}, "body": {}},
        {"headers": {"X-Webhook-Hmac": "x"}, "body": "\ud800"},
        signed(participants("join", {"id": f"{ANA}@c.us"}), b"another key"),
        signed(participants("join", {"id": f"{ANA}@c.us"}), **{"x-webhook-hmac-algorithm": "sha1"}),
        {"total": 1, "data": [{"source": ANA, "message": {"type": "TEXT", "waGroupId": GROUP}}]},
    ],
)
def test_with_a_key_nothing_unsigned_is_believed(line: object) -> None:
    good = signed(participants("join", {"id": f"{BRUNO}@c.us"}))
    records = read(line, good, key=KEY)
    assert [type(each) for each in records] == [Unreadable, ParticipantEvent]
    assert seen_by_group(records) == {GROUP: {BRUNO}}


def test_an_event_that_comes_again_is_passed_over() -> None:
    one = participants("join", {"id": f"{ANA}@c.us"})
    assert len(read(one, one, {**one, "id": "evt_2"}, signed(one))) == 2
    forged = signed({**one, "id": "evt_9"}, b"another key")
    again = signed({**one, "id": "evt_9"})
    assert [type(each) for each in read(forged, again, key=KEY)] == [Unreadable, ParticipantEvent], (
        "what is not believed keeps nothing away"
    )


@pytest.mark.parametrize(
    "body",
    [
        event("group.v2.participants", None),
        event("group.v2.participants", []),
        event("group.v2.participants", {}),
        participants("vanish", {"id": f"{ANA}@c.us"}),
        participants("join", None),
        participants("join", ANA),
        event("group.v2.participants", {"type": "join", "group": {"id": "a/b"}, "participants": []}),
        event("group.v2.participants", {"type": "join", "group": {}, "participants": [{"id": "1@c.us"}]}),
        {"event": 5, "payload": {}},
        event("message", {"from": 5}),
        event("message", {"from": GROUP, "participant": 5}),
        event("group.v2.participants", {"type": [], "group": {"id": GROUP}, "participants": []}),
        {"event": 5, "data": {}},
        evolutions("group-participants.update", []),
        evolutions("group-participants.update", {"id": GROUP, "action": "add"}),
        changed("vanish", f"{ANA}@s.whatsapp.net"),
        changed({}, f"{ANA}@s.whatsapp.net"),  # type: ignore[arg-type]
        changed("add", 5),
        changed("add", "1@lid", participantsData=["1@lid"]),
        changed("add", f"{ANA}@s.whatsapp.net", id="a/b"),
        evolutions("groups.update", {"id": GROUP}),
        evolutions("messages.upsert", {"message": {}}),
        evolutions("messages.upsert", {"key": {"remoteJid": GROUP}, "message": 5}),
        evolutions("messages.upsert", {"key": {"remoteJid": [GROUP]}}),
    ],
)
def test_what_makes_no_sense_is_unreadable(body: dict[str, Any]) -> None:
    assert [type(each) for each in read(body)] == [Unreadable]


def test_nothing_that_could_be_a_key_is_kept_or_shown() -> None:
    bodies = (
        event("session.status", {"config": {"webhooks": [{"hmac": {"key": "hunter2"}}]}, "text": "hunter2"}),
        event("group.v2.update", {"group": {"id": GROUP, "invite": "hunter2"}}, id="evt_2"),
        event("message", {"from": GROUP, "participant": f"{ANA}@c.us", "body": "hunter2"}, id="evt_3"),
    )
    bodies += (
        evolutions("connection.update", {"apikey": "hunter2"}),
        changed("add", {"id": f"{ANA}@s.whatsapp.net", "apikey": "hunter2"}),
        changed("vanish", "hunter2"),
        evolutions("messages.upsert", "hunter2"),
    )
    records = read(
        *bodies, {"headers": {"authorization": "hunter2"}, "body": json.dumps({**bodies[1], "id": "e"})}
    )
    assert "hunter2" not in repr([each for each in records if not isinstance(each, GroupMessage)])
    shown = inbound.lines(map(Match, records), Redactor({}, frozenset({ACCOUNT})))
    assert "hunter2" not in shown
    assert [json.loads(line)["kind"] for line in shown.splitlines()] == [
        "event",
        "event",
        "group_message",
        "event",
        "participant",
        "unreadable",
        "unreadable",
        "event",
    ]
    (refused,) = read(bodies[3], key=KEY)
    assert "hunter2" not in repr(refused)


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([f"{ANA}@c.us", GROUP, "1@lid", "join", "message"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "pn",
                    "type",
                    "group",
                    "participants",
                    "from",
                    "body",
                    "participant",
                    "headers",
                    "payload",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


ITEM = st.dictionaries(
    st.sampled_from(["id", "jid", "phoneNumber", "remoteJid", "participant", "conversation"]), ODD, max_size=3
)
DATA = ODD | st.fixed_dictionaries(
    {},
    optional={
        "id": st.just(GROUP) | ODD,
        "action": st.sampled_from(["add", "modify"]) | ODD,
        "participants": st.lists(ITEM | ODD, max_size=3),
        "participantsData": st.lists(ITEM, max_size=3) | ODD,
        "key": ITEM | ODD,
        "message": ITEM | ODD,
        "messageType": st.just("conversation") | ODD,
        "messageTimestamp": ODD,
    },
)


def check(body: dict[str, object], wrap: bool) -> None:
    """Nothing raises, and every line keeps to the schema."""
    records = read(signed(body) if wrap else body)
    for line in inbound.lines(map(Match, records), Redactor({}, frozenset({ACCOUNT}))).splitlines():
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(line))
        assert ANA not in line
        assert "hunter2" not in line


@settings(max_examples=150)
@given(st.sampled_from(["group.v2.participants", "message", "x"]), ODD, st.booleans())
def test_any_payload_of_waha(kind: str, payload: object, wrap: bool) -> None:
    check(event(kind, payload), wrap)


@settings(max_examples=150)
@given(
    st.sampled_from(["group-participants.update", "messages.upsert", "groups.update", "x"]),
    DATA | st.lists(DATA, max_size=2),
    st.booleans(),
)
def test_any_data_of_evolution(kind: str, data: object, wrap: bool) -> None:
    check(evolutions(kind, data), wrap)
