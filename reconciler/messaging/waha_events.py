"""Events of the gateway WAHA: one body each, `{id, timestamp, session, event, payload, …}`. Pure.

What is kept of an event is who, where and when: neither what was written, nor anything that could be a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import get_args

from reconciler.model import number
from reconciler.model.messages import (
    DirectMessage,
    EntryPosition,
    GroupMessage,
    Inbound,
    OtherEvent,
    ParticipantChange,
    ParticipantEvent,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHANGES: tuple[ParticipantChange, ...] = get_args(ParticipantChange)


class Wrong(Exception):
    """What was posted is not as it should be; the text says why."""


def records_of_event(body: Mapping[str, object], line: int) -> Iterator[Inbound]:
    """Return the records of an event: one for each person whom it is about, else one. Raises `Wrong`."""
    event, payload = text_of(body, "event"), body.get("payload")
    if event is None or not isinstance(payload, dict):
        raise Wrong("an event has a `payload`, which is an object")
    at, event_id = moment(body.get("timestamp")), text_of(body, "id")
    if event == "group.v2.participants":
        people = payload.get("participants")
        if not isinstance(people, list):
            raise Wrong("`participants` is a list")
        group_id = _group_id(payload)
        change = next((each for each in _CHANGES if each == payload.get("type")), None)
        if group_id is None or change is None:
            raise Wrong("it does not say which group, or what has become of whom")
        for index, person in enumerate(people, 1):
            yield ParticipantEvent(
                place=EntryPosition(line, index),
                id=event_id,
                at=at,
                group_id=group_id,
                change=change,
                person=_digits(person),
            )
        return
    place = EntryPosition(line, 1)
    message = _message(payload, place, event_id, at) if event in ("message", "message.any") else None
    yield message or OtherEvent(place=place, id=event_id, at=at, event=event, group_id=_group_id(payload))


def _message(
    payload: Mapping[str, object], place: EntryPosition, event_id: str | None, at: datetime | None
) -> GroupMessage | DirectMessage | None:
    """Return what somebody else wrote; None for our own messages and where the number is hidden."""
    chat, text = text_of(payload, "from"), text_of(payload, "body")
    if chat is None or payload.get("fromMe") is True:
        return None
    kind = "MEDIA" if payload.get("hasMedia") is True else "TEXT"
    if chat.endswith("@g.us") and number.is_group_id(chat):
        sender = number.of_id(text_of(payload, "participant") or "")
        if sender is None:
            return None
        return GroupMessage(
            place=place, id=event_id, at=at, sender=sender, group_id=chat, type=kind, text=text
        )
    sender = number.of_id(chat)
    if sender is None:
        return None
    return DirectMessage(place=place, id=event_id, at=at, sender=sender, type=kind, text=text)


def _group_id(payload: Mapping[str, object]) -> str | None:
    group = payload.get("group")
    found = group.get("id") if isinstance(group, dict) else None
    return found if isinstance(found, str) and number.is_group_id(found) else None


def _digits(person: object) -> str | None:
    """Return the number of a participant, which stands in `pn` where the id hides it."""
    if not isinstance(person, dict):
        raise Wrong("a participant is an object")
    return number.told_by(person.get("id"), person.get("pn"))


def text_of(values: Mapping[str, object], key: str) -> str | None:
    """Return a text, None where there is none. Raises `Wrong` for anything else."""
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise Wrong(f"`{key}` is a text")
    return value


def moment(value: object) -> datetime | None:
    """Return the time of milliseconds since 1970, as the service sends them; None for anything else, because
    nothing depends on it."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return None
