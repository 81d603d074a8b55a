"""The program: the list of verbs, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from reconciler.cli.common import Common, LazyGroup, common_options
from reconciler.cli.terminal import escape_unencodable, print_bug, print_error
from reconciler.errors import Exit, ReconcilerError

_COMMANDS = {
    "validate": ("reconciler.cli.commands.validate", "Check manifests, contacts and configuration, offline."),
    "plan": ("reconciler.cli.commands.plan", "Show what apply would change. Changes nothing."),
    "apply": ("reconciler.cli.commands.apply", "Make the live groups as the manifests say."),
    "drift": ("reconciler.cli.commands.drift", "Report what was changed outside. Changes nothing."),
    "accept": ("reconciler.cli.commands.accept", "Write what was changed outside into the manifests."),
    "list": ("reconciler.cli.commands.list", "Show every live group, managed or not. Changes nothing."),
    "import": ("reconciler.cli.commands.import_", "Write manifests for groups that exist."),
    "invites": ("reconciler.cli.commands.invites", "Show who has yet to join, with the links; or send them."),
    "send": ("reconciler.cli.commands.send", "Send a text to a group."),
    "inbound": (
        "reconciler.cli.commands.inbound",
        "Tell what a webhook's messages say, and who has shown up.",
    ),
    "comment": ("reconciler.cli.commands.comment", "Post a report as a comment of the pull request."),
    "state": ("reconciler.cli.commands.state", "Look at and mend what is recorded of groups."),
    "doctor": ("reconciler.cli.commands.doctor", "Look at everything a run needs, and say what is wrong."),
    "schema": ("reconciler.cli.commands.schema", "Print a JSON Schema of a file or an output."),
    "sandbox": ("reconciler.cli.commands.sandbox", "Serve a Groups API on this machine to try things on."),
}


class _Program(LazyGroup):
    lazy = _COMMANDS
    examples = """
    reconciler plan --sandbox           try it without an account
    reconciler validate                 check the files, offline
    reconciler plan                     what would change?
    reconciler apply                    make it so, after a question
    reconciler apply --yes              the same in a pipeline
    reconciler drift                    what did somebody change by hand?
    reconciler accept NAME              keep what was changed by hand: into the manifest
    reconciler list                     which groups are there?
    reconciler import --all             a manifest for every group that has none
    reconciler invites                  who has yet to join, and by which link?
    reconciler invites --send           send them the links, after a question
    """


@click.group(cls=_Program, context_settings={"help_option_names": ["--help", "-h"]})
@common_options
def program(common: Common) -> None:
    """A GitOps-style reconciler for WhatsApp groups."""
    click.get_current_context().obj = common


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; every error is reported here, on stderr."""
    escape_unencodable()
    try:
        result = program.main(args=arguments, prog_name="reconciler", standalone_mode=False)
        sys.stdout.flush()
        return int(result) if isinstance(result, int) else Exit.OK
    except click.UsageError as error:
        error.show()
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; what could not be printed is no reason for a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.ERROR
    except ReconcilerError as error:
        print_error(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # the last resort: a bug must say so, with its own exit code
        print_bug(error)
        return Exit.BUG
