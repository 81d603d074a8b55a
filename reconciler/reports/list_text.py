"""A listing for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import list_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.list_shapes import ListView


def render_list(view: ListView, *, color: bool, width: int = 100) -> str:
    """A line a group, who could make the account an admin where it is none, and one line of counts."""
    return draw(list_layout.list_items(view), list_layout.list_summary(view), color, width)
