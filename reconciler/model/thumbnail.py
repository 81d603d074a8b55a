"""Small pictures for reports: drawn anew from pixels, never bytes that somebody else wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture made small. `data` is of the small one, of the type `mime`; the rest says what the original
    was: pixels, bytes, and the SHA-256 of those."""

    data: bytes
    mime: str
    width: int
    height: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnails:
    """The pictures of one report. `files`: by SHA-256 of the file. `live`: by the group's name.

    `absent` says for a name, or a SHA-256, why there is no picture.
    """

    files: Mapping[str, Thumbnail] = field(default_factory=dict)
    live: Mapping[str, Thumbnail] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
