"""What a run may do to people, and what must be so after it, said a second time and in another way.

Nothing here is shared with `reconciler.planning` but the key of a number.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

from reconciler.model.desired import DesiredGroup, Person
from reconciler.model.live import LiveGroup
from reconciler.model.number import key
from tests.fakes import ACCOUNT

Call = tuple[str, tuple[object, ...]]

DESTRUCTIVE = ("demote", "remove_participants")


def protected(live: LiveGroup, who: str) -> bool:
    return key(who) in {key(ACCOUNT), key(live.creator or ACCOUNT)}


def first_numbers(people: Iterable[Person] | None) -> set[str]:
    return {key(person.numbers[0]) for person in people or ()}


def left_the_company(leavers: Iterable[Person], who: str) -> bool:
    return any(key(who) == key(digits) for person in leavers for digits in person.numbers)


def has_several_ids(live: LiveGroup, who: str) -> bool:
    counted = Counter(key(wa_id) for wa_id in set(live.participants))
    return counted[key(who)] > 1


def somebody_has_to_choose(group: DesiredGroup, live: LiveGroup) -> bool:
    """Whether one of several ids of a wanted admin would have to be made admin."""
    return any(
        has_several_ids(live, who) and who not in live.admins and not protected(live, who)
        for who in live.participants
        if key(who) in first_numbers(group.admins)
    )


def may_promote(group: DesiredGroup, before: LiveGroup, who: str) -> bool:
    return (
        key(who) in first_numbers(group.admins)
        and who in before.participants
        and who not in before.admins
        and not has_several_ids(before, who)
    )


def may_demote(group: DesiredGroup, before: LiveGroup, leavers: Iterable[Person], who: str) -> bool:
    if protected(before, who) or who not in before.admins:
        return False
    if left_the_company(leavers, who):
        return True
    return group.admins is not None and not keeps_place(group.admins, before, who)


def may_remove(group: DesiredGroup, before: LiveGroup, leavers: Iterable[Person], who: str) -> bool:
    if protected(before, who) or who not in before.participants:
        return False
    if group.ensure == "closed":
        return True
    if left_the_company(leavers, who):
        return True
    if not group.prune_members or group.members is None:
        return False
    if group.admins is None and key(who) in before.admin_keys:
        return False
    return not keeps_place((*(group.admins or ()), *group.members), before, who)


def keeps_place(people: Iterable[Person], before: LiveGroup, who: str) -> bool:
    """Whether this is a wanted number, or another of somebody whose wanted number is not in yet."""
    for person in people:
        wanted = key(person.numbers[0])
        still_awaited = wanted not in before.participant_keys
        keys = {key(digits) for digits in person.numbers} if still_awaited else {wanted}
        if key(who) in keys:
            return True
    return False


def check_people_calls(
    calls: Iterable[Call],
    before: dict[str, LiveGroup],
    manifests: dict[str, DesiredGroup],
    leavers: Iterable[Person],
) -> None:
    """Every call about people concerns only those whom the group's manifest says; `manifests` by group id."""
    for name, arguments in calls:
        if name not in ("promote", *DESTRUCTIVE):
            continue
        group_id, people = arguments
        assert isinstance(group_id, str)
        assert isinstance(people, tuple)
        assert group_id in manifests, f"{name} in a group without a manifest"
        group = manifests[group_id]
        for who in people:
            if name == "promote":
                assert may_promote(group, before[group_id], who), (name, who)
            elif name == "demote":
                assert may_demote(group, before[group_id], leavers, who), (name, who)
            else:
                assert may_remove(group, before[group_id], leavers, who), (name, who)


def check_order(calls: Iterable[Call]) -> None:
    """In each group, whoever is promoted is looked at before anybody is demoted or removed."""
    promoted: set[object] = set()
    seen: set[object] = set()
    destroyed: set[object] = set()
    for name, arguments in calls:
        if not arguments:
            continue
        group_id = arguments[0]
        if name == "promote":
            assert group_id not in destroyed, "promoted after somebody had been demoted or removed"
            promoted.add(group_id)
        elif name == "get_group" and group_id in promoted:
            seen.add(group_id)
        elif name in DESTRUCTIVE:
            assert group_id not in promoted or group_id in seen, "nobody looked at the promotion"
            destroyed.add(group_id)


def check_promoted(calls: Iterable[Call], after: dict[str, LiveGroup]) -> None:
    """Where nobody else acts: whoever was to be promoted truly is admin in every group in which somebody was
    demoted or removed after that."""
    asked: dict[object, set[str]] = {}
    for name, arguments in calls:
        if name == "promote":
            asked.setdefault(arguments[0], set()).update(arguments[1])  # type: ignore[arg-type]
        elif name in DESTRUCTIVE and arguments[0] in asked:
            live = after[str(arguments[0])]
            assert asked[arguments[0]] & set(live.participants) <= set(live.admins)


def check_places(before: dict[str, LiveGroup], after: dict[str, LiveGroup], left: set[str]) -> None:
    """Creator and account are where they were, but for the account in groups that it was to leave."""
    for group_id, was in before.items():
        now = after[group_id]
        for who in {was.creator, ACCOUNT} - {None}:
            if who == ACCOUNT and group_id in left:
                continue
            assert (who in was.participants) <= (who in now.participants), (group_id, who)
            assert (who in was.admins) <= (who in now.admins), (group_id, who)


def check_result(group: DesiredGroup, live: LiveGroup, leavers: Iterable[Person]) -> None:
    """What must be so after an apply without faults, in a group that could be changed."""
    assert group.subject is None or unicodedata.normalize("NFC", live.subject.strip()) == group.subject
    for who in live.participants:
        assert not may_remove(group, live, leavers, who), who
        assert not may_promote(group, live, who), who
        assert not may_demote(group, live, leavers, who), who
