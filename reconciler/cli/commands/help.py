"""`reconciler help`."""

from __future__ import annotations

import click

from reconciler.cli import terminal
from reconciler.cli.accounts import verb
from reconciler.cli.common import Common
from reconciler.errors import Exit, UsageError
from reconciler.language import msg

EXAMPLES = "reconciler help\nreconciler help plan\nreconciler help state log"


@verb("help", EXAMPLES)
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
def command(common: Common, words: tuple[str, ...]) -> int:
    """Show the help of a command, as its --help does."""
    common.refuse("target", "report", "format")
    context = click.get_current_context().find_root()
    for word in words:
        above = context.command
        if not isinstance(above, click.Group):
            raise UsageError(
                msg(
                    "{command_path} has no commands, and so no {word!r:.40}",
                    command_path=context.command_path,
                    word=word,
                )
            )
        _, found, _ = above.resolve_command(context, [word])
        if found is not None:  # it fails where there is none
            context = click.Context(found, info_name=word, parent=context)
    terminal.put(context.get_help())
    return Exit.OK
