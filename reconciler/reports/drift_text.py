"""A drift for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import drift_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.drift_shapes import DriftView


def render_drift(view: DriftView, *, color: bool, width: int = 100, limit: int = 20) -> str:
    """The verdict; group by group what is wanted, was last applied and is there, who moved, and the command
    that mends it; and one line of counts."""
    return draw(drift_layout.drift_items(view, limit), drift_layout.drift_summary(view), color, width)
