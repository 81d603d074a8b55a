"""Just before a group's first write: what may still be done, and what of it is left to do."""

from __future__ import annotations

import pytest

from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    CreateGroup,
    Demote,
    LeaveGroup,
    Promote,
    RemoveIcon,
    RemoveParticipants,
    RevokeLink,
    SetIcon,
    SetSubject,
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
        ((SetSubject("a", "b"),), (), False),
        ((SetSubject("a", "b"),), (SetSubject("a", "b"),), False),
        ((SetSubject("a", "b"),), (SetSubject("x", "b"),), True),
        ((SetSubject("a", "b"),), (SetSubject("a", "c"),), True),
        ((), (SetSubject("a", "b"),), True),
        ((SetSubject("a", "b"),), (Promote(one(ANA)),), True),
        ((Promote(one(ANA, BRUNO)),), (Promote(one(BRUNO)),), False),
        ((Promote(one(BRUNO)),), (Promote(one(ANA, BRUNO)),), True),
        ((Promote(one(ANA)),), (Demote(one(ANA)),), True),
        ((Demote(one(ANA)),), (RemoveParticipants(one(ANA)),), True),
        ((Promote((Affected(ANA, "has joined"),)),), (Promote((Affected(ANA, "other words"),)),), False),
        ((Demote(one(ANA)), RemoveParticipants(one(ANA))), (RemoveParticipants(one(ANA)),), False),
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
        ((RemoveIcon(HERE),), (RemoveIcon(HERE_AGAIN),), False),
        ((RemoveIcon(HERE),), (RemoveIcon(THERE),), True),
        ((RemoveIcon(HERE),), (SetIcon(HERE, picture()),), True),
    ],
)
def test_a_new_plan_may_only_drop(
    approved: tuple[Change, ...], fresh: tuple[Change, ...], more: bool
) -> None:
    assert (beyond_approved(approved, fresh) is not None) is more


def test_the_change_that_exceeds_is_named() -> None:
    approved = (SetSubject("a", "b"), Promote(one(ANA)))
    assert beyond_approved(approved, (SetSubject("a", "b"), Promote(one(BRUNO)))) == Promote(one(BRUNO))


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (SetSubject("Old", "Sales"), None),
        (SetSubject("Old", "New"), SetSubject("Old", "New")),
        (Promote(one("admin")), None),
        (Promote(one("member")), Promote(one("member"))),
        (Promote(one("member", "admin", "gone")), Promote(one("member"))),
        (Promote(one("gone")), None),
        (Demote(one("admin", "member", "gone")), Demote(one("admin"))),
        (Demote(one("member")), None),
        (RemoveParticipants(one("admin", "member", "gone")), RemoveParticipants(one("admin", "member"))),
        (RemoveParticipants(one("gone")), None),
        (LeaveGroup(), LeaveGroup()),
        (RevokeLink(1, 2), RevokeLink(1, 2)),
    ],
)
def test_what_is_left_to_do(change: Change, left: Change | None) -> None:
    live = LiveGroup("g", "Sales", admins=("admin",), participants=("admin", "member"))
    assert remaining(change, live) == left


def test_an_icon_that_nobody_saw_is_not_the_same() -> None:
    assert beyond_approved((RemoveIcon(LiveIcon(None)),), (RemoveIcon(HERE),)) is not None
