"""Guards: refusals that look at the whole plan, all returned at once.

Each has a code that `--allow CODE` or an `allow:` entry lifts, except `no-account`; and files cannot allow
themselves to be `uncommitted`. A guard that cannot decide objects. People yet to join are no changes, so no
guard counts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from reconciler.language import msg, msg_n
from reconciler.model.change import Change, ChangePeople, CreateGroup, LeaveGroup, PeopleKind
from reconciler.model.live import LiveGroup, LiveState
from reconciler.model.plan import GroupPlan, Note, Objection, Plan
from reconciler.model.record import State
from reconciler.model.settings import GUARD_CODES, Settings
from reconciler.planning.group import after
from reconciler.planning.options import Options

NEVER_LIFTED = frozenset({"no-account"})
LIFTABLE = (*(code for code in GUARD_CODES if code not in NEVER_LIFTED), "recreate")
"""What `--allow` takes."""
ON_THE_COMMAND_LINE = frozenset({"uncommitted"})
"""Lifted by `--allow` alone."""

_DAY = timedelta(hours=24)
_ADDED_A_DAY, _ADDED_TO_ONE = 20, 10
_FILES = 3
"""How many files a sentence names."""


@dataclass(frozen=True, slots=True)
class _Facts:
    groups: tuple[GroupPlan, ...]
    state: State
    reading: LiveState
    settings: Settings
    options: Options


def check(
    plan: Plan, state: State, reading: LiveState, settings: Settings, options: Options
) -> tuple[Objection, ...]:
    """Return every objection to the plan, the lifted ones included, in the order of the table below."""
    facts = _Facts(plan.groups, state, reading, settings, options)
    found = (guard(facts) for guard in _GUARDS)
    return tuple(_lift(objection, settings, options) for objection in found if objection is not None)


def admin_objections(
    live: LiveGroup, changes: tuple[Change, ...], account_keys: frozenset[str]
) -> frozenset[str]:
    """Return codes of the guards that object to the admins a group would be left with; used again just before
    and between its writes.

    `no-admin-left`: a group that has an admin besides the account would have none. `leave-no-admin`: the
    account leaves a group, without closing it, in which nobody else is admin; as long as it is not known
    which number the account is, one admin may be it.
    """
    kinds = {change.kind for change in changes}
    if "leave_group" in kinds:
        deserted = _others(live, account_keys) <= (0 if account_keys else 1)
        return frozenset({"leave-no-admin"} if deserted and "revoke_link" not in kinds else ())
    locked_out = _others(live, account_keys) > 0 and _others(after(live, changes), account_keys) == 0
    return frozenset({"no-admin-left"} if locked_out else ())


def _others(live: LiveGroup, account_keys: frozenset[str]) -> int:
    return len(live.admin_keys - account_keys)


def _lift(objection: Objection, settings: Settings, options: Options) -> Objection:
    if objection.code in NEVER_LIFTED:
        return objection
    if objection.code in options.allow:
        return replace(objection, lifted_by=f"--allow {objection.code}", by_option=True)
    for entry in () if objection.code in ON_THE_COMMAND_LINE else settings.allow:
        if (
            entry.code == objection.code
            and (entry.max is None or objection.count <= entry.max)
            and (entry.until is None or options.today <= entry.until)
        ):
            place = f" ({entry.location.file}:{entry.location.line})" if entry.location else ""
            return replace(objection, lifted_by=f"allow{place}: {entry.reason}".rstrip(": "))
    return objection


def _no_account(facts: _Facts) -> Objection | None:
    if facts.settings.account:
        return None
    groups = [
        group
        for group in facts.groups
        if any(change.kind in ("demote", "remove_participants") for change in group.changes)
    ]
    if not groups:
        return None
    guess = probable_account(facts.reading)
    hint = msg(" It is probably {people[0]}.") if guess else ""
    return _objection(
        "no-account",
        msg(
            "people would be demoted or removed, but `account` is not set, so it is not "
            "known whom that must never happen to.{hint} Set `account` in reconciler.yaml "
            "or RECONCILER_ACCOUNT.",
            hint=hint,
        ),
        groups,
        len(groups),
        people=(guess,) if guess else (),
    )


def probable_account(reading: LiveState) -> str | None:
    """Return the id that is in every group that was read, admin of most of them, and the creator of most;
    None when two are so alike, because the wrong number would protect the wrong person."""
    groups = [group for group in reading.groups.values() if isinstance(group, LiveGroup)]
    everywhere = Counter(wa_id for group in groups for wa_id in set(group.participants))
    admins = Counter(wa_id for group in groups for wa_id in set(group.admins))
    creators = Counter(group.creator for group in groups)
    ranked = sorted(
        (
            (admins[wa_id], creators[wa_id], wa_id)
            for wa_id, count in everywhere.items()
            if count == len(groups)
        ),
        reverse=True,
    )
    if not ranked or (len(ranked) > 1 and ranked[0][:2] == ranked[1][:2]):
        return None
    return ranked[0][2]


def in_none_of(groups: int) -> str:
    """Return what is wrong where the account is in no group of those that were read."""
    return msg_n(
        "the configured `account` is not in the one group that was read",
        "the configured `account` is in none of the {n} groups that were read",
        groups,
    )


def _demote_many(facts: _Facts) -> Objection | None:
    limits = facts.settings.guards
    groups, count = _people(facts, "demote")
    if count <= limits.demote_count:
        return None
    total = sum(len(group.live.admin_keys) for group in facts.groups if group.live)
    if count <= limits.demote_share * total:
        return None
    return _objection(
        "demote-many",
        msg_n(
            "{n} of {total} admins would be demoted",
            "{n} of {total} admins would be demoted",
            count,
            total=total,
        ),
        groups,
        count,
    )


def _remove_many(facts: _Facts) -> Objection | None:
    limits = facts.settings.guards
    groups, count = _people(facts, "remove_participants")
    if count <= limits.remove_count:
        return None
    total = sum(len(group.live.participant_keys) for group in facts.groups if group.live)
    if count <= limits.remove_share * total:
        return None
    return _objection(
        "remove-many",
        msg_n(
            "{n} of {total} participants would be removed",
            "{n} of {total} participants would be removed",
            count,
            total=total,
        ),
        groups,
        count,
    )


def _people(facts: _Facts, kind: PeopleKind) -> tuple[list[GroupPlan], int]:
    groups, count = [], 0
    for group in facts.groups:
        people = _count(group, kind)
        if people:
            groups.append(group)
            count += people
    return groups, count


def _count(group: GroupPlan, kind: PeopleKind) -> int:
    return sum(
        len(change.people)
        for change in group.changes
        if isinstance(change, ChangePeople) and change.kind == kind
    )


def _no_admin_left(facts: _Facts) -> Objection | None:
    groups = _with_admin_objection(facts, "no-admin-left")
    return _objection(
        "no-admin-left", msg("nobody but the account would be admin any more"), groups, len(groups)
    )


def _with_admin_objection(facts: _Facts, code: str) -> list[GroupPlan]:
    keys = facts.settings.account_keys
    return [
        group
        for group in facts.groups
        if group.live and group.changes and code in admin_objections(group.live, group.changes, keys)
    ]


def _leaving(facts: _Facts) -> list[GroupPlan]:
    return [
        group for group in facts.groups if any(isinstance(change, LeaveGroup) for change in group.changes)
    ]


def _leave_many(facts: _Facts) -> Objection | None:
    groups = _leaving(facts)
    if len(groups) <= facts.settings.guards.leave_count:
        return None
    return _objection(
        "leave-many",
        msg_n(
            "{n} groups would be left, which is final",
            "{n} groups would be left, which is final",
            len(groups),
        ),
        groups,
        len(groups),
    )


def _leave_no_admin(facts: _Facts) -> Objection | None:
    groups = _with_admin_objection(facts, "leave-no-admin")
    return _objection(
        "leave-no-admin",
        msg("the group would be left without any admin: make somebody admin first, or close it"),
        groups,
        len(groups),
    )


def _create_many(facts: _Facts) -> Objection | None:
    groups = [
        group for group in facts.groups if any(isinstance(change, CreateGroup) for change in group.changes)
    ]
    limit, now = facts.settings.guards.create_count, facts.options.now
    recent = sorted(at for at in facts.state.created if at > now - _DAY)
    count = len(groups) + len(recent)
    if not groups or count <= limit:
        return None
    left = max(0, limit - len(recent))
    already = msg_n("{n} was created already, ", "{n} were created already, ", len(recent)) if recent else ""
    if left:
        targets = " ".join(f"--target {group.name}" for group in groups[:left])
        mend = msg_n(
            "{already}{n} more may be: reconciler apply {targets}",
            "{already}{n} more may be: reconciler apply {targets}",
            left,
            already=already,
            targets=targets,
        )
    elif recent and limit:
        mend = msg(
            "{already}the next may be from {at:%Y-%m-%d %H:%M} UTC",
            already=already,
            at=recent[-limit] + _DAY,
        )
    else:
        mend = msg("{already}none may be", already=already)
    return _objection(
        "create-many",
        msg_n(
            "{n} group would be created, and the limit is {limit} in 24 hours, because numbers that "
            "create many get blocked: {mend}",
            "{n} groups would be created, and the limit is {limit} in 24 hours, because numbers that "
            "create many get blocked: {mend}",
            len(groups),
            limit=limit,
            mend=mend,
        ),
        groups,
        count,
    )


def _add_many(facts: _Facts) -> Objection | None:
    groups, count = _people(facts, "add_members")
    since = facts.options.now - _DAY
    recent = sum(at > since for record in facts.state.groups.values() for at in record.added.values())
    most = max((_count(group, "add_members") for group in groups), default=0)
    if not groups or (count + recent <= _ADDED_A_DAY and most <= _ADDED_TO_ONE):
        return None
    already = (
        msg_n(", and {n} were in the last 24 hours", ", and {n} were in the last 24 hours", recent)
        if recent
        else ""
    )
    return _objection(
        "add-many",
        msg_n(
            "{n} people would be added{already}, {most} of them to one group; the limits are "
            "{added_a_day} in 24 hours and {added_to_one} into one group, because numbers that add many "
            "get banned",
            "{n} people would be added{already}, {most} of them to one group; the limits are "
            "{added_a_day} in 24 hours and {added_to_one} into one group, because numbers that add many "
            "get banned",
            count,
            already=already,
            most=most,
            added_a_day=_ADDED_A_DAY,
            added_to_one=_ADDED_TO_ONE,
        ),
        groups,
        count,
    )


def _older_commit(facts: _Facts) -> Objection | None:
    message = _behind(facts.options, msg("would undo what came since"))
    if message is None:
        return None
    groups = [group for group in facts.groups if group.writes]
    return _objection("older-commit", message, groups, len(groups))


def objection_to_inviting(settings: Settings, options: Options) -> str | None:
    """Say why no invitation is to be sent from this checkout: somebody may not be wanted any more. None where
    that is not so, or where `allow:` lifts it."""
    message = _behind(options, msg("may invite people who are not wanted any more"))
    if message is None:
        return None
    lifted = _lift(Objection("older-commit", Note(message), (), 0), settings, options).lifted_by
    return message if lifted is None else None


def _behind(options: Options, risk: str) -> str | None:
    """Say what speaks against a checkout that may be behind what was applied last; `risk`: what it could
    do."""
    checkout = options.checkout
    if checkout is None or checkout.stands in ("ahead", "aside"):
        return None
    here, applied = checkout.here[:10], checkout.applied[:10]
    if checkout.stands == "behind":
        return msg(
            "this checkout ({here}) is behind what was applied last ({applied}): it "
            "{risk}. Check out the present commit",
            here=here,
            applied=applied,
            risk=risk,
        )
    mend = (
        msg("Clone with the whole history (GitHub: `fetch-depth: 0`, GitLab: `GIT_DEPTH: 0`)")
        if checkout.shallow
        else msg("Fetch and check out the present commit")
    )
    return msg(
        "nobody can tell whether this checkout ({here}) is behind what was applied "
        "last ({applied}), because that commit's history is not in this clone. {mend}",
        here=here,
        applied=applied,
        mend=mend,
    )


def _uncommitted(facts: _Facts) -> Objection | None:
    files = facts.options.uncommitted
    if not facts.options.only_committed or files == ():
        return None
    groups = [group for group in facts.groups if group.writes]
    if files is None:
        message = msg("Git cannot tell whether the files are as a commit has them (git status says why)")
        return _objection("uncommitted", message, groups, len(groups))
    return _objection(
        "uncommitted",
        msg(
            "not committed as it is: {texts}. Whoever applies the commit would undo what "
            "comes of it, and nobody could look it up. Commit first"
        ),
        groups,
        len(groups),
        texts=(named(files),),
    )


def named(files: Collection[str]) -> str:
    """Name a few of several files, for a sentence."""
    more = len(files) - _FILES
    some = ", ".join(sorted(files)[:_FILES])
    return msg("{names} and {more} more", names=some, more=more) if more > 0 else some


def _objection(
    code: str,
    message: str,
    groups: Iterable[GroupPlan],
    count: int,
    people: tuple[str, ...] = (),
    texts: tuple[str, ...] = (),
) -> Objection | None:
    names = tuple(group.name for group in groups)
    return Objection(code, Note(message, people=people, texts=texts), names, count) if names else None


_GUARDS: tuple[Callable[[_Facts], Objection | None], ...] = (
    _no_account,
    _demote_many,
    _remove_many,
    _no_admin_left,
    _leave_many,
    _leave_no_admin,
    _create_many,
    _add_many,
    _older_commit,
    _uncommitted,
)
