"""Words for complaints: quoting what a user wrote without trusting it, and guessing what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache

from reconciler.model import number

QUOTE_LIMIT = 40
_WORD_LIMIT = 64
_CANDIDATES = 500


def visible(text: str) -> str:
    """The text with everything that does not print (controls, bidi, lone surrogates) escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def quote(text: str) -> str:
    """What a user wrote, in backticks: at most 40 characters, numbers masked, unprintables escaped."""
    shown = visible(number.mask_text(text[:400], limit=400)).replace("`", "'")
    return f"`{shown}`" if len(shown) <= QUOTE_LIMIT else f"`{shown[: QUOTE_LIMIT - 1]}…`"


def listed(names: Iterable[str]) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"


@lru_cache(maxsize=1024)
def closest(word: str, options: frozenset[str]) -> str | None:
    """The option that was probably meant, or None. Only options of about the same length are compared."""
    short = word[:_WORD_LIMIT].lower()
    near = sorted(option for option in options if abs(len(option) - len(short)) <= 3)[:_CANDIDATES]
    by_lower = {option.lower(): option for option in reversed(near)}
    found = difflib.get_close_matches(short, by_lower, n=1, cutoff=0.65)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, options: frozenset[str]) -> str:
    """`did you mean …?`, or nothing."""
    found = closest(word, options)
    return f"did you mean `{found}`?" if found is not None else ""


def _escaped(char: str) -> str:
    match char:
        case "\n":
            return "\\n"
        case "\t":
            return "\\t"
        case _:
            return char.encode("unicode_escape").decode("ascii")
