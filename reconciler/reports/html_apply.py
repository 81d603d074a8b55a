"""An apply as a page: what became of every change, what stopped the rest, what was not saved. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.thumbnail import Thumbnails
from reconciler.reports.html import facts_of, render
from reconciler.reports.html_changes import row_of
from reconciler.reports.html_page import Banner, Card, Entry, Listing, Mark, Page, Row, Section
from reconciler.reports.html_plan import MARKS as ACTIONS
from reconciler.reports.html_plan import joining, objection
from reconciler.reports.html_values import Album
from reconciler.reports.phrases import counted

if TYPE_CHECKING:
    from reconciler.model.outcome import OutcomeStatus
    from reconciler.reports.apply_shapes import ApplyView, GroupOutcomeView, OutcomeView
    from reconciler.reports.run import Run

COLUMNS = ("Before", "After")

MARKS: dict[OutcomeStatus, Mark] = {
    "failed": Mark("failed", "Failed", "bad"),
    "unknown": Mark("unknown", "Unknown", "bad"),
    "skipped": Mark("skipped", "Skipped", "warn"),
    "done": Mark("done", "Done", "good"),
}
_LEADS: dict[OutcomeStatus, str] = {
    "failed": "Something could not be done here.",
    "unknown": "Nobody knows yet whether everything took effect; the next run looks first.",
    "skipped": "Not everything was sent.",
    "done": "Done, and seen by reading the groups again.",
}
_STUCK = ("blocked", "missing", "unreadable", "held", "orphaned")


def render_apply(view: ApplyView, run: Run) -> str:
    """The page of an apply."""
    return render(apply_page(view, facts_of(run)))


def apply_page(view: ApplyView, facts: tuple[tuple[str, str], ...]) -> Page:
    """The page of an apply; `facts` are what there is to say about the run."""
    album = Album(Thumbnails())
    title, mark, sentence = _verdict(view)
    quiet = tuple((group.name, "") for group in view.groups if group.action == "none" and not group.outcomes)
    return Page(
        kind="Apply",
        verdict=title,
        mark=mark,
        sentences=(sentence,),
        banners=tuple(_banners(view)),
        facts=facts,
        cards=_cards(view, len(quiet)),
        sections=tuple(_sections(view, album)),
        tables=tuple(joining(view.groups)),
        listings=(Listing("Unchanged", quiet, ACTIONS["none"]),) if quiet and not view.ready_only else (),
        pictures=album.drawn,
    )


def _verdict(view: ApplyView) -> tuple[str, Mark, str]:
    count = view.summary
    worked = sum(bool(group.outcomes) for group in view.groups)
    sentence = f"Worked on {worked} of {counted(len(view.groups), 'group')}."
    for number, status in ((count.failed, "failed"), (count.unknown, "unknown"), (count.skipped, "skipped")):
        if number:
            mark = MARKS["failed" if status == "failed" else "unknown" if status == "unknown" else "skipped"]
            return f"{counted(number, 'change')} {status}, {count.done} done", mark, sentence
    if count.blocked or count.missing or not view.complete:
        return f"{counted(count.done, 'change')} done, not all groups", ACTIONS["blocked"], sentence
    if not count.done:
        return "Nobody to promote" if view.ready_only else "Nothing to do", ACTIONS["none"], sentence
    return f"{counted(count.done, 'change')} done", MARKS["done"], sentence


def _banners(view: ApplyView) -> Iterator[Banner]:
    if view.unsaved is not None:
        lines = [text for text in (view.unsaved.message, view.unsaved.hint) if text]
        if view.bind:
            lines.append("Once it can be written, bind what was created:")
            lines += [f"reconciler state bind {name} {id}" for name, id in view.bind]
        yield Banner("bad", "The state could not be saved", tuple(lines))
    if view.interrupted:
        text = "Calls in flight were finished. Run apply again: it does exactly the rest."
        yield Banner("warn", "Interrupted", (text,))
    if not view.complete:
        yield Banner("bad", "Incomplete: not everything could be read", view.notes)
    elif view.notes:
        yield Banner("warn", "About this run", view.notes)
    yield from map(objection, view.objections)


def _cards(view: ApplyView, unchanged: int) -> tuple[Card, ...]:
    """Changes by what became of them, then groups."""
    count = view.summary
    return (
        Card(MARKS["done"], count.done),
        Card(MARKS["failed"], count.failed),
        Card(MARKS["unknown"], count.unknown),
        Card(MARKS["skipped"], count.skipped),
        Card(ACTIONS["blocked"], count.blocked, part=False),
        Card(ACTIONS["missing"], count.missing, part=False),
        Card(ACTIONS["held"], count.held, part=False),
        Card(ACTIONS["none"], unchanged, part=False),
    )


def _sections(view: ApplyView, album: Album) -> Iterator[Section]:
    for status, mark in MARKS.items():
        groups = [group for group in view.groups if group.outcomes and _worst(group) == status]
        if groups:
            yield Section(mark, _LEADS[status], tuple(_entry(group, mark, album) for group in groups))
    for action in _STUCK:
        groups = [group for group in view.groups if group.action == action and not group.outcomes]
        if groups:
            mark = next(mark for mark in ACTIONS.values() if mark.key == action)
            yield Section(mark, "", tuple(_entry(group, mark, album) for group in groups))


def _worst(group: GroupOutcomeView) -> OutcomeStatus:
    found = {outcome.status for outcome in group.outcomes}
    return next(status for status in MARKS if status in found)


def _entry(group: GroupOutcomeView, mark: Mark, album: Album) -> Entry:
    return Entry(
        name=group.name,
        id=group.id or "",
        place="",
        mark=mark,
        columns=COLUMNS,
        rows=tuple(_row(group.name, outcome, album) for outcome in group.outcomes),
        notes=group.notes,
    )


def _row(name: str, outcome: OutcomeView, album: Album) -> Row:
    problem = outcome.problem
    said = "" if problem is None else " ".join(filter(None, (f"{problem.message}.", problem.hint)))
    mark = MARKS[outcome.status]
    row = row_of(name, outcome.change, album, created=False)
    return replace(row, cause=mark.word.lower(), tone=mark.tone, problem=said)
