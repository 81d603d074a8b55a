"""A journal that keeps its state in memory only: for `state: none`, and what the others are built on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.model.record import DAY, Intent, Left, Record, Revoking, RunSummary, Sent, State


class MemoryJournal:
    """A `ports.Journal` over a `State` without a file: what it holds ends with the run.

    A journal that keeps more subclasses it and overrides `_save`. `_version` counts the steps that changed
    something; it and `_state` change only under `_changed`.
    """

    def __init__(self, state: State) -> None:
        self._changed = threading.Condition()
        self._state = state
        self._version = 0

    @property
    def state(self) -> State:
        """What is recorded now."""
        with self._changed:
            return self._state

    def applies(self, commit: str) -> None:
        """From now on manifests are applied as this commit has them."""
        self._step(lambda state: state if state.commit == commit else replace(state, commit=commit))

    def intend(self, name: str, intent: Intent) -> None:
        """A create is about to be sent."""
        self._step(lambda state: state.with_intent(name, intent))

    def cancel(self, name: str) -> None:
        """The create of `name` surely made nothing."""
        self._step(lambda state: state.without_intent(name))

    def created(self, name: str, group_id: str, at: datetime) -> None:
        """A create succeeded: binds the name to a group of which nothing else is known, and counts the
        creation beside those of the 24 hours before `at`."""
        self._step(lambda state: _count_creation(state.with_record(name, Record(id=group_id)), at))

    def record(self, name: str, record: Record) -> None:
        """What is now known of a name."""
        self._step(lambda state: _with_record(state, name, record))

    def forget(self, name: str) -> None:
        """Nothing is known of `name` any more."""
        self._step(lambda state: _without(state, name))

    def observe(self, records: Mapping[str, Record], forgotten: Collection[str]) -> None:
        """What is now known of several names, and which names nothing is known of, in one step."""
        self._step(lambda state: _with_all(state, records, forgotten))

    def left(self, groups: Mapping[str, Left], forgotten: Collection[str]) -> None:
        """The groups of these names were left; nothing else is known of them, nor of the `forgotten`."""
        self._step(lambda state: _with_all(state, {}, {*groups, *forgotten}, groups))

    def revoke(self, name: str, revoking: Revoking) -> None:
        """The link of a recorded name is about to be revoked."""
        self._step(lambda state: _changed(state, name, lambda record: replace(record, revoking=revoking)))

    def revoked(self, name: str) -> None:
        """The revoke that was begun was seen."""
        self._step(lambda state: _changed(state, name, Record.revoked))

    def sent(self, changes: Mapping[str, Mapping[str, Sent | None]]) -> None:
        """What becomes of a message with links, per name and person."""
        self._step(lambda state: _with_sent(state, changes))

    def take(self, state: State) -> None:
        """What another place has recorded is recorded here from now on."""
        self._step(lambda old: replace(state, serial=max(old.serial, state.serial)))

    def check(self) -> None:
        """Something may always be written here: a journal under a lock that can be lost overrides this."""

    def finish(self, summary: RunSummary) -> None:
        """Here every step was made durable at once, and there is no history."""

    def _step(self, step: Callable[[State], State]) -> None:
        with self._changed:
            after = step(self._state)
            if after is not self._state:
                self._state = after
                self._version += 1
            version = self._version
        self._save(version)

    def _save(self, version: int) -> None:
        """Return when all steps up to `version` are durable. Here there is no place to save to."""


def _with_record(state: State, name: str, record: Record) -> State:
    """The very same state when nothing is new, by which a journal sees that there is nothing to write."""
    if state.groups.get(name) == record and name not in state.creating and name not in state.left:
        return state
    return state.with_record(name, record)


def _changed(state: State, name: str, change: Callable[[Record], Record]) -> State:
    """With another record of `name`; one of which nothing is recorded is passed over."""
    before = state.groups.get(name)
    after = None if before is None else change(before)
    return state if after is None or after == before else replace(state, groups={**state.groups, name: after})


def _with_all(
    state: State,
    records: Mapping[str, Record],
    forgotten: Collection[str],
    left: Mapping[str, Left] | None = None,
) -> State:
    """As `_with_record` and `_without`, but with one copy of the state for all names."""
    ended = {*records, *forgotten}
    groups = {**state.groups, **records}
    for name in forgotten:
        groups.pop(name, None)
    creating = {name: intent for name, intent in state.creating.items() if name not in ended}
    gone = {name: entry for name, entry in state.left.items() if name not in ended} | dict(left or {})
    if groups == state.groups and creating == state.creating and gone == state.left:
        return state
    return replace(state, groups=groups, creating=creating, left=gone)


def _with_sent(state: State, changes: Mapping[str, Mapping[str, Sent | None]]) -> State:
    records = {
        name: state.groups[name].with_sent(sent) for name, sent in changes.items() if name in state.groups
    }
    return _with_all(state, records, ()) if records else state


def _without(state: State, name: str) -> State:
    return state.without(name) if name in state.names else state


def _count_creation(state: State, at: datetime) -> State:
    return replace(state, created=(*(earlier for earlier in state.created if earlier > at - DAY), at))
