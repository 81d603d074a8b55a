"""The redacted view of a plan or an apply; `Book` is the only place where numbers become aliases or masks.

Everything in a view may be published as it is; what is left to a format is to escape it for its medium.
Invite links are in no view but that of `invites_view`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.model import number
from reconciler.model.attribution import Base, CauseOfChange, GroupAttribution
from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    CreateGroup,
    Demote,
    Invite,
    LeaveGroup,
    Promote,
    RemoveIcon,
    RemoveParticipants,
    RevokeLink,
    SetIcon,
    SetSubject,
)
from reconciler.model.desired import Icon
from reconciler.model.live import IconSeen, LiveGroup, Problem
from reconciler.model.outcome import ApplyResult, GroupOutcome
from reconciler.model.plan import GroupPlan, Note, Objection, Plan
from reconciler.planning.guards import NEVER_LIFTED
from reconciler.reports.base_view import base_view
from reconciler.reports.shapes import (
    AdminView,
    ApplySummary,
    ApplyView,
    ChangeView,
    DroppedView,
    GroupOutcomeView,
    GroupView,
    InviteView,
    ObjectionView,
    OutcomeView,
    PersonView,
    PictureView,
    PlanSummary,
    PlanView,
    ProblemView,
    UnmanagedView,
)

_SLOT = re.compile(r"\{(ids|people|texts)(?:\[([0-9]+)\])?\}")
_LINK = re.compile(r"(chat\.whatsapp\.com/)[^\s\"'<>]+", re.IGNORECASE)


@dataclass(frozen=True)
class Book:
    """Who is who, and what may be shown. `aliases`: number key → alias; `account`: its number keys.

    `show_numbers` shows numbers and ids in full. Links are never shown.
    """

    aliases: Mapping[str, str]
    account: frozenset[str] = frozenset()
    show_numbers: bool = False

    def person(self, wa_id: str) -> str:
        """`account`, an alias, or the number masked: `+55 19 •••• 0002`."""
        key = number.key(wa_id)
        if key in self.account:
            return "account"
        return self.aliases.get(key) or self.number(wa_id)

    def number(self, wa_id: str) -> str:
        """The number itself, masked unless numbers are to be shown."""
        if not number.is_wa_id(wa_id):
            return self.outsider(wa_id) or "somebody unknown"
        return f"+{wa_id}" if self.show_numbers else number.mask(wa_id)

    def group_id(self, group_id: str) -> str:
        """An id without its creator's number, unless that is the account's."""
        return group_id if self.show_numbers else number.mask_id(group_id, self.account)

    def outsider(self, text: str) -> str:
        """Words that anybody may have written: at most 200 characters, without links, numbers masked."""
        return self._hidden(text, 200)

    def note(self, note: Note) -> str:
        """A note's sentence with its values in their places."""
        values = {
            "ids": [self.group_id(group_id) for group_id in note.ids],
            "people": [self.person(wa_id) for wa_id in note.people],
            "texts": [self.outsider(text) for text in note.texts],
        }

        def fill(slot: re.Match[str]) -> str:
            found = values[slot[1]]
            if slot[2] is None:
                return ", ".join(found)
            return found[int(slot[2])] if int(slot[2]) < len(found) else slot[0]

        text = _SLOT.sub(fill, note.text)
        if values["ids"] != list(note.ids):
            text += " (whole ids: --show-numbers)"
        return text

    def problem(self, text: str) -> str:
        """A sentence of our own about a failed call, which may quote the API."""
        return self._hidden(text, 1000)

    def _hidden(self, text: str, limit: int) -> str:
        text = _LINK.sub(r"\1••••", text)
        if not self.show_numbers:
            return number.mask_text(text, limit)
        return text if len(text) <= limit else text[: limit - 1] + "…"


def plan_view(plan: Plan, book: Book, base: Base | None = None) -> PlanView:
    """The view of a plan, group by group in the plan's order; with `base`, what it was compared with, every
    change has its cause."""
    found = base.attribution if base is not None else None
    groups = tuple(
        _group(group, book, found.groups[group.name] if found is not None else None) for group in plan.groups
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
        objections=_objections(plan.objections, book, found.objections if found is not None else {}),
        unmanaged=tuple(
            UnmanagedView(
                book.group_id(found.id), None if found.subject is None else book.outsider(found.subject)
            )
            for found in plan.unmanaged
        ),
        notes=tuple(map(book.note, plan.notes)),
        ready_only=plan.ready_only,
        base=None if base is None else base_view(base, groups, _dropped(base, book), book),
    )


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


def _group(group: GroupPlan, book: Book, found: GroupAttribution | None) -> GroupView:
    after = _admins_after(group)
    label = labels(book, (*_people(group.changes), *_people(group.withheld), *(after or ())))
    return GroupView(
        name=group.name,
        id=None if group.id is None else book.group_id(group.id),
        file=group.mark.file if group.mark else None,
        line=group.mark.line if group.mark else None,
        action=group.action,
        changes=tuple(
            replace(change_view(change, book, label), cause=cause)
            for change, cause in _caused(group.changes, found)
        ),
        withheld=tuple(change_view(change, book, label) for change in group.withheld),
        admins_after=None if after is None else _admins(after, group, book, label),
        to_invite=_invites(group, book, found),
        notes=tuple(map(book.note, group.notes)),
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


def _dropped(base: Base, book: Book) -> tuple[DroppedView, ...]:
    return tuple(
        DroppedView(each.name, tuple(change_view(change, book, label) for change in each.changes))
        for each in base.attribution.dropped
        for label in (labels(book, _people(each.changes)),)
    )


def _cause_of_group(found: GroupAttribution | None) -> CauseOfChange | None:
    if found is None:
        return None
    if found.this_change.changes or found.stuck == "this_change":
        return "this_change"
    return "before" if found.before.changes else found.stuck


def _people(changes: Iterable[Change]) -> list[str]:
    return [
        person.wa_id
        for change in changes
        if isinstance(change, Promote | Demote | RemoveParticipants)
        for person in change.people
    ]


def labels(book: Book, wa_ids: Iterable[str]) -> Callable[[str], str]:
    """What to call people who are named together: somebody's two numbers must not look like one."""
    shared = Counter(book.person(wa_id) for wa_id in {number.key(wa_id): wa_id for wa_id in wa_ids}.values())

    def label(wa_id: str) -> str:
        who = book.person(wa_id)
        shown = book.number(wa_id)
        return f"{who} ({shown})" if shared[who] > 1 and who != shown else who

    return label


def _admins_after(group: GroupPlan) -> tuple[str, ...] | None:
    """Who will be admin, where that changes; empty in a group that is only being created."""
    if any(isinstance(change, LeaveGroup) for change in group.changes):
        return None
    if any(isinstance(change, CreateGroup) for change in group.changes):
        return ()
    if group.live is None or not _people(group.changes):
        return None
    after = admins_after(group.live, group.changes)
    return None if after == group.live.admins else after


def _admins(
    wa_ids: tuple[str, ...], group: GroupPlan, book: Book, label: Callable[[str], str]
) -> tuple[AdminView, ...]:
    """Aliases first, then numbers, the account last; the account creates what is created."""
    if not wa_ids and group.live is None:
        return (AdminView("account", creator=True),)
    creator = group.live.creator_key if group.live else None

    def rank(wa_id: str) -> tuple[bool, bool, str]:
        key = number.key(wa_id)
        return key in book.account, key not in book.aliases, label(wa_id)

    return tuple(
        AdminView(label(wa_id), creator=number.key(wa_id) == creator) for wa_id in sorted(wa_ids, key=rank)
    )


def change_view(change: Change, book: Book, label: Callable[[str], str]) -> ChangeView:
    def people(affected: tuple[Affected, ...]) -> tuple[PersonView, ...]:
        return tuple(PersonView(label(person.wa_id), person.reason) for person in affected)

    match change:
        case CreateGroup(subject):
            return ChangeView(change.kind, after=book.outsider(subject))
        case AdoptGroup(group_id, _, was):
            return ChangeView(change.kind, was, book.group_id(group_id))
        case SetSubject(before, after):
            return ChangeView(change.kind, book.outsider(before), book.outsider(after))
        case SetIcon(before, after):
            return ChangeView(change.kind, seen_picture(before), file_picture(after))
        case RemoveIcon(before):
            return ChangeView(change.kind, seen_picture(before))
        case Promote(affected) | Demote(affected) | RemoveParticipants(affected):
            return ChangeView(change.kind, people=people(affected))
        case RevokeLink(before, after):
            return ChangeView(change.kind, before, after)
        case LeaveGroup():
            return ChangeView(change.kind)
        case _:
            assert_never(change)


def seen_picture(seen: IconSeen | None) -> PictureView | None:
    """What is known of a live icon; None for none."""
    if seen is None or seen.meta is None:
        return None
    return PictureView(sha256=seen.sha256, size=seen.meta.length)


def file_picture(icon: Icon) -> PictureView:
    """An icon as the files have it."""
    return PictureView(icon.path, icon.sha256, icon.size, icon.width, icon.height, icon.mime)


def _invites(group: GroupPlan, book: Book, found: GroupAttribution | None = None) -> tuple[InviteView, ...]:
    def cause(invite: Invite) -> CauseOfChange | None:
        if found is None:
            return None
        return "before" if invite in found.before.invites else "this_change"

    return tuple(
        InviteView(invite.person.alias or book.person(invite.person.numbers[0]), invite.role, cause(invite))
        for invite in group.to_invite
    )


def _objections(
    objections: tuple[Objection, ...], book: Book, causes: Mapping[str, CauseOfChange]
) -> tuple[ObjectionView, ...]:
    return tuple(
        ObjectionView(
            objection.code,
            book.note(objection.note),
            objection.groups,
            objection.lifted_by,
            objection.code not in NEVER_LIFTED,
            causes.get(objection.code),
        )
        for objection in objections
    )


def apply_view(result: ApplyResult, book: Book) -> ApplyView:
    """The view of what an apply did, group by group in the plan's order."""
    groups = tuple(_ended(group, book) for group in result.groups)
    actions = Counter(group.action for group in groups)
    statuses = Counter(outcome.status for group in groups for outcome in group.outcomes)
    return ApplyView(
        complete=result.complete,
        interrupted=result.interrupted,
        summary=ApplySummary(
            done=statuses["done"],
            failed=statuses["failed"],
            skipped=statuses["skipped"],
            unknown=statuses["unknown"],
            blocked=actions["blocked"],
            missing=actions["missing"],
            held=actions["held"],
        ),
        groups=groups,
        objections=_objections(result.plan.objections, book, {}),
        notes=tuple(map(book.note, result.plan.notes)),
        unsaved=problem_view(result.unsaved, book),
        bind=result.bind,
        ready_only=result.plan.ready_only,
    )


def _ended(group: GroupOutcome, book: Book) -> GroupOutcomeView:
    label = labels(book, _people(outcome.change for outcome in group.outcomes))
    mark = group.plan.mark if group.plan else None
    return GroupOutcomeView(
        name=group.name,
        id=None if group.id is None else book.group_id(group.id),
        action=group.action,
        outcomes=tuple(
            OutcomeView(
                change_view(outcome.change, book, label), outcome.status, problem_view(outcome.problem, book)
            )
            for outcome in group.outcomes
        ),
        to_invite=_invites(group.plan, book) if group.plan else (),
        notes=tuple(map(book.note, group.notes)),
        file=mark.file if mark else None,
        line=mark.line if mark else None,
    )


def problem_view(problem: Problem | None, book: Book) -> ProblemView | None:
    """A problem, fit to be shown."""
    if problem is None:
        return None
    return ProblemView(problem.code, book.problem(problem.message), book.problem(problem.hint), problem.retry)
