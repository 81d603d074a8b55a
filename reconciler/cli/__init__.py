"""The command line: options, wiring, exit codes. The only printer and the only reader of the clock.

Here belongs what connects an operation with the outside: parsing options, choosing the concrete backend,
store and format, signals, colours. Never here: a decision about groups. Imports are lazy, so that `--help`
pays for click alone.
"""

from __future__ import annotations

import atexit
import gc
import signal
import sys
from collections.abc import Sequence


class Stop(KeyboardInterrupt):
    """A signal asked for a stop. Not its base: Python remembers where that passed through code made at run
    time (a dataclass being imported), and ends as if killed although it was caught."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (the console script hands it to `sys.exit`)."""
    try:
        # Until a run takes signals into its own hands, both ways to ask for a stop end it alike.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        sys.unraisablehook = _once_more
        from reconciler.cli import streams

        streams.open_closed()
        from reconciler.cli.app import run

        # Nearly all that a run makes lives to its end and holds no cycles: look for garbage seldom, and not
        # when the process ends, which would take a tenth of a second where a plan takes one.
        gc.set_threshold(20_000, 20, 20)
        atexit.register(gc.freeze)
        return run(arguments)
    except (KeyboardInterrupt, RuntimeError) as error:  # `run` was being imported, or had ended already
        # Python 3.11 puts into a RuntimeError what is raised while a class is made.
        if not isinstance(error.__cause__ or error, KeyboardInterrupt):
            raise
        from reconciler.cli.terminal import say_interrupted

        return say_interrupted()


def _stop(_number: int, _frame: object) -> None:
    raise Stop


def _once_more(dropped: sys.UnraisableHookArgs) -> None:
    """Ask again for a stop that Python dropped, because it came in the middle of a callback of its own."""
    if isinstance(dropped.exc_value, Stop):
        signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, 0.001)
    else:
        sys.__unraisablehook__(dropped)
