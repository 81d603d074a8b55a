"""Who has yet to join which group, and the link that lets them in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reconciler.model.change import Invite
from reconciler.model.live import Problem
from reconciler.model.plan import Note
from reconciler.model.record import Revoking, Sent

InviteStatus = Literal["ready", "failed", "revoke", "create", "blocked", "held", "missing", "unreadable"]


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody to invite. `left`: they were in the group before, and have left it since; `since`: when they
    were first seen to be missing; `sent`: what is on record of messages with this group's link, `reset` where
    they were sent another link than the present one."""

    invite: Invite
    left: bool = False
    since: datetime | None = None
    sent: Sent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInvites:
    """One group that waits for somebody.

    `ready`: the link can be asked for, and stands in `link` once it was; `failed`: it was asked for, and
    `problem` says why there is none; `revoke`: the present link is about to end, so nobody is to get it.
    In the others nobody can be invited yet, and `notes` say why. Where the group is not known (`missing`,
    `unreadable`, some that are `blocked` or `held`), so is who is in it, and `people` is empty. `subject` is
    the live one; `title`, which goes into messages, that of the manifest where it says one. `recorded`: the
    name is bound to this group in state; `revoking`: a revoke of which state knows the beginning alone.
    """

    name: str
    status: InviteStatus
    id: str | None = None
    subject: str | None = None
    title: str | None = None
    recorded: bool = False
    revoking: Revoking | None = None
    link: str | None = None
    people: tuple[Invitee, ...] = ()
    notes: tuple[Note, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """All groups that wait for somebody, by name. `left_out`: how many joined, left and are not named for
    that; `all_read`: everything that had to be read was read."""

    groups: tuple[GroupInvites, ...]
    left_out: int = 0
    all_read: bool = True
    notes: tuple[Note, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything was read, and every link that was asked for came."""
        return self.all_read and all(group.status != "failed" for group in self.groups)
