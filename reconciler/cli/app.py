"""The program: the list of verbs, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from reconciler.cli import speaking, streams, terminal
from reconciler.cli.common import Common, LazyGroup, common_options, verb_of
from reconciler.errors import Exit, ReconcilerError, UsageError
from reconciler.language import msg, tr

_COMMANDS = {
    "init": ("reconciler.cli.commands.init", msg("Begin a repository: write the files that it lacks.")),
    "validate": (
        "reconciler.cli.commands.validate",
        msg("Check manifests, contacts and configuration, offline."),
    ),
    "plan": ("reconciler.cli.commands.plan", msg("Show what apply would change. Changes nothing.")),
    "apply": ("reconciler.cli.commands.apply", msg("Make the live groups as the manifests say.")),
    "drift": ("reconciler.cli.commands.drift", msg("Report what was changed outside. Changes nothing.")),
    "accept": ("reconciler.cli.commands.accept", msg("Write what was changed outside into the manifests.")),
    "list": ("reconciler.cli.commands.list", msg("Show every live group, managed or not. Changes nothing.")),
    "import": ("reconciler.cli.commands.import_", msg("Write manifests for groups that exist.")),
    "invites": (
        "reconciler.cli.commands.invites",
        msg("Show who has yet to join, with the links; or send them."),
    ),
    "send": ("reconciler.cli.commands.send", msg("Send a text to a group.")),
    "inbound": (
        "reconciler.cli.commands.inbound",
        msg("Tell what a webhook's messages say, and who has shown up."),
    ),
    "comment": ("reconciler.cli.commands.comment", msg("Post a report as a comment of the pull request.")),
    "state": ("reconciler.cli.commands.state", msg("Look at and mend what is recorded of groups.")),
    "doctor": (
        "reconciler.cli.commands.doctor",
        msg("Look at everything a run needs, and say what is wrong."),
    ),
    "schema": ("reconciler.cli.commands.schema", msg("Print a JSON Schema of a file or an output.")),
    "sandbox": (
        "reconciler.cli.commands.sandbox",
        msg("Serve a Groups API on this machine to try things on."),
    ),
    "help": ("reconciler.cli.commands.help", msg("Show the help of a command.")),
}


class _Program(LazyGroup):
    lazy = _COMMANDS
    examples = msg(
        "\n    reconciler init                     begin a repository of groups\n    "
        "reconciler plan --sandbox           try it without an account\n    reconciler "
        "validate                 check the files, offline\n    reconciler "
        "plan                     what would change?\n    reconciler "
        "apply                    make it so, after a question\n    reconciler apply "
        "--yes              the same in a pipeline\n    reconciler "
        "drift                    what was changed outside?\n    reconciler accept "
        "NAME              keep what was changed outside\n    reconciler "
        "list                     which groups are there?\n    reconciler import "
        "--all             a manifest for every group that has none\n    reconciler "
        "invites                  who has yet to join, and by which link?\n    "
        "reconciler invites --send           send them the links, after a question\n    "
    )


@click.group(cls=_Program, context_settings={"help_option_names": ["--help", "-h"]})
@common_options
def program(common: Common) -> None:
    """A GitOps-style reconciler for WhatsApp groups."""
    click.get_current_context().obj = common


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; every error is reported here, on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    beside = _format(given)
    terminal.escape_unencodable()
    try:
        return _run(given, beside)
    except (click.Abort, KeyboardInterrupt):
        return terminal.say_interrupted(beside)
    except BrokenPipeError:
        return Exit.ERROR  # the reader of our output has gone; what could not be printed is no bug
    except OSError as error:
        unwritten = terminal.unwritten(error)  # by click, which prints help
        if unwritten is None:
            terminal.print_bug(error, beside)
            return Exit.BUG
        terminal.print_error(unwritten, beside=beside)
        return unwritten.exit_code
    except Exception as error:  # noqa: BLE001  # the last resort: a bug must say so, with its own exit code
        if isinstance(error.__cause__, KeyboardInterrupt):  # see `main`
            return terminal.say_interrupted(beside)
        terminal.print_bug(error, beside)
        return Exit.BUG
    finally:
        streams.drop_unwritten()


def _run(given: list[str], beside: str) -> int:
    try:
        speaking.begin(given)
        if instruction := os.environ.get("_RECONCILER_COMPLETE"):
            return _complete(instruction)
        with program.make_context("reconciler", given) as context:
            result = program.invoke(context)
        sys.stdout.flush()
        return int(result) if isinstance(result, int) else Exit.OK
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.NoSuchOption as error:
        return _usage(_meant(error, given), beside)
    except click.ClickException as error:
        return _usage(error, beside)
    except ReconcilerError as error:
        terminal.print_error(error, beside=beside)
        return error.exit_code


def _complete(instruction: str) -> int:
    """Tell a shell what may follow. Raises `UsageError` for a shell that there is not."""
    from click.shell_completion import shell_complete

    try:
        failed = shell_complete(program, {}, "reconciler", "_RECONCILER_COMPLETE", instruction)
    except (KeyError, ValueError):
        raise UsageError(msg("a shell that asks for completion sets COMP_WORDS and COMP_CWORD")) from None
    if failed:
        raise UsageError(
            msg(
                "_RECONCILER_COMPLETE: {instruction!r:.40} is nothing that can be asked",
                instruction=instruction,
            ),
            msg("bash_source, zsh_source or fish_source"),
        )
    return Exit.OK


def _usage(error: click.ClickException, beside: str) -> int:
    shown = io.StringIO()
    error.show(shown)
    terminal.say_error(shown.getvalue(), beside)
    return Exit.USAGE if isinstance(error, click.UsageError) else Exit.ERROR


def _meant(error: click.NoSuchOption, given: Sequence[str]) -> click.UsageError:
    """Say of an option that there is not, as it was typed, what was probably meant."""
    from reconciler.cli import suggestions

    name, context = error.option_name, error.ctx
    if context is None:
        return error
    short = not name.startswith("--")
    words = ((word, after) for word, after in pairwise([*given, ""]) if word.startswith("-"))
    typed, following = next(
        (
            (word, after)
            for word, after in words
            if word.partition("=")[0] == name or (short and word[1:2] != "-" and name[1:] in word)
        ),
        (name, ""),
    )
    options = [each for param in context.command.params for each in (*param.opts, *param.secondary_opts)]
    hint = suggestions.option(typed, following, verb_of(context), [*options, "--help"])
    shown = typed.partition("=")[0]
    return click.UsageError(
        tr("No such option {option!r:.40}. {hint}", option=shown, hint=hint).strip(), context
    )


def _format(given: Sequence[str]) -> str:
    """Return what `--format` says, as far as that can be seen in a command line that may be wrong."""
    found = ""
    for word, following in pairwise([*given, ""]):
        option, equals, value = word.partition("=")
        if option == "--format":
            found = value if equals else following
    return found
