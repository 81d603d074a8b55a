"""`reconciler schema`."""

from __future__ import annotations

import click

from reconciler.cli import terminal
from reconciler.cli.accounts import verb
from reconciler.cli.common import Common, offering
from reconciler.errors import Exit, UsageError
from reconciler.language import msg
from reconciler.manifests.schema import schema_names, schema_text

EXAMPLES = "reconciler schema group > group.schema.json\nreconciler schema plan"


@verb("schema", EXAMPLES)
@click.argument("name", required=False, shell_complete=offering("schemas"))
def command(common: Common, name: str | None) -> int:
    """Print the JSON Schema NAME.

    Of a file: group, contacts, config, state. Of what a command prints as JSON: plan, apply, drift,
    accept, list, import, doctor, inbound, invites, sent (invites --send), rotated (invites --rotate),
    message (send), accounts (any of them, where there are several).
    """
    common.refuse("target", "report", "format")
    if name is None:
        raise UsageError(msg("say which schema"), msg("schemas: {names}", names=", ".join(schema_names())))
    terminal.put(schema_text(name))
    return Exit.OK
