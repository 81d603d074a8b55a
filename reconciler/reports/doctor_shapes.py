"""The shape of an examination's view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.adoption import Check, FindingStatus


@dataclass(frozen=True, slots=True)
class FindingView:
    """One thing that was looked at; `hint` says how to mend it, where there is something to mend."""

    check: Check
    verdict: FindingStatus
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorView:
    """An examination. `healthy`: no problem was found, but maybe warnings."""

    healthy: bool
    problems: int
    warnings: int
    findings: tuple[FindingView, ...]
