"""The redacted view of an acceptance. Its diffs are of files that may hold numbers, which are masked."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from reconciler.report.redact import Redactor, shown_problem
from reconciler.reports.accept_shapes import AcceptedView, AcceptView, FileView

if TYPE_CHECKING:
    from reconciler.model.adoption import AcceptOutcome, AcceptResult, FileChange

_CONTEXT = 2  # lines around a change
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")


def accept_view(result: AcceptResult, redactor: Redactor) -> AcceptView:
    """The view of what is accepted, and the files that change."""
    return AcceptView(
        complete=result.complete,
        interrupted=result.interrupted,
        groups=tuple(_group(group, redactor) for group in result.groups),
        files=tuple(_file(change, redactor) for change in result.files),
        failed=shown_problem(result.failed, redactor),
    )


def _group(group: AcceptOutcome, redactor: Redactor) -> AcceptedView:
    return AcceptedView(
        name=group.name,
        id=None if group.id is None else redactor.group_id(group.id),
        status=group.status,
        fields=group.fields,
        notes=tuple(map(redactor.note, group.notes)),
        left=tuple(map(redactor.note, group.left)),
        problem=shown_problem(group.problem, redactor),
    )


def _file(change: FileChange, redactor: Redactor) -> FileView:
    picture = change.after.startswith(_PICTURES)
    return FileView(
        path=change.path,
        new=change.before is None,
        picture=picture,
        diff=() if picture else tuple(map(redactor.sentence, _diff(change.before or b"", change.after))),
        before=None if change.before is None else len(change.before),
        after=len(change.after),
    )


def _diff(before: bytes, after: bytes) -> list[str]:
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (before, after))
    return list(unified_diff(old, new, n=_CONTEXT, lineterm=""))[2:]
