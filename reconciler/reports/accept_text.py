"""An acceptance for people at a terminal: before the question, and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import accept_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.accept_shapes import AcceptView


def render_acceptance(view: AcceptView, *, color: bool, width: int = 100) -> str:
    """The files as they would change, for whoever is asked."""
    return draw(accept_layout.file_items(view), accept_layout.files_summary(view), color, width)


def render_accept(view: AcceptView, *, color: bool, width: int = 100) -> str:
    """What became of each group, and one line of counts."""
    return draw(accept_layout.accept_items(view), accept_layout.accept_summary(view), color, width)
