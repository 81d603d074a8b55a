"""The table of a plan: a row a change, and of people a row a person.

Cells are escaped as for a terminal, and words that a spreadsheet would take for a formula begin with an
apostrophe, also after a semicolon, at which programs in many countries divide a line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from reconciler.report.escape import for_terminal
from reconciler.reports.difflines import words

if TYPE_CHECKING:
    from reconciler.reports.plan_shapes import PlanView
    from reconciler.reports.shapes import ChangeView

PLAN_COLUMNS = (
    "group", "action", "change", "before", "after", "person", "reason", "cause", "file", "line", "notes"
)  # fmt: skip

_FORMULA = re.compile(r"(^|;)(?=[\s\"']*[=+\-@\uff1d\uff0b\uff0d\uff20])")


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


def _words(text: str | None) -> str:
    return _FORMULA.sub(r"\1'", for_terminal(text or ""))
