"""What people read, in their language; the program itself thinks in English.

An English sentence is its own key. `msg` makes one that is English wherever it goes (state, JSON, logs), and
knows how to be said in another language; `tr` says it in the language that was asked for with `use`. What is
drawn for machines is drawn within `english`, where `tr` changes nothing. Catalogues are those of gettext;
none is read as long as the language is English. Decision record 0044 gives the reasons.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from datetime import datetime
    from gettext import NullTranslations

T = TypeVar("T")

ENGLISH = "en"
DOMAIN = "reconciler"
FOLDER = os.path.join(os.path.dirname(__file__), "locale")  # no start pays for pathlib
"""Holds `pt_BR/LC_MESSAGES/reconciler.mo`, compiled of the text beside it by an install."""

_chosen: NullTranslations | None = None
_tag = ENGLISH
_in_english: ContextVar[bool] = ContextVar("in_english", default=False)


class Message(str):
    """A sentence of ours: English as a text, and what it was made of, so that it can be said otherwise.

    Joined with others, or put into an f-string, it becomes a plain English text; as a value of another
    message it stays what it is.
    """

    __slots__ = ("_context", "_finish", "_key", "_many", "_number", "_values")

    _context: str
    _key: str
    _many: str
    _number: int | None
    _values: Mapping[str, object]
    _finish: tuple[Callable[[str], str], ...]

    def __new__(
        cls, key: str, values: Mapping[str, object], many: str = "", number: int | None = None
    ) -> Self:
        text = key if number is None or number == 1 else many
        made = super().__new__(cls, text.format_map(values) if values else text)
        made._key, made._many, made._number, made._values = key, many, number, values
        made._context, made._finish = "", ()
        return made

    def through(self, change: Callable[[str], str]) -> Message:
        """Return the message as a function of texts leaves it, whichever language it is said in."""
        made = str.__new__(Message, change(str.__str__(self)))
        for slot in Message.__slots__:
            setattr(made, slot, getattr(self, slot))
        made._finish = (*self._finish, change)
        return made

    def said(self, catalogue: NullTranslations) -> str:
        """Return it in a catalogue's language."""
        if not self._key:
            text = ""  # what a catalogue says of itself has this key
        elif self._number is not None:
            text = catalogue.ngettext(self._key, self._many, self._number)
        elif self._context:
            text = catalogue.pgettext(self._context, self._key)
        else:
            text = catalogue.gettext(self._key) if self._key else ""  # "" is the catalogue's own head
        if self._values:
            text = text.format_map({name: _said(value, catalogue) for name, value in self._values.items()})
        for change in self._finish:
            text = change(text)
        return text

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str.__str__(self),)


def _said(value: object, catalogue: NullTranslations) -> object:
    return value.said(catalogue) if isinstance(value, Message) else value


def msg(text: str, /, **values: object) -> str:
    """Return a message. With values, those stand in the text as `{name}`, and braces are doubled."""
    return Message(text, values)


def msg_n(one: str, many: str, n: int, /, **values: object) -> str:
    """Return a message about a number of things, which stands in the texts as `{n}`."""
    return Message(one, {"n": n, **values}, many, n)


def msg_p(context: str, text: str, /, **values: object) -> str:
    """Return a message whose English stands for several things: `context`, which nobody is shown, says which
    one is meant."""
    made = Message(text, values)
    made._context = context
    return made


def tr(text: str, /, **values: object) -> str:
    """Return a text of ours in the language that is spoken: a message, or what `msg` takes. What may be
    somebody else's words is handed to `said`."""
    catalogue = _spoken()
    if catalogue is None:
        return (text.format_map(values) if values else str(text)) if text else ""
    if isinstance(text, Message) and not values:
        return text.said(catalogue)
    return Message(text, values).said(catalogue) if text else ""


def tr_n(one: str, many: str, n: int, /, **values: object) -> str:
    """Return a text about a number of things in the language that is spoken, as `msg_n` takes it."""
    return tr(msg_n(one, many, n, **values))


def tr_p(context: str, text: str, /, **values: object) -> str:
    """Return a text in the language that is spoken, as `msg_p` takes it."""
    return tr(msg_p(context, text, **values))


def joined(separator: str, parts: Iterable[str]) -> str:
    """Return texts behind each other; each of them, and what stands between them, may be a message."""
    found = {f"part{index}": part for index, part in enumerate(parts)}
    return Message("{between}".join(f"{{{name}}}" for name in found), {"between": separator, **found})


def said(thing: T) -> T:
    """Return data in the language that is spoken: messages within dataclasses and tuples become texts."""
    catalogue = _spoken()
    return thing if catalogue is None else _all_said(thing, catalogue)


def _all_said(thing: Any, catalogue: NullTranslations) -> Any:
    match thing:
        case Message():
            return thing.said(catalogue)
        case str():
            return thing
        case tuple():
            parts = [_all_said(part, catalogue) for part in thing]
            return type(thing)(*parts) if hasattr(thing, "_fields") else tuple(parts)
        case _:
            pass
    if not dataclasses.is_dataclass(thing) or isinstance(thing, type):
        return thing
    changed = {}
    for field in dataclasses.fields(thing):
        before = getattr(thing, field.name)
        after = _all_said(before, catalogue)
        if after is not before and field.init:
            changed[field.name] = after
    return dataclasses.replace(thing, **changed) if changed else thing


def of_system(error: OSError) -> Message:
    """Return what the operating system says of an error, or whoever raised it, as a message."""
    why = error.strerror or next(iter(error.args), type(error).__name__)
    return why if isinstance(why, Message) else Message(str(why), {})


_OF_SYSTEM = (
    msg("Address already in use"),
    msg("Bad file descriptor"),
    msg("Cannot assign requested address"),
    msg("Connection refused"),
    msg("Device or resource busy"),
    msg("Disk quota exceeded"),
    msg("Exec format error"),
    msg("File exists"),
    msg("File name too long"),
    msg("File too large"),
    msg("Input/output error"),
    msg("Is a directory"),
    msg("No such file or directory"),
    msg("No space left on device"),
    msg("Not a directory"),
    msg("Operation not permitted"),
    msg("Permission denied"),
    msg("Read-only file system"),
    msg("Too many levels of symbolic links"),
    msg("Too many open files"),
)
"""What it says most: here to be translated."""


def moment(at: datetime) -> str:
    """Return a time in UTC, to the minute, as it is written where the language is spoken."""
    return tr("{at:%Y-%m-%d %H:%M} UTC", at=at)


def decimal(number: float, digits: int) -> str:
    """Return a number with so many digits after the sign that the language has for that."""
    # the decimal sign
    return f"{number:.{digits}f}".replace(".", tr("."))


# --- which language ---------------------------------------------------------------------------------------


def languages() -> tuple[str, ...]:
    """Return the tags of all languages that there are, English first."""
    file = os.path.join("LC_MESSAGES", f"{DOMAIN}.mo")
    names = os.listdir(FOLDER) if os.path.isdir(FOLDER) else ()
    found = (name for name in names if os.path.exists(os.path.join(FOLDER, name, file)))
    return (ENGLISH, *sorted(name.replace("_", "-") for name in found))


def use(language: str) -> None:
    """Speak a language from now on. Raises `LookupError` for one that there is not."""
    global _chosen, _tag  # noqa: PLW0603
    _chosen = None if language == ENGLISH else _catalogue(language, FOLDER)
    _tag = language


def spoken() -> str:
    """Return the tag of the language in which `tr` answers."""
    return ENGLISH if _spoken() is None else _tag


@contextmanager
def english() -> Iterator[None]:
    """What is said within is English: it is for machines."""
    token = _in_english.set(True)
    try:
        yield
    finally:
        _in_english.reset(token)


def _spoken() -> NullTranslations | None:
    return None if _chosen is None or _in_english.get() else _chosen


@cache
def _catalogue(language: str, folder: str) -> NullTranslations:
    from gettext import translation

    if language not in languages():
        raise LookupError(language)
    return translation(DOMAIN, folder, [language.replace("-", "_")])
