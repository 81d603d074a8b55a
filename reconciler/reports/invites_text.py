"""Invitations for people at a terminal: links and numbers in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import invites_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.invites_shapes import InvitesView


def render_invites(view: InvitesView, *, color: bool, width: int = 100, qr: bool = False) -> str:
    """Group by group the link (with `qr` as a QR code too) and the people, in full; then the groups that have
    no link, and why."""
    return draw(invites_layout.invites_items(view, qr=qr), invites_layout.invites_summary(view), color, width)
