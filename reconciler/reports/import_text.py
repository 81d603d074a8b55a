"""An import for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import import_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.import_shapes import ImportView


def render_import(view: ImportView, *, color: bool, width: int = 100) -> str:
    """What was written, what was left out of it and why, what went wrong, and one line that sums it up."""
    return draw(import_layout.import_items(view), import_layout.import_summary(view), color, width)
