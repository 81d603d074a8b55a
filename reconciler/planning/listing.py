"""From a reading of everything to a listing: which manifest each group belongs to, and who is what there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.errors import Problem
from reconciler.language import msg, msg_n
from reconciler.model import number
from reconciler.model.adoption import ListedGroup, Listing, Owner, Role
from reconciler.model.desired import Desired
from reconciler.model.live import CONTRADICTION, Absent, LiveGroup, LiveState
from reconciler.model.plan import Note
from reconciler.model.record import State
from reconciler.model.settings import Settings
from reconciler.planning.bindings import short_list
from reconciler.planning.guards import probable_account
from reconciler.planning.identity import Bound, resolve
from reconciler.planning.options import Options

_NOT_READ = Problem("not_read", msg("it was not asked for"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFilter:
    """What a listing shows: groups in which one of `people` (number keys) is, those where they (where nobody
    is named: the account) have `role`, and with `unmanaged` those without a manifest."""

    people: frozenset[str] = frozenset()
    role: Role | None = None
    unmanaged: bool = False


def owners(
    desired: Desired, state: State, reading: LiveState, account_keys: frozenset[str]
) -> Mapping[str, Owner]:
    """Return group id → the name that it belongs to, by the rules of `planning.identity`; orphaned bindings
    too."""
    identities = resolve(desired.groups, state, reading, account_keys)
    locations = {group.name: group.location for group in desired.groups}
    found = {group_id: Owner(name) for name, group_id in identities.orphans.items()}
    found |= {
        bound.id: Owner(name, locations[name])
        for name, bound in identities.names.items()
        if isinstance(bound, Bound)
    }
    return found


def listing(desired: Desired, state: State, reading: LiveState, settings: Settings) -> Listing:
    """Return every listed group; `filtered` leaves some out."""
    account = settings.account[0] if settings.account else probable_account(reading)
    keys = settings.account_keys or frozenset({number.key(account)} if account else ())
    belongs = owners(desired, state, reading, settings.account_keys)
    groups = [_listed(group_id, reading, belongs.get(group_id), keys) for group_id in reading.listed]
    short = short_list(reading, settings.account_keys)
    notes = []
    if short:
        incomplete = msg_n(
            "The list of groups leaves out {{ids}}, which exists. Run again later.",
            "The list of groups leaves out {{ids}}, which exists. Run again later.",
            len(short),
        )
        notes.append(Note(incomplete, ids=short))
    if reading.ignored:
        notes.append(Note(msg("Not looked at, as `ignore:` says: {ids}."), ids=reading.ignored))
    return Listing(
        groups=tuple(sorted(groups, key=_rank)),
        total=len(groups),
        account=account,
        keys=keys,
        guessed=account is not None and not settings.account,
        complete=not short and all(group.live is not None for group in groups),
        notes=tuple(notes),
    )


def filtered(found: Listing, wanted: ListingFilter, options: Options) -> Listing:
    """Return the groups that were asked for. A group that could not be read is kept, unless its manifest
    rules it out: it may be one of these."""
    return replace(found, groups=tuple(group for group in found.groups if _matches(group, wanted, options)))


def _matches(group: ListedGroup, wanted: ListingFilter, options: Options) -> bool:
    if wanted.unmanaged and group.managed:
        return False
    if options.targets and not (group.owner is not None and options.wants(group.owner.name)):
        return False
    live = group.live
    if live is None:
        return True
    if not wanted.people:
        return wanted.role is None or group.role == wanted.role
    if wanted.role is None:
        return bool(wanted.people & live.participant_keys)
    return any(_role(live, frozenset({key})) == wanted.role for key in wanted.people)


def _listed(group_id: str, reading: LiveState, owner: Owner | None, keys: frozenset[str]) -> ListedGroup:
    match reading.groups.get(group_id):
        case LiveGroup() as live:
            return ListedGroup(id=group_id, live=live, owner=owner, role=_role(live, keys) if keys else None)
        case Problem() as problem:
            return ListedGroup(id=group_id, live=None, problem=problem, owner=owner)
        case Absent():
            return ListedGroup(id=group_id, live=None, problem=CONTRADICTION, owner=owner)
        case None:
            return ListedGroup(id=group_id, live=None, problem=_NOT_READ, owner=owner)


def _role(live: LiveGroup, keys: frozenset[str]) -> Role:
    if keys & live.admin_keys:
        return "admin"
    return "member" if keys & live.participant_keys else "absent"


def _rank(group: ListedGroup) -> tuple[bool, str, str]:
    return group.live is None, group.live.subject.casefold() if group.live else "", group.id
