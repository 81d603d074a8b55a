"""Numbers as people type them into a file: read, refused, or read with a doubt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.manifests.words import quote
from reconciler.model import number

if TYPE_CHECKING:
    from reconciler.errors import Mark
    from reconciler.manifests.collect import Complaints

_LIKE_A_NUMBER = re.compile(r"[+(]?[0-9][0-9 ()+\-.]*")
# A Brazilian number has 12 or 13 digits with its country code, and 10 or 11 without it.
_SHORT = 11


def like_a_number(text: str) -> bool:
    """Whether somebody meant a phone number, well written or not."""
    return _LIKE_A_NUMBER.fullmatch(text.strip()) is not None


def read_number(text: str, mark: Mark, complaints: Complaints) -> str | None:
    """The digits of a number that stands at `mark`, or None after a complaint about it.

    `+` is optional, so a number without its country code is read as one of another country: where that is
    likely, a warning says how it was read.
    """
    try:
        digits = number.parse(text)
    except number.NumberError as error:
        complaints.add(mark, f"{quote(text)}: {error.message}", error.hint, "number")
        return None
    if len(digits) <= _SHORT and not text.strip().startswith("+"):
        complaints.add(
            mark,
            f"{quote(text)} has no `+`, and is read as {number.mask(digits)}, with the country code first",
            "should the country code be missing, write it in front, such as +55; if not, write the `+`",
            "country-code",
            warning=True,
        )
    return digits
