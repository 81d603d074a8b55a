"""A repository of any number of groups, and the live groups that are exactly so."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server, socket

from bench import server
from bench.measure import Contender, run

ACCOUNT = server.ACCOUNT
ICONS = 10
STAFF = 20
_PEOPLE = 6  # in a group, beside the account


@dataclass(frozen=True, slots=True)
class World:
    """A repository in `path` with `size` manifests, and the sockets and answers of its API."""

    path: Path
    size: int
    listener: socket
    answers: dict[bytes, bytes]

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[str]:
        """Ids of the live groups, in the API's order."""
        return [group_id(number) for number in range(self.size)]

    @property
    def environment(self) -> dict[str, str]:
        """What every contender is told."""
        return {
            "RECONCILER_BASE_URL": self.base,
            "RECONCILER_USERNAME": "bench",
            "RECONCILER_TOKEN": "bench-token",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        }

    @contextmanager
    def serving(self, latency: float) -> Iterator[None]:
        """The API, with every answer `latency` seconds after its request."""
        with server.serving(self.answers, self.listener, latency):
            yield

    def reconciler(self, *arguments: str, name: str = "reconciler", code: int = 0) -> Contender:
        """This product with these arguments."""
        command = (sys.executable, "-m", "reconciler", *arguments)
        return Contender(name, command, self.path, self.environment, frozenset({code}))

    def configure(self, width: int) -> None:
        """Set how many reads go on at a time."""
        configure(self.path, width)


def configure(path: Path, width: int, write_width: int = 4) -> None:
    """Write the settings: how many reads, and how many written groups, go on at a time."""
    path.joinpath("reconciler.yaml").write_text(
        f'account: "+{ACCOUNT}"\n'
        f"api: {{concurrency: {width}, write_concurrency: {write_width}}}\n"
        'allow: [{code: create-many, until: 2999-12-31, reason: "a measurement"}]\n',
        encoding="utf-8",
    )


def group_id(number: int) -> str:
    """The id of the live group of a number."""
    return f"{ACCOUNT}-{1_600_000_000 + number}"


def staff(number: int) -> str:
    """A person's number."""
    return f"551990000{number:04}"


def _people(number: int) -> list[int]:
    """Who is in the group of a number: three admins, then the rest."""
    return [(number + step * 3) % STAFF for step in range(_PEOPLE)]


def write_files(
    path: Path, size: int, *, pinned: bool = False, domain: str = "", managed: bool = True
) -> dict[str, Path]:
    """Write manifests, contacts and icons; returns the icons' paths by name. `pinned`: with ids, which end in
    `domain`. `managed`: icons stand in the manifests."""
    root = Path(__file__).resolve().parents[1]
    drawn = sorted((root / "groups" / "icons").glob("*.png"))
    icons = {}
    (path / "groups" / "icons").mkdir(parents=True, exist_ok=True)
    (path / ".git").mkdir(exist_ok=True)
    (path / ".git" / "HEAD").write_text("1" * 40, encoding="ascii")  # as pipelines check out: no branch
    for number in range(ICONS):
        icons[f"{number}.png"] = path / "groups" / "icons" / f"{number}.png"
        shutil.copyfile(drawn[number % len(drawn)], icons[f"{number}.png"])
    people = "".join(
        f'  p{number}: {{name: Person {number}, numbers: ["+{staff(number)}"]}}\n' for number in range(STAFF)
    )
    (path / "contacts.yaml").write_text(f"people:\n{people}", encoding="utf-8")
    for number in range(size):
        names = [f"p{person}" for person in _people(number)]
        pin = f"id: {group_id(number)}{domain}\n" if pinned else ""
        icon = f"icon: icons/{number % ICONS}.png\n" if managed else ""
        text = (
            f"name: group-{number:05}\nsubject: Group {number}\n{pin}{icon}"
            f"admins: [{', '.join(names[:3])}]\nmembers: [{', '.join(names[3:])}]\n"
        )
        (path / "groups" / f"group-{number:05}.yaml").write_text(text, encoding="utf-8")
    return icons


@contextmanager
def made(path: Path, size: int) -> Iterator[World]:
    """A repository whose groups are live already, and recorded in its state by our own `apply`."""
    with create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield _made(path, size, listener)


def live_groups(size: int) -> dict[str, dict[str, object]]:
    """The live groups as the manifests of `write_files` say, by id; `icon` is a name of one of its icons."""
    groups: dict[str, dict[str, object]] = {}
    for number in range(size):
        people = [staff(person) for person in _people(number)]
        groups[group_id(number)] = {
            "admins": [ACCOUNT, *people[:3]],
            "creation_time": 1_600_000_000 + number,
            "creator": ACCOUNT,
            "id": group_id(number),
            "participants": [ACCOUNT, *people],
            "subject": f"Group {number}",
            "icon": f"{number % ICONS}.png",
        }
    return groups


def _made(path: Path, size: int, listener: socket) -> World:
    icons = write_files(path, size, pinned=True)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    world = World(path, size, listener, server.answers(live_groups(size), icons, base))
    world.configure(8)
    with world.serving(0):
        run(world.reconciler("apply", "--yes", "--quiet"))
    for file in sorted((path / "groups").glob("*.yaml")):  # from here on the state alone binds them
        file.write_text(
            re.sub(r"^id: .*\n", "", file.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8"
        )
    with world.serving(0):
        run(world.reconciler("plan", "--quiet", "--detailed-exitcode"))
    return world
