"""Tables: invitations for a mail merge, one row a person and group that has a link; and what there is, one
row a group.

Cells are escaped as for a terminal, and words that a spreadsheet would take for a formula begin with an
apostrophe, also after a semicolon, at which programs in many countries divide a line.
"""

from __future__ import annotations

import csv
import io
import re

from reconciler.reports.escape import for_terminal
from reconciler.reports.shapes import InvitesView, ListView

COLUMNS = ("group", "subject", "link", "contact", "name", "number", "as")

LIST_COLUMNS = ("subject", "id", "people", "admins", "role", "manifest", "file", "notes")

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


def _words(text: str | None) -> str:
    return _FORMULA.sub(r"\1'", for_terminal(text or ""))
