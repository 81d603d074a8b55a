"""A document as rows of words, for formats that are read line by line: what stands beside what, not yet
drawn.

Text draws rows in columns, Markdown in a block that is coloured as a difference; GitHub's annotations and
JUnit have no room for columns and take `difference`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from reconciler.language import tr
from reconciler.report import words
from reconciler.report.model import Word

if TYPE_CHECKING:
    from reconciler.errors import Problem
    from reconciler.report.model import Banner, Column, Entry, Field, Status, Table, Value

Span = tuple[str, str]
"""Words, and their style: a tone, `add`, `remove`, `strong`, `name`, `dim`, `link`, `qr`; or ""."""

Cell = tuple[Span, ...]
Row = tuple[Cell, ...]

VALUES = 8
"""Names in one value."""

SHORT = 7
"""Characters of a label for which every format has room."""

NAMES = 200
"""Groups of which one thing is said together."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A label, and beside it rows of cells that are aligned in columns."""

    label: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A head, at its right a place, and below it lines; of a group also its subject."""

    head: Cell
    place: str = ""
    lines: tuple[Lines, ...] = ()
    subject: str = ""


def plain(text: str, style: str = "") -> Cell:
    """Return words of one style."""
    return ((text, style),)


def sentence(text: str, style: str = "") -> Lines:
    """Return a line without a label."""
    return Lines("", ((plain(text, style),),))


# --- blocks -----------------------------------------------------------------------------------------------


def of_entry(entry: Entry, limit: int) -> Block:
    """Return a group, or several: its status, why, every field, and what can be typed; of people the first
    `limit`."""
    status = entry.status
    word = "" if status.bare else f"  {status.word}"
    aside = f", {entry.aside}" if entry.aside else ""
    head: Cell = (
        (f"{status.symbol} ", status.tone),
        (entry.name, "name"),
        (word, status.tone),
        (aside, "dim"),
    )
    lines = [sentence(note) for note in entry.notes]
    if entry.names:
        lines.insert(0, sentence(words.few(entry.names, NAMES)))
    commands = [each for each in entry.commands if not each.quiet]
    labels = (*(field.label for field in entry.fields), *(each.label for each in commands))
    width = max((SHORT, *map(len, labels)))
    for field, following in zip_longest(entry.fields, entry.fields[1:]):
        said_below = following is not None and following.problem == field.problem
        rows = tuple(_rows(field, entry.columns, limit, said_below=said_below))
        lines.append(Lines(_label(field.label, width, field.status), rows))
    lines += [Lines(_label(each.label, width), ((plain(each.words),),)) for each in commands]
    return Block(head, entry.place, tuple(lines), entry.subject)


def of_banner(banner: Banner) -> Block:
    """Return what nobody may overlook."""
    symbol = "✓" if banner.name and banner.level == "passed" else "!"
    return Block(
        ((f"{symbol} ", banner.tone), (banner.title, banner.tone)), "", tuple(map(sentence, banner.lines))
    )


def of_table(table: Table, limit: int) -> Block:
    """Return a table under its title, the first `limit` rows of it where it need not be whole."""
    shown = table.rows if table.whole else table.rows[:limit]
    rows = tuple(tuple(map(_of_cell, row)) for row in shown)
    if len(table.rows) > len(shown):
        rows += ((plain(words.and_more(len(table.rows) - len(shown))),),)
    status = table.status
    symbol: Cell = () if status is None else ((f"{status.symbol} ", status.tone),)
    return Block((*symbol, (table.title, "strong")), table.lead, (Lines("", rows),) if rows else ())


def _of_cell(cell: str | Word) -> Cell:
    if isinstance(cell, Word):
        return plain(cell.text, "dim" if cell.tone == "quiet" else cell.tone)
    return plain(cell)


def _label(label: str, width: int, status: Status | None = None) -> str:
    """Return a label as wide as those beside it."""
    return f"{label:<{width}}" if status is None else f"{status.symbol} {label:<{width}}"


def _rows(field: Field, columns: Sequence[Column], limit: int, *, said_below: bool) -> Iterator[Row]:
    """Yield what is said of a field, then its people, its values, the whole as it will be, and the problem,
    unless the next field has the same one. What was not done, or waits, neither goes nor comes."""
    if field.said:
        said: Cell = ((field.said, "" if field.status else field.tone),)
        if field.final:
            said = ((f"{field.said}: ", ""), (tr(words.CANNOT_BE_UNDONE), "bad"))
        since: Cell = ((f", {field.since}", "dim"),) if field.since else ()
        yield ((*said, *since),)
    undone = "dim" if field.waits else ""
    if field.status is not None and field.status.level != "passed":
        undone = field.status.tone
    for person in field.people[:limit]:
        style = undone or ("add" if person.sign == "+" else "remove")
        yield plain(f"{person.sign} {person.who}", style), plain(person.why, "dim")
    if len(field.people) > limit:
        yield (plain(words.and_more(len(field.people) - limit)),)
    values = _values(field.values, columns)
    yield from (tuple(_restyled(cell, undone) for cell in row) for row in values) if undone else values
    if field.after:
        yield (plain(tr("after: {after}", after=field.after), "dim"),)
    if field.problem is not None and not said_below:
        yield from _problem(field.problem)


def _restyled(cell: Cell, style: str) -> Cell:
    return tuple((text, style) for text, _ in cell)


def _problem(problem: Problem) -> Iterator[Row]:
    yield (plain(problem.message, "bad"),)
    if problem.hint:
        yield (plain(problem.hint, "dim"),)


def _values(values: Sequence[Value], columns: Sequence[Column]) -> Iterator[Row]:
    """Two values as one that becomes the other; more of them below each other, by their columns. Where there
    is no group, only what is wanted says anything."""
    if any(value.no_group for value in values):
        wanted = next((value for value in reversed(values) if not value.is_empty), None)
        if wanted is not None:
            yield (plain(words.of_value(wanted, VALUES), "add" if len(values) == 2 else ""),)
    elif len(values) == 2:
        yield (_becoming(*values),)
    else:
        for column, value in zip(columns, values, strict=False):
            yield plain(column.word, "dim"), plain(words.of_value(value, VALUES))


def _becoming(before: Value, after: Value) -> Cell:
    if before.picture is not None and (after.is_empty or (before.picture.sha256 and after.picture)):
        change = words.change_of_picture(before.picture, after.picture)
        return plain(change, "remove" if after.picture is None else "")
    return (
        (words.of_value(before, VALUES), "remove"),
        (" → ", ""),
        (words.of_value(after, VALUES), "add"),
    )


# --- differences ------------------------------------------------------------------------------------------


def difference(entry: Entry) -> tuple[str, ...]:
    """Return a group as lines of a difference: `- ` what is there, `+ ` what should be.

    Lines hold anybody's words as they are; each is one line once its format has escaped it.
    """
    return (*entry.notes, *(line for field in entry.fields for line in _difference(field, entry.columns)))


def _difference(field: Field, columns: Sequence[Column]) -> Iterator[str]:
    if field.status is not None and field.status.level != "passed":
        why = f": {words.of_problem(field.problem)}" if field.problem else ""
        yield tr("{field} {status}", field=field.label, status=field.status.word) + why
    if field.said:
        yield f"{'-' if field.final else ' '} {field.label}: {field.said}"
    for person in field.people:
        yield f"{person.sign} {field.label}: {person.who}" + (f" ({person.why})" if person.why else "")
    if field.people:
        return
    for sign in "-+":
        for column, value in zip(columns, field.values, strict=False):
            if column.sign == sign and not value.is_empty:
                yield f"{sign} {field.label}: {words.of_value(value, VALUES)}"
