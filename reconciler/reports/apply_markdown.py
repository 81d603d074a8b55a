"""What an apply did in Markdown: what failed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import apply_layout, phrases
from reconciler.reports.layout import awaited
from reconciler.reports.markdown import PEOPLE, about_whom, bounded, listed, title_of
from reconciler.reports.markdown_page import BUDGET, Section

if TYPE_CHECKING:
    from reconciler.reports.apply_shapes import ApplyView
    from reconciler.reports.run import Run


def render_apply(view: ApplyView, run: Run, *, budget: int = BUDGET) -> str:
    """What became of each change: what failed first."""
    groups = apply_layout.apply_items(view, PEOPLE)
    joining = phrases.joining(awaited(view.groups), PEOPLE)
    worked = [item for item in groups if item.names]
    others = [item for item in groups if not item.names and item not in joining]
    good = {
        group.name
        for group in view.groups
        if group.outcomes and all(each.status == "done" for each in group.outcomes)
    }
    top = [
        f"## {about_whom('Apply', run)}: {title_of(apply_layout.apply_summary(view))}",
        *(listed([item]) for item in others),
    ]
    bad = tuple(item for item in worked if not good.issuperset(item.names))
    done = tuple(item for item in worked if good.issuperset(item.names))
    sections = [Section("", (), bad, "What was not done"), Section("", (), done, "What was done")]
    return bounded(top, sections, run, budget, bottom=listed(joining))
