"""What is sent and was sent, and links that were revoked, for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.reports import sending_layout
from reconciler.reports.text import draw

if TYPE_CHECKING:
    from reconciler.reports.sending_shapes import GroupMessageView, LettersView, RotationsView, SendingView


def render_letters(view: LettersView, *, color: bool, width: int = 100) -> str:
    """What is about to be sent to whom, and one line that counts it."""
    return draw(sending_layout.letters_items(view), sending_layout.letters_summary(view), color, width)


def render_sending(view: SendingView, *, color: bool, width: int = 100) -> str:
    """Who may have got nothing and what to do, who was left out and why, and one line that sums it up."""
    return draw(sending_layout.sending_items(view), sending_layout.sending_summary(view), color, width)


def render_rotations(view: RotationsView, *, color: bool, width: int = 100) -> str:
    """What became of each link, and who is due for the new one."""
    return draw(sending_layout.rotation_items(view), sending_layout.rotation_summary(view), color, width)


def render_message(view: GroupMessageView, *, color: bool, width: int = 100) -> str:
    """Whether a message to a group was sent."""
    return draw(sending_layout.message_items(view), sending_layout.message_summary(view), color, width)
