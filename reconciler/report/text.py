"""Reports for people at a terminal, or in the log of a pipeline. The home of rich in reports.

Rows come from `blocks`; here they are escaped, aligned, wrapped and coloured. Nobody's text is ever taken for
markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from reconciler.language import tr, tr_n
from reconciler.report import blocks, grouping
from reconciler.report.blocks import Block, Cell, Lines, Row, Span
from reconciler.report.escape import for_terminal
from reconciler.report.section import closing, ending, heading, is_plain
from reconciler.report.words import both

if TYPE_CHECKING:
    from rich.style import Style

    from reconciler.errors import Complaint
    from reconciler.report.model import Entry, Report
    from reconciler.report.section import Look, Section

INDENT = 4
PLACE = 40  # the column where a head's place begins, where there is room
NARROW = 16  # columns that wrapped text keeps at least
LINK, QR = "link", "qr"
_STYLES = {
    "good": "green",
    "add": "green",
    "remove": "red",
    "change": "yellow",
    "warn": "yellow",
    "bad": "bold red",
    "quiet": "",
    "dim": "dim",
    "strong": "bold",
    "name": "bold",
    LINK: "cyan",
    QR: "bright_white on black",
}

_TOKENS = re.compile(r"[^ ]+ *| +")
_ONE_EACH = re.compile("[ -~\\xa0-\\u02ff…→•–✓✗]*")  # letters of the West, our own symbols: a column each


def render(sections: Sequence[Section], look: Look) -> str:
    """Return the report of one run; of several each under its account's name, and a line about all."""
    return together(sections, lambda section: _section(section, look))


def together(sections: Sequence[Section], draw: Callable[[Section], str]) -> str:
    """Return what `draw` makes of one run; of several each under its account's name, and a line about all."""
    if is_plain(sections):
        return draw(sections[0])
    parts = [f"{heading(each.account)}{draw(each)}" for each in sections]
    return "\n".join(
        (*(part if part.endswith("\n") else f"{part}\n" for part in parts), f"{closing(sections)}\n")
    )


def render_complaints(complaints: Iterable[Complaint], *, color: bool) -> str:
    """Return `file:line:column: error: what is wrong`, the mend below it, and a line that counts them.

    Lines are as long as they need to be: editors and pipelines read them.
    """
    found = sorted(complaints)
    if not found:
        return ""
    lines = [line for complaint in found for line in _complaint(complaint, color)]
    errors = sum(not complaint.warning for complaint in found)
    warnings = len(found) - errors
    files = tr_n("{n} file", "{n} files", len({complaint.location.file for complaint in found}))
    counts = [tr_n("{n} mistake", "{n} mistakes", errors)] if errors or not warnings else []
    counts += [tr_n("{n} warning", "{n} warnings", warnings)] if warnings else []
    lines.append(_ink(((tr("{counts} in {files}.", counts=both(counts), files=files), "strong"),), color))
    return "\n".join(lines) + "\n"


def _complaint(complaint: Complaint, color: bool) -> Iterator[str]:
    word, style = (tr("warning"), "warn") if complaint.warning else (tr("error"), "bad")
    line = ((f"{complaint.location}: ", "strong"), (f"{word}: ", style), (tr(complaint.message), ""))
    yield _ink(_escaped(line), color)
    if complaint.hint:
        yield " " * INDENT + _ink(_escaped(((tr(complaint.hint), "dim"),)), color)


def _section(section: Section, look: Look) -> str:
    report = section.report
    if report is None or section.problem is not None:
        return of_ending(section)
    return of_report(report, look)


def of_ending(section: Section) -> str:
    """Return why an account has nothing to report."""
    return for_terminal(ending(section).rstrip("\n")) + "\n"


def of_report(report: Report, look: Look) -> str:
    """Return a document as it is printed."""
    complaints = [line for each in sorted(report.complaints) for line in _complaint(each, look.color)]
    summary = report.summary
    last: Cell = ((summary.head, summary.tone or "strong"), (summary.rest, ""))
    drawn = draw(list(_blocks(report, look)), last, color=look.color, width=look.width)
    return "\n".join((*complaints, drawn))


def _blocks(report: Report, look: Look) -> Iterator[Block]:
    """What there is to say from top to bottom. A report that is read from its end has its banners there, and
    before them the groups that are not well."""
    titled = [banner for banner in report.banners if banner.title]
    yield from (blocks.of_banner(banner) for banner in titled if banner.first)
    banners = [blocks.of_banner(banner) for banner in titled if not banner.first]
    shown = [entry for entry in report.entries if not entry.is_quiet]
    if report.verdict_first:
        yield Block(blocks.plain(f"{report.verdict}.", report.status.tone))
        yield from banners
    else:
        shown.sort(key=_is_stuck)
    for part, entries in grouping.in_parts(shown):
        if part is not None:
            yield Block(blocks.plain(part.word, "strong"), part.lead)
        yield from (blocks.of_entry(entry, look.limit) for entry in grouping.grouped(entries))
    if look.tables:
        yield from (blocks.of_table(table, look.limit) for table in grouping.tables(report))
    if not report.verdict_first:
        yield from banners


def _is_stuck(entry: Entry) -> bool:
    """Whether nothing can be done about a group, or something went wrong with it."""
    status = entry.status
    return status.level in ("error", "skipped") or status.tone == "bad"


# --- drawing ----------------------------------------------------------------------------------------------


def draw(found: Sequence[Block], summary: Cell, *, color: bool, width: int) -> str:
    """Return blocks with an empty line after each, and the summary below them; `width` is in columns."""
    lines: list[str] = []
    for block in found:
        lines += _block(block, color, width)
        lines.append("")
    lines += _wrapped("", 0, _escaped(summary), color, width)
    return "\n".join(lines) + "\n"


def _block(block: Block, color: bool, width: int) -> Iterator[str]:
    head = _escaped(block.head)
    used, place = _cells(head), for_terminal(block.place)
    gap = max(PLACE - used, 2)
    if not place:
        yield from _wrapped("", 2, head, color, width)
    elif used + 2 + _room(place) <= width:
        gap = min(gap, width - used - _room(place))
        yield _ink(head, color) + " " * gap + _ink(((place, "dim"),), color)
    else:
        yield from _wrapped("", 2, head, color, width)
        yield from _wrapped(" " * INDENT, INDENT, ((place, "dim"),), color, width)
    for each in block.lines:
        yield from _lines(each, color, width)


def _lines(lines: Lines, color: bool, width: int) -> Iterator[str]:
    rows = [tuple(_escaped(cell) for cell in row) for row in lines.rows]
    shown = for_terminal(lines.label)
    label = f"{shown:<{blocks.SHORT}}  " if shown else ""
    used = INDENT + _room(label)
    columns = _columns(rows, width - used)
    for row in rows:
        lead = " " * INDENT + label
        room = width - used - sum(column + 2 for column in columns[: len(row) - 1])
        if room < min(NARROW, _cells(row[-1])):
            yield from _wrapped(lead, used, _joined(row), color, width)
        else:
            yield from _beside(lead, row, (*columns[: len(row) - 1], room), color)
        label = " " * len(label)


def _beside(lead: str, row: Row, columns: Sequence[int], color: bool) -> Iterator[str]:
    """The cells of a row beside each other, each within its column."""
    broken = [list(_broken(cell, column)) for cell, column in zip(row, columns, strict=True)]
    for parts in zip_longest(*broken, fillvalue=()):
        line = lead
        for part, column in zip(parts, columns, strict=True):
            line += _ink(part, color) + " " * (column - _cells(part) + 2)
        yield line.rstrip(" ")
        lead = " " * len(lead)


def _joined(row: Row) -> Cell:
    """The cells of a row as one, two spaces apart."""
    first, *others = row
    return (*first, *(span for cell in others for span in (("  ", ""), *cell)))


def _columns(rows: Sequence[Row], room: int) -> list[int]:
    """The width of every column but the last of each row. Where they leave too little room for the last, or
    for a word of it, the widest are made narrower, so that one long cell does not cost all rows their
    columns."""
    columns: list[int] = []
    for row in rows:
        for index, cell in enumerate(row[:-1]):
            if index == len(columns):
                columns.append(0)
            columns[index] = max(columns[index], _cells(cell))
    ends = [row[-1] for row in rows if len(row) == len(columns) + 1]
    last = max(map(_cells, ends), default=0)
    longest = max((_room(word) for cell in ends for text, _ in cell for word in text.split(" ")), default=0)
    room -= 2 * len(columns)
    if room - sum(columns) >= min(last, max(NARROW, longest)):
        return columns
    least = [min(column, NARROW) for column in columns]
    least.append(longest if longest <= room - sum(least) else min(last, NARROW))
    widths = [min(width, max(room, NARROW)) for width in (*columns, last)]
    while sum(widths) > room:
        wide = [index for index, width in enumerate(widths) if width > least[index]]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths[:-1]


def _wrapped(lead: str, used: int, cell: Cell, color: bool, width: int) -> Iterator[str]:
    """`lead`, which fills `used` columns, and the cell after it; further lines begin where the cell does."""
    for part in _broken(cell, max(width - used, NARROW)):
        yield (lead + _ink(part, color)).rstrip(" ")
        lead = " " * used


def _broken(cell: Cell, room: int) -> Iterator[Cell]:
    """A cell as lines of at most `room` columns."""
    line: list[Span] = []
    length = 0
    for token, style in _tokens(cell, room):
        if length and length + _room(token.rstrip(" ")) > room:
            yield _stripped(line)
            line, length = [], 0
        line.append((token, style))
        length += _room(token)
    yield _stripped(line)


def _tokens(cell: Cell, room: int) -> Iterator[Span]:
    """Words with the spaces behind them; what is longer than a line is cut, but for a link."""
    for text, style in cell:
        for token in _TOKENS.findall(text):
            if _room(token.rstrip(" ")) <= room or style in (LINK, QR):
                yield token, style
            else:
                yield from ((part, style) for part in _chopped(token, room))


def _stripped(line: list[Span]) -> Cell:
    """Without spaces at the end of the line."""
    if not line:
        return ()
    text, style = line[-1]
    return (*line[:-1], (text.rstrip(" "), style))


def _escaped(cell: Cell) -> Cell:
    return tuple((for_terminal(text), style) for text, style in cell)


def _cells(cell: Cell) -> int:
    return sum(_room(text) for text, _ in cell)


def _ink(cell: Cell, color: bool) -> str:
    """The words with their colours; words of one style are coloured together."""
    if not color:
        return "".join(text for text, _ in cell)
    runs: list[Span] = []
    for text, style in cell:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + text, style)
        else:
            runs.append((text, style))
    return "".join(_painted(text, style) if _STYLES.get(style) else text for text, style in runs)


# rich is imported where there is something that only rich knows: most reports need neither.


def _painted(text: str, style: str) -> str:
    from rich.color import ColorSystem

    return _style(style).render(text, color_system=ColorSystem.STANDARD)


@cache
def _style(name: str) -> Style:
    from rich.style import Style

    return Style.parse(_STYLES[name])


def _room(text: str) -> int:
    """Count the columns that a text without control characters takes in a terminal."""
    if _ONE_EACH.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _chopped(text: str, room: int) -> list[str]:
    """A text in pieces of at most `room` columns."""
    from rich.cells import chop_cells

    return chop_cells(text, room)
