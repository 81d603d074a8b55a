"""Steady-state `plan` beside others on the same calls: two reads a group and one list."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import rivals
from bench.measure import Contender, Run, alternate, middle
from bench.table import compared, ratio_of, table
from bench.world import World, made

BUDGETS = {(0.02, 16): 1.2, (0.1, 16): 1.05, (0.02, 64): 2.0}
"""Latency in seconds, width: how many times the wall of `curl --parallel` a plan of 1,000 groups may take."""
_HEAD = ("", "wall", "range", "ratio", "CPU", "ratio", "memory")
_CPU_BUDGET = 9.0  # seconds
_MANY = 1_000  # groups that the budgets speak of
_FEW = 50  # groups for those who are slow


def section(size: int, times: int, tell: Callable[[str], None]) -> str:
    """The tables of all scenarios."""
    tell(f"making {size} groups")
    with tempfile.TemporaryDirectory() as folder, made(Path(folder) / "repository", size) as world:
        parts = [_capacity(world)]
        parts += [_scenario(world, latency, width, times, tell) for latency, width in BUDGETS]
        parts.append(_scenario(world, 0.0, 16, times, tell, rivals.bash))
    if rivals.has_ansible():
        parts.append(_few(min(3, times), tell))
    parts.append("\n".join(f"- {word}" for word in rivals.absent()) + "\n")
    return "\n".join(parts)


def _few(times: int, tell: Callable[[str], None]) -> str:
    """With those who take tenths of a second of CPU for a call: 1,000 groups would take ten minutes."""
    tell(f"making {_FEW} groups")
    with tempfile.TemporaryDirectory() as folder, made(Path(folder) / "repository", _FEW) as world:
        slow = (rivals.bash, rivals.ansible_with_uri, rivals.ansible_with_lookup)
        text = _scenario(world, 0.02, 16, times, tell, *slow)
        version = rivals.ansible_version(world)
    return f"{text}\nAnsible is {version}, with 16 forks. Runs of each: {times}.\n"


def _capacity(world: World) -> str:
    """How much faster the server answers than anybody asks."""
    with world.serving(0):
        runs = alternate([rivals.curl(world, 16)], 3, lambda _: None)["curl --parallel"]
    rate = (2 * world.size + 1) / middle(runs).wall
    return f"The server answers `curl` at least {rate:,.0f} times a second without latency.\n"


def _scenario(
    world: World,
    latency: float,
    width: int,
    times: int,
    tell: Callable[[str], None],
    *more: Callable[[World, int], Contender],
) -> str:
    world.configure(width)
    ours = world.reconciler("plan", "--quiet", "--detailed-exitcode", name="reconciler plan")
    contenders = [rivals.curl(world, width), ours, rivals.connections(world, width)]
    contenders.append(rivals.script(world, width))
    contenders += [contender(world, width) for contender in more]
    title = f"{world.size:,} groups, {latency * 1000:.0f} ms, {width} wide"
    tell(title)
    with world.serving(latency):
        found = alternate(contenders, times, tell)
    text = f"### {title}\n\n" + table(_HEAD, compared(found, "curl --parallel"))
    return text + "\n" + _verdict(found, latency, width, world.size)


def _verdict(found: dict[str, tuple[Run, ...]], latency: float, width: int, size: int) -> str:
    ours = found["reconciler plan"]
    words = []
    if size == _MANY and (latency, width) in BUDGETS:
        budget = BUDGETS[latency, width]
        ratio = ratio_of(found, "reconciler plan", "curl --parallel")
        words.append(f"Budget {budget:.2f} of curl: {'met' if ratio <= budget else 'MISSED'} ({ratio:.2f})")
    cpu = middle(ours).cpu
    words.append(f"CPU {cpu / (2 * size + 1) * 1000:.2f} ms a call in all, start included")
    if size == _MANY:
        words.append(f"budget {_CPU_BUDGET:.0f} s: {'met' if cpu <= _CPU_BUDGET else 'MISSED'}")
    return "; ".join(words) + ".\n"
