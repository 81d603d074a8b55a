"""What is left of a group's plan in a run that only promotes."""

from __future__ import annotations

import pytest

from reconciler.model import number
from reconciler.model.change import Affected, Change, ChangePeople, LeaveGroup, RevokeLink, SetValue
from reconciler.model.desired import Desired
from reconciler.model.group import Ensure
from reconciler.model.plan import GroupPlan
from reconciler.planning.options import Promotions
from reconciler.planning.promotions import only_promotions, promotions_awaited
from tests.planning.build import ACCOUNT, ANA, BRUNO, CARLOS, options, people, state, wanted

AWAITED = Promotions({"sales": frozenset({number.key(ANA), number.key(BRUNO)})})


def plan(*changes: Change) -> GroupPlan:
    return GroupPlan(name="sales", action="update", id="g-1", changes=changes)


@pytest.mark.parametrize(
    "change",
    [
        ChangePeople("demote", (Affected(ANA),)),
        ChangePeople("remove_participants", (Affected(ANA), Affected(BRUNO))),
        SetValue("subject", "a", "b"),
        RevokeLink(1, 2),
        LeaveGroup(),
    ],
    ids=lambda change: change.kind,
)
def test_nothing_but_promotions_is_left_even_of_who_is_awaited(change: Change) -> None:
    left = only_promotions(plan(change), AWAITED)
    assert (left.action, left.changes) == ("none", ())
    both = only_promotions(plan(ChangePeople("promote", (Affected(ANA),)), change), AWAITED)
    assert both.changes == (ChangePeople("promote", (Affected(ANA),)),)


def test_nobody_else_is_promoted() -> None:
    left = only_promotions(plan(ChangePeople("promote", (Affected(CARLOS), Affected(BRUNO)))), AWAITED)
    assert left.changes == (ChangePeople("promote", (Affected(BRUNO),)),)
    heard = Promotions(AWAITED.people, {"g-1": frozenset({number.key(ANA)})})
    assert only_promotions(plan(ChangePeople("promote", (Affected(BRUNO),))), heard).changes == ()


def test_nobody_is_awaited_who_cannot_be_promoted() -> None:
    """Neither the account, which is no concern of a promotion, nor anybody in a group that is to be left: it
    is not read for them."""
    groups = (
        wanted("own", admins=people(ACCOUNT)),
        wanted("over", admins=people(ANA), ensure=Ensure.LEFT),
        wanted("sales", admins=people(ACCOUNT, ANA)),
    )
    awaited = promotions_awaited(
        Desired(groups=groups),
        state(own="x-1", over="y-2", sales="z-9"),
        options(),
        frozenset({number.key(ACCOUNT)}),
    )
    assert awaited.people == {"sales": frozenset({number.key(ANA)})}
