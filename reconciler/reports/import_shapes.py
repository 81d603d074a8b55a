"""The shape of an import's view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.adoption import ImportStatus
    from reconciler.reports.shapes import ProblemView


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedView:
    """One group of an import; `file` and `icon` are what was written. `bound`: it is in state now."""

    id: str
    status: ImportStatus
    subject: str | None
    name: str | None
    file: str | None
    icon: str | None
    remarks: tuple[str, ...]
    problem: ProblemView | None
    bound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """Groups by what became of them, and people added to the contacts."""

    imported: int
    skipped: int
    failed: int
    unreadable: int
    not_begun: int
    contacts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """`dry_run`: nothing was written. `contacts` is the file that people were added to."""

    complete: bool
    dry_run: bool
    interrupted: bool
    summary: ImportSummary
    groups: tuple[ImportedView, ...]
    contacts: str | None
    unsaved: ProblemView | None
    refused: ProblemView | None
    notes: tuple[str, ...]
