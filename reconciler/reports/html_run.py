"""A run that read no group as a page: what is wrong with the files, or why the run ended. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.reports.html import facts_of, render
from reconciler.reports.html_page import Banner, Card, Mark, Page, Table
from reconciler.reports.phrases import counted

if TYPE_CHECKING:
    from reconciler.errors import Complaint
    from reconciler.reports.run import Run
    from reconciler.reports.validate_shapes import FailureView, ValidationView

_MISTAKES = Mark("failed", "Mistakes", "bad")
_WARNINGS = Mark("drifted", "Warnings", "warn")
_GROUPS = Mark("done", "Groups", "good")


def render_validation(view: ValidationView, run: Run) -> str:
    """The page of a validation."""
    return render(validation_page(view, facts_of(run)))


def render_failure(view: FailureView, run: Run) -> str:
    """The page of a run that ended with an error, so that nobody takes an earlier page for the present."""
    return render(failure_page(view, facts_of(run), run.verb.capitalize()))


def validation_page(view: ValidationView, facts: tuple[tuple[str, str], ...]) -> Page:
    """The page of a validation."""
    mistakes = sum(not each.warning for each in view.complaints)
    warnings = len(view.complaints) - mistakes
    files = len({each.mark.file for each in view.complaints if not each.warning})
    if mistakes:
        title, mark = f"{counted(mistakes, 'mistake')} in {counted(files, 'file')}", _MISTAKES
    else:
        title, mark = "The files are as they should be", _WARNINGS if warnings else _GROUPS
    groups = () if view.groups is None else (f"{counted(view.groups, 'group')} declared.",)
    cards = [Card(_MISTAKES, mistakes), Card(_WARNINGS, warnings)]
    if view.groups is not None:
        cards.append(Card(_GROUPS, view.groups))
    return _page("Validation", title, mark, groups, (), facts, tuple(cards), view.complaints)


def failure_page(view: FailureView, facts: tuple[tuple[str, str], ...], kind: str) -> Page:
    """The page of a run that ended before there was anything to report."""
    lines = tuple(filter(None, (view.message, view.hint)))
    banners = (Banner("bad", "Nothing is known of the groups", lines),)
    mark = Mark("failed", "Failed", "bad")
    return _page(kind, "The run ended with an error", mark, (), banners, facts, (), view.complaints)


def _page(
    kind: str,
    title: str,
    mark: Mark,
    sentences: tuple[str, ...],
    banners: tuple[Banner, ...],
    facts: tuple[tuple[str, str], ...],
    cards: tuple[Card, ...],
    complaints: tuple[Complaint, ...],
) -> Page:
    return Page(
        kind=kind,
        verdict=title,
        mark=mark,
        sentences=sentences,
        banners=banners,
        facts=facts,
        cards=cards,
        sections=(),
        tables=tuple(_complaints(complaints)),
        listings=(),
        pictures={},
    )


def _complaints(found: tuple[Complaint, ...]) -> Iterator[Table]:
    """Mistakes first, then by place."""
    if not found:
        return
    ordered = sorted(found, key=lambda each: (each.warning, each.mark.file, each.mark.line, each.mark.column))
    rows = tuple(
        (f"{each.mark}", "warning" if each.warning else "mistake", each.message, each.hint)
        for each in ordered
    )
    yield Table("complaints", "In the files", "", ("Where", "What", "It says", "To mend it"), rows)
