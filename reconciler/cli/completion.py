"""What a shell offers for a word that is being typed. A completion prints no error: where the files cannot be
read there is nothing to offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from reconciler.cli import formats, loading, wiring
from reconciler.cli.common import Common, verb_of
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.manifests.config import Config
    from reconciler.manifests.files import WorkTree


def format_names(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Formats of the verb; all of them where the verb is not known yet."""
    return _fitting(typed, formats.serving(verb_of(context)) or formats.FORMATS)


def report_formats(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """Formats of the verb, as `--report` takes them."""
    return [f"{name}=" for name in format_names(context, parameter, typed)]


def guard_codes(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """What `--allow` takes."""
    from reconciler.planning.guards import LIFTABLE

    return _fitting(typed, LIFTABLE)


def schemas(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """Names of schemas."""
    from reconciler.manifests.schema import schema_names

    return _fitting(typed, schema_names())


def folders(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Whatever folders the shell finds."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(typed, type="dir")]


def accounts(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Accounts that the configuration names."""
    found: list[str] = []
    with suppress(ReconcilerError, OSError):
        found = [own.name for own in _config(context)[2].accounts]
    return _fitting(typed, found)


def groups(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Names of groups: those of all manifests that can be read."""
    return _fitting(typed, set(_names(context)))


def recorded_groups(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Names of groups, also those that are only recorded, in a state in a file."""
    return _fitting(typed, {*_names(context), *_recorded(context)})


def _names(context: click.Context) -> Iterator[str]:
    from reconciler.manifests.load import SUFFIXES, names_in
    from reconciler.manifests.yaml_tree import MAX_BYTES

    with suppress(ReconcilerError, OSError):
        _, files, config = _config(context)
        settings = [config.of(own.name).settings for own in config.accounts] or [config.settings]
        for folder in sorted({each.manifests for each in settings}):
            for path in files.list(folder, SUFFIXES):
                with suppress(ReconcilerError):
                    yield from names_in(files.read(path, MAX_BYTES), path) or ()


def _recorded(context: click.Context) -> Iterator[str]:
    from reconciler.state import codec

    with suppress(ReconcilerError, OSError):
        common, _, config = _config(context)
        for name in [own.name for own in config.accounts] or [""]:
            path = loading.state_file(common, config.of(name).settings if name else config.settings, name)
            if path is not None and path.exists():
                yield from codec.loads(path.read_bytes()).names


def _config(context: click.Context) -> tuple[Common, WorkTree, Config]:
    """Go where the command would work, by the options that were typed so far, and read the configuration."""
    from reconciler.manifests.config import load_config

    common = Common()
    for each in (context.parent, context):
        given = each.params if each else {}
        typed = {name: given[name] for name in ("directory", "config", "sandbox") if given.get(name)}
        common = Common(**typed).over(common)
    wiring.enter(common)
    files = loading.tree()
    return common, files, load_config(files, loading.config_path(common))[0]


def _fitting(typed: str, names: Sequence[str] | set[str] | dict[str, formats.Format]) -> list[str]:
    return sorted(name for name in names if name.startswith(typed))
