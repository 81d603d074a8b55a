"""Numbers as people type them: read, refused, or read with a doubt; and ids, as they are written into a file.

What a phone, a messenger or a spreadsheet puts around a number (no-break spaces and hyphens, marks of
direction, full-width characters) is read as what it looks like. Lengths and the zero that is dialled within a
country only are judged by a table of our own where a mistake is most likely, elsewhere by `phonenumbers`,
whose home this is: it is imported for the first number that the table does not know. An id that the API
listed is judged by nobody (`as_written`).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.language import msg, msg_p
from reconciler.manifests.complaints import quote
from reconciler.model import number

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

    from reconciler.errors import Location
    from reconciler.manifests.complaints import Complaints

_REMEMBERED = 65536
"""Texts whose digits are remembered: the same people are in many groups."""
_REVERSED = "\u202e"
"""Shows what follows it backwards, so that the number is not the one that is seen. No phone writes it."""
_TYPOGRAPHY: dict[int, str | None] = {
    # not seen: the soft hyphen, zero widths, byte order marks, marks of direction but for the one above
    **dict.fromkeys((0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202E))),
    **dict.fromkeys((*range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFEFF)),
    **dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-"),
    **dict.fromkeys((0xFE62, 0xFF0B), "+"),
    **dict.fromkeys((0xFE59, 0xFF08), "("),
    **dict.fromkeys((0xFE5A, 0xFF09), ")"),
    **{0xFF10 + digit: str(digit) for digit in range(10)},
}
_NO_DIGITS = str.maketrans("", "", " \t()+-")
_NUMBER = re.compile(r"[ (]{0,4}\+?[ (]{0,4}[0-9][0-9 \t()\-]*")
_LIKE_A_NUMBER = re.compile(rf"[ \t()+\-./{_REVERSED}]*\d[\d \t()+\-./{_REVERSED}]*")
_ROUNDED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+[0-9]{1,2}")
_ID = re.compile(r"([0-9]{5,20})@(?:s\.whatsapp\.net|c\.us)")
_TRUNK = re.compile(r"\( *0+ *\)")
# A Brazilian number has 12 or 13 digits with its country code, and 10 or 11 without it.
_SHORT = 11
_LENGTHS = {
    "1": ("[0-9]{10}", msg("10 digits")),
    "44": ("[0-9]{10}", msg("10 digits")),
    "52": ("1?[0-9]{10}", msg("10 digits, or 11 that begin with 1")),
    "54": ("9?[0-9]{10}", msg("10 digits, or 11 that begin with 9")),
    "55": ("[0-9]{10,11}", msg("10 or 11 digits")),
    "351": ("[0-9]{9}", msg("9 digits")),
}
"""What follows a country code. These are the only lengths for which a number is refused."""
_SURE = re.compile("|".join(f"{code}(?!0){pattern}" for code, (pattern, _) in _LENGTHS.items()))
"""Digits of which no more need be asked: nearly all that there are."""
_KEEPS_ZERO = ("39", "225", "241", "242", "378")
"""Countries in which a number may begin with 0, also for who dials from abroad."""


class NumberError(ReconcilerError):
    """What was typed is no international number. The message does not hold it."""


@lru_cache(maxsize=_REMEMBERED)
def parse(text: str) -> str:
    """Return the digits of an international number as a person types it (`+55 19 90000-0001`), or of an id as
    the API lists it (`5519900000001@s.whatsapp.net`), which is not judged.

    `+`, spaces, hyphens and parentheses are optional. Raises `NumberError` for anything else; of the number
    its message and hint show no more than a mask does.
    """
    plain = _plain(text)
    if not _NUMBER.fullmatch(plain):
        if listed := _ID.fullmatch(plain):
            return listed[1]
        raise _no_number(plain)
    if plain.startswith("(") and "+" not in plain:
        raise NumberError(
            msg("the country code is missing"), msg("begin with it, outside parentheses: +55 (19) 90000-0001")
        )
    digits = _digits(plain)
    if digits.startswith("0"):
        raise NumberError(
            msg("not an international number"), msg("begin with the country code: +55 …, without 0 or 00")
        )
    if "(" in plain and (zero := _TRUNK.search(plain)):
        raise _zero_in_parentheses(_digits(plain[: zero.start()]), _digits(plain[zero.end() :]))
    _check(digits)
    return digits


def like_a_number(text: str) -> bool:
    """Return whether somebody meant a phone number, well written or not. No alias is like one."""
    plain = _plain(text)
    return (_LIKE_A_NUMBER.fullmatch(plain) or _ID.fullmatch(plain) or _ROUNDED.fullmatch(plain)) is not None


def read_number(text: str, location: Location, complaints: Complaints) -> str | None:
    """Return the digits of a number that stands at `location`, or None after a complaint about it.

    `+` is optional, so a number without its country code is read as one of another country: where that is
    likely, a warning says how it was read. So does one where the library doubts its length.
    """
    try:
        digits = parse(text)
    except NumberError as error:
        complaints.add(
            location, msg("{what}: {why}", what=quote(text), why=error.message), error.hint, "number"
        )
        return None
    plain = _plain(text)
    if "@" in plain:
        return digits
    if unsure := country_doubt(text, digits):
        complaints.add(location, unsure.message, unsure.hint, "country-code", warning=True)
    elif why := doubt(digits):
        hint = msg("is a digit missing, or one too many? If not, nothing has to be done")
        message = msg("{what}: {why}", what=quote(text), why=why)
        complaints.add(location, message, hint, "number-length", warning=True)
    return digits


def country_doubt(text: str, digits: str) -> NumberError | None:
    """Return what is to be said where the country code is likely to be missing in what was typed."""
    if len(digits) > _SHORT or "+" in _plain(text):
        return None
    return NumberError(
        msg(
            "{text} has no `+`, and is read as {digits}, with the country code first",
            text=quote(text),
            digits=number.mask(digits),
        ),
        msg("should the country code be missing, write it in front, such as +55; if not, write the `+`"),
    )


def doubt(digits: str) -> str | None:
    """Return what the library finds odd about a number's length, where we have no rule of our own."""
    if _SURE.fullmatch(digits) or _known_code(digits):
        return None
    code = _code(digits)
    return _length_doubt(code, len(digits) - len(code)) if code else msg("it begins with no country's code")


@cache
def _length_doubt(code: str, length: int) -> str | None:
    from phonenumbers import ValidationResult, is_possible_number_with_reason

    match is_possible_number_with_reason(_parsed(code, "1" * length)):  # only its length is looked at
        case ValidationResult.IS_POSSIBLE:
            return None
        case ValidationResult.TOO_LONG:
            return msg("too long for a number of +{code}", code=code)
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return msg("too short for a number of +{code}", code=code)
        case _:
            return msg("no number of +{code} has this length", code=code)


def as_written(wa_id: str) -> str:
    """Return an id that the API listed as it may stand in a file: as a number where `parse` takes that
    without a doubt, else as the id that it is."""
    try:
        plain = parse(f"+{wa_id}") == wa_id and doubt(wa_id) is None
    except NumberError:
        plain = False
    return f"+{wa_id}" if plain else f"{wa_id}@s.whatsapp.net"


def _plain(text: str) -> str:
    """Return the text with ASCII for what only looks like it, without what is not seen."""
    return (text if text.isascii() else text.translate(_TYPOGRAPHY)).strip()


def _no_number(plain: str) -> NumberError:
    if _REVERSED in plain:
        return NumberError(
            msg("holds a character (U+202E) that shows its digits in another order"),
            msg("type the number anew"),
        )
    if _ROUNDED.fullmatch(plain):
        return NumberError(
            msg("a spreadsheet has rounded this number"),
            msg("take it from its source, and let the column be text"),
        )
    return NumberError(
        msg("not a phone number"), msg("write it as +55 19 90000-0001: digits, spaces, hyphens, parentheses")
    )


def _digits(plain: str) -> str:
    """Return the digits of what `_NUMBER` matches, or of a part of it."""
    return plain.translate(_NO_DIGITS)


def _check(digits: str) -> None:
    """Raise `NumberError` for a length that no number has, and for a zero that is dialled within a country
    only."""
    if _SURE.fullmatch(digits):
        return
    if not 8 <= len(digits) <= 15:
        raise NumberError(
            msg("a number has 8 to 15 digits, this has {count}", count=len(digits)),
            msg("begin with the country code"),
        )
    if code := _known_code(digits):
        rest = digits[len(code) :]
        if rest.startswith("0") and code != "1":
            raise _trunk_zero(code, rest.lstrip("0"))
        pattern, lengths = _LENGTHS[code]
        if not re.fullmatch(pattern, rest):
            raise NumberError(
                msg(
                    "after +{code} come {lengths}; here are {count}",
                    code=code,
                    lengths=lengths,
                    count=len(rest),
                ),
                msg("count its digits; should the country code be missing, write it in front"),
            )
    elif "0" in digits[1:4] and not digits.startswith(_KEEPS_ZERO):
        code = _code(digits)
        rest = digits[len(code) :]
        if code and rest.startswith("0") and not _valid(code, rest):
            trunk = _trunk_prefix(code)
            short = rest.removeprefix(trunk).lstrip("0")
            if trunk.startswith("0") or _valid(code, short):
                raise _trunk_zero(code, short)


def _trunk_zero(code: str, rest: str) -> NumberError:
    return NumberError(
        msg("+{code} is followed by a 0, which is dialled within the country only", code=code),
        _meant(msg_p("a zero", "leave it out"), code + rest),
    )


def _zero_in_parentheses(code: str, rest: str) -> NumberError:
    """Return the error about `+49 (0) 170 …`. Where numbers keep their zero, it may belong to this one."""
    if code in _KEEPS_ZERO and (_valid(code, f"0{rest}") or not _valid(code, rest)):
        hint = _meant(msg("write it without parentheses"), f"{code}0{rest}")
    else:
        hint = _meant(msg_p("a zero", "leave it out"), code + rest)
    return NumberError(msg("a 0 in parentheses may belong to the number or not"), hint)


def _meant(mend: str, digits: str) -> str:
    """Return a hint with the number that was probably meant, where that is one."""
    try:
        _check(digits)
    except NumberError:
        return mend
    return msg("{mend}: {number}", mend=mend, number=number.mask(digits))


def _known_code(digits: str) -> str:
    """Return the country code that our table knows, or nothing."""
    for length in (2, 1, 3):  # no code begins another
        if digits[:length] in _LENGTHS:
            return digits[:length]
    return ""


def _code(digits: str) -> str:
    """Return the country code by the library, or nothing."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as KNOWN

    return next((digits[:length] for length in (1, 2, 3) if int(digits[:length]) in KNOWN), "")


def _trunk_prefix(code: str) -> str:
    """Return what is dialled before a number within its country: `0`, `06`, `8` or nothing."""
    from phonenumbers import ndd_prefix_for_region, region_code_for_country_code

    return ndd_prefix_for_region(region_code_for_country_code(int(code)), True) or ""


def _valid(code: str, rest: str) -> bool:
    """Return whether the library knows a range of numbers in which this lies."""
    from phonenumbers import is_valid_number

    return rest != "" and is_valid_number(_parsed(code, rest))


def _parsed(code: str, rest: str) -> PhoneNumber:
    """Return a number as the library has it."""
    from phonenumbers import PhoneNumber

    zeros = len(rest) - len(str(int(rest)))
    return PhoneNumber(
        country_code=int(code),
        national_number=int(rest),
        italian_leading_zero=zeros > 0,
        number_of_leading_zeros=zeros or None,
    )
