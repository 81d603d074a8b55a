"""What the sandbox knows of a group, as frozen data. No rules and no I/O."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from reconciler.language import msg

INVITE_BASE = "https://chat.whatsapp.com/"


@dataclass(frozen=True, slots=True)
class Icon:
    """A stored picture: path on the CDN (new for every upload), media type, SHA-256 in hex, bytes."""

    path: str
    mime: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """The last segment of the path, such as ``groupIcon.jpeg``."""
        return self.path.rpartition("/")[2]


Who = Literal["everyone", "admins"]
Kind = Literal["group", "community", "announcements"]
REFUSALS = {
    401: msg("not allowed"),
    403: msg("by invitation only"),
    404: msg("no such number"),
    408: msg("left recently"),
    409: msg("in already"),
    417: msg("by invitation (community)"),
    419: msg("the group is full"),
    451: msg("no such number (451)"),
}
"""What adding a person can be answered, and what it means (API facts, codes per person)."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """Who may do what in a group, as a new one has it."""

    send_messages: Who = "everyone"
    edit_info: Who = "everyone"
    add_members: Who = "everyone"
    approve_members: bool = False
    """Whoever comes by the link waits until an admin says yes."""

    def changed(self, values: Mapping[str, Any]) -> Permissions:
        """These with other values. Raises ValueError for a name or a value that there is not."""
        for name, value in values.items():
            if name not in Permissions.__dataclass_fields__:
                raise ValueError(
                    f"{name[:40]} is no permission: {', '.join(Permissions.__dataclass_fields__)}"
                )
            good = isinstance(value, bool) if name == "approve_members" else value in get_args(Who)
            if not good:
                right = "true or false" if name == "approve_members" else " or ".join(get_args(Who))
                raise ValueError(f"{name}: {right}")
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who asked to join and waits for an admin's answer, since a Unix time."""

    number: str
    time: int


@dataclass(frozen=True, slots=True)
class Person:
    """What is special about a number. Raises ValueError for what is answered to nobody."""

    number: str
    refusal: int | None = None
    """What adding this person to a group is answered (`REFUSALS`); None: they come in."""
    registered: str | None = None
    """The number that WhatsApp knows the person under, where that is another one (no ninth digit)."""
    hidden: bool = False
    """Gateways list the person by the hidden id alone."""

    def __post_init__(self) -> None:
        if self.refusal is not None and self.refusal not in REFUSALS:
            raise ValueError(msg("refusal: one of {codes}, or nothing", codes=", ".join(map(str, REFUSALS))))
        if self.registered == self.number:
            raise ValueError(msg("registered: another number than the person's own"))


@functools.cache
def lid_of(number: str) -> str:
    """The hidden id of a number: 15 digits, always the same ones."""
    return str(10**14 + int(hashlib.sha256(f"lid {number}".encode()).hexdigest(), 16) % (9 * 10**14))


@dataclass(frozen=True, slots=True)
class Group:
    """One group at one moment. `participants` are in order of joining; `admins` are always among them."""

    id: str
    subject: str
    creator: str
    creation_time: int
    participants: tuple[str, ...]
    admins: tuple[str, ...]
    invite: str | None = None
    """Code of the present invite link, or None until somebody asks for one."""
    icon: Icon | None = None
    hidden: bool = False
    """Left out of the list of groups although it answers: what makes a list short."""
    description: str | None = None
    permissions: Permissions = Permissions()
    kind: Kind = "group"
    """``community`` is the parent of others, ``announcements`` its group for everybody."""
    parent: str | None = None
    """Id of the community that the group belongs to."""
    waiting: tuple[Waiting, ...] = ()
    leavers: tuple[str, ...] = ()
    """Who left on their own: they cannot be added again, only come back by the link."""

    @property
    def link(self) -> str | None:
        """The present invite link."""
        return None if self.invite is None else INVITE_BASE + self.invite


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation.

    `kind` is ``sent`` (by the account), ``received`` (from a person) or ``notice`` (what WhatsApp tells
    everybody in the group: `text` continues the sentence that begins with `sender`). `chat` is a group's id
    or a person's number.
    """

    n: int
    time: float
    kind: Literal["sent", "received", "notice"]
    chat: str
    sender: str
    text: str
    template: str | None = None
    """A template message's own JSON, as it was sent."""
    correlation_id: str | None = None
