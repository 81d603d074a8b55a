"""A manifest as its author wrote it: every key of the document, before defaults and contacts apply.

This is the list of a group's fields. A new field begins here; `docs/architecture.md` has its way, and tests
walk the fields and name the place that was missed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum
from typing import Literal, get_args

from reconciler.errors import Location

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


def is_name(text: str) -> bool:
    """Whether a group may have this name: the pattern of `name` in `schemas/group.schema.json`."""
    return _NAME.fullmatch(text) is not None


Permission = Literal["send_messages", "edit_info", "add_members", "approve_members"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
"""What may be asked of a group's members: "admins" or "everyone" may do it; `approve_members`: whether admins
have to approve of whoever joins."""

ValueName = Literal["subject", "description", "send_messages", "edit_info", "add_members", "approve_members"]
VALUES: tuple[ValueName, ...] = get_args(ValueName)
"""The fields of a group that are one text or one choice, in the order in which they are changed."""

Value = str | bool
"""A subject; a description, "" for none; "admins" or "everyone", or true or false, for a permission."""


def values_of(
    subject: str | None, description: str | None, permissions: Mapping[Permission, Value]
) -> dict[ValueName, Value]:
    """Return those values of a group that are not None, in the order in which they are changed."""
    found: dict[ValueName, Value] = {} if subject is None else {"subject": subject}
    if description is not None:
        found["description"] = description
    for name in PERMISSIONS:
        if name in permissions:
            found[name] = permissions[name]
    return found


Join = Literal["invite", "add"]
"""What becomes of somebody who is wanted and missing: reported for a link, or added by an apply."""


class Unset(Enum):
    """The value of a key that is not in the document, where null means something else."""

    UNSET = "unset"


UNSET = Unset.UNSET


class Ensure(StrEnum):
    """What should become of the group. LEFT and CLOSED are final."""

    PRESENT = "present"
    LEFT = "left"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Hold:
    """Read and reported, never written; not failing up to and including the day `until` (None: for good)."""

    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One document. A key that was left out is None (`icon` and `description`: UNSET, because null
    means "none").

    `admins` and `members` are as written: aliases, teams and numbers. `icon` is a path relative to the
    manifest's file. `location` is the document's first line; `locations` tells where each key's value
    stands, list items as `admins[0]`, keys in a mapping as `permissions.edit_info`.
    """

    name: str
    location: Location
    subject: str | None = None
    description: str | Unset | None = UNSET
    icon: str | Unset | None = UNSET
    permissions: Mapping[Permission, Value] | None = None
    join: Join | None = None
    admins: tuple[str, ...] | None = None
    members: tuple[str, ...] | None = None
    prune_members: bool | None = None
    link_version: int | None = None
    previously: tuple[str, ...] = ()
    id: str | None = None
    kind: str | None = None
    unmanaged: tuple[str, ...] = ()
    ensure: Ensure = Ensure.PRESENT
    hold: Hold | None = None
    locations: Mapping[str, Location] = field(default_factory=dict, compare=False, repr=False)

    def location_of(self, key: str) -> Location:
        """Where the value of `key` stands, or else the document."""
        return self.locations.get(key, self.location)
