"""What `drift` tells: how the live groups differ from the manifests, who moved, and what would mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, assert_never

from reconciler.language import msg, msg_p, tr, tr_n, tr_p
from reconciler.model import number
from reconciler.model.adoption import accepted_as
from reconciler.model.desired import Icon
from reconciler.model.drift import FIELD_OF
from reconciler.model.live import LiveIcon
from reconciler.model.record import IconRecord
from reconciler.report import words
from reconciler.report.model import (
    Column,
    Command,
    Count,
    Entry,
    Field,
    Person,
    Picture,
    Report,
    Status,
    Summary,
    Tone,
    Value,
)
from reconciler.report.redact import Redactor, labels
from reconciler.report.section import Cell, Data, Rows, Told, once

if TYPE_CHECKING:
    from reconciler.model.change import Cause, ChangeKind
    from reconciler.model.drift import (
        Drift,
        FieldDrift,
        FieldName,
        FieldValue,
        GroupDrift,
        PersonDrift,
    )

COLUMNS = (
    Column(msg_p("a column of values", "last applied")),
    Column(msg_p("a column of values", "live"), "-"),
    Column(msg_p("a column of values", "desired"), "+"),
)
"""What was, what somebody made of it, what an apply would make of that."""

STATUSES = words.by_key(
    Status(
        "drifted",
        "~",
        msg_p("of a group", "drifted"),
        "bad",
        "failure",
        msg("Somebody changed these outside the manifests, or nobody knows who did."),
    ),
    words.MISSING,
    words.BLOCKED,
    words.UNREADABLE,
    Status(
        "pending",
        "…",
        msg_p("of a group", "not applied yet"),
        "change",
        "skipped",
        msg("The manifests want something that has not been applied yet. That is no drift."),
    ),
    words.HELD,
    Status("in_sync", "✓", msg_p("of a group", "in sync"), "good", "passed"),
)

CAUSES: dict[Cause, tuple[str, Tone]] = {
    "edited_outside": (msg_p("part of a group", "changed outside"), "bad"),
    "not_applied": (msg_p("part of a group", "not applied yet"), "change"),
    "both": (msg("changed outside, and something was not applied yet"), "bad"),
    "unknown": (msg("differs, and nothing on record says who changed it"), "bad"),
}

_KINDS: dict[str, ChangeKind] = {
    "promote": "promote",
    "demote": "demote",
    "remove": "remove_participants",
}
_TO_BE = {"promote": msg("to be promoted"), "demote": msg("to be demoted"), "remove": msg("to be removed")}

_ENSURE = {
    "present": msg_p("what is to become of a group", "present"),
    "left": msg_p("what is to become of a group", "left"),
    "closed": msg_p("what is to become of a group", "closed"),
}

_BAD = ("drifted", "missing", "blocked")
_RESTORABLE = ("drifted", "pending")
_LINK_NOT_KNOWN = Value(empty=msg("not known: to ask for the link may make one"))

Label = Callable[[str], str]


def told(drift: Drift, redactor: Redactor) -> Told:
    """Return what there is to tell of a drift."""
    facts = once(lambda: data(drift, redactor))
    return Told(report=once(lambda: report(drift, redactor)), data=facts, rows=once(lambda: rows(facts())))


# --- the document -----------------------------------------------------------------------------------------


def report(drift: Drift, redactor: Redactor) -> Report:
    """Return the document of a drift, group by group in its order."""
    count = Counter[str](group.status for group in drift.groups)
    verdict, status = _verdict(drift, count)
    total = len(drift.groups)
    in_sync = tr_n(
        "{count} of {n} group in sync", "{count} of {n} groups in sync", total, count=count["in_sync"]
    )
    return Report(
        verb="drift",
        verdict=verdict,
        status=status,
        verdict_first=True,
        sentences=(f"{', '.join((in_sync, *words.of_groups(count, ('pending', 'held'))))}.",),
        summary=_summary(count, len(drift.unmanaged)),
        banners=words.reading(
            complete=drift.complete,
            notes=tuple(map(redactor.note, drift.notes)),
            unreadable=count["unreadable"],
        ),
        counts=(
            *(Count(status, count[key]) for key, status in STATUSES.items()),
            Count(words.UNMANAGED, len(drift.unmanaged), share=False),
        ),
        entries=tuple(_entry(group, redactor) for group in drift.groups),
        listings=words.unmanaged(drift.unmanaged, redactor),
        quiet=drift.complete and not any(count[key] for key in _BAD),
    )


def _verdict(drift: Drift, count: Counter[str]) -> tuple[str, Status]:
    """The line that matters most, and how it is meant."""
    if found := ", ".join(words.of_groups(count, _BAD)):
        if drift.complete:
            return tr("Drift: {groups}", groups=found), STATUSES["drifted"]
        return tr("Drift: at least {groups}", groups=found), STATUSES["drifted"]
    if not drift.complete:
        unread = tr("Not everything could be read, so it is not known whether all is in sync")
        return unread, STATUSES["unreadable"]
    if count["pending"]:
        pending = tr_n(
            "No drift; {n} group not applied yet", "No drift; {n} groups not applied yet", count["pending"]
        )
        return pending, STATUSES["pending"]
    if not drift.in_sync:
        return tr("No drift, but what is on hold differs"), STATUSES["held"]
    return tr("In sync: everything is as the manifests say"), STATUSES["in_sync"]


def _summary(count: Counter[str], unmanaged: int) -> Summary:
    """Groups by status."""
    others = [key for key in (*STATUSES, "unmanaged") if key not in ("drifted", "in_sync")]
    found = [words.GROUPS["in_sync"](count["in_sync"])]
    found += words.of_groups(count | Counter(unmanaged=unmanaged), others)
    return Summary(words.GROUPS["drifted"](count["drifted"]), f" · {' · '.join(found)}.")


def _entry(group: GroupDrift, redactor: Redactor) -> Entry:
    commands = []
    if (restore := _restore(group)) is not None:
        label = tr("restore") if group.status == "drifted" else tr_p("a command's label", "apply")
        commands.append(Command(label, restore))
    if (accept := _accept(group)) is not None:
        commands.append(Command(tr("keep"), accept))
    notes = tuple(map(redactor.note, group.notes))
    if group.id is None and group.status == "pending":
        notes = (tr("there is no such group yet"), *notes)
    return Entry(
        name=group.name,
        status=STATUSES[group.status],
        id="" if group.id is None else redactor.group_id(group.id),
        subject=redactor.untrusted(group.subject or ""),
        file=group.location.file if group.location else "",
        line=next((field.line for field in group.fields if field.line), group.location.line)
        if group.location
        else 0,
        aside=words.first_seen(group.since),
        columns=COLUMNS,
        fields=tuple(_field(field, group, redactor) for field in group.fields),
        notes=notes,
        commands=tuple(commands),
    )


def _restore(group: GroupDrift) -> str | None:
    """The command that makes the group as its manifest says, where one would."""
    return f"reconciler apply --target {group.name}" if group.status in _RESTORABLE else None


def _accept(group: GroupDrift) -> str | None:
    """The command that puts a live value into the manifest, where there is one that could go there."""
    acceptable = any(field.drifts and accepted_as(field.field) for field in group.fields)
    return f"reconciler accept {group.name}" if acceptable else None


def _field(field: FieldDrift, group: GroupDrift, redactor: Redactor) -> Field:
    said, tone = CAUSES[field.cause]
    absent = group.id is None  # which its status says, and of its fields there is no more to say
    name = "link" if field.field == "link_version" else field.field.rpartition(".")[2]
    label = _label(field, redactor)
    several = len({each.cause for each in field.people}) > 1
    return Field(
        key=name,
        label=words.LABELS[name],
        said="" if absent else said,
        tone=tone,
        since=words.first_seen(field.since),
        values=_values(field, group, redactor, label),
        people=tuple(_person(each, label, several=several) for each in field.people),
    )


def _person(person: PersonDrift, label: Label, *, several: bool) -> Person:
    """Return one person who differs: what happened, with its sign, and then what an apply would do. Where it
    is not known that anything happened, the sign is that of the apply."""
    gains = person.change == "promote"
    outside = person.cause == "edited_outside"
    said = (
        [words.DONE_OUTSIDE[_KINDS[person.change]]]
        if outside
        else [CAUSES[person.cause][0]]
        if several
        else []
    )
    said += [person.reason] if person.has_left else []
    said.append(_TO_BE[person.change])
    return Person("+" if gains != outside else "-", label(person.wa_id), ", ".join(map(tr, said)))


def _values(
    field: FieldDrift, group: GroupDrift, redactor: Redactor, label: Label
) -> tuple[Value, Value, Value]:
    """Return a field as last applied, as live and as desired."""
    desired, last, live = (
        _value(value, field.field, redactor, label)
        for value in (field.desired, field.last_applied, field.live)
    )
    if field.field == "ensure":
        last = Value(empty=tr("not recorded"))
    elif not field.recorded:
        last = Value(empty=tr("nothing on record") if field.cause == "unknown" else tr("not managed then"))
    if group.id is None:
        live = words.NO_GROUP
    elif field.field == "link_version":
        live = _LINK_NOT_KNOWN
    return last, live, desired


def _value(value: FieldValue, field: FieldName, redactor: Redactor, label: Label) -> Value:
    name = next((name for name, found in FIELD_OF.items() if found == field), None)
    if name is not None and isinstance(value, str | bool):
        return words.value(name, value, redactor)
    match value:
        case None:
            return words.NO_PICTURE if field == "icon" else Value(empty=tr("not managed"))
        case int():
            return Value(text=tr("version {number}", number=value))
        case str():
            return Value(text=tr(_ENSURE[value]))
        case tuple():
            return Value(people=tuple(sorted(map(label, value))), empty=tr("nobody"))
        case Icon() | LiveIcon() | IconRecord():
            picture = _picture(value)
            return words.NO_PICTURE if picture is None else Value(picture=picture)
        case _:
            assert_never(value)


def _picture(value: Icon | LiveIcon | IconRecord) -> Picture | None:
    match value:
        case Icon():
            return words.file_picture(value)
        case LiveIcon():
            return words.seen_picture(value)
        case IconRecord():
            if not value.source:
                return None
            return Picture(of="applied", sha256=value.source, size=value.length, served=value.served or None)
        case _:
            assert_never(value)


def _label(field: FieldDrift, redactor: Redactor) -> Label:
    """Return how the people of one field are called; a record names them by alias where they have one."""
    named = (field.desired, field.last_applied, field.live)
    refs = [ref for value in named if isinstance(value, tuple) for ref in value]
    label = labels(redactor, filter(number.is_wa_id, refs))
    return lambda ref: label(ref) if number.is_wa_id(ref) else redactor.untrusted(ref)


# --- plain data: `drift` in `schemas/` --------------------------------------------------------------------


def data(drift: Drift, redactor: Redactor) -> Data:
    """Return the JSON document of a drift, as `drift` in `schemas/` says."""
    count = Counter[str](group.status for group in drift.groups)
    summary = ("in_sync", "drifted", "pending", "missing", "blocked", "held", "unreadable")
    return {
        "format_version": 1,
        "kind": "drift",
        "in_sync": drift.in_sync,
        "complete": drift.complete,
        "summary": {**{key: count[key] for key in summary}, "unmanaged": len(drift.unmanaged)},
        "groups": [_data_of_group(group, redactor) for group in drift.groups],
        "unmanaged": [words.data_of_unmanaged(found, redactor) for found in drift.unmanaged],
        "notes": [redactor.note(note) for note in drift.notes],
    }


def _data_of_group(group: GroupDrift, redactor: Redactor) -> Data:
    commands = {"restore": _restore(group), "accept": _accept(group)}
    found: Data = {
        "name": group.name,
        "id": None if group.id is None else redactor.group_id(group.id),
        "status": group.status,
        "fields": [_data_of_field(field, redactor) for field in group.fields],
        "manifest": words.data_of_manifest(group.location),
        "notes": [redactor.note(note) for note in group.notes],
        "commands": {name: command for name, command in commands.items() if command is not None},
    }
    if group.since is not None:
        found["since"] = words.data_of_time(group.since)
    return found


def _data_of_field(field: FieldDrift, redactor: Redactor) -> Data:
    label = _label(field, redactor)
    found: Data = {
        "field": field.field,
        "desired": _data_of_value(field.desired, redactor, label),
        "last_applied": _data_of_value(field.last_applied, redactor, label),
        "live": _data_of_value(field.live, redactor, label),
        "cause": field.cause,
    }
    if field.people:
        found["people"] = [
            {
                "person": label(each.wa_id),
                "change": each.change,
                "reason": each.reason,
                "cause": each.cause,
            }
            for each in field.people
        ]
    if field.line:
        found["line"] = field.line
    if field.since is not None:
        found["since"] = words.data_of_time(field.since)
    return found


def _data_of_value(value: FieldValue, redactor: Redactor, label: Label) -> Any:
    match value:
        case None | int():
            return value
        case str():
            return redactor.untrusted(value) or None
        case tuple():
            return sorted(map(label, value))
        case Icon() | LiveIcon() | IconRecord():
            picture = _picture(value)
            return words.data_of_picture(picture)
        case _:
            assert_never(value)


# --- the table --------------------------------------------------------------------------------------------


def rows(found: Data) -> Rows:
    """Return a row a field that differs, and of people a row a person; a group without one has a row too.

    Columns are a contract, and taken from the JSON data.
    """
    columns = (
        "group", "status", "field", "cause", "desired", "last_applied", "live", "person", "change", "since",
        "file", "line", "notes",
    )  # fmt: skip
    return Rows(
        columns,
        tuple(
            (group["name"], group["status"], *cells, *words.declared(group, field), " ".join(group["notes"]))
            for group in found["groups"]
            for field in group["fields"] or (None,)
            for cells in _cells(field, group)
        ),
    )


def _cells(field: Data | None, group: Data) -> Iterator[tuple[Cell, ...]]:
    since = (field or {}).get("since", group.get("since", ""))
    if field is None:
        yield ("", "", "", "", "", "", "", since)
        return
    values = tuple(words.in_a_cell(field[column]) for column in ("desired", "last_applied", "live"))
    if "people" not in field:
        yield (field["field"], field["cause"], *values, "", "", since)
    for each in field.get("people", ()):
        yield (field["field"], each["cause"], *values, each["person"], each["change"], since)
