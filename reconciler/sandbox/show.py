"""How the pages show numbers, times, links and groups without an icon: Jinja2 filters."""

from __future__ import annotations

import re
import unicodedata
import zlib
from dataclasses import dataclass
from datetime import datetime

from reconciler.language import tr, tr_p

from .group import INVITE_BASE

_LINK = re.compile(re.escape(INVITE_BASE) + r"([A-Za-z0-9_-]+)")
_RENAMED = re.compile("changed the subject to “(.*)”", re.DOTALL)
_COLOURS = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a message: plain text, or an invite link with its code."""

    text: str
    code: str | None = None


def number(digits: str) -> str:
    """A number to read: ``+55 19 90000-0001`` for Brazil, else ``+`` and the digits."""
    match = re.fullmatch(r"55([0-9]{2})([0-9]{4,5})([0-9]{4})", digits)
    return f"+55 {match[1]} {match[2]}-{match[3]}" if match else f"+{digits}"


def moment(seconds: float) -> str:
    """A time of day with its date, in this machine's zone."""
    return tr("{at:%d %b %Y, %H:%M}", at=datetime.fromtimestamp(seconds))  # noqa: DTZ006  # as a phone does


def decimal(number: float) -> str:
    """A number as it is, with the language's decimal sign."""
    return str(number).replace(".", tr("."))


def notice(text: str) -> str:
    """What WhatsApp tells everybody in a group, which is stored in English."""
    if renamed := _RENAMED.fullmatch(text):
        return tr_p("in a conversation", "changed the subject to “{subject}”", subject=renamed[1])
    return tr_p("in a conversation", text)


def initials(subject: str) -> str:
    """One or two letters that stand for a group without an icon."""
    words = [word for word in re.split(r"[^\w]+", unicodedata.normalize("NFC", subject)) if word]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def colour(text: str) -> int:
    """The same colour for the same text, always: a number below 6."""
    return zlib.crc32(text.encode()) % _COLOURS


def pieces(text: str) -> list[Piece]:
    """A message cut at its invite links, so that a page can make them lead to the sandbox's own join page."""
    found: list[Piece] = []
    end = 0
    for match in _LINK.finditer(text):
        if match.start() > end:
            found.append(Piece(text[end : match.start()]))
        found.append(Piece(match[0], match[1]))
        end = match.end()
    if end < len(text):
        found.append(Piece(text[end:]))
    return found
