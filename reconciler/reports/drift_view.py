"""The redacted view of a drift: who is called what, and what may be shown, is `view.Book`'s to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, assert_never

from reconciler.model import number
from reconciler.model.acceptance import ACCEPT_FIELDS
from reconciler.model.desired import Icon
from reconciler.model.live import LiveIcon
from reconciler.model.record import IconRecord
from reconciler.reports.change_view import file_picture, seen_picture
from reconciler.reports.drift_shapes import (
    DriftSummary,
    DriftView,
    FieldDriftView,
    GroupDriftView,
    PersonDriftView,
)
from reconciler.reports.shapes import PictureView, UnmanagedView
from reconciler.reports.view import Book, labels

if TYPE_CHECKING:
    from reconciler.model.drift import Drift, DriftStatus, FieldDrift, FieldValue, GroupDrift

_RESTORABLE: tuple[DriftStatus, ...] = ("drifted", "pending")


def drift_view(drift: Drift, book: Book) -> DriftView:
    """The view of a drift, group by group in its order."""
    count = Counter(group.status for group in drift.groups)
    return DriftView(
        in_sync=drift.in_sync,
        complete=drift.complete,
        summary=DriftSummary(
            in_sync=count["in_sync"],
            drifted=count["drifted"],
            pending=count["pending"],
            missing=count["missing"],
            blocked=count["blocked"],
            held=count["held"],
            unreadable=count["unreadable"],
            unmanaged=len(drift.unmanaged),
        ),
        groups=tuple(_group(group, book) for group in drift.groups),
        unmanaged=tuple(
            UnmanagedView(
                book.group_id(found.id), None if found.subject is None else book.outsider(found.subject)
            )
            for found in drift.unmanaged
        ),
        notes=tuple(map(book.note, drift.notes)),
    )


def _group(group: GroupDrift, book: Book) -> GroupDriftView:
    return GroupDriftView(
        name=group.name,
        id=None if group.id is None else book.group_id(group.id),
        file=group.mark.file if group.mark else None,
        line=group.mark.line if group.mark else None,
        status=group.status,
        fields=tuple(_field(field, book) for field in group.fields),
        notes=tuple(map(book.note, group.notes)),
        restore=f"reconciler apply --target {group.name}" if group.status in _RESTORABLE else None,
        accept=f"reconciler accept {group.name}" if _acceptable(group) else None,
        since=group.since,
    )


def _acceptable(group: GroupDrift) -> bool:
    """Whether there is a live value that could go into the manifest instead."""
    return any(field.drifts and field.field in ACCEPT_FIELDS for field in group.fields)


def _field(field: FieldDrift, book: Book) -> FieldDriftView:
    label = _label(field, book)
    return FieldDriftView(
        field=field.field,
        desired=_value(field.desired, book, label),
        last_applied=_value(field.last_applied, book, label),
        live=_value(field.live, book, label),
        cause=field.cause,
        recorded=field.recorded,
        people=tuple(
            PersonDriftView(label(person.wa_id), person.change, person.reason, person.cause)
            for person in field.people
        ),
        since=field.since,
    )


def _label(field: FieldDrift, book: Book) -> Callable[[str], str]:
    """What to call the people of one field; a record names them by alias where they have one."""
    named = (field.desired, field.last_applied, field.live)
    refs = [ref for value in named if isinstance(value, tuple) for ref in value]
    label = labels(book, filter(number.is_wa_id, refs))
    return lambda ref: label(ref) if number.is_wa_id(ref) else book.outsider(ref)


def _value(
    value: FieldValue, book: Book, label: Callable[[str], str]
) -> str | int | tuple[str, ...] | PictureView | None:
    match value:
        case None | int():
            return value
        case str():
            return book.outsider(value)
        case tuple():
            return tuple(sorted(map(label, value)))
        case Icon():
            return file_picture(value)
        case LiveIcon():
            return seen_picture(value)
        case IconRecord():
            if not value.source:
                return None
            return PictureView(sha256=value.source, size=value.length, served=value.served or None)
        case _:
            assert_never(value)
