"""What the API says: groups, icons, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import Problem
from reconciler.model import number


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """A group as the API describes it. Ids are exactly as listed; `participants` include the admins."""

    id: str
    subject: str
    creator: str | None = None
    admins: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()

    @property
    def admin_keys(self) -> frozenset[str]:
        return frozenset(map(number.key, self.admins))

    @property
    def participant_keys(self) -> frozenset[str]:
        return frozenset(map(number.key, self.participants))

    @property
    def creator_key(self) -> str | None:
        return number.key(self.creator) if self.creator else None

    def may_be_created_by(self, account_keys: frozenset[str]) -> bool:
        """Whether the account created it, as far as is known who the account is, and who did."""
        return not account_keys or self.creator is None or self.creator_key in account_keys

    @property
    def ambiguous_keys(self) -> frozenset[str]:
        """Keys that two or more different ids of this group share."""
        ids: dict[str, set[str]] = {}
        for wa_id in self.participants:
            ids.setdefault(number.key(wa_id), set()).add(wa_id)
        return frozenset(key for key, found in ids.items() if len(found) > 1)


@dataclass(frozen=True, slots=True)
class IconMeta:
    """Where an icon is served: `url` as given, `length` in bytes where the API says so."""

    url: str
    length: int | None = None

    @property
    def bare_url(self) -> str:
        """The URL without query and fragment, which may change on every answer."""
        return self.url.partition("#")[0].partition("?")[0]


@dataclass(frozen=True, slots=True)
class LiveIcon:
    """What is known of a live icon: `meta` None means that there is none.

    `sha256` is of the served bytes, None as long as they were not fetched; `alike` tells whether they look
    like the wanted picture, None as long as nobody compared.
    """

    meta: IconMeta | None
    sha256: str | None = None
    alike: bool | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """The API says that there is no such group (404, 400 or an empty list)."""

    status: int | None = None


CONTRADICTION = Problem(
    "contradiction",
    "the list names the group, but asking for it answers that there is none",
    "run again later; if it stays so, `ignore:` in reconciler.yaml leaves the group out",
    retry=True,
)
"""Twice in a row: once is a reading that came too early, or too late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """What one reading of the live side found.

    `listed`: ids of the list, without those that turned out to be gone, and without the `ignored`, which were
    on it and are never asked for. `groups`: what was asked for one by one, by id; a group that is listed and
    yet is not there is a `CONTRADICTION` in it, never `Absent`. `icons`: by group id. What was not
    asked for is in neither.
    """

    listed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    groups: Mapping[str, LiveGroup | Problem | Absent] = field(default_factory=dict)
    icons: Mapping[str, LiveIcon | Problem] = field(default_factory=dict)


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
