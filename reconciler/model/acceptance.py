"""The other answer to drift: what is live goes into the manifests. What would be written, and what became of
it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.model.live import LiveGroup, LiveIcon, Problem
from reconciler.model.plan import Note

AcceptField = Literal["subject", "icon", "admins", "members"]
ACCEPT_FIELDS: tuple[AcceptField, ...] = ("subject", "icon", "admins", "members")


@dataclass(frozen=True, slots=True)
class AcceptWish:
    """What shall be accepted. `fields` empty: whatever drifted; else these, also where only the files moved.
    With `drop_pending` who has yet to join is taken out as well."""

    fields: frozenset[AcceptField] = frozenset()
    drop_pending: bool = False


@dataclass(frozen=True, slots=True)
class ListChange:
    """How a list of people changes: ids to be named in it, as listed, and number keys of who is not any
    more."""

    add: tuple[str, ...] = ()
    drop: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.add or self.drop)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What of one group goes into its manifest. None and an empty change: that field stays as it is."""

    name: str
    live: LiveGroup
    subject: str | None = None
    icon: LiveIcon | None = None
    admins: ListChange = ListChange()
    members: ListChange = ListChange()
    notes: tuple[Note, ...] = ()

    @property
    def fields(self) -> tuple[AcceptField, ...]:
        """The fields that change."""
        given: dict[AcceptField, bool] = {
            "subject": self.subject is not None,
            "icon": self.icon is not None,
            "admins": bool(self.admins),
            "members": bool(self.members),
        }
        return tuple(field for field in ACCEPT_FIELDS if given[field])


AcceptStatus = Literal["accepted", "unchanged", "refused", "unreadable", "declined", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOutcome:
    """What became of one group: `fields` are in its files. `left` is what was asked for and could not be
    accepted, in words; of a group that is `refused`, `unreadable` or `failed` (not all of it could be
    written), `problem` says why."""

    name: str
    status: AcceptStatus
    id: str | None = None
    fields: tuple[AcceptField, ...] = ()
    notes: tuple[Note, ...] = ()
    left: tuple[Note, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file with other bytes; `before` None: a new one. `path` as the user would type it."""

    path: str
    before: bytes | None
    after: bytes

    @property
    def is_manifest(self) -> bool:
        """Whether it is no picture."""
        return self.path.endswith((".yaml", ".yml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptResult:
    """All groups that were named, and the files that changed. `failed`: why not every file could be
    written."""

    groups: tuple[AcceptOutcome, ...]
    files: tuple[FileChange, ...] = ()
    complete: bool = True
    interrupted: bool = False
    failed: Problem | None = None
