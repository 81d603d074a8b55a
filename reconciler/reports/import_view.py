"""The redacted view of an import. Nobody's number is in it, though it may be in the manifests."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.reports.import_shapes import ImportedView, ImportSummary, ImportView
from reconciler.reports.view import Book, problem_view

if TYPE_CHECKING:
    from reconciler.model.imported import ImportOutcome, ImportResult


def import_view(result: ImportResult, book: Book) -> ImportView:
    """The view of what an import did, group by group."""
    count = Counter(group.status for group in result.groups)
    return ImportView(
        complete=not count.keys() & {"failed", "unreadable", "not_begun"} and result.unsaved is None,
        dry_run=result.dry_run,
        interrupted=result.interrupted,
        summary=ImportSummary(
            imported=count["imported"],
            skipped=count["skipped"],
            failed=count["failed"],
            unreadable=count["unreadable"],
            not_begun=count["not_begun"],
            contacts=result.contacts,
        ),
        groups=tuple(_group(group, book) for group in result.groups),
        contacts=result.contacts_file,
        unsaved=problem_view(result.unsaved, book),
        refused=problem_view(result.refused, book),
        notes=tuple(map(book.note, result.notes)),
    )


def _group(group: ImportOutcome, book: Book) -> ImportedView:
    return ImportedView(
        id=book.group_id(group.id),
        status=group.status,
        subject=None if group.subject is None else book.outsider(group.subject),
        name=group.name,
        file=group.file,
        icon=group.icon,
        remarks=tuple(map(book.problem, group.remarks)),
        problem=problem_view(group.problem, book),
        bound=group.bound,
    )
