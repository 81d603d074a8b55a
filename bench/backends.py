"""A plan of the same groups at each service: how many calls it makes, and how long it takes."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server, socket

from bench import server
from bench.measure import Contender, alternate, middle, run
from bench.table import table
from bench.world import ACCOUNT, live_groups, write_files
from reconciler.backends.waha import PAGE
from reconciler.model.capabilities import BACKENDS, CAPABILITIES, BackendName

_LATENCIES = (0.02, 0.1)
_CALL = re.compile(rb"reconciler\.http GET /")


@dataclass(frozen=True, slots=True)
class Shop:
    """A repository at one service, and the service's socket and answers."""

    path: Path
    listener: socket
    answers: dict[bytes, bytes]
    title: str

    def reconciler(self, *arguments: str) -> Contender:
        """This product with these arguments."""
        environment = {
            "RECONCILER_BASE_URL": f"http://127.0.0.1:{self.listener.getsockname()[1]}",
            "RECONCILER_USERNAME": "bench",
            "RECONCILER_TOKEN": "bench-token",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        }
        return Contender(self.title, (sys.executable, "-m", "reconciler", *arguments), self.path, environment)

    @contextmanager
    def serving(self, latency: float) -> Iterator[None]:
        """The service, with every answer `latency` seconds after its request."""
        with server.serving(self.answers, self.listener, latency):
            yield


def section(size: int, times: int, tell: Callable[[str], None]) -> str:
    """A row for each service, with icons and without."""
    rows = []
    for managed in (False, True):
        for backend in BACKENDS:
            tell(f"{size} groups at {backend}, {'with' if managed else 'without'} icons")
            with tempfile.TemporaryDirectory() as folder, made(Path(folder), size, backend, managed) as shop:
                rows.append([shop.title, f"{calls(shop):,}", *_times(shop, times, tell)])
    waits = [f"{latency * 1000:.0f} ms" for latency in _LATENCIES]
    return table((f"{size:,} groups", "calls", *waits, "CPU"), rows)


@contextmanager
def made(path: Path, size: int, backend: BackendName, managed: bool) -> Iterator[Shop]:
    """A repository whose groups are live at a service, and recorded by an apply; `managed`: icons are."""
    can = CAPABILITIES[backend]
    domain = "@g.us" if can.gateway else ""
    icons = write_files(path, size, pinned=True, domain=domain, managed=managed)
    (path / "reconciler.yaml").write_text(f'account: "+{ACCOUNT}"\nbackend: {backend}\n', encoding="utf-8")
    groups = {f"{group_id}{domain}": group for group_id, group in live_groups(size).items()}
    with create_server(("127.0.0.1", 0), backlog=1024) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        match backend:
            case "waha":
                answers = server.waha_answers(groups, icons, base, PAGE)
            case "evolution":
                answers = server.evolution_answers(groups, icons, base)
            case _:
                answers = server.answers(groups, icons, base)
        title = f"{can.title}, {'with' if managed else 'without'} managed icons"
        shop = Shop(path, listener, answers, title)
        with shop.serving(0):
            run(shop.reconciler("apply", "--yes", "--quiet"))
        yield shop


def calls(shop: Shop) -> int:
    """How many calls a plan with nothing to do makes."""
    plan = shop.reconciler("plan", "--verbose", "--detailed-exitcode")
    with shop.serving(0):
        done = subprocess.run(
            plan.command, cwd=plan.cwd, env=dict(plan.environment), capture_output=True, check=True
        )
    return len(_CALL.findall(done.stderr))


def _times(shop: Shop, times: int, tell: Callable[[str], None]) -> Iterator[str]:
    cpu = 0.0
    for latency in _LATENCIES:
        with shop.serving(latency):
            found = alternate([shop.reconciler("plan", "--quiet", "--detailed-exitcode")], times, tell)
        each = middle(found[shop.title])
        cpu = max(cpu, each.cpu)
        yield f"{each.wall:.2f} s"
    yield f"{cpu:.2f} s"
