"""Promises 2 to 4 over any manifests, any live groups and any people: a machine that does what they do.

Every run is checked: only what the manifests say happens to people, in the safe order, with no more calls
than changes; after it the plan is empty and another run writes nothing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from math import ceil
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from reconciler.model.change import ChangePeople, CreateGroup, LeaveGroup
from reconciler.model.desired import Person
from reconciler.model.group import Ensure, Hold
from reconciler.model.plan import Plan
from reconciler.model.record import State
from reconciler.model.settings import GUARD_CODES
from tests.apply.world import LEFT, World, one_byte_off, picture, reencoded, statuses
from tests.fakes import ACCOUNT
from tests.properties import oracle
from tests.properties.profile import tried

NAMES = ("alpha", "beta", "gamma")
SUBJECTS = ("Alpha", "Beta", "Café do João", "Cafe\u0301 do Joa\u0303o", " Gamma")
COLOURS = ("teal", "navy")

ANA, ANA_8 = "5519980000001", "551980000001"  # with and without the ninth digit
BRUNO, BRUNO_BEFORE = "5519980000002", "5511970000002"
CARLOS = "5215512345678"
CARLOS_52 = "525512345678"
DIEGO, DIEGO_54 = "5491122223333", "541122223333"
ELISA = "5519980000005"  # has left
STRANGERS = ("5521977776666", "14155550100")
LIVE_IDS = (ANA, ANA_8, BRUNO, BRUNO_BEFORE, CARLOS, CARLOS_52, DIEGO, DIEGO_54, ELISA, *STRANGERS)
PEOPLE = (
    Person((ANA,), "ana"),
    Person((BRUNO, BRUNO_BEFORE), "bruno"),
    Person((CARLOS_52,)),
    Person((DIEGO,), "diego"),
    Person((ACCOUNT,), "us"),
)
LEAVERS = (Person((ELISA,), "elisa", left=LEFT),)

crowds = st.lists(st.sampled_from(LIVE_IDS), max_size=5, unique=True)
wanted_people = st.none() | st.lists(st.sampled_from(PEOPLE), max_size=4, unique=True).map(tuple)
names = st.sampled_from(NAMES)
any_group = st.integers(min_value=0, max_value=30)


def _normal(subject: str) -> str:
    return unicodedata.normalize("NFC", subject).strip()


groups_there = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(SUBJECTS),
        "creator": st.sampled_from((ACCOUNT, ACCOUNT, STRANGERS[0], ANA_8)),
        "account": st.sampled_from(("admin", "admin", "member")),
        "participants": crowds,
        "admins": crowds,
        "icon": st.none() | st.sampled_from(COLOURS).map(picture),
    }
)
manifests = st.fixed_dictionaries(
    {
        "name": names,
        "subject": st.sampled_from(SUBJECTS).map(_normal),
        "icon": st.sampled_from((*COLOURS, "none", "unmanaged")),
        "admins": wanted_people,
        "members": wanted_people,
        "prune_members": st.booleans(),
        "link_version": st.none() | st.integers(1, 3),
        "previously": st.lists(st.sampled_from(SUBJECTS), max_size=2).map(tuple),
        "ensure": st.sampled_from((Ensure.PRESENT,) * 5 + (Ensure.LEFT, Ensure.CLOSED)),
        "hold": st.sampled_from((None,) * 5 + (Hold("campaign"),)),
        "id": st.none() | any_group,
    }
)


class Groups(RuleBasedStateMachine):
    """People, colleagues and pipelines at work on one account."""

    @initialize(
        keeps_state=st.sampled_from((True, True, False)),
        store=st.sampled_from((bytes, one_byte_off, reencoded)),
        there=st.lists(groups_there, min_size=1, max_size=4),
        written=st.lists(manifests, min_size=1, max_size=3),
    )
    def begin(self, keeps_state: bool, store: Any, there: list[Any], written: list[Any]) -> None:
        self.world = World(store=store)
        self.world.keeps_state = keeps_state
        self.world.leavers = LEAVERS
        for group in there:
            self.world.api.seed(**group)
        for fields in written:
            self.write(**fields)

    def some_group(self, n: int) -> str | None:
        ids = self.world.api.ids()
        return ids[n % len(ids)] if ids else None

    def write(self, name: str, icon: str, id: int | None, **fields: Any) -> None:
        if icon != "unmanaged":
            fields["icon"] = None if icon == "none" else picture(icon)
        fields["prune_members"] &= fields["members"] is not None
        if not self.world.keeps_state:
            fields["link_version"] = None  # validation refuses it
        self.world.want(name, **fields, id=None if id is None else self.some_group(id))

    # What people do

    @rule(group=groups_there)
    def somebody_adds_the_account_to_a_group(self, group: Any) -> None:
        self.world.api.seed(**group)

    @rule(
        n=any_group,
        people=st.lists(st.sampled_from((*LIVE_IDS, ACCOUNT)), min_size=1, max_size=4, unique=True),
        what=st.sampled_from(("join", "join", "leave", "promote", "demote")),
    )
    def people_do_things(self, n: int, people: list[str], what: str) -> None:
        """In WhatsApp the creator stays admin, and only participants are promoted."""
        if group_id := self.some_group(n):
            live = self.world.api.group(group_id)
            allowed = {
                "join": [who for who in people if who != ACCOUNT],
                "promote": [who for who in people if who in live.participants],
            }.get(what, [who for who in people if who != live.creator])
            getattr(self.world.api, what)(group_id, *allowed)

    @rule(n=any_group, subject=st.sampled_from(SUBJECTS))
    def somebody_renames(self, n: int, subject: str) -> None:
        if group_id := self.some_group(n):
            self.world.api.set_subject(group_id, subject)

    @rule(n=any_group, colour=st.none() | st.sampled_from(COLOURS))
    def somebody_sets_the_icon(self, n: int, colour: str | None) -> None:
        if group_id := self.some_group(n):
            self.world.api.set_icon(group_id, picture(colour) if colour else None)

    # What colleagues write

    @rule(fields=manifests)
    def a_manifest_is_written(self, fields: Any) -> None:
        self.write(**fields)

    @rule(old=names, new=st.none() | names)
    def a_manifest_is_renamed_or_deleted(self, old: str, new: str | None) -> None:
        if old in self.world.manifests and new not in self.world.manifests:
            manifest = self.world.manifests.pop(old)
            if new is not None:
                self.world.manifests[new] = replace(manifest, name=new)

    @rule()
    def the_state_is_lost(self) -> None:
        self.world.state = State()

    # What the pipeline does

    @rule()
    def apply(self) -> None:
        self.run(prune=False)

    @rule()
    def apply_with_prune(self) -> None:
        self.run(prune=True)

    def run(self, *, prune: bool) -> None:
        world = self.world
        wishes: dict[str, Any] = {"allow": frozenset(GUARD_CODES), "prune": prune}
        before = {group_id: group.live for group_id, group in world.api.now.items()}
        plan = world.plan(**wishes)
        self.check_file_order(plan, wishes)
        self.check_no_twin(plan)
        world.forget_calls()

        result = world.apply(**wishes)

        assert statuses(result) <= {"done"}
        calls = list(world.api.calls)
        after = {group_id: group.live for group_id, group in world.api.now.items()}
        left = {group.id for group in plan.groups if _has(group.changes, LeaveGroup) and group.id}
        manifests = {
            ended.id: world.manifests[ended.name]
            for ended in result.groups
            if ended.id is not None and ended.name in world.manifests
        }
        begun = {group_id: before.get(group_id, live) for group_id, live in after.items()}
        oracle.check_people_calls(calls, begun, manifests, LEAVERS)
        oracle.check_order(calls)
        oracle.check_places(before, after, left)
        for ended in result.groups:
            if ended.action in ("create", "adopt", "update", "none") and ended.id in manifests:
                group = manifests[ended.id]
                if group.ensure is Ensure.PRESENT and ACCOUNT in after[ended.id].admins:
                    oracle.check_result(group, after[ended.id], LEAVERS)
        assert len([name for name in world.written if name != "get_link"]) <= _calls_needed(plan)
        world.assert_settled(**wishes)

    def check_file_order(self, plan: Plan, wishes: Any) -> None:
        """The order of the files decides nothing."""
        manifests = self.world.manifests
        self.world.manifests = dict(reversed(manifests.items()))
        turned = self.world.plan(**wishes)
        self.world.manifests = manifests
        assert _essence(plan) == _essence(turned)
        assert _essence(plan) == _essence(self.world.plan(**wishes))

    def check_no_twin(self, plan: Plan) -> None:
        """A group is created only where there is none of that subject but other manifests' groups."""
        others = {
            group.id for group in plan.groups if group.id is not None and group.name in self.world.manifests
        }
        for group in plan.groups:
            for change in group.changes:
                if isinstance(change, CreateGroup):
                    assert group.name not in self.world.state.groups
                    twins = [
                        group_id
                        for group_id in self.world.api.ids()
                        if _normal(self.world.api.group(group_id).subject) == change.subject
                    ]
                    assert set(twins) <= others


def _has(changes: tuple[Any, ...], kind: type) -> bool:
    return any(isinstance(change, kind) for change in changes)


def _essence(plan: Plan) -> dict[str, Any]:
    """All but what differs from one reading to the next: signatures of URLs, and the words of notes."""
    return {
        group.name: (
            group.action,
            group.id,
            group.was,
            [(change.kind, getattr(change, "people", None)) for change in group.changes],
            group.to_invite,
        )
        for group in plan.groups
    }


def _calls_needed(plan: Plan) -> int:
    return sum(
        ceil(len(change.people) / 20) if isinstance(change, ChangePeople) else 1
        for group in plan.groups
        for change in group.writes
    )


Groups.TestCase.settings = tried(400, steps=15)
TestGroups = Groups.TestCase
