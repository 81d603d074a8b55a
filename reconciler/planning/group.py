"""One bound group: what differs between it and its manifest, as ordered changes.

Used for the plan of a run and again just before a group's first write, so that both decide alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never, cast, get_args

from reconciler.language import msg, msg_n
from reconciler.model import number
from reconciler.model.capabilities import CAPABILITIES, Capabilities
from reconciler.model.change import (
    Affected,
    Change,
    ChangeKind,
    ChangePeople,
    Invite,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import Desired, DesiredGroup, Person
from reconciler.model.group import VALUES, Ensure, ValueName
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.model.plan import GroupPlan, Note
from reconciler.model.record import Record, State, StoredSubject
from reconciler.model.settings import Settings
from reconciler.planning.diff import IN_SYNC, IconDifference, changed_fields, compare_icon, compare_people
from reconciler.planning.last_applied import LastApplied, with_origin
from reconciler.planning.options import Options
from reconciler.planning.promotions import only_promotions
from reconciler.planning.subjects import as_compared, loose, normal

#   create or adopt ─ subject ─ description ─ icon ─ permissions ─ add ─ promote ─ demote ─ revoke link
#   ─ remove participants ─ leave
#
#   Somebody new can act before anybody loses the right to, and the old link is dead before anybody is put
#   out.
ORDER: tuple[ChangeKind, ...] = get_args(ChangeKind)


_WAY_BACK = Note(
    msg(
        "whoever is removed can come back by the present invite link: raise "
        "`link_version`, or afterwards: reconciler invites --rotate NAME"
    )
)

_COMMUNITY = Note(
    msg("community: {ids[0]} is a community or its group of announcements: manage a group in it")
)


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes in the order in which they are made."""

    def place(change: Change) -> tuple[int, int]:
        name = change.name if isinstance(change, SetValue) else None
        return ORDER.index(change.kind), 0 if name is None else VALUES.index(name)

    return tuple(sorted(changes, key=place))


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for all groups of a run. `leavers` by their number keys; `account`: number keys, the
    present one first; `aliases`: the number keys of everybody who is in contacts; `can`: what the service
    can do."""

    leavers: Mapping[str, Person]
    account: tuple[str, ...]
    options: Options
    aliases: Mapping[str, frozenset[str]]
    can: Capabilities

    @classmethod
    def of(cls, desired: Desired, settings: Settings, options: Options) -> Context:
        leavers = {key: person for person in desired.leavers for key in person.keys}
        aliases = {person.alias: person.keys for person in desired.people if person.alias}
        account = tuple(map(number.key, (*settings.account, *settings.lids)))
        return cls(leavers, account, options, aliases, CAPABILITIES[settings.backend])

    @property
    def account_keys(self) -> frozenset[str]:
        return frozenset(self.account)


def plan_group(
    group: DesiredGroup,
    live: LiveGroup,
    seen: LiveIcon | None,
    record: Record | None,
    context: Context,
) -> GroupPlan:
    """Plan one bound group: action `update`, `leave`, `none` or `blocked`.

    `seen` has to be given where the icon is managed, as far as `planning.diff.compare_icon` asks for it. A
    group in which something would have to change although the account is no admin is `blocked`, and so is one
    that the account is not in any more. With `options.promotions` nothing but promotions is left of it.
    """
    empty = GroupPlan(
        name=group.name, action="none", id=live.id, location=group.location, desired=group, live=live
    )
    if live.community:
        return _blocked(empty, replace(_COMMUNITY, ids=(live.id,)))
    if group.ensure is not Ensure.PRESENT:
        planned = _plan_leaving(group, live, empty, context)
    else:
        planned = _plan_present(group, live, seen, record, empty, context)
    if context.options.promotions is not None:
        planned = only_promotions(planned, context.options.promotions)
        if not planned.changes:  # what else may be wrong with the group is no affair of this run
            return planned
    return _unless_powerless(group, planned, live, context)


def _plan_leaving(group: DesiredGroup, live: LiveGroup, empty: GroupPlan, context: Context) -> GroupPlan:
    if context.account and not context.account_keys & live.participant_keys:
        return replace(empty, notes=(Note(msg("the group has been left already")),))
    changes: list[Change] = [LeaveGroup()]
    if group.ensure is Ensure.CLOSED:
        stay = context.account_keys | live.protected_keys
        everybody = tuple(
            Affected(wa_id, msg("the group is closed"), number=live.numbers.get(wa_id))
            for wa_id in live.participants
            if live.key(wa_id) not in stay
        )
        changes.append(RevokeLink(None, None))
        if everybody:
            changes.append(ChangePeople("remove_participants", everybody))
    hidden = len(live.unidentified) if group.ensure is Ensure.CLOSED else 0
    unknown = msg_n(
        "{n} of those who are removed hide their number",
        "{n} of those who are removed hide their number",
        hidden,
    )
    notes = (Note(unknown),) if hidden else ()
    return replace(empty, action="leave", changes=ordered(changes), notes=notes)


def _plan_present(
    group: DesiredGroup,
    live: LiveGroup,
    seen: LiveIcon | None,
    record: Record | None,
    empty: GroupPlan,
    context: Context,
) -> GroupPlan:
    changes: list[Change] = []
    notes: list[Note] = []
    if live.parent is not None:
        notes.append(Note(msg("it belongs to a community, {ids[0]}"), ids=(live.parent,)))
    if live.count not in (None, len(live.participants)):
        notes.append(
            Note(
                msg(
                    "the service counts {count} people here and lists {participants}: one of the "
                    "two lags behind",
                    count=live.count,
                    participants=len(live.participants),
                )
            )
        )
    recorded = record.link_version if record else None
    wanted: dict[str, object] = {}
    found: dict[str, object] = {}
    there = live.values()
    for name, value in group.values().items():
        if name not in there:
            continue
        wanted[name], found[name] = value, as_compared(there.get(name))
    if (
        group.subject is not None
        and wanted["subject"] != found["subject"]
        and _kept_otherwise(group.subject, live, record, context)
    ):
        found["subject"] = wanted["subject"]
        notes.append(
            Note(msg("the service keeps the subject in another form: {texts[0]}"), texts=(live.subject,))
        )
    if group.link_version is not None and recorded is not None:
        wanted["link_version"], found["link_version"] = group.link_version, recorded
    elif group.link_version is not None and group.link_version > 1:
        notes.append(
            Note(
                msg(
                    "`link_version` {link_version} is taken note of; the present link is not "
                    "revoked: raise it to {next_version} for that",
                    link_version=group.link_version,
                    next_version=group.link_version + 1,
                )
            )
        )
    if group.icon is not None:
        if seen is None:
            raise ValueError(f"the icon of {group.name} was not read")
        verdict = compare_icon(group.icon, seen, record.icon if record else None)
        if verdict in (IconDifference.FETCH, IconDifference.COMPARE):
            raise ValueError(f"the icon of {group.name} was not looked at far enough: {verdict.value}")
        if verdict is IconDifference.ALIKE:
            notes.append(Note(msg("the icon looks the same as the file (the server has encoded it again)")))
        wanted["icon"], found["icon"] = True, verdict in IN_SYNC
    for field in changed_fields(found, wanted):
        if field == "icon" and group.icon is not None:
            changes.append(SetIcon(seen, group.icon.picture))
        elif field == "link_version" and group.link_version is not None and recorded is not None:
            if group.link_version > recorded:
                changes.append(RevokeLink(recorded, group.link_version))
            else:
                notes.append(
                    Note(
                        msg(
                            "`link_version` is {link_version}, but {applied} was applied: a link is "
                            "revoked only when it is raised",
                            link_version=group.link_version,
                            applied=recorded,
                        )
                    )
                )
        else:
            name = cast("ValueName", field)
            changes.append(SetValue(name, there.get(name), group.values()[name]))
    people = compare_people(
        group,
        live,
        leavers=context.leavers,
        account_keys=context.account_keys,
        joined=frozenset((*record.joined, *record.added) if record else ()),
        decisions=record.decisions if record else None,
    )
    if people.add:
        changes.append(ChangePeople("add_members", people.add))
    if people.promote:
        changes.append(ChangePeople("promote", people.promote))
    if people.demote:
        changes.append(ChangePeople("demote", people.demote))
    if people.remove:
        changes.append(ChangePeople("remove_participants", people.remove))
        if not any(isinstance(change, RevokeLink) for change in changes):
            notes.append(_WAY_BACK)
    last = LastApplied(record, context.aliases)
    planned = replace(
        empty,
        action="update" if changes else "none",
        changes=tuple(
            with_origin(change, group, last, context.leavers.keys()) for change in ordered(changes)
        ),
        to_invite=people.invite,
        notes=(*notes, *people.notes),
    )
    stuck = people.stuck or _unable(group, live)
    return planned if stuck is None else _blocked(planned, stuck)


def _unable(group: DesiredGroup, live: LiveGroup) -> Note | None:
    """Say why a group cannot be made as its manifest says: people would be added to a community, or the
    service does not tell of it what is managed."""
    if live.parent is not None and group.join == "add":
        return Note(
            msg(
                "people cannot be added to a group of a community: it would put them into the "
                "community as well. Say `join: invite`"
            )
        )
    untold = [name for name in group.values() if name not in live.values()]
    if untold:
        return Note(
            msg(
                "the service does not tell {fields} of this group: update it, or leave that out",
                fields=", ".join(untold),
            )
        )
    return None


def _blocked(planned: GroupPlan, note: Note) -> GroupPlan:
    return replace(
        planned, action="blocked", changes=(), withheld=planned.changes, notes=(*planned.notes, note)
    )


def _kept_otherwise(subject: str, live: LiveGroup, record: Record | None, context: Context) -> bool:
    """Return whether the live subject is what the service makes of the wanted one, as was seen when it was
    sent. Without a state that is taken for granted, because it would be sent again for ever."""
    if not context.options.keeps_state:
        return loose(subject) == loose(live.subject)
    stored = record.stored if record else None
    return stored == StoredSubject(normal(subject), normal(live.subject))


def _unless_powerless(
    group: DesiredGroup, planned: GroupPlan, live: LiveGroup, context: Context
) -> GroupPlan:
    """Block what only an admin can do where the account is none; leaving needs no right.

    A group that is to be present and that the account is not in any more is blocked whatever it looks like,
    because nothing could keep it so.
    """
    if not context.account:
        return planned
    inside = bool(context.account_keys & live.participant_keys)
    if (inside or group.ensure is not Ensure.PRESENT) and all(
        isinstance(change, LeaveGroup) for change in planned.changes
    ):
        return planned
    if context.account[0] in live.admin_keys:
        return planned
    if context.account[0] not in live.participant_keys:
        note = Note(msg("the account is not in this group any more, so nothing can be changed"))
    elif live.admins:
        note = Note(
            msg(
                "the account is no admin of this group, so nothing can be changed. One of "
                "these can make it one: {people}"
            ),
            people=live.admins,
        )
    else:
        note = Note(msg("nobody is admin of this group, so nothing can be changed"))
    return _blocked(planned, note)


def after(live: LiveGroup, changes: Iterable[Change]) -> LiveGroup:
    """Return whom the group would have once the changes are made."""
    admins, participants = list(live.admins), list(live.participants)
    for change in changes:
        if not isinstance(change, ChangePeople):
            continue
        ids = {person.wa_id: None for person in change.people}
        match change.kind:
            case "add_members":
                participants += (wa_id for wa_id in ids if wa_id not in participants)
            case "promote":
                admins += (wa_id for wa_id in ids if wa_id not in admins)
            case "demote":
                admins = [wa_id for wa_id in admins if wa_id not in ids]
            case "remove_participants":
                admins = [wa_id for wa_id in admins if wa_id not in ids]
                participants = [wa_id for wa_id in participants if wa_id not in ids]
            case _:
                assert_never(change.kind)
    return replace(live, admins=tuple(admins), participants=tuple(participants))


def newcomers(group: DesiredGroup, context: Context) -> tuple[Invite, ...]:
    """Return everybody a new group waits for: all but the account, admins before members, each once."""
    invites = {person.key: Invite(person, "admin") for person in group.admins or ()}
    for person in group.members or ():
        invites.setdefault(person.key, Invite(person, "member"))
    return tuple(invite for key, invite in invites.items() if key not in context.account_keys)


class PlanCache:
    """The plans of single groups, made while others were read. Safe to use from several threads: each name
    has a place of its own."""

    def __init__(self, state: State, context: Context) -> None:
        self.state = state
        self.context = context
        self._recorded = frozenset(record.id for record in state.groups.values())
        self._made: dict[str, tuple[LiveGroup, LiveIcon | None, Record | None, GroupPlan]] = {}

    def add(self, group: DesiredGroup, live: LiveGroup, seen: LiveIcon | None) -> None:
        """Plan a group that state or `id` binds to `live`; `seen` as for `plan_group`."""
        record = self.state.groups.get(group.name)
        if record is not None and record.id != live.id:
            record = None
        if record is None and live.id in self._recorded:
            return  # on record under another name, which may be the one that this manifest had before
        made = plan_group(group, live, seen, record, self.context)
        self._made[group.name] = (live, seen, record, made)

    def plan(
        self, group: DesiredGroup, live: LiveGroup, seen: LiveIcon | None, record: Record | None
    ) -> GroupPlan:
        """Return the plan of a group: the one that was made from exactly this, else one made now."""
        known = self._made.pop(group.name, None)
        if known is not None and known[0] is live and known[1] is seen and known[2] is record:
            return known[3]
        return plan_group(group, live, seen, record, self.context)
