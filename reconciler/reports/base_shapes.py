"""The shape of what a plan was compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.plan import SettingName
    from reconciler.reports.shapes import ChangeView


@dataclass(frozen=True, slots=True)
class SettingView:
    """A setting that this change would change: `name` is the guard's key or the alias. Empty: not set."""

    setting: SettingName
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DroppedView:
    """What the base would do about a name, and this change calls off."""

    name: str
    changes: tuple[ChangeView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareView:
    """What one cause contributes: groups by what it does to them or has made of them (a group with two causes
    counts for both), single changes, and people to invite."""

    create: int = 0
    adopt: int = 0
    update: int = 0
    leave: int = 0
    blocked: int = 0
    missing: int = 0
    orphaned: int = 0
    held: int = 0
    unreadable: int = 0
    changes: int = 0
    invites: int = 0

    @property
    def changed(self) -> int:
        """Groups that would be changed."""
        return self.create + self.adopt + self.update + self.leave


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseView:
    """What a plan was compared with. `loaded` is False where the base's manifests could not be used; `notes`
    say why, and what else to know of the comparison."""

    ref: str
    commit: str
    loaded: bool
    this_change: ShareView
    before: ShareView
    settings: tuple[SettingView, ...] = ()
    dropped: tuple[DroppedView, ...] = ()
    notes: tuple[str, ...] = ()
