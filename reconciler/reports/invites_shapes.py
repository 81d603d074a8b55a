"""The shape of the view of invitations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.messages import InviteStatus


@dataclass(frozen=True, slots=True)
class SentView:
    """When somebody was last sent a link, and how many times; `status` as in `model.record.Sent`."""

    at: datetime
    times: int
    status: str


@dataclass(frozen=True, slots=True)
class InviteeView:
    """Somebody to invite: the full number with its `+`; `left` where they joined before and have left;
    `since` when they are known to be missing; `sent` where a link was sent."""

    number: str
    contact: str | None
    name: str | None
    role: Literal["admin", "member"]
    left: bool = False
    since: datetime | None = None
    sent: SentView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInvitesView:
    """One group with the whole link, None where `status` is not `ready`, and then `notes` say why."""

    name: str
    id: str | None
    subject: str | None
    status: InviteStatus
    link: str | None
    people: tuple[InviteeView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitesSummary:
    """`people` to invite to `groups` that have a link; `without_link`: groups that have none; `left_out`: how
    often somebody joined a group, left it, and is not named for that."""

    people: int
    groups: int
    without_link: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitesView:
    """`all_read` is False where not everything that had to be read was read, `complete` also where a link
    could not be had."""

    complete: bool
    all_read: bool
    summary: InvitesSummary
    groups: tuple[GroupInvitesView, ...]
    notes: tuple[str, ...]
