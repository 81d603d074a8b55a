"""Events of gateways, a body each: `{id, timestamp, event, payload, …}` of WAHA, `{event, data, instance, …}`
of Evolution API. Pure.

What is kept of an event is who, where and when: neither what was written, nor anything that could be a key,
such as the `apikey` of Evolution's bodies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
_CHANGES: Mapping[str | None, ParticipantChange] = {each: each for each in get_args(ParticipantChange)}
_ACTIONS: Mapping[str | None, ParticipantChange] = {
    "add": "join",
    "remove": "leave",
    "promote": "promote",
    "demote": "demote",
}


class Wrong(Exception):
    """What was posted is not as it should be; the text says why."""


def is_event(body: Mapping[str, object]) -> bool:
    """Whether this is an event of a gateway, and no body of Sinch, which has a `total`."""
    return "event" in body and "total" not in body


def is_evolutions(body: Mapping[str, object]) -> bool:
    """Whether this is an event as Evolution posts it, which signs nothing."""
    return is_event(body) and "data" in body


def records_of_event(body: Mapping[str, object], line: int) -> Iterator[Inbound]:
    """Return the records of an event: one for each person or group that it is about, else one.

    Raises `Wrong`, at the latest while they are read.
    """
    name = text_of(body, "event")
    if name is not None and "data" in body:
        return _of_evolution(name, body["data"], line)
    payload = body.get("payload")
    if name is None or not isinstance(payload, dict):
        raise Wrong("an event has a `payload`, which is an object")
    return _of_waha(_Event(name, line, text_of(body, "id"), moment(body.get("timestamp"))), payload)


@dataclass(frozen=True, slots=True)
class _Event:
    """What every record of an event says alike. `id`: of the event, or of the message that it tells of."""

    name: str
    line: int
    id: str | None
    at: datetime | None

    def people(
        self, group_id: str | None, change: ParticipantChange | None, people: Iterable[str | None]
    ) -> Iterator[ParticipantEvent]:
        """Return what has become of each of these people. Raises `Wrong`."""
        if group_id is None or change is None:
            raise Wrong("it does not say which group, or what has become of whom")
        for entry, person in enumerate(people, 1):
            yield ParticipantEvent(
                place=EntryPosition(self.line, entry),
                id=self.id,
                at=self.at,
                group_id=group_id,
                change=change,
                person=person,
            )

    def written(self, sender: str | None, kind: str, text: str | None, group_id: str | None) -> Inbound:
        """Return a message, in a group or not; an event like any other where the number is hidden."""
        place = EntryPosition(self.line, 1)
        if sender is None:
            return self.other(group_id)
        if group_id is None:
            return DirectMessage(place=place, id=self.id, at=self.at, sender=sender, type=kind, text=text)
        return GroupMessage(
            place=place, id=self.id, at=self.at, sender=sender, group_id=group_id, type=kind, text=text
        )

    def other(self, group_id: str | None = None, entry: int = 1) -> OtherEvent:
        """Return that something else happened."""
        place = EntryPosition(self.line, entry)
        return OtherEvent(place=place, id=self.id, at=self.at, event=self.name, group_id=group_id)


def _of_waha(event: _Event, payload: Mapping[str, object]) -> Iterator[Inbound]:
    group_id = _group_id(payload.get("group"))
    if event.name == "group.v2.participants":
        people = _objects(payload.get("participants"), "participants")
        told = (number.told_by(person.get("id"), person.get("pn")) for person in people)
        yield from event.people(group_id, _CHANGES.get(text_of(payload, "type")), told)
        return
    chat = text_of(payload, "from") if event.name in ("message", "message.any") else None
    if chat is None or payload.get("fromMe") is True:
        yield event.other(group_id)
        return
    kind, text = "MEDIA" if payload.get("hasMedia") is True else "TEXT", text_of(payload, "body")
    if _is_group(chat):
        yield event.written(number.told_by(text_of(payload, "participant")), kind, text, chat)
    else:
        yield event.written(number.of_id(chat), kind, text, None)


def _of_evolution(name: str, data: object, line: int) -> Iterator[Inbound]:
    # Its `date_time` is the time of day where it runs, called UTC: only messages tell when they were written.
    event = _Event(name, line, None, None)
    match name.upper().replace(".", "_").replace("-", "_"):  # as its settings spell it
        case "GROUP_PARTICIPANTS_UPDATE":
            yield from _of_participants(event, _object(data, "data"))
        case "GROUPS_UPSERT" | "GROUPS_UPDATE":
            groups = _objects(data, "data")
            yield from (event.other(_group_id(group), entry) for entry, group in enumerate(groups, 1))
        case "MESSAGES_UPSERT":
            yield _of_message(name, _object(data, "data"), line)
        case _:
            yield event.other()


def _of_participants(event: _Event, data: Mapping[str, object]) -> Iterator[Inbound]:
    """Return what has become of whom; `modify`, somebody's new number, is an event like any other.

    People are ids, or objects since Baileys 7. The numbers of ids that hide them stand in `participantsData`.
    """
    if data.get("action") == "modify":
        yield event.other(_group_id(data))
        return
    people = data.get("participants")
    if not isinstance(people, list):
        raise Wrong("`participants` is a list")
    numbers = {
        each["jid"]: each.get("phoneNumber")
        for each in _objects(data.get("participantsData") or [], "participantsData")
        if isinstance(each.get("jid"), str)
    }
    told = (_told(person, numbers) for person in people)
    yield from event.people(_group_id(data), _ACTIONS.get(text_of(data, "action")), told)


def _told(person: object, numbers: Mapping[object, object]) -> str | None:
    if isinstance(person, str):
        person = {"id": person, "phoneNumber": numbers.get(person)}
    if not isinstance(person, dict):
        raise Wrong("a participant is an id or an object")
    return number.told_by(person.get("id"), person.get("phoneNumber"))


def _of_message(name: str, data: Mapping[str, object], line: int) -> Inbound:
    key, seconds = _object(data.get("key"), "key"), data.get("messageTimestamp")
    event = _Event(
        name, line, text_of(key, "id"), moment(seconds * 1000 if isinstance(seconds, int) else None)
    )
    chat = text_of(key, "remoteJid")
    if chat is None or key.get("fromMe") is True:
        return event.other()
    kind, message = text_of(data, "messageType") or "", _object(data.get("message"), "message")
    text = _text(message.get(kind))
    kind = "TEXT" if kind in ("conversation", "extendedTextMessage") else kind
    if _is_group(chat):
        ids = (key.get(each) for each in ("participant", "participantAlt", "participantPn"))
        return event.written(number.told_by(*ids), kind, text, chat)
    # Only of a chat that hides its number: a status names its writer there too, and is no message to us.
    ids = (key.get(each) for each in ("remoteJidAlt", "senderPn") if chat.endswith("@lid"))
    return event.written(number.told_by(chat, *ids), kind, text, None)


def _text(content: object) -> str | None:
    """Return what was written, beside a picture too; None for what is no text."""
    if isinstance(content, dict):
        content = content.get("text", content.get("caption"))
    return content if isinstance(content, str) else None


def _is_group(chat: str) -> bool:
    return chat.endswith("@g.us") and number.is_group_id(chat)


def _group_id(group: object) -> str | None:
    found = group.get("id") if isinstance(group, dict) else None
    return found if isinstance(found, str) and number.is_group_id(found) else None


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Wrong(f"`{name}` is an object")
    return value


def _objects(value: object, name: str) -> Sequence[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Wrong(f"`{name}` is a list of objects")
    return value


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
