"""The redacted view of an import. Nobody's number is in it, though it may be in the manifests."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.report.redact import Redactor, shown_problem
from reconciler.reports.import_shapes import ImportedView, ImportSummary, ImportView

if TYPE_CHECKING:
    from reconciler.model.adoption import ImportOutcome, ImportResult


def import_view(result: ImportResult, redactor: Redactor) -> ImportView:
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
        groups=tuple(_group(group, redactor) for group in result.groups),
        contacts=result.contacts_file,
        unsaved=shown_problem(result.unsaved, redactor),
        refused=shown_problem(result.refused, redactor),
        notes=tuple(map(redactor.note, result.notes)),
    )


def _group(group: ImportOutcome, redactor: Redactor) -> ImportedView:
    return ImportedView(
        id=redactor.group_id(group.id),
        status=group.status,
        subject=None if group.subject is None else redactor.untrusted(group.subject),
        name=group.name,
        file=group.file,
        icon=group.icon,
        remarks=tuple(map(redactor.sentence, group.remarks)),
        problem=shown_problem(group.problem, redactor),
        bound=group.bound,
    )
