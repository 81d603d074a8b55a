"""`reconciler state migrate`."""

from __future__ import annotations

import click

from reconciler.cli import environment, state_store, terminal, wiring
from reconciler.cli.clock import SystemClock, stopping_on_signals
from reconciler.cli.common import Common, PerAccount, lock_timeout_option
from reconciler.cli.store import locked, two_places
from reconciler.cli.verb import verb
from reconciler.errors import Exit, StateError
from reconciler.operations.state import migrate

EXAMPLES = """
reconciler state migrate file:.reconciler/state.json git:origin/reconciler-state
reconciler state migrate git:origin/reconciler-state file:.reconciler/state.json
reconciler state migrate file:.reconciler/state.json file:.reconciler/sales.json --account sales
"""


@verb("migrate", EXAMPLES, PerAccount(alone="a state is moved that is one account's"))
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="TO")
@lock_timeout_option
def command(common: Common, old: str, new: str, lock_timeout: float) -> int:
    """Move all that is recorded in FROM to TO, where nothing may be recorded yet.

    FROM and TO are written as `state:` writes them: file:PATH, from the top of the repository, or
    git:REMOTE/BRANCH. Nobody is written to twice after it, and nothing is created twice. What is in FROM is
    kept, under a name that ends in .migrated. Killed at any point, run it again.
    """

    common.refuse("sandbox", "target", "report")
    wiring.enter(common)
    configured, _ = state_store.open_offline(common)
    source, target = two_places(old, new, environment.base_url(common.account_name), configured.files)
    state = source.read()
    if not state.serial and not state.names:  # before the locks, which would make a folder for it
        raise StateError(source.moved or f"there is no state in {old}", "see: reconciler state list")
    clock = SystemClock()
    with (
        stopping_on_signals(clock),
        locked(source, lock_timeout, clock) as before,
        locked(target, lock_timeout, clock) as after,
    ):
        names = len(before.state.names)
        kept = migrate(before, after, old=old, new=new)
    terminal.say(f"{new} has what was recorded of {names} names. What was in {old} is kept: {kept}.")
    if configured.display != target.display:
        terminal.say(f"Now say so: `state: {new}` in the configuration, or in RECONCILER_STATE.")
    return Exit.OK
