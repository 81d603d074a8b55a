"""A process run to its end: how long, how much CPU with all its children, how much memory at the most."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

# Whoever installs a package compiles it, and no run does so again.
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class Run:
    """One run, or the medians of several. Seconds; `memory` is the largest process's peak in MB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who does the work: a name for the table, the command, and the exit codes that mean success."""

    name: str
    command: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    codes: frozenset[int] = frozenset({0})


class Failed(RuntimeError):
    """A contender did not do the work; the text is what it said."""


def run(contender: Contender) -> Run:
    """Run it once. Raises `Failed` for another exit code than those that mean success."""
    with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile() as result:
        subprocess.run(
            [sys.executable, "-I", "-S", str(_CHILD), result.name, *contender.command],
            cwd=contender.cwd,
            env={**os.environ, **_COMPILED, **contender.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=True,
        )
        found = json.load(result)
        if found["code"] not in contender.codes:
            output.seek(0)
            said = output.read()[-2000:].decode(errors="replace")
            raise Failed(f"{contender.name} ended {found['code']}:\n{said}")
    return Run(found["wall"], found["cpu"], found["memory"])


def middle(runs: Sequence[Run]) -> Run:
    """The medians of several runs, each on its own."""
    return Run(
        median(run.wall for run in runs), median(run.cpu for run in runs), median(run.memory for run in runs)
    )


def alternate(
    contenders: Sequence[Contender], times: int, tell: Callable[[str], None]
) -> dict[str, tuple[Run, ...]]:
    """Every contender `times` times, in turn, so that a busy minute of the machine befalls all of them."""
    found: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for round_ in range(times):
        for contender in contenders:
            result = run(contender)
            found[contender.name].append(result)
            tell(
                f"  {round_ + 1}/{times} {contender.name}: {result.wall:.2f} s, CPU {result.cpu:.2f} s, "
                f"{result.memory:.0f} MB"
            )
    return {name: tuple(runs) for name, runs in found.items()}


def machine() -> str:
    """The machine, how busy it was, and the day, in one line."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in _lines("/proc/cpuinfo")
            if line.startswith(("model name", "Model"))
        ),
        platform.machine(),
    )
    memory = next(
        (int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0
    )
    cores = len(os.sched_getaffinity(0))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cores} cores of {cpu}, {memory / 2**20:.0f} GB, "
        f"{platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}, "
        f"load before {os.getloadavg()[0]:.1f}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
