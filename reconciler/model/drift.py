"""Drift: how the live groups differ from the manifests, and whether that came from outside, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reconciler.errors import Location
from reconciler.model.change import Cause
from reconciler.model.desired import Icon
from reconciler.model.group import Value, ValueName
from reconciler.model.live import LiveIcon
from reconciler.model.plan import Note, Unmanaged
from reconciler.model.record import IconRecord

DriftStatus = Literal["drifted", "missing", "blocked", "unreadable", "pending", "held", "in_sync"]

FieldName = Literal[
    "ensure",
    "admins",
    "members",
    "link_version",
    "permissions.approve_members",
    "permissions.add_members",
    "permissions.edit_info",
    "permissions.send_messages",
    "subject",
    "description",
    "icon",
]
"""Access before looks: who may let others in and put them out comes first."""

FIELD_OF: Mapping[ValueName, FieldName] = {
    "subject": "subject",
    "description": "description",
    "send_messages": "permissions.send_messages",
    "edit_info": "permissions.edit_info",
    "add_members": "permissions.add_members",
    "approve_members": "permissions.approve_members",
}

FieldValue = Value | int | tuple[str, ...] | Icon | LiveIcon | IconRecord | None
"""A text, a permission, a link version, people (digits; of a record also aliases), a picture as wanted, as
served, or as recorded. None: not managed, not on record, not known, or no group yet."""

History = Mapping[str, Mapping[str, datetime]]
"""When each drift was first seen: name → field, `missing` or `blocked` → UTC."""


@dataclass(frozen=True, slots=True)
class PersonDrift:
    """One participant who differs: what an apply would do, why, and who moved. `wa_id` is as listed, or the
    number that is known of them;
    `has_left` as in `change.Affected`."""

    wa_id: str
    change: Literal["promote", "demote", "remove"]
    reason: str
    cause: Cause
    has_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDrift:
    """One field whose live value is not the desired one. `people` says who, for `admins` and `members`.

    `recorded` tells whether anything is on record of the field, because None can mean "no icon" as well.
    `since` is when this drift was first seen (UTC), where a history is kept. `line` is where the field stands
    in the group's file; 0: nowhere, as it comes from the configuration, or not looked up.
    """

    field: FieldName
    desired: FieldValue
    last_applied: FieldValue
    live: FieldValue
    cause: Cause
    recorded: bool = True
    people: tuple[PersonDrift, ...] = ()
    since: datetime | None = None
    line: int = 0

    @property
    def drifts(self) -> bool:
        """Whether this is, or may be, more than a change of the files that is not applied yet."""
        return self.cause != "not_applied"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDrift:
    """One manifest's group, with the subject that it is to have. `as_wanted` is whether nothing at all is
    known to differ, which can be true of a group on hold; `since` is when it was first seen missing or
    blocked."""

    name: str
    status: DriftStatus
    id: str | None = None
    subject: str | None = None
    location: Location | None = None
    fields: tuple[FieldDrift, ...] = ()
    notes: tuple[Note, ...] = ()
    as_wanted: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Every manifest's group, what matters most first, and whether all that had to be read was read."""

    groups: tuple[GroupDrift, ...]
    unmanaged: tuple[Unmanaged, ...] = ()
    notes: tuple[Note, ...] = ()
    complete: bool = True

    @property
    def in_sync(self) -> bool:
        """Whether everything was read, and nothing differs or is in the way."""
        return self.complete and all(group.as_wanted for group in self.groups)
