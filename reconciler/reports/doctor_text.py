"""An examination for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import doctor_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.doctor_shapes import DoctorView


def render_doctor(view: DoctorView, *, color: bool, width: int = 100) -> str:
    """What was looked at and found, how to mend it, and one line of counts."""
    return draw(doctor_layout.doctor_items(view), doctor_layout.doctor_summary(view), color, width)
