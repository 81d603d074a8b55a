"""Documents as YAML text, quoted so that every reader of YAML, ours and an editor's, reads the same back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z\u00c0-\u024f][\w ./-]*[\w.]|[A-Za-z\u00c0-\u024f]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS = frozenset(["until", "left"])
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"])


def yaml_text(document: Mapping[str, object]) -> str:
    """One document: a line a key, lists and mappings in one line where they fit.

    Values are text, whole numbers, true, false, null, lists of those and mappings of those.
    """
    return "".join(_entry(key, value) for key, value in document.items())


def flow_text(value: object) -> str:
    """A value in one line, as it may stand behind a key."""
    return _flow(value)


def scalar_text(text: str, *, quoted: bool = False) -> str:
    """A text as it may stand anywhere: plain where nobody can mistake it and it need not be `quoted`."""
    return _quoted(text) if quoted else _scalar(text)


def _entry(key: str, value: object) -> str:
    line = f"{_scalar(key)}: {_flow(value)}\n"
    if len(line) <= _WIDTH or not isinstance(value, list) or not value:
        return line
    return f"{_scalar(key)}:\n" + "".join(f"  - {_flow(item)}\n" for item in value)


def _flow(value: object) -> str:
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(_pair(str(key), item) for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value)


def _pair(key: str, value: object) -> str:
    if key in _DAYS and isinstance(value, str) and _DAY.fullmatch(value):
        return f"{key}: {value}"  # a day to every reader, and meant as one
    return f"{_scalar(key)}: {_flow(value)}"


def _scalar(text: str) -> str:
    """Plain where nobody can mistake it, else in double quotes, whose escapes are JSON's."""
    plain = _PLAIN.fullmatch(text) and text.isprintable() and text.lower() not in _WORDS
    if plain:
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return written if written.isprintable() else "".join(map(_shown, written))


def _shown(char: str) -> str:
    """A character that everybody sees, or its escape: invisible ones (tags, joiners, bidi marks) could hide
    words from whoever reviews the file."""
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if char < "\U00010000" else f"\\U{ord(char):08x}"
