"""How subjects are compared: after NFC and trimming (design, "What becomes a change")."""

from __future__ import annotations

import unicodedata


def normal(subject: str) -> str:
    """The subject as it is compared and sent."""
    return unicodedata.normalize("NFC", subject).strip()
