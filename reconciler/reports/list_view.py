"""The redacted view of a listing: who is called what, and what may be shown, is `view.Redactor`'s to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.report.redact import Redactor, labels
from reconciler.reports.list_shapes import ListedView, ListSummary, ListView

if TYPE_CHECKING:
    from reconciler.model.adoption import ListedGroup, Listing


def list_view(found: Listing, redactor: Redactor) -> ListView:
    """The view of a listing, group by group in its order."""
    groups = tuple(_group(group, redactor) for group in found.groups)
    return ListView(
        complete=found.complete,
        account=None if found.account is None else redactor.number(found.account),
        guessed=found.guessed,
        summary=ListSummary(
            total=found.total,
            shown=len(groups),
            unmanaged=sum(group.file is None for group in groups),
            not_admin=sum(group.role in ("member", "absent") for group in groups),
            unreadable=sum(group.subject is None for group in groups),
        ),
        groups=groups,
        notes=tuple(map(redactor.note, found.notes)),
    )


def _group(group: ListedGroup, redactor: Redactor) -> ListedView:
    live, owner = group.live, group.owner
    label = labels(redactor, live.participants if live else ())
    notes = []
    if group.problem is not None:
        notes.append(redactor.sentence(f"could not be read: {group.problem.message}"))
    if owner is not None and owner.location is None:
        notes.append(f"its manifest is gone; state knows it as {owner.name}")
    return ListedView(
        id=redactor.group_id(group.id),
        subject=None if live is None else redactor.untrusted(live.subject),
        people=tuple(sorted(map(label, live.participants))) if live else (),
        admins=tuple(sorted(map(label, live.admins))) if live else (),
        role=group.role,
        can_promote=tuple(sorted(map(label, group.can_promote))),
        owner=None if owner is None else owner.name,
        file=owner.location.file if owner and owner.location else None,
        line=owner.location.line if owner and owner.location else None,
        notes=tuple(notes),
    )
