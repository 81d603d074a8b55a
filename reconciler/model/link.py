"""What an invite link looks like."""

from __future__ import annotations

import re

_LINK = re.compile(r"https://chat\.whatsapp\.com/[A-Za-z0-9_-]+")


def is_link(text: object) -> bool:
    """Whether this is an invite link, which is all that may ever be shown or sent as one."""
    return isinstance(text, str) and _LINK.fullmatch(text) is not None
