"""The journal of a run whose state is a branch: what must not be lost is pushed before the run goes on.

Pushed before a step returns: that a create is about to be sent, which group a name is bound to, that a link
is about to be revoked and which version it has, what was sent to whom, which group was left. What can be seen
again by reading the group (what was applied, its icon's record, who was there) goes out with the next push, 5
seconds later at the most, or with the last one. While one push is under way the others queue, and the next
carries all of theirs. Every push renews the lock and works only while it is held.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import StateError, Unreachable
from reconciler.language import msg
from reconciler.model.record import Intent, Left, Record, State
from reconciler.state import codec, git_log
from reconciler.state.git_remote import MOVED, Remote, Update
from reconciler.state.memory import MemoryJournal

if TYPE_CHECKING:
    from reconciler.model.record import Record, RunSummary, State
    from reconciler.ports import Clock
    from reconciler.state.git_lease import Lease
    from reconciler.state.git_log import Origin


LINGER = 5.0
"""Seconds after which what may wait is pushed."""

_PAUSES = (0.2, 1.0, 2.0, 4.0)
"""Seconds between tries of a push that nobody answered."""

_MOST_TRIES = 12
_MOST_REFUSALS = 3
"""Tries of a push that is refused although nobody else has pushed."""


class GitJournal(MemoryJournal):
    """Over the state `base`, which was read from the commit `tip` (None: there is no branch yet).

    `read` gives the state of a commit. A thread of its own renews the lock, from the making to `close`.
    """

    def __init__(
        self,
        remote: Remote,
        lease: Lease,
        tip: str | None,
        base: State,
        origin: Origin,
        *,
        read: Callable[[str], State],
        clock: Clock,
    ) -> None:
        super().__init__(base)
        self._remote = remote
        self._lease = lease
        self._tip = tip
        self._base = base
        self._origin = origin
        self._read = read
        self._clock = clock
        self._encoder = codec.Encoder()
        self._sent: dict[str, State] = {}  # by commit: pushes whose answer was lost may have been carried out
        self._durable = 0
        self._told = False
        self._due: float | None = None
        self._writing = False
        self._wrote = False
        self._closed = False
        self._tender = threading.Thread(target=self._tend, name="state-lock", daemon=True)
        self._tender.start()

    def check(self) -> None:
        self._lease.check()

    def finish(self, summary: RunSummary) -> None:
        with self._changed:
            if not self._wrote and not self._left():
                return
        self._tell(summary, None)

    def close(self) -> None:
        """Push what is left and stop renewing. Raises `StateError` when that could not be pushed, unless a
        step or `finish` has said before that something could not."""
        try:
            with self._changed:
                while self._writing:
                    self._changed.wait()
                left = self._left()
            if left and not self._lease.lost:
                self._flush(None)
        except StateError:
            if not self._told:
                raise
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            self._tender.join()

    def retire(self, successor: str) -> str:
        """Call the state's file otherwise: a commit like any other, so that no history and no branch goes."""
        self.close()
        message = git_log.compose(git_log.of_move(successor), (), self._origin)
        if self._tip is None:
            raise StateError(
                msg(
                    "there is no branch {remote}/{branch} yet",
                    remote=self._remote.name,
                    branch=self._remote.branch,
                )
            )
        commit = self._remote.retired(self._tip, message, self._clock.now())
        refusal = self._lease.push([Update(self._remote.ref, self._tip, commit)])
        if refusal is not None:
            raise StateError(
                msg(
                    "the state {state} is not set aside: {why}",
                    state=self._remote.display,
                    why=refusal,
                ),
                msg("run again"),
            )
        self._remote.remember(commit)
        return msg("{file} in {state}", file=MOVED, state=self._remote.display)

    def _left(self) -> bool:
        """Whether something was to be recorded that is not on the branch."""
        return self._durable < self._version

    # --- steps ----------------------------------------------------------------------------------------------

    def _save(self, version: int) -> None:
        with self._changed:
            if self._closed:
                raise RuntimeError("the journal was used after its lock was given up")
            if self._durable >= version:
                return
            if may_wait(self._base, self._state) and not self._lease.lost:
                if self._due is None:
                    self._due = self._clock.monotonic() + LINGER
                    self._changed.notify_all()
                return
        self._tell(None, version)

    def _tell(self, summary: RunSummary | None, version: int | None) -> None:
        """Push for somebody who hears when it cannot be done."""
        try:
            self._flush(summary, version)
        except StateError:
            self._told = True
            raise

    def _flush(self, summary: RunSummary | None, version: int | None = None) -> None:
        """Push, in turn; nothing to do when a push of somebody else has carried `version` meanwhile."""
        with self._changed:
            while self._writing:
                self._changed.wait()
                if version is not None and self._durable >= version:
                    return
            if version is not None and self._durable >= version:
                return
            self._writing = True
        try:
            self._write(summary)
        finally:
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _write(self, summary: RunSummary | None) -> None:
        pauses = iter(_PAUSES)
        refused = 0
        for _ in range(_MOST_TRIES):
            with self._changed:
                carried = self._version
                self._due = None
                state = replace(self._state, serial=self._state.serial + 1)
            title, lines = (
                git_log.of_step(self._base, state) if summary is None else git_log.of_summary(summary)
            )
            message = git_log.compose(title, lines, self._origin)
            commit = self._remote.commit(self._tip, self._encoder.encode(state), message, self._clock.now())
            self._sent[commit] = state
            try:
                refusal = self._lease.push([Update(self._remote.ref, self._tip, commit)])
                if refusal is None:
                    self._advance(commit)
                    with self._changed:
                        self._durable = carried
                    return
                if not self._catch_up():
                    refused += 1
                    if refused >= _MOST_REFUSALS:
                        raise StateError(
                            msg(
                                "the state {state} cannot be pushed: {why}",
                                state=self._remote.display,
                                why=refusal,
                            ),
                            msg(
                                "run again; if it stays so, does {remote} push to where it fetches from? "
                                "git remote -v",
                                remote=self._remote.name,
                            ),
                        )
            except Unreachable:
                pause = next(pauses, None)
                if pause is None:
                    raise
                # not the clock's sleep: a wish to stop must not keep what was done from the branch
                threading.Event().wait(pause)
        raise StateError(
            msg("the state {state} cannot be pushed: it changes all the time", state=self._remote.display),
            msg("run again"),
        )

    def _advance(self, commit: str) -> None:
        """The branch is at a commit of ours now."""
        state = self._sent[commit]
        self._sent.clear()
        self._remote.remember(commit)
        with self._changed:
            self._tip, self._base, self._wrote = commit, state, True
            self._state = replace(self._state, serial=max(self._state.serial, state.serial))

    def _catch_up(self) -> bool:
        """Go on from where the branch is now, with what somebody else recorded merged in. False when it is
        where it was."""
        tip = self._remote.tips().get(self._remote.ref)
        if tip == self._tip:
            return False
        if tip is not None and tip in self._sent:
            self._advance(tip)
            return True
        if tip is None:
            raise rewritten(self._remote, self._tip or "", deleted=True)
        if not self._remote.fetch(self._remote.ref, tip):
            return True
        if self._tip is not None and not self._remote.follows(self._tip, tip):
            raise rewritten(self._remote, self._tip)
        theirs = self._read(tip)
        try:
            with self._changed:
                self._state = merge(self._base, self._state, theirs)
                self._tip, self._base = tip, theirs
        except Conflict as error:
            names = ", ".join(error.names[:5]) + (" …" if len(error.names) > 5 else "")
            raise StateError(
                msg(
                    "the state {state} was changed by somebody else during the run, for the same "
                    "names: {names} (commit {commit})",
                    state=self._remote.display,
                    names=names,
                    commit=tip[:10],
                ),
                msg(
                    "look at what was recorded (reconciler state log {name}), and run again",
                    name=error.names[0],
                ),
            ) from None
        return True

    # --- the thread that renews -----------------------------------------------------------------------------

    def _tend(self) -> None:
        retry_at = 0.0
        while True:
            with self._changed:
                if self._closed or self._lease.lost:
                    return
                now = self._clock.monotonic()
                renew_in = max(self._lease.due_in(), retry_at - now)
                push_in = None if self._due is None else max(self._due - now, retry_at - now)
                pause = renew_in if push_in is None else min(renew_in, push_in)
                if pause > 0:
                    self._changed.wait(pause)
                    continue
            try:
                if push_in is not None and push_in <= 0:
                    self._flush(None, self._version)
                else:
                    self._lease.push(())
            except StateError:  # a lost lock stays lost, and says so with the next step; else try again soon
                retry_at = self._clock.monotonic() + self._lease.seconds / 20


def may_wait(before: State, after: State) -> bool:
    """Whether everything new can be seen again by reading the groups, if it is lost."""
    if (before.creating, before.created, before.left) != (after.creating, after.created, after.left):
        return False
    if before.groups.keys() != after.groups.keys():
        return False
    return all(
        record is before.groups[name] or _lasting(record) == _lasting(before.groups[name])
        for name, record in after.groups.items()
    )


def _lasting(record: Record) -> tuple[object, ...]:
    return (
        record.id,
        record.link_version,
        record.revoking,
        record.stored,
        dict(record.sent),
        dict(record.decisions),
        dict(record.added),
    )


def rewritten(remote: Remote, seen: str, *, deleted: bool = False) -> StateError:
    """The error for a branch that does not contain any more what was read from it."""
    text = (
        msg(
            "the branch {remote}/{branch} was deleted: commit {commit}, which was read before, is not in its "
            "history any more",
            remote=remote.name,
            branch=remote.branch,
            commit=seen[:12],
        )
        if deleted
        else msg(
            "the branch {remote}/{branch} was rewritten: commit {commit}, which was read before, is not in "
            "its history any more",
            remote=remote.name,
            branch=remote.branch,
            commit=seen[:12],
        )
    )
    return StateError(
        text,
        msg(
            "if that was a mistake, put it back: git push --force {remote} {commit}:{ref}; if "
            "it was meant, say so: git update-ref -d {seen_ref}, and run again",
            remote=remote.name,
            commit=seen,
            ref=remote.ref,
            seen_ref=remote.seen_ref,
        ),
    )


# --- merging what two writers recorded, by name ---------------------------------------------------------

_Entry = tuple[Record | None, Intent | None, Left | None]


class Conflict(ValueError):
    """`names` were changed on both sides, and not in the same way."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def merge(base: State, ours: State, theirs: State) -> State:
    """What both made of `base`. Raises `Conflict`."""
    names = sorted(base.names | ours.names | theirs.names)
    groups: dict[str, Record] = {}
    creating: dict[str, Intent] = {}
    left: dict[str, Left] = {}
    conflicts = []
    for name in names:
        before, mine, other = _entry(base, name), _entry(ours, name), _entry(theirs, name)
        if mine != before and other not in (before, mine):
            conflicts.append(name)
        record, intent, tombstone = mine if mine != before else other
        if record is not None:
            groups[name] = record
        if intent is not None:
            creating[name] = intent
        if tombstone is not None:
            left[name] = tombstone
    if conflicts:
        raise Conflict(tuple(conflicts))
    return replace(
        ours,
        serial=max(ours.serial, theirs.serial),
        commit=ours.commit if ours.commit != base.commit else theirs.commit,
        groups=groups,
        creating=creating,
        left=left,
        # of those of one moment as many as either side knows; ones that are too old are dropped by and by
        created=tuple(sorted((Counter(ours.created) | Counter(theirs.created)).elements())),
    )


def _entry(state: State, name: str) -> _Entry:
    return state.groups.get(name), state.creating.get(name), state.left.get(name)
