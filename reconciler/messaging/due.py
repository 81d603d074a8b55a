"""Whose turn it is to be sent a link, and who is left alone for which reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.errors import Problem
from reconciler.language import msg, msg_n
from reconciler.messaging.messages import drafts
from reconciler.model.link import digest
from reconciler.model.messages import Delivery, DeliveryStatus, Message, UnknownPolicy
from reconciler.model.record import DAY, Sent, State
from reconciler.planning.diff import joined_ref

if TYPE_CHECKING:
    from reconciler.model.desired import Person
    from reconciler.model.messages import GroupInvites, Invitations, Invitee
    from reconciler.model.settings import InviteSettings

_WAITS = {
    "create": msg("the group is yet to be created: apply first"),
    "revoke": msg("the present link is about to be revoked: apply first"),
    "held": msg("the group is on hold"),
    "blocked": msg("nobody can be invited to the group now: see reconciler invites"),
    "missing": msg("the group is missing"),
    "unreadable": msg("the group could not be read"),
}
_UNRECORDED = Problem("unrecorded", msg("the group is not on record yet: apply first"))
_UNKNOWN = Problem(
    "unknown",
    msg("whether the last message arrived is not known, so no other is sent"),
    msg(
        "ask them, or your provider by the message's id; then: invites --send "
        "--unknown resend, or --unknown received, with --person for one of them"
    ),
)


@dataclass(frozen=True, slots=True)
class Due:
    """The people who are to be sent a link, and those who are not. `groups` are those whose link somebody is
    to be sent, with only these people; `others` says of the rest why not; `received` what is to be recorded
    of messages that are counted as received, by name and person."""

    groups: tuple[GroupInvites, ...]
    others: tuple[Delivery, ...]
    received: Mapping[str, Mapping[str, Sent]]


def links_needed(
    found: Invitations, settings: InviteSettings, *, now: datetime, unknown: UnknownPolicy
) -> frozenset[str]:
    """Return the groups (names) whose link has to be asked for: somebody is due, or may be because the link
    that they were sent is no longer the group's, which shows by comparing."""
    return frozenset(
        group.name
        for group in found.groups
        if group.recorded
        and any(
            group.revoking is not None
            or (sent is not None and sent.link)
            or _why_not(group, sent, settings, now, unknown) is None
            for sent in (_if_received(invitee.sent, unknown) for invitee in group.people)
        )
    )


def due(found: Invitations, settings: InviteSettings, *, now: datetime, unknown: UnknownPolicy) -> Due:
    """Sort everybody who is missing in some group, once the links that are needed were asked for."""
    groups: list[GroupInvites] = []
    reasons: dict[tuple[Person, str, str], tuple[Problem, list[str], str]] = {}
    received: dict[str, dict[str, Sent]] = {}
    for group in found.groups:
        turn: list[Invitee] = []
        for waiting in group.people:
            invitee = replace(waiting, sent=_if_received(waiting.sent, unknown))
            person, sent = invitee.invite.person, invitee.sent
            if sent is not None and sent != waiting.sent:
                received.setdefault(group.name, {})[joined_ref(person)] = sent
            problem = _why_not(group, sent, settings, now, unknown)
            if problem is None:
                turn.append(invitee)
            else:
                message = sent.message if sent is not None and problem is _UNKNOWN else ""
                reason = (person, problem.code, message)
                reasons.setdefault(reason, (problem, [], message))[1].append(group.name)
        if turn:
            groups.append(replace(group, people=tuple(turn)))
    others = tuple(
        Delivery(
            person=person,
            groups=tuple(names),
            status="unknown" if code == _UNKNOWN.code else "skipped",
            problem=problem,
            message=message,
        )
        for (person, code, _), (problem, names, message) in reasons.items()
    )
    return Due(tuple(groups), others, received)


def _if_received(sent: Sent | None, unknown: UnknownPolicy) -> Sent | None:
    """Return what is on record of somebody, once a message with an unclear end may count as received."""
    if sent is not None and sent.unclear and unknown == "received":
        return replace(sent, status="sent")
    return sent


def _why_not(
    group: GroupInvites, sent: Sent | None, settings: InviteSettings, now: datetime, unknown: UnknownPolicy
) -> Problem | None:
    """Return why somebody is not sent the link of this group now; None where it is their turn."""
    if sent is not None and sent.unclear:
        if unknown == "hold":
            return _UNKNOWN
        if group.status == "ready" and group.recorded:
            return None
    if group.status != "ready":
        return group.problem or Problem(group.status, _WAITS[group.status])
    if not group.recorded:
        return _UNRECORDED
    times = sent.times if sent is not None else 0
    if times >= settings.max_sends:
        return Problem(
            "max_sends",
            msg_n(
                "sent the link {n} times and not in yet: given up",
                "sent the link {n} times and not in yet: given up",
                settings.max_sends,
            ),
        )
    if sent is None or sent.status == "reset":
        return None
    again = sent.at + timedelta(seconds=settings.resend_after)
    if now < again:
        return Problem(
            "not_due", msg("sent the link not long ago"), msg("due again on {again:%Y-%m-%d}", again=again)
        )
    return None


def messages(
    groups: Iterable[GroupInvites], state: State, settings: InviteSettings, *, now: datetime
) -> tuple[tuple[Message, ...], tuple[Delivery, ...]]:
    """Return the messages of a run, first to those who were sent the fewest, and those who have to wait for a
    limit.

    `groups` have their links. At most `per_person` messages go to one person in any 24 hours, over all
    groups, and at most `budget` in a run; with several messages to a person, the first ones go.
    """
    waiting: dict[str, list[tuple[GroupInvites, Invitee]]] = {}
    others: list[Delivery] = []
    for group in groups:
        for invitee in group.people:
            waiting.setdefault(joined_ref(invitee.invite.person), []).append((group, invitee))
    ready: list[Message] = []
    for ref, pairs in sorted(waiting.items(), key=_turn):
        person = pairs[0][1].invite.person
        known = [(group.name, sent) for group, invitee in pairs if (sent := invitee.sent) is not None]
        unclear = {name for name, sent in known if sent.unclear}
        renewed = {name for name, sent in known if sent.status == "reset"}
        left = max(0, settings.per_person - sent_in_a_day(state, ref, now))
        for draft in drafts(person, [group for group, _ in pairs], settings):
            if isinstance(draft.body, Problem):
                others.append(_not_sent(person, draft.groups, draft.body, "failed"))
            elif not left:
                reason = msg_n(
                    "{n} messages a day at most", "{n} messages a day at most", settings.per_person
                )
                others.append(_not_sent(person, draft.groups, Problem("per_person", reason, retry=True)))
            elif len(ready) >= settings.budget:
                reason = msg_n("{n} messages a run at most", "{n} messages a run at most", settings.budget)
                others.append(_not_sent(person, draft.groups, Problem("budget", reason, retry=True)))
            else:
                left -= 1
                names = frozenset(draft.groups)
                ready.append(
                    Message(
                        person=person,
                        ref=ref,
                        groups=draft.groups,
                        body=draft.body,
                        links={
                            group.name: digest(group.link or "") for group, _ in pairs if group.name in names
                        },
                        again=names & unclear,
                        renewed=names & renewed,
                    )
                )
    return tuple(ready), tuple(others)


def sent_in_a_day(state: State, ref: str, now: datetime) -> int:
    """Count the messages that a person was sent in the 24 hours before `now`: one that held several links has
    the same time everywhere."""
    times = {
        at
        for record in state.groups.values()
        if (sent := record.sent.get(ref)) is not None
        for at in (*sent.earlier, sent.at)
    }
    return sum(now - DAY < at for at in times)


def _turn(item: tuple[str, list[tuple[GroupInvites, Invitee]]]) -> tuple[int, str, str]:
    ref, pairs = item
    sent = [invitee.sent for _, invitee in pairs if invitee.sent is not None]
    fewest = min((invitee.sent.times if invitee.sent else 0) for _, invitee in pairs)
    return fewest, max((entry.at.isoformat() for entry in sent), default=""), ref


def _not_sent(
    person: Person, groups: tuple[str, ...], problem: Problem, status: DeliveryStatus = "skipped"
) -> Delivery:
    return Delivery(person=person, groups=groups, status=status, problem=problem)
