"""The command line: options, wiring, exit codes. The only printer and the only reader of the clock.

Here belongs what connects an operation with the outside: parsing options, choosing the concrete backend,
store and format, signals, colours. Never here: a decision about groups. Imports are lazy, so that `--help`
pays for click alone.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (the console script hands it to `sys.exit`)."""
    from reconciler.cli.app import run

    # Nearly all that a run makes lives to its end and holds no cycles: look for garbage seldom, and not when
    # the process ends, which would take a tenth of a second where a plan takes one.
    gc.set_threshold(20_000, 20, 20)
    atexit.register(gc.freeze)
    return run(arguments)
