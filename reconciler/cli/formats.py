"""The table of formats: what each is for, and which verbs have it.

The renderers stand in a table a verb, beside this one (`plan_formats` and so on), the only places that name
concrete renderers: `--help` needs none of them, and no verb pays for another's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.model.thumbnail import Thumbnails
    from reconciler.reports.run import Run, Verb

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Look:
    """What a terminal format has to know: whether there are colours, how many columns; `joining` whether a
    plan says who has yet to join; `thumbnails` are the icons, where a format shows them."""

    color: bool
    width: int
    joining: bool = True
    thumbnails: Thumbnails | None = None


PLAIN = Look(color=False, width=100)
"""How a file looks."""

Renderer = Callable[[V, "Run", Look], str]

Load = Callable[[], Callable[[V, "Run", Look], str]]
"""Imports a renderer and gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table. `about` says in a line of `--help` what the format is for; `verbs` are those that
    have a renderer for it; `remembers`: the renderer wants to see what the file held before; `pictures`: it
    shows icons; `commit`: it says of which commit the manifests are; `mode` of its files."""

    about: str
    verbs: tuple[Verb, ...]
    remembers: bool = False
    pictures: bool = False
    commit: bool = False
    mode: int = 0o600


_ALL: tuple[Verb, ...] = ("validate", "plan", "apply", "drift")
_LIVE: tuple[Verb, ...] = ("plan", "apply", "drift")
_OFFLINE: tuple[Verb, ...] = ("validate",)


FORMATS: dict[str, Row] = {
    "text": Row(about="for people", verbs=_ALL),
    "json": Row(about="for programs; see reconciler schema", verbs=_ALL),
    "html": Row(about="a page to read and to keep", verbs=_ALL, pictures=True, commit=True),
    "csv": Row(about="a table, for spreadsheets", verbs=_ALL),
    "markdown": Row(about="for comments in pull requests", verbs=_ALL, commit=True),
    "github": Row(about="GitHub Actions: annotations, step summary, outputs", verbs=_ALL, commit=True),
    "gitlab": Row(about="GitLab's widget: artifacts:reports:terraform", verbs=_LIVE),
    "codequality": Row(about="GitLab: artifacts:reports:codequality", verbs=_OFFLINE),
    "dotenv": Row(about="GitLab: artifacts:reports:dotenv", verbs=_ALL),
    "junit": Row(about="JUnit XML, a test case a group", verbs=_ALL),
    "sarif": Row(about="SARIF 2.1.0, for code scanning", verbs=_OFFLINE),
    # Readable for all: node_exporter runs as somebody else, and there are only counts in it.
    "prometheus": Row(
        about="metrics, for node_exporter's textfile collector",
        verbs=_LIVE,
        remembers=True,
        mode=0o644,
    ),
}


def serving(verb: str) -> dict[str, Row]:
    """The rows of the formats that this verb has."""
    return {name: row for name, row in FORMATS.items() if verb in row.verbs}


def named(name: str, verb: Verb) -> Row:
    """The format of a name; raises `UsageError` for none, naming those that `verb` has."""
    row = chosen(FORMATS, name) if name in FORMATS else chosen(serving(verb), name)
    if verb not in row.verbs:
        raise UsageError(
            f"format {name} makes no sense for {verb}, only for {', '.join(row.verbs)}",
            f"formats of {verb}: {', '.join(serving(verb))}",
        )
    return row


def chosen(table: Mapping[str, T], name: str) -> T:
    """The row of a name in the table of a verb that has formats of its own; raises `UsageError` naming the
    others."""
    if name not in table:
        raise UsageError(f"there is no format {name!r:.40}", f"formats: {', '.join(table)}")
    return table[name]


@dataclass(frozen=True, slots=True)
class ReportFile(Generic[T]):
    """One `--report FORMAT=FILE`. `name` is the format's."""

    name: str
    format: T
    path: str


def report_files(given: tuple[str, ...], verb: Verb) -> tuple[ReportFile[Row], ...]:
    """Every `--report`, checked before anything is done; raises `UsageError`."""
    return tuple(ReportFile(name, named(name, verb), path) for name, path in map(_parts, given))


def chosen_files(table: Mapping[str, T], given: tuple[str, ...]) -> tuple[ReportFile[T], ...]:
    """Every `--report` of such a verb, checked before anything is done; raises `UsageError`."""
    return tuple(ReportFile(name, chosen(table, name), path) for name, path in map(_parts, given))


def _parts(given: str) -> tuple[str, str]:
    name, equals, path = given.partition("=")
    if not equals or not path:
        raise UsageError("--report takes FORMAT=FILE", "for example: --report json=plan.json")
    return name, path
