"""Options that every verb takes, before or after the verb, and the click classes that make it so."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler import __version__
from reconciler.cli.formats import serving
from reconciler.errors import UsageError
from reconciler.language import msg, tr

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.cli.collected import Account

F = TypeVar("F", bound=Callable[..., Any])

_EXAMPLE = 42  # columns of an example; what is said of a longer one stands below it


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The common options as given: an empty or False value means "not given". `only` is no option: the
    account that a run is about, where several are configured."""

    directory: str = ""
    config: str = ""
    sandbox: bool = False
    target: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    format: str = ""
    report: tuple[str, ...] = ()
    show_numbers: bool = False
    color: str = ""
    quiet: bool = False
    verbose: bool = False
    only: Account | None = None

    @property
    def account_name(self) -> str:
        """The name of the account that the run is about; "" where there is only one, without a name."""
        return self.only.name if self.only is not None else ""

    def refuse(self, *names: str) -> None:
        """Raise `UsageError` for options that were given and would mean nothing to this command."""
        for name in names:
            if getattr(self, name):
                raise UsageError(msg("--{option} means nothing here", option=_FLAGS.get(name, name)))

    def over(self, earlier: Common) -> Common:
        """These options over those given before the verb; lists are joined."""
        merged = earlier
        for field in fields(Common):
            mine, theirs = getattr(self, field.name), getattr(earlier, field.name)
            if isinstance(mine, tuple):
                merged = replace(merged, **{field.name: theirs + mine})
            elif mine:
                merged = replace(merged, **{field.name: mine})
        return merged


def offering(what: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Return the function of `completion` of that name, which is imported when a shell asks."""

    def offer(context: click.Context, parameter: click.Parameter, typed: str) -> list[Any]:
        found: list[Any] = getattr(importlib.import_module("reconciler.cli.completion"), what)(
            context, parameter, typed
        )
        return found

    return offer


def verb_of(context: click.Context) -> str:
    """Return the name of a command without the program's: `plan`, `state log`."""
    above = context.parent.info_name if context.parent and context.parent.parent else None
    return " ".join(filter(None, (above, context.command.name)))


_FLAGS = {"accounts": "account", "show_numbers": "show-numbers"}

_ACCOUNT = click.option(
    "--account",
    "accounts",
    metavar="NAME",
    multiple=True,
    shell_complete=offering("accounts"),
    help=msg("Only this account, of several (a glob); repeatable."),
)
_ACCOUNT_OR_NUMBER = click.option(
    "--account",
    "accounts",
    metavar="NAME",
    multiple=True,
    help=msg("Only this account, of several (a glob), or a number of your own; repeatable."),
)

_OPTIONS = (
    click.option("-C", "directory", metavar="DIR", default="", help=msg("Work in DIR, as if started there.")),
    click.option("--config", metavar="FILE", default="", help=msg("[default: reconciler.yaml]")),
    click.option("--sandbox", is_flag=True, help=msg("Use the embedded sandbox instead of the real API.")),
    click.option(
        "--target",
        metavar="NAME",
        multiple=True,
        shell_complete=offering("groups"),
        help=msg("Only groups of this name (a glob); repeatable."),
    ),
    _ACCOUNT,
    click.option(
        "--format",
        metavar="FORMAT",
        default="",
        shell_complete=offering("format_names"),
        help=msg("On stdout: text, json, …  [default: text]"),
    ),
    click.option(
        "--report",
        metavar="FORMAT=FILE",
        multiple=True,
        shell_complete=offering("report_formats"),
        help=msg("Write a report to FILE as well; repeatable."),
    ),
    click.option("--show-numbers", is_flag=True, help=msg("Show people's numbers instead of masking them.")),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default=None,
        help=msg("Colours  [default: auto]"),
    ),
    click.option("--quiet", is_flag=True, help=msg("No progress and no warnings.")),
    click.option(
        "--verbose", is_flag=True, help=msg("Log every call (method, path template, status, time).")
    ),
    click.version_option(__version__, prog_name="reconciler", message="%(prog)s %(version)s"),
)

_COMMON_NAMES = frozenset({*(field.name for field in fields(Common)), "version"})


def common_options(function: F, *, of_accounts: bool = True, numbers: bool = False) -> F:
    """Add the common options to a command; they arrive as one `common` argument. `--account` only with
    `of_accounts`; with `numbers` its help says that it takes one."""
    names = {field.name for field in fields(Common)}

    def collect(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in names if name in kwargs}
        mine = Common(**{name: value for name, value in given.items() if value is not None})
        context = click.get_current_context()
        parent = context.parent.obj if context.parent is not None else None
        return function(mine.over(parent) if isinstance(parent, Common) else mine, *args, **kwargs)

    collect.__name__ = function.__name__
    collect.__doc__ = function.__doc__
    if hasattr(function, "__click_params__"):
        collect.__click_params__ = function.__click_params__  # type: ignore[attr-defined]
    decorated: Any = collect
    for option in reversed(_OPTIONS):
        if option is not _ACCOUNT:
            decorated = option(decorated)
        elif of_accounts:
            decorated = (_ACCOUNT_OR_NUMBER if numbers else _ACCOUNT)(decorated)
    return decorated  # type: ignore[no-any-return]


_PIECES = (msg("[OPTIONS]"), msg("COMMAND [ARGS]..."))
"""What click writes into the usage of a command: here to be translated."""


class ExampleCommand(click.Command):
    """A command whose `--help` begins with examples and ends with the formats it has."""

    examples: str = ""
    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, and with a guess for an argument that is none of the command's."""
        left = super().parse_args(ctx, args)
        if left and not ctx.resilient_parsing:
            from reconciler.cli import suggestions

            hint = suggestions.argument(left, verb_of(ctx))
            ctx.fail(tr("Unexpected argument {argument!r:.40}. {hint}", argument=left[0], hint=hint).strip())
        return left

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [tr(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_short_help_str(self, limit: int = 45) -> str:
        with said_help(self):
            return super().get_short_help_str(limit)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        with said_help(self):
            return super().shell_complete(ctx, incomplete)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(self.examples, formatter)
        with said_help(self):
            super().format_help(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, tr(row.about)) for name, row in serving(verb_of(ctx)).items()]
        if rows:
            with formatter.section(tr("Formats")):
                formatter.write_dl(rows)
        super().format_epilog(ctx, formatter)


def write_examples(examples: str, formatter: click.HelpFormatter) -> None:
    """The `Examples:` section: commands as they were written, and what is said of them in the room that there
    is."""
    if examples:
        lines = cleandoc(tr(examples)).splitlines()
        parts = (re.split(" {2,}", line.rstrip(), maxsplit=1) for line in lines)
        formatter.write(tr("Examples") + ":\n")
        with formatter.indentation():
            formatter.write_dl([(part[0], "".join(part[1:])) for part in parts], col_max=_EXAMPLE)
        formatter.write("\n")


@contextmanager
def said_help(command: click.Command) -> Iterator[None]:
    """Within, the help of a command and of its options is in the language that is spoken."""
    helped: list[click.Command | click.Option] = [command]
    helped += (each for each in command.params if isinstance(each, click.Option))
    texts = [each.help for each in helped]
    for each in helped:
        each.help = tr(cleandoc(each.help or ""))
    try:
        yield
    finally:
        for each, text in zip(helped, texts, strict=True):
            each.help = text


def write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """What the verb itself takes first, then what all of them take."""
    own: list[tuple[str, str]] = []
    common: list[tuple[str, str]] = []
    help_option = command.get_help_option(ctx)
    for parameter in command.get_params(ctx):
        row = None if isinstance(parameter, click.Argument) else parameter.get_help_record(ctx)
        if row is not None:
            shared = parameter is help_option or parameter.name in _COMMON_NAMES
            (common if shared else own).append(row)
    for title, rows in ((tr("Options"), own), (tr("Common options") if own else tr("Options"), common)):
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


class LazyGroup(click.Group):
    """A group whose commands are imported when called; `lazy` maps a name to where it is, as a module or
    `module:function`, and to short help."""

    lazy: Mapping[str, tuple[str, str]] = {}
    examples: str = ""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        module, _, function = self.lazy[cmd_name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), function or "command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, and with a guess for a command that there is not."""
        if args and args[0] not in self.lazy and not args[0].startswith("-"):
            from reconciler.cli import suggestions

            group = "" if ctx.parent is None else str(ctx.info_name)
            hint = suggestions.command(args[0], group, self.lazy)
            ctx.fail(tr("No such command {command!r:.40}. {hint}", command=args[0], hint=hint).strip())
        return super().resolve_command(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [tr(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_short_help_str(self, limit: int = 45) -> str:
        with said_help(self):
            return super().get_short_help_str(limit)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        with said_help(self):
            return super().shell_complete(ctx, incomplete)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(self.examples, formatter)
        with said_help(self):
            super().format_help(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        write_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(tr("Commands")):
            formatter.write_dl([(name, tr(text)) for name, (_, text) in self.lazy.items()])


class WholeNumber(click.IntRange):
    """A range of whole numbers, in words for people: what is none "is not a valid whole number"."""

    name = msg("whole number")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        self.name = tr(type(self).name)  # click puts it into its own sentence
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A range of numbers, in words for people; click's own lets NaN through, which is in no range."""

    name = msg("number")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        self.name = tr(type(self).name)
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(tr("{value!r:.40} is no {kind}.", value=value, kind=self.name), param, ctx)
        return number


class Seconds(Number):
    """A range of seconds."""

    name = msg("number of seconds")


lock_timeout_option = click.option(
    "--lock-timeout",
    type=Seconds(min=0),
    default=0.0,
    metavar="SECONDS",
    help=msg("Wait for another run to end  [default: 0]"),
)
