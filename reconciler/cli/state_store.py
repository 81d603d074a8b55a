"""What the `state` commands share: the store of a run that makes no call and needs no credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli import environment, loading, wiring
from reconciler.cli.clock import SystemClock
from reconciler.cli.store import Store
from reconciler.errors import UsageError
from reconciler.model import number
from reconciler.model.group import is_name

if TYPE_CHECKING:
    from reconciler.cli.common import Common
    from reconciler.manifests.load import Loaded
    from reconciler.ports import Journal
    from reconciler.state.git import GitStore


def open_store(common: Common) -> tuple[Store, Loaded]:
    """The store and the files. Raises `InputError`, and `UsageError` with `state: none`."""
    common.refuse("target", "report")
    wiring.enter(common)
    store, loaded = open_offline(common)
    if not store.keeps:
        raise UsageError("`state` is none: there is nothing recorded")
    return store, loaded


def open_offline(common: Common) -> tuple[Store, Loaded]:
    """The store, which may be none, and the files, without their icons. Raises `InputError`."""
    loaded = loading.load(common, SystemClock(), groups=False)
    api = "sandbox" if common.sandbox else environment.base_url(common.account_name)
    return Store.of(common, loaded, api), loaded


def history(store: Store, what: str) -> GitStore:
    """The store as one with a history. Raises `UsageError` for one without: `what` was asked for."""
    if store.git is None:
        raise UsageError(
            f"{what}: the state {store.display} keeps no history",
            "keep it on a branch: state: git:origin/reconciler-state (docs/state.md)",
        )
    return store.git


@contextmanager
def changing(common: Common, lock_timeout: float) -> Iterator[Journal]:
    """A journal for a change by hand, under the lock."""
    store, _ = open_store(common)
    with store.lock(lock_timeout, SystemClock()) as journal:
        yield journal


def check_name(name: str) -> None:
    """Raise `UsageError` unless a manifest may have this name."""
    if not is_name(name):
        raise UsageError(f"{name!r:.40} is no name", "a name is made of a-z, 0-9 and hyphens")


def check_id(group_id: str) -> None:
    """Raise `UsageError` unless the API may list this as a group's id."""
    if not number.is_group_id(group_id):
        raise UsageError(f"{group_id!r:.40} is no group id", "copy it from: reconciler plan --show-numbers")
