"""The shapes of the views of what was sent, and of links that were revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.messages import DeliveryStatus, RotationStatus
    from reconciler.reports.shapes import ProblemView


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """What became of the links of `groups` for one person. `message` is the id under which it was sent, ""
    for none. `nth` tells people apart who look the same when masked: it is one number a person. `new_link`:
    the groups for which they were due because they had been sent a link that works no more."""

    person: str
    nth: int
    groups: tuple[str, ...]
    status: DeliveryStatus
    problem: ProblemView | None
    message: str = ""
    new_link: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingSummary:
    """Messages, or for who got none, people and reasons; `without_link`: groups that have no link."""

    sent: int
    skipped: int
    failed: int
    unknown: int
    without_link: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingView:
    complete: bool
    interrupted: bool
    summary: SendingSummary
    people: tuple[DeliveryView, ...]
    refused: ProblemView | None
    unsaved: ProblemView | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LettersView:
    """What is about to be sent: (person, groups, of these those whose link they had is dead) for each, to how
    many people (masked, two may look the same), and how many are left out."""

    letters: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    people: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationView:
    name: str
    id: str
    status: RotationStatus
    pending: int
    problem: ProblemView | None
    earlier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationsView:
    interrupted: bool
    groups: tuple[RotationView, ...]
    unsaved: ProblemView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMessageView:
    """One message to a group; `subject` is the live one, which any admin may have written."""

    name: str
    id: str
    subject: str
    people: int
    status: DeliveryStatus
    message: str | None
    problem: ProblemView | None
