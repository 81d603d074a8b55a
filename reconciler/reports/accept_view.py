"""The redacted view of an acceptance. Its diffs are of files that may hold numbers, which are masked."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from reconciler.reports.accept_shapes import AcceptedView, AcceptView, FileView
from reconciler.reports.view import Book, problem_view

if TYPE_CHECKING:
    from reconciler.model.acceptance import AcceptOutcome, AcceptResult, FileChange

_CONTEXT = 2  # lines around a change
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")


def accept_view(result: AcceptResult, book: Book) -> AcceptView:
    """The view of what is accepted, and the files that change."""
    return AcceptView(
        complete=result.complete,
        interrupted=result.interrupted,
        groups=tuple(_group(group, book) for group in result.groups),
        files=tuple(_file(change, book) for change in result.files),
        failed=problem_view(result.failed, book),
    )


def _group(group: AcceptOutcome, book: Book) -> AcceptedView:
    return AcceptedView(
        name=group.name,
        id=None if group.id is None else book.group_id(group.id),
        status=group.status,
        fields=group.fields,
        notes=tuple(map(book.note, group.notes)),
        left=tuple(map(book.note, group.left)),
        problem=problem_view(group.problem, book),
    )


def _file(change: FileChange, book: Book) -> FileView:
    picture = change.after.startswith(_PICTURES)
    return FileView(
        path=change.path,
        new=change.before is None,
        picture=picture,
        diff=() if picture else tuple(map(book.problem, _diff(change.before or b"", change.after))),
        before=None if change.before is None else len(change.before),
        after=len(change.after),
    )


def _diff(before: bytes, after: bytes) -> list[str]:
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (before, after))
    return list(unified_diff(old, new, n=_CONTEXT, lineterm=""))[2:]
