"""The pictures of a report: of every icon that differs, the one in the files and the one that is served.

Planning mostly decides by hashes and metadata, so it has no bytes to show. Where a report wants pictures,
the served ones of the groups whose icon differs are fetched for it, one more read each and none for a group
that is as wanted. What is kept is small and drawn anew; a picture that will not open, a link that must not be
followed, or a report that is full costs the picture and nothing else, and the reason is kept in its place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from reconciler import pictures
from reconciler.errors import ApiError, Interrupted, PictureError
from reconciler.language import msg
from reconciler.model.change import SetIcon
from reconciler.model.desired import Icon
from reconciler.model.live import LiveIcon, Thumbnail, Thumbnails
from reconciler.model.plan import Plan
from reconciler.workers import THREADS

if TYPE_CHECKING:
    from reconciler.model.drift import Drift
    from reconciler.ports import IconFiles, Progress, Reader

BUDGET = 3_500_000
"""Bytes of all small pictures together: some 800 photos. As text in a page they grow by a third."""

MOST_FAILURES = 3
"""Fetches that may fail before no further one is begun: each has been retried for a while."""

FULL = msg("left out: this report holds as many pictures as it can")
CHANGED = msg("not shown: it has changed since it was read")
GIVEN_UP = msg("not shown: others could not be fetched, so this one was not asked for")


@dataclass(frozen=True, slots=True)
class DifferingIcon:
    """A group's icon that differs: `live` None where there is no group or nobody looked."""

    name: str
    live: LiveIcon | None
    file: Icon | None


def wanted(found: Plan | Drift) -> tuple[DifferingIcon, ...]:
    """The icons that differ: what a plan changes, or would if nothing were in the way; what drifted."""
    return tuple(_of_plan(found) if isinstance(found, Plan) else _of_drift(found))


def _of_plan(plan: Plan) -> Iterator[DifferingIcon]:
    for group in plan.groups:
        for change in (*group.changes, *group.withheld):
            match change:
                case SetIcon(before, after):
                    yield DifferingIcon(group.name, before, after)
                case _:
                    pass


def _of_drift(drift: Drift) -> Iterator[DifferingIcon]:
    for group in drift.groups:
        for field in group.fields:
            if field.field == "icon":
                yield DifferingIcon(
                    group.name,
                    field.live if isinstance(field.live, LiveIcon) else None,
                    field.desired if isinstance(field.desired, Icon) else None,
                )


def collect(
    icons: Iterable[DifferingIcon],
    *,
    reader: Reader,
    icon_files: IconFiles,
    concurrency: int,
    progress: Progress,
    budget: int = BUDGET,
) -> Thumbnails:
    """Fetch, read and draw. Raises `Interrupted`; every other failure is a reason in `absent`."""
    found = list(icons)
    run = _Drawing(reader, icon_files, budget)
    tasks: list[Callable[[], None]] = [
        partial(run.file, icon)
        for icon in {each.file.sha256: each.file for each in found if each.file is not None}.values()
    ]
    tasks += [partial(run.live, each.name, each.live) for each in found if each.live and each.live.meta]
    if tasks:
        progress.start(msg("Drawing icons"), len(tasks))
        try:
            THREADS.all(tasks, concurrency, progress.advance)
        finally:
            progress.finish()
    return Thumbnails(files=run.files, live=run.lives, absent=run.absent)


class _Drawing:
    def __init__(self, reader: Reader, icon_files: IconFiles, budget: int) -> None:
        self._reader = reader
        self._icon_files = icon_files
        self._left = budget
        self._failures = 0
        self._lock = threading.Lock()
        self._drawn: dict[str, Thumbnail] = {}  # by the original's SHA-256: the same picture is kept once
        self.files: dict[str, Thumbnail] = {}
        self.lives: dict[str, Thumbnail] = {}
        self.absent: dict[str, str] = {}

    def file(self, icon: Icon) -> None:
        """The picture of a file."""
        try:
            drawn = self._draw(icon.sha256, lambda: self._icon_files.read(icon))
        except PictureError as error:  # the file has changed since it was checked
            self.absent[icon.sha256] = msg("not shown: {why}", why=error.message)
            return
        if drawn is None:
            self.absent[icon.sha256] = FULL
        else:
            self.files[icon.sha256] = drawn

    def live(self, name: str, seen: LiveIcon) -> None:
        """The picture that is served; `seen.meta` says where."""
        meta = seen.meta
        if meta is None:
            return
        if self._failures >= MOST_FAILURES:
            self.absent[name] = GIVEN_UP
            return
        try:
            drawn = self._draw(seen.sha256, lambda: self._reader.fetch_icon(meta))
        except Interrupted:
            self._failures = MOST_FAILURES
            raise
        except ApiError as error:
            with self._lock:
                self._failures += error.retry
            self.absent[name] = msg("not shown: {why}", why=error.message)
            return
        except PictureError as error:
            self.absent[name] = msg("not shown: {why}", why=error.message)
            return
        if drawn is None:
            self.absent[name] = FULL
        elif seen.sha256 not in (None, drawn.sha256):
            self.absent[name] = CHANGED
        else:
            self.lives[name] = drawn

    def _draw(self, sha256: str | None, read: Callable[[], bytes]) -> Thumbnail | None:
        """The small picture, drawn or drawn before; None when the report is full."""
        with self._lock:
            if sha256 is not None and sha256 in self._drawn:
                return self._drawn[sha256]
            if self._left <= 0:
                return None
        data = read()
        with self._lock:  # Pillow draws one at a time anyway, which bounds what a large picture can take
            digest = pictures.sha256(data)
            if digest not in self._drawn:
                self._drawn[digest] = pictures.thumbnail(data)
                self._left -= len(self._drawn[digest].data)
            return self._drawn[digest]
