"""Changes: one API effect each, as data. The order in which they are made is planning's table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from reconciler.model.desired import Icon, Person
from reconciler.model.live import LiveIcon

ChangeKind = Literal[
    "create_group",
    "adopt_group",
    "set_subject",
    "set_icon",
    "remove_icon",
    "promote",
    "demote",
    "revoke_link",
    "remove_participants",
    "leave_group",
]


Cause = Literal["edited_outside", "not_applied", "both", "unknown"]
"""Who moved away from what was last applied: live (`edited_outside`), the files (`not_applied`), or `both`;
`unknown` where nothing is on record."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A participant a change is about: the id exactly as the server lists it, and why, where that helps;
    `has_left` where the contacts say that they have.

    `origin`, here and of the changes below, is who made the change necessary, None where nobody looked. It
    tells no two changes apart: they do the same.
    """

    wa_id: str
    reason: str = ""
    origin: Cause | None = field(default=None, compare=False)
    has_left: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class CreateGroup:
    subject: str
    kind: ClassVar[ChangeKind] = "create_group"


@dataclass(frozen=True, slots=True)
class AdoptGroup:
    """Bookkeeping: a live group was found for a name. `was` is the name it was bound to before; `loosely`:
    it has another form of the subject by which it was found."""

    id: str
    found_by: Literal["id", "state", "create", "subject", "previously"]
    was: str | None = None
    loosely: bool = False
    kind: ClassVar[ChangeKind] = "adopt_group"


@dataclass(frozen=True, slots=True)
class SetSubject:
    before: str
    after: str
    origin: Cause | None = field(default=None, compare=False)
    kind: ClassVar[ChangeKind] = "set_subject"


@dataclass(frozen=True, slots=True)
class SetIcon:
    """`before` None: a group that is only being created."""

    before: LiveIcon | None
    after: Icon
    origin: Cause | None = field(default=None, compare=False)
    kind: ClassVar[ChangeKind] = "set_icon"


@dataclass(frozen=True, slots=True)
class RemoveIcon:
    before: LiveIcon
    origin: Cause | None = field(default=None, compare=False)
    kind: ClassVar[ChangeKind] = "remove_icon"


@dataclass(frozen=True, slots=True)
class Promote:
    people: tuple[Affected, ...]
    kind: ClassVar[ChangeKind] = "promote"


@dataclass(frozen=True, slots=True)
class Demote:
    people: tuple[Affected, ...]
    kind: ClassVar[ChangeKind] = "demote"


@dataclass(frozen=True, slots=True)
class RevokeLink:
    """`before` and `after` are link versions; None before: a group that is being closed."""

    before: int | None
    after: int | None
    kind: ClassVar[ChangeKind] = "revoke_link"


@dataclass(frozen=True, slots=True)
class RemoveParticipants:
    people: tuple[Affected, ...]
    kind: ClassVar[ChangeKind] = "remove_participants"


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    kind: ClassVar[ChangeKind] = "leave_group"


Change = (
    CreateGroup
    | AdoptGroup
    | SetSubject
    | SetIcon
    | RemoveIcon
    | Promote
    | Demote
    | RevokeLink
    | RemoveParticipants
    | LeaveGroup
)


@dataclass(frozen=True, slots=True)
class Invite:
    """Somebody who should be in the group and is not: no change, because the API cannot add people."""

    person: Person
    role: Literal["admin", "member"]
