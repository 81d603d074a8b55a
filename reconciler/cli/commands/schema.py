"""`reconciler schema`."""

from __future__ import annotations

import click

from reconciler.cli.common import Common, verb

EXAMPLES = """
reconciler schema group > group.schema.json
reconciler schema plan
"""


@verb("schema", EXAMPLES)
@click.argument("name")
def command(common: Common, name: str) -> int:  # noqa: ARG001
    """Print the JSON Schema NAME.

    Of a file: group, contacts, config. Of an output: plan, apply, drift, invites, state.
    """
    from reconciler.cli import terminal
    from reconciler.errors import Exit
    from reconciler.manifests.schema import schema_text

    terminal.put(schema_text(name))
    return Exit.OK
