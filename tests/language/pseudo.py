"""A made-up language: every letter of a sentence has an accent, and every sentence is longer by a third.

What is English in an output that was made in it was never marked to be translated.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from types import ModuleType

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

ROOT = Path(__file__).resolve().parents[2]
TAG = "en-XA"
_LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀçďéƒǧħíĵķĺɱñóƥɋřšťúṽŵẋýžÁƁÇĎÉƑǦĦÍĴĶĹṀÑÓƤɊŘŠŤÚṼŴẊÝŽ",
)
_STAYS = re.compile(
    r"\{\{?[^{}]*\}\}?|`[^`]*`|%[(]\w+[)]s"  # values, what is typed, click's values
    r"|https?://\S+|\bgit [a-z-]+\S*|\breconciler(?: [a-z][a-z-]*)*|(?<![\w-])--?[A-Za-z][\w-]*(?:=\S+)?"
    r"|\b[A-Z]{2,}[A-Z_=0-9]*\b|[\w./*-]*[\w*]\.(?:yaml|yml|json|jsonl|csv|md|html|svg|txt|sqlite3|py)\b"
    r"|</?[a-z][^>]*>|&[a-z]+;|<!--.*?-->"
)
_EXAMPLE = re.compile(r"^( *(?:reconciler|curl|echo|export) [a-z'].*?)(?:(  +)(.*))?$")


@cache
def messages() -> ModuleType:
    """Return `.ci/messages.py`."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / ".ci/messages.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@cache
def sentences() -> Catalog:
    """Return every sentence of the program."""
    found: Catalog = messages().template()
    return found


def build(folder: Path) -> None:
    """Write the language's catalogue into a folder of catalogues."""
    catalogue = Catalog(locale="en", charset="utf-8")
    for message in sentences():
        if message.id:
            texts = (message.id,) if isinstance(message.id, str) else message.id
            said = tuple(map(pseudo, texts))
            catalogue.add(
                message.id, said[0] if isinstance(message.id, str) else said, context=message.context
            )
    out = BytesIO()
    write_mo(out, catalogue)
    path = folder / TAG.replace("-", "_") / "LC_MESSAGES/reconciler.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(out.getvalue())


def pseudo(text: str) -> str:
    """Return a sentence in the language: what stands for a value, and what is typed, stays."""
    if re.fullmatch(r"[\W\d]*", text) or re.fullmatch(r"\{[^}]*\}[^a-z{}]*", text):
        return text
    if "\n" in text:
        return "\n".join(map(_line, text.split("\n")))
    return _longer(_accented(text))


def _line(text: str) -> str:
    example = _EXAMPLE.match(text)
    if example is None:
        return pseudo(text) if text.strip() else text
    return f"{example[1]}{example[2] or ''}{_longer(_accented(example[3])) if example[3] else ''}"


def _accented(text: str) -> str:
    parts, end = [], 0
    for stays in _STAYS.finditer(text):
        parts += [text[end : stays.start()].translate(_LETTERS), stays[0]]
        end = stays.end()
    return "".join((*parts, text[end:].translate(_LETTERS)))


def _longer(text: str) -> str:
    """Return a text that is longer by more than a third, in words as long as those it has."""
    inner = re.match(r"(?s)(.*?)([\s.:;,]*)\Z", text)
    assert inner is not None
    more = max(2, len(inner[1]) * 2 // 5)
    words = " ".join("ẋ" * min(6, more - at) for at in range(0, more, 7))
    return f"{inner[1]}{' ' if ' ' in inner[1] else ''}{words}{inner[2]}"


# --- what is English -------------------------------------------------------------------------------------

_TYPED = re.compile(
    r"\x1b\[[0-9;]*m|\[[A-Za-z|]+\]|'[^'\n]*'|`[^`]*`|\"[^\"\n]*\"|“[^”]*”|https?://\S+|\$ .*"
    r"|\bgit [a-z-]+[^.;,\n]*|\b[a-z]+:\S+|\breconciler(?: [a-z][a-z-]*| --?[a-z][\w-]*(?: [\w:/.*'-]+)?)*"
    r"|(?<![\w-])--?[A-Za-z][\w-]*(?:=\S+)?|\b[A-Z][A-Z_]{2,}[A-Z_=0-9]*\b|[\w./*-]*[\w*][./][\w./*-]+"
    r"|\{[^}]*\}|\b\w+[-_@]\w[\w@.-]*|\w+(?:,\w+)+"
)
_WORD = re.compile(r"[^\W\d_]{3,}")


@cache
def vocabulary() -> frozenset[str]:
    """Return every English word that the program says."""
    texts = (
        text
        for message in sentences()
        if message.id
        for text in ((message.id,) if isinstance(message.id, str) else message.id)
    )
    return frozenset(word.lower() for text in texts for word in _WORD.findall(_STAYS.sub(" ", text)))


def english(output: str, stays: Iterable[str] = ()) -> Iterator[str]:
    """Yield the English words that are left in an output, each with the line that it stands in; `stays` are
    words that are no language's: names, commands, what somebody wrote."""
    known = {word.lower() for word in stays}
    for line in output.splitlines():
        if example := _EXAMPLE.match(line):
            line = example[3] or ""  # noqa: PLW2901
        for word in _WORD.findall(_TYPED.sub(" ", line)):
            if word.isascii() and word.lower() in vocabulary() and word.lower() not in known:
                yield f"{word}: {line.strip()[:150]}"
