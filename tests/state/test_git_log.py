"""The history of a state's branch: the same as reading every commit, with less read."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.git import Ended, Git
from reconciler.model.record import Applied, Intent, Left, Record, Sent, State
from reconciler.state import codec
from reconciler.state.git import GitStore, Writer

from . import git as repos
from .conftest import BASE_URL, NOON
from .git import BRANCH, Origin, git

NAMES = [f"g{n}" for n in range(12)]


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path, commits=1)


def push(origin: Origin, states: list[bytes], sessions: list[str] | None = None) -> None:
    """A branch with these files, one commit each."""
    stream = []
    for number, data in enumerate(states):
        session = sessions[number] if sessions else str(number)
        message = f"step {number}\n\nRun: r\nSession: {session}\n".encode()
        at = int((NOON + timedelta(minutes=number)).timestamp())
        stream.append(
            b"commit refs/heads/%b\ncommitter a <a@a> %d +0000\ndata %d\n%b\n"
            b"M 100644 inline state.json\ndata %d\n%b\n"
            % (BRANCH.encode(), at, len(message), message, len(data), data)
        )
    git(origin.path, "fast-import", "--quiet", data=b"".join(stream))


def story(seed: int, length: int) -> Iterator[State]:
    """States as runs leave them: names come and go, are bound anew, begin and end to be created."""
    chance = random.Random(seed)
    state = State(base_url=BASE_URL)
    for serial in range(length):
        name = chance.choice(NAMES)
        groups, creating, left = dict(state.groups), dict(state.creating), dict(state.left)
        match chance.randrange(8):
            case 0:
                groups.pop(name, None)
            case 1:
                creating[name] = Intent(f"S {serial}", ("g1",), NOON)
            case 2:
                creating.pop(name, None)
            case 3:
                left[name] = Left(f"id{serial}", NOON)
            case 4:
                left.pop(name, None)
            case 5:
                groups[name] = Record(id=f"id{serial}", link_version=serial % 3)
            case 6:
                groups[name] = Record(id=f"id{serial}", sent={"ana": Sent(NOON, serial)}, joined=("ana",))
            case _:
                subject = chance.choice(['a "b", {c}', "ç\u2028\\", "}", "", "    x"])
                groups[name] = Record(id="g1", applied=Applied(subject=subject, admins=("ana", "bruno")))
        state = replace(state, serial=serial, groups=groups, creating=creating, left=left)
        yield state


def laid_out(data: bytes, how: str) -> bytes:
    """The same, or something close to it, as an editor or a merge by hand leaves it."""
    document = json.loads(data)
    match how:
        case "indented by 2":
            return json.dumps(document, indent=2).encode()
        case "indented by 4":
            return json.dumps(document, indent=4).encode()
        case "in one line":
            return json.dumps(document).encode()
        case "swapped":
            parts = {"creating": document.pop("creating"), **document}
            return data if not parts["creating"] else json.dumps(parts, indent=2).encode()
        case "a line twice":
            lines = data.split(b"\n")
            at = next((n for n, line in enumerate(lines) if line.startswith(b'    "')), None)
            return (
                data
                if at is None
                else b"\n".join([*lines[: at + 1], lines[at].rstrip(b",") + b",", *lines[at + 1 :]])
            )
        case "a wrong line":
            return data.replace(b'"id": "', b'"id": "!! ', 1)
        case "newer":
            return data.replace(b'"format_version": 1', b'"format_version": 99')
        case "no state":
            return b"{broken"
        case _:
            return data


def read(data: bytes) -> State | None:
    try:
        return codec.loads(data)
    except (codec.Damaged, codec.Newer):
        return None


@pytest.mark.parametrize("seed", range(6))
def test_each_state_is_what_reading_it_alone_gives(origin: Origin, seed: int) -> None:
    chance = random.Random(seed)
    ways = [
        *(["as written"] * 8),
        *("indented by 2", "indented by 4", "in one line", "swapped"),
        *("a line twice", "newer", "no state"),
    ]
    states = [laid_out(codec.dumps(state), chance.choice(ways)) for state in story(seed, 90)]
    push(origin, states)
    told = list(repos.store(origin.clone()).written(None))
    expected = [read(data) for data in reversed(states)]
    assert [entry.after for entry in told] == expected
    assert [entry.before for entry in told] == [*expected[1:], State()]
    assert [entry.title for entry in told] == [f"step {n}" for n in reversed(range(90))]


def test_a_group_that_cannot_be_read_makes_the_runs_unreadable_in_which_it_came_or_went(
    origin: Origin,
) -> None:
    good = State(base_url=BASE_URL, groups={"a": Record(id="g1"), "b": Record(id="g2")})
    states = [
        codec.dumps(good),
        laid_out(codec.dumps(good), "a wrong line"),
        codec.dumps(replace(good, serial=3)),
    ]
    push(origin, states)
    told = list(repos.store(origin.clone()).written(None))
    assert [(entry.before, entry.after) for entry in told] == [
        (None, replace(good, serial=3)),
        (good, None),
        (State(), good),
    ]


class _Counted(Git):
    """Counts the bytes that git is asked to print."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, os.environ)
        self.read = 0

    def run(self, *arguments: str, **options: object) -> Ended:
        ended = super().run(*arguments, **options)  # type: ignore[arg-type]
        self.read += len(ended.out)
        return ended


def test_the_newest_runs_come_without_reading_the_rest(origin: Origin) -> None:
    group = Applied(subject="S" * 200, admins=tuple(NAMES))
    state = State(base_url=BASE_URL, groups={name: Record(id=name, applied=group) for name in NAMES})
    states = [codec.dumps(replace(state, serial=serial)) for serial in range(3000)]
    push(origin, states, [str(number // 3) for number in range(3000)])
    counted = _Counted(origin.clone())
    history = GitStore(counted, "origin", BRANCH, BASE_URL, Writer(run="me")).written(None)
    first = [next(history) for _ in range(4)]
    assert [entry.title for entry in first] == ["step 2999", "step 2996", "step 2993", "step 2990"]
    assert counted.read < 20 * len(states[0])
    since = NOON + timedelta(minutes=2990)
    assert len(list(repos.store(origin.clone("other")).written(since))) == 4
    assert len(list(history)) == 996
