"""Groups that wait for people, a state that binds them, and the API in memory behind them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.model.change import Invite
from reconciler.model.desired import Person
from reconciler.model.messages import GroupInvites, Invitations, Invitee, InviteStatus
from reconciler.model.record import Record, Sent, State
from reconciler.planning.diff import joined_ref
from tests.fakes import NOON

LINK = "https://chat.whatsapp.com/"
ANA = Person(("5519900000001",), alias="ana", name="Ana Souza")
BRUNO = Person(("5519900000002",), alias="bruno")
DORA = Person(("5519900000004",))


def waiting(
    name: str,
    *people: Person,
    state: State | None = None,
    status: InviteStatus = "ready",
    link: str | None = "",
    title: str | None = None,
    recorded: bool = True,
) -> GroupInvites:
    """A group that waits for these people as members, with what `state` holds about them."""
    record = state.groups.get(name, Record(id="")) if state else Record(id="")
    return GroupInvites(
        name=name,
        status=status,
        id=f"id-{name}",
        title=name.title() if title is None else title,
        recorded=recorded,
        link=f"{LINK}{name}" if link == "" else link,
        people=tuple(
            Invitee(Invite(person, "member"), sent=record.sent.get(joined_ref(person))) for person in people
        ),
    )


def everybody(*groups: GroupInvites) -> Invitations:
    return Invitations(groups=groups)


def state(**sent: dict[str, Sent]) -> State:
    """Names bound to groups, with what was sent to whom."""
    return State(groups={name: Record(id=f"id-{name}", sent=entries) for name, entries in sent.items()})


def ago(hours: float = 0, days: float = 0) -> datetime:
    from datetime import timedelta

    return NOON - timedelta(hours=hours, days=days)


def names(groups: Iterable[GroupInvites]) -> list[str]:
    return [group.name for group in groups]
