"""A drift in Markdown: the verdict, and group by group what is wanted, was last applied and is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import drift_layout
from reconciler.reports.markdown import PEOPLE, about_whom, bounded, listed, texts, title_of
from reconciler.reports.markdown_page import BUDGET, Section
from reconciler.reports.markdown_text import prose

if TYPE_CHECKING:
    from reconciler.reports.drift_shapes import DriftView
    from reconciler.reports.run import Run


def render_drift(view: DriftView, run: Run, *, budget: int = BUDGET) -> str:
    """The verdict, and group by group what is wanted, was last applied and is there."""
    verdict, *items = drift_layout.drift_items(view, PEOPLE)
    summary = title_of(drift_layout.drift_summary(view))
    # The title has these counts already; the other verdicts say more.
    verdicts = [text for text in texts(verdict) if not text.startswith("Drift: ")]
    top = [f"## {about_whom('Drift', run)}: {summary}", *(prose(text) for text in verdicts)]
    notes = [item for item in items if not item.names]
    section = Section("", (), tuple(item for item in items if item.names), "Group by group")
    count = view.summary
    quiet = view.complete and not (count.drifted or count.missing or count.blocked)
    return bounded([*top, *(listed([item]) for item in notes)], [section], run, budget, quiet=quiet)
