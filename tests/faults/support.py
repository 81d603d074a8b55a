"""Many small worlds at once: a repository and a sandbox for every case, worked on by a few threads."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from reconciler.model.record import State
from reconciler.sandbox import Options, start
from reconciler.state import codec
from tests.support import ACCOUNT, Repo, Result

C = TypeVar("C")

WIDTH = 4  # worlds at once: their processes mostly wait


@contextmanager
def world(path: Path, **options: Any) -> Iterator[Repo]:
    """A repository at `path` with a sandbox of its own, which ends with the block."""
    with start(Options(**{"database": ":memory:", "account": ACCOUNT, **options})) as server:
        yield Repo(path, server)


class Template:
    """A repository with its sandbox, made once; every case gets a copy of its own."""

    def __init__(self, folder: Path, build: Callable[[Repo], None]) -> None:
        self._folder = folder
        with world(folder / "repo", database=str(folder / "sandbox.sqlite3")) as repo:
            build(repo)
            self._addresses = repo.server.base_url, repo.server.cdn_url

    @contextmanager
    def world(self, path: Path, **options: Any) -> Iterator[Repo]:
        """A copy at `path`, whose state knows its new sandbox by the addresses it has now."""
        path.mkdir(parents=True)
        database = shutil.copy(self._folder / "sandbox.sqlite3", path / "sandbox.sqlite3")
        with world(path / "repo", database=str(database), **options) as repo:
            shutil.copytree(self._folder / "repo", repo.path, dirs_exist_ok=True)
            if repo.state.exists():
                text = repo.state.read_text()
                here = repo.server.base_url, repo.server.cdn_url
                moved = dict(zip(self._addresses, here, strict=True))
                # all at once: a new address may be an old one of the other server
                text = re.sub("|".join(map(re.escape, moved)), lambda found: moved[found[0]], text)
                repo.state.write_text(text)
            yield repo
        shutil.rmtree(path)


def each(cases: Iterable[C], work: Callable[[C], None], width: int = WIDTH) -> None:
    """Do the work for every case, some at a time; raises every failure, each with its case in a note."""
    with ThreadPoolExecutor(width) as pool:
        futures = [(case, pool.submit(work, case)) for case in cases]
    failed: list[Exception] = []
    for case, future in futures:
        error = future.exception()
        if error is None:
            continue
        error.add_note(f"case: {case}")
        if not isinstance(error, Exception):
            raise error
        failed.append(error)
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(futures)} cases", failed)


def configure(repo: Repo, text: str = "", **api: object) -> None:
    """Write reconciler.yaml: the account, values of `api:`, and further text."""
    lines = [f'account: "+{ACCOUNT}"\n']
    if api:
        lines.append(f"api: {json.dumps(api)}\n")
    repo.write("reconciler.yaml", "".join(lines) + text)


def recorded(repo: Repo) -> State:
    """The state on disk, read by the code that reads it; raises where it is damaged."""
    return codec.loads(repo.state.read_bytes())


def statuses(result: Result, name: str) -> dict[str, str]:
    """Kind → status of the outcomes of one group of an apply in JSON."""
    return {outcome["kind"]: outcome["status"] for outcome in result.group(name)["outcomes"]}


def problems(result: Result, name: str) -> dict[str, str]:
    """Kind → message of the outcomes of one group that are not done."""
    return {
        outcome["kind"]: outcome["error"]["message"]
        for outcome in result.group(name)["outcomes"]
        if outcome["status"] != "done"
    }


def sha256(data: bytes) -> str:
    """As the sandbox names a stored icon."""
    return hashlib.sha256(data).hexdigest()


def posts(repo: Repo) -> int:
    """How many creates have been sent so far."""
    return repo.writes().count(("POST", "/groups"))


class Recorder:
    """Listens where a real API would be, writes down whoever comes, and repeats it to them as an error."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with closing(connection):
                connection.settimeout(10)
                self.seen.append(connection.recv(65536))
                body = self.seen[-1]
                head = f"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)
