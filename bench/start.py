"""What it costs to start: the interpreter alone, and commands that need next to nothing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.measure import Contender, alternate, middle
from bench.table import table
from bench.world import write_files

_BUDGET = 0.120  # seconds above bare Python


def section(times: int, tell: Callable[[str], None]) -> str:
    """The table, each line compared with the bare interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        write_files(path, 5)
        environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        bare = Contender("python -c pass", (sys.executable, "-c", "pass"), path, environment)
        commands = (("--help",), ("plan", "--help"), ("schema", "group"), ("validate",))
        contenders = [bare] + [
            Contender(
                f"reconciler {' '.join(arguments)}",
                (sys.executable, "-m", "reconciler", *arguments),
                path,
                environment,
            )
            for arguments in commands
        ]
        tell("start")
        found = alternate(contenders, times, tell)
    least = middle(found[bare.name]).wall
    rows = []
    for name, runs in found.items():
        run = middle(runs)
        more = (run.wall - least) * 1000
        rows.append([f"`{name}`", f"{run.wall * 1000:.0f} ms", f"{more:.0f} ms", f"{run.memory:.0f} MB"])
    more = middle(found["reconciler --help"]).wall - least
    met = "met" if more <= _BUDGET else "MISSED"
    verdict = f"Budget for `--help`, {_BUDGET * 1000:.0f} ms above Python: {met}.\n"
    note = "`validate` checks five groups with five pictures, none of them applied before.\n"
    return table(("", "wall", "above Python", "memory"), rows) + f"\n{verdict}{note}"
