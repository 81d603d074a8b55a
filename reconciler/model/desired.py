"""What the manifests, contacts and defaults say together: the groups as they should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from reconciler.errors import Complaint, Location
from reconciler.model import number
from reconciler.model.group import Ensure, Hold, Join, Permission, Value, ValueName, values_of


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in contacts or, without an alias, by a number in a manifest.

    `numbers` are digits, `lids` the ids under which a service lists them that hides numbers. The first number
    is wanted; the others keep their place until the first has joined and, where due, is admin. From the day
    `left` on the person is demoted and removed in every managed group.
    """

    numbers: tuple[str, ...]
    alias: str | None = None
    name: str | None = None
    left: date | None = None
    location: Location | None = field(default=None, compare=False)
    lids: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The key of the number that is wanted."""
        return number.key(self.numbers[0])

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all numbers."""
        return frozenset(number.key(digits) for digits in self.numbers)

    @property
    def ref(self) -> str:
        """How state and manifests name this person: the alias, else the digits."""
        return self.alias or self.numbers[0]


@dataclass(frozen=True, slots=True)
class Icon:
    """A picture that was opened and checked. `path` is relative to the root; `size` is in bytes."""

    path: str
    sha256: str
    mime: str
    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True)
class DesiredIcon:
    """An icon that is managed; no picture means that the group should have none."""

    picture: Icon | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredGroup:
    """A group as it should be. None in a field means that the field is not managed, never "empty".

    `admins` and `members` are deduplicated, in the order written. `subject` and `description` are NFC and
    trimmed; a description of "" is none. `permissions` are those that are managed.
    """

    name: str
    location: Location
    subject: str | None = None
    icon: DesiredIcon | None = None
    admins: tuple[Person, ...] | None = None
    members: tuple[Person, ...] | None = None
    prune_members: bool = False
    link_version: int | None = None
    description: str | None = None
    permissions: Mapping[Permission, Value] = field(default_factory=dict)
    join: Join = "invite"
    previously: tuple[str, ...] = ()
    id: str | None = None
    kind: str | None = None
    ensure: Ensure = Ensure.PRESENT
    hold: Hold | None = None

    def values(self) -> dict[ValueName, Value]:
        """Return the texts and permissions that are managed."""
        return values_of(self.subject, self.description, self.permissions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """Everything the files say, checked. `groups` are sorted by name; `warnings` never fail a run.

    `people` are all contacts, `leavers` those of them whose day has come.
    """

    groups: tuple[DesiredGroup, ...]
    people: tuple[Person, ...] = ()
    leavers: tuple[Person, ...] = ()
    warnings: tuple[Complaint, ...] = ()

    def aliases(self) -> Mapping[str, str]:
        """Number key, or hidden id, → alias, over all of all contacts."""
        return {
            key: person.alias
            for person in self.people
            if person.alias
            for key in (*person.keys, *person.lids)
        }
