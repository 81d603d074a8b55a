"""Just before a group's first write: what may still be done, and what of it is left to do."""

from __future__ import annotations

import pytest

from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    ChangePeople,
    CreateGroup,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import Icon
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.planning.recheck import beyond_approved, remaining
from tests.planning.build import ANA, BRUNO, NO_ICON, icon, served


def picture(sha256: str = "a1") -> Icon:
    found = icon(sha256).picture
    assert found is not None
    return found


def one(*wa_ids: str) -> tuple[Affected, ...]:
    return tuple(Affected(wa_id, "why") for wa_id in wa_ids)


HERE = served("https://cdn.example/1/a.png?sig=1", length=5)
HERE_AGAIN = served("https://cdn.example/1/a.png?sig=2", length=5)
THERE = served("https://cdn.example/2/a.png", length=5)


@pytest.mark.parametrize(
    ("approved", "fresh", "more"),
    [
        ((), (), False),
        ((SetValue("subject", "a", "b"),), (), False),
        ((SetValue("subject", "a", "b"),), (SetValue("subject", "a", "b"),), False),
        ((SetValue("subject", "a", "b"),), (SetValue("subject", "x", "b"),), True),
        ((SetValue("subject", "a", "b"),), (SetValue("subject", "a", "c"),), True),
        ((), (SetValue("subject", "a", "b"),), True),
        ((SetValue("subject", "a", "b"),), (ChangePeople("promote", one(ANA)),), True),
        ((ChangePeople("promote", one(ANA, BRUNO)),), (ChangePeople("promote", one(BRUNO)),), False),
        ((ChangePeople("promote", one(BRUNO)),), (ChangePeople("promote", one(ANA, BRUNO)),), True),
        ((ChangePeople("promote", one(ANA)),), (ChangePeople("demote", one(ANA)),), True),
        ((ChangePeople("demote", one(ANA)),), (ChangePeople("remove_participants", one(ANA)),), True),
        (
            (ChangePeople("promote", (Affected(ANA, "has joined"),)),),
            (ChangePeople("promote", (Affected(ANA, "other words"),)),),
            False,
        ),
        (
            (ChangePeople("demote", one(ANA)), ChangePeople("remove_participants", one(ANA))),
            (ChangePeople("remove_participants", one(ANA)),),
            False,
        ),
        ((RevokeLink(1, 2),), (RevokeLink(1, 2),), False),
        ((RevokeLink(1, 2),), (RevokeLink(1, 3),), True),
        ((LeaveGroup(),), (LeaveGroup(),), False),
        ((CreateGroup("a"),), (CreateGroup("b"),), True),
        ((AdoptGroup("x", "subject"),), (AdoptGroup("y", "subject"),), True),
        ((SetIcon(HERE, picture()),), (SetIcon(HERE_AGAIN, picture()),), False),
        ((SetIcon(HERE, picture()),), (SetIcon(THERE, picture()),), True),
        ((SetIcon(HERE, picture()),), (SetIcon(HERE, picture("b2")),), True),
        ((SetIcon(HERE, picture()),), (SetIcon(NO_ICON, picture()),), True),
        ((SetIcon(NO_ICON, picture()),), (SetIcon(HERE, picture()),), True),
        ((SetIcon(NO_ICON, picture()),), (SetIcon(NO_ICON, picture()),), False),
        ((SetIcon(None, picture()),), (SetIcon(NO_ICON, picture()),), False),
        (
            (SetIcon(served(sha256="s"), picture()),),
            (SetIcon(served("https://x/2", sha256="s"), picture()),),
            False,
        ),
        ((SetIcon(served(sha256="s"), picture()),), (SetIcon(served(sha256="t"), picture()),), True),
        ((SetIcon(HERE, None),), (SetIcon(HERE_AGAIN, None),), False),
        ((SetIcon(HERE, None),), (SetIcon(THERE, None),), True),
        ((SetIcon(HERE, None),), (SetIcon(HERE, picture()),), True),
    ],
)
def test_a_new_plan_may_only_drop(
    approved: tuple[Change, ...], fresh: tuple[Change, ...], more: bool
) -> None:
    assert (beyond_approved(approved, fresh) is not None) is more


def test_the_change_that_exceeds_is_named() -> None:
    approved = (SetValue("subject", "a", "b"), ChangePeople("promote", one(ANA)))
    assert beyond_approved(
        approved, (SetValue("subject", "a", "b"), ChangePeople("promote", one(BRUNO)))
    ) == ChangePeople("promote", one(BRUNO))


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (SetValue("subject", "Old", "Sales"), None),
        (SetValue("subject", "Old", "New"), SetValue("subject", "Old", "New")),
        (ChangePeople("promote", one("admin")), None),
        (ChangePeople("promote", one("member")), ChangePeople("promote", one("member"))),
        (ChangePeople("promote", one("member", "admin", "gone")), ChangePeople("promote", one("member"))),
        (ChangePeople("promote", one("gone")), None),
        (ChangePeople("demote", one("admin", "member", "gone")), ChangePeople("demote", one("admin"))),
        (ChangePeople("demote", one("member")), None),
        (
            ChangePeople("remove_participants", one("admin", "member", "gone")),
            ChangePeople("remove_participants", one("admin", "member")),
        ),
        (ChangePeople("remove_participants", one("gone")), None),
        (LeaveGroup(), LeaveGroup()),
        (RevokeLink(1, 2), RevokeLink(1, 2)),
    ],
)
def test_what_is_left_to_do(change: Change, left: Change | None) -> None:
    live = LiveGroup("g", "Sales", admins=("admin",), participants=("admin", "member"))
    assert remaining(change, live) == left


def test_an_icon_that_nobody_saw_is_not_the_same() -> None:
    assert beyond_approved((SetIcon(LiveIcon(None), None),), (SetIcon(HERE, None),)) is not None
