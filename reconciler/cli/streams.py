"""The standard streams as a process finds them: open, closed or full. Knows nothing of what is said there."""

from __future__ import annotations

import os
import sys


def open_closed() -> None:
    """Open those of the descriptors 0 to 2 that are closed on the null device, so that no file of ours gets
    their number. To read the first or to write the others fails, as it would have: it is opened the other way
    round."""
    for number, way in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)  # gets the lowest number that is free, which is this one
            os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115


def drop_unwritten() -> None:
    """Drop what a stream that cannot be written still holds: Python would end with a code of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
