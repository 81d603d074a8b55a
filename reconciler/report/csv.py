"""Tables for spreadsheets. Columns are a verb's contract, beside its document.

Cells are escaped as for a terminal, and words that a spreadsheet would take for a formula begin with an
apostrophe, also after a semicolon, at which programs in many countries divide a line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.report.escape import for_terminal
from reconciler.report.section import is_plain

if TYPE_CHECKING:
    from reconciler.report.section import Cell, Look, Section

_FORMULA = re.compile(r"(^|;)(?=[\s\"']*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def render(sections: Sequence[Section], _: Look) -> str:
    """Return the table with its head; of several accounts one, with the account in the first column."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    begun = False
    for section in sections:
        if section.told is None or section.told.rows is None:
            continue
        found = section.told.rows()
        account = () if is_plain(sections) else (section.account,)
        if not begun:
            table.writerow((*("account" for _ in account), *found.columns))
            begun = True
        table.writerows((*account, *map(_cell, row)) for row in found.rows)
    return out.getvalue()


def _cell(cell: Cell) -> str | int:
    return cell if isinstance(cell, int) else _FORMULA.sub(r"\1'", for_terminal(cell or ""))
