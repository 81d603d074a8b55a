"""`reconciler state mv`."""

from __future__ import annotations

import click

from reconciler.cli import state_store, terminal
from reconciler.cli.common import Common, PerAccount, lock_timeout_option
from reconciler.cli.verb import verb
from reconciler.errors import Exit, UsageError
from reconciler.operations.state import move

EXAMPLES = """
reconciler state mv suporte suporte-campinas
"""


@verb("mv", EXAMPLES, PerAccount(alone="a name is one account's", names="new"))
@click.argument("old")
@click.argument("new")
@lock_timeout_option
def command(common: Common, old: str, new: str, lock_timeout: float) -> int:
    """Give what is recorded of OLD to NEW, after a manifest was renamed."""

    for name in (old, new):
        state_store.check_name(name)
    if old == new:
        raise UsageError(f"{old} and {new} are the same name", "give the name of before and that of now")
    with state_store.changing(common, lock_timeout) as journal:
        move(journal, old, new)
    terminal.say(f"{new} has what was recorded of {old}.")
    return Exit.OK
