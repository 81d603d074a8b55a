"""What a plan says where the service is a gateway: people who hide their numbers, what people decided,
communities, what is not told, and groups that may be somebody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.errors import Problem
from reconciler.model.change import ChangePeople, CreateGroup, LeaveGroup, RevokeLink, SetValue
from reconciler.model.desired import DesiredGroup, Person
from reconciler.model.group import Ensure
from reconciler.model.live import LiveGroup, LiveState
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.record import Decision, Intent, Record, State
from reconciler.planning.diff import joined_ref, people_digest
from reconciler.planning.record import record_of
from tests.planning.build import (
    ACCOUNT,
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    NOW,
    TODAY,
    entry,
    ids_of,
    kinds,
    notes_of,
    people,
    person,
    plan_of,
    settings,
    state,
    wanted,
)

GROUP = "120363000000000001@g.us"
GHOST, GHOST_2 = "111111111111111@lid", "222222222222222@lid"
OURS = f"{ACCOUNT}@c.us"


def as_id(who: str) -> str:
    return who if "@" in who else f"{who}@c.us"


def listed(
    *,
    admins: tuple[str, ...] = (),
    members: tuple[str, ...] = (),
    creator: str | None = ACCOUNT,
    account: bool = True,
    **told: Any,
) -> LiveGroup:
    """A group as a gateway lists it, the account an admin in it; whoever is no number is an id that hides
    one, which `numbers` may tell."""
    leaders = tuple(map(as_id, ((ACCOUNT, *admins) if account else admins)))
    return LiveGroup(
        **{
            "id": GROUP,
            "subject": "Sales",
            "creator": creator,
            "admins": leaders,
            "participants": (*leaders, *(() if account else (OURS,)), *map(as_id, members)),
            "description": "",
            **told,
        }
    )


def planned(group: DesiredGroup, live: LiveGroup, record: Record | None = None, **more: Any) -> GroupPlan:
    known = State(groups={"sales": record or Record(id=live.id)})
    return entry(plan_of([group], gateway(live), known, configured=at_gateway(), **more))


def gateway(*groups: LiveGroup, **more: Any) -> LiveState:
    found = {"listed": tuple(group.id for group in groups), "groups": {group.id: group for group in groups}}
    return LiveState(**{**found, "gateway": True, **more})


def at_gateway() -> Any:
    return settings(backend="waha", account=(ACCOUNT,))


def people_in(changes: Any) -> dict[str, list[str]]:
    return {each.kind: ids_of(each.people) for each in changes if isinstance(each, ChangePeople)}


LEFT = person(DORA, alias="dora", left=TODAY)


class TestUnidentified:
    """Nobody knows who they are: nothing is done to them, and nothing green is said of what they may be."""

    def test_a_member_is_a_note_and_is_kept_whoever_else_is_removed(self) -> None:
        live = listed(admins=(ANA,), members=(GHOST, BRUNO))
        group = planned(wanted(admins=people(ANA), members=(), prune_members=True), live)
        assert people_in(group.changes) == {"remove_participants": [as_id(BRUNO)]}
        assert "1 here whose number the service hides" in notes_of(group)

    @pytest.mark.parametrize("members", [None, ()])
    def test_an_admin_blocks_where_admins_are_managed(self, members: Any) -> None:
        live = listed(admins=(ANA, BRUNO, GHOST), members=(CARLOS,))
        group = planned(
            wanted(admins=people(ANA, CARLOS), members=members, prune_members=members == ()), live
        )
        assert (group.action, group.changes) == ("blocked", ())
        assert people_in(group.withheld) == {
            "promote": [as_id(CARLOS)],
            "demote": [as_id(BRUNO)],
            **({"remove_participants": [as_id(BRUNO)]} if members == () else {}),
        }
        assert group.notes[-1].people == (GHOST,)
        assert "`lids:`" in notes_of(group)

    def test_an_admin_is_a_note_where_admins_are_not_managed(self) -> None:
        group = planned(
            wanted(members=people(ANA), prune_members=True), listed(admins=(GHOST,), members=(ANA,))
        )
        assert (group.action, group.changes) == ("none", ())
        assert "1 here" in notes_of(group)

    def test_a_leaver_who_is_not_found_may_be_that_person(self) -> None:
        live = listed(admins=(ANA,), members=(GHOST,))
        group = planned(wanted(admins=people(ANA)), live, leavers=(LEFT,))
        assert group.action == "blocked"
        assert group.notes[-1].people == (DORA,)

    def test_a_leaver_whose_hidden_id_is_in_contacts_is_not_that_person(self) -> None:
        left = replace(LEFT, lids=(GHOST_2,))
        group = planned(wanted(admins=people(ANA)), listed(admins=(ANA,), members=(GHOST,)), leavers=(left,))
        assert group.action == "none"

    @pytest.mark.parametrize("members", [(DORA, GHOST), (DORA,), ()])
    def test_a_leaver_who_is_found_or_cannot_be_there_is_no_hindrance(self, members: tuple[str, ...]) -> None:
        group = planned(wanted(), listed(admins=(ANA,), members=members), leavers=(LEFT,))
        assert group.action == ("update" if members else "none")
        assert people_in(group.changes) == ({"remove_participants": [as_id(DORA)]} if members else {})

    @pytest.mark.parametrize("join", ["add", "invite"])
    def test_whoever_is_missing_may_be_that_person(self, join: Any) -> None:
        live = listed(members=(GHOST,))
        group = planned(wanted(admins=people(ANA), members=people(BRUNO), join=join), live)
        assert (group.action, group.changes) == ("none", ())
        assert [(each.person.key, each.role, each.maybe) for each in group.to_invite] == [
            (people(ANA)[0].key, "admin", True),
            (people(BRUNO)[0].key, "member", True),
        ]
        (note,) = (note for note in group.notes if "maybe in already" in note.text)
        assert note.people == (ANA, BRUNO)

    def test_whoever_was_in_and_is_seen_no_more_may_have_become_that_person(self) -> None:
        ana = person(ANA, alias="ana")
        record = Record(id=GROUP, joined=(joined_ref(ana),))
        group = planned(wanted(members=(ana,), join="add"), listed(members=(GHOST,)), record)
        assert (group.changes, group.to_invite) == ((), ())
        assert "maybe in already" in notes_of(group)
        assert "has left" not in notes_of(group)

    def test_the_account_and_the_creator_are_never_taken_for_one(self) -> None:
        own, maker = "333333333333333@lid", GHOST
        live = listed(admins=(own, maker, ANA), account=False, creator=maker)
        configured = settings(backend="waha", account=(ACCOUNT,), lids=(own,))
        known = State(groups={"sales": Record(id=GROUP)})
        group = entry(plan_of([wanted(admins=people(ANA))], gateway(live), known, configured=configured))
        assert group.action == "none"

    def test_a_superadmin_is_protected_as_a_creator_is(self) -> None:
        live = listed(admins=(BRUNO, CARLOS), creator=None, superadmins=(as_id(BRUNO),))
        group = planned(wanted(admins=(), members=(), prune_members=True), live)
        assert people_in(group.changes) == {
            "demote": [as_id(CARLOS)],
            "remove_participants": [as_id(CARLOS)],
        }
        closed = planned(wanted(ensure=Ensure.CLOSED), live)
        assert people_in(closed.changes) == {"remove_participants": [as_id(CARLOS)]}

    def test_closing_removes_them_too_and_says_how_many(self) -> None:
        live = listed(admins=(GHOST, ANA), members=(GHOST_2,), creator=DORA)
        group = planned(wanted(ensure=Ensure.CLOSED), live)
        assert kinds(group.changes) == ["revoke_link", "remove_participants", "leave_group"]
        assert people_in(group.changes) == {"remove_participants": [GHOST, as_id(ANA), GHOST_2]}
        assert "2 of those who are removed hide their number" in notes_of(group)

    def test_leaving_says_nothing_of_them(self) -> None:
        group = planned(wanted(ensure=Ensure.LEFT), listed(admins=(GHOST,)))
        assert (group.changes, group.notes) == ((LeaveGroup(),), ())


class TestHiddenButKnown:
    """An id that hides a number which is told is that person, and is called by that id."""

    def test_they_are_promoted_demoted_and_removed_by_the_id_that_is_listed(self) -> None:
        live = listed(admins=(GHOST,), members=(GHOST_2, CARLOS), numbers={GHOST: ANA, GHOST_2: BRUNO})
        group = planned(wanted(admins=people(BRUNO), members=(), prune_members=True), live)
        assert people_in(group.changes) == {
            "promote": [GHOST_2],
            "demote": [GHOST],
            "remove_participants": [GHOST, as_id(CARLOS)],
        }
        assert [each.shown for each in group.changes[0].people] == [BRUNO]  # type: ignore[union-attr]

    def test_a_hidden_id_and_a_number_of_one_person_are_several_ids(self) -> None:
        live = listed(members=(GHOST, ANA), numbers={GHOST: ANA})
        group = planned(wanted(admins=people(ANA)), live)
        assert group.action == "blocked"
        assert set(group.notes[-1].people) == {GHOST, as_id(ANA)}

    def test_whose_id_it_is_is_kept_for_people_of_the_manifest_alone(self) -> None:
        ana = person(ANA, alias="ana")
        live = listed(admins=(GHOST,), members=(GHOST_2,), numbers={GHOST: ANA, GHOST_2: CARLOS})
        record = record_of(wanted(admins=(ana,)), live, None, None, now=NOW)
        assert record.lids == {GHOST: "ana"}


class TestDecisions:
    """Who is to be added has a say."""

    ana, bruno = person(ANA, alias="ana"), person(BRUNO, alias="bruno")

    def group(self, *members: Person) -> DesiredGroup:
        return wanted(members=members, join="add")

    def record(self, status: Any, *members: Person) -> Record:
        digest = people_digest(self.group(*members)) if status == "invite" else ""
        return Record(id=GROUP, decisions={joined_ref(self.ana): Decision(status, digest)})

    def test_who_is_missing_is_added_by_the_number_that_is_wanted(self) -> None:
        group = planned(wanted(admins=(self.ana,), members=(self.bruno,), join="add"), listed())
        assert people_in(group.changes) == {"add_members": [ANA, BRUNO], "promote": [ANA]}
        assert kinds(group.changes) == ["add_members", "promote"]
        assert group.to_invite == ()

    def test_who_refused_is_invited_as_long_as_the_people_stay_the_same(self) -> None:
        group = planned(self.group(self.ana), listed(), self.record("invite", self.ana))
        assert group.changes == ()
        assert [each.person for each in group.to_invite] == [self.ana]
        again = planned(self.group(self.ana, self.bruno), listed(), self.record("invite", self.ana))
        assert people_in(again.changes) == {"add_members": [ANA, BRUNO]}

    def test_who_left_is_left_alone_for_good(self) -> None:
        for members in ((self.ana,), (self.ana, self.bruno)):
            group = planned(self.group(*members), listed(), self.record("left", self.ana))
            assert ANA not in [who for ids in people_in(group.changes).values() for who in ids]
            assert group.to_invite == ()
            assert "has left since" in notes_of(group)

    def test_who_was_seen_in_and_has_left_is_left_alone(self) -> None:
        record = Record(id=GROUP, joined=(joined_ref(self.ana),))
        group = planned(self.group(self.ana), listed(), record)
        assert (group.changes, group.to_invite) == ((), ())

    @pytest.mark.parametrize("status", ["invite", "left"])
    def test_a_decision_is_forgotten_once_they_are_in_or_not_wanted(self, status: Any) -> None:
        old = self.record(status, self.ana)
        kept = record_of(self.group(self.ana), listed(), None, old, now=NOW)
        assert kept.decisions == old.decisions
        for group, live in (
            (self.group(self.ana), listed(members=(ANA,))),
            (self.group(self.bruno), listed()),
        ):
            assert record_of(group, live, None, old, now=NOW).decisions == {}

    def test_who_was_added_is_counted_for_a_day(self) -> None:
        old = Record(
            id=GROUP, added={"ana/0001": NOW - timedelta(hours=23), "bruno/0002": NOW - timedelta(days=1)}
        )
        record = record_of(self.group(self.ana), listed(members=(ANA,)), None, old, now=NOW)
        assert set(record.added) == {"ana/0001"}


class TestWhatCannotBeDone:
    @pytest.mark.parametrize("ensure", Ensure)
    def test_a_community_is_blocked(self, ensure: Ensure) -> None:
        live = listed(community=True, members=(ANA,))
        group = planned(wanted(subject="Other", id=GROUP, ensure=ensure), live)
        assert (group.action, group.changes) == ("blocked", ())
        assert "community: " in notes_of(group)

    def test_a_community_is_found_by_no_subject(self) -> None:
        live = listed(community=True)
        assert entry(plan_of([wanted()], gateway(live), configured=at_gateway())).action == "create"

    def test_a_group_of_a_community_is_managed_with_a_note(self) -> None:
        live = listed(parent="120363000000000009@g.us", admins=(BRUNO,))
        group = planned(wanted(admins=people(ANA)), live)
        assert people_in(group.changes) == {"demote": [as_id(BRUNO)]}
        assert "belongs to a community" in notes_of(group)

    @pytest.mark.parametrize("members", [(), (ANA,)])
    def test_nobody_is_added_to_a_group_of_a_community(self, members: tuple[str, ...]) -> None:
        live = listed(parent="120363000000000009@g.us", members=members)
        group = planned(wanted(members=people(ANA), join="add"), live)
        assert (group.action, group.changes) == ("blocked", ())
        assert "`join: invite`" in notes_of(group)

    def test_what_the_service_does_not_tell_cannot_be_managed(self) -> None:
        live = listed(permissions={"send_messages": "everyone"})
        wishes = {"send_messages": "admins", "approve_members": True}
        group = planned(wanted(permissions=wishes), live)
        assert (group.action, kinds(group.withheld)) == ("blocked", ["set_permission"])
        assert "does not tell approve_members" in notes_of(group)
        assert planned(wanted(permissions={"send_messages": "admins"}), live).action == "update"

    def test_texts_and_permissions_are_changes_of_their_own(self) -> None:
        live = listed(permissions={"send_messages": "everyone", "approve_members": False}, description="Old ")
        group = planned(
            wanted(description="New", permissions={"send_messages": "admins", "approve_members": False}), live
        )
        assert group.changes == (
            SetValue("description", "Old ", "New"),
            SetValue("send_messages", "everyone", "admins"),
        )


class TestFoundBySubject:
    """On a gateway a subject proves little."""

    @pytest.mark.parametrize(
        ("live", "blocked"),
        [
            (listed(), False),
            (listed(creator=None), True),
            (listed(account=False, admins=(ANA,)), True),
            (listed(creator=ANA), True),
        ],
        ids=["ours", "creator unknown", "no admin", "somebody else's"],
    )
    @pytest.mark.parametrize("rule", ["subject", "previously", "create"])
    def test_a_group_that_may_be_strangers_waits_for_an_id(
        self, live: LiveGroup, blocked: bool, rule: str
    ) -> None:
        group = wanted(subject="Sales" if rule == "subject" else "New", previously=("Sales",))
        known = State()
        if rule == "create":
            group = wanted()
            known = State(creating={"sales": Intent("Sales", (), NOW)})
        found = entry(plan_of([group], gateway(live), known, configured=at_gateway()))
        assert found.action == ("blocked" if blocked else "adopt")
        if blocked:
            assert f"id: {GROUP}" in notes_of(found)
        pinned = entry(plan_of([replace(group, id=GROUP)], gateway(live), known, configured=at_gateway()))
        assert pinned.id == GROUP
        assert kinds(pinned.changes)[:1] != ["create_group"]

    def test_elsewhere_a_creator_who_is_not_told_is_no_hindrance(self) -> None:
        live = replace(gateway(listed(creator=None)), gateway=False)
        assert entry(plan_of([wanted()], live, configured=settings())).action == "adopt"

    def test_a_bound_group_that_is_neither_listed_nor_read_stops_every_create(self) -> None:
        gone = Problem("http_500", "the gateway failed", status=500)
        live = gateway(groups={GROUP: gone}, listed=())
        found = plan_of([wanted("sales"), wanted("new", subject="New")], live, state(sales=GROUP))
        assert [group.action for group in found.groups] == ["unreadable", "unreadable"]


class TestCreate:
    def test_a_new_group_gets_its_values_and_its_people(self) -> None:
        ana, bruno = person(ANA, alias="ana"), person(BRUNO, alias="bruno")
        group = wanted(
            admins=(ana, person(ACCOUNT)),
            members=(ana, bruno),
            join="add",
            description="Hello",
            permissions={"send_messages": "admins", "approve_members": True},
        )
        found = entry(plan_of([group], gateway(), configured=at_gateway()))
        assert found.action == "create"
        assert kinds(found.changes) == [
            "create_group",
            "set_description",
            "set_permission",
            "set_permission",
            "add_members",
            "promote",
        ]
        assert found.changes[0] == CreateGroup("Sales")
        assert people_in(found.changes) == {"add_members": [ANA, BRUNO], "promote": [ANA]}
        assert found.to_invite == ()

    def test_no_description_is_nothing_to_set_and_nobody_is_added_unless_asked(self) -> None:
        found = entry(
            plan_of([wanted(description="", members=people(ANA))], gateway(), configured=at_gateway())
        )
        assert found.changes == (CreateGroup("Sales"),)
        assert [each.person for each in found.to_invite] == list(people(ANA))


CROWD = [f"55199{n:08}" for n in range(30)]


class TestAddMany:
    def check(self, *counts: int, creates: int = 0, recent: int = 0, hours: int = 23, **wishes: Any) -> Plan:
        """`counts` people are to be added to groups that are there, `creates` with a new one."""
        groups, live, records, crowd = [], [], {}, iter(CROWD)
        for n, count in enumerate(counts):
            group_id = f"12036300000000{n:04}@g.us"
            members = people(*(next(crowd) for _ in range(count)))
            groups.append(wanted(f"g{n}", subject=f"G {n}", members=members, join="add"))
            live.append(listed(id=group_id, subject=f"G {n}"))
            records[f"g{n}"] = Record(id=group_id)
        if creates:
            members = people(*(next(crowd) for _ in range(creates)))
            groups.append(wanted("new", subject="New", members=members, join="add"))
        at = NOW - timedelta(hours=hours)
        records["old"] = Record(id="old@g.us", added={f"5511{n:09}": at for n in range(recent)})
        live.append(listed(id="old@g.us", subject="Old"))
        groups.append(wanted("old", subject="Old"))
        return plan_of(groups, gateway(*live), State(groups=records), configured=at_gateway(), **wishes)

    @pytest.mark.parametrize(
        ("what", "objects"),
        [
            ({"counts": (10, 10)}, False),
            ({"counts": (10, 9), "creates": 2}, True),
            ({"counts": (11,)}, True),
            ({"creates": 11}, True),
            ({"creates": 10}, False),
            ({"counts": (5,), "recent": 15}, False),
            ({"counts": (5,), "recent": 16}, True),
            ({"counts": (5,), "recent": 16, "hours": 24}, False),
            ({"recent": 30}, False),
        ],
    )
    def test_more_than_20_a_day_or_10_into_one_group(self, what: dict[str, Any], objects: bool) -> None:
        counts = what.pop("counts", ())
        found = self.check(*counts, **what)
        assert [each.code for each in found.objections] == (["add-many"] if objects else [])

    def test_it_is_lifted_by_its_own_code(self) -> None:
        found = self.check(11, allow=frozenset({"add-many"}))
        assert found.open_objections == ()
        assert [each.count for each in found.objections] == [11]


def test_closing_a_group_needs_its_link_revoked_first() -> None:
    group = planned(wanted(ensure=Ensure.CLOSED), listed())
    assert group.changes == (RevokeLink(None, None), LeaveGroup())


def test_an_account_that_is_listed_by_its_hidden_id_is_there() -> None:
    own = "333333333333333@lid"
    live = listed(account=False, admins=(own,), members=(ANA,), numbers={own: ACCOUNT})
    live = replace(live, participants=tuple(each for each in live.participants if each != OURS))
    configured = settings(backend="waha", account=(ACCOUNT,), lids=(own,))
    known = State(groups={"sales": Record(id=GROUP)})
    group = entry(plan_of([wanted(admins=people(ANA))], gateway(live), known, configured=configured))
    assert people_in(group.changes) == {"promote": [as_id(ANA)]}
