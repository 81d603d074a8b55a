"""The account that a run is about, where several are configured: handed down from `accounts` with the common
options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.cli.collected import Collected
    from reconciler.errors import InputError
    from reconciler.manifests.load import Loaded


@dataclass(frozen=True, slots=True)
class Account:
    """One account, by its name.

    `files` are what the files say, or what is wrong with them, where they were read before the run; None
    where the run reads them. `collected` takes what the run says, where it is one of several runs; `share` is
    how many they are.
    """

    name: str
    files: Loaded | InputError | None = None
    collected: Collected | None = None
    share: int = 1
