"""`reconciler state bind`."""

from __future__ import annotations

import click

from reconciler.cli import state_store, terminal
from reconciler.cli.common import Common, PerAccount, lock_timeout_option
from reconciler.cli.verb import verb
from reconciler.errors import Exit
from reconciler.operations.state import bind

EXAMPLES = """
reconciler state bind suporte-campinas 5519911112222-1513616971
"""


@verb("bind", EXAMPLES, PerAccount(alone="a name is bound in the state of one account", names="name"))
@click.argument("name")
@click.argument("group_id", metavar="ID")
@lock_timeout_option
def command(common: Common, name: str, group_id: str, lock_timeout: float) -> int:
    """Say that NAME means the existing group ID."""

    state_store.check_name(name)
    state_store.check_id(group_id)
    with state_store.changing(common, lock_timeout) as journal:
        bind(journal, name, group_id)
    terminal.say(f"{name} is bound now.")
    return Exit.OK
