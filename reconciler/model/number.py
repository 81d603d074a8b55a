"""WhatsApp numbers: when two ids are one person, and what may be shown. `manifests.numbers` reads what people
type.

A wa_id is a run of 5 to 20 digits as the server lists it, which is not always the E.164 number. Gateways list
ids with a domain: `5519900000001@c.us` has that number, `1234@lid` hides it. People are compared by `key` and
addressed by the id exactly as listed (API facts, "Numbers").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_KEYS = 65536
"""Ids whose keys are remembered: the same people are in many groups."""
_WA_ID = re.compile(r"[0-9]{5,20}")
_ID = re.compile(r"([0-9A-Za-z._-]{1,64})(?::[0-9]{1,5})?@([a-z.]{1,24})")
_NUMBERED = frozenset({"c.us", "s.whatsapp.net"})
"""Domains before which a number stands."""
_GROUP_ID = re.compile(r"[A-Za-z0-9@._-]{1,64}")
# A phone number has 15 digits at most (E.164); newer ids begin with 18 that are none.
_CREATORS_ID = re.compile(r"([0-9]{5,15})((?:[^0-9].*)?)")
# What may stand between the digits of one number: also spaces, hyphens and marks that only look like nothing.
_BETWEEN = (
    r"[ \t().\-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u2015\u202a-\u202f\u2043\u205f-\u2069\u2212\u3000"
    r"\ufe58-\ufe5a\ufe63\ufeff\uff08\uff09\uff0d]"
)
_LONG_RUN = re.compile(
    rf"[+\ufe62\uff0b]{_BETWEEN}{{0,2}}\d(?:{_BETWEEN}{{0,2}}\d){{7,}}|\d(?:{_BETWEEN}?\d){{7,}}"
)
_DATE = re.compile(r"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]")
_BRAZIL_MOBILE = re.compile(r"55([0-9]{2})9([6-9][0-9]{7})")
_MEXICO_MOBILE = re.compile(r"521([0-9]{10})")
_ARGENTINA_MOBILE = re.compile(r"549([0-9]{10})")


def is_wa_id(text: str) -> bool:
    """Whether the API may list this as a person's id: 5 to 20 ASCII digits."""
    return _WA_ID.fullmatch(text) is not None


def is_person_id(text: str) -> bool:
    """Whether a service may list this as somebody's id: digits, or a name with a domain."""
    return is_wa_id(text) or _ID.fullmatch(text) is not None


def of_id(person: str) -> str | None:
    """The digits that an id tells; None for one that hides the number."""
    if "@" not in person:
        return person if is_wa_id(person) else None
    match = _ID.fullmatch(person)
    return match[1] if match and match[2] in _NUMBERED and is_wa_id(match[1]) else None


def told_by(*ids: object) -> str | None:
    """The digits that the first of these ids tells which tells any. What is no text tells none, nor do digits
    without a domain: of an id that hides the number they may be what stands before it."""
    told = (of_id(each) for each in ids if isinstance(each, str) and "@" in each)
    return next((digits for digits in told if digits is not None), None)


def is_group_id(text: str) -> bool:
    """Whether this may stand in a path as a group's id: `[A-Za-z0-9@._-]{1,64}`, not all dots."""
    return _GROUP_ID.fullmatch(text) is not None and text.strip(".") != ""


@lru_cache(maxsize=_KEYS)
def key(wa_id: str) -> str:
    """The text under which two ids of one person are equal.

    Brazil: with or without the ninth digit (9 digits that begin 96 to 99). Mexico: 521 is 52. Argentina:
    549 and 54 share a key although 54 may be somebody's landline; the caller treats two ids of one group
    with one key as ambiguous, so they never decide anything together. An id that hides the number is its own
    key, whatever device it names.
    """
    if "@" in wa_id and (match := _ID.fullmatch(wa_id)):
        digits = of_id(wa_id)
        return f"{match[1]}@{match[2]}" if digits is None else key(digits)
    if match := _BRAZIL_MOBILE.fullmatch(wa_id):
        return f"55{match[1]}{match[2]}"
    if match := _MEXICO_MOBILE.fullmatch(wa_id):
        return f"52{match[1]}"
    if match := _ARGENTINA_MOBILE.fullmatch(wa_id):
        return f"54{match[1]}"
    return wa_id


def written(digits: str) -> str:
    """A number that spreadsheets keep as text: `55 19 90000-0001`, elsewhere than in Brazil `3519100-0003`.

    Digits alone become 5.5E+12, a `+` begins a formula, and an apostrophe is shown by some and not by others.
    """
    head, tail = digits[:-4], digits[-4:]
    if head.startswith("55") and len(digits) in (12, 13):
        head = f"{head[:2]} {head[2:4]} {head[4:]}"
    return f"{head}-{tail}"


def mask(digits: str) -> str:
    """A number that can be recognised by who knows it and used by nobody: `+55 19 •••• 0002`."""
    shown = 4 if len(digits) >= 10 else 2
    country = 1 if digits[:1] in {"1", "7"} else 2
    area = f" {digits[2:4]}" if digits.startswith("55") and len(digits) >= 12 else ""
    return f"+{digits[:country]}{area} •••• {digits[-shown:]}"


def mask_text(text: str, limit: int = 200) -> str:
    """Somebody else's words, fit to be shown: cut at `limit` characters, runs of 8 or more digits masked."""
    masked = _without_long_runs(text, lambda _, digits: f"••••{digits[-2:]}")
    return masked if len(masked) <= limit else masked[: limit - 1] + "…"


def mask_line(line: str) -> str:
    """A line of one of our files, in which a number with its `+` is masked as `mask` does it."""

    def hide(run: str, digits: str) -> str:
        return mask(digits) if run.startswith("+") and is_wa_id(digits) else f"••••{digits[-2:]}"

    return _without_long_runs(line, hide)


def _without_long_runs(text: str, hide: Callable[[str, str], str]) -> str:
    """The text with `hide(run, its digits)` for every run of 8 or more digits that is no date."""

    def hidden(match: re.Match[str]) -> str:
        return match[0] if _DATE.fullmatch(match[0]) else hide(match[0], re.sub(r"\D", "", match[0]))

    return _LONG_RUN.sub(hidden, text)


def mask_id(group_id: str, own: frozenset[str]) -> str:
    """A group's id without its creator's number, unless that is one of `own` (keys of the account)."""
    match = _CREATORS_ID.fullmatch(group_id)
    if match is None or key(match[1]) in own:
        return group_id
    return f"…{match[2] or match[1][-4:]}"
