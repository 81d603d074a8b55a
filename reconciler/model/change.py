"""Changes: one effect each, as data. The order in which they are made is planning's table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from reconciler.language import msg_p
from reconciler.model import number
from reconciler.model.desired import Icon, Person
from reconciler.model.group import Value, ValueName
from reconciler.model.live import LiveIcon

ChangeKind = Literal[
    "create_group",
    "adopt_group",
    "set_subject",
    "set_description",
    "set_icon",
    "remove_icon",
    "set_permission",
    "add_members",
    "promote",
    "demote",
    "revoke_link",
    "remove_participants",
    "leave_group",
]

PeopleKind = Literal["add_members", "promote", "demote", "remove_participants"]

KINDS: dict[ChangeKind, str] = {
    "create_group": msg_p("a change", "create_group"),
    "adopt_group": msg_p("a change", "adopt_group"),
    "set_subject": msg_p("a change", "set_subject"),
    "set_description": msg_p("a change", "set_description"),
    "set_icon": msg_p("a change", "set_icon"),
    "remove_icon": msg_p("a change", "remove_icon"),
    "set_permission": msg_p("a change", "set_permission"),
    "add_members": msg_p("a change", "add_members"),
    "promote": msg_p("a change", "promote"),
    "demote": msg_p("a change", "demote"),
    "revoke_link": msg_p("a change", "revoke_link"),
    "remove_participants": msg_p("a change", "remove_participants"),
    "leave_group": msg_p("a change", "leave_group"),
}
"""What a sentence calls each kind of change: in English, by its code."""


Cause = Literal["edited_outside", "not_applied", "both", "unknown"]
"""Who moved away from what was last applied: live (`edited_outside`), the files (`not_applied`), or `both`;
`unknown` where nothing is on record."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A participant a change is about: the id exactly as the server lists it, and why, where that helps;
    `has_left` where the contacts say that they have. `number` is theirs, where the id is none; the id of
    somebody who is to be added is the number that is wanted.

    `origin`, here and of the changes below, is who made the change necessary, None where nobody looked. It
    tells no two changes apart: they do the same.
    """

    wa_id: str
    reason: str = ""
    origin: Cause | None = field(default=None, compare=False)
    has_left: bool = field(default=False, compare=False)
    number: str | None = field(default=None, compare=False)

    @property
    def shown(self) -> str:
        """The number where it is known, else the id."""
        return self.number or self.wa_id

    @property
    def key(self) -> str:
        """The number key; of somebody *unidentified* the id."""
        return number.key(self.shown)


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """A group that does not exist yet."""

    subject: str
    kind: ClassVar[ChangeKind] = "create_group"
    key: ClassVar[str] = "create_group"


@dataclass(frozen=True, slots=True)
class AdoptGroup:
    """Bookkeeping: a live group was found for a name. `was` is the name it was bound to before; `loosely`:
    it has another form of the subject by which it was found."""

    id: str
    found_by: Literal["id", "state", "create", "subject", "previously"]
    was: str | None = None
    loosely: bool = False
    kind: ClassVar[ChangeKind] = "adopt_group"
    key: ClassVar[str] = "adopt_group"


@dataclass(frozen=True, slots=True)
class SetValue:
    """A text or a permission of a group gets another value; None before: it is not known."""

    name: ValueName
    before: Value | None
    after: Value
    origin: Cause | None = field(default=None, compare=False)

    @property
    def kind(self) -> ChangeKind:
        match self.name:
            case "subject":
                return "set_subject"
            case "description":
                return "set_description"
            case _:
                return "set_permission"

    @property
    def setting(self) -> str | None:
        """The permission, where it is one."""
        return self.name if self.kind == "set_permission" else None

    @property
    def key(self) -> str:
        """The text by which changes of one group are told apart."""
        return f"set_{self.name}"


@dataclass(frozen=True, slots=True)
class SetIcon:
    """`before` None: a group that is only being created. `after` None: the icon is removed."""

    before: LiveIcon | None
    after: Icon | None
    origin: Cause | None = field(default=None, compare=False)

    @property
    def kind(self) -> ChangeKind:
        return "remove_icon" if self.after is None else "set_icon"

    @property
    def key(self) -> str:
        """The text by which changes of one group are told apart."""
        return self.kind


@dataclass(frozen=True, slots=True)
class ChangePeople:
    """Something is done to people, each of whom counts."""

    kind: PeopleKind
    people: tuple[Affected, ...]

    @property
    def key(self) -> str:
        """The text by which changes of one group are told apart."""
        return self.kind


@dataclass(frozen=True, slots=True)
class RevokeLink:
    """`before` and `after` are link versions; None before: a group that is being closed."""

    before: int | None
    after: int | None
    kind: ClassVar[ChangeKind] = "revoke_link"
    key: ClassVar[str] = "revoke_link"


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """The account leaves the group."""

    kind: ClassVar[ChangeKind] = "leave_group"
    key: ClassVar[str] = "leave_group"


Change = CreateGroup | AdoptGroup | SetValue | SetIcon | ChangePeople | RevokeLink | LeaveGroup


@dataclass(frozen=True, slots=True)
class Invite:
    """Somebody who should be in the group and is not, and who is asked to join by its link. `maybe`: they may
    be in it already, under a number that the service hides."""

    person: Person
    role: Literal["admin", "member"]
    maybe: bool = False
