"""What of a plan a change of the files causes, and what would be made without it as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.change import (
    Change,
    Invite,
)
from reconciler.model.plan import Action, CauseOfChange, SettingName


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that decides whom the guards protect, what they let pass and what is looked at, or whom an
    alias means.

    `name` is the key of a guard or the alias, "" elsewhere. `before` and `after` are digits for `account`
    and `alias`, group ids for `ignore`, else words of the configuration; empty: not set.
    """

    setting: SettingName
    name: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one cause contributes to a group: changes in their order (of one that has two causes, the people
    of this one), and people to invite."""

    changes: tuple[Change, ...] = ()
    invites: tuple[Invite, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.invites)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAttribution:
    """One group of a plan: what this change causes, what was there before, and which of the two made the
    group `blocked`, `missing`, `orphaned`, `held` or `unreadable`, where it is one of these. `is_new`: no
    manifest of the base is about it."""

    this_change: Share = field(default_factory=Share)
    before: Share = field(default_factory=Share)
    stuck: CauseOfChange | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What the base would do about a name, and this change calls off."""

    name: str
    action: Action
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A plan beside that of its base. `groups` has an entry for every group of the plan, by name;
    `objections` the cause of each, by code."""

    groups: Mapping[str, GroupAttribution] = field(default_factory=dict)
    objections: Mapping[str, CauseOfChange] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a plan was compared with. `ref` as it was asked for, `commit` what it stands for; `settings` what
    changes of them; `problem` says why the manifests of the base could not be used, so that everything counts
    as this change's."""

    ref: str
    commit: str
    attribution: Attribution
    settings: tuple[SettingChange, ...] = ()
    problem: str = ""
    warnings: tuple[str, ...] = ()
