"""What a run did, by name and count, for those who read the history of the state. No number of anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.model.record import RunSummary

if TYPE_CHECKING:
    from reconciler.model.messages import Delivery, Rotation
    from reconciler.model.outcome import GroupOutcome
    from reconciler.planning.options import Promotions

_DONE = {"create": "created", "adopt": "adopted", "leave": "left"}
_OF_GROUPS = ("created", "adopted", "updated", "left", "failed", "unknown", "skipped")
_OF_MESSAGES = ("sent", "failed", "unknown")
_OF_LINKS = ("revoked", "failed", "unknown")


def summary_of_apply(groups: Iterable[GroupOutcome], promotions: Promotions | None) -> RunSummary:
    """Count every group for which something was to be done, by each status that its changes ended with.
    `promotions` is set where the run only promoted."""
    counts: Counter[str] = Counter()
    names = []
    for group in groups:
        kinds: dict[str, list[str]] = {}
        for outcome in group.outcomes:
            kinds.setdefault(outcome.status, []).append(outcome.change.kind)
        if not kinds:
            continue
        done = _DONE.get(group.action, "updated")
        counts.update(done if status == "done" else status for status in kinds)
        words = [f"{status} {', '.join(found)}" for status, found in kinds.items()]
        names.append((group.name, "; ".join(words)))
    verb = _verb(promotions)
    return RunSummary(verb=verb, counts=_ordered(counts, _OF_GROUPS), names=tuple(names))


def _verb(promotions: Promotions | None) -> str:
    if promotions is None:
        return "apply"
    return "apply --ready" if promotions.appeared is None else "inbound --ready"


def summary_of_sending(deliveries: Iterable[Delivery]) -> RunSummary:
    """Count the messages that went out or were tried, and for each group the people they were for."""
    messages: Counter[str] = Counter()
    people: dict[str, Counter[str]] = {}
    for delivery in deliveries:
        if delivery.status in _OF_MESSAGES:
            messages[delivery.status] += 1
            for name in delivery.groups:
                people.setdefault(name, Counter())[delivery.status] += 1
    return RunSummary(
        verb="invites --send",
        counts=_ordered(messages, _OF_MESSAGES),
        names=tuple(
            (name, ", ".join(f"{count} {status}" for status, count in _ordered(counts, _OF_MESSAGES)))
            for name, counts in sorted(people.items())
        ),
    )


def summary_of_rotation(rotations: Iterable[Rotation]) -> RunSummary:
    """Count the links by what became of them, without those that were not begun."""
    ended = {
        each.name: "revoked" if each.status == "done" else each.status
        for each in rotations
        if each.status != "skipped"
    }
    counts = Counter(ended.values())
    return RunSummary(verb="invites --rotate", counts=_ordered(counts, _OF_LINKS), names=tuple(ended.items()))


def _ordered(counts: Counter[str], order: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((word, counts[word]) for word in order if counts[word])
