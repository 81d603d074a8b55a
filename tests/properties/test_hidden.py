"""Whoever hides their number is left alone, whatever the group looks like, and nothing green is said of them.

The groups as they truly are have everybody's number; what a run does is compared with that.
"""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.model.desired import Person
from reconciler.model.group import Ensure
from reconciler.model.number import key
from reconciler.model.outcome import ApplyResult
from reconciler.model.settings import GUARD_CODES
from tests.apply.world import ANA, BRUNO, CARLOS, DORA, ELISA, LEFT, STRANGER, World, statuses
from tests.fakes import ACCOUNT
from tests.properties import oracle
from tests.properties.profile import tried

ALLOW = frozenset(GUARD_CODES)
EVERYBODY = (ANA, BRUNO, CARLOS, DORA, ELISA, STRANGER)
LIDS = {digits: f"{n:015}@lid" for n, digits in enumerate(EVERYBODY, 1)}

crowd = st.lists(st.sampled_from(EVERYBODY), max_size=5, unique=True)
wanted = st.none() | st.lists(st.sampled_from((ANA, BRUNO, CARLOS, DORA)), max_size=3, unique=True)
hiding = st.dictionaries(
    st.sampled_from(EVERYBODY), st.sampled_from(("nobody", "nobody", "look-up", "list", "contacts"))
)
groups = st.fixed_dictionaries(
    {
        "participants": crowd,
        "admins": crowd,
        "creator": st.sampled_from((ACCOUNT, ACCOUNT, STRANGER)),
        "account": st.just("admin"),
    }
)
manifests = st.fixed_dictionaries(
    {
        "admins": wanted,
        "members": wanted,
        "prune_members": st.booleans(),
        "join": st.sampled_from(("add", "add", "invite")),
        "ensure": st.sampled_from((Ensure.PRESENT,) * 5 + (Ensure.LEFT, Ensure.CLOSED)),
        "description": st.sampled_from((None, "", "Hello")),
        "permissions": st.sampled_from(({}, {"send_messages": "admins"}, {"approve_members": True})),
    }
)
refusals = st.dictionaries(
    st.sampled_from(EVERYBODY), st.sampled_from((403, 417, 408, 401, 404, 419)), max_size=2
)


def world_of(group: Any, manifest: Any, hidden: Any, refused: Any, *, ownerless: bool, leaver: bool) -> World:
    world = World(backend="waha")
    group_id = world.bound(**group)
    world.api.ownerless |= {group_id} if ownerless else set()
    world.api.hidden = {digits: LIDS[digits] for digits in hidden}
    world.api.told = {digits for digits, how in hidden.items() if how == "list"}
    world.api.lids = {LIDS[digits]: digits for digits, how in hidden.items() if how == "look-up"}
    world.api.refusals = refused

    def person(digits: str, **more: Any) -> Person:
        lids = (LIDS[digits],) if hidden.get(digits) == "contacts" else ()
        return Person((digits,), f"p{digits}", lids=lids, **more)

    people = {role: manifest[role] and tuple(map(person, manifest[role])) for role in ("admins", "members")}
    world.people = (person(STRANGER),)
    world.leavers = (person(ELISA, left=LEFT),) if leaver else ()
    prune = manifest["prune_members"] and people["members"] is not None
    world.want(**{**manifest, **people, "prune_members": prune})
    return world


@tried(400)
@given(
    group=groups,
    manifest=manifests,
    hidden=hiding,
    refused=refusals,
    ownerless=st.booleans(),
    leaver=st.booleans(),
)
def test_nobody_who_is_unidentified_is_touched_or_doubled_and_green_is_true(
    group: Any, manifest: Any, hidden: Any, refused: Any, ownerless: bool, leaver: bool
) -> None:
    world = world_of(group, manifest, hidden, refused, ownerless=ownerless, leaver=leaver)
    group_id = world.state.groups["sales"].id
    ghosts = {LIDS[digits] for digits, how in hidden.items() if how == "nobody"}
    contacts = {digits for digits, how in hidden.items() if how == "contacts"}
    named = {person.numbers[0] for person in world.desired.people}
    ghosts |= {LIDS[digits] for digits in contacts - named}
    for _ in range(2):
        before = world.api.group(group_id)
        world.forget_calls()
        result = world.operate(allow=ALLOW)
        check_calls(world, before.participants, ghosts, closing=manifest["ensure"] is Ensure.CLOSED)
        oracle.check_order(world.api.calls)
        oracle.check_places({group_id: before}, {group_id: world.api.group(group_id)}, _left(world, group_id))
        if is_green(result):
            event("green")
            check_green(world, group_id, ghosts, leaver=leaver)
            world.assert_settled(allow=ALLOW)


def check_calls(world: World, there: tuple[str, ...], ghosts: set[str], *, closing: bool) -> None:
    keys = set(map(key, there))
    for name, arguments in world.api.writes:
        people = arguments[1] if len(arguments) > 1 else ()
        if name in ("promote", "demote") or (name == "remove_participants" and not closing):
            assert not ghosts & set(people), (name, people)  # type: ignore[arg-type]
        if name == "add_participants":
            assert not {key(each) for each in people} & keys  # type: ignore[attr-defined]


def check_green(world: World, group_id: str, ghosts: set[str], *, leaver: bool) -> None:
    live, manifest = world.api.group(group_id), world.manifests["sales"]
    if manifest.ensure is not Ensure.PRESENT:
        assert ACCOUNT not in live.participants
        return
    shown = world.api.as_listed(live)
    above = set(shown.superadmins)
    assert manifest.admins is None or not ghosts & (set(shown.admins) - above)
    assert not leaver or ELISA not in live.participants or LIDS[ELISA] in above or live.creator == ELISA


def is_green(result: ApplyResult) -> bool:
    return statuses(result) <= {"done"} and all(
        group.action not in ("blocked", "missing", "unreadable") for group in result.groups
    )


def _left(world: World, group_id: str) -> set[str]:
    return set() if world.manifests["sales"].ensure is Ensure.PRESENT else {group_id}
