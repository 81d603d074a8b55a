"""What WAHA posts: its events, its signature, and what is kept of them."""

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
    ]


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


@settings(max_examples=150)
@given(st.sampled_from(["group.v2.participants", "message", "x"]), ODD, st.booleans())
def test_nothing_raises_and_every_line_keeps_to_the_schema(kind: str, payload: object, wrap: bool) -> None:
    body = event(kind, payload)
    records = read(signed(body) if wrap else body)
    for line in inbound.lines(map(Match, records), Redactor({}, frozenset({ACCOUNT}))).splitlines():
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(line))
        assert ANA not in line
