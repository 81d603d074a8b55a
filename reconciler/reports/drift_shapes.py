"""The shape of a drift's view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.drift import Cause, DriftStatus, FieldName
    from reconciler.reports.shapes import PictureView, UnmanagedView


@dataclass(frozen=True, slots=True)
class PersonDriftView:
    """Somebody who differs: what an apply would do, why, and who moved."""

    who: str
    change: Literal["promote", "demote", "remove"]
    reason: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDriftView:
    """One field that differs. People are sorted labels; `recorded` tells whether `last_applied` is known."""

    field: FieldName
    desired: str | int | tuple[str, ...] | PictureView | None
    last_applied: str | int | tuple[str, ...] | PictureView | None
    live: str | int | tuple[str, ...] | PictureView | None
    cause: Cause
    recorded: bool
    people: tuple[PersonDriftView, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDriftView:
    """`restore` is the command that makes the group as its manifest says, where one would."""

    name: str
    id: str | None
    file: str | None
    line: int | None
    status: DriftStatus
    fields: tuple[FieldDriftView, ...]
    notes: tuple[str, ...]
    restore: str | None = None
    accept: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSummary:
    """Groups by status, and live groups without a manifest."""

    in_sync: int
    drifted: int
    pending: int
    missing: int
    blocked: int
    held: int
    unreadable: int
    unmanaged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftView:
    in_sync: bool
    complete: bool
    summary: DriftSummary
    groups: tuple[GroupDriftView, ...]
    unmanaged: tuple[UnmanagedView, ...]
    notes: tuple[str, ...]
