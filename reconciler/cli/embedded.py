"""What can keep a sandbox from starting, as errors that say how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.errors import ReconcilerError, UsageError


@contextmanager
def startable() -> Iterator[None]:
    """Around making a sandbox's options and starting it. Raises `UsageError` for a value or a file that will
    not do, and `ReconcilerError` when it is not installed or a port or a database cannot be had."""
    try:
        yield
    except ImportError:
        raise ReconcilerError(
            "the sandbox is not installed", "pip install 'group-reconciler[sandbox]'"
        ) from None
    except BrokenPipeError:  # whoever read our output has gone; that is nothing of the sandbox's
        raise
    except OSError as error:
        raise ReconcilerError(
            f"the sandbox cannot start: {error.strerror or error}",
            "where another one is running here, stop it, or export the lines that it printed",
        ) from None
    except ValueError as error:
        raise UsageError(f"the sandbox cannot start: {error}") from None
