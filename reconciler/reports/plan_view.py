"""The redacted view of a plan, group by group, with causes where it was compared with a base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model import number
from reconciler.model.change import Change, CreateGroup, Demote, LeaveGroup, Promote, RemoveParticipants
from reconciler.report.redact import Redactor, labels
from reconciler.reports.change_view import change_view, invite_views, objection_views, people_of
from reconciler.reports.plan_shapes import AdminView, GroupView, PlanSummary, PlanView
from reconciler.reports.shapes import UnmanagedView

if TYPE_CHECKING:
    from reconciler.model.live import LiveGroup
    from reconciler.model.plan import Base, CauseOfChange, GroupAttribution, GroupPlan, Plan
    from reconciler.reports.base_shapes import BaseView


def plan_view(plan: Plan, redactor: Redactor, base: Base | None = None) -> PlanView:
    """The view of a plan, group by group in the plan's order; with `base`, what it was compared with, every
    change has its cause."""
    found = base.attribution if base is not None else None
    groups = tuple(
        _group(group, redactor, found.groups[group.name] if found is not None else None)
        for group in plan.groups
    )
    count = Counter(group.action for group in groups)
    return PlanView(
        complete=plan.complete,
        digest=plan.digest,
        summary=PlanSummary(
            create=count["create"],
            adopt=count["adopt"],
            update=count["update"],
            leave=count["leave"],
            unchanged=count["none"],
            blocked=count["blocked"],
            missing=count["missing"],
            orphaned=count["orphaned"],
            held=count["held"],
            unreadable=count["unreadable"],
            unmanaged=len(plan.unmanaged),
            invites=sum(len(group.to_invite) for group in groups),
            notices=sum(group.notices for group in groups),
        ),
        groups=groups,
        objections=objection_views(plan.objections, redactor, found.objections if found is not None else {}),
        unmanaged=tuple(
            UnmanagedView(
                redactor.group_id(found.id),
                None if found.subject is None else redactor.untrusted(found.subject),
            )
            for found in plan.unmanaged
        ),
        notes=tuple(map(redactor.note, plan.notes)),
        ready_only=plan.ready_only,
        base=None if base is None else _base(base, groups, redactor),
    )


def _base(base: Base, groups: tuple[GroupView, ...], redactor: Redactor) -> BaseView:
    from reconciler.reports.base_view import base_view

    return base_view(base, groups, redactor)


def admins_after(live: LiveGroup | None, changes: Iterable[Change]) -> tuple[str, ...]:
    """wa_ids of who will be admin once the changes are made, in the server's order; by number keys."""
    admins = {number.key(wa_id): wa_id for wa_id in live.admins} if live else {}
    for change in changes:
        match change:
            case Promote(people):
                for person in people:
                    admins.setdefault(number.key(person.wa_id), person.wa_id)
            case Demote(people) | RemoveParticipants(people):
                for person in people:
                    admins.pop(number.key(person.wa_id), None)
            case _:
                pass
    return tuple(admins.values())


def _group(group: GroupPlan, redactor: Redactor, found: GroupAttribution | None) -> GroupView:
    after = _admins_after(group)
    label = labels(redactor, (*people_of(group.changes), *people_of(group.withheld), *(after or ())))
    return GroupView(
        name=group.name,
        id=None if group.id is None else redactor.group_id(group.id),
        file=group.location.file if group.location else None,
        line=group.location.line if group.location else None,
        action=group.action,
        changes=tuple(
            replace(change_view(change, redactor, label), cause=cause)
            for change, cause in _caused(group.changes, found)
        ),
        withheld=tuple(change_view(change, redactor, label) for change in group.withheld),
        admins_after=None if after is None else _admins(after, group, redactor, label),
        to_invite=invite_views(group, redactor, found),
        notes=tuple(map(redactor.note, group.notes)),
        notices=group.notices,
        cause=_cause_of_group(found),
    )


def _caused(
    changes: tuple[Change, ...], found: GroupAttribution | None
) -> list[tuple[Change, CauseOfChange | None]]:
    """Every change with its cause, in the order in which they are made."""
    if found is None:
        return [(change, None) for change in changes]
    order = [change.kind for change in changes]
    caused: list[tuple[Change, CauseOfChange | None]] = []
    caused += ((change, "this_change") for change in found.this_change.changes)
    caused += ((change, "before") for change in found.before.changes)
    return sorted(caused, key=lambda pair: order.index(pair[0].kind))


def _cause_of_group(found: GroupAttribution | None) -> CauseOfChange | None:
    if found is None:
        return None
    if found.this_change.changes or found.stuck == "this_change":
        return "this_change"
    return "before" if found.before.changes else found.stuck


def _admins_after(group: GroupPlan) -> tuple[str, ...] | None:
    """Who will be admin, where that changes; empty in a group that is only being created."""
    if any(isinstance(change, LeaveGroup) for change in group.changes):
        return None
    if any(isinstance(change, CreateGroup) for change in group.changes):
        return ()
    if group.live is None or not people_of(group.changes):
        return None
    after = admins_after(group.live, group.changes)
    return None if after == group.live.admins else after


def _admins(
    wa_ids: tuple[str, ...], group: GroupPlan, redactor: Redactor, label: Callable[[str], str]
) -> tuple[AdminView, ...]:
    """Aliases first, then numbers, the account last; the account creates what is created."""
    if not wa_ids and group.live is None:
        return (AdminView("account", creator=True),)
    creator = group.live.creator_key if group.live else None

    def rank(wa_id: str) -> tuple[bool, bool, str]:
        key = number.key(wa_id)
        return key in redactor.account, key not in redactor.aliases, label(wa_id)

    return tuple(
        AdminView(label(wa_id), creator=number.key(wa_id) == creator) for wa_id in sorted(wa_ids, key=rank)
    )
