"""What `inbound` tells: webhook bodies as JSON lines, one a record, as `inbound` in `schemas/` says.

People and groups as in every report. What somebody wrote is not repeated, only how long it is: it was said to
a group or to the business, and not to whoever reads a pipeline's log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from reconciler.language import english
from reconciler.model import number
from reconciler.model.messages import (
    DirectMessage,
    GroupMessage,
    Match,
    MessageStatus,
    OtherEvent,
    ParticipantEvent,
    Unreadable,
)
from reconciler.report.escape import for_json

if TYPE_CHECKING:
    from reconciler.report.redact import Redactor

FORMAT_VERSION = 1


def lines(matches: Iterable[Match], redactor: Redactor) -> str:
    """Return one JSON object a line, each line with its newline; "" for no record."""
    with english():
        return "".join(f"{_line(each, redactor)}\n" for each in matches)


def _line(found: Match, redactor: Redactor) -> str:
    record = found.record
    values: dict[str, object] = {"format_version": FORMAT_VERSION, "kind": _kind(found)}
    values |= {"line": record.place.line, "entry": record.place.entry}
    match record:
        case GroupMessage():
            values |= _written(record, redactor) | {
                "group": _group(found, record.group_id, redactor),
                "appeared_as": found.role,
            }
        case ParticipantEvent():
            values |= {
                "person": None if record.person is None else redactor.person(record.person),
                "change": record.change,
                "at": _at(record.at),
                "group": _group(found, record.group_id, redactor),
                "appeared_as": found.role,
            }
        case OtherEvent():
            values |= {"event": redactor.untrusted(record.event), "at": _at(record.at)}
            if record.group_id is not None:
                values |= {"group": _group(found, record.group_id, redactor)}
        case DirectMessage():
            values |= _written(record, redactor)
        case MessageStatus():
            values |= {
                "delivery": record.delivery,
                "to": _recipient(record.recipient, redactor),
                "correlation_id": None
                if record.correlation_id is None
                else redactor.message_id(record.correlation_id),
                "at": _at(record.at),
            }
        case Unreadable():
            values |= {"reason": record.reason}
        case _:
            assert_never(record)
    return for_json(json.dumps(values, ensure_ascii=False))


def _kind(found: Match) -> str:
    match found.record:
        case GroupMessage():
            return "group_message"
        case DirectMessage():
            return "direct_message"
        case MessageStatus():
            return "status"
        case ParticipantEvent():
            return "participant"
        case OtherEvent():
            return "event"
        case Unreadable():
            return "unreadable"
        case _:
            assert_never(found.record)


def _written(record: GroupMessage | DirectMessage, redactor: Redactor) -> dict[str, object]:
    return {
        "from": redactor.person(record.sender),
        "type": redactor.untrusted(record.type),
        "characters": None if record.text is None else len(record.text),
        "at": _at(record.at),
    }


def _group(found: Match, group_id: str, redactor: Redactor) -> dict[str, object]:
    return {"name": found.name, "id": redactor.group_id(group_id)}


def _recipient(recipient: str | None, redactor: Redactor) -> str | None:
    if recipient is None:
        return None
    if number.is_wa_id(recipient):
        return redactor.person(recipient)
    return redactor.group_id(recipient) if number.is_group_id(recipient) else redactor.untrusted(recipient)


def _at(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
