"""Markdown for comments in pull requests, step summaries and issues: what all pages have in common, and those
on files and failures. A verb's page is in `<verb>_markdown`; none is ever more than a comment takes.

The first line is a hidden marker, by which the next run finds its comment and replaces it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.model.record import short_commit
from reconciler.report.markdown_text import code, marker, prose
from reconciler.reports.markdown_page import BUDGET, Page, item_block
from reconciler.reports.phrases import Cell, Item

if TYPE_CHECKING:
    from reconciler.report.section import Run

PEOPLE = 20  # of one kind of change in one group
_AROUND = 600  # characters for what stands around several reports in one, and around each of them


def budget(run: Run) -> int:
    """Characters for a run's report: all that a comment takes, or its share of that."""
    return BUDGET if run.share == 1 else max(_AROUND, (BUDGET - _AROUND) // run.share - _AROUND)


def about_whom(verb: str, run: Run) -> str:
    """The verb, and the account where the page is about one of several."""
    return f"{verb} ({code(run.section)})" if run.section and run.share == 1 else verb


def title_of(summary: Cell, *, first: bool = False) -> str:
    """A summary as words of a heading: all of it, or its first words."""
    return " ".join(prose(text.strip()) for text, _ in summary[: 1 if first else None] if text.strip())


def texts(item: Item) -> list[str]:
    """A head and sentences, as they would be printed."""
    rows = [row for field in item.fields for row in field.lines]
    lines = ["".join(text for text, _ in item.head)]
    return lines + ["".join(text for text, _ in cell) for row in rows for cell in row]


def listed(items: Sequence[Item]) -> str:
    """Items that are about the whole run, each as a block."""
    return "\n\n".join(item_block(item) for item in items)


def footer(run: Run) -> str:
    """What made the page: version, account, commit, API."""
    facts = [f"reconciler {run.version}"]
    facts += [f"account {run.section}"] if run.section else []
    facts += [f"commit {short_commit(run.commit, 12)}"] if run.commit else []
    facts += [f"API {run.api}"] if run.api else []
    return " · ".join(map(code, facts))


def marked(run: Run, digest: str, made: Page, quiet: bool | None = None) -> str:
    """The hidden first line: kind, digest, whether something is left out, for an issue `quiet`."""
    facts: dict[str, object] = {"kind": run.what, "digest": digest[:128], "truncated": made.truncated}
    facts |= {"cut": made.cut} if made.cut else {}
    return marker(facts | ({} if quiet is None else {"quiet": quiet}))


def whole(made: Page, run: Run, digest: str, quiet: bool | None = None) -> str:
    """A page with its marker."""
    return f"{marked(run, digest, made, quiet)}\n{made.text}\n"
