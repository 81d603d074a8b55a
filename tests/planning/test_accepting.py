"""Whether a plan made after an acceptance may stand: it may do less than before, and nothing else."""

from __future__ import annotations

import pytest

from reconciler.model.adoption import Acceptance, ListChange
from reconciler.model.change import Affected, Change, Demote, Promote, RemoveParticipants, SetSubject
from reconciler.model.live import LiveGroup
from reconciler.planning.accepting import more_than, still_differs

ANA, BRUNO = Affected("5519900000001", "x"), Affected("5519900000002", "y")
BOTH: tuple[Change, ...] = (SetSubject("a", "b"), Demote((ANA, BRUNO)))


@pytest.mark.parametrize(
    ("after", "more"),
    [
        ((), False),
        (BOTH, False),
        ((Demote((BRUNO,)),), False),
        ((SetSubject("a", "c"),), True),
        ((Demote((ANA, Affected("5519900000003"))),), True),
        ((Promote((ANA,)),), True),
        ((RemoveParticipants((ANA,)),), True),
    ],
)
def test_more_than(after: tuple[Change, ...], more: bool) -> None:
    assert more_than(BOTH, after) is more


def test_still_differs_is_about_what_was_accepted() -> None:
    live = LiveGroup("g", "a")
    accepted = Acceptance(
        name="g",
        live=live,
        subject="a",
        admins=ListChange((ANA.wa_id,)),
        members=ListChange((), frozenset({"1"})),
    )
    assert still_differs(accepted, (Demote((BRUNO,)),)) == ()
    assert still_differs(accepted, (Demote((ANA,)),)) == ("admins",)
    assert still_differs(accepted, BOTH) == ("subject", "admins")
