"""What a run was asked to do, beyond what the files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Literal


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the checked out commit `here` stands to the commit `applied` last, which is another.

    `behind`: it is an ancestor of it; `ahead`: it has it in its history; `aside`: neither, two lines of
    development. `unknown`: the history that would tell is not in this clone, maybe because it is `shallow`.
    """

    stands: Literal["behind", "ahead", "aside", "unknown"]
    here: str
    applied: str
    shallow: bool = False


@dataclass(frozen=True, slots=True)
class Promotions:
    """Those who may be promoted by a run that does nothing else (`--ready`), once a read sees them in.

    `people`: name → number keys; names without anybody are left out of the run. `appeared`: group id → number
    keys of those who wrote in that group; None where that does not matter.
    """

    people: Mapping[str, frozenset[str]]
    appeared: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one run. `now` is UTC, `today` the local day that `left`, `hold` and `allow` go by.

    `commit` is that of the manifests, None where nobody knows, followed by `record.CHANGES` where they are
    not as it has them. `uncommitted` are the files that are not, None where nobody can tell; with
    `only_committed` nothing is to be written by such.
    `targets` are globs over names, empty for all; `allow` the codes of `--allow`; `keeps_state` is False
    with `state: none`. `keeps_intents`: whether the next run will find what this one records, which nobody
    knows of a file in a pipeline. `promotions`: nothing else is made
    (`planning.promotions`).
    `checkout` is None where there is nothing to compare. `committed` are names without a manifest here that
    the checked-out commit still has one for: `prune` leaves none of their groups.
    """

    now: datetime
    today: date
    targets: tuple[str, ...] = ()
    allow: frozenset[str] = frozenset()
    prune: bool = False
    committed: frozenset[str] = frozenset()
    keeps_state: bool = True
    keeps_intents: bool = True
    promotions: Promotions | None = None
    commit: str | None = None
    uncommitted: tuple[str, ...] | None = ()
    only_committed: bool = False
    checkout: Checkout | None = None

    def wants(self, name: str) -> bool:
        """Return whether `--target` lets this name take part, and the `promotions` have somebody in it."""
        if self.promotions is not None and name not in self.promotions.people:
            return False
        return not self.targets or any(fnmatchcase(name, glob) for glob in self.targets)
