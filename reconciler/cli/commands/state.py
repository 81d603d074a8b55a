"""`reconciler state`: look at what is recorded, and mend it by hand."""

from __future__ import annotations

import click

from reconciler.cli.common import Common, LazyGroup, common_options

EXAMPLES = """
reconciler state list
reconciler state show suporte-campinas
reconciler state bind suporte-campinas 5519911112222-1513616971
reconciler state mv suporte suporte-campinas
reconciler state forget suporte-campinas
reconciler state log --person ana
reconciler state migrate file:.reconciler/state.json git:origin/reconciler-state
reconciler state unlock
"""


class _State(LazyGroup):
    examples = EXAMPLES

    lazy = {  # noqa: RUF012  # read only, as in the base class
        "list": ("reconciler.cli.commands.state_list", "Every recorded name with its group."),
        "show": ("reconciler.cli.commands.state_show", "All that is recorded, or that of one name, as JSON."),
        "log": ("reconciler.cli.commands.state_log", "Who recorded what when, of a state in Git."),
        "bind": ("reconciler.cli.commands.state_bind", "Say that a name means an existing group."),
        "mv": ("reconciler.cli.commands.state_mv", "Give what is recorded of a name to another name."),
        "forget": ("reconciler.cli.commands.state_forget", "Forget a name. The group itself is not touched."),
        "migrate": (
            "reconciler.cli.commands.state_migrate",
            "Move all that is recorded to another place.",
        ),
        "unlock": (
            "reconciler.cli.commands.state_unlock",
            "See who holds the lock; remove one that was left behind.",
        ),
    }


@click.group("state", cls=_State)
@common_options
def command(common: Common) -> None:
    """Look at and mend what is recorded of groups. No call is made."""
    click.get_current_context().obj = common
