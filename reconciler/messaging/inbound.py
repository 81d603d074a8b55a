"""Incoming webhooks: bodies of any shape become typed records, one for each entry. Pure.

A body of Sinch is `{"total": n, "data": [entry, …]}`. An entry with a `message` is something that somebody
wrote (MO); `waGroupId` in it says that it was written in a group, so that nobody answers the sender directly
and pays for a template (API facts, "webhook (MO)"). An entry that says what was `sent`, `delivered` or `read`
is a status of a message of ours (the vendor's page "Webhooks"). A body of a gateway is one event
(`gateway_events`). Each may stand in `{"headers": {…}, "body": "…"}` with the headers that it came with.
Anybody who can post to the webhook writes these bodies, unless they have to be signed: what is not as it
should be becomes `Unreadable`, and nothing in here is believed about who is in a group.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Literal, NoReturn

from reconciler.messaging.gateway_events import (
    Wrong,
    is_event,
    is_evolutions,
    moment,
    records_of_event,
    text_of,
)
from reconciler.model import number
from reconciler.model.messages import (
    DirectMessage,
    EntryPosition,
    GroupMessage,
    Inbound,
    MessageStatus,
    Unreadable,
)

_STAGES: tuple[Literal["read", "delivered", "sent"], ...] = ("read", "delivered", "sent")


def read_file(data: bytes, key: bytes = b"") -> tuple[Inbound, ...]:
    """Return the records of a file that holds one body, however it is laid out, or one body a line. With a
    `key` only bodies that are signed with it are believed; an event that comes again is passed over.

    Raises nothing: what cannot be read is a record. An empty file has none.
    """
    if not data.strip():
        return ()
    reading = _Reading(key)
    try:
        return tuple(reading.records(data, 1))
    except Wrong as wrong:
        lines = [(line, text) for line, text in enumerate(data.splitlines(), 1) if text.strip()]
        if not any(_is_object(text) for _, text in lines):  # one body over many lines, and it is broken
            return (Unreadable(EntryPosition(lines[0][0]), str(wrong)),)
    return tuple(record for line, text in lines for record in reading.body(text, line))


def read_body(data: bytes, line: int = 1) -> tuple[Inbound, ...]:
    """Return the records of one body, in its order. Raises nothing."""
    return tuple(_Reading(b"").body(data, line))


class _Reading:
    """Reads the bodies of one file."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._events: set[str | bytes] = set()

    def body(self, data: bytes, line: int) -> Iterator[Inbound]:
        """Return the records of one body."""
        try:
            yield from self.records(data, line)
        except Wrong as wrong:
            yield Unreadable(EntryPosition(line), str(wrong))

    def records(self, data: bytes, line: int) -> Iterator[Inbound]:
        """Return the records of one body, in an envelope or not. Raises `Wrong` where it is no JSON."""
        body = _json(data)
        try:
            body, data = self._opened(body, data)
            if isinstance(body, dict) and is_event(body):
                if not self._came_before(body, data):
                    yield from records_of_event(body, line)
                return
        except Wrong as wrong:
            yield Unreadable(EntryPosition(line), str(wrong))
            return
        yield from _records(body, line)

    def _came_before(self, event: Mapping[str, object], data: bytes) -> bool:
        """Whether this event was here before. What has no id is posted again to the letter, with the time at
        which it happened."""
        name = event.get("id")
        known = name if isinstance(name, str) else hashlib.sha256(data).digest()
        if known in self._events:
            return True
        self._events.add(known)
        return False

    def _opened(self, body: object, data: bytes) -> tuple[object, bytes]:
        """Return what came with headers, also to the letter, once its signature is found to be right."""
        if not isinstance(body, dict) or not {"headers", "body"} <= body.keys():
            if self._key:
                raise _refused(body, "it is not signed, and RECONCILER_WEBHOOK_KEY says that it has to be")
            return body, data
        headers, text = body["headers"], body["body"]
        if not isinstance(headers, dict) or not isinstance(text, str):
            raise Wrong("`headers` are an object, and `body` is a text")
        raw = text.encode("utf-8", "replace")
        if self._key and not _is_signed(headers, raw, self._key):
            raise _refused(_json(raw), "its signature is not one made with RECONCILER_WEBHOOK_KEY")
        return _json(raw), raw


def _refused(body: object, reason: str) -> Wrong:
    """Say why a body is not believed, or how to mend that where its service signs nothing."""
    if isinstance(body, dict) and is_evolutions(body):
        reason = (
            "RECONCILER_WEBHOOK_KEY says that it has to be signed, and Evolution API signs nothing: unset "
            "the key for this gateway, and keep the webhook's address secret"
        )
    return Wrong(reason)


def _is_signed(headers: Mapping[str, object], body: bytes, key: bytes) -> bool:
    """Whether the headers hold the HMAC-SHA512 of the body, as WAHA signs it."""
    found = {name.lower(): value for name, value in headers.items()}
    given, algorithm = found.get("x-webhook-hmac"), found.get("x-webhook-hmac-algorithm", "sha512")
    if not isinstance(given, str) or algorithm != "sha512":
        return False
    wanted = hmac.new(key, body, "sha512").hexdigest()
    return hmac.compare_digest(given.strip().lower().encode(), wanted.encode())


def _json(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Wrong("it is no UTF-8 text") from None
    except RecursionError:
        raise Wrong("it is nested too deeply") from None
    except ValueError:  # a number of thousands of digits too
        raise Wrong("it is no JSON") from None


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(_json(data), dict)
    except Wrong:
        return False


def _no_constant(_: str) -> NoReturn:
    raise Wrong("it is no JSON")


def _records(body: object, line: int) -> Iterator[Inbound]:
    if not isinstance(body, dict):
        yield Unreadable(EntryPosition(line), "a body is an object with a list `data`")
        return
    entries = body.get("data")
    if not isinstance(entries, list):
        yield Unreadable(EntryPosition(line), "a body has a list `data`")
        return
    envelope = {key: value for key, value in body.items() if key not in ("total", "data")}
    for index, entry in enumerate(entries, 1):
        place = EntryPosition(line, index)
        try:
            yield _record(entry, place, envelope)
        except Wrong as wrong:
            yield Unreadable(place, str(wrong))


def _record(entry: object, place: EntryPosition, envelope: Mapping[str, object]) -> Inbound:
    if not isinstance(entry, dict):
        raise Wrong("an entry of `data` is an object")
    if "message" in entry:
        return _message(entry, place, envelope)
    if any(stage in entry for stage in _STAGES):
        return _status(entry, place, envelope)
    raise Wrong("an entry has a `message`, or says what was `sent`, `delivered` or `read`")


def _message(entry: dict[str, object], place: EntryPosition, envelope: Mapping[str, object]) -> Inbound:
    message = entry["message"]
    if not isinstance(message, dict):
        raise Wrong("`message` is an object")
    sender = text_of(entry, "source")
    sender = sender.removeprefix("+") if sender else ""
    if not number.is_wa_id(sender):
        raise Wrong("`source` is a number: 5 to 20 digits, as a text")
    rest = {key: value for key, value in message.items() if key not in ("type", "messageText", "waGroupId")}
    known = ("source", "id", "receivedAt", "waGroupId", "message")
    extra = {key: value for key, value in entry.items() if key not in known}
    extra |= {"message": rest} if rest else {}
    at, kind = moment(entry.get("receivedAt")), text_of(message, "type") or ""
    text, message_id = text_of(message, "messageText"), text_of(entry, "id")
    group_id = _group_id(entry, message)
    if group_id is None:
        return DirectMessage(
            place=place,
            sender=sender,
            type=kind,
            text=text,
            id=message_id,
            at=at,
            extra=extra,
            envelope=envelope,
        )
    return GroupMessage(
        place=place,
        sender=sender,
        group_id=group_id,
        type=kind,
        text=text,
        id=message_id,
        at=at,
        extra=extra,
        envelope=envelope,
    )


def _group_id(entry: dict[str, object], message: dict[str, object]) -> str | None:
    """Return the group that was written in, None for a direct message.

    A `waGroupId` that is none makes the entry unreadable, wherever it stands: to take it for a direct message
    is the very mistake that costs money. Null is how some serialisers say that there is none.
    """
    values = [value for value in (entry.get("waGroupId"), message.get("waGroupId")) if value is not None]
    if not values:
        return None
    texts = [value for value in values if isinstance(value, str) and number.is_group_id(value)]
    if len(texts) != len(values) or len(set(texts)) > 1:
        raise Wrong("`waGroupId` is no id of a group")
    return texts[0]


def _status(entry: dict[str, object], place: EntryPosition, envelope: Mapping[str, object]) -> MessageStatus:
    reached = {stage: _flag(entry, stage) for stage in _STAGES}
    known = (*_STAGES, "destination", "id", "correlationId", "updatedAt")
    return MessageStatus(
        place=place,
        delivery=next((stage for stage in _STAGES if reached[stage]), "not_sent"),
        recipient=text_of(entry, "destination"),
        id=text_of(entry, "id"),
        correlation_id=text_of(entry, "correlationId"),
        at=moment(entry.get("updatedAt")),
        extra={key: value for key, value in entry.items() if key not in known},
        envelope=envelope,
    )


def _flag(values: dict[str, object], key: str) -> bool:
    value = values.get(key)
    if value is not None and not isinstance(value, bool):
        raise Wrong(f"`{key}` is true or false")
    return bool(value)
