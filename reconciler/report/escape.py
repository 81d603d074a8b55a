"""Characters that must not reach a reader as they are: what cannot be seen, or acts instead of being shown.

Controls (C0, C1, escape sequences begin with one), bidi marks, zero-width and other invisible characters,
line and paragraph separators, spaces that only look like one, and halves of surrogate pairs. Emoji and
accents stay.

Logs of pipelines act as well: GitHub obeys lines that begin with `::` (after spaces) and `##[` anywhere,
others `##vso[` and `##teamcity[`. Those are broken up.
"""

from __future__ import annotations

import re

_INVISIBLE = (
    "\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    "\u2800\u3000\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2"
)
_MARKER = r"(?<=#)#(?=[a-z]*\[)"
_HIDDEN = f"[\x00-\x1f\x7f-\x9f{_INVISIBLE}]"
_PAGE = re.compile(_HIDDEN)
_TERMINAL = re.compile(f"{_HIDDEN}|{_MARKER}|(?<=:):")
_EMOJI = re.compile("[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]")
_JSON = re.compile(f"[\x7f-\x9f{_INVISIBLE}]|{_MARKER}")


def for_terminal(text: str) -> str:
    r"""Return the text with every such character as a visible escape: `\n`, `\x1b`, `\u202e` …"""
    return _TERMINAL.sub(_visible, text)


def visible(text: str) -> str:
    """Return the text with a visible escape for what is hidden or acts, and nothing else changed. Not for
    logs."""
    return _PAGE.sub(_visible, text)


def for_json(document: str) -> str:
    """A JSON document in which every such character of a string is an escape; it means the same.

    The C0 controls of strings are escaped already, and those between values are the document's layout.
    """
    return _JSON.sub(_as_json, document)


def _visible(found: re.Match[str]) -> str:
    if _joins_emoji(found):
        return found[0]
    code = ord(found[0])
    if code == 0x0A:
        return r"\n"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _joins_emoji(found: re.Match[str]) -> bool:
    """Whether this is the joiner inside one emoji, such as a person at a computer: there it is seen."""
    text, at = found.string, found.start()
    return (
        found[0] == "\u200d"
        and 0 < at < len(text) - 1
        and _EMOJI.fullmatch(text[at - 1]) is not None
        and _EMOJI.fullmatch(text[at + 1]) is not None
    )


def _as_json(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
