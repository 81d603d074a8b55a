"""The lock on a state in Git: a branch that whoever writes creates, renews and deletes, by compare-and-swap.

It points at a commit that says who holds it since when, and for how many seconds it is good without being
renewed (its lease). Who waits trusts no clock but its own monotonic one: a lock that it has seen unchanged
for a whole lease was left behind, and is taken over by a push that works only if it is unchanged still.

Who holds it counts from before the push that renewed it, which is earlier than anybody can have seen it. It
renews at a third of the lease, lets nothing be written once two thirds have passed without, and gives up
for good when all of it has: so a process that was stopped and wakes up writes nothing more.

    0 ──── renew ──────── must renew first ──────── lost        a lease, as its holder counts it
    0 ──── 1/3 ────────── 2/3 ───────────────────── 1

Each renewal has the one before as its parent, and so has a lock that is taken over: many remotes take nothing
else. Where the branch may not be deleted, it is given up by a commit that says so (`Free`): alone, which cuts
what has grown, or where that is not taken either, on top.

    take ◄── renew ◄── renew    deleted                         where that is allowed
    take ◄── renew ◄── renew    free ◄── take ◄── renew         where only deleting is not
    take ◄── renew ◄── renew ◄── free ◄── take ◄── renew        where a branch only goes forward

A version that knew no such mark takes the second for a lock whose lease is over at once, which it is; the
third it could not take over, and shows its title to those who wait.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.errors import Interrupted, LockedError, StateError, Unreachable
from reconciler.language import msg
from reconciler.state.codec import format_time
from reconciler.state.git_errors import Declined
from reconciler.state.git_log import LOCKED_BY, of_lock, of_no_lock, parse
from reconciler.state.git_remote import Remote, Update
from reconciler.state.lock import holds

if TYPE_CHECKING:
    from reconciler.ports import Clock

LONGEST = 3600.0
"""Seconds: a lock that claims a longer lease (anybody who may push can write one) is believed no longer."""

DELETE, ALONE, ON_TOP = range(3)
"""The ways to give a lock up, in the order in which they are tried; the drawing has them in this order."""

_TRIES = 5
_LAST = 30.0
"""Seconds for a push that gives a lock up."""

_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Holder:
    """What a lock's commit says: who holds it (with since when), and its lease in seconds; `free`: nobody."""

    who: str
    lease: float
    free: bool = False


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A lock that is none any more: whose it was, and whether it had to be `removed`."""

    who: str
    removed: bool


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
        old = waiting.over
        oid = mine.commit(old)
        refusal = remote.push([Update(remote.lock_ref, old, oid)])
        current = None if refusal is None else remote.tips().get(remote.lock_ref)
        if refusal is None or current == oid:
            if waiting.way == ON_TOP:
                remote.keep_lock(old)
            return Lease(remote, mine, oid, begun, clock, waiting.way)
        if current == old:  # free again already, or two of us took it at once, or the remote has its reasons
            tries += 1
            if tries >= _TRIES:
                raise StateError(
                    msg(
                        "the lock on {state} cannot be taken: {why}",
                        state=remote.display,
                        why=refusal,
                    ),
                    msg("run again"),
                )
            clock.sleep(0.05 * tries)
        waiting.until_free(current, end)


def rehearse(remote: Remote, holder: str, lease: float, empty: bytes, *, clock: Clock) -> bool:
    """Take the lock, renew it, have the remote judge a push of the branch that is not carried out, and give
    the lock up. Returns whether it could be deleted; else it is marked free.

    `empty` is what the branch would hold where there is none. Raises `LockedError` when somebody holds the
    lock, and `StateError` when the remote does not let us do all that.
    """
    held = acquire(remote, holder, lease, timeout=0, clock=clock)
    try:
        refusal = held.push(())
        if refusal is not None:
            raise StateError(
                msg(
                    "the lock on {state} cannot be renewed: {why}",
                    state=remote.display,
                    why=refusal,
                ),
                msg("run again"),
            )
        tip = remote.tips().get(remote.ref)
        if tip is None or remote.fetch(remote.ref, tip):
            held.push_in_vain(Update(remote.ref, tip, remote.again(tip, empty, clock.now())))
    finally:
        error = held.release()
    if error is not None:
        raise error
    return held.way == DELETE


def release_stale(remote: Remote, lease: float, clock: Clock) -> Unlocked | None:
    """Remove a lock that was left behind: watch it for a whole lease, and give it up if it is unchanged.

    Returns None when nobody holds it. Raises `LockedError` when it was renewed meanwhile.
    """
    waiting = _Waiting(remote, lease, clock)
    while True:
        waiting.until_free(waiting.tip(), clock.monotonic() + LONGEST + 1, patient=False)
        if waiting.holder is None:
            return None
        if waiting.over is None or waiting.free:
            return Unlocked(waiting.holder.who, removed=False)
        if _give_up(_Lock(remote, "", lease, clock.now()), waiting.over, DELETE) is not None:
            return Unlocked(waiting.holder.who, removed=True)


def holder_of(remote: Remote, lease: float) -> str | None:
    """Who the lock says holds it now, None for nobody. Raises `StateError`."""
    for _ in range(_TRIES):
        current = remote.tips().get(remote.lock_ref)
        if current is None:
            return None
        holder = read_holder(remote, current, lease)
        if holder is not None:
            return None if holder.free else holder.who
    return msg("somebody who renews it all the time")


def read_holder(remote: Remote, oid: str, lease: float) -> Holder | None:
    """What the lock's commit says; None when it has moved on before it could be read. `lease`: the seconds to
    go by where it names none."""
    if not remote.fetch(remote.lock_ref, oid):
        return None
    told = parse(remote.messages([oid])[0])
    who = told.title.removeprefix(LOCKED_BY)
    since, seconds = told.trailers.get("Since", ""), told.trailers.get("Lease", "")
    lease = float(seconds) if _SECONDS.fullmatch(seconds) else lease
    who = "".join(char if char.isprintable() else "�" for char in who)[:200]
    return Holder(
        holds(who, since[:40]) if since and since.isprintable() else who,
        min(lease, LONGEST),
        "Free" in told.trailers,
    )


class _Waiting:
    """Watching somebody else's lock. `over` is the commit of one that holds no more, if any: it was seen for
    a whole lease, or says so itself (`free`). `holder` is who held it last, as far as was seen."""

    def __init__(self, remote: Remote, lease: float, clock: Clock) -> None:
        self._remote = remote
        self._lease = lease
        self._clock = clock
        self._poll = min(2.0, max(0.05, lease / 30))
        self._oid = ""
        self._said: Holder | None = None
        self._since = 0.0
        self.holder: Holder | None = None
        self.over: str | None = None

    @property
    def free(self) -> bool:
        """Whether the lock as it was seen last says that nobody holds it."""
        return self._said is not None and self._said.free

    @property
    def way(self) -> int:
        """How a lock that is taken now can be given up: as the one before was, which was not deleted."""
        if self._said is None or not self._said.free:
            return DELETE
        return ALONE if self._said.lease == 0 else ON_TOP

    def until_free(self, current: str | None, end: float, *, patient: bool = True) -> None:
        """Return when the lock is gone, or (with `over` set) is free or was not renewed for a whole lease.

        `patient`: whether a renewed lock is waited for, until `end` on the monotonic clock.
        """
        self.over = None
        while current is not None:
            if current != self._oid:
                renewed = self._oid != ""
                current = self._look(current)
                if renewed and not patient and not self.free:
                    raise self._locked()
            if self.free or self._clock.monotonic() - self._since >= self._seconds:
                if self._remote.fetch(self._remote.lock_ref, current):
                    self.over = current
                    return
                current = self.tip()
                continue
            if self._clock.stopping:
                raise Interrupted(
                    msg("stopped while waiting for the lock on {state}", state=self._remote.display)
                )
            now = self._clock.monotonic()
            if now >= end:
                raise self._locked()
            self._clock.sleep(min(self._poll, end - now))
            current = self.tip()
        self._said = None

    def _look(self, current: str) -> str:
        """Read the lock; the commit that it is at by then."""
        self._said = read_holder(self._remote, current, self._lease)
        for _ in range(_TRIES):
            if self._said is not None or (moved := self.tip()) is None:
                break
            current = moved  # renewed before it could be read
            self._said = read_holder(self._remote, current, self._lease)
        self._oid, self._since = current, self._clock.monotonic()
        if self._said is not None and not self._said.free:
            self.holder = self._said
        return current

    @property
    def _seconds(self) -> float:
        return self._said.lease if self._said else self._lease

    def tip(self) -> str | None:
        return self._remote.tips().get(self._remote.lock_ref)

    def _locked(self) -> LockedError:
        who = self.holder.who if self.holder else msg("another run")
        return LockedError(
            msg("the state {state} is locked by {holder}", state=self._remote.display, holder=who),
            msg(
                "wait until it has ended: --lock-timeout SECONDS. If it was killed, its lock "
                "is taken over by who waits more than {seconds:g} s, or removed by: reconciler "
                "state unlock",
                seconds=self._seconds,
            ),
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

    def commit(self, parent: str | None) -> str:
        """One that holds the lock."""
        return self._commit(parent, of_lock(self.holder, self._since, self.lease, self._session()))

    def end(self, way: int, oid: str) -> str | None:
        """What the lock's branch gets in the place of the commit `oid`; None: nothing.

        A version that knows no free lock goes by the lease. Alone, it may take it over at once; on top, a
        remote that refuses all else would make it try without end, so that it had better wait.
        """
        if way == DELETE:
            return None
        if way == ALONE:
            return self._commit(None, of_no_lock(self._since, 0, self._session()))
        return self._commit(oid, of_no_lock(self._since, LONGEST, self._session()))

    @property
    def _since(self) -> str:
        return format_time(self.since.replace(microsecond=0))

    def _session(self) -> str:
        """Name this holding of the lock, and count its commits."""
        self.token = self.token or secrets.token_hex(16)
        self.count += 1
        return f"{self.token}/{self.count}"

    def _commit(self, parent: str | None, message: str) -> str:
        return self.remote.commit(parent, None, message, self.since)


def _give_up(lock: _Lock, oid: str, way: int) -> int | None:
    """Give up a lock that is at `oid`, in this way or else the next; the one that the remote allowed.

    None: it is not there any more, or has moved. Raises `StateError` when the remote allows none.
    """
    remote = lock.remote
    while True:
        new = lock.end(way, oid)
        try:
            refusal = remote.push([Update(remote.lock_ref, oid, new)], timeout=_LAST)
            if refusal is None:
                if way == ON_TOP:
                    remote.keep_lock(new)
                return way
            error = StateError(msg("{remote} did not take it: {why}", remote=remote.name, why=refusal))
        except Declined as declined:
            error = declined
        if remote.tips().get(remote.lock_ref) != oid:
            return None
        if way == ON_TOP:
            raise StateError(
                msg(
                    "the lock on {state} cannot be given up: {why}",
                    state=remote.display,
                    why=error.message,
                ),
                error.hint,
            )
        way += 1


class Lease:
    """A lock that is held. Safe to use from several threads; one push is under way at a time."""

    def __init__(self, remote: Remote, lock: _Lock, oid: str, begun: _Moment, clock: Clock, way: int) -> None:
        self._remote = remote
        self._lock = lock
        self._oid = oid
        self._renewed = begun
        self._clock = clock
        self.way = way
        self._turn = threading.RLock()
        self._lost: StateError | None = None
        self._refused = ""
        self._sent: dict[str, _Moment] = {}  # pushes of which nobody knows yet whether they were carried out
        self._unsure = False  # whether one of these may have been, and its answer was lost

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
            refusal: str | None = None
            for _ in range(2):  # the first may find that an earlier push was done after all
                if self._renewed.age(self._clock) < self.seconds * 2 / 3:
                    return
                refusal = self.push(())
            if refusal is not None:
                raise StateError(
                    msg(
                        "the lock on {state} cannot be renewed: {why}",
                        state=self._remote.display,
                        why=refusal,
                    ),
                    msg("run again: what was done by then is found"),
                )

    def push(self, updates: Sequence[Update]) -> str | None:
        """Push the updates and a renewed lock, all or nothing. None: done; else why not, mostly because one
        of the refs has moved.

        Raises `StateError` when the lock is lost, and when the remote refuses; its branch `Unreachable` when
        nobody answered: then nothing was done as far as anybody can tell, and it may be tried again.
        """
        with self._turn:
            if self._lost is not None:
                raise self._lost
            begun = _Moment.of(self._clock)
            left = self.seconds - self._renewed.age(self._clock)
            if left <= 0:
                why = msg("it was not renewed for {seconds:g} s", seconds=self.seconds)
                if self._refused:
                    why = msg("{what} ({why})", what=why, why=self._refused)
                raise self._lose(why)
            oid = self._lock.commit(self._oid)
            self._sent[oid] = begun
            mine = Update(self._remote.lock_ref, self._oid, oid)
            try:
                refusal = self._remote.push([*updates, mine], timeout=left)
            except Unreachable:
                self._unsure = True
                if not self._was_done(oid):
                    raise
                return None
            except StateError as error:
                self._refused = error.message
                raise
            if refusal is None:
                self._hold(oid)
            elif not self._was_done(oid):
                self._refused = refusal
                return refusal
            return None

    def push_in_vain(self, update: Update) -> None:
        """Have the remote judge a push of the update and a renewed lock, without carrying it out. Raises
        `StateError` as `push`."""
        with self._turn:
            begun = _Moment.of(self._clock)
            mine, meanwhile = (self._lock.commit(self._oid) for _ in range(2))
            self._sent |= {mine: begun, meanwhile: begun}
            self._unsure = True
            self._remote.push_in_vain(
                [update, Update(self._remote.lock_ref, self._oid, mine)],
                Update(self._remote.lock_ref, self._oid, meanwhile),
            )

    def _was_done(self, oid: str) -> bool:
        """Whether a push without a good answer was carried out after all, by what the lock's ref says now;
        it may also be that an earlier one was."""
        current = self._remote.tips().get(self._remote.lock_ref)
        self._unsure = False
        if current in self._sent:
            self._hold(current)
        elif current != self._oid:
            raise self._lose(
                msg("somebody removed it") if current is None else msg("another run has taken it over")
            )
        return current == oid

    def _hold(self, oid: str) -> None:
        self._oid, self._renewed = oid, self._sent.pop(oid)

    def _lose(self, why: str) -> StateError:
        self._lost = StateError(
            msg(
                "the lock on {state} is lost: {why}, so nothing more is written",
                state=self._remote.display,
                why=why,
            ),
            msg("run again: what was done by then is found"),
        )
        return self._lost

    def release(self) -> StateError | None:
        """Give the lock up; the error when that could not be done: then it ends with its lease."""
        with self._turn:
            if self._lost is not None:
                return None
            try:
                if self._unsure:
                    self._was_done("")
            except StateError as error:
                return None if self.lost else error
            self._lose(msg("it was given up"))
            try:
                way = _give_up(self._lock, self._oid, self.way)
            except StateError as error:
                return error
            self.way = self.way if way is None else way
            return None
