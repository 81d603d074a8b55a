"""What is reported of runs that read no group: complaints about files, and why a run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.errors import Complaint


@dataclass(frozen=True, slots=True)
class ValidationView:
    """What is wrong with the files, in any order; `groups` is their count, None when there was a mistake."""

    complaints: tuple[Complaint, ...]
    groups: int | None


@dataclass(frozen=True, slots=True)
class FailureView:
    """A run that ended before there was anything to report: why, and which files are wrong, if that is it."""

    message: str
    hint: str = ""
    complaints: tuple[Complaint, ...] = ()
