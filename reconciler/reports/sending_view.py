"""The views of what was sent: people by alias or masked, no link, like every report that may be published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.report.redact import Redactor, shown_problem
from reconciler.reports.sending_shapes import (
    DeliveryView,
    GroupMessageView,
    LettersView,
    RotationsView,
    RotationView,
    SendingSummary,
    SendingView,
)

if TYPE_CHECKING:
    from reconciler.model.desired import Person
    from reconciler.model.messages import Delivery, GroupDelivery, Message, Rotation, Rotations, Sending


def sending_view(sending: Sending, redactor: Redactor) -> SendingView:
    """What became of every message, in the order in which they were to be sent, and of who got none."""
    known = dict.fromkeys(entry.person for entry in sending.deliveries)
    order = {person: nth for nth, person in enumerate(known)}
    people = tuple(_delivery(entry, order[entry.person], redactor) for entry in sending.deliveries)
    count = [entry.status for entry in people]
    found = sending.found
    notes = [redactor.note(note) for note in found.notes]
    for group in found.groups:
        if group.status in ("ready", "failed"):
            continue
        notes += [f"{group.name}: {redactor.note(note)}" for note in group.notes]
    for group in found.groups:
        if group.problem is not None:
            notes.append(f"{group.name}: {redactor.sentence(group.problem.message)}")
    return SendingView(
        complete=sending.complete,
        interrupted=sending.interrupted,
        summary=SendingSummary(
            sent=count.count("sent"),
            skipped=count.count("skipped"),
            failed=count.count("failed"),
            unknown=count.count("unknown"),
            without_link=sum(group.status != "ready" for group in found.groups),
        ),
        people=people,
        refused=shown_problem(sending.refused, redactor),
        unsaved=shown_problem(sending.unsaved, redactor),
        notes=tuple(notes),
    )


def letters_view(
    letters: tuple[Message, ...], others: tuple[Delivery, ...], redactor: Redactor
) -> LettersView:
    """Whom the question is about."""
    return LettersView(
        letters=tuple(
            (_who(letter.person, redactor), letter.groups, tuple(sorted(letter.renewed)))
            for letter in letters
        ),
        people=len({letter.ref for letter in letters}),
        others=len({entry.person for entry in others}),
    )


def rotations_view(found: Rotations, redactor: Redactor) -> RotationsView:
    """What became of every link."""
    return RotationsView(
        interrupted=found.interrupted,
        groups=tuple(_rotation(group, redactor) for group in found.groups),
        unsaved=shown_problem(found.unsaved, redactor),
    )


def group_message_view(sent: GroupDelivery, redactor: Redactor) -> GroupMessageView:
    """What became of a message to a group."""
    return GroupMessageView(
        name=sent.name,
        id=redactor.group_id(sent.id),
        subject=redactor.untrusted(sent.subject),
        people=sent.people,
        status=sent.status,
        message=None if sent.message_id is None else redactor.untrusted(sent.message_id),
        problem=shown_problem(sent.problem, redactor),
    )


def _delivery(entry: Delivery, nth: int, redactor: Redactor) -> DeliveryView:
    return DeliveryView(
        person=_who(entry.person, redactor),
        nth=nth,
        groups=entry.groups,
        status=entry.status,
        problem=shown_problem(entry.problem, redactor),
        message=entry.message,
        new_link=entry.renewed,
    )


def _rotation(group: Rotation, redactor: Redactor) -> RotationView:
    return RotationView(
        name=group.name,
        id=redactor.group_id(group.id),
        status=group.status,
        pending=group.pending,
        earlier=group.earlier,
        problem=shown_problem(group.problem, redactor),
    )


def _who(person: Person, redactor: Redactor) -> str:
    return person.alias or redactor.person(person.numbers[0])
