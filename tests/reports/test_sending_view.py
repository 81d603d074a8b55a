"""What is said of messages: people who look the same when masked are counted as the people they are."""

from __future__ import annotations

from reconciler.model.desired import Person
from reconciler.model.messages import Delivery, Invitations, Message, Rotation, Rotations, Sending
from reconciler.report.redact import Redactor
from reconciler.reports.sending_text import render_letters, render_rotations, render_sending
from reconciler.reports.sending_view import letters_view, rotations_view, sending_view

ALIKE = tuple(Person(alias=None, numbers=(f"55199000{n}0021",)) for n in range(1, 4))
REDACTOR = Redactor(aliases={})


def test_people_who_look_the_same_are_not_counted_as_one() -> None:
    deliveries = tuple(
        Delivery(person=person, groups=(group,), status="sent") for person in ALIKE for group in ("a", "b")
    )
    told = render_sending(
        sending_view(Sending(found=Invitations(groups=()), deliveries=deliveries), REDACTOR), color=False
    )
    assert "sent (3)" in told
    letters = tuple(Message(person=each, ref=each.key, groups=("a",), body={}, links={}) for each in ALIKE)
    assert "3 messages to 3 people" in render_letters(letters_view(letters, (), REDACTOR), color=False)


def test_why_somebody_is_written_to_again_stands_before_the_question_and_after_it() -> None:
    one, other = ALIKE[:2]
    letters = (
        Message(person=one, ref="1", groups=("a", "b"), body={}, links={}, renewed=frozenset({"b"})),
        Message(person=other, ref="2", groups=("a",), body={}, links={}),
    )
    asked = render_letters(letters_view(letters, (), REDACTOR), color=False).splitlines()
    assert [line.split("0021")[-1].split() for line in asked[1:3]] == [
        ["a,", "b", "the", "link", "that", "they", "had", "works", "no", "more:", "b"],
        ["a"],
    ]
    deliveries = (
        Delivery(person=one, groups=("a", "b"), status="sent", renewed=("b",)),
        Delivery(person=other, groups=("a",), status="sent"),
    )
    sending = Sending(found=Invitations(groups=()), deliveries=deliveries)
    told = render_sending(sending_view(sending, REDACTOR), color=False)
    assert "✓ sent (1)" in told
    assert "✓ sent, because the link that they had works no more (1)" in told


def test_a_link_that_an_earlier_run_revoked_is_told_apart() -> None:
    found = Rotations(groups=(Rotation(name="a", id="1203", status="done", earlier=True),))
    told = render_rotations(rotations_view(found, REDACTOR), color=False)
    assert "An earlier run had revoked it" in told
    found = Rotations(groups=(Rotation(name="a", id="1203", status="done"),))
    assert "earlier" not in render_rotations(rotations_view(found, REDACTOR), color=False)
