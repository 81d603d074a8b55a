"""What exists and how it comes into the files: the groups that are listed, those that are imported, what is
accepted of a drift; and what an examination (`doctor`) found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from reconciler.errors import Exit, Location, Problem
from reconciler.model.desired import Person
from reconciler.model.group import PERMISSIONS, Value, ValueName
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.model.plan import Note

Role = Literal["admin", "member", "absent"]
"""What somebody is in a group."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The name under which a group is known. Where `location` is None its manifest is gone: only state knows
    it."""

    name: str
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGroup:
    """One group that the API lists. `live` is None where it could not be read, and then `problem` says why.

    `role` is the account's; None where nobody knows which number that is, or the group could not be read.
    """

    id: str
    live: LiveGroup | None
    problem: Problem | None = None
    owner: Owner | None = None
    role: Role | None = None

    @property
    def managed(self) -> bool:
        """Whether there is a manifest for it."""
        return self.owner is not None and self.owner.location is not None

    @property
    def can_promote(self) -> tuple[str, ...]:
        """Ids of those who could make the account an admin; empty where it is one."""
        if self.live is None or self.role in ("admin", None):
            return ()
        return self.live.admins


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The groups by subject, those that could not be read last. `total` is how many there are in all.

    `account` is the configured number, else the one that is probably meant (`guessed`), else None; `keys` are
    the number keys by which it is recognised.
    """

    groups: tuple[ListedGroup, ...]
    total: int
    account: str | None = None
    keys: frozenset[str] = frozenset()
    guessed: bool = False
    complete: bool = True
    notes: tuple[Note, ...] = ()


ImportField = Literal["subject", "description", "icon", "permissions", "admins", "members"]
IMPORT_FIELDS: tuple[ImportField, ...] = get_args(ImportField)
DEFAULT_FIELDS: frozenset[ImportField] = frozenset(
    {"subject", "description", "icon", "permissions", "admins"}
)
"""Of a service that has no descriptions and permissions none are imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What is asked for: `patterns` are ids and globs over subjects, `everything` all that is listed;
    `fields` are what the manifests shall manage, and with `contacts` unknown numbers get an alias."""

    patterns: tuple[str, ...] = ()
    everything: bool = False
    fields: frozenset[ImportField]
    contacts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One group that is to have a manifest called `name`. None in a field: it is left out, and then
    `remarks` may say why (in a comment of the manifest, so they are words that anybody may read there).

    `values` are as they are compared. `was` is the name under which state knows the group.
    """

    name: str
    live: LiveGroup
    values: Mapping[ValueName, Value] = field(default_factory=dict)
    with_icon: bool = True
    admins: tuple[Person, ...] | None = None
    members: tuple[Person, ...] | None = None
    remarks: tuple[str, ...] = ()
    was: str | None = None


ImportStatus = Literal["imported", "skipped", "failed", "unreadable", "not_begun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """What became of one group. `file` and `icon` are the files written (with `icon` also one that was there
    already and holds the same picture). `bound`: this run binds the group to `name` in state, or would, were
    it not a dry run; of one that is `skipped`, because an earlier run did not come to that."""

    id: str
    status: ImportStatus
    subject: str | None = None
    name: str | None = None
    file: str | None = None
    icon: str | None = None
    remarks: tuple[str, ...] = ()
    problem: Problem | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """All groups that were asked for. `contacts` is how many people were added to the file of contacts.

    `unsaved`: why nothing could be bound in state, though the manifests are written. `stopped_by`: an error
    that ended the run early, `interrupted` a signal.
    """

    groups: tuple[ImportOutcome, ...]
    dry_run: bool = False
    contacts: int = 0
    contacts_file: str | None = None
    notes: tuple[Note, ...] = ()
    unsaved: Problem | None = None
    refused: Problem | None = None
    interrupted: bool = False


AcceptField = Literal["subject", "description", "icon", "permissions", "admins", "members"]
ACCEPT_FIELDS: tuple[AcceptField, ...] = get_args(AcceptField)


def accepted_as(field: str) -> AcceptField | None:
    """Return the name by which a field of a drift is accepted; None for one that cannot be."""
    name = field.partition(".")[0]
    return next((each for each in ACCEPT_FIELDS if each == name), None)


@dataclass(frozen=True, slots=True)
class AcceptRequest:
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
    """What of one group goes into its manifest. A value that is not there, None and an empty change: that
    field stays as it is."""

    name: str
    live: LiveGroup
    values: Mapping[ValueName, Value] = field(default_factory=dict)
    icon: LiveIcon | None = None
    admins: ListChange = ListChange()
    members: ListChange = ListChange()
    notes: tuple[Note, ...] = ()

    def without(self, name: ValueName) -> Acceptance:
        """Return the same with one text or permission left as it is in the files."""
        return replace(self, values={key: self.values[key] for key in self.values if key != name})

    @property
    def fields(self) -> tuple[AcceptField, ...]:
        """The fields that change."""
        given: dict[AcceptField, bool] = {
            "subject": "subject" in self.values,
            "description": "description" in self.values,
            "permissions": not self.values.keys().isdisjoint(PERMISSIONS),
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


Check = Literal[
    "program", "files", "address", "credentials", "login", "session", "clock", "account", "state", "lock"
]
FindingStatus = Literal["ok", "warning", "problem", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A `problem` ends the run with `exit_code`; `skipped` says why it could
    not be looked at, which is some other finding's problem."""

    check: Check
    verdict: FindingStatus
    note: Note
    hint: str = ""
    exit_code: Exit = Exit.OK
