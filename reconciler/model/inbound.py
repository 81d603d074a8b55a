"""What a webhook told us: who wrote where, what became of our messages, and what makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

DeliveryStage = Literal["read", "delivered", "sent", "not_sent"]
AwaitedRole = Literal["admin", "member"]


@dataclass(frozen=True, slots=True)
class EntryPosition:
    """Where an entry stands: line of the file and entry of the body, from 1; entry 0 is the body itself."""

    line: int = 1
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMessage:
    """Somebody wrote in a group. Answer in the group or not at all: a direct answer may cost a template.

    `sender` is a wa_id; `text` None for what is no text; `at` when it was received, UTC. `extra` are the
    entry's fields that are not named here, those of its message under `message`; `envelope` the body's.
    """

    place: EntryPosition
    sender: str
    group_id: str
    type: str
    text: str | None = None
    id: str | None = None
    at: datetime | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    envelope: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessage:
    """Somebody wrote to the account itself. Fields as in `GroupMessage`."""

    place: EntryPosition
    sender: str
    type: str
    text: str | None = None
    id: str | None = None
    at: datetime | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    envelope: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStatus:
    """What became of a message of ours. `recipient` is a wa_id or a group's id; `at` the last update."""

    place: EntryPosition
    delivery: DeliveryStage
    recipient: str | None = None
    id: str | None = None
    correlation_id: str | None = None
    at: datetime | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    envelope: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry, or a whole body, that is not what a webhook sends. `reason` quotes nothing of it."""

    place: EntryPosition
    reason: str


Inbound = GroupMessage | DirectMessage | MessageStatus | Unreadable


@dataclass(frozen=True, slots=True)
class Match:
    """A record and what it means here: the name of the group it comes from, where that is known, and as what
    the sender was awaited there."""

    record: Inbound
    name: str | None = None
    role: AwaitedRole | None = None
