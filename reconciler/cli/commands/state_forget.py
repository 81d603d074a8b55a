"""`reconciler state forget`."""

from __future__ import annotations

import click

from reconciler.cli import state_store, terminal
from reconciler.cli.common import Common, PerAccount, lock_timeout_option
from reconciler.cli.verb import verb
from reconciler.errors import Exit
from reconciler.operations.state import forget

EXAMPLES = """
reconciler state forget suporte-campinas
"""


@verb("forget", EXAMPLES, PerAccount(alone="a name is forgotten by one account", names="name"))
@click.argument("name")
@lock_timeout_option
def command(common: Common, name: str, lock_timeout: float) -> int:
    """Forget NAME. The group itself is not touched.

    Who joined it, who left, and who was sent its link is forgotten as well: an apply finds the group again by
    its subject, and `invites --send` then writes to everybody who has yet to join. So is that a group was
    left: a manifest of that name that asks for it then makes a new one.
    """

    state_store.check_name(name)
    with state_store.changing(common, lock_timeout) as journal:
        forget(journal, name)
    terminal.say(f"{name} is forgotten. The group itself was not touched.")
    return Exit.OK
