"""What a webhook told us as JSON lines, one a record, for programs: `schemas/inbound.schema.json`.

People and groups as in every report. What somebody wrote is not repeated, only how long it is: it was said to
a group or to the business, and not to whoever reads a pipeline's log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from reconciler.model import number
from reconciler.model.inbound import DirectMessage, GroupMessage, Match, MessageStatus, Unreadable
from reconciler.reports.escape import for_json

if TYPE_CHECKING:
    from reconciler.reports.view import Book

FORMAT_VERSION = 1


def render_inbound(heard: Iterable[Match], book: Book) -> str:
    """One JSON object a line, each line with its newline; empty for no record."""
    return "".join(f"{_line(each, book)}\n" for each in heard)


def _line(heard: Match, book: Book) -> str:
    record = heard.record
    values: dict[str, object] = {"format_version": FORMAT_VERSION, "kind": _kind(heard)}
    values |= {"line": record.place.line, "entry": record.place.entry}
    match record:
        case GroupMessage():
            values |= _written(record, book) | {
                "group": {"name": heard.name, "id": book.group_id(record.group_id)},
                "appeared_as": heard.role,
            }
        case DirectMessage():
            values |= _written(record, book)
        case MessageStatus():
            values |= {
                "delivery": record.delivery,
                "to": _recipient(record.recipient, book),
                "correlation_id": None
                if record.correlation_id is None
                else book.outsider(record.correlation_id),
                "at": _at(record.at),
            }
        case Unreadable():
            values |= {"reason": record.reason}
        case _:
            assert_never(record)
    return for_json(json.dumps(values, ensure_ascii=False))


def _kind(heard: Match) -> str:
    match heard.record:
        case GroupMessage():
            return "group_message"
        case DirectMessage():
            return "direct_message"
        case MessageStatus():
            return "status"
        case Unreadable():
            return "unreadable"
        case _:
            assert_never(heard.record)


def _written(record: GroupMessage | DirectMessage, book: Book) -> dict[str, object]:
    return {
        "from": book.person(record.sender),
        "type": book.outsider(record.type),
        "characters": None if record.text is None else len(record.text),
        "at": _at(record.at),
    }


def _recipient(recipient: str | None, book: Book) -> str | None:
    if recipient is None:
        return None
    if number.is_wa_id(recipient):
        return book.person(recipient)
    return book.group_id(recipient) if number.is_group_id(recipient) else book.outsider(recipient)


def _at(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
