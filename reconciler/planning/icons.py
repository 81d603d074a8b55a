"""Is the live icon the wanted one? With a record by metadata and hash, without one by bytes and looks.

The server may re-encode what was uploaded and sign its URLs anew on every answer, so the recorded
observation decides first: the source last applied and the place, length and bytes served after that.
"""

from __future__ import annotations

from enum import Enum

from reconciler.model.desired import DesiredIcon
from reconciler.model.live import LiveIcon
from reconciler.model.record import IconRecord


class IconDifference(Enum):
    """`FETCH` and `COMPARE` ask for more: the served bytes, and a look at them beside the source."""

    SAME = "same"
    SAME_BYTES = "same bytes"
    ALIKE = "alike"
    DIFFERS = "differs"
    FETCH = "fetch"
    COMPARE = "compare"


IN_SYNC = frozenset({IconDifference.SAME, IconDifference.SAME_BYTES, IconDifference.ALIKE})


def compare_icon(wanted: DesiredIcon, seen: LiveIcon, record: IconRecord | None) -> IconDifference:
    """What is known of the icon so far, or what has to be looked at next."""
    if wanted.picture is None or seen.meta is None:
        return (
            IconDifference.SAME if (wanted.picture is None) == (seen.meta is None) else IconDifference.DIFFERS
        )
    source = wanted.picture.sha256
    untouched = record is not None and seen.meta.location == record.url and seen.meta.length == record.length
    if untouched and record is not None:
        return IconDifference.SAME if source in (record.source, record.served) else IconDifference.DIFFERS
    if seen.sha256 is None:
        return IconDifference.FETCH
    if seen.sha256 == source:
        return IconDifference.SAME_BYTES
    if record is not None and seen.sha256 == record.served:
        return IconDifference.SAME if record.source == source else IconDifference.DIFFERS
    if record is not None and record.source == source:
        return IconDifference.DIFFERS  # somebody changed the picture after it was applied
    if seen.alike is None:
        return IconDifference.COMPARE
    return IconDifference.ALIKE if seen.alike else IconDifference.DIFFERS
