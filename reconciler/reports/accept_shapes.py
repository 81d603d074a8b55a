"""The shape of an acceptance's view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.adoption import AcceptField, AcceptStatus
    from reconciler.reports.shapes import ProblemView


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file of an acceptance. `diff` are the lines of a unified one, without its head; of a picture `before`
    and `after` are sizes in bytes."""

    path: str
    new: bool
    picture: bool
    diff: tuple[str, ...]
    before: int | None
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedView:
    """One group: `fields` went into its manifest; `left` is what could not, in words."""

    name: str
    id: str | None
    status: AcceptStatus
    fields: tuple[AcceptField, ...]
    notes: tuple[str, ...]
    left: tuple[str, ...]
    problem: ProblemView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptView:
    """`complete` is False where something could not be read."""

    complete: bool
    interrupted: bool
    groups: tuple[AcceptedView, ...]
    files: tuple[FileView, ...]
    failed: ProblemView | None
