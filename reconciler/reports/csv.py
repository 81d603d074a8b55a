"""Tables: a row a change and person, a field and person, an outcome, a complaint; invitations for a mail
merge, a row a person and group that has a link; and what there is, a row a group.

Cells are escaped as for a terminal, and words that a spreadsheet would take for a formula begin with an
apostrophe, also after a semicolon, at which programs in many countries divide a line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.report.escape import for_terminal
from reconciler.reports.difflines import words

if TYPE_CHECKING:
    from reconciler.reports.invites_shapes import InvitesView
    from reconciler.reports.list_shapes import ListView
    from reconciler.reports.plan_shapes import PlanView
    from reconciler.reports.shapes import ChangeView

COLUMNS = (
    "group",
    "subject",
    "link",
    "contact",
    "name",
    "number",
    "as",
    "left",
    "missing_since",
    "last_sent",
    "times_sent",
)

LIST_COLUMNS = ("subject", "id", "people", "admins", "role", "manifest", "file", "notes")

PLAN_COLUMNS = (
    "group", "action", "change", "before", "after", "person", "reason", "cause", "file", "line", "notes"
)  # fmt: skip

_FORMULA = re.compile(r"(^|;)(?=[\s\"']*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def render_invites(view: InvitesView) -> str:
    """The table with its head. A number is digits alone: with a `+` it would begin a formula."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for group in view.groups:
        if group.link is None:
            continue
        for person in group.people:
            table.writerow(
                (
                    _words(group.name),
                    _words(group.subject),
                    group.link,
                    _words(person.contact),
                    _words(person.name),
                    person.number.removeprefix("+"),
                    person.role,
                    "yes" if person.left else "",
                    _day(person.since),
                    _day(person.sent.at if person.sent else None),
                    person.sent.times if person.sent else 0,
                )
            )
    return out.getvalue()


def render_list(view: ListView) -> str:
    """The table with its head: `people` is a count, `role` the account's."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(LIST_COLUMNS)
    for group in view.groups:
        table.writerow(
            (
                _words(group.subject),
                _words(group.id),
                "" if group.subject is None else len(group.people),
                _words(", ".join(group.admins)),
                group.role or "",
                _words(group.owner),
                _words(group.file),
                _words(" ".join(group.notes)),
            )
        )
    return out.getvalue()


def render_plan(view: PlanView) -> str:
    """A row a change, of people a row a person; a group without a change has a row as well. `cause` is known
    with a base."""
    return _table(
        PLAN_COLUMNS,
        (
            (group.name, group.action, *cells, group.file, group.line, " ".join(group.notes))
            for group in view.groups
            for change in group.changes or (None,)
            for cells in _change(change, group.cause)
        ),
    )


Cell = str | int | None


def _change(change: ChangeView | None, cause: str | None) -> Iterator[tuple[Cell, ...]]:
    if change is None:
        yield ("", "", "", "", "", cause)
    elif change.people:
        for person in change.people:
            yield (change.kind, "", "", person.who, person.reason, change.cause)
    else:
        yield (change.kind, words(change.before), words(change.after), "", "", change.cause)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        table.writerow([cell if isinstance(cell, int) else _words(cell) for cell in row])
    return out.getvalue()


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"


def _words(text: str | None) -> str:
    return _FORMULA.sub(r"\1'", for_terminal(text or ""))
