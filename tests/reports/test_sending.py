"""What is said of messages: people who look the same when masked are counted as the people they are."""

from __future__ import annotations

import pytest

from reconciler.model.desired import Person
from reconciler.model.messages import (
    Delivery,
    GroupDelivery,
    Invitations,
    Message,
    Rotation,
    Rotations,
    Sending,
)
from reconciler.report import sending
from reconciler.report.redact import Redactor
from reconciler.report.section import PLAIN
from reconciler.report.text import of_report

ALIKE = tuple(Person(alias=None, numbers=(f"55199000{n}0021",)) for n in range(1, 4))
REDACTOR = Redactor(aliases={})


def asked(*messages: Message) -> str:
    """What stands before the question."""
    return of_report(sending.preview(messages, (), REDACTOR), PLAIN)


def told(*deliveries: Delivery) -> str:
    """What stands after the run."""
    found = sending.told(Sending(found=Invitations(groups=()), deliveries=deliveries), REDACTOR)
    return of_report(found.report(), PLAIN)


def test_people_who_look_the_same_are_not_counted_as_one() -> None:
    deliveries = (
        Delivery(person=person, groups=(group,), status="sent") for person in ALIKE for group in ("a", "b")
    )
    assert "sent (3)" in told(*deliveries)
    messages = (Message(person=each, ref=each.key, groups=("a",), body={}, links={}) for each in ALIKE)
    assert "3 messages to 3 people" in asked(*messages)


def test_why_somebody_is_written_to_again_stands_before_the_question_and_after_it() -> None:
    one, other = ALIKE[:2]
    lines = asked(
        Message(person=one, ref="1", groups=("a", "b"), body={}, links={}, renewed=frozenset({"b"})),
        Message(person=other, ref="2", groups=("a",), body={}, links={}),
    ).splitlines()
    assert [line.split("0021")[-1].split() for line in lines[1:3]] == [
        ["a,", "b", "the", "link", "that", "they", "had", "works", "no", "more:", "b"],
        ["a"],
    ]
    after = told(
        Delivery(person=one, groups=("a", "b"), status="sent", renewed=("b",)),
        Delivery(person=other, groups=("a",), status="sent"),
    )
    assert "✓ sent (1)" in after
    assert "✓ sent, because the link that they had works no more (1)" in after


@pytest.mark.parametrize("earlier", [True, False])
def test_a_link_that_an_earlier_run_revoked_is_told_apart(earlier: bool) -> None:
    found = Rotations(groups=(Rotation(name="a", id="1203", status="done", earlier=earlier),))
    shown = of_report(sending.told_of_links(found, REDACTOR).report(), PLAIN)
    assert ("An earlier run had revoked it" in shown) is earlier


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("12345678-1234-4234-8234-123456789012", "12345678-1234-4234-8234-123456789012"),
        ("inv-12345678901234567890", "inv-12345678901234567890"),
        ("5519900000077", "••••77"),
        ("wamid +55 19 90000-0077", "wamid ••••77"),
    ],
)
def test_ids_of_messages_are_whole_and_numbers_masked(given: str, shown: str) -> None:
    sent = GroupDelivery(name="a", id="g", subject="A", people=2, status="sent", message_id=given)
    assert sending.data_of_message(sent, REDACTOR)["message"] == shown
