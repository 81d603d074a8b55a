"""What the sandbox knows of a group, as frozen data. No rules and no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
