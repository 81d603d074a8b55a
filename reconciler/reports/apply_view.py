"""The redacted view of what an apply did."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.reports.apply_shapes import ApplySummary, ApplyView, GroupOutcomeView, OutcomeView
from reconciler.reports.change_view import change_view, invite_views, objection_views, people_of
from reconciler.reports.view import Book, labels, problem_view

if TYPE_CHECKING:
    from reconciler.model.outcome import ApplyResult, GroupOutcome


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
        objections=objection_views(result.plan.objections, book, {}),
        notes=tuple(map(book.note, result.plan.notes)),
        unsaved=problem_view(result.unsaved, book),
        bind=result.bind,
        ready_only=result.plan.ready_only,
    )


def _ended(group: GroupOutcome, book: Book) -> GroupOutcomeView:
    label = labels(book, people_of(outcome.change for outcome in group.outcomes))
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
        to_invite=invite_views(group.plan, book) if group.plan else (),
        notes=tuple(map(book.note, group.notes)),
        file=mark.file if mark else None,
        line=mark.line if mark else None,
    )
