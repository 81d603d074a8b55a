"""Three-way cases: what is wanted, what was last applied, what is live, and who moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reconciler.model.desired import Desired, DesiredGroup, DesiredIcon, Person
from reconciler.model.drift import Drift, FieldDrift, GroupDrift
from reconciler.model.group import Ensure, Hold
from reconciler.model.live import Absent, LiveGroup, LiveIcon, LiveState
from reconciler.model.record import Applied, IconRecord, Record, State
from reconciler.model.settings import Settings
from reconciler.planning import planner
from reconciler.planning.drift import drift

from .build import (
    ACCOUNT,
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    NO_ICON,
    STRANGER,
    found,
    icon,
    options,
    person,
    reading,
    served,
    settings,
    wanted,
)

PEOPLE = tuple(
    person(digits, alias=alias)
    for digits, alias in ((ANA, "ana"), (BRUNO, "bruno"), (CARLOS, "carlos"), (DORA, "dora"))
)
ana, bruno, carlos, dora = PEOPLE
JOINED = ("ana/0001", "bruno/0002", "carlos/0003", "dora/0004")
URL = "https://cdn.example/1/a.png"


def bound(
    applied: Applied | None,
    *,
    joined: tuple[str, ...] = JOINED,
    picture: IconRecord | None = None,
    link_version: int | None = None,
    name: str = "sales",
) -> State:
    record = Record(id="g-1", applied=applied, joined=joined, icon=picture, link_version=link_version)
    return State(groups={name: record})


def drift_of(
    groups: DesiredGroup | tuple[DesiredGroup, ...],
    live: LiveState | LiveGroup,
    state: State,
    *,
    people: tuple[Person, ...] = PEOPLE,
    leavers: tuple[Person, ...] = (),
    configured: Settings | None = None,
    **wishes: Any,
) -> Drift:
    desired = Desired(
        groups=groups if isinstance(groups, tuple) else (groups,), people=people, leavers=leavers
    )
    seen = live if isinstance(live, LiveState) else reading(live)
    chosen = configured or settings()
    wish = options(**wishes)
    plan = planner.plan(desired, state, seen, chosen, wish)
    return drift(plan, desired, state, chosen, keeps_state=wish.keeps_state)


def one(*arguments: Any, **wishes: Any) -> GroupDrift:
    (group,) = drift_of(*arguments, **wishes).groups
    return group


def only(group: GroupDrift) -> FieldDrift:
    (field,) = group.fields
    return field


def causes(field: FieldDrift) -> dict[str, tuple[str, str]]:
    return {person.wa_id: (person.change, person.cause) for person in field.people}


# --- subject ----------------------------------------------------------------------------------------------

A, B, C = "Alpha", "Beta", "Gamma"


@pytest.mark.parametrize(
    ("desired", "last", "live", "status", "cause"),
    [
        (A, A, A, "in_sync", None),
        (A, A, B, "drifted", "edited_outside"),
        (B, A, A, "pending", "not_applied"),
        (B, A, B, "in_sync", None),  # changed outside to what the manifest wants by now
        (B, A, C, "drifted", "both"),
        (A, B, A, "in_sync", None),
        (A, A, f" {A} ", "in_sync", None),  # compared after trimming
        (B, A, f" {A} ", "pending", "not_applied"),
        (A, None, B, "pending", "not_applied"),  # not managed when last applied
    ],
)
def test_subject(desired: str, last: str | None, live: str, status: str, cause: str | None) -> None:
    group = one(wanted(subject=desired), found(subject=live), bound(Applied(subject=last)))
    assert group.status == status
    assert group.as_wanted == (status == "in_sync")
    assert [field.cause for field in group.fields] == ([cause] if cause else [])
    if cause:
        field = only(group)
        assert (field.desired, field.last_applied, field.live) == (desired, last, live)
        assert field.recorded == (last is not None)


def test_nothing_on_record_is_unknown_and_counts_as_drift() -> None:
    group = one(wanted(subject=A), found(subject=B), bound(None))
    assert (group.status, only(group).cause, only(group).recorded) == ("drifted", "unknown", False)


def test_a_subject_that_is_not_managed_may_be_anything() -> None:
    assert (
        one(wanted(subject=None, id="g-1"), found(subject=B), bound(Applied(subject=A))).status == "in_sync"
    )


# --- icon -------------------------------------------------------------------------------------------------

RECORDED = IconRecord("a1", "served-a1", URL, 1000)
AS_RECORDED = served(f"{URL}?sig=2")
OTHER = served("https://cdn.example/2/b.png", sha256="x9", length=7)


@pytest.mark.parametrize(
    ("desired", "last", "record", "seen", "status", "cause"),
    [
        (icon("a1"), "a1", RECORDED, AS_RECORDED, "in_sync", None),
        (icon("a1"), "a1", RECORDED, OTHER, "drifted", "edited_outside"),
        (icon("a1"), "a1", RECORDED, NO_ICON, "drifted", "edited_outside"),
        (icon("b2"), "a1", RECORDED, AS_RECORDED, "pending", "not_applied"),
        (
            icon("b2"),
            "a1",
            RECORDED,
            served("https://cdn.example/3", sha256="served-a1"),
            "pending",
            "not_applied",
        ),
        (icon("b2"), "a1", RECORDED, replace(OTHER, alike=False), "drifted", "both"),
        (icon("b2"), "a1", RECORDED, NO_ICON, "drifted", "both"),
        (icon("x9"), "a1", RECORDED, OTHER, "in_sync", None),  # outside, to what is wanted by now
        (DesiredIcon(None), "", None, NO_ICON, "in_sync", None),
        (DesiredIcon(None), "", None, OTHER, "drifted", "edited_outside"),
        (DesiredIcon(None), "a1", RECORDED, AS_RECORDED, "pending", "not_applied"),
        (DesiredIcon(None), "a1", RECORDED, OTHER, "drifted", "both"),
        (icon("a1"), "", None, NO_ICON, "pending", "not_applied"),
        (icon("a1"), "", None, replace(OTHER, alike=False), "drifted", "both"),
        (icon("a1"), None, None, NO_ICON, "pending", "not_applied"),
        (icon("b2"), "a1", None, replace(OTHER, alike=False), "drifted", "unknown"),
        (icon("b2"), "a1", None, served(sha256="a1", alike=False), "pending", "not_applied"),
    ],
)
def test_icon(
    desired: DesiredIcon,
    last: str | None,
    record: IconRecord | None,
    seen: LiveIcon,
    status: str,
    cause: str | None,
) -> None:
    group = one(
        wanted(icon=desired),
        reading(found(), icons={"g-1": seen}),
        bound(Applied(subject="Sales", icon=last), picture=record),
    )
    assert group.status == status
    assert [(field.field, field.cause) for field in group.fields] == ([("icon", cause)] if cause else [])


def test_the_hash_of_an_untouched_icon_is_known_without_fetching_it() -> None:
    state = bound(Applied(subject="Sales", icon="a1"), picture=RECORDED)
    field = only(one(wanted(icon=icon("b2")), reading(found(), icons={"g-1": AS_RECORDED}), state))
    assert field.live == replace(AS_RECORDED, sha256="served-a1")
    assert field.last_applied == RECORDED


# --- admins -----------------------------------------------------------------------------------------------

BOTH = Applied(subject="Sales", admins=("ana", "bruno"))


@pytest.mark.parametrize(
    ("now", "applied", "admins", "members", "expected"),
    [
        # somebody is made admin by hand
        ((ana, bruno), BOTH, (ANA, BRUNO, STRANGER), (), {STRANGER: ("demote", "edited_outside")}),
        ((ana, bruno), BOTH, (ANA, BRUNO, DORA), (), {DORA: ("demote", "edited_outside")}),
        # somebody loses it by hand
        ((ana, bruno), BOTH, (ANA,), (BRUNO,), {BRUNO: ("promote", "edited_outside")}),
        # the manifest changed
        ((ana,), BOTH, (ANA, BRUNO), (), {BRUNO: ("demote", "not_applied")}),
        ((ana, bruno, dora), BOTH, (ANA, BRUNO), (DORA,), {DORA: ("promote", "not_applied")}),
        # both at once, in different people
        ((ana,), BOTH, (ANA, BRUNO, DORA), (),
         {DORA: ("demote", "edited_outside"), BRUNO: ("demote", "not_applied")}),
        # admins were not managed before
        ((ana,), Applied(subject="Sales"), (ANA, STRANGER), (), {STRANGER: ("demote", "not_applied")}),
        # nothing on record
        ((ana,), None, (STRANGER,), (ANA,), {ANA: ("promote", "unknown"), STRANGER: ("demote", "unknown")}),
    ],
)  # fmt: skip
def test_admins(
    now: tuple[Person, ...],
    applied: Applied | None,
    admins: tuple[str, ...],
    members: tuple[str, ...],
    expected: dict[str, tuple[str, str]],
) -> None:
    group = one(wanted(admins=now), found(admins=admins, members=members), bound(applied))
    field = only(group)
    assert field.field == "admins"
    assert causes(field) == expected
    alone = {cause for _, cause in expected.values()}
    assert field.cause == (alone.pop() if len(alone) == 1 else "both")
    assert group.status == ("pending" if field.cause == "not_applied" else "drifted")
    assert field.live == admins, "the account is protected, so it is left out"


def test_whoever_has_joined_since_is_pending_and_whoever_has_not_is_no_drift() -> None:
    state = bound(BOTH, joined=("ana/0001",))
    joined = one(wanted(admins=(ana, bruno)), found(admins=[ANA], members=[BRUNO]), state)
    assert (joined.status, causes(only(joined))) == ("pending", {BRUNO: ("promote", "not_applied")})
    assert one(wanted(admins=(ana, bruno)), found(admins=[ANA]), state).status == "in_sync"


def test_a_wanted_admin_who_has_left_the_group_is_a_note() -> None:
    group = one(wanted(admins=(ana, bruno)), found(admins=[ANA]), bound(BOTH))
    assert (group.status, group.fields, group.as_wanted) == ("in_sync", (), True)
    (note,) = group.notes
    assert note.text.startswith("joined and has left since")
    assert note.people == (BRUNO,)


@pytest.mark.parametrize("applied", [BOTH, Applied(subject="Sales")])
def test_a_leaver_whose_day_came_is_not_applied_yet(applied: Applied) -> None:
    gone = replace(bruno, left=date(2026, 11, 21))
    group = one(
        wanted(admins=(ana,) if applied.admins else None),
        found(admins=[ANA, BRUNO]),
        bound(applied),
        leavers=(gone,),
    )
    assert group.status == "pending"
    assert [(field.field, causes(field)) for field in group.fields] == [
        ("admins", {BRUNO: ("demote", "not_applied")}),
        ("members", {BRUNO: ("remove", "not_applied")}),
    ]
    assert "left (contacts.yaml:14)" in group.fields[0].people[0].reason


def test_a_leaver_who_is_made_admin_again_is_drift() -> None:
    gone = replace(bruno, left=date(2026, 11, 1))
    state = bound(Applied(subject="Sales", admins=("ana",)))
    group = one(wanted(admins=(ana,)), found(admins=[ANA, BRUNO]), state, leavers=(gone,))
    assert group.status == "drifted"
    assert group.fields[0].cause == "edited_outside"


def test_people_are_recognised_whatever_contacts_say_by_now() -> None:
    """Taken out of contacts, or given another number: they were named all the same."""
    live = found(admins=[ANA, BRUNO])
    without = tuple(each for each in PEOPLE if each.alias != "bruno")
    assert one(wanted(admins=(ana,)), live, bound(BOTH), people=without).status == "pending"
    for numbers in (("5511988880009",), ("5511988880009", "5511988880010")):
        moved = person(*numbers, alias="bruno")
        group = one(wanted(admins=(ana, moved)), live, bound(BOTH), people=(ana, moved))
        assert causes(only(group)) == {BRUNO: ("demote", "not_applied")}
    waiting = person("5511988880009", BRUNO, alias="bruno")
    group = one(wanted(admins=(ana, waiting)), live, bound(BOTH), people=(ana, waiting))
    assert group.status == "in_sync", "the earlier number keeps its place until the new one has joined"


def test_a_stranger_whose_number_ends_alike_is_not_mistaken_for_somebody() -> None:
    alike = "5521977770001"
    assert alike[-4:] == ANA[-4:]
    group = one(wanted(admins=(ana, bruno)), found(admins=[ANA, BRUNO, alike]), bound(BOTH))
    assert causes(only(group)) == {alike: ("demote", "edited_outside")}


def test_numbers_in_a_record_are_compared_by_their_keys() -> None:
    """Recorded as typed, with Brazil's ninth digit; listed without it; an alias by now."""
    state = bound(Applied(subject="Sales", admins=("ana", BRUNO)))
    group = one(wanted(admins=(ana,)), found(admins=[ANA, "551900000002"]), state)
    assert causes(only(group)) == {"551900000002": ("demote", "edited_outside")}, "another key: a landline"
    long, short = "5519990000002", "551990000002"
    state = bound(Applied(subject="Sales", admins=("ana", long)))
    group = one(wanted(admins=(ana,)), found(admins=[ANA, short]), state)
    assert causes(only(group)) == {short: ("demote", "not_applied")}


def test_creator_and_account_are_no_drift() -> None:
    live = found(creator=CARLOS, admins=[CARLOS, ANA])
    assert (
        one(wanted(admins=(ana,)), live, bound(Applied(subject="Sales", admins=("ana",)))).status == "in_sync"
    )


def test_without_an_account_it_is_said_who_may_be_taken_for_a_stranger() -> None:
    live = found(creator=CARLOS, admins=[CARLOS, ANA])
    found_drift = drift_of(
        wanted(admins=(ana,)), live, bound(Applied(subject="Sales", admins=("ana",))), configured=Settings()
    )
    assert found_drift.groups[0].status == "drifted"
    assert any("account" in note.text for note in found_drift.notes)


# --- members ----------------------------------------------------------------------------------------------

PRUNED = Applied(subject="Sales", admins=("ana",), members=("bruno",))


@pytest.mark.parametrize(
    ("members", "last", "present", "expected"),
    [
        ((bruno,), PRUNED, (BRUNO, STRANGER), {STRANGER: ("remove", "edited_outside")}),
        ((), PRUNED, (BRUNO,), {BRUNO: ("remove", "not_applied")}),
        ((), replace(PRUNED, members=None), (BRUNO,), {BRUNO: ("remove", "not_applied")}),
        ((bruno,), None, (BRUNO, STRANGER), {STRANGER: ("remove", "unknown")}),
    ],
)
def test_members(
    members: tuple[Person, ...],
    last: Applied | None,
    present: tuple[str, ...],
    expected: dict[str, tuple[str, str]],
) -> None:
    group = one(
        wanted(admins=(ana,), members=members, prune_members=True),
        found(admins=[ANA], members=present),
        bound(last),
    )
    field = only(group)
    assert (field.field, causes(field)) == ("members", expected)
    assert field.live == present, "wanted admins and the account are left out"


def test_participants_nobody_asked_for_are_no_drift_without_pruning() -> None:
    live = found(admins=[ANA], members=[BRUNO, STRANGER])
    assert one(wanted(admins=(ana,), members=(bruno,)), live, bound(PRUNED)).status == "in_sync"


def test_a_leaver_comes_back_into_a_pruned_group() -> None:
    gone = replace(carlos, left=date(2026, 11, 1))
    live = found(admins=[ANA], members=[BRUNO, CARLOS])
    kept: dict[str, Any] = {"admins": (ana,), "members": (bruno,)}
    pruned = one(wanted(**kept, prune_members=True), live, bound(PRUNED), leavers=(gone,))
    assert causes(only(pruned)) == {CARLOS: ("remove", "edited_outside")}
    tolerated = one(wanted(**kept), live, bound(PRUNED), leavers=(gone,))
    assert causes(only(tolerated)) == {CARLOS: ("remove", "not_applied")}


# --- link and ensure --------------------------------------------------------------------------------------


def test_a_raised_link_version_is_pending_and_live_is_not_known() -> None:
    group = one(wanted(link_version=3), found(), bound(Applied(subject="Sales"), link_version=2))
    field = only(group)
    assert (group.status, field.field, field.desired, field.last_applied, field.live) == (
        "pending", "link_version", 3, 2, None
    )  # fmt: skip


def test_a_group_to_be_closed_is_pending_as_a_whole() -> None:
    live = found(admins=[ANA], members=[BRUNO])
    group = one(wanted(ensure=Ensure.CLOSED), live, bound(Applied(subject="Sales")))
    assert (group.status, only(group).field, only(group).desired, only(group).live) == (
        "pending", "ensure", "closed", "present"
    )  # fmt: skip


# --- status -----------------------------------------------------------------------------------------------


def test_a_group_to_be_created_is_pending_and_without_a_state_missing() -> None:
    new = wanted(icon=icon())
    group = one(new, reading(), State())
    assert group.status == "pending"
    assert [(field.field, field.live, field.cause) for field in group.fields] == [
        ("subject", None, "not_applied"),
        ("icon", None, "not_applied"),
    ]
    lost = one(new, reading(), State(), keeps_state=False)
    assert lost.status == "missing"
    assert {field.cause for field in lost.fields} == {"unknown"}
    assert not lost.as_wanted


def test_a_group_that_is_gone_is_missing() -> None:
    group = one(wanted(), reading(gone={"g-1": Absent(404)}), bound(Applied(subject="Sales")))
    assert (group.status, group.fields, group.as_wanted) == ("missing", (), False)


def test_an_adopted_group_that_is_as_wanted_is_in_sync() -> None:
    group = one(wanted(), reading(found()), State())
    assert (group.status, group.as_wanted) == ("in_sync", True)


def test_the_record_of_a_renamed_manifest_still_counts() -> None:
    state = bound(Applied(subject="Sales", admins=("ana",)), name="former")
    group = one(wanted(admins=(ana,)), found(admins=[ANA, STRANGER]), state)
    assert only(group).cause == "edited_outside"


def test_a_blocked_group_says_what_differs_all_the_same() -> None:
    live = LiveGroup("g-1", "Hijacked", CARLOS, (STRANGER,), (STRANGER, ACCOUNT, ANA))
    group = one(wanted(admins=(ana,)), live, bound(Applied(subject="Sales", admins=("ana",))))
    assert group.status == "blocked"
    assert [(field.field, field.cause) for field in group.fields] == [
        ("admins", "edited_outside"),
        ("subject", "edited_outside"),
    ]


@pytest.mark.parametrize("hold", [None, Hold("campaign")])
def test_an_account_that_is_no_admin_is_worth_a_note(hold: Hold | None) -> None:
    live = LiveGroup("g-1", "Sales", CARLOS, (CARLOS,), (CARLOS, ACCOUNT))
    group = one(wanted(hold=hold), live, bound(Applied(subject="Sales")))
    assert group.status == ("held" if hold else "in_sync")
    assert group.as_wanted
    assert any("no admin" in note.text for note in group.notes)


HELD = Hold("campaign", date(2026, 12, 1))


def test_a_group_on_hold_counts_as_wanted_only_when_nothing_differs() -> None:
    state = bound(Applied(subject="Sales"))
    quiet = one(wanted(hold=HELD), found(), state)
    assert (quiet.status, quiet.as_wanted) == ("held", True)
    edited = one(wanted(hold=HELD), found(subject="Other"), state)
    assert (edited.status, edited.as_wanted, only(edited).cause) == ("held", False, "edited_outside")
    gone = one(wanted(hold=HELD), reading(gone={"g-1": Absent(404)}), state)
    assert (gone.status, gone.as_wanted) == ("held", False)
    left = LiveGroup("g-1", "Sales", CARLOS, (CARLOS,), (CARLOS,))
    assert (one(wanted(hold=HELD), left, state).as_wanted) is False


def test_a_group_whose_hold_has_ended_is_blocked() -> None:
    over = Hold("campaign", date(2026, 11, 1))
    group = one(wanted(hold=over), found(subject="Other"), bound(Applied(subject="Sales")))
    assert (group.status, only(group).cause) == ("blocked", "edited_outside")


def test_nothing_is_in_sync_when_something_was_not_read() -> None:
    state = State(groups={name: Record(id=name, applied=Applied(subject="Sales")) for name in ("a", "b")})
    whole = drift_of((wanted("a"), wanted("b")), reading(found("a"), found("b")), state)
    assert whole.in_sync
    part = drift_of((wanted("a"), wanted("b")), reading(found("a"), problems=["b"]), state)
    assert (part.complete, part.in_sync) == (False, False)
    assert [group.status for group in part.groups] == ["unreadable", "in_sync"]


def test_a_short_list_is_never_in_sync() -> None:
    found_drift = drift_of(wanted(), reading(found(), unlisted=["g-1"]), bound(Applied(subject="Sales")))
    assert found_drift.groups[0].status == "in_sync"
    assert not found_drift.complete
    assert not found_drift.in_sync


def test_an_orphan_has_no_entry_but_is_mentioned() -> None:
    state = State(
        groups={
            "sales": Record(id="g-1", applied=Applied(subject="Sales")),
            "former": Record(id="g-2"),
        }
    )
    found_drift = drift_of(wanted(), reading(found(), found("g-2")), state)
    assert [group.name for group in found_drift.groups] == ["sales"]
    assert any(note.text.startswith("former: its manifest is gone") for note in found_drift.notes)


# --- order ------------------------------------------------------------------------------------------------


def test_access_comes_before_looks_and_drift_before_what_is_pending() -> None:
    names = ("a-held", "b-insync", "c-pending", "d-looks", "e-access", "f-gone", "g-unread")
    state = State(
        groups={
            name: Record(id=name, applied=Applied(subject="Sales", admins=("ana",)), joined=JOINED)
            for name in names
        }
    )
    groups = tuple(
        wanted(
            name,
            admins=(ana,),
            subject="New" if name == "c-pending" else "Sales",
            hold=HELD if name == "a-held" else None,
        )
        for name in names
    )
    live = reading(
        found("a-held", admins=[ANA]),
        found("b-insync", admins=[ANA]),
        found("c-pending", admins=[ANA]),
        found("d-looks", admins=[ANA], subject="Other"),
        found("e-access", admins=[ANA, STRANGER], subject="Other"),
        gone={"f-gone": Absent(404)},
        problems=["g-unread"],
    )
    ordered = drift_of(groups, live, state).groups
    assert [group.name for group in ordered] == [
        "e-access", "d-looks", "f-gone", "g-unread", "c-pending", "a-held", "b-insync"
    ]  # fmt: skip
    assert [field.field for field in ordered[0].fields] == ["admins", "subject"]


def test_in_one_group_what_drifted_comes_before_what_is_pending() -> None:
    group = one(wanted(admins=(ana,)), found(admins=[ANA, BRUNO], subject="Other"), bound(BOTH))
    assert [(field.field, field.cause) for field in group.fields] == [
        ("subject", "edited_outside"),
        ("admins", "not_applied"),
    ]
