"""Words in Markdown that mean what they say: nothing of them becomes a link, a mention, a picture or HTML.

GitHub and GitLab look for `@mentions`, `#123`, commits, addresses and `:emoji:` in the text that is left
after Markdown was rendered, so a backslash stops none of them; in code they look for nothing. So plain words
are written as they are, and whatever holds anything but letters and digits becomes code.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from reconciler.language import tr
from reconciler.report.escape import for_json, for_terminal

_PLAIN = re.compile(
    r"[(]?[^\W\d_][^\W_]*(?:['’][^\W_]+)?[,.;:!?)]*|[0-9]{1,6}[,;:!?%]?|[(][0-9]{1,6}|[–—→·…]"
)
_HEX = re.compile(r"[(]?[0-9a-f]{7,}[,.;:!?)]*", re.IGNORECASE)  # may be a commit
_SCHEME = re.compile(r"[(]?(?:https?|ftp|mailto):.*", re.IGNORECASE)  # begins an address
_AROUND = re.compile(r"([(]?)([^(].*?)([,.;:!?)]*)", re.DOTALL)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9._~:/?#&=%-]{0,500}")
_TICKS = re.compile(r"`+")


def code(text: str) -> str:
    """The text as code, whatever is in it; controls and the like as visible escapes."""
    shown = for_terminal(text)
    if not shown:
        return '""'
    ticks = "`" * (max(map(len, _TICKS.findall(shown)), default=0) + 1)
    padded = shown[0] == "`" or shown[-1] == "`" or (shown[0] == shown[-1] == " " and shown.strip(" ") != "")
    space = " " if padded else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def prose(text: str) -> str:
    """A sentence that may quote anybody: plain words as they are, the rest as code.

    Words that stand together and are not plain are one piece of code; a short number beside one belongs to
    it. So is a command that follows a colon, up to the next point or comma. It is
    meant to follow something on its line, or to begin one with a word: nothing plain can begin a list or a
    heading.
    """
    words = for_terminal(text).split(" ") if text else []
    empty = [not word for word in words]  # a space beside another, or at an end: only code keeps it
    strange = [
        not _is_plain(word) or any(empty[max(index - 1, 0) : index + 2]) for index, word in enumerate(words)
    ]
    for index, word in enumerate(words):
        follows = index > 0 and strange[index - 1] and words[index - 1][-1:] not in tuple(",;:")
        beside = follows or any(strange[index + 1 : index + 2])
        strange[index] |= beside and word.rstrip(",.;:!?)").isdigit()
    commands = _commands(words)
    pieces = []
    for (is_strange, _), run in groupby(
        range(len(words)), lambda index: (strange[index] or index in commands, commands.get(index))
    ):
        joined = " ".join(words[index] for index in run)
        pieces.append(_quoted(joined) if is_strange else joined)
    return " ".join(pieces)


def _commands(words: list[str]) -> dict[int, int]:
    """Return for the index of every word of a command of ours the index at which it begins."""
    found: dict[int, int] = {}
    start = None
    for index, word in enumerate(words):
        if start is None and word == "reconciler" and index and words[index - 1][-1:] == ":":
            start = index
        if start is not None:
            found[index] = start
            start = None if word[-1:] in tuple(",.;:!?)") else start
    return found


def _quoted(words: str) -> str:
    """Words as code, without the punctuation around them where that is only around them."""
    match = _AROUND.fullmatch(words)
    if match is None or words[-1:] == " ":
        return code(words)
    return f"{match[1]}{code(match[2])}{match[3]}"


def _is_plain(word: str) -> bool:
    begins_otherwise = _HEX.fullmatch(word) is None and _SCHEME.fullmatch(word) is None
    return _PLAIN.fullmatch(word) is not None and begins_otherwise


def link(words: str, address: str) -> str:
    """Return words of our own as a link; "" where the address is none that can stand in one."""
    return f"[{words}]({address})" if _ADDRESS.fullmatch(address) else ""


def names(found: Iterable[str], limit: int) -> str:
    """The first names as code, and how many more there are."""
    listed = list(found)
    more = len(listed) - limit
    text = ", ".join(map(code, listed[:limit]))
    return text if more <= 0 else tr("{names} and {more} more", names=text, more=more)


def fence(lines: Iterable[str], kind: str) -> str:
    """A block of code that nothing in it can end; `kind` colours it (`diff`, `sh`). Lines are escaped."""
    shown = [for_terminal(line) for line in lines]
    ticks = "`" * max(3, 1 + max((len(run) for line in shown for run in _TICKS.findall(line)), default=0))
    return "\n".join((f"{ticks}{kind}", *shown, ticks))


def folded(summary: str, body: str, *, opened: bool = False) -> str:
    """A part that can be unfolded; `body` is Markdown, `summary` plain words of our own."""
    tag = f"<details{' open' if opened else ''}>"
    return f"{tag}\n<summary>{html.escape(summary)}</summary>\n\n{body}\n\n</details>"


def marker(facts: Mapping[str, object]) -> str:
    """The hidden first line by which the next run finds its comment. It holds `facts` as JSON, of which
    nothing can end it."""
    text = for_json(json.dumps(dict(facts), ensure_ascii=True, sort_keys=True))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    text = text.replace("--", "-\\u002d")
    return " ".join(("<!-- reconciler", text, "-->"))


def length(text: str) -> int:
    """Characters as the code hosts count them: what JavaScript calls a string's length."""
    return len(text) + sum(character > "\uffff" for character in text)
