"""The shape of a listing's view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.adoption import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedView:
    """One live group. `people` and `admins` are labels; `owner` is the name it is known by, and without a
    `file` that name's manifest is gone. `role` is the account's, None where nobody knows.

    Of a group that could not be read `subject` is None, and `notes` say why.
    """

    id: str
    subject: str | None
    people: tuple[str, ...]
    admins: tuple[str, ...]
    role: Role | None
    can_promote: tuple[str, ...]
    owner: str | None
    file: str | None
    line: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSummary:
    """Counts over the groups that are shown, but for `total`."""

    total: int
    shown: int
    unmanaged: int
    not_admin: int
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """`account` is who we are, None where nobody knows; `guessed`: it is not configured, only probable."""

    complete: bool
    account: str | None
    guessed: bool
    summary: ListSummary
    groups: tuple[ListedView, ...]
    notes: tuple[str, ...]
