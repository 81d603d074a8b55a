"""How subjects are compared: exactly, and by what a service may make of one."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.group import Value
    from reconciler.model.live import LiveGroup

CUT_AT_LEAST = 20
"""Code points that a subject has at least that may be another one cut off: with fewer it would be a guess."""

# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt, which `unicodedata` does not have.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def normal(subject: str) -> str:
    """Return the subject as it is compared and sent."""
    return unicodedata.normalize("NFC", subject).strip()


def as_compared(value: Value | None) -> Value | None:
    """Return a value of a group as it is compared: texts as subjects are."""
    return normal(value) if isinstance(value, str) else value


def shows(subject: str) -> bool:
    """Return whether there is something to see in a subject. `Cn` may be a sign newer than this Python's
    Unicode."""
    kinds = map(unicodedata.category, _IGNORABLE.sub("", subject).replace("\u2800", ""))  # braille, no dots
    return any(kind[0] not in "CZ" or kind == "Cn" for kind in kinds)


def loose(subject: str) -> str:
    """Return what stays the same of a subject whatever a service does to it: entities are decoded, what
    nobody sees is dropped, runs of white space are one space."""
    return " ".join(_IGNORABLE.sub("", normal(html.unescape(subject))).split())


def is_cut(live: str, wanted: str) -> bool:
    """Return whether `live` is the subject `wanted`, cut off somewhere."""
    short, whole = loose(live), loose(wanted)
    return CUT_AT_LEAST <= len(short) < len(whole) and whole.startswith(short)


def stored_otherwise(live: str, wanted: str) -> bool:
    """Return whether `live` is another form of the subject `wanted` in which a service may keep it."""
    return normal(live) != normal(wanted) and (loose(live) == loose(wanted) or is_cut(live, wanted))


class BySubject:
    """Groups by their subject, as subjects are compared: there may be thousands on either side."""

    def __init__(self, groups: Iterable[LiveGroup]) -> None:
        self._groups = tuple(groups)

    def of(self, *subjects: str) -> list[LiveGroup]:
        """Return the groups that have one of these subjects, in the order in which they were given."""
        return _found(self._exact, set(map(normal, subjects)))

    def loosely(self, *subjects: str) -> list[LiveGroup]:
        """Return the groups whose subject is one of these, or another form of it (`loose`)."""
        return _found(self._loose, set(map(loose, subjects)))

    def cut(self, subject: str) -> list[LiveGroup]:
        """Return the groups whose subject is this one cut off (`is_cut`)."""
        whole = loose(subject)
        shorter = {whole[:length].rstrip() for length in range(CUT_AT_LEAST, len(whole))} - {whole}
        return _found(self._loose, {short for short in shorter if len(short) >= CUT_AT_LEAST})

    @cached_property
    def _exact(self) -> _Index:
        return _index((normal(group.subject), group) for group in self._groups)

    @cached_property
    def _loose(self) -> _Index:
        return _index((loose(group.subject), group) for group in self._groups)


_Index = dict[str, list[tuple[int, "LiveGroup"]]]


def _index(groups: Iterable[tuple[str, LiveGroup]]) -> _Index:
    found: _Index = {}
    for place, (subject, group) in enumerate(groups):
        found.setdefault(subject, []).append((place, group))
    return found


def _found(index: _Index, wanted: set[str]) -> list[LiveGroup]:
    hits = [hit for subject in wanted for hit in index.get(subject, ())]
    return [group for _, group in sorted(hits, key=itemgetter(0))]
