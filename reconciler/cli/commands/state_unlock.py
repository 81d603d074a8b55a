"""`reconciler state unlock`."""

from __future__ import annotations

from reconciler.cli import state_store, terminal
from reconciler.cli.clock import SystemClock, stopping_on_signals
from reconciler.cli.common import Common, PerAccount
from reconciler.cli.verb import verb
from reconciler.errors import Exit
from reconciler.report.escape import for_terminal

EXAMPLES = """
reconciler state unlock
"""


@verb("unlock", EXAMPLES, PerAccount(alone="a lock is that of one account"))
def command(common: Common) -> int:
    """See who holds the lock on the state, and remove one that was left behind.

    A lock on a file ends with its process. One on a branch is renewed while its run lives: it is watched for
    a whole lease (a minute), and removed if nobody renews it. A live one is never broken.
    """

    store, _ = state_store.open_store(common)
    clock = SystemClock()
    if store.git is None:
        with store.lock(0, clock):
            terminal.say("Nobody holds the lock.")
        return Exit.OK
    with stopping_on_signals(clock):
        if not common.quiet:
            terminal.say("Looking whether the lock is renewed …")
        left = store.git.unlock(clock)
    if left is None:
        terminal.say("Nobody holds the lock.")
    elif left.removed:
        terminal.say(for_terminal(f"The lock of {left.who} was left behind, and is removed."))
    else:
        terminal.say(for_terminal(f"Nobody holds the lock any more: {left.who} has ended meanwhile."))
    return Exit.OK
