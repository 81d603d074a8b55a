"""The first apply of new groups, each with a picture and admins to be: how busy are the workers?"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.measure import Contender, Run, middle, run
from bench.table import table
from bench.world import ACCOUNT, configure, write_files
from reconciler.sandbox import Options, start

WIDTHS = (4, 16)
_LATENCY = 0.1


def section(size: int, times: int, tell: Callable[[str], None]) -> str:
    """A row for each width: wall, the floor that the calls alone set, and how much of the time was calls."""
    rows = []
    calls: Counter[str] = Counter()
    for width in WIDTHS:
        runs = []
        for _ in range(times):
            result, calls = _apply(size, width)
            runs.append(result)
            tell(f"  {size} creations, {width} wide: {result.wall:.2f} s, CPU {result.cpu:.2f} s")
        found = middle(runs)
        floor = _floor(calls, width)
        wall = [f"{found.wall:.1f} s", f"{floor:.1f} s", f"{found.wall / floor:.2f}"]
        rows.append([f"{width} wide", *wall, f"{found.cpu:.1f} s", f"{calls.total() / size:.2f}"])
    head = (f"{size} creations, {_LATENCY * 1000:.0f} ms", "wall", "floor", "ratio", "CPU", "calls a group")
    made = ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))
    return table(head, rows) + f"\nCalls: {made}.\n"


def _floor(calls: Counter[str], width: int) -> float:
    """Seconds that the calls take when every worker always waits for an answer."""
    waited = sum(count for name, count in calls.items() if name != "picture downloads")
    return waited * _LATENCY / width


def _apply(size: int, width: int) -> tuple[Run, Counter[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "repository"
        write_files(path, size)
        configure(path, width, width)
        with start(
            Options(database=str(Path(folder) / "api.sqlite3"), account=ACCOUNT, latency=_LATENCY)
        ) as api:
            environment = {
                "RECONCILER_BASE_URL": api.base_url,
                "RECONCILER_USERNAME": "bench",
                "RECONCILER_TOKEN": "bench-token",
                "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            }
            command = (sys.executable, "-m", "reconciler", "apply", "--yes", "--quiet")
            found = run(Contender("reconciler apply", command, path, environment))
            calls = Counter(f"{call['method']} {_shape(call['path'])}" for call in api.control().calls())
            calls["picture downloads"] = len(api.control().downloads())
    return found, calls


def _shape(path: str) -> str:
    """The path without the group's id."""
    return re.sub(r"groups/[^/]+", "groups/ID", path)
