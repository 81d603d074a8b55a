"""Who is promoted, demoted, removed and invited: every sentence of the design's section 5 about people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.model.desired import Person
from reconciler.model.live import LiveGroup
from reconciler.planning.diff import PeopleDiff, changed_fields, compare_people, joined_ref
from tests.planning.build import (
    ACCOUNT,
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    OLD_ACCOUNT,
    STRANGER,
    TODAY,
    found,
    people,
    person,
    wanted,
)

NEW, OLD, OLDER = "5519980000011", "5519970000012", "5519960000013"
NINE, EIGHT = "5519980000001", "551980000001"
MOBILE, LANDLINE = "5491122223333", "541122223333"


@dataclass(frozen=True)
class Case:
    """What is wanted and there, and who should be concerned."""

    what: str
    live: LiveGroup
    admins: tuple[Person, ...] | None = None
    members: tuple[Person, ...] | None = None
    prune: bool = False
    promote: tuple[str, ...] = ()
    demote: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    invite: tuple[tuple[str, str], ...] = ()
    leavers: tuple[Person, ...] = ()
    joined: tuple[Person, ...] = ()
    account: frozenset[str] = frozenset({ACCOUNT, OLD_ACCOUNT})


def compare(case: Case) -> PeopleDiff:
    return compare_people(
        wanted(admins=case.admins, members=case.members, prune_members=case.prune),
        case.live,
        leavers={key: person for person in case.leavers for key in person.keys},
        account_keys=case.account,
        joined=frozenset(map(joined_ref, case.joined)),
    )


ana = person(NEW, OLD, OLDER, alias="ana")

CASES = [
    # admins
    Case("wanted and in, not admin", found(members=[ANA]), people(ANA), promote=(ANA,)),
    Case("wanted and admin", found(admins=[ANA]), people(ANA)),
    Case("admin and not wanted", found(admins=[ANA, BRUNO]), people(ANA), demote=(BRUNO,)),
    Case("wanted and not in", found(), people(ANA), invite=((ANA, "admin"),)),
    Case("nobody wanted", found(admins=[ANA]), (), demote=(ANA,)),
    Case("admins not managed", found(admins=[ANA], members=[BRUNO]), None),
    Case("a member is no admin", found(admins=[ANA]), (), people(ANA), demote=(ANA,)),
    # protected
    Case("the creator stays admin", found(creator=STRANGER, admins=[STRANGER, ANA]), (), demote=(ANA,)),
    Case("an earlier number of the account stays admin", found(admins=[OLD_ACCOUNT]), ()),
    Case(
        "creator and account are not removed",
        found(creator=STRANGER, members=[STRANGER, OLD_ACCOUNT, DORA]),
        None,
        (),
        prune=True,
        remove=(DORA,),
    ),
    Case("the account is not invited", found(account=False), people(ACCOUNT, OLD_ACCOUNT), people(ACCOUNT)),
    Case("a creator who left is not invited", found(creator=STRANGER), people(STRANGER), people(STRANGER)),
    Case(
        "a wanted creator is promoted",
        found(creator=STRANGER, members=[STRANGER]),
        people(STRANGER),
        promote=(STRANGER,),
    ),
    Case(
        "the creator under another spelling",
        found(creator=EIGHT, admins=[NINE], members=[DORA]),
        (),
        (),
        prune=True,
        remove=(DORA,),
    ),
    Case(
        "somebody whose earlier number is the creator's is invited with the wanted one",
        found(creator=OLD, admins=[OLD]),
        (ana,),
        invite=((NEW, "admin"),),
    ),
    # members
    Case("a member to come", found(), None, people(ANA), invite=((ANA, "member"),)),
    Case("a member who is in", found(members=[ANA]), None, people(ANA)),
    Case("nobody is removed without prune", found(members=[ANA, DORA]), None, people(ANA)),
    Case("pruned", found(members=[ANA, DORA]), None, people(ANA), prune=True, remove=(DORA,)),
    Case(
        "pruning keeps wanted admins",
        found(members=[ANA], admins=[BRUNO]),
        people(BRUNO),
        people(ANA),
        prune=True,
    ),
    Case(
        "pruning keeps live admins who are not managed",
        found(admins=[BRUNO], members=[DORA]),
        None,
        (),
        prune=True,
        remove=(DORA,),
    ),
    Case(
        "pruning puts out who is demoted",
        found(admins=[BRUNO]),
        (),
        (),
        prune=True,
        demote=(BRUNO,),
        remove=(BRUNO,),
    ),
    Case(
        "pruning keeps whoever is to be promoted",
        found(members=[ANA]),
        people(ANA),
        (),
        prune=True,
        promote=(ANA,),
    ),
    Case("invited once, as admin", found(), people(ANA), people(ANA), invite=((ANA, "admin"),)),
    # several numbers
    Case(
        "the first number is invited, the other keeps its place",
        found(admins=[OLD]),
        (ana,),
        (),
        prune=True,
        invite=((NEW, "admin"),),
    ),
    Case(
        "any earlier number keeps it",
        found(admins=[OLD, OLDER]),
        (ana,),
        (),
        prune=True,
        invite=((NEW, "admin"),),
    ),
    Case("an earlier number is not promoted", found(members=[OLD]), (ana,), invite=((NEW, "admin"),)),
    Case(
        "the first has joined: it takes over",
        found(admins=[OLD], members=[NEW]),
        (ana,),
        (),
        prune=True,
        promote=(NEW,),
        demote=(OLD,),
        remove=(OLD,),
    ),
    Case("the first is admin: the other goes", found(admins=[NEW, OLD]), (ana,), demote=(OLD,)),
    Case(
        "a member's earlier number stays",
        found(members=[OLD]),
        None,
        (ana,),
        prune=True,
        invite=((NEW, "member"),),
    ),
    Case("a member's first has joined", found(members=[OLD, NEW]), None, (ana,), prune=True, remove=(OLD,)),
    # ambiguous
    Case("two ids of a wanted admin", found(members=[NINE, EIGHT]), people(NINE)),
    Case("two ids of an unwanted admin", found(admins=[NINE, EIGHT]), (), demote=(NINE, EIGHT)),
    Case("one of two ids is admin", found(admins=[NINE], members=[EIGHT]), (), demote=(NINE,)),
    Case("both ids of a wanted admin are admin", found(admins=[NINE, EIGHT]), people(NINE)),
    Case("both ids of a wanted member are in", found(members=[NINE, EIGHT]), None, people(NINE), prune=True),
    Case(
        "an unwanted admin and wanted member with two ids is demoted and stays",
        found(admins=[NINE], members=[EIGHT]),
        (),
        people(EIGHT),
        prune=True,
        demote=(NINE,),
    ),
    Case(
        "two ids of whoever would be pruned",
        found(members=[NINE, EIGHT, DORA]),
        None,
        (),
        prune=True,
        remove=(NINE, EIGHT, DORA),
    ),
    Case(
        "two ids of a leaver",
        found(admins=[NINE], members=[EIGHT]),
        None,
        leavers=(person(NINE),),
        demote=(NINE,),
        remove=(NINE, EIGHT),
    ),
    Case("one Argentinian id matches", found(members=[LANDLINE]), people(MOBILE), promote=(LANDLINE,)),
    Case("two Argentinian ids do not", found(members=[LANDLINE, MOBILE]), people(MOBILE)),
    Case("the id as the server lists it", found(members=[EIGHT]), people(NINE), promote=(EIGHT,)),
    Case(
        "the first number has joined with two ids, both of which are admin: the other goes",
        found(admins=[OLD, NEW, "551980000011"]),
        (ana,),
        demote=(OLD,),
    ),
    # leavers
    Case(
        "a leaver goes where nothing is managed",
        found(admins=[CARLOS]),
        None,
        leavers=(person(CARLOS),),
        demote=(CARLOS,),
        remove=(CARLOS,),
    ),
    Case(
        "with every number",
        found(admins=[OLD], members=[NEW, OLDER]),
        None,
        leavers=(ana,),
        demote=(OLD,),
        remove=(OLD, NEW, OLDER),
    ),
    Case(
        "a leaver who created it stays",
        found(creator=CARLOS, admins=[CARLOS]),
        None,
        leavers=(person(CARLOS),),
    ),
    Case("a leaver who is not in is no change", found(), None, leavers=(person(CARLOS),)),
    # joined and left
    Case("has joined and left", found(), people(ANA), people(BRUNO), joined=people(ANA, BRUNO)),
    Case("joined again", found(members=[ANA]), people(ANA), promote=(ANA,), joined=people(ANA)),
    Case(
        "joined with another number",
        found(),
        (ana,),
        joined=(person(OLD, alias="ana"),),
        invite=((NEW, "admin"),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_people(case: Case) -> None:
    diff = compare(case)
    assert tuple(one.wa_id for one in diff.promote) == case.promote
    assert tuple(one.wa_id for one in diff.demote) == case.demote
    assert sorted(one.wa_id for one in diff.remove) == sorted(case.remove)
    assert tuple((one.person.numbers[0], one.role) for one in diff.invite) == case.invite


@pytest.mark.parametrize(
    ("live", "which"),
    [
        (found(members=[NINE, EIGHT]), "the one that is not theirs"),
        (found(admins=[NINE], members=[EIGHT]), "the one of 12 digits"),
        (found(admins=[EIGHT], members=[NINE]), "the one of 13 digits"),
        (found(members=[LANDLINE, MOBILE]), "the one that is not theirs"),
    ],
)
def test_which_of_several_ids_to_promote_is_for_people_to_say(live: LiveGroup, which: str) -> None:
    wanted = people(MOBILE if MOBILE in live.participants else NINE)
    diff = compare(Case("", live, wanted))
    assert diff.stuck is not None
    assert which in diff.stuck.text
    assert set(diff.stuck.people) == set(live.participants) - {ACCOUNT}
    assert (diff.promote, diff.demote, diff.remove) == ((), (), ())


def test_nobody_has_to_choose_among_ids_of_the_protected() -> None:
    twin = LiveGroup("x", "S", NINE, (ACCOUNT,), (ACCOUNT, NINE, EIGHT))
    assert compare(Case("", twin, people(NINE), (), prune=True)).stuck is None


def test_whoever_left_again_is_named() -> None:
    (note,) = compare(Case("", found(), people(ANA), joined=people(ANA))).notes
    assert note.people == (ANA,)


def test_a_person_listed_twice_is_named_once() -> None:
    live = found()
    twice = LiveGroup(live.id, live.subject, live.creator, live.admins, (ACCOUNT, ANA, ANA, DORA, DORA))
    diff = compare(Case("", twice, people(ANA), (), prune=True))
    assert [one.wa_id for one in diff.promote] == [ANA]
    assert [one.wa_id for one in diff.remove] == [DORA]


def test_reasons_name_the_place() -> None:
    left = person(CARLOS, alias="carlos", left=TODAY)
    diff = compare(Case("", found(admins=[CARLOS, BRUNO]), (), leavers=(left,)))
    assert [one.reason for one in diff.demote] == ["left (contacts.yaml:14)", "not an admin in the manifest"]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"a": 1}, {"a": 1}, ()),
        ({"a": 1, "b": "x"}, {"a": 2, "b": "x"}, ("a",)),
        ({"a": None, "b": True}, {"a": "x", "b": False}, ("a", "b")),
        ({"a": 1, "b": "b"}, {"a": "1", "b": "b"}, ("a",)),
    ],
)
def test_changed_fields(before: dict[str, Any], after: dict[str, Any], changed: tuple[str, ...]) -> None:
    assert changed_fields(before, after) == changed
