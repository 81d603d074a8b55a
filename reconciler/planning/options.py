"""What a run was asked to do, beyond what the files say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run's wishes. `now` is UTC, `today` the local day that `left`, `hold` and `allow` go by.

    `targets` are globs over names, empty for all; `allow` the codes of `--allow`; `keeps_state` is False
    with `state: none`.
    """

    now: datetime
    today: date
    targets: tuple[str, ...] = ()
    allow: frozenset[str] = frozenset()
    prune: bool = False
    keeps_state: bool = True

    def wants(self, name: str) -> bool:
        """Whether `--target` lets this name take part."""
        return not self.targets or any(fnmatchcase(name, glob) for glob in self.targets)
