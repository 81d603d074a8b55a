"""Webhook bodies: the documents' own examples, every kind of entry, and whatever else somebody may post."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.messaging.inbound import read_body, read_file
from reconciler.model.messages import (
    DirectMessage,
    EntryPosition,
    GroupMessage,
    Match,
    MessageStatus,
    Unreadable,
)
from reconciler.report import inbound
from reconciler.report.redact import Redactor
from reconciler.sandbox.inbox import mo_body
from tests.support import ACCOUNT, ANA

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas/inbound.schema.json").read_text())
GROUP = "5519900000000-1553784379"

# The service's page "Grupos", "Exemplo de mensagem e grupo", as it is printed.
PRINTED = """\
{
"total": 1,
"data": [
{
"source": "5419900000000",
"origin": "5419900000000",
"...",
"message": {
"type": "TEXT",
"messageText": "Olá",
"waGroupId": "5519900000000-1553784379"
},
"..."
}
]
}
"""
# Its page "Webhooks": the example of a status.
CALLBACK = """\
{
  "total": 1,
  "data": [
    {
      "id": "8995c40f-1c3a-48d0-98ee-bbc603622a91",
      "correlationId": "...",
      "destination": "5411900000000",
      "origin": "5411900000000",
      "campaignId": 100,
      "campaignAlias": "...",
      "flowId": "...",
      "extraInfo": "...",
      "sent": true,
      "sentStatusCode": 1,
      "sentStatus": "sent status",
      "sentDate": "2017-12-18T17:09:31.891Z",
      "sentAt": 1513616971891,
      "delivered": true,
      "deliveredStatusCode": 1,
      "deliveredStatus": "delivered status",
      "deliveredDate": "2017-12-18T17:09:31.891Z",
      "deliveredAt": 1513616971891,
      "read": true,
      "readDate": "2017-12-18T17:09:31.891Z",
      "readAt": 1513616971891,
      "updatedDate": "2017-12-18T17:09:31.891Z",
      "updatedAt": 1513616971891,
      "type": "MESSAGE"
    }
  ],
  "clientInfo": {
      "customerId": 42,
      "subAccountId": 1291,
      "userId": 1
  }
}
"""


def body(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"total": len(entries), "data": list(entries), **more}).encode()


def mo(**fields: Any) -> dict[str, Any]:
    """A direct message; `message` fields by `message={…}`."""
    return {"source": ANA, "origin": ANA, "message": {"type": "TEXT", "messageText": "oi"}, **fields}


def in_group(group_id: Any = GROUP, **fields: Any) -> dict[str, Any]:
    return mo(message={"type": "TEXT", "messageText": "oi", "waGroupId": group_id}, **fields)


def only(data: bytes) -> Any:
    (record,) = read_file(data)
    return record


# --- the documents' own -----------------------------------------------------------------------------------


def test_the_documents_example_of_a_group_message() -> None:
    """Byte for byte, but for the two lines that stand for fields left out, which no JSON can hold."""
    sent = PRINTED.replace('"...",\n', "", 1).replace('},\n"..."\n', "}\n", 1)
    assert "..." not in sent
    assert only(sent.encode()) == GroupMessage(
        place=EntryPosition(1, 1),
        sender="5419900000000",
        group_id="5519900000000-1553784379",
        type="TEXT",
        text="Olá",
        extra={"origin": "5419900000000"},
    )


def test_the_documents_example_as_it_is_printed_is_no_json_and_says_so_once() -> None:
    assert read_file(PRINTED.encode()) == (Unreadable(EntryPosition(1), "it is no JSON"),)


def test_the_documents_example_without_its_group_is_a_direct_message() -> None:
    sent = PRINTED.replace('"...",\n', "", 1).replace('},\n"..."\n', "}\n", 1)
    sent = sent.replace(',\n"waGroupId": "5519900000000-1553784379"', "")
    assert isinstance(only(sent.encode()), DirectMessage)


def test_the_documents_example_of_a_status() -> None:
    status = only(CALLBACK.encode())
    assert isinstance(status, MessageStatus)
    assert (status.delivery, status.recipient, status.correlation_id) == ("read", "5411900000000", "...")
    assert status.at == datetime(2017, 12, 18, 17, 9, 31, 891000, tzinfo=UTC)
    assert status.extra["deliveredStatus"] == "delivered status"
    assert status.extra["campaignId"] == 100
    assert status.envelope == {"clientInfo": {"customerId": 42, "subAccountId": 1291, "userId": 1}}


@pytest.mark.parametrize("group_id", [None, GROUP])
def test_what_the_sandbox_posts(group_id: str | None) -> None:
    posted = mo_body(ANA, ACCOUNT, "Olá 👋", group_id)
    record = only(json.dumps(posted).encode())
    assert isinstance(record, DirectMessage if group_id is None else GroupMessage)
    assert (record.sender, record.text) == (ANA, "Olá 👋")
    assert record.at is not None
    assert record.extra["destination"] == ACCOUNT


# --- kinds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reached", "delivery"),
    [
        ({"sent": True, "delivered": True, "read": False}, "delivered"),
        ({"sent": True, "delivered": False}, "sent"),
        ({"sent": True, "delivered": None, "read": None}, "sent"),
        ({"sent": False}, "not_sent"),
    ],
)
def test_how_far_a_message_got(reached: dict[str, Any], delivery: str) -> None:
    assert only(body({"id": "m-1", **reached})).delivery == delivery


def test_many_entries_and_many_lines_keep_their_places() -> None:
    data = body(mo(), in_group()) + b"\r\n\n" + body({"sent": True}) + b"\nno\n" + body(in_group(), 7)
    assert [(type(record), record.place) for record in read_file(data)] == [
        (DirectMessage, EntryPosition(1, 1)),
        (GroupMessage, EntryPosition(1, 2)),
        (MessageStatus, EntryPosition(3, 1)),
        (Unreadable, EntryPosition(4, 0)),
        (GroupMessage, EntryPosition(5, 1)),
        (Unreadable, EntryPosition(5, 2)),
    ]


def test_unknown_fields_are_kept() -> None:
    entry = in_group(userProfile={"name": "Ana"}, campaignId=7)
    entry["message"]["mediaUrl"] = "https://example.com/x"
    record = only(body(entry, clientInfo={"id": 1}))
    assert record.extra == {
        "origin": ANA,
        "userProfile": {"name": "Ana"},
        "campaignId": 7,
        "message": {"mediaUrl": "https://example.com/x"},
    }
    assert record.envelope == {"clientInfo": {"id": 1}}


@pytest.mark.parametrize("group_id", ["", " ", "a/b", "..", "x" * 65, 5, True, [], {}, [GROUP], "5519…"])
def test_a_group_that_is_none_never_makes_a_direct_message(group_id: Any) -> None:
    """Who takes it for one answers the person directly, and pays for a template."""
    assert isinstance(only(body(in_group(group_id))), Unreadable)
    assert isinstance(only(body(mo(waGroupId=group_id))), Unreadable)


def test_the_group_beside_the_message_counts_as_well() -> None:
    assert only(body(mo(waGroupId=GROUP))).group_id == GROUP
    assert only(body(in_group(waGroupId=GROUP))).group_id == GROUP
    assert isinstance(only(body(in_group(waGroupId="120363000000000001"))), Unreadable)
    assert isinstance(only(body(in_group(waGroupId="no id"))), Unreadable)
    assert isinstance(only(body(in_group(None))), DirectMessage), "null says that there is none"


# --- hostile ----------------------------------------------------------------------------------------------

HOSTILE = [
    b"\xff\xfe",
    b"\x00",
    b"{",
    b"null",
    b"[]",
    b'"data"',
    b"{}",
    b'{"data": {}}',
    b'{"data": null}',
    b'{"data": [1]}',
    b'{"data": [NaN]}',
    b'{"data": [[]]}',
    b'{"data": [{}]}',
    b"[" * 100_000,
    b'{"data": [' * 50_000,
    b'{"data": [' + b"9" * 5000 + b"]}",
    body({"message": None}),
    body({"message": []}),
    body({"message": {}}),
    body(mo(source=None)),
    body(mo(source=5519900000001)),
    body(mo(source="ana")),
    body(mo(source="٥٥١٩٩٠٠٠٠٠٠٠١")),
    body(mo(source="1" * 21)),
    body(mo(source={"a": 1})),
    body(mo(message={"type": 1})),
    body(mo(message={"messageText": ["oi"]})),
    body({"sent": "yes"}),
    body({"read": 1, "sent": True}),
    body({"sent": True, "destination": 7}),
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_webhooks_is_unreadable_with_a_reason(data: bytes) -> None:
    record = only(data)
    assert isinstance(record, Unreadable)
    assert record.reason
    assert read_body(data) == (record,)


@pytest.mark.parametrize("at", [None, "2017", True, 1.5, 10**30, -(10**30), []])
def test_a_time_that_is_none_does_not_matter(at: Any) -> None:
    assert only(body(in_group(receivedAt=at))).at is None


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t"])
def test_an_empty_file_says_nothing(data: bytes) -> None:
    assert read_file(data) == ()


def test_a_large_bulk() -> None:
    entries = [in_group() for _ in range(20_000)]
    assert len(read_file(body(*entries))) == 20_000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([ANA, GROUP]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "source",
                    "message",
                    "messageText",
                    "waGroupId",
                    "type",
                    "id",
                    "sent",
                    "delivered",
                    "read",
                    "destination",
                    "correlationId",
                    "receivedAt",
                    "updatedAt",
                    "data",
                    "total",
                    "x",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.lists(JSON, max_size=4).map(lambda entries: json.dumps({"data": entries}).encode()) | st.binary())
def test_nothing_raises_and_every_line_keeps_to_the_schema(data: bytes) -> None:
    heard = [Match(record) for record in read_file(data)]
    lines = inbound.lines(heard, Redactor({}, frozenset({ACCOUNT}))).splitlines()
    assert len(lines) == len(heard)
    for line in lines:
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(line))
        assert ANA not in line
        assert line.isprintable() or not line.isascii()


def test_what_was_written_is_not_repeated_and_people_are_masked() -> None:
    entry = in_group(userProfile={"name": "Ana Souza"})
    entry["message"] |= {"type": "TEXT\x1b[2J 5519988887777", "messageText": "my password is hunter2"}
    status = {"sent": True, "destination": ANA, "correlationId": f"c-{ANA}\u202e"}
    heard = [Match(record) for record in read_file(body(entry, status, mo(source=ANA)))]
    masked = inbound.lines(heard, Redactor({}, frozenset({ACCOUNT})))
    for secret in ("hunter2", "Souza", ANA, "5519988887777", "5519900000000", "\x1b", "\u202e"):
        assert secret not in masked
    assert '"characters": 22' in masked
    assert '"from": "+55 19 •••• 0001"' in masked
    assert '"id": "…-1553784379"' in masked
    shown = inbound.lines(heard, Redactor({}, frozenset({ACCOUNT}), show_numbers=True))
    assert f"+{ANA}" in shown
    assert GROUP in shown
    assert "hunter2" not in shown
