"""The lock on a state in Git: a branch that whoever writes creates, renews and deletes, by compare-and-swap.

It points at a commit that says who holds it since when, and for how many seconds it is good without being
renewed (its lease). Who waits trusts no clock but its own monotonic one: a lock that it has seen unchanged
for a whole lease was left behind, and is taken over by a push that works only if it is unchanged still.

Who holds it counts from before the push that renewed it, which is earlier than anybody can have seen it. It
renews at a third of the lease, lets nothing be written once two thirds have passed without, and gives up
for good when all of it has: so a process that was stopped and wakes up writes nothing more.

    0 ──── renew ──────── must renew first ──────── lost        a lease, as its holder counts it
    0 ──── 1/3 ────────── 2/3 ───────────────────── 1
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.errors import Interrupted, LockedError, StateError, Unreachable
from reconciler.frozen import dataclass
from reconciler.state.codec import format_time
from reconciler.state.git_message import SKIP, parse
from reconciler.state.git_remote import Remote, Update

if TYPE_CHECKING:
    from reconciler.ports import Clock

LONGEST = 3600.0
"""Seconds: a lock that claims a longer lease (anybody who may push can write one) is believed no longer."""

_TRIES = 5
_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Holder:
    """What a lock's commit says: who holds it (with since when), and its lease in seconds."""

    who: str
    lease: float


def acquire(remote: Remote, holder: str, lease: float, *, timeout: float, clock: Clock) -> Lease:
    """Take the lock, trying for `timeout` seconds (0: once). `lease` in seconds.

    Raises `LockedError` naming the holder, `Interrupted` when a stop was asked for while waiting, and
    `StateError` when the remote cannot be reached or does not let us push.
    """
    end = clock.monotonic() + timeout
    mine = _Lock(remote, holder, lease, clock.now())
    waiting = _Waiting(remote, lease, clock)
    tries = 0
    while True:
        begun = _Moment.of(clock)
        oid = mine.commit()
        refusal = remote.push([Update(remote.lock_ref, waiting.stale, oid)])
        current = None if refusal is None else remote.tips().get(remote.lock_ref)
        if refusal is None or current == oid:
            return Lease(remote, mine, oid, begun, clock)
        if current is None:
            tries += 1  # free again already, or two of us took it at once
            if tries >= _TRIES:
                raise StateError(f"the lock on {remote.display} cannot be taken: {refusal}", "run again")
            clock.sleep(0.05 * tries)
            continue
        waiting.until_free(current, end)


def release_stale(remote: Remote, lease: float, clock: Clock) -> Holder | None:
    """Remove a lock that was left behind: watch it for a whole lease, and delete it if it is unchanged.

    Returns whose it was, None when there is none. Raises `LockedError` when it was renewed meanwhile.
    """
    current = remote.tips().get(remote.lock_ref)
    if current is None:
        return None
    waiting = _Waiting(remote, lease, clock)
    waiting.until_free(current, clock.monotonic() + LONGEST + 1, patient=False)
    if waiting.stale is not None:
        refusal = remote.push([Update(remote.lock_ref, waiting.stale, None)])
        if refusal is not None and remote.tips().get(remote.lock_ref) is not None:
            raise StateError(f"the lock on {remote.display} was not removed: {refusal}", "run again")
    return waiting.holder


def holder_of(remote: Remote, lease: float) -> str | None:
    """Who the lock says holds it now, None where there is none. Raises `StateError`."""
    for _ in range(_TRIES):
        current = remote.tips().get(remote.lock_ref)
        if current is None:
            return None
        holder = read_holder(remote, current, lease)
        if holder is not None:
            return holder.who
    return "somebody who renews it all the time"


def read_holder(remote: Remote, oid: str, lease: float) -> Holder | None:
    """What the lock's commit says; None when it has moved on before it could be read. `lease`: the seconds to
    go by where it names none."""
    if not remote.fetch(remote.lock_ref, oid):
        return None
    told = parse(remote.messages([oid])[0])
    who = told.title.removeprefix("Locked by ")
    since, seconds = told.trailers.get("Since", ""), told.trailers.get("Lease", "")
    lease = float(seconds) if _SECONDS.fullmatch(seconds) else lease
    who = "".join(char if char.isprintable() else "�" for char in who)[:200]
    return Holder(f"{who} since {since[:40]}" if since.isprintable() else who, min(lease, LONGEST))


class _Waiting:
    """Watching somebody else's lock. `stale` is the commit that was seen for a whole lease, if any."""

    def __init__(self, remote: Remote, lease: float, clock: Clock) -> None:
        self._remote = remote
        self._lease = lease
        self._clock = clock
        self._poll = min(2.0, max(0.05, lease / 30))
        self._oid = ""
        self._since = 0.0
        self.holder: Holder | None = None
        self.stale: str | None = None

    def until_free(self, current: str | None, end: float, *, patient: bool = True) -> None:
        """Return when the lock is gone, or (with `stale` set) was not renewed for a whole lease.

        `patient`: whether a renewed lock is waited for, until `end` on the monotonic clock.
        """
        self.stale = None
        while current is not None:
            now = self._clock.monotonic()
            if current != self._oid:
                renewed = self._oid != ""
                self._oid, self._since = current, now
                holder = self._read(current)
                for _ in range(_TRIES):
                    if holder is not None or (moved := self._tip()) is None:
                        break
                    current = self._oid = moved  # renewed before it could be read
                    holder = self._read(current)
                self.holder = holder or self.holder
                if renewed and not patient:
                    raise self._locked()
            lease = self.holder.lease if self.holder else self._lease
            if now - self._since >= lease:
                self.stale = current
                return
            if self._clock.stopping:
                raise Interrupted(f"stopped while waiting for the lock on {self._remote.display}")
            if now >= end:
                raise self._locked()
            self._clock.sleep(min(self._poll, end - now))
            current = self._tip()

    def _tip(self) -> str | None:
        return self._remote.tips().get(self._remote.lock_ref)

    def _read(self, oid: str) -> Holder | None:
        return read_holder(self._remote, oid, self._lease)

    def _locked(self) -> LockedError:
        lease = self.holder.lease if self.holder else self._lease
        who = self.holder.who if self.holder else "another run"
        return LockedError(
            f"the state {self._remote.display} is locked by {who}",
            f"wait until it has ended: --lock-timeout SECONDS. If it was killed, its lock is taken over by "
            f"who waits more than {lease:g} s, or removed by: reconciler state unlock",
        )


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment on both clocks. The monotonic one may stand still while a machine sleeps."""

    monotonic: float
    wall: datetime

    @classmethod
    def of(cls, clock: Clock) -> _Moment:
        return cls(clock.monotonic(), clock.now())

    def age(self, clock: Clock) -> float:
        return max(clock.monotonic() - self.monotonic, (clock.now() - self.wall).total_seconds())


@dataclass(slots=True)
class _Lock:
    """Makes the commits of one holder's lock, each different from all others."""

    remote: Remote
    holder: str
    lease: float
    since: datetime
    token: str = ""
    count: int = 0

    def commit(self) -> str:
        self.token = self.token or secrets.token_hex(16)
        self.count += 1
        since = format_time(self.since.replace(microsecond=0))
        lines = (f"Since: {since}", f"Lease: {self.lease:g}", f"Session: {self.token}/{self.count}", SKIP, "")
        return self.remote.commit(None, None, f"Locked by {self.holder}\n\n" + "\n".join(lines), self.since)


class Lease:
    """A lock that is held. Safe to use from several threads; one push is under way at a time."""

    def __init__(self, remote: Remote, lock: _Lock, oid: str, begun: _Moment, clock: Clock) -> None:
        self._remote = remote
        self._lock = lock
        self._oid = oid
        self._renewed = begun
        self._clock = clock
        self._turn = threading.RLock()
        self._lost: StateError | None = None
        self._sent: dict[str, _Moment] = {}  # pushes of which nobody knows yet whether they were carried out

    @property
    def seconds(self) -> float:
        return self._lock.lease

    @property
    def session(self) -> str:
        """A name for this holding of the lock."""
        return self._lock.token

    @property
    def lost(self) -> bool:
        return self._lost is not None

    def due_in(self) -> float:
        """Seconds until the lock should be renewed."""
        return self.seconds / 3 - self._renewed.age(self._clock)

    def check(self) -> None:
        """Return when something may be written now. Raises `StateError` when the lock is lost, or cannot be
        renewed although it has to be."""
        if self._lost is not None:
            raise self._lost
        if self._renewed.age(self._clock) < self.seconds * 2 / 3:
            return
        with self._turn:
            if self._renewed.age(self._clock) >= self.seconds * 2 / 3:
                self.push(())

    def push(self, updates: Sequence[Update]) -> bool:
        """Push the updates and a renewed lock, all or nothing; False when one of the refs has moved.

        Raises `StateError` when the lock is lost, and when the remote refuses; its branch `Unreachable` when
        nobody answered: then nothing was done as far as anybody can tell, and it may be tried again.
        """
        with self._turn:
            if self._lost is not None:
                raise self._lost
            begun = _Moment.of(self._clock)
            left = self.seconds - self._renewed.age(self._clock)
            if left <= 0:
                raise self._lose(f"it was not renewed for {self.seconds:g} s")
            oid = self._lock.commit()
            self._sent[oid] = begun
            mine = Update(self._remote.lock_ref, self._oid, oid)
            try:
                refusal = self._remote.push([*updates, mine], timeout=left)
            except Unreachable:
                if not self._was_done(oid):
                    raise
                return True
            if refusal is None:
                self._hold(oid)
            return refusal is None or self._was_done(oid)

    def _was_done(self, oid: str) -> bool:
        """Whether a push without a good answer was carried out after all, by what the lock's ref says now;
        it may also be that an earlier one was."""
        current = self._remote.tips().get(self._remote.lock_ref)
        if current in self._sent:
            self._hold(current)
        elif current != self._oid:
            raise self._lose("somebody removed it" if current is None else "another run has taken it over")
        return current == oid

    def _hold(self, oid: str) -> None:
        self._oid, self._renewed = oid, self._sent.pop(oid)

    def _lose(self, why: str) -> StateError:
        self._lost = StateError(
            f"the lock on {self._remote.display} is lost: {why}, so nothing more is written",
            "run again: what was done by then is found",
        )
        return self._lost

    def release(self) -> StateError | None:
        """Give the lock up; the error when that could not be done: then it ends with its lease."""
        with self._turn:
            if self._lost is not None:
                return None
            self._lose("it was given up")
            try:
                refusal = self._remote.push([Update(self._remote.lock_ref, self._oid, None)], timeout=30.0)
            except StateError as error:
                return error
            if refusal is None or self._remote.tips().get(self._remote.lock_ref) != self._oid:
                return None
            return StateError(f"the lock on {self._remote.display} was not removed: {refusal}")
