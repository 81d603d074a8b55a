"""The verb that tells what was recorded when: `state log`."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.planning.story import chapters

if TYPE_CHECKING:
    from reconciler.model.story import Chapter, Interest, Past


def remember(
    past: Past, *, since: datetime | None, interest: Interest, most: int
) -> tuple[tuple[Chapter, ...], bool]:
    """What each run recorded of that which somebody is interested in, the newest first, `most` runs at the
    most; and whether the history was read to its end. Changes nothing.

    Raises `StateError` where the history cannot be read.
    """
    history = past.written(since)
    told = tuple(islice(chapters(history, interest), most))
    return told, len(told) < most or next(history, None) is None
