"""What is done on this machine alone, for more and more groups: the cost of one has to stay the same."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bench.chart import lines
from bench.measure import Run, alternate, middle
from bench.table import table
from bench.world import made

SIZES = (1_000, 10_000, 50_000)
_STEPS = (
    "validate",
    "plan, nothing to do",
    "plan, the state is lost",
    "plan, every subject changed",
    "the same as JSON",
)
_VALIDATE_BUDGET = 3.0  # seconds for 10,000
_MEMORY_BUDGET = 150.0  # MB for a plan of 10,000


def section(sizes: tuple[int, ...], times: int, tell: Callable[[str], None]) -> str:
    """The curve: CPU a group, wall and memory, for every size, as a table and as a picture."""
    found = {size: _measure(size, times, tell) for size in sorted(sizes)}
    return "\n".join([curve(found), _verdict(found)]).rstrip("\n") + "\n"


def curve(found: Mapping[int, Mapping[str, Run]]) -> str:
    """The table of the runs of each step by size, ascending, and beneath it their CPU a group as lines.

    What a process takes to start is in each group's share, and most where groups are few. So the last column
    says what each group beyond those of the row above took.
    """
    rows = []
    for step in _STEPS:
        fewer, less = 0, 0.0
        for size, run in ((size, runs[step]) for size, runs in found.items()):
            each, further = f"{_milliseconds(run.cpu, size):.3f} ms", ""
            if fewer:
                further = f"{_milliseconds(run.cpu - less, size - fewer):.3f} ms"
            wall, cpu, memory = f"{run.wall:.2f} s", f"{run.cpu:.2f} s", f"{run.memory:.0f} MB"
            rows.append([step, f"{size:,}", wall, memory, cpu, each, further])
            fewer, less = size, run.cpu
    head = ("", "groups", "wall", "memory", "CPU", "CPU a group", "each further group")
    text = table(head, rows)
    if len(found) > 1:
        shares = {
            step: [round(_milliseconds(runs[step].cpu, size), 3) for size, runs in found.items()]
            for step in _STEPS
        }
        text += "\n" + lines("groups", "CPU a group, ms", [f"{size:,}" for size in found], shares)
    return text


def _milliseconds(seconds: float, groups: int) -> float:
    """Of each group."""
    return seconds / groups * 1000


def _verdict(found: Mapping[int, Mapping[str, Run]]) -> str:
    runs = found.get(10_000)
    if runs is None:
        return ""
    wall, memory = runs["validate"].wall, runs["plan, nothing to do"].memory
    return (
        f"`validate` of 10,000 in 3 s: {'met' if wall <= _VALIDATE_BUDGET else 'MISSED'}.\n"
        f"10,000 planned in 150 MB: {'met' if memory <= _MEMORY_BUDGET else 'MISSED'}.\n"
    )


def _measure(size: int, times: int, tell: Callable[[str], None]) -> dict[str, Run]:
    tell(f"making {size} groups")
    with tempfile.TemporaryDirectory() as folder, made(Path(folder) / "repository", size) as world:
        world.configure(16)
        validate = world.reconciler("validate", name=_STEPS[0])
        idle = world.reconciler("plan", "--quiet", "--detailed-exitcode", name=_STEPS[1])
        lost = world.reconciler("plan", "--quiet", name=_STEPS[2])
        lost = replace(lost, environment={**lost.environment, "RECONCILER_STATE": "file:lost.json"})
        with world.serving(0):
            found = alternate([validate, idle, lost], times, tell)
            for file in (world.path / "groups").glob("*.yaml"):
                text = file.read_text(encoding="utf-8")
                file.write_text(
                    re.sub(r"^subject: Group", "subject: New", text, flags=re.M), encoding="utf-8"
                )
            changed = [
                world.reconciler("plan", "--quiet", name=_STEPS[3]),
                world.reconciler("plan", "--quiet", "--format", "json", name=_STEPS[4]),
            ]
            found |= alternate(changed, times, tell)
    return {name: middle(runs) for name, runs in found.items()}
