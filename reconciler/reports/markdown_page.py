"""A Markdown page that keeps a budget: sections of groups, cut by whole groups where they do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.report.markdown_text import code, fence, folded, length, prose
from reconciler.reports.phrases import Cell, Field, Item, Row, counted

BUDGET = 60_000
"""Characters of a page. GitHub takes 65,536 of a comment."""

FEW_OPEN = 10  # groups of a section that is unfolded from the start

_SIGNS = {"add": "+", "remove": "-", "bad": "!", "change": "!", "warn": "!"}
_WIDEST = 400  # characters of a line in a block; lists of people are cut before
_ROOM = 250  # characters for the words around a section, and what was cut of it


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (Markdown), words below it, and items that are shown in full as long as there is room."""

    heading: str
    intro: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    what: str = "group by group"
    one: str = "group"


@dataclass(frozen=True, slots=True)
class Page:
    """A page's text without its marker, of how many groups it does not say everything, and whether anything
    at all is left out."""

    text: str
    cut: int = 0
    truncated: bool = False


def page(top: Iterable[str], sections: Sequence[Section], bottom: Iterable[str], budget: int) -> Page:
    """Blocks of Markdown in this order, together `budget` characters at most.

    `top` and `bottom` and the introductions go before all, being short (what is longer than half the page, or
    a quarter, is left out all the same); of the sections' items, earlier sections first, as many as fit.
    Items about many groups go before those about one.
    """
    head, all_of_head = _fitting(top, budget // 2)
    tail, all_of_tail = _fitting(bottom, budget // 4)
    frames = [[block for block in (section.heading, *section.intro) if block] for section in sections]
    fixed = sum(length(block) + 2 for block in (*head, *tail, *(each for frame in frames for each in frame)))
    room = budget - fixed - _ROOM * len(sections)
    blocks = list(head)
    lost: set[str] = set()
    for section, frame in zip(sections, frames, strict=True):
        blocks += frame
        shown: list[str] = []
        missing: set[str] = set()
        for item in sorted(section.items, key=lambda item: len(item.names) < 2):
            text = item_block(item)
            if length(text) + 2 <= room and not missing:
                shown.append(text)
                room -= length(text) + 2
            else:
                missing |= set(item.names)
        if shown:
            blocks.append(folded(section.what, "\n\n".join(shown), opened=len(section.items) <= FEW_OPEN))
        if missing:
            blocks.append(
                f"**{counted(len(missing), section.one)} more did not fit here.** "
                "The job's own output says everything."
            )
        lost |= missing
    truncated = bool(lost) or not all_of_head or not all_of_tail
    return Page("\n\n".join((*blocks, *tail)), len(lost), truncated)


def _fitting(blocks: Iterable[str], room: int) -> tuple[list[str], bool]:
    """The blocks that fit into `room` characters, and whether that is all of them."""
    shown, left_out = [], 0
    for block in filter(None, blocks):
        if length(block) + 2 <= room:
            room -= length(block) + 2
            shown.append(block)
        else:
            left_out += 1
    if left_out:
        shown.append("**Something more did not fit here.** The job's own output says everything.")
    return shown, not left_out


def item_block(item: Item) -> str:
    """One item: a line of what it is about, and a block of its fields."""
    line = head_line(item)
    rows = [line for field in item.fields for line in _field(field)]
    return f"{line}\n\n{fence(rows, 'diff')}" if rows else line


def head_line(item: Item) -> str:
    """What an item is about, and where that is declared."""
    words = []
    for text, style in item.head:
        if style == "strong":
            words.append(f"**{code(text) if item.names else prose(text)}**")
        elif text.strip():
            words.append(prose(text.strip(" ,")))
    return " ".join(words) + (f" · {code(item.place)}" if item.place else "")


def sentences(item: Item) -> str:
    """An item whose fields are sentences, as a list under its head."""
    rows = [_joined(row) for field in item.fields for row in field.lines]
    labels = [field.label for field in item.fields for _ in field.lines]
    below = "".join(
        f"\n  - {f'{label}: {code(_clipped(text))}' if label else prose(_clipped(text)) or code('')}"
        for label, text in zip(labels, rows, strict=True)
    )
    return f"- {head_line(item)}{below}"


def _field(field: Field) -> Iterable[str]:
    """A field as lines of a diff: its label where it begins and where something goes or comes, its cells in
    columns."""
    columns: list[int] = []
    for row in field.rows:
        for index, cell in enumerate(row[:-1]):
            columns += [0] * (index + 1 - len(columns))
            columns[index] = max(columns[index], _width(cell))
    first = True
    for row in field.lines:
        for sign, words in _lines(row, columns):
            label = field.label if first or sign in "+-" else ""
            text = f"{sign} {label:<9} {words}" if field.label else f"{sign} {words}"
            yield _clipped(text).rstrip() or " "
            first = False


def _lines(row: Row, columns: Sequence[int] = ()) -> Iterable[tuple[str, str]]:
    """A row as signed lines, in columns; what was and what will be stand one below the other."""
    styles = [style for cell in row for _, style in cell]
    if "remove" in styles and "add" in styles:
        yield "-", _joined(tuple(_only(cell, "add") for cell in row))
        yield "+", _joined(tuple(_only(cell, "remove") for cell in row))
        return
    sign = next((_SIGNS[style] for style in styles if style in _SIGNS), " ")
    padded = [
        (*cell, (" " * (width - _width(cell)), "")) for cell, width in zip(row[:-1], columns, strict=False)
    ]
    words = _joined((*padded, *row[len(padded) :]))
    yield sign, words[2:] if words.startswith(f"{sign} ") else words


def _width(cell: Cell) -> int:
    return sum(len(text) for text, _ in cell)


def _only(cell: Cell, other: str) -> Cell:
    return tuple((text, style) for text, style in cell if style != other and text != " → ")


def _joined(row: Row) -> str:
    return "  ".join(filter(None, ("".join(text for text, _ in cell) for cell in row)))


def _clipped(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
