"""Markdown for comments in pull requests, step summaries and issues, never more than a comment takes.

The first line is a hidden marker, by which the next run finds its comment and replaces it. What matters most
comes first, and what does not fit is cut by whole groups and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from reconciler.language import msg, tr, tr_n
from reconciler.model.record import short_commit
from reconciler.report import blocks, grouping
from reconciler.report.blocks import Block, Cell, Lines, Row
from reconciler.report.markdown_text import code, fence, folded, length, link, marker, names, prose
from reconciler.report.model import Banner, Entry, Report, Status
from reconciler.report.section import closing, ending, is_plain
from reconciler.report.words import VERBS

if TYPE_CHECKING:
    from reconciler.errors import Complaint
    from reconciler.report.section import Look, Run, Section

BUDGET = 60_000
"""Characters of a page. GitHub takes 65,536 of a comment."""

NAMES = 15  # groups in a list of names
COMPLAINTS = 1000
FEW_OPEN = 10  # groups of a section that is unfolded from the start

_AROUND = 600  # characters for what stands around several reports in one, and around each of them
_SIGNS = {"good": "+", "add": "+", "remove": "-", "bad": "!", "change": "!", "warn": "!"}
_WIDEST = 400  # characters of a line in a block; lists of people are cut before
_LONGEST = 1000  # characters of a sentence
_EVERYTHING = msg("The job's own output says everything.")
_ROOM = 250  # characters for the words around a part, and what was cut of it


def render(sections: Sequence[Section], look: Look) -> str:
    """Return the page of one run; of several accounts one with a verdict on all, and then each."""
    if is_plain(sections):
        made = _page(sections[0], BUDGET - length(_marked(sections[0], Made("", BUDGET, cut=True))) - 1, look)
        return f"{_marked(sections[0], made)}\n{made.text}\n"
    room = max(_AROUND, (BUDGET - _AROUND) // max(1, len(sections)) - _AROUND)
    pages = [(section, _page(section, room, look)) for section in sections]
    bodies = [f"# {code(section.account)}\n\n{made.text}" for section, made in pages]
    verb = next((section.run.verb for section in sections if section.run), None)
    title = msg("Run") if verb is None else VERBS[verb]
    top = f"## {tr('{verb} of {accounts}', verb=title, accounts=prose(closing(sections)))}"
    left_out = _fit(bodies, [section.account for section in sections], BUDGET - length(top) - _AROUND // 3)
    facts: dict[str, Any] = {"kind": verb or "run", "digest": ""}
    facts["truncated"] = left_out or any(made.cut for _, made in pages)
    quiet = [section.report.quiet if section.report else None for section in sections]
    if any(each is not None for each in quiet):
        facts["quiet"] = all(quiet)
    return f"{marker(facts)}\n" + "\n\n".join((top, *bodies)) + "\n"


def _fit(bodies: list[str], accounts: Sequence[str], room: int) -> bool:
    """Leave out what does not fit, from the last account on; returns whether there was any."""
    room -= sum(length(body) + 2 for body in bodies)
    left_out = room < 0
    for index in reversed(range(len(bodies))):
        if room < 0:
            where = tr("The job's output has it.")
            short = f"# {code(accounts[index])}\n\n**{tr('It did not fit here.')}** {where}"
            room += length(bodies[index]) - length(short)
            bodies[index] = short
    return left_out


# --- one run ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Made:
    """A page without its marker, of how many groups it does not say everything, and whether anything at all
    is left out."""

    text: str
    groups: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A heading with words below it, and blocks that are shown in full as long as there is room: (Markdown,
    how many things it is about)."""

    words: tuple[str, ...]
    blocks: tuple[tuple[str, int], ...]
    what: str
    of_complaints: bool = False


def _marked(section: Section, made: Made) -> str:
    """The hidden first line: kind, digest, whether something is left out, for an issue `quiet`."""
    report, run = section.report, section.run
    facts: dict[str, Any] = {"kind": run.what if run else "", "digest": report.digest[:128] if report else ""}
    facts["truncated"] = made.cut
    if made.groups:
        facts["cut"] = made.groups
    if report is not None and report.quiet is not None:
        facts["quiet"] = report.quiet
    return marker(facts)


def _page(section: Section, budget: int, look: Look) -> Made:
    """One run's page, of `budget` characters at most."""
    report, run = section.report, section.run
    if report is None or run is None:
        return Made(prose(ending(section).strip()))
    about = f" ({code(run.section)})" if run.section and not section.account else ""
    title = report.title or f"{report.summary}"
    top = [f"## {tr(VERBS[report.verb])}{about}: {prose(title)}"]
    if report.verdict_first and report.quiet is not False:
        top.append(prose(f"{report.verdict}."))
    if report.title:
        top.append(prose(" ".join(report.sentences)))
    top += [_banner(banner) for banner in report.banners if banner.title]
    tables = (_block(blocks.of_table(table, look.limit)) for table in grouping.tables(report))
    bottom = [*tables, _footer(run)]
    return _bounded(top, list(_parts(report, look.limit)), bottom, budget)


def _banner(banner: Banner) -> str:
    """Return a banner as a quotation."""
    head = f"> **{prose(banner.title[:_LONGEST])}**"
    if not banner.lines:
        return head
    return "\n".join((head, ">", *(f"> - {prose(line[:_LONGEST])}" for line in banner.lines)))


def _parts(report: Report, limit: int) -> Iterator[_Part]:
    """The complaints, then the groups under their headings, what is not well first."""
    if report.complaints:
        yield _complaints(report.complaints)
    parts = grouping.in_parts(each for each in report.entries if not each.is_quiet)
    levels = ("error", "failure", "skipped", "passed")
    told = [count.status.key for count in report.counts]

    def rank(entry: Entry) -> tuple[int, int]:
        key = entry.status.key
        return levels.index(entry.outcome.level), told.index(key) if key in told else len(told)

    for part, found in parts:
        entries = sorted(found, key=rank)
        shown = [(_block(blocks.of_entry(each, limit)), each) for each in grouping.grouped(entries)]
        heading = (f"### {tr('Other groups')}",) if part is None and len(parts) > 1 else _heading(part)
        yield _Part(
            (*heading, _listed(entries)),
            tuple((text, max(1, len(each.names))) for text, each in shown),
            tr_n("{n} group, one by one", "{n} groups, one by one", len(entries)),
        )


def _heading(part: Status | None) -> tuple[str, ...]:
    if part is None:
        return ()
    lead = f"{part.lead[:1].upper()}{part.lead[1:]}"
    return (f"### {prose(part.word)}", *([prose(lead)] if lead else []))


def _listed(entries: Sequence[Entry]) -> str:
    """Names by status."""
    found: dict[Status, list[str]] = {}
    for entry in entries:
        found.setdefault(entry.status, []).append(entry.name)
    return "\n".join(
        f"- {code(status.symbol)} **{prose(status.word)}** ({len(each)}): {names(each, NAMES)}"
        for status, each in found.items()
    )


def _complaints(complaints: Iterable[Complaint]) -> _Part:
    found = sorted(complaints, key=lambda complaint: (complaint.warning, complaint))
    shown = tuple((_complaint(complaint), 1) for complaint in found[:COMPLAINTS])
    what = tr_n("{n} complaint", "{n} complaints", len(found))
    return _Part((), shown, what, of_complaints=True)


def _complaint(complaint: Complaint) -> str:
    severity = tr("warning") if complaint.warning else tr("error")
    told = [severity, f"**{prose(f'{complaint.location}')}**", prose(complaint.message)]
    return " ".join((*told, f"({prose(complaint.hint)})" if complaint.hint else "")).rstrip()


def _footer(run: Run) -> str:
    """Return the line about the run: version, account, commit, API."""
    facts = [f"reconciler {run.version}"]
    facts += [tr("account {account}", account=run.section)] if run.section else []
    facts += [tr("commit {commit}", commit=short_commit(run.commit, 12))] if run.commit else []
    facts += [tr("API {api}", api=run.api)] if run.api else []
    links = (link(tr("this run"), run.link), link(tr("the whole page"), run.artifacts))
    return " · ".join((*map(code, facts), *filter(None, links)))


# --- room -------------------------------------------------------------------------------------------------


def _bounded(top: Iterable[str], parts: Sequence[_Part], bottom: Iterable[str], budget: int) -> Made:
    """Pieces of Markdown in this order, together `budget` characters at most.

    `top`, `bottom` and the words of parts go before all, being short (what is longer than half the page, or a
    quarter, is left out all the same); of the parts' blocks, earlier parts first, as many as fit.
    """
    head, all_of_head = _fitting(top, budget // 2)
    tail, all_of_tail = _fitting(bottom, budget // 4)
    frames = [[text for text in part.words if text] for part in parts]
    fixed = sum(length(text) + 2 for text in (*head, *tail, *(each for frame in frames for each in frame)))
    room = budget - fixed - _ROOM * len(parts)
    pieces = list(head)
    lost = 0
    for part, frame in zip(parts, frames, strict=True):
        pieces += frame
        shown: list[str] = []
        missing = 0
        for text, number in part.blocks:
            if length(text) + 2 <= room and not missing:
                shown.append(text)
                room -= length(text) + 2
            else:
                missing += number
        if shown:
            pieces.append(folded(part.what, "\n\n".join(shown), opened=len(part.blocks) <= FEW_OPEN))
        if missing:
            more = (
                tr_n("{n} complaint more did not fit here.", "{n} complaints more did not fit here.", missing)
                if part.of_complaints
                else tr_n("{n} group more did not fit here.", "{n} groups more did not fit here.", missing)
            )
            pieces.append(f"**{more}** {tr(_EVERYTHING)}")
        lost += missing
    return Made("\n\n".join((*pieces, *tail)), lost, bool(lost) or not all_of_head or not all_of_tail)


def _fitting(texts: Iterable[str], room: int) -> tuple[list[str], bool]:
    """The pieces that fit into `room` characters, and whether that is all of them."""
    shown, left_out = [], 0
    for text in filter(None, texts):
        if length(text) + 2 <= room:
            room -= length(text) + 2
            shown.append(text)
        else:
            left_out += 1
    if left_out:
        shown.append(f"**{tr('Something more did not fit here.')}** {tr(_EVERYTHING)}")
    return shown, not left_out


# --- drawing ----------------------------------------------------------------------------------------------


def _block(block: Block) -> str:
    """A line of what a block is about, what is noted of it, and its rows as a difference."""
    words = []
    for text, style in block.head:
        if style in ("name", "strong"):
            words.append(f"**{code(text) if style == 'name' else prose(text)}**")
            words += [code(f'"{block.subject}"')] if style == "name" and block.subject else []
        elif text.startswith(", ") and words:
            words[-1] += ","
            words.append(prose(text[2:]))
        elif text.strip():
            words.append(prose(text.strip(" ,")))
    is_group = any(style == "name" for _, style in block.head)
    place = code(block.place) if is_group else prose(block.place)
    line = " ".join(words) + (f" · {place}" if block.place else "")
    said = list(takewhile(_is_sentence, block.lines)) if is_group else []
    notes = [f"- {prose(_joined(row))}" for lines in said for row in lines.rows]
    rows = [row for lines in block.lines[len(said) :] for row in _lines(lines)]
    return "\n\n".join(filter(None, (line, "\n".join(notes), fence(rows, "diff") if rows else "")))


def _is_sentence(lines: Lines) -> bool:
    """Whether this is a note, which stands above the difference: a block of code breaks no line."""
    return not lines.label and all(len(row) == 1 for row in lines.rows)


def _lines(lines: Lines) -> Iterable[str]:
    """A label's rows as lines of a difference: the label where it begins and where something goes or comes,
    cells in columns."""
    columns: list[int] = []
    for row in lines.rows:
        for index, cell in enumerate(row[:-1]):
            columns += [0] * (index + 1 - len(columns))
            columns[index] = max(columns[index], _width(cell))
    first = True
    for row in lines.rows:
        for sign, words in _signed(row, columns):
            label = lines.label if first or sign in "+-" else " " * len(lines.label)
            if lines.label:
                yield _clipped(f"{sign} {label:<8}  {words}").rstrip() or " "
            else:
                yield from (f"{sign} {line}".rstrip() or " " for line in _wrapped(words))
            first = False


def _signed(row: Row, columns: Sequence[int] = ()) -> Iterable[tuple[str, str]]:
    """A row as signed lines, in columns; what was and what will be stand one below the other."""
    styles = [style for cell in row for _, style in cell]
    if "remove" in styles and "add" in styles:
        yield "-", _joined(tuple(_without(cell, "add") for cell in row))
        yield "+", _joined(tuple(_without(cell, "remove") for cell in row))
        return
    sign = next((_SIGNS[style] for style in styles if style in _SIGNS), " ")
    padded = [
        (*cell, (" " * (width - _width(cell)), "")) for cell, width in zip(row[:-1], columns, strict=False)
    ]
    words = _joined((*padded, *row[len(padded) :]))
    yield sign, words[2:] if words.startswith(f"{sign} ") else words


def _width(cell: Cell) -> int:
    return sum(len(text) for text, _ in cell)


def _without(cell: Cell, other: str) -> Cell:
    return tuple((text, style) for text, style in cell if style != other and text != " → ")


def _joined(row: Row) -> str:
    return "  ".join(filter(None, ("".join(text for text, _ in cell) for cell in row)))


def _wrapped(text: str) -> list[str]:
    """A sentence, or a list of names, as lines that are no longer than one may be."""
    if len(text) <= _WIDEST:
        return [text]
    return wrap(text, _WIDEST, expand_tabs=False, replace_whitespace=False, break_on_hyphens=False)


def _clipped(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
