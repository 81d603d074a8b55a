"""The views of what was sent: people by alias or masked, no link, like every report that may be published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports.sending_shapes import (
    DeliveryView,
    GroupMessageView,
    LettersView,
    RotationsView,
    RotationView,
    SendingSummary,
    SendingView,
)
from reconciler.reports.view import Book, problem_view

if TYPE_CHECKING:
    from reconciler.model.desired import Person
    from reconciler.model.sending import Delivery, GroupDelivery, Message, Rotation, Rotations, Sending


def sending_view(sending: Sending, book: Book) -> SendingView:
    """What became of every message, in the order in which they were to be sent, and of who got none."""
    known = dict.fromkeys(entry.person for entry in sending.deliveries)
    order = {person: nth for nth, person in enumerate(known)}
    people = tuple(_delivery(entry, order[entry.person], book) for entry in sending.deliveries)
    count = [entry.status for entry in people]
    found = sending.found
    notes = [book.note(note) for note in found.notes]
    for group in found.groups:
        if group.status in ("ready", "failed"):
            continue
        notes += [f"{group.name}: {book.note(note)}" for note in group.notes]
    for group in found.groups:
        if group.problem is not None:
            notes.append(f"{group.name}: {book.problem(group.problem.message)}")
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
        refused=problem_view(sending.refused, book),
        unsaved=problem_view(sending.unsaved, book),
        notes=tuple(notes),
    )


def letters_view(letters: tuple[Message, ...], others: tuple[Delivery, ...], book: Book) -> LettersView:
    """Whom the question is about."""
    return LettersView(
        letters=tuple(
            (_who(letter.person, book), letter.groups, tuple(sorted(letter.renewed))) for letter in letters
        ),
        people=len({letter.ref for letter in letters}),
        others=len({entry.person for entry in others}),
    )


def rotations_view(found: Rotations, book: Book) -> RotationsView:
    """What became of every link."""
    return RotationsView(
        interrupted=found.interrupted,
        groups=tuple(_rotation(group, book) for group in found.groups),
        unsaved=problem_view(found.unsaved, book),
    )


def group_message_view(sent: GroupDelivery, book: Book) -> GroupMessageView:
    """What became of a message to a group."""
    return GroupMessageView(
        name=sent.name,
        id=book.group_id(sent.id),
        subject=book.outsider(sent.subject),
        people=sent.people,
        status=sent.status,
        message=None if sent.message_id is None else book.outsider(sent.message_id),
        problem=problem_view(sent.problem, book),
    )


def _delivery(entry: Delivery, nth: int, book: Book) -> DeliveryView:
    return DeliveryView(
        person=_who(entry.person, book),
        nth=nth,
        groups=entry.groups,
        status=entry.status,
        problem=problem_view(entry.problem, book),
        message=entry.message,
        new_link=entry.renewed,
    )


def _rotation(group: Rotation, book: Book) -> RotationView:
    return RotationView(
        name=group.name,
        id=book.group_id(group.id),
        status=group.status,
        pending=group.pending,
        earlier=group.earlier,
        problem=problem_view(group.problem, book),
    )


def _who(person: Person, book: Book) -> str:
    return person.alias or book.person(person.numbers[0])
