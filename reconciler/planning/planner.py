"""From desired, state and reading to a plan: what would be done about every name, in which order.

Identity is resolved over all manifests; each bound group is then compared on its own (`planning.group`),
and the guards look at the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.errors import Problem
from reconciler.language import joined, msg, msg_n, msg_p
from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    ChangePeople,
    CreateGroup,
    Invite,
    LeaveGroup,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import Desired, DesiredGroup
from reconciler.model.group import Ensure
from reconciler.model.live import CONTRADICTION, Absent, LiveGroup, LiveState
from reconciler.model.plan import Action, GroupPlan, Note, Plan, Unmanaged
from reconciler.model.record import Left, Record, State
from reconciler.model.settings import Settings
from reconciler.planning import guards
from reconciler.planning.bindings import left_ids, short_list
from reconciler.planning.group import Context, PlanCache, newcomers, ordered
from reconciler.planning.identity import (
    Blocked,
    Bound,
    Identities,
    Unbound,
    Undetermined,
    resolve,
)
from reconciler.planning.options import Options
from reconciler.planning.record import adopted
from reconciler.planning.subjects import normal

_MANY_ORPHANS = 3  # more would be a guess
_WAITS = frozenset({"http_420", "http_429", "http_503", "rate_limited"})
"""Codes of problems whose hint says how long to wait."""


def plan(
    desired: Desired,
    state: State,
    reading: LiveState,
    settings: Settings,
    options: Options,
    cache: PlanCache | None = None,
) -> Plan:
    """Return the plan of a run: an entry for every manifest that `options` wants, and for orphaned bindings.

    `reading` holds what `reading.read` gathers. Identity is resolved over all manifests, whatever is
    targeted. The guards' objections stand in the plan; nothing is raised. `cache` holds what was planned, of
    the same files and state, while the rest was read.
    """
    account_keys = settings.account_keys
    context = Context.of(desired, settings, options)
    cache = cache or PlanCache(state, context)
    identities = resolve(desired.groups, state, reading, account_keys, recreate="recreate" in options.allow)
    groups = [
        _plan_name(group, identities, reading, cache) for group in desired.groups if options.wants(group.name)
    ]
    groups += [
        _plan_orphan(name, group_id, reading, context)
        for name, group_id in sorted(identities.orphans.items())
        if options.wants(name)
    ]
    groups = _ask_about_renames(groups, identities)
    short = short_list(reading, account_keys)
    unmanaged = tuple(
        Unmanaged(group_id, found.subject if isinstance(found, LiveGroup) else None)
        for group_id in identities.unmanaged
        for found in (reading.groups.get(group_id),)
    )
    result = Plan(
        groups=tuple(groups),
        unmanaged=unmanaged,
        complete=not short and all(group.action != "unreadable" for group in groups),
        ready_only=options.promotions is not None,
        notes=tuple(_notes(short, reading)),
    )
    return replace(result, objections=guards.check(result, state, reading, settings, options))


def _notes(short: tuple[str, ...], reading: LiveState) -> Iterator[Note]:
    if short:
        incomplete = msg_n(
            "The list of groups leaves out {{ids}}, which exists.",
            "The list of groups leaves out {{ids}}, which exist.",
            len(short),
        )
        yield Note(incomplete, ids=short)
    if reading.ignored:
        yield Note(msg("Not looked at, as `ignore:` says: {ids}."), ids=reading.ignored)


def _ask_about_renames(groups: list[GroupPlan], identities: Identities) -> list[GroupPlan]:
    """Note beside a create, where there are orphans, how to say that it is a rename with a new subject."""
    orphans = sorted(identities.orphans)
    if not orphans or len(orphans) > _MANY_ORPHANS:
        return groups
    return [
        replace(group, notes=(*group.notes, _rename_note(group.name, orphans)), maybe=tuple(orphans))
        if group.action == "create"
        else group
        for group in groups
    ]


def _rename_note(name: str, orphans: list[str]) -> Note:
    ways = joined(msg("; or "), (f"reconciler state mv {orphan} {name}" for orphan in orphans))
    return Note(
        msg(
            "a manifest is gone: if this is its group under a new name, nothing should be created: {ways}",
            ways=ways,
        )
    )


def record_for(name: str, found: Bound | None, state: State) -> Record | None:
    """Return what is on record of a name: its own record, or that of the name it had before."""
    record = state.groups.get(name)
    if record is None and found is not None and found.was is not None:
        record = state.groups.get(found.was)
    return record if record is not None and (found is None or record.id == found.id) else None


def _plan_name(
    group: DesiredGroup, identities: Identities, reading: LiveState, cache: PlanCache
) -> GroupPlan:
    context = cache.context
    match identities.names[group.name]:
        case Blocked(note):
            return _held(group, _entry(group, "blocked", notes=(note,)), context)
        case Undetermined(note):
            return _entry(group, "unreadable", notes=(note,))
        case Unbound(left):
            return _held(group, _plan_unbound(group, left, cache), context)
        case Bound() as bound:
            return _held(group, _plan_bound(group, bound, reading, cache), context)


def _entry(
    group: DesiredGroup,
    action: Action,
    *,
    group_id: str | None = None,
    changes: tuple[Change, ...] = (),
    to_invite: tuple[Invite, ...] = (),
    notes: tuple[Note, ...] = (),
    live: LiveGroup | None = None,
) -> GroupPlan:
    return GroupPlan(
        name=group.name,
        action=action,
        id=group_id,
        location=group.location,
        changes=changes,
        to_invite=to_invite,
        notes=notes,
        desired=group,
        live=live,
    )


def _held(group: DesiredGroup, planned: GroupPlan, context: Context) -> GroupPlan:
    """Withhold the changes of a group on hold, which fails nothing unless it cannot be read; block it when
    its day has passed."""
    hold = group.hold
    if hold is None or planned.action == "unreadable":
        return planned
    if hold.until is not None and context.options.today > hold.until:
        if planned.action in ("blocked", "missing"):
            return planned
        note = Note(
            msg(
                "the hold ended on {until:%Y-%m-%d} ({{texts[0]}}): remove `hold` to go on, or give it a "
                "later day",
                until=hold.until,
            ),
            texts=(hold.reason,),
        )
        return replace(
            planned, action="blocked", changes=(), withheld=planned.changes, notes=(*planned.notes, note)
        )
    why = (
        msg("on hold until {until:%Y-%m-%d}: {{texts[0]}}", until=hold.until)
        if hold.until
        else msg("on hold: {texts[0]}")
    )
    note = Note(why, texts=(hold.reason,))
    return replace(
        planned,
        action="held",
        changes=(),
        withheld=planned.changes or planned.withheld,
        notes=(*planned.notes, note),
    )


def _plan_unbound(group: DesiredGroup, left: Left | None, cache: PlanCache) -> GroupPlan:
    context = cache.context
    if group.ensure is not Ensure.PRESENT and left is not None:
        note = Note(msg("{left}: this manifest can go", left=_left_since(left)))
        return _entry(group, "none", group_id=left.id, notes=(note,))
    if group.ensure is not Ensure.PRESENT and (back := cache.state.left.get(group.name)) is not None:
        note = Note(
            msg(
                "{left}, and the account is in {{ids[0]}} again. To leave it once more, add to "
                "the manifest: id: {{ids[0]}}",
                left=_left_since(back),
            ),
            ids=(back.id,),
        )
        return _entry(group, "none", notes=(note,))
    if group.ensure is not Ensure.PRESENT:
        return _entry(group, "none", notes=(Note(msg("no group is bound to this name: nothing to leave")),))
    if left is not None:
        note = Note(
            msg(
                "the group of this name, {{ids[0]}}, was {left}, and the account cannot get "
                "back into it by itself. To make a new one: reconciler apply --allow recreate",
                left=_left_since(left),
            ),
            ids=(left.id,),
        )
        return _entry(group, "missing", group_id=left.id, notes=(note,))
    planned = _plan_create(group, context)
    intent = cache.state.creating.get(group.name)
    if intent is None or planned.action != "create":
        return planned
    note = Note(
        msg(
            "an earlier run began to create it at {at:%Y-%m-%d %H:%M:%S} UTC, and may "
            "have: apply looks for it first, as long as it may take to be listed "
            "(`api.create_patience`)",
            at=intent.at,
        )
    )
    return replace(planned, notes=(*planned.notes, note))


def _left_since(left: Left) -> str:
    if left.how == "closed":
        return msg_p("within a sentence", "closed on {at:%Y-%m-%d}", at=left.at)
    return msg_p("within a sentence", "left on {at:%Y-%m-%d}", at=left.at)


def _plan_create(group: DesiredGroup, context: Context) -> GroupPlan:
    if group.subject is None:  # validation lets this through beside `id` only, which is always bound
        return _entry(group, "blocked", notes=(Note(msg("a group cannot be created without `subject`")),))
    if context.options.promotions is not None:
        return _entry(group, "none", notes=(Note(msg("there is no group yet. First: reconciler apply")),))
    changes: list[Change] = [CreateGroup(normal(group.subject))]
    if group.icon is not None and group.icon.picture is not None:
        changes.append(SetIcon(None, group.icon.picture))
    changes += (
        SetValue(name, None, value)
        for name, value in group.values().items()
        if name != "subject" and value != ""
    )
    people = newcomers(group, context)
    if group.join == "add" and people:
        named = {each.person.numbers[0]: each for each in people}
        changes.append(ChangePeople("add_members", tuple(_newcomer(number, "") for number in named)))
        admins = tuple(
            _newcomer(number, msg("once added")) for number, each in named.items() if each.role == "admin"
        )
        changes += [ChangePeople("promote", admins)] if admins else []
        people = ()
    elif context.can.peopled:
        return _entry(group, "blocked", notes=(replace(_NOBODY, texts=(context.can.title,)),))
    return _entry(group, "create", changes=ordered(changes), to_invite=people)


_NOBODY = Note(
    msg(
        "{texts[0]} makes no group with nobody else in it: say `join: add`, and name "
        "somebody to add. Or make the group on the phone"
    )
)


def _newcomer(number: str, reason: str) -> Affected:
    return Affected(number, reason or msg("not in the group"), number=number)


def _plan_bound(group: DesiredGroup, bound: Bound, reading: LiveState, cache: PlanCache) -> GroupPlan:
    found = reading.groups.get(bound.id)
    record = record_for(group.name, bound, cache.state)
    match found:
        case None:
            raise ValueError(f"the group of {group.name} was not read")
        case Problem() as problem:
            unread = _unreadable(group, bound.id, problem)
            maybe_gone = cache.context.can.refreshes and bound.id not in reading.listed
            return replace(unread, notes=(*unread.notes, _MAYBE_GONE)) if maybe_gone else unread
        case Absent() as gone:
            return _plan_gone(group, bound, gone, reading, cache.state)
        case LiveGroup() as live:
            seen = reading.icons.get(bound.id)
            if isinstance(seen, Problem):
                return _unreadable(group, bound.id, seen)
            if _left_although_listed(group, live, reading, cache):
                return _unreadable(group, bound.id, CONTRADICTION)
            record = adopted(group, live, record) if bound.loosely else record
            return _with_adoption(cache.plan(group, live, seen, record), bound, cache.context)


def _left_although_listed(group: DesiredGroup, live: LiveGroup, reading: LiveState, cache: PlanCache) -> bool:
    """Return whether a group looks as if it had been left, which the list denies and nobody has recorded."""
    keys = cache.context.account_keys
    outside = bool(keys) and not keys & live.participant_keys
    listed = live.id in reading.listed and live.id not in left_ids(cache.state)
    return group.ensure is not Ensure.PRESENT and outside and listed


_MAYBE_GONE = Note(
    msg(
        "it is not listed either, so it may be gone: reconciler apply has the gateway "
        "make its list anew, and tells"
    )
)


def _unreadable(group: DesiredGroup, group_id: str, problem: Problem) -> GroupPlan:
    return _entry(group, "unreadable", group_id=group_id, notes=(_not_read(problem),))


def _not_read(problem: Problem) -> Note:
    text = msg("could not be read: {texts[0]}")
    if problem.hint and (problem == CONTRADICTION or problem.code in _WAITS):
        text = msg("could not be read: {{texts[0]}} ({hint})", hint=problem.hint)
    return Note(text, texts=(problem.message,))


def _plan_orphan(name: str, group_id: str, reading: LiveState, context: Context) -> GroupPlan:
    """Report a binding whose manifest is gone; leave its group only with `--prune`, once that is
    committed."""
    found = reading.groups.get(group_id)
    live = found if isinstance(found, LiveGroup) else None
    orphan = GroupPlan(name=name, action="orphaned", id=group_id, live=live)
    if isinstance(found, Absent) and group_id not in reading.listed:
        return replace(orphan, notes=(Note(msg("its manifest is gone, and so is the group")),))
    if not context.options.prune:
        note = Note(
            msg(
                "its manifest is gone, and nothing is done to its group. Renamed: reconciler "
                "state mv {name} NEW-NAME; keep it, unmanaged: reconciler state forget {name}; "
                "leave it for good: reconciler apply --prune",
                name=name,
            )
        )
        return replace(orphan, notes=(note,))
    if name in context.options.committed:
        note = Note(
            msg(
                "its manifest is gone here, and the commit that is checked out still has it: "
                "--prune leaves the group once the deletion is committed"
            )
        )
        return replace(orphan, notes=(note,))
    match found:
        case LiveGroup():
            note = Note(msg("its manifest is gone, and --prune leaves its group"))
            return replace(orphan, action="leave", changes=(LeaveGroup(),), notes=(note,))
        case Problem() | Absent():
            problem = found if isinstance(found, Problem) else CONTRADICTION
            return replace(orphan, action="unreadable", notes=(_not_read(problem),))
        case None:
            raise ValueError(f"the group of {name} was not read")


def _plan_gone(
    group: DesiredGroup, bound: Bound, gone: Absent, reading: LiveState, state: State
) -> GroupPlan:
    if bound.id in reading.listed:
        return _unreadable(group, bound.id, CONTRADICTION)
    left = next((entry for entry in state.left.values() if entry.id == bound.id), None)
    if group.ensure is not Ensure.PRESENT:
        gone_since = msg("left already") if left is None else _left_since(left)
        note = Note(msg("the group has been {left}: this manifest can go", left=gone_since))
        return _entry(group, "none", group_id=bound.id, notes=(note,))
    mend = (
        msg("Correct `id` in the manifest.")
        if group.id is not None
        else msg("If it is gone for good, create a new one: reconciler apply --allow recreate")
    )
    mend = mend if left is None else msg("It was {left}. {mend}", left=_left_since(left), mend=mend)
    if reading.gateway and gone.status is None:
        text = msg("{{ids[0]}} is not listed, nor was it after a refresh. {mend}", mend=mend)
    else:
        text = msg(
            "{{ids[0]}} is not listed, and asking for it answers {answer}. {mend}",
            answer=msg("HTTP {status}", status=gone.status) if gone.status else msg("an empty list"),
            mend=mend,
        )
    return _entry(group, "missing", group_id=bound.id, notes=(Note(text, ids=(bound.id,)),))


def _with_adoption(planned: GroupPlan, bound: Bound, context: Context) -> GroupPlan:
    """Say where a group was found by a search rather than bound, and record it where there is a state."""
    if bound.was is not None:
        planned = replace(planned, was=bound.was)
    if bound.found_by == "id" or bound.found_by == "state" or planned.action == "blocked":
        return planned
    how = {
        "create": msg("found: an earlier run began to create it"),
        "subject": msg("found by its subject"),
        "previously": msg("found by an earlier subject"),
    }[bound.found_by]
    if bound.loosely:
        how = msg("{found}, which it has in another form", found=how)
    if bound.was:
        how = msg('{found}, was "{name}"', found=how, name=bound.was)
    note = Note(how)
    if not context.options.keeps_state or context.options.promotions is not None:
        return replace(planned, notes=(*planned.notes, note))
    adopt = AdoptGroup(bound.id, bound.found_by, bound.was, bound.loosely)
    return replace(
        planned, action="adopt", changes=ordered((adopt, *planned.changes)), notes=(*planned.notes, note)
    )
