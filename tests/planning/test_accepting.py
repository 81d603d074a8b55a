"""Whether a plan made after an acceptance may stand: it may do less than before, and nothing else."""

from __future__ import annotations

import pytest

from reconciler.model.adoption import Acceptance, ListChange
from reconciler.model.change import Affected, Change, ChangePeople, SetValue
from reconciler.model.live import LiveGroup
from reconciler.planning.accepting import more_than, still_differs

ANA, BRUNO = Affected("5519900000001", "x"), Affected("5519900000002", "y")
BOTH: tuple[Change, ...] = (SetValue("subject", "a", "b"), ChangePeople("demote", (ANA, BRUNO)))


@pytest.mark.parametrize(
    ("after", "more"),
    [
        ((), False),
        (BOTH, False),
        ((ChangePeople("demote", (BRUNO,)),), False),
        ((SetValue("subject", "a", "c"),), True),
        ((ChangePeople("demote", (ANA, Affected("5519900000003"))),), True),
        ((ChangePeople("promote", (ANA,)),), True),
        ((ChangePeople("remove_participants", (ANA,)),), True),
    ],
)
def test_more_than(after: tuple[Change, ...], more: bool) -> None:
    assert more_than(BOTH, after) is more


def test_still_differs_is_about_what_was_accepted() -> None:
    live = LiveGroup("g", "a")
    accepted = Acceptance(
        name="g",
        live=live,
        values={"subject": "a"},
        admins=ListChange((ANA.wa_id,)),
        members=ListChange((), frozenset({"1"})),
    )
    assert still_differs(accepted, (ChangePeople("demote", (BRUNO,)),)) == ()
    assert still_differs(accepted, (ChangePeople("demote", (ANA,)),)) == ("admins",)
    assert still_differs(accepted, BOTH) == ("subject", "admins")
