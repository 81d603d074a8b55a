"""The loop: inputs from a seed until the time is over; the first failure ends it and keeps its input."""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback

from tests.fuzz.targets import SLOWEST, TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None, help="of the first input; the next is one more")
    parser.add_argument("--inputs", type=int, default=None, help="end after so many")
    given = parser.parse_args()
    seed = int(time.time()) << 20 if given.seed is None else given.seed
    run = TARGETS[given.target]()
    begun = time.monotonic()
    slowest, count = 0.0, 0
    while time.monotonic() - begun < given.seconds and (given.inputs is None or count < given.inputs):
        started = time.process_time()
        try:
            run(random.Random(seed + count))
            took = time.process_time() - started
            assert took < SLOWEST, f"took {took:.1f} s"
        except Exception:  # noqa: BLE001  # whatever it is, it is the finding
            traceback.print_exc()
            sys.stdout.write(
                f"FAILED: python -m tests.fuzz {given.target} --seed {seed + count} --inputs 1\n"
            )
            return 1
        slowest = max(slowest, took)
        count += 1
    elapsed = time.monotonic() - begun
    sys.stdout.write(
        f"{given.target}: {count} inputs in {elapsed:.0f} s without a failure, slowest {slowest:.3f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
