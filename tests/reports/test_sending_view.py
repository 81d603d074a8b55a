"""What is said of messages: people who look the same when masked are counted as the people they are."""

from __future__ import annotations

from reconciler.model.desired import Person
from reconciler.model.invitation import Invitations
from reconciler.model.sending import Delivery, Letter, Sending
from reconciler.reports.sending_text import render_letters, render_sending
from reconciler.reports.sending_view import letters_view, sending_view
from reconciler.reports.view import Book

ALIKE = tuple(Person(alias=None, numbers=(f"55199000{n}0021",)) for n in range(1, 4))
BOOK = Book(aliases={})


def test_people_who_look_the_same_are_not_counted_as_one() -> None:
    deliveries = tuple(
        Delivery(person=person, groups=(group,), status="sent") for person in ALIKE for group in ("a", "b")
    )
    told = render_sending(
        sending_view(Sending(found=Invitations(groups=()), deliveries=deliveries), BOOK), color=False
    )
    assert "sent (3)" in told
    letters = tuple(Letter(person=each, ref=each.key, groups=("a",), message={}) for each in ALIKE)
    assert "3 messages to 3 people" in render_letters(letters_view(letters, (), BOOK), color=False)
