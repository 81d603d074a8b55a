"""The history of a state: what each run recorded, as data. People stand in it as state writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from reconciler.model.record import State

FactKind = Literal[
    "bound",
    "forgotten",
    "creating",
    "given_up",
    "subject",
    "description",
    "send_messages",
    "edit_info",
    "add_members",
    "approve_members",
    "icon",
    "admins",
    "members",
    "link_version",
    "joined",
    "sent",
    "left",
]


@dataclass(frozen=True, slots=True)
class Written:
    """All that one run wrote, in one commit or more: `rev` is the last, `at` when it was made (UTC).

    `run`, `actor` and `commit` (of the manifests) are as the run said, `title` its summary: words of whoever
    may write the history. `before` and `after` are the states; None where one cannot be read.
    """

    rev: str
    at: datetime
    title: str
    run: str
    actor: str
    commit: str
    before: State | None
    after: State | None


class StateHistory(Protocol):
    """A state that remembers."""

    def written(self, since: datetime | None) -> Iterator[Written]:
        """What was written, the newest first; nothing from before `since`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that became different about a name. `before` and `after` are texts, ids for `bound` and
    `left`, hashes for `icon`; `added` and `removed` are people."""

    kind: FactKind
    before: str | None = None
    after: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameStory:
    """What a run recorded of one name."""

    name: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """What a run wrote, and what that says of each name; None where a state cannot be read."""

    written: Written
    names: tuple[NameStory, ...] | None


@dataclass(frozen=True, slots=True)
class Interest:
    """Which part of a history is asked for: a name, and people by alias and number keys; empty: all."""

    name: str | None = None
    aliases: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    @property
    def in_people(self) -> bool:
        return bool(self.aliases or self.keys)
