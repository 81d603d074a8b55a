"""What an invite link looks like."""

from __future__ import annotations

import hashlib
import re

_LINK = re.compile(r"https://chat\.whatsapp\.com/[A-Za-z0-9_-]+")


def is_link(text: object) -> bool:
    """Whether this is an invite link, which is all that may ever be shown or sent as one."""
    return isinstance(text, str) and _LINK.fullmatch(text) is not None


def sandbox_page(link: str, pages: str) -> str:
    """Return the page that stands for a link of the sandbox. `pages` is the address of its pages; without one
    it is the path alone."""
    return f"{pages}/join/{link.rpartition('/')[2]}"


def digest(link: str) -> str:
    """By what state tells two links apart: the code in a link lets people in, so no link is ever kept."""
    return hashlib.sha256(link.encode()).hexdigest()[:32]
