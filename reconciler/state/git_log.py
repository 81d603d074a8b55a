"""The history of a state's branch: what each run wrote, and what was recorded before and after it.

The commits of one run stand together and carry one session. States are read as they are asked for, some at a
time, so that the last runs of a long history come soon.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.frozen import dataclass
from reconciler.model.record import State
from reconciler.model.story import Written
from reconciler.state import codec
from reconciler.state.git_message import Told, parse

if TYPE_CHECKING:
    from reconciler.state.git_remote import Remote

_AHEAD = 8
"""States that are read at a time: each may have some MiB."""


@dataclass(frozen=True, slots=True)
class _Commit:
    rev: str
    parent: str | None
    at: datetime
    told: Told

    @property
    def session(self) -> str:
        return self.told.trailers.get("Session") or self.rev


def written(remote: Remote, tip: str, since: datetime | None, limit: int) -> Iterator[Written]:
    """What runs wrote up to the commit `tip`, the newest first. `limit`: bytes of a state."""
    runs = [list(group) for _, group in groupby(_commits(remote, tip), lambda commit: commit.session)]
    if since is not None:
        runs = [run for run in runs if run[0].at >= since]
    # a run's state before is the one that the run before it left
    states = _States(remote, [rev for run in runs for rev in (run[0].rev, run[-1].parent)], limit)
    for run in runs:
        last, parent = run[0], run[-1].parent
        trailers = last.told.trailers
        yield Written(
            rev=last.rev,
            at=last.at,
            title=last.told.title,
            run=trailers.get("Run", ""),
            actor=trailers.get("By", ""),
            commit=trailers.get("Manifests", ""),
            after=states.at(last.rev),
            before=State() if parent is None else states.at(parent),
        )


def _commits(remote: Remote, tip: str) -> Iterator[_Commit]:
    """All commits along the first parents."""
    log = remote.output("log", "--first-parent", "--format=%H,%P,%ct", tip).decode()
    entries = [line.split(",") for line in log.splitlines()]
    messages = remote.messages([rev for rev, _, _ in entries])
    for (rev, parents, seconds), message in zip(entries, messages, strict=True):
        yield _Commit(rev, next(iter(parents.split()), None), _time(seconds), parse(message))


def _time(seconds: str) -> datetime:
    """When a commit says it was made, which may be any number."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


class _States:
    """The states of commits that are asked for in a known order, some read ahead of being asked for."""

    def __init__(self, remote: Remote, order: Iterable[str | None], limit: int) -> None:
        self._remote = remote
        self._order = list(dict.fromkeys(rev for rev in order if rev is not None))
        self._limit = limit
        self._read: dict[str, State | None] = {}

    def at(self, commit: str) -> State | None:
        """None where it cannot be read."""
        if commit not in self._read:
            last = list(self._read)[-1:]  # the next run's state after was the one's before
            start = self._order.index(commit)
            ahead = self._order[start : start + _AHEAD]
            files = self._remote.files(ahead, self._limit)
            kept = {rev: self._read[rev] for rev in last}
            self._read = kept | {rev: _state(data) for rev, data in zip(ahead, files, strict=True)}
            self._order = self._order[start:]
        return self._read[commit]


def _state(data: bytes | None) -> State | None:
    try:
        return None if data is None else codec.loads(data)
    except (codec.Damaged, codec.Newer):
        return None


def resolve(remote: Remote, tip: str, rev: str) -> str:
    """The commit of the branch that `rev` means: a hash as the log shows it, or `~N`, N commits back.

    Raises `StateError`, also for a commit that is not in the branch's history.
    """
    wanted = f"{tip}{rev}" if rev.startswith("~") else rev
    commit = remote.resolve(wanted)
    if commit is None or not remote.follows(commit, tip):
        raise StateError(
            f"{remote.display} has no commit {rev[:40]}", "its commits are shown by: reconciler state log"
        )
    return commit


def is_rev(text: str) -> bool:
    """Whether `resolve` takes this: nothing else reaches git."""
    count = text.removeprefix("~")
    if text != count:
        return count.isascii() and count.isdigit() and len(count) < 7
    return 4 <= len(text) <= 64 and set(text) <= set("0123456789abcdef")
