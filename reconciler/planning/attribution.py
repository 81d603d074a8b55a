"""Which changes of a plan does a change of the files cause, and which would be made without it? Pure.

Two plans are compared that were made from one reading: of the files as they are, and of the files at the
base. What both would do was there before: somebody changed the group by hand, or it is not applied yet. What
only the first would do is caused by this change, and what only the second would do is called off by it. Of
people each one counts; a scalar change is the same when it leads to the same value.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from reconciler.language import msg
from reconciler.model.attribution import Attribution, Dropped, GroupAttribution, SettingChange, Share
from reconciler.model.change import (
    AdoptGroup,
    Change,
    ChangePeople,
    CreateGroup,
    Invite,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import Desired, Person
from reconciler.model.plan import CauseOfChange, GroupPlan, Objection, Plan, SettingName
from reconciler.model.settings import Allowance, GuardSettings, Settings

_STUCK = frozenset({"blocked", "missing", "orphaned", "held", "unreadable"})


def attribute(plan: Plan, base: Plan) -> Attribution:
    """Return the cause of everything in `plan`; `base` is the plan of the files at the base, from the same
    reading.

    Both parts of a group together are exactly its changes and invites. A group is compared with the entry of
    the same live group: under its name, or, renamed, under its id.
    """
    names = {group.name: group for group in base.groups}
    ids = {group.id: group for group in base.groups if group.id is not None}
    groups: dict[str, GroupAttribution] = {}
    matched: dict[str, GroupPlan] = {}
    for group in plan.groups:
        other = _counterpart(group, names, ids)
        if other is not None:
            matched[other.name] = group
        groups[group.name] = _group(group, other)
    dropped = tuple(
        found for group in base.groups if (found := _dropped(group, matched.get(group.name))) is not None
    )
    before = {objection.code: objection for objection in base.objections}
    objections = {entry.code: _objection(entry, before.get(entry.code)) for entry in plan.objections}
    return Attribution(groups=groups, objections=objections, dropped=dropped)


def without_base(plan: Plan) -> Attribution:
    """Count everything as caused by this change, because what the base would do is not known."""
    return attribute(plan, Plan(groups=()))


def causes_something(plan: Plan, found: Attribution) -> bool:
    """Return whether this change makes calls that write, or leaves a group blocked or missing."""
    stuck = {group.name for group in plan.groups if group.action in ("blocked", "missing")}
    return any(
        any(not isinstance(change, AdoptGroup) for change in group.this_change.changes)
        or (name in stuck and group.stuck == "this_change")
        for name, group in found.groups.items()
    )


def changed_settings(
    before: Settings, after: Settings, people_before: Desired | None, people_after: Desired
) -> tuple[SettingChange, ...]:
    """Return what changes of account, backend, state, guards, allowances and ignored groups, and which
    aliases mean another number."""
    found: list[SettingChange] = []
    if before.account != after.account:
        found.append(SettingChange("account", "", before.account, after.account))
    if before.backend != after.backend:
        found.append(SettingChange("backend", "", (before.backend,), (after.backend,)))
    if before.state != after.state:
        found.append(SettingChange("state", "", (before.state,), (after.state,)))
    found += _guards(before.guards, after.guards)
    found += _listed("allow", tuple(map(_words, before.allow)), tuple(map(_words, after.allow)))
    found += _listed("ignore", before.ignore, after.ignore)
    if people_before is not None:
        found += _aliases(people_before.people, people_after.people)
    return tuple(found)


def _counterpart(
    group: GroupPlan, names: Mapping[str, GroupPlan], ids: Mapping[str, GroupPlan]
) -> GroupPlan | None:
    own = names.get(group.name)
    if own is not None and (own.id == group.id or own.id is None or group.id is None):
        return own
    return ids.get(group.id) if group.id is not None else None


def _group(group: GroupPlan, other: GroupPlan | None) -> GroupAttribution:
    mine, theirs = _parts(group.changes, _effects(other.changes) if other is not None else frozenset())
    asked = {_invited(invite) for invite in other.to_invite} if other is not None else set()
    return GroupAttribution(
        this_change=Share(
            changes=mine, invites=tuple(each for each in group.to_invite if _invited(each) not in asked)
        ),
        before=Share(
            changes=theirs, invites=tuple(each for each in group.to_invite if _invited(each) in asked)
        ),
        stuck=_stuck(group, other) if group.action in _STUCK else None,
        is_new=group.desired is not None and (other is None or other.desired is None),
    )


def _stuck(group: GroupPlan, other: GroupPlan | None) -> CauseOfChange:
    if other is None or other.action != group.action:
        return "this_change"
    # A group can be blocked for many reasons, and its notes say for which.
    return "this_change" if group.action == "blocked" and other.notes != group.notes else "before"


def _parts(
    changes: Iterable[Change], known: frozenset[Hashable]
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return the changes whose effects are not known, and those whose effects are; with people in both,
    both."""
    new: list[Change] = []
    old: list[Change] = []
    for change in changes:
        match change:
            case ChangePeople(kind, people):
                mine = tuple(person for person in people if (kind, person.wa_id) not in known)
                theirs = tuple(person for person in people if (kind, person.wa_id) in known)
                new += [ChangePeople(kind, mine)] if mine else []
                old += [ChangePeople(kind, theirs)] if theirs else []
            case _:
                (old if _effects((change,)) <= known else new).append(change)
    return tuple(new), tuple(old)


def _effects(changes: Iterable[Change]) -> frozenset[Hashable]:
    """Return what each change leads to, whatever was there before it."""
    found: set[Hashable] = set()
    for change in changes:
        match change:
            case ChangePeople(kind, people):
                found |= {(kind, person.wa_id) for person in people}
            case CreateGroup(subject):
                found.add((change.kind, subject))
            case AdoptGroup():
                found.add((change.kind, change.id, change.was))
            case SetValue() | RevokeLink():
                found.add((change.key, change.after))
            case SetIcon():
                found.add((change.kind, change.after and change.after.sha256))
            case LeaveGroup():
                found.add((change.kind,))
    return frozenset(found)


def _invited(invite: Invite) -> tuple[str, str]:
    return invite.person.key, invite.role


def _dropped(group: GroupPlan, now: GroupPlan | None) -> Dropped | None:
    """Return what the base would change and this change calls off: not what it would change in another way,
    and not bookkeeping."""
    changes = now.changes if now is not None else ()
    gone, _ = _parts(group.changes, _effects(changes))
    again = {_field(change) for change in changes}
    gone = tuple(
        change
        for change in gone
        if not isinstance(change, AdoptGroup)
        and (isinstance(change, ChangePeople) or _field(change) not in again)
    )
    return Dropped(name=group.name, action=group.action, changes=gone) if gone else None


def _field(change: Change) -> str:
    return "icon" if isinstance(change, SetIcon) else change.key


def _objection(objection: Objection, other: Objection | None) -> CauseOfChange:
    """Return `before` where the base meets the same objection, about all of these groups and as many
    people."""
    if other is None or objection.count > other.count or not set(objection.groups) <= set(other.groups):
        return "this_change"
    return "before"


def _listed(setting: SettingName, before: tuple[str, ...], after: tuple[str, ...]) -> list[SettingChange]:
    """Return what goes from a list, and what comes to it."""
    gone = tuple(each for each in before if each not in after)
    added = tuple(each for each in after if each not in before)
    return [SettingChange(setting, "", gone, added)] if gone or added else []


def _guards(before: GuardSettings, after: GuardSettings) -> list[SettingChange]:
    return [
        SettingChange("guards", name, (f"{old:g}",), (f"{new:g}",))
        for name in GuardSettings.__dataclass_fields__
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]


def _words(entry: Allowance) -> str:
    text = entry.code
    if entry.max is not None:
        text = msg("{allowance}, max {max}", allowance=text, max=entry.max)
    if entry.until is not None:
        text = msg("{allowance}, until {until:%Y-%m-%d}", allowance=text, until=entry.until)
    return msg("{allowance}: {reason}", allowance=text, reason=entry.reason) if entry.reason else text


def _aliases(before: tuple[Person, ...], after: tuple[Person, ...]) -> list[SettingChange]:
    """Return aliases with other numbers than before (hidden ids included), and new ones with the number of
    somebody who had another."""
    old = {person.alias: (*person.numbers, *person.lids) for person in before if person.alias}
    owners = {key: person for person in before for key in (*person.keys, *person.lids)}
    found = []
    for person in after:
        if person.alias is None:
            continue
        name, numbers, now = person.alias, old.get(person.alias), (*person.numbers, *person.lids)
        if numbers is None:
            keys = sorted(person.keys | set(person.lids))
            was = next((owners[key] for key in keys if key in owners), None)
            if was is None or was.alias is None:
                continue
            name, numbers = msg("{name} (was {alias})", name=name, alias=was.alias), old[was.alias]
        if numbers != now or name != person.alias:
            found.append(SettingChange("alias", name, numbers, now))
    return sorted(found, key=lambda change: change.name)
