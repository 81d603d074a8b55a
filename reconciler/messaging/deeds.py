"""What a run did for the people side, by name and count, for those who read the state's history. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.model.record import Deed

if TYPE_CHECKING:
    from reconciler.model.sending import Delivery, Rotation

_COUNTED = ("sent", "failed", "unknown")


def of_deliveries(deliveries: Iterable[Delivery]) -> Deed:
    """Counts are messages; of a group, to how many people. Whoever was left alone is not in it."""
    messages: Counter[str] = Counter()
    people: dict[str, Counter[str]] = {}
    for delivery in deliveries:
        if delivery.status in _COUNTED:
            messages[delivery.status] += 1
            for name in delivery.groups:
                people.setdefault(name, Counter())[delivery.status] += 1
    return Deed(
        verb="invites --send",
        counts=_ordered(messages),
        names=tuple(
            (name, ", ".join(f"{count} {status}" for status, count in _ordered(counts)))
            for name, counts in sorted(people.items())
        ),
    )


def of_rotations(rotations: Iterable[Rotation]) -> Deed:
    """What became of each link; those that were not begun are not in it."""
    found = [each for each in rotations if each.status != "skipped"]
    words = ["revoked" if each.status == "done" else each.status for each in found]
    counts = Counter(words)
    return Deed(
        verb="invites --rotate",
        counts=tuple((word, counts[word]) for word in ("revoked", *_COUNTED[1:]) if counts[word]),
        names=tuple((each.name, word) for each, word in zip(found, words, strict=True)),
    )


def _ordered(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple((status, counts[status]) for status in _COUNTED if counts[status])
