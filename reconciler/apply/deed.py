"""What an apply did, by name and count, for those who read the state's history. No number of anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.model.record import Deed

if TYPE_CHECKING:
    from reconciler.model.outcome import GroupOutcome
    from reconciler.planning.options import Ready

_DONE = {"create": "created", "adopt": "adopted", "leave": "left"}
_ORDER = ("created", "adopted", "updated", "left", "failed", "unknown", "skipped")


def deed(groups: Iterable[GroupOutcome], ready: Ready | None) -> Deed:
    """Every group for which something was to be done; one in which not all went well counts by that, too.
    `ready`: set where the run only promoted."""
    counts: Counter[str] = Counter()
    names = []
    for group in groups:
        kinds: dict[str, list[str]] = {}
        for outcome in group.outcomes:
            kinds.setdefault(outcome.status, []).append(outcome.change.kind)
        if not kinds:
            continue
        words = [(_DONE.get(group.action, "updated") if status == "done" else status) for status in kinds]
        counts.update(words)
        names.append(
            (group.name, "; ".join(f"{status} {', '.join(changes)}" for status, changes in kinds.items()))
        )
    ordered = tuple((word, counts[word]) for word in _ORDER if counts[word])
    verb = "apply" if ready is None else "apply --ready" if ready.appeared is None else "inbound --ready"
    return Deed(verb=verb, counts=ordered, names=tuple(names))
