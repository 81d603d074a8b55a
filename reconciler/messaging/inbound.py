"""Incoming webhooks: bodies of any shape become typed records, one for each entry. Pure.

A body is `{"total": n, "data": [entry, …]}`. An entry with a `message` is something that somebody wrote
(MO); `waGroupId` in it says that it was written in a group, so that nobody answers the sender directly and
pays for a template (API facts, "webhook (MO)"). An entry that says what was `sent`, `delivered` or `read` is
a status of a message of ours (the vendor's page "Webhooks"). Anybody who can post to the webhook writes these
bodies: what is not as it should be becomes `Unreadable`, and nothing in here is believed about who is in a
group.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, NoReturn

from reconciler.model import number
from reconciler.model.messages import (
    DirectMessage,
    EntryPosition,
    GroupMessage,
    Inbound,
    MessageStatus,
    Unreadable,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAGES: tuple[Literal["read", "delivered", "sent"], ...] = ("read", "delivered", "sent")


class _Wrong(Exception):
    """The entry is not as it should be; the text says why."""


def read_file(data: bytes) -> tuple[Inbound, ...]:
    """Return the records of a file that holds one body, however it is laid out, or one body a line.

    Raises nothing: what cannot be read is a record. An empty file has none.
    """
    if not data.strip():
        return ()
    try:
        return tuple(_records(_json(data), 1))
    except _Wrong as wrong:
        lines = [(line, text) for line, text in enumerate(data.splitlines(), 1) if text.strip()]
        if not any(_is_object(text) for _, text in lines):  # one body over many lines, and it is broken
            return (Unreadable(EntryPosition(lines[0][0]), str(wrong)),)
    return tuple(record for line, text in lines for record in read_body(text, line))


def read_body(data: bytes, line: int = 1) -> tuple[Inbound, ...]:
    """Return the records of one body, in its order. Raises nothing."""
    try:
        return tuple(_records(_json(data), line))
    except _Wrong as wrong:
        return (Unreadable(EntryPosition(line), str(wrong)),)


def _json(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise _Wrong("it is no UTF-8 text") from None
    except RecursionError:
        raise _Wrong("it is nested too deeply") from None
    except ValueError:  # a number of thousands of digits too
        raise _Wrong("it is no JSON") from None


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(_json(data), dict)
    except _Wrong:
        return False


def _no_constant(_: str) -> NoReturn:
    raise _Wrong("it is no JSON")


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
        except _Wrong as wrong:
            yield Unreadable(place, str(wrong))


def _record(entry: object, place: EntryPosition, envelope: Mapping[str, object]) -> Inbound:
    if not isinstance(entry, dict):
        raise _Wrong("an entry of `data` is an object")
    if "message" in entry:
        return _message(entry, place, envelope)
    if any(stage in entry for stage in _STAGES):
        return _status(entry, place, envelope)
    raise _Wrong("an entry has a `message`, or says what was `sent`, `delivered` or `read`")


def _message(entry: dict[str, object], place: EntryPosition, envelope: Mapping[str, object]) -> Inbound:
    message = entry["message"]
    if not isinstance(message, dict):
        raise _Wrong("`message` is an object")
    sender = _text(entry, "source")
    sender = sender.removeprefix("+") if sender else ""
    if not number.is_wa_id(sender):
        raise _Wrong("`source` is a number: 5 to 20 digits, as a text")
    rest = {key: value for key, value in message.items() if key not in ("type", "messageText", "waGroupId")}
    known = ("source", "id", "receivedAt", "waGroupId", "message")
    extra = {key: value for key, value in entry.items() if key not in known}
    extra |= {"message": rest} if rest else {}
    at, kind = _moment(entry.get("receivedAt")), _text(message, "type") or ""
    text, message_id = _text(message, "messageText"), _text(entry, "id")
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
        raise _Wrong("`waGroupId` is no id of a group")
    return texts[0]


def _status(entry: dict[str, object], place: EntryPosition, envelope: Mapping[str, object]) -> MessageStatus:
    reached = {stage: _flag(entry, stage) for stage in _STAGES}
    known = (*_STAGES, "destination", "id", "correlationId", "updatedAt")
    return MessageStatus(
        place=place,
        delivery=next((stage for stage in _STAGES if reached[stage]), "not_sent"),
        recipient=_text(entry, "destination"),
        id=_text(entry, "id"),
        correlation_id=_text(entry, "correlationId"),
        at=_moment(entry.get("updatedAt")),
        extra={key: value for key, value in entry.items() if key not in known},
        envelope=envelope,
    )


def _text(values: dict[str, object], key: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise _Wrong(f"`{key}` is a text")
    return value


def _flag(values: dict[str, object], key: str) -> bool:
    value = values.get(key)
    if value is not None and not isinstance(value, bool):
        raise _Wrong(f"`{key}` is true or false")
    return bool(value)


def _moment(value: object) -> datetime | None:
    """Return the time of milliseconds since 1970, as the service sends them; None for anything else, because
    nothing depends on it."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return None
