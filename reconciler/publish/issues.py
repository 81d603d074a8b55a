"""The one issue that tells of a drift: opened, updated, closed when all is in sync, and reopened.

It is found as our comment is: by its author and by the marker on its first line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from reconciler.errors import ReconcilerError, Unclear
from reconciler.language import msg
from reconciler.ports import Clock
from reconciler.publish.comments import LOOKS, STRANGER, Published, facts_of, kind_of, lost, same

_TITLE = re.compile(r"[^\w ,.:·()%-]")
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as the host lists it; `mine` tells whether our identity opened it."""

    number: int
    title: str
    body: str
    is_open: bool
    mine: bool
    url: str = ""


class Tracker(Protocol):
    """The issues of a repository. All raise `ApiError` branches and `CredentialsError`."""

    def issues(self) -> Iterator[Issue]:
        """Those that we opened, as far as the host can tell, the newest first."""
        ...

    def create(self, title: str, body: str) -> Issue:
        """Open one. Raises `Unclear` when nobody knows whether it was opened."""
        ...

    def update(self, issue: Issue, title: str, body: str, *, is_open: bool) -> Issue: ...


def track(tracker: Tracker, body: str, clock: Clock) -> Published:
    """Bring our newest issue of the report's kind up to date: open where something is to be told, closed
    where nothing is. Where nothing is and no issue is open, nothing is done.

    Raises `ReconcilerError` for a report that does not say whether anything is to be told.
    """
    kind, quiet = kind_of(body), (facts_of(body) or {}).get("quiet")
    if not isinstance(quiet, bool):
        raise ReconcilerError(
            msg("this report says nothing that an issue could be closed by"),
            msg("make it with: reconciler drift --report markdown=FILE"),
        )
    title = _title(body)
    found = _newest(tracker, kind)
    if found is None:
        return Published("unchanged", "") if quiet else _open(tracker, title, body, clock)
    if (quiet and not found.is_open) or (
        not quiet and found.is_open and found.title == title and same(found.body, body)
    ):
        return Published("unchanged", found.url)
    done = tracker.update(found, title, body, is_open=not quiet)
    if quiet:
        return Published("closed", done.url)
    return Published("updated" if found.is_open else "reopened", done.url)


def _open(tracker: Tracker, title: str, body: str, clock: Clock) -> Published:
    try:
        made = tracker.create(title, body)
    except Unclear as error:
        for pause in LOOKS:
            clock.sleep(pause)
            found = _newest(tracker, kind_of(body))
            if found is not None and found.is_open:
                return Published("created", found.url)
        raise lost(
            msg("it is not known whether the issue was made ({why})", why=error.message),
            msg("run the command again: it looks for the issue before it makes one"),
            error,
        ) from None
    return Published("created", made.url, warning="" if made.mine else STRANGER)


def _newest(tracker: Tracker, kind: str | None) -> Issue | None:
    return next((each for each in tracker.issues() if each.mine and kind_of(each.body) == kind), None)


def _title(body: str) -> str:
    """The report's heading, as words alone."""
    heading = next((line for line in body.splitlines() if line.startswith("## ")), "## Drift")
    return _TITLE.sub("", heading.removeprefix("## "))[:_LONGEST].strip(" .") or "Drift"
