"""Names for groups and people that are found rather than declared: from their subjects, and each only once.

The home of anyascii, which spells other scripts in Latin letters.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from reconciler.model import number
from reconciler.model.group import is_name

_LONGEST = 48  # of the 64 that a name may have, so that a number still fits behind it


def name_from(subject: str, taken: Collection[str], otherwise: str = "group") -> str:
    """Return a name for a group: its subject in a-z, 0-9 and hyphens, with a number where that is `taken`.

    Names are shown in every output, so of a phone number in a subject only the end gets into one.
    """
    from anyascii import anyascii

    words = re.sub(r"[^a-z0-9]+", "-", anyascii(number.mask_text(subject)).lower())
    base = words[:_LONGEST].strip("-") or otherwise
    return unique(base if is_name(base) else otherwise, taken)


def alias_for(digits: str, taken: Collection[str]) -> str:
    """Return an alias for a number that nobody has named yet: its last four digits, as in a masked number."""
    return unique(f"contact-{digits[-4:]}", taken)


def unique(base: str, taken: Collection[str]) -> str:
    """Return the name, or the first of `-2`, `-3`, … that is not taken."""
    if base not in taken:
        return base
    count = 2
    while f"{base}-{count}" in taken:
        count += 1
    return f"{base}-{count}"
