"""State on a branch of its own: read without a lock, written under one that works across machines.

The branch holds one file, `state.json`, in the same form as a state file, and its history is that of the
runs. It is created with the first write, without a common ancestor with anything else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.errors import LockedError, StateError
from reconciler.language import msg
from reconciler.model.record import State
from reconciler.state import codec, git_lease, git_log
from reconciler.state.git_journal import GitJournal, rewritten
from reconciler.state.git_log import Origin
from reconciler.state.git_remote import FILE, MOVED, Remote
from reconciler.state.owner import Owner

if TYPE_CHECKING:
    from reconciler.git import Git
    from reconciler.model.history import Written
    from reconciler.ports import Clock, Movable
    from reconciler.state.git_lease import Unlocked

MAX_BYTES = 64 * 1024 * 1024
"""The state of 10,000 groups takes a tenth of this."""

LEASE = 60.0
"""Seconds for which a lock is good without being renewed; it is renewed every third of this."""

_REHEARSAL = 20.0
"""Seconds of a lock that is taken to see whether it can be: somebody may be waiting for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: `run` names the pipeline's job, or the user and host; `actor` who started it, where that is
    known; `commit` says that of the manifests, once something is to be written."""

    run: str
    actor: str | None = None
    commit: Callable[[], str | None] = lambda: None


class GitStore:
    """The state of one API on the branch `branch` of the remote `name`.

    `lease` in seconds. `warnings` holds what the last `read` found doubtful, `note` what
    `Owner.note` says; `moved` says that there is nothing because it was moved elsewhere, "" where that is not
    so; `still_locked` why the last lock could not be given up.
    """

    def __init__(
        self, git: Git, name: str, branch: str, owner: Owner | str, writer: Writer, *, lease: float = LEASE
    ) -> None:
        """`owner` may be the address of a service that is no gateway."""
        self._remote = Remote(git, name, branch)
        self._owner = Owner(owner) if isinstance(owner, str) else owner
        self._writer = writer
        self._lease = lease
        self._checked = False
        self.display = self._remote.display
        self.warnings: tuple[str, ...] = ()
        self.note = ""
        self.moved = ""
        self.still_locked = ""

    @property
    def remote(self) -> Remote:
        """The branch, once it is known that there is such a remote. Raises `StateError`."""
        if not self._checked:
            self._remote.check()
            self._checked = True
        return self._remote

    def read(self) -> State:
        """What is recorded; an empty state where there is no branch yet. Takes no lock, pushes nothing.

        Raises `StateError` when the remote cannot be reached, the branch was rewritten since this clone read
        it, holds no state, or one that is damaged, of a newer version or of another API.
        """
        return self._read(self.tip())

    def _read(self, tip: str | None) -> State:
        self.moved = ""
        if tip is None:
            return self._owner.new()
        try:
            return self.of_this_api(tip)
        except _Moved as error:
            self.moved = error.message
            self.warnings = (*self.warnings, self.moved)
            return self._owner.new()

    def tip(self) -> str | None:
        """The commit that the branch is at, which is then here; None where there is no branch."""
        remote = self.remote
        self.warnings = ()
        while True:
            seen = remote.seen()
            tip = remote.tips().get(remote.ref)
            if tip is None:
                if seen is not None:
                    self.warnings = (
                        msg(
                            "the branch {remote}/{branch} is gone: the state begins anew. To put it back: "
                            "git push {remote} {commit}:{ref}",
                            remote=remote.name,
                            branch=remote.branch,
                            commit=seen,
                            ref=remote.ref,
                        ),
                    )
                    remote.remember(None)
                return None
            if tip == seen:
                return tip
            if remote.fetch(remote.ref, tip):
                break
        if seen is not None and not remote.follows(seen, tip):
            raise rewritten(remote, seen)
        remote.remember(tip)
        return tip

    def state_at(self, commit: str) -> State:
        """The state in a commit, of whatever API. Raises `StateError`."""
        data = self.remote.file(commit, MAX_BYTES)
        where = msg("the state {state} (commit {commit})", state=self.display, commit=commit[:10])
        if data is None and self.remote.is_retired(commit):
            raise _Moved(
                msg(
                    "the state {state} was moved elsewhere: the branch keeps it as {file}",
                    state=self.display,
                    file=MOVED,
                ),
                msg("to where, its last commit says: git log -1 {commit}", commit=commit[:10]),
            )
        if data is None:
            raise StateError(
                msg("{state} holds no {file}: it is no state's branch", state=self.display, file=FILE),
                msg("name a branch that is used for nothing else: git:origin/reconciler-state"),
            )
        try:
            return codec.loads(data)
        except codec.Newer as error:
            raise StateError(
                msg(
                    "{state} was written by a newer version of reconciler ({why})",
                    state=where,
                    why=error.args[0],
                ),
                msg("use that version here as well"),
            ) from None
        except codec.Damaged as error:
            raise StateError(
                msg("{state} is damaged: {why}", state=where, why=error.args[0]),
                msg(
                    "revert that commit on the branch (docs/state.md), or begin anew: git push "
                    "{remote} --delete {branch}; the next run finds its groups",
                    remote=self.remote.name,
                    branch=self.remote.branch,
                ),
            ) from None

    def of_this_api(self, commit: str) -> State:
        """As `state_at`; raises `StateError` for the state of another API."""
        elsewhere = msg(
            "keep this service's state on another branch: git:{remote}/ANOTHER", remote=self.remote.name
        )
        state = self.state_at(commit)
        self.note = self._owner.note(state)
        return self._owner.check(state, self.display, elsewhere)

    def at(self, rev: str) -> State:
        """The state in a commit of the branch; `rev` as `git_log.is_rev` allows. Raises `StateError`."""
        tip = self.tip()
        if tip is None:
            raise StateError(
                msg(
                    "there is no branch {remote}/{branch} yet",
                    remote=self.remote.name,
                    branch=self.remote.branch,
                )
            )
        return self.state_at(git_log.resolve(self.remote, tip, rev))

    def recorded(self) -> State | None:
        """The state on the branch, of whatever API; None where there is no branch. Raises `StateError`."""
        tip = self.tip()
        return None if tip is None else self.state_at(tip)

    def written(self, since: datetime | None) -> Iterator[Written]:
        """What runs wrote, the newest first, of this and other APIs; see `model.record.StateHistory`."""
        tip = self.tip()
        return iter(()) if tip is None else git_log.written(self.remote, tip, since, MAX_BYTES)

    @contextmanager
    def lock(self, *, timeout: float, clock: Clock, holder: str) -> Iterator[Movable]:
        """Hold the lock, and journal what is done; the state is read again inside.

        `timeout` is in seconds, 0 tries once. `holder` is shown to those who wait. Raises `LockedError`
        naming the other holder, `Interrupted` when a stop was asked for while waiting, `StateError` as `read`
        and when this job may not push.
        """
        self.still_locked = ""
        self.remote.check_pushes()
        lease = git_lease.acquire(self.remote, holder, self._lease, timeout=timeout, clock=clock)
        try:
            tip = self.tip()
            state = self._read(tip)
            origin = Origin(self._writer.run, lease.session, self._writer.actor, self._writer.commit())
            journal = GitJournal(self.remote, lease, tip, state, origin, read=self.of_this_api, clock=clock)
            try:
                yield journal
            finally:
                failing = sys.exc_info()[0] is not None
                try:
                    journal.close()
                except StateError:
                    if not failing:  # else what ended the run says more
                        raise
        finally:
            error = lease.release()
            if error is not None:
                self.still_locked = msg(
                    "{why}. It ends by itself, {lease:g} s from now", why=error.message, lease=self._lease
                )

    def holder(self) -> str | None:
        """Who the lock's branch says holds it, with since when; None for nobody. The lock may have been left
        behind. Raises `StateError`."""
        return git_lease.holder_of(self.remote, self._lease)

    def check_writable(self, *, clock: Clock, holder: str) -> str:
        """See whether a run could write there, by doing to the lock what one does, and by having the remote
        judge a push of the branch that is not carried out. Returns what was found.

        What this leaves is what each run leaves of its lock. While somebody holds it, the remote is merely
        asked whether we may push at all. Raises `StateError`.
        """
        remote = self.remote
        remote.check_pushes()
        empty = codec.dumps(self._owner.new())
        try:
            deleted = git_lease.rehearse(remote, holder, min(self._lease, _REHEARSAL), empty, clock=clock)
        except LockedError:
            remote.rehearse()
            return msg(
                "{remote} lets this job push; its rules were not tried, as the lock is held",
                remote=remote.name,
            )
        if deleted:
            return msg(
                "{remote} takes what a run pushes: the lock was taken, renewed and given up",
                remote=remote.name,
            )
        return msg(
            "{remote} takes what a run pushes; {branch}-lock may not be deleted there, and "
            "is marked free instead",
            remote=remote.name,
            branch=remote.branch,
        )

    def unlock(self, clock: Clock) -> Unlocked | None:
        """Remove a lock that was left behind, having watched it for a whole lease; whose it was, None where
        nobody holds it. Raises `LockedError` when it is renewed meanwhile."""
        self.remote.check_pushes()
        return git_lease.release_stale(self.remote, self._lease, clock)


class _Moved(StateError):
    """The branch says that its state was moved elsewhere."""
