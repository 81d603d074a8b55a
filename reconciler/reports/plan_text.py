"""A plan for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import plan_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.plan_shapes import PlanView


def render_plan(
    view: PlanView, *, color: bool, width: int = 100, limit: int = 20, joining: bool = True
) -> str:
    """The plan: what would change and what the groups would look like, what stands in the way, who has yet to
    join, and one line that sums it up. Lists of people end after `limit`; `width` is in columns; without
    `joining` who has yet to join is left out, for whom the outcome will tell."""
    return draw(plan_layout.plan_items(view, limit, joining), plan_layout.plan_summary(view), color, width)
