"""What the API says: groups, icons, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.errors import Problem
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.group import Permission, Value, ValueName, values_of


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """A group as the API describes it. Ids are exactly as listed; `participants` include the admins.

    `description` is "" where the group has none, None where the service tells of none; `permissions` are
    those that it tells. `numbers`: the digits of people whose id is no number. `superadmins` are protected as
    the creator is. A `parent` is the id of the community that the group belongs to; a `community` is one
    itself, or its group of announcements. `count` is how many people the service says there are, where it
    says that besides listing them. `waiting`: keys of those who have asked to join, and wait for approval.
    """

    id: str
    subject: str
    creator: str | None = None
    admins: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    description: str | None = None
    permissions: Mapping[Permission, Value] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    superadmins: tuple[str, ...] = ()
    parent: str | None = None
    community: bool = False
    waiting: frozenset[str] = frozenset()
    count: int | None = None

    def values(self) -> dict[ValueName, Value]:
        """Return the texts and permissions of the group."""
        return values_of(self.subject, self.description, self.permissions)

    def key(self, person: str) -> str:
        """Return the number key of a participant, by the id that is listed; of somebody *unidentified* that
        is the id."""
        return number.key(self.numbers.get(person, person))

    def shown(self, person: str) -> str:
        """Return the number of a participant where it is known, else the id."""
        return self.numbers.get(person, person)

    @property
    def unidentified(self) -> tuple[str, ...]:
        """The participants of whom no number is known."""
        return tuple(
            each for each in self.participants if "@" in each and not number.is_wa_id(self.key(each))
        )

    @property
    def admin_keys(self) -> frozenset[str]:
        return frozenset(map(self.key, self.admins))

    @property
    def participant_keys(self) -> frozenset[str]:
        return frozenset(map(self.key, self.participants))

    @property
    def creator_key(self) -> str | None:
        return self.key(self.creator) if self.creator else None

    @property
    def protected_keys(self) -> frozenset[str]:
        """Keys of the creator and of whoever ranks with them."""
        keys = frozenset(map(self.key, self.superadmins))
        return keys if self.creator_key is None else keys | {self.creator_key}

    def may_be_created_by(self, account_keys: frozenset[str]) -> bool:
        """Whether the account created it, as far as is known who the account is, and who did."""
        return not account_keys or self.creator is None or self.creator_key in account_keys

    @property
    def ambiguous_keys(self) -> frozenset[str]:
        """Keys that two or more different ids of this group share."""
        ids: dict[str, set[str]] = {}
        for wa_id in self.participants:
            ids.setdefault(self.key(wa_id), set()).add(wa_id)
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


@dataclass(frozen=True, slots=True)
class GroupList:
    """One listing: ids of all groups of which the account is a participant, in the service's order, each
    once. `groups` is what the listing itself says of each; empty where the service lists ids alone."""

    ids: tuple[str, ...]
    groups: Mapping[str, LiveGroup | Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Session:
    """The service's own account, as it tells it: its number (digits), and the id by which it hides that."""

    number: str | None = None
    lid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What a gateway says of itself: `version`, and `status` of the session, as it words them; the `engine`
    that speaks to WhatsApp; whether it keeps groups and people in a `store`, None where it does not say."""

    status: str
    engine: str
    version: str | None = None
    store: bool | None = None


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """What the service allows now: nothing until `locked_until` (UTC), nobody new where it is `capped`."""

    locked_until: datetime | None = None
    capped: bool = False


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """What a service says of one person whom it was asked to add: by id or number, as far as it names them,
    with a status of its own."""

    id: str | None
    number: str | None
    status: int


UNKNOWN_NUMBER = Problem(
    "no_such_number", msg("nobody has this number on WhatsApp"), msg("correct it in the files")
)
"""Of somebody who was to be added or written to."""

CONTRADICTION = Problem(
    "contradiction",
    msg("the list names the group, but asking for it answers that there is none"),
    msg("run again later; if it stays so, `ignore:` in reconciler.yaml leaves the group out"),
    retry=True,
)
"""Twice in a row: once is a reading that came too early, or too late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """What one reading of the live side found.

    `listed`: ids of the list, without those that turned out to be gone, and without the `ignored`, which were
    on it and are never asked for. `groups`: what was asked for one by one, by id; a group that is listed and
    yet is not there is a `CONTRADICTION` in it, never `Absent`. `icons`: by group id. What was not
    asked for is in neither. Of a `gateway` lists may be short, and creators unknown.
    """

    listed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    gateway: bool = False
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
