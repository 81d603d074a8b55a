"""State ↔ its JSON document, pure: one line a group, sorted, so that a diff of two states reads well.

Keys that are not known are ignored (a newer minor version may add some); anything else that is not as
`schemas/state.schema.json` says is damage, and named by its place in the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NoReturn, Self, TypeVar

from reconciler.language import msg
from reconciler.model import number
from reconciler.model.group import PERMISSIONS, Permission, Value, is_name
from reconciler.model.record import (
    Applied,
    Decision,
    IconRecord,
    Intent,
    Left,
    Record,
    Revoking,
    Sent,
    State,
    StoredSubject,
)

FORMAT_VERSION = 1

_SURROGATE = re.compile("[\ud800-\udfff]")


class Damaged(ValueError):
    """The text is no state of this format; the message says where and what, without quoting values."""


class Newer(ValueError):
    """The state was written in a later format, by a newer version of this program."""


# --- writing ----------------------------------------------------------------------------------------------


class Encoder:
    """Writes states, and remembers the lines of the records that did not change in between.

    A run writes the state after every group, so that encoding all of it each time would cost the square of
    the number of groups.
    """

    def __init__(self) -> None:
        self._lines: dict[str, tuple[Record, bytes]] = {}

    def encode(self, state: State) -> bytes:
        """The whole document in UTF-8, with a newline at its end."""
        self._lines = {name: self._line(name, state.groups[name]) for name in sorted(state.groups)}
        creating = [_entry(name, _intent(intent)) for name, intent in sorted(state.creating.items())]
        left = [_entry(name, _left(gone)) for name, gone in sorted(state.left.items())]
        return b"".join(
            (
                f'{{\n  "format_version": {FORMAT_VERSION},\n'.encode(),
                f'  "base_url": {_json(state.base_url)},\n'.encode(),
                b"" if state.backend is None else f'  "backend": {_json(state.backend)},\n'.encode(),
                b"" if state.account is None else f'  "account": {_json(state.account)},\n'.encode(),
                f'  "serial": {state.serial},\n'.encode(),
                f'  "commit": {_json(state.commit)},\n'.encode(),
                b'  "groups": {%b},\n' % _block([line for _, line in self._lines.values()]),
                b'  "creating": {%b},\n' % _block(creating),
                b'  "left": {%b},\n' % _block(left) if left else b"",
                f'  "created": {_json([format_time(at) for at in state.created])}\n}}\n'.encode(),
            )
        )

    def _line(self, name: str, record: Record) -> tuple[Record, bytes]:
        known = self._lines.get(name)
        if known is not None and known[0] is record:
            return known
        return record, _entry(name, _record(record))


def dumps(state: State) -> bytes:
    """The document of one state, in UTF-8."""
    return Encoder().encode(state)


def format_time(at: datetime) -> str:
    """`2026-11-22T13:00:00Z`. Raises `ValueError` for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _json(value: object) -> str:
    """Letters as they are, for who reads the file; half of a surrogate pair, which an API may send and UTF-8
    cannot hold, as an escape."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() else _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _entry(name: str, value: object) -> bytes:
    return f"\n    {_json(name)}: {_json(value)}".encode()


def _block(entries: list[bytes]) -> bytes:
    return b",".join(entries) + b"\n  " if entries else b""


def _known(**values: object) -> dict[str, object]:
    """Without what is not known: a key that is absent means the same as null, in fewer bytes."""
    return {key: value for key, value in values.items() if value is not None}


def _record(record: Record) -> dict[str, object]:
    applied, icon = record.applied, record.icon
    return _known(
        id=record.id,
        applied=applied
        and _known(
            subject=applied.subject,
            icon=applied.icon,
            admins=applied.admins,
            members=applied.members,
            description=applied.description,
            permissions=dict(applied.permissions) or None,
        ),
        icon=icon and _known(source=icon.source, served=icon.served, url=icon.url, length=icon.length),
        link_version=record.link_version,
        joined=record.joined or None,
        missing={ref: format_time(at) for ref, at in sorted(record.missing.items())} or None,
        sent={ref: _sent(sent) for ref, sent in sorted(record.sent.items())} or None,
        revoking=record.revoking and _revoking(record.revoking),
        stored=record.stored and {"sent": record.stored.sent, "found": record.stored.found},
        decisions={ref: _decision(each) for ref, each in sorted(record.decisions.items())} or None,
        added={ref: format_time(at) for ref, at in sorted(record.added.items())} or None,
        lids=dict(sorted(record.lids.items())) or None,
    )


def _decision(decision: Decision) -> dict[str, object]:
    return _known(status=decision.status, people=decision.people or None)


def _sent(sent: Sent) -> dict[str, object]:
    earlier = [format_time(at) for at in sent.earlier] or None
    return _known(
        at=format_time(sent.at),
        times=sent.times,
        status=sent.status,
        earlier=earlier,
        message=sent.message or None,
        link=sent.link or None,
    )


def _revoking(revoking: Revoking) -> dict[str, object]:
    return _known(
        version=revoking.version,
        link=revoking.link,
        at=format_time(revoking.at),
        closing=revoking.closing or None,
    )


def _left(left: Left) -> dict[str, object]:
    return {"id": left.id, "at": format_time(left.at), "how": left.how}


def _intent(intent: Intent) -> dict[str, object]:
    return {"subject": intent.subject, "listed": intent.listed, "at": format_time(intent.at)}


# --- reading ----------------------------------------------------------------------------------------------


def loads(data: bytes) -> State:
    """The state of a document in UTF-8. Raises `Damaged` or `Newer`."""
    try:
        document = json.loads(data.decode(), object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Damaged(msg("it is no UTF-8 text")) from None
    except json.JSONDecodeError as error:
        raise Damaged(not_json(error)) from None
    except Damaged:
        raise
    except (ValueError, RecursionError):  # an integer of thousands of digits; thousands of brackets
        raise Damaged(msg("no JSON that this program would have written")) from None
    try:
        return _state(Object(document))
    except Wrong as wrong:
        raise Damaged(wrong.message) from None


def not_json(error: json.JSONDecodeError) -> str:
    """Where a text is no JSON, and why, in the words of the library."""
    place = {"line": error.lineno, "column": error.colno}
    return msg("line {line}, column {column}: {why}", **place, why=msg(error.msg))


_SAID_OF_JSON = (
    msg("Expecting value"),
    msg("Expecting property name enclosed in double quotes"),
    msg("Expecting ':' delimiter"),
    msg("Expecting ',' delimiter"),
    msg("Extra data"),
    msg("Unterminated string starting at"),
    msg("Unexpected UTF-8 BOM (decode using utf-8-sig)"),
)
"""What the library says most: here to be translated."""


def _state(root: Object) -> State:
    version = root.need("format_version", integer)
    if version > FORMAT_VERSION:
        raise Newer(
            msg(
                "format version {version}; this program knows {known}",
                version=version,
                known=FORMAT_VERSION,
            )
        )
    if version < 1:
        raise Wrong(msg("is no version")).within("format_version")
    return State(
        base_url=root.need("base_url", text),
        serial=root.need("serial", count),
        commit=root.get("commit", text),
        groups=root.need("groups", by_name(_read_record)),
        creating=root.need("creating", by_name(_read_intent)),
        created=root.need("created", listed(time)),
        left=root.get("left", by_name(_read_left)) or {},
        backend=root.get("backend", text),
        account=root.get("account", text),
    )


def _read_record(value: object) -> Record:
    item = Object(value)
    return Record(
        id=item.need("id", group_id),
        applied=item.get("applied", _read_applied),
        icon=item.get("icon", _read_icon),
        link_version=item.get("link_version", count),
        joined=item.get("joined", texts) or (),
        missing=item.get("missing", mapped(time)) or {},
        sent=item.get("sent", mapped(_read_sent)) or {},
        revoking=item.get("revoking", _read_revoking),
        stored=item.get("stored", _read_stored),
        decisions=item.get("decisions", mapped(_read_decision)) or {},
        added=item.get("added", mapped(time)) or {},
        lids=item.get("lids", mapped(text)) or {},
    )


def _read_decision(value: object) -> Decision:
    item = Object(value)
    status = item.need("status", text)
    return Decision("left" if status == "left" else "invite", item.get("people", text) or "")


def _read_applied(value: object) -> Applied:
    item = Object(value)
    return Applied(
        subject=item.get("subject", text),
        icon=item.get("icon", text),
        admins=item.get("admins", texts),
        members=item.get("members", texts),
        description=item.get("description", text),
        permissions=item.get("permissions", _read_permissions) or {},
    )


def _read_permissions(value: object) -> dict[Permission, Value]:
    item = Object(value)
    return {name: found for name in PERMISSIONS if (found := item.get(name, choice)) is not None}


def _read_icon(value: object) -> IconRecord:
    item = Object(value)
    return IconRecord(
        source=item.need("source", text),
        served=item.need("served", text),
        url=item.need("url", text),
        length=item.get("length", count),
    )


def _read_sent(value: object) -> Sent:
    item = Object(value)
    return Sent(
        at=item.need("at", time),
        times=item.need("times", count),
        status=item.need("status", text),
        earlier=item.get("earlier", listed(time)) or (),
        message=item.get("message", text) or "",
        link=item.get("link", text) or "",
    )


def _read_revoking(value: object) -> Revoking:
    item = Object(value)
    return Revoking(
        version=item.get("version", count),
        link=item.need("link", text),
        at=item.need("at", time),
        closing=item.get("closing", flag) or False,
    )


def _read_stored(value: object) -> StoredSubject:
    item = Object(value)
    return StoredSubject(sent=item.need("sent", text), found=item.need("found", text))


def _read_left(value: object) -> Left:
    item = Object(value)
    return Left(
        id=item.need("id", group_id),
        at=item.need("at", time),
        how="closed" if item.need("how", text) == "closed" else "left",
    )


def _read_intent(value: object) -> Intent:
    item = Object(value)
    return Intent(
        subject=item.need("subject", text),
        listed=item.need("listed", listed(group_id)),
        at=item.need("at", time),
    )


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A key that stands twice is what a merge by hand leaves behind; JSON would silently take the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Damaged(msg("a key stands twice in one object"))
    return found


def _no_constant(name: str) -> NoReturn:
    raise Damaged(msg("{name} is no JSON", name=name))


# --- values of a document, each of the kind that was asked for, or damage that names its place ----------

MOST = 2**63 - 1
"""The largest whole number; Python refuses to write some that it can read."""

T = TypeVar("T")


class Wrong(Exception):
    """Damage at one place. Whoever looks into a value adds where it stands as this passes by, so that nothing
    is spent on places while all is well."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._what = what
        self._place = ""

    def within(self, step: str | int) -> Self:
        """The same, seen from what holds it under a key or an index."""
        # A key may be a person's number, where they have no alias.
        shown = f"[{step}]" if isinstance(step, int) else number.mask_text(step, 40)
        dot = "." if self._place and not self._place.startswith("[") else ""
        self._place = f"{shown}{dot}{self._place}"
        return self

    @property
    def message(self) -> str:
        """The place, and what is wrong there."""
        return msg("{place} {fault}", place=self._place or msg("the document"), fault=self._what)


class Object:
    """A JSON object, looked into key by key."""

    __slots__ = ("values",)

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise Wrong(msg("is no object"))
        self.values: dict[str, object] = value

    def need(self, key: str, read: Callable[[object], T]) -> T:
        """The value of a key, which has to be there."""
        if key not in self.values:
            raise Wrong(msg("is missing")).within(key)
        try:
            return read(self.values[key])
        except Wrong as wrong:
            raise wrong.within(key) from None

    def get(self, key: str, read: Callable[[object], T]) -> T | None:
        """The value of a key; None where it is absent or null."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            return read(value)
        except Wrong as wrong:
            raise wrong.within(key) from None


def text(value: object) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise Wrong(msg("is no text"))
    return value


def integer(value: object) -> int:
    """A whole number, of at most `MOST` either way."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong(msg("is no whole number"))
    if abs(value) > MOST:
        raise Wrong(msg("is too large"))
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong(msg("is neither true nor false"))
    return value


def choice(value: object) -> Value:
    """The value of a permission."""
    if not isinstance(value, str | bool):
        raise Wrong(msg("is neither text nor true nor false"))
    return value


def count(value: object) -> int:
    """A whole number from 0 on."""
    if integer(value) < 0:
        raise Wrong(msg("is below 0"))
    return integer(value)


def group_id(value: object) -> str:
    """A group's id."""
    found = text(value)
    if not number.is_group_id(found):
        raise Wrong(msg("is no group id"))
    return found


def time(value: object) -> datetime:
    """A moment in ISO 8601 with a zone, in UTC."""
    try:
        at = datetime.fromisoformat(text(value))
        if at.tzinfo is None:
            raise Wrong(msg("is a time without a zone"))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: the first hour of year 1, in a zone east of Greenwich
        raise Wrong(msg("is no time")) from None


def listed(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A list of what `read` reads."""

    def read_list(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Wrong(msg("is no list"))
        found: list[T] = []
        try:
            for item in value:
                found.append(read(item))
        except Wrong as wrong:
            raise wrong.within(len(found)) from None
        return tuple(found)

    return read_list


texts = listed(text)


def mapped(read: Callable[[object], T]) -> Callable[[object], Mapping[str, T]]:
    """An object with any keys, of what `read` reads."""

    def read_mapping(value: object) -> Mapping[str, T]:
        item = Object(value)
        return {key: item.need(key, read) for key in item.values}

    return read_mapping


def by_name(read: Callable[[object], T]) -> Callable[[object], Mapping[str, T]]:
    """As `mapped`, for keys that have to be names: they reach terminals and reports."""

    def read_by_name(value: object) -> Mapping[str, T]:
        item = Object(value)
        if not all(map(is_name, item.values)):
            raise Wrong(msg("holds a key that is no name"))
        return {key: item.need(key, read) for key in item.values}

    return read_by_name
