"""What is done on this machine alone, for more and more groups: the cost of one has to stay the same."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.measure import Run, alternate, middle
from bench.table import table
from bench.world import made

SIZES = (1_000, 10_000, 50_000)
_STEPS = ("validate", "plan, nothing to do", "plan, every subject changed", "the same as JSON")
_VALIDATE_BUDGET = 3.0  # seconds for 10,000
_MEMORY_BUDGET = 150.0  # MB for a plan of 10,000


def section(sizes: tuple[int, ...], times: int, tell: Callable[[str], None]) -> str:
    """The curve: CPU a group, wall and memory, for every size."""
    rows: list[list[str]] = []
    notes: list[str] = []
    for size in sizes:
        found = _measure(size, times, tell)
        for step, run in found.items():
            each = f"{run.cpu / size * 1000:.3f} ms"
            rows.append(
                [step, f"{size:,}", f"{run.wall:.2f} s", f"{run.cpu:.2f} s", each, f"{run.memory:.0f} MB"]
            )
        if size == 10_000:
            wall, memory = found["validate"].wall, found["plan, nothing to do"].memory
            notes.append(f"`validate` of 10,000 in 3 s: {'met' if wall <= _VALIDATE_BUDGET else 'MISSED'}.")
            notes.append(f"10,000 planned in 150 MB: {'met' if memory <= _MEMORY_BUDGET else 'MISSED'}.")
    rows.sort(key=lambda row: (_STEPS.index(row[0]), int(row[1].replace(",", ""))))
    head = ("", "groups", "wall", "CPU", "CPU a group", "memory")
    return table(head, rows) + "\n" + "".join(f"{note}\n" for note in notes)


def _measure(size: int, times: int, tell: Callable[[str], None]) -> dict[str, Run]:
    tell(f"making {size} groups")
    with tempfile.TemporaryDirectory() as folder, made(Path(folder) / "repository", size) as world:
        world.configure(16)
        validate = world.reconciler("validate", name=_STEPS[0])
        idle = world.reconciler("plan", "--quiet", "--detailed-exitcode", name=_STEPS[1])
        with world.serving(0):
            found = alternate([validate, idle], times, tell)
            for file in (world.path / "groups").glob("*.yaml"):
                text = file.read_text(encoding="utf-8")
                file.write_text(
                    re.sub(r"^subject: Group", "subject: New", text, flags=re.M), encoding="utf-8"
                )
            changed = [
                world.reconciler("plan", "--quiet", name=_STEPS[2]),
                world.reconciler("plan", "--quiet", "--format", "json", name=_STEPS[3]),
            ]
            found |= alternate(changed, times, tell)
    return {name: middle(runs) for name, runs in found.items()}
