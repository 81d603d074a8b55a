"""Groups that exist and are to have manifests: what would be written of each, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.model.desired import Person
from reconciler.model.live import LiveGroup, Problem
from reconciler.model.plan import Note

ImportField = Literal["subject", "icon", "admins", "members"]
IMPORT_FIELDS: tuple[ImportField, ...] = ("subject", "icon", "admins", "members")
DEFAULT_FIELDS: frozenset[ImportField] = frozenset({"subject", "icon", "admins"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWish:
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

    `subject` is as it is compared. `was` is the name under which state knows the group.
    """

    name: str
    live: LiveGroup
    subject: str | None = None
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
