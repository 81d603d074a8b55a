"""The people side: who has yet to join and the link that lets them in, what is sent to whom and what became
of it, and what a webhook told us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from reconciler.errors import Problem
from reconciler.model.change import Invite
from reconciler.model.desired import Person
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


DeliveryStatus = Literal["sent", "skipped", "failed", "unknown"]
UnknownPolicy = Literal["hold", "resend", "received"]
"""What becomes of people of whose last message nobody knows whether it arrived: they are left alone and
named, are sent it again, or are counted as having received it."""

RotationStatus = Literal["done", "skipped", "failed", "unknown"]

MOST_TEXT = 4096
"""Characters of a text that WhatsApp takes."""

LIMITS = frozenset({"not_due", "max_sends", "per_person", "budget", "create", "revoke", "held", "unrecorded"})
"""Codes of reasons to skip somebody for now that are no failure: nothing went wrong, it is not their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one person, with the links of `groups` (names), whose digests are `links`. `ref` is how
    state calls the person; of the groups in `again` the last message had an unclear end, and this one takes
    its place; of those in `renewed` they were sent another link before. `body` is as the API takes it."""

    person: Person
    ref: str
    groups: tuple[str, ...]
    body: Mapping[str, object]
    links: Mapping[str, str]
    again: frozenset[str] = frozenset()
    renewed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of the links of `groups` (names) for one person. `failed`: they surely got nothing;
    `unknown`: nobody knows. `message` is the correlation id under which it was last sent; `renewed` those of
    the groups for which they were due because the link that they had been sent is no longer the group's."""

    person: Person
    groups: tuple[str, ...]
    status: DeliveryStatus
    problem: Problem | None = None
    message: str = ""
    renewed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A run that sends invitations: `found` are the groups that wait, `deliveries` one entry a message and
    one for whoever got none. `refused` says why nothing was begun, `unsaved` why the state could not be
    written."""

    found: Invitations
    deliveries: tuple[Delivery, ...]
    refused: Problem | None = None
    unsaved: Problem | None = None
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything was read, and what was done is on record."""
        return self.found.complete and self.unsaved is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What became of the link of one group. `unknown`: it may have been revoked or not. `pending`: how many
    people were sent the old link and are due again. `earlier`: an earlier run had revoked it, and this one
    sent nothing."""

    name: str
    id: str
    status: RotationStatus
    pending: int = 0
    problem: Problem | None = None
    earlier: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotations:
    """A run that revokes links. `unsaved` says why the state could not be written."""

    groups: tuple[Rotation, ...]
    unsaved: Problem | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDelivery:
    """What became of one message to a group. `people` are its participants but for the account; `message_id`
    is the API's."""

    name: str
    id: str
    subject: str
    people: int
    status: DeliveryStatus
    problem: Problem | None = None
    message_id: str | None = None
    interrupted: bool = False


DeliveryStage = Literal["read", "delivered", "sent", "not_sent"]
AwaitedRole = Literal["admin", "member"]


@dataclass(frozen=True, slots=True)
class EntryPosition:
    """Where an entry stands: line of the file and entry of the body, from 1; entry 0 is the body itself."""

    line: int = 1
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What every readable entry has. `at` is when it was received, UTC. `extra` are the entry's fields that
    have no name here, those of its message under `message`; `envelope` the body's."""

    place: EntryPosition
    id: str | None = None
    at: datetime | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    envelope: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessage(_Entry):
    """Somebody wrote to the account itself. `sender` is a wa_id; `text` None for what is no text."""

    sender: str
    type: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMessage(_Entry):
    """Somebody wrote in a group. Answer in the group or not at all: a direct answer may cost a template.

    Fields as in `DirectMessage`.
    """

    sender: str
    group_id: str
    type: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStatus(_Entry):
    """What became of a message of ours. `recipient` is a wa_id or a group's id; `at` the last update."""

    delivery: DeliveryStage
    recipient: str | None = None
    correlation_id: str | None = None


ParticipantChange = Literal["join", "leave", "promote", "demote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantEvent(_Entry):
    """Somebody joined a group or left it, became admin or ceased to be one. `person`: digits, None for
    somebody whose number is hidden."""

    group_id: str
    change: ParticipantChange
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(_Entry):
    """Something else that a gateway tells; nothing is done about it."""

    event: str
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry, or a whole body, that is not what a webhook sends. `reason` quotes nothing of it."""

    place: EntryPosition
    reason: str


Inbound = GroupMessage | DirectMessage | MessageStatus | ParticipantEvent | OtherEvent | Unreadable


@dataclass(frozen=True, slots=True)
class Match:
    """A record and what it means here: the name of the group it comes from, where that is known, and as what
    the sender was awaited there."""

    record: Inbound
    name: str | None = None
    role: AwaitedRole | None = None
