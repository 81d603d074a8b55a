"""`python -m tests.simulation`: see the package."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation import planted, trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="tell the story of this seed")
    parser.add_argument("--seeds", metavar="FROM:TO", help="judge these seeds, TO not among them")
    parser.add_argument("--jobs", type=int, default=1, help="processes for --seeds and --planted")
    parser.add_argument(
        "--shrink", type=int, metavar="SEED", help="tell as little of a failing story as fails"
    )
    parser.add_argument("--verdict", metavar="CODE", help="what --shrink keeps; its first verdict by default")
    parser.add_argument("--planted", action="store_true", help="say how soon each planted fault is found")
    parser.add_argument("--only", metavar="NAME", help="this planted fault alone")
    asked = parser.parse_args()
    if asked.seeds:
        first, last = map(int, asked.seeds.split(":"))
        return over(range(first, last), asked.jobs)
    if asked.shrink is not None:
        return shrunk(asked.shrink, asked.verdict)
    if asked.planted:
        return plant(asked.only, asked.jobs)
    if asked.seed is None:
        parser.print_help()
        return 64
    return told(trial.tell(asked.seed))


def told(found: trial.Trial) -> int:
    say(found.story)
    say(*(found.verdicts or ("nothing is wrong",)), sep="\n")
    return 1 if found.verdicts else 0


def over(seeds: range, jobs: int) -> int:
    """Judge a range of seeds, and say what was tried in it."""
    began = time.monotonic()
    counts: Counter[str] = Counter()
    allowed: Counter[str] = Counter()
    failed: dict[str, list[int]] = {}
    for found in _trials(seeds, jobs):
        counts += found.counts
        allowed += found.allowed
        for code in dict.fromkeys(verdict.code for verdict in found.verdicts):
            failed.setdefault(code, []).append(found.seed)
    seconds = time.monotonic() - began
    say(f"{len(seeds)} seeds in {seconds:.0f} s: {len(seeds) / seconds * 60:,.0f} a minute")
    say("tried: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    say("allowed by the terms: " + (", ".join(f"{name} {n}" for name, n in allowed.items()) or "nothing"))
    for code, found_in in failed.items():
        shown = " ".join(map(str, found_in[:10])) + (" …" if len(found_in) > 10 else "")
        say(f"{code}: {len(found_in)} seeds: {shown}")
    if failed:
        first = next(iter(failed.values()))[0]
        say("", f"python -m tests.simulation --shrink {first} tells one of them", sep="\n")
    return 1 if failed else 0


def _trials(seeds: range, jobs: int) -> Iterator[trial.Trial]:
    if jobs == 1:
        yield from map(trial.without_story, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(trial.without_story, seeds, chunksize=50)


def shrunk(seed: int, code: str | None) -> int:
    found = trial.shrink(seed, code)
    return told(found)


def plant(only: str | None, jobs: int) -> int:
    """Say after how many seeds each planted fault is found."""
    names = [name for name in planted.FAULTS if only in (None, name)]
    missed = 0
    with ProcessPoolExecutor(jobs) as pool:
        for name, (seeds, verdict) in zip(names, pool.map(planted.search, names), strict=True):
            missed += verdict is None
            say(
                f"{name:32} {f'after {seeds} seeds: {verdict}' if verdict else f'not found in {seeds} seeds'}"
            )
    return 1 if missed else 0


def say(*lines: object, sep: str = " ") -> None:
    sys.stdout.write(sep.join(map(str, lines)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
