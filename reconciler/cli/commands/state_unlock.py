"""`reconciler state unlock`."""

from __future__ import annotations

from reconciler.cli.common import Common, verb

EXAMPLES = """
reconciler state unlock
"""


@verb("unlock", EXAMPLES)
def command(common: Common) -> int:
    """See who holds the lock on the state. A lock ends with its process, so a live one is never broken."""
    from reconciler.cli import state_store, terminal
    from reconciler.cli.clock import SystemClock
    from reconciler.errors import Exit

    store, _ = state_store.open_store(common)
    with store.lock(0, SystemClock()):
        terminal.say("Nobody holds the lock.")
    return Exit.OK
