"""The verb that tells what was recorded when: `state log`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.planning.story import chapters

if TYPE_CHECKING:
    from reconciler.model.story import Chapter, Interest, Past


def remember(past: Past, *, since: datetime | None, interest: Interest) -> Iterator[Chapter]:
    """What each run recorded of that which somebody is interested in, the newest first. Changes nothing.

    Raises `StateError` where the history cannot be read.
    """
    return chapters(past.written(since), interest)
