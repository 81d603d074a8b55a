"""What there is: every live group, who is in it, what the account is there, and whose manifest it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.errors import Location
from reconciler.model.live import LiveGroup, Problem
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
