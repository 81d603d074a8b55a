"""Messages to people: what is about to be sent to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reconciler.model.desired import Person
from reconciler.model.invitation import Invitations
from reconciler.model.live import Problem

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
