"""The redacted view of a listing: who is called what, and what may be shown, is `view.Book`'s to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports.list_shapes import ListedView, ListSummary, ListView
from reconciler.reports.view import Book, labels

if TYPE_CHECKING:
    from reconciler.model.listing import ListedGroup, Listing


def list_view(found: Listing, book: Book) -> ListView:
    """The view of a listing, group by group in its order."""
    groups = tuple(_group(group, book) for group in found.groups)
    return ListView(
        complete=found.complete,
        account=None if found.account is None else book.number(found.account),
        guessed=found.guessed,
        summary=ListSummary(
            total=found.total,
            shown=len(groups),
            unmanaged=sum(group.file is None for group in groups),
            not_admin=sum(group.role in ("member", "absent") for group in groups),
            unreadable=sum(group.subject is None for group in groups),
        ),
        groups=groups,
        notes=tuple(map(book.note, found.notes)),
    )


def _group(group: ListedGroup, book: Book) -> ListedView:
    live, owner = group.live, group.owner
    label = labels(book, live.participants if live else ())
    notes = []
    if group.problem is not None:
        notes.append(book.problem(f"could not be read: {group.problem.message}"))
    if owner is not None and owner.mark is None:
        notes.append(f"its manifest is gone; state knows it as {owner.name}")
    return ListedView(
        id=book.group_id(group.id),
        subject=None if live is None else book.outsider(live.subject),
        people=tuple(sorted(map(label, live.participants))) if live else (),
        admins=tuple(sorted(map(label, live.admins))) if live else (),
        role=group.role,
        can_promote=tuple(sorted(map(label, group.can_promote))),
        owner=None if owner is None else owner.name,
        file=owner.mark.file if owner and owner.mark else None,
        line=owner.mark.line if owner and owner.mark else None,
        notes=tuple(notes),
    )
