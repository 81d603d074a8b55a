"""How subjects are compared: after NFC and trimming (design, "What becomes a change")."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.live import LiveGroup


def normal(subject: str) -> str:
    """The subject as it is compared and sent."""
    return unicodedata.normalize("NFC", subject).strip()


class BySubject:
    """Groups by their subject, as subjects are compared: there may be thousands on either side."""

    def __init__(self, groups: Iterable[LiveGroup]) -> None:
        self._found: dict[str, list[tuple[int, LiveGroup]]] = {}
        for place, group in enumerate(groups):
            self._found.setdefault(normal(group.subject), []).append((place, group))

    def of(self, *subjects: str) -> list[LiveGroup]:
        """The groups that have one of these subjects, in the order in which they were given."""
        wanted = {normal(subject) for subject in subjects}
        found = [hit for subject in wanted for hit in self._found.get(subject, ())]
        return [group for _, group in sorted(found, key=itemgetter(0))]
