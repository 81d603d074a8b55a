"""What an apply did, for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import apply_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.apply_shapes import ApplyView


def render_apply(view: ApplyView, *, color: bool, width: int = 100, limit: int = 20) -> str:
    """What became of each change, what stands in the way, and one line that sums it up."""
    return draw(apply_layout.apply_items(view, limit), apply_layout.apply_summary(view), color, width)
