"""Values as a page shows them: pictures with what is known of them, people, words, notes. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.reports import phrases
from reconciler.reports.html_page import Drawn, Picture, Table, Value
from reconciler.reports.shapes import PictureView

if TYPE_CHECKING:
    from reconciler.model.live import Thumbnail, Thumbnails

PEOPLE = 24
"""Names in one value of a table; the rest is a number."""

LISTED = 60
"""People in one plus or minus list; the rest is a number."""


@dataclass(frozen=True, slots=True)
class Album:
    """The pictures of one page. What is equal is held once, and it is counted how often it is shown."""

    thumbnails: Thumbnails
    drawn: dict[str, Drawn] = field(default_factory=dict)

    def file(self, view: PictureView) -> Picture:
        """An icon as the files have it."""
        found = self.thumbnails.files.get(view.sha256 or "")
        absent = "" if found else self.thumbnails.absent.get(view.sha256 or "", "")
        return Picture(
            caption=_caption(view),
            file=view.file or "",
            key=self._key(found),
            absent=absent,
            alt="icon in the files",
        )

    def live(self, name: str, view: PictureView) -> Picture:
        """The icon that a group has; `name` is the group's."""
        found = self.thumbnails.live.get(name)
        if found is not None:
            view = PictureView(
                sha256=found.sha256, size=found.size, width=found.width, height=found.height, mime=view.mime
            )
        absent = "" if found else self.thumbnails.absent.get(name, "")
        return Picture(
            caption=_caption(view) or "another picture",
            key=self._key(found),
            absent=absent,
            alt="icon as it is live",
        )

    def applied(self, name: str, view: PictureView) -> Picture:
        """The icon last applied: shown where it is still in the files, or still live."""
        found = self.thumbnails.files.get(view.sha256 or "")
        live = self.thumbnails.live.get(name)
        if found is None and live is not None and live.sha256 == view.served:
            found = live
        served = PictureView(sha256=view.sha256, size=None if view.served else view.size)
        return Picture(caption=_caption(served), key=self._key(found), alt="icon last applied")

    def _key(self, thumbnail: Thumbnail | None) -> str:
        if thumbnail is None:
            return ""
        key = hashlib.sha256(thumbnail.data).hexdigest()[:12]
        if key not in self.drawn:
            source = f"data:{thumbnail.mime};base64,{base64.b64encode(thumbnail.data).decode()}"
            self.drawn[key] = Drawn(source, 1)
        else:
            self.drawn[key] = Drawn(self.drawn[key].source, self.drawn[key].uses + 1)
        return key


def people(names: tuple[str, ...]) -> Value:
    """Names, the first of them."""
    return Value(people=names[:PEOPLE], more=max(0, len(names) - PEOPLE), empty="nobody")


def words(text: object) -> Value:
    """What somebody chose to write, in quotes."""
    return Value(text=f"{text}", quoted=True)


def notes_table(notes: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[Table]:
    """Notes on groups that need no entry: each once, with the names of its groups."""
    found: dict[str, list[str]] = {}
    for name, texts in notes:
        for text in texts:
            found.setdefault(text, []).append(name)
    if found:
        rows = tuple((phrases.few(names), text) for text, names in found.items())
        yield Table("notes", "Notes", "", ("Group", "Note"), rows)


def _caption(view: PictureView) -> str:
    pixels = f"{view.width}×{view.height}" if view.width and view.height else ""
    return " · ".join(filter(None, (pixels, phrases.size(view), (view.sha256 or "")[:7])))
