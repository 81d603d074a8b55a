"""The history of a state's branch: what each run wrote, and what was recorded before and after it.

The commits of one run stand together and carry one session. The newest come first, and nothing is read that
nobody asks for: commits a page at a time, states some at a time, and of a state the lines that its neighbour
does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.language import msg
from reconciler.model.history import Written
from reconciler.model.record import State
from reconciler.state import codec

if TYPE_CHECKING:
    from reconciler.model.record import RunSummary, State
    from reconciler.state.git_remote import Remote


_FEWEST, _MOST = 8, 1024
"""Commits, and runs with their states, that are read at a time: few at first, more for who goes on."""

_GROUPS, _NEXT, _END = b'\n  "groups": {\n    ', b",\n    ", b"\n  }"
"""What stands before, between and behind the lines of groups in a state, as `codec` writes it."""


@dataclass(frozen=True, slots=True)
class _Commit:
    rev: str
    parent: str | None
    at: datetime
    message: CommitMessage

    @property
    def session(self) -> str:
        return self.message.trailers.get("Session") or self.rev


@dataclass(frozen=True, slots=True)
class _Run:
    last: _Commit
    parent: str | None  # of its first commit

    @property
    def revs(self) -> tuple[str, ...]:
        """The commits whose states tell what it recorded."""
        return (self.last.rev,) if self.parent is None else (self.last.rev, self.parent)


def written(remote: Remote, tip: str, since: datetime | None, limit: int) -> Iterator[Written]:
    """What runs wrote up to the commit `tip`, the newest first. `limit`: bytes of a state."""
    runs = (run for run in _runs(remote, tip) if since is None or run.last.at >= since)
    decoder = _Decoder()
    size = _FEWEST
    while batch := list(islice(runs, size)):
        # a run's state before is the one that the run before it left
        revs = dict.fromkeys(rev for run in batch for rev in run.revs)
        states = _States(decoder, zip(revs, remote.files(list(revs), limit), strict=True))
        for run in batch:
            trailers = run.last.message.trailers
            yield Written(
                rev=run.last.rev,
                at=run.last.at,
                title=run.last.message.title,
                run=trailers.get("Run", ""),
                actor=trailers.get("By", ""),
                commit=trailers.get("Manifests", ""),
                after=states.at(run.last.rev),
                before=State() if run.parent is None else states.at(run.parent),
            )
        size = min(size * 4, _MOST)


def _runs(remote: Remote, tip: str) -> Iterator[_Run]:
    for _, commits in groupby(_commits(remote, tip), lambda commit: commit.session):
        last, *earlier = commits
        yield _Run(last, [last, *earlier][-1].parent)


def _commits(remote: Remote, tip: str) -> Iterator[_Commit]:
    """All commits along the first parents."""
    size, start = _FEWEST, tip
    while start:
        arguments = ("--first-parent", "--parents", "--timestamp", f"--max-count={size}", start)
        entries = [line.split() for line in remote.output("rev-list", *arguments).decode().splitlines()]
        messages = remote.messages([rev for _, rev, *_ in entries])
        start = ""
        for (seconds, rev, *parents), message in zip(entries, messages, strict=True):
            start = parents[0] if parents else ""
            yield _Commit(rev, start or None, _time(seconds), parse(message))
        size = min(size * 4, _MOST)


def _time(seconds: str) -> datetime:
    """When a commit says it was made, which may be any number."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


class _States:
    """The states of commits, by their files, which come in the order in which they are asked for."""

    def __init__(self, decoder: _Decoder, files: Iterator[tuple[str, bytes | None]]) -> None:
        self._decoder = decoder
        self._files = files
        self._rev = ""
        self._state: State | None = None

    def at(self, rev: str) -> State | None:
        """None where it cannot be read."""
        while self._rev != rev:
            self._rev, data = next(self._files)
            self._state = None if data is None else self._decoder.read(data)
        return self._state


class _Decoder:
    """Reads one state after another. A line holds a group (`codec`), and most are those of the state before:
    what was read of these is taken again."""

    def __init__(self) -> None:
        self._before = State()
        self._lines = frozenset[bytes]()  # of its groups

    def read(self, data: bytes) -> State | None:
        """None for what is no state of ours."""
        head, start, rest = data.partition(_GROUPS)
        block, end, tail = rest.partition(_END)
        lines = block.split(_NEXT)
        new = [line for line in lines if line not in self._lines]
        try:
            state = codec.loads(head + start + _NEXT.join(new) + end + tail)
            known = [_name(line) for line in lines if line in self._lines]
            groups = {name: self._before.groups[name] for name in known}
            if len(groups) + len(state.groups) < len(lines) or groups.keys() & state.groups:
                raise LookupError
            state = replace(state, groups={**groups, **state.groups})
        except (LookupError, ValueError):  # damaged, or laid out otherwise
            try:
                state = codec.loads(data)
            except (codec.Damaged, codec.Newer):
                return None
        self._before, self._lines = state, frozenset(lines)
        return state


def _name(line: bytes) -> str:
    """Of the group that a line holds. Raises `ValueError` for what is no such line, but a part of one."""
    if not line.startswith(b'"') or not line.endswith(b"}") or b"\n" in line:
        raise ValueError
    return line[1 : line.index(b'"', 1)].decode()


def resolve(remote: Remote, tip: str, rev: str) -> str:
    """The commit of the branch that `rev` means: a hash as the log shows it, or `~N`, N commits back.

    Raises `StateError`, also for a commit that is not in the branch's history.
    """
    wanted = f"{tip}{rev}" if rev.startswith("~") else rev
    commit = remote.resolve(wanted)
    if commit is None or not remote.follows(commit, tip):
        raise StateError(
            msg("{state} has no commit {commit}", state=remote.display, commit=rev[:40]),
            msg("its commits are shown by: reconciler state log"),
        )
    return commit


def is_rev(text: str) -> bool:
    """Whether `resolve` takes this: nothing else reaches git."""
    count = text.removeprefix("~")
    if text != count:
        return count.isascii() and count.isdigit() and len(count) < 7
    return 4 <= len(text) <= 64 and set(text) <= set("0123456789abcdef")


# --- messages of commits: what a run did by name and count, and which run it was ------------------------

SKIP = "[skip ci]"
"""GitHub, GitLab and others start no pipeline for a push whose commit says so."""

_SHOWN = 3
_MOST_LINES = 2000
LOCKED_BY = "Locked by "
_TOO_OLD = "; this version of reconciler is too old to take the lock on this remote"
_TRAILER = re.compile(r"^(Run|By|Manifests|Session|Since|Lease|Free): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which run writes: `run` the pipeline's job or the user and host, `actor` who started it, `commit` that
    of the manifests; `session` is the same in all commits of one run."""

    run: str
    session: str
    actor: str | None = None
    commit: str | None = None


def compose(title: str, lines: Iterable[str], origin: Origin) -> str:
    """A whole message."""
    body = list(lines)
    if len(body) > _MOST_LINES:
        body = [*body[:_MOST_LINES], f"and {len(body) - _MOST_LINES} more"]
    known = (
        ("Run", origin.run),
        ("By", origin.actor),
        ("Manifests", origin.commit),
        ("Session", origin.session),
    )
    trailers = [f"{key}: {_line(value)}" for key, value in known if value]
    return "\n".join(
        [_line(title), "", *(_line(line) for line in body), *([""] * bool(body)), *trailers, SKIP, ""]
    )


def of_lock(holder: str, since: str, lease: float, session: str) -> str:
    """A whole message of a lock; `lease` in seconds."""
    return f"{LOCKED_BY}{holder}\n\nSince: {since}\nLease: {lease:g}\nSession: {session}\n{SKIP}\n"


def of_no_lock(since: str, lease: float, session: str) -> str:
    """A whole message of a lock that is free. A version that knows none goes by its `lease`, and shows its
    title while it waits for it."""
    title = f"{LOCKED_BY}nobody{_TOO_OLD if lease else ''}"
    return f"{title}\n\nSince: {since}\nLease: {lease:g}\nFree: yes\nSession: {session}\n{SKIP}\n"


def of_summary(summary: RunSummary) -> tuple[str, tuple[str, ...]]:
    """Subject and lines for what a run did: `apply: 2 created, 1 updated`."""
    counts = ", ".join(f"{count} {what}" for what, count in summary.counts)
    return f"{summary.verb}: {counts or 'nothing to do'}", tuple(
        f"{name}: {what}" for name, what in summary.names
    )


def of_move(successor: str) -> str:
    """Subject for the state's being kept elsewhere from now on."""
    return f"migrate: moved to {successor}"


def of_step(before: State, after: State) -> tuple[str, tuple[str, ...]]:
    """Subject and lines for a step in the middle of a run: `begin to create a, b; bind c`."""
    done: dict[str, list[str]] = {}
    for name in sorted(before.names | after.names):
        word = _what_happened(before, after, name)
        if word is not None:
            done.setdefault(word, []).append(name)
    title = "; ".join(f"{word} {_few(names)}" for word, names in done.items())
    return title or "record the commit of the manifests", tuple(
        f"{name}: {word}" for word, names in done.items() for name in names
    )


def _what_happened(before: State, after: State, name: str) -> str | None:
    old, new = before.groups.get(name), after.groups.get(name)
    if new is not None and (old is None or old.id != new.id):
        return "bind"
    if name in after.creating and before.creating.get(name) != after.creating[name]:
        return "begin to create"
    if name in after.left and before.left.get(name) != after.left[name]:
        return "note as left"
    if name in before.left and name not in after.left and new is None:
        return "forget"
    if old is not None and new is None:
        return "forget"
    if name in before.creating and name not in after.creating:
        return "give up creating"
    if old is not None and new is not None and old.sent != new.sent:
        return "note links sent for"
    if old is not None and new is not None and new.revoking is not None and old.revoking != new.revoking:
        return "begin to revoke the link of"
    return "record" if old != new else None


def _few(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """What is read of a commit's message: its title, and the trailers by their keys. Anybody who may push can
    have written it."""

    title: str
    trailers: dict[str, str]


def parse(message: str) -> CommitMessage:
    """Read a message again; what is not as `compose` writes it is left out."""
    title, _, rest = message.partition("\n")
    return CommitMessage(title, dict(_TRAILER.findall(rest.strip("\n").split("\n\n")[-1])))


def _line(text: str) -> str:
    """One line of at most 200 printable characters."""
    return "".join(char if char.isprintable() else " " for char in text)[:200].strip()
