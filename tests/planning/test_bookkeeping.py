"""What a run remembers of a group."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.model.change import ChangeKind
from reconciler.model.desired import DesiredIcon
from reconciler.model.record import Applied, IconRecord, Record, Sent
from reconciler.planning.record import AfterWrites, record_of
from tests.planning.build import ANA, BRUNO, DORA, NO_ICON, NOW, found, icon, people, person, served, wanted

URL = "https://cdn.example/1/a.png"
OLD = Record(
    id="g-1",
    applied=Applied(subject="Before", icon="old", admins=("x",), members=("y",)),
    icon=IconRecord("old", "s0", URL, 1000),
    link_version=1,
    sent={"ana": Sent(NOW)},
)


def test_what_was_made_so_is_applied() -> None:
    desired = wanted(icon=icon(), admins=people(ANA), members=(person(BRUNO, alias="bruno"),), link_version=2)
    uploaded = IconRecord("a1", "s1", URL, 900)
    record = record_of(desired, found(), NO_ICON, OLD, now=NOW, writes=AfterWrites(uploaded=uploaded))
    assert record.applied == Applied(subject="Sales", icon="a1", admins=(ANA,), members=("bruno",))
    assert record.icon == uploaded
    assert record.link_version == 2
    assert record.sent == {"ana": replace(OLD.sent["ana"], times=0, status="reset")}, "the new link is due"


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("set_subject", {"subject": "Before"}),
        ("set_icon", {"icon": "old"}),
        ("remove_icon", {"icon": "old"}),
        ("promote", {"admins": ("x",), "members": ("y",)}),
        ("demote", {"admins": ("x",), "members": ("y",)}),
        ("remove_participants", {"admins": ("x",), "members": ("y",)}),
        ("revoke_link", {}),
    ],
)
def test_of_what_is_not_settled_the_old_record_stays(kind: ChangeKind, kept: dict[str, object]) -> None:
    desired = wanted(icon=icon(), admins=(), members=(), link_version=2)
    record = record_of(
        desired, found(), NO_ICON, OLD, now=NOW, writes=AfterWrites(unsettled=frozenset({kind}))
    )
    new: dict[str, object] = {"subject": "Sales", "icon": "a1", "admins": (), "members": ()}
    assert record.applied == Applied(**(new | kept))  # type: ignore[arg-type]
    assert record.link_version == (1 if kind == "revoke_link" else 2)


def test_what_is_not_managed_is_not_applied() -> None:
    assert record_of(wanted(subject=None), found(), None, OLD, now=NOW).applied == Applied()


def test_the_link_version_never_goes_back() -> None:
    assert (
        record_of(
            wanted(link_version=1), found(), None, Record(id="g-1", link_version=5), now=NOW
        ).link_version
        == 5
    )
    assert record_of(wanted(), found(), None, OLD, now=NOW).link_version == 1


@pytest.mark.parametrize(
    ("desired", "seen", "old", "expected"),
    [
        (icon(), served(sha256="a1"), None, IconRecord("a1", "a1", URL, 1000)),
        (icon(), served(sha256="zz", alike=True), None, IconRecord("a1", "zz", URL, 1000)),
        (icon(), served(sha256="zz", alike=False), None, None),
        (icon(), served(), IconRecord("a1", "s1", URL, 1000), IconRecord("a1", "s1", URL, 1000)),
        (
            icon(),
            served("https://cdn.example/9/a.png", sha256="s1"),
            IconRecord("a1", "s1", URL, 1000),
            IconRecord("a1", "s1", "https://cdn.example/9/a.png", 1000),
        ),
        (DesiredIcon(None), NO_ICON, IconRecord("a1", "s1", URL, 1000), None),
        (None, None, IconRecord("a1", "s1", URL, 1000), IconRecord("a1", "s1", URL, 1000)),
    ],
)
def test_an_icon_in_sync_is_recorded_as_it_is_served(
    desired: DesiredIcon | None, seen: object, old: IconRecord | None, expected: IconRecord | None
) -> None:
    record = Record(id="g-1", icon=old)
    assert record_of(wanted(icon=desired), found(), seen, record, now=NOW).icon == expected  # type: ignore[arg-type]


def test_who_joined_is_remembered_while_wanted() -> None:
    ana = person(ANA, alias="ana")
    desired = wanted(admins=(ana,), members=people(BRUNO, DORA))
    first = record_of(desired, found(members=[ANA, BRUNO]), None, None, now=NOW)
    assert first.joined == (BRUNO, "ana/0001")
    later = record_of(desired, found(), None, first, now=NOW)
    assert later.joined == first.joined
    assert record_of(wanted(admins=(ana,)), found(), None, first, now=NOW).joined == ("ana/0001",)
    assert record_of(wanted(admins=(person(DORA, alias="ana"),)), found(), None, first, now=NOW).joined == ()


def test_since_when_somebody_is_missing_is_remembered_until_they_join_or_are_not_wanted() -> None:
    later = NOW + timedelta(days=2)
    desired = wanted(admins=(person(ANA, alias="ana"),), members=people(BRUNO))
    first = record_of(desired, found(members=[DORA]), None, None, now=NOW)
    assert first.missing == {"ana/0001": NOW, BRUNO: NOW}
    joined = record_of(desired, found(members=[BRUNO]), None, first, now=later)
    assert joined.missing == {"ana/0001": NOW}
    assert record_of(desired, found(), None, joined, now=later).missing == {"ana/0001": NOW, BRUNO: later}
    assert record_of(wanted(), found(), None, first, now=later).missing == {}


@pytest.mark.parametrize(
    ("version", "before", "settled", "due"),
    [(2, 1, True, True), (2, 1, False, False), (1, 1, True, False), (2, None, True, False)],
)
def test_once_the_link_is_revoked_everybody_is_due_again(
    version: int, before: int | None, settled: bool, due: bool
) -> None:
    old = Record(id="g-1", link_version=before, sent={"ana": Sent(NOW, 3, "unknown", message="m")})
    unsettled: frozenset[ChangeKind] = frozenset() if settled else frozenset({"revoke_link"})
    record = record_of(
        wanted(link_version=version), found(), None, old, now=NOW, writes=AfterWrites(unsettled=unsettled)
    )
    assert record.sent == ({"ana": Sent(NOW, 0, "reset")} if due else old.sent)
