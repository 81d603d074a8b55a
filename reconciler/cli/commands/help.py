"""`reconciler help`."""

from __future__ import annotations

import click

from reconciler.cli import terminal
from reconciler.cli.common import ExampleCommand
from reconciler.errors import Exit


@click.command("help", cls=ExampleCommand, context_settings={"help_option_names": ["--help", "-h"]})
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
def command(words: tuple[str, ...]) -> int:
    """Show the help of a command, as its --help does."""
    context = click.get_current_context().find_root()
    for word in words:
        if not isinstance(context.command, click.Group):
            context.fail(f"{context.command_path} has no commands, and so no {word!r:.40}.")
        _, found, _ = context.command.resolve_command(context, [word])
        assert found is not None  # noqa: S101  # or it would have failed
        context = click.Context(found, info_name=word, parent=context)
    terminal.put(context.get_help())
    return Exit.OK


command.examples = """
reconciler help
reconciler help plan
reconciler help state log
"""
