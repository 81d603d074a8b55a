"""The table of formats: what each is for, and which function draws it for which verb.

Functions are named and imported when asked for: `--help` needs none of them, and no verb pays for another's.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.language import msg
from reconciler.manifests.complaints import guessed
from reconciler.report.section import PLAIN, Look

if TYPE_CHECKING:
    from reconciler.report.model import Verb
    from reconciler.report.section import Render

__all__ = ["PLAIN", "Look"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format: `about` says in a line of `--help` what it is for, `mode` is that of its files.

    `remembers`: it wants to see what the file held before; `pictures`: it shows icons; `commit`: it says of
    which commit the manifests are; `machine`: programs read it, so that it is English; `apart`: several
    accounts have a document each; `failures`: it tells of a
    run that ended in an error as well; `prose`: nothing spoils it that stands beside it; `begins` is what its
    files begin with.
    """

    about: str
    remembers: bool = False
    pictures: bool = False
    commit: bool = False
    machine: bool = False
    apart: bool = False
    failures: bool = False
    prose: bool = False
    mode: int = 0o600
    begins: str = ""


FORMATS: dict[str, Format] = {
    "text": Format(about=msg("for people"), prose=True),
    "json": Format(about=msg("for programs; see reconciler schema"), machine=True),
    "html": Format(
        about=msg("a page to read and to keep"), pictures=True, commit=True, apart=True, failures=True
    ),
    # By the mark Excel knows that a file is UTF-8. Pipes have none: there it would be part of the first name.
    "csv": Format(about=msg("a table, for spreadsheets"), machine=True, begins="\ufeff"),
    "markdown": Format(about=msg("for comments in pull requests"), commit=True, failures=True, prose=True),
    "github": Format(
        about=msg("GitHub Actions: annotations, step summary, outputs"), commit=True, failures=True
    ),
    "gitlab": Format(about=msg("GitLab's widget: artifacts:reports:terraform"), machine=True),
    "codequality": Format(about=msg("GitLab: artifacts:reports:codequality"), machine=True, apart=True),
    "dotenv": Format(about=msg("GitLab: artifacts:reports:dotenv"), machine=True, failures=True),
    "junit": Format(about=msg("JUnit XML, a test case a group"), failures=True),
    "sarif": Format(about=msg("SARIF 2.1.0, for code scanning"), machine=True, apart=True),
    # Readable for all: node_exporter runs as somebody else, and there are only counts in it.
    "prometheus": Format(
        about=msg("metrics, for node_exporter's textfile collector"),
        machine=True,
        remembers=True,
        failures=True,
        mode=0o644,
    ),
}

_PACKAGE = "reconciler.report"


def _render(*names: str) -> dict[str, str]:
    return {name: f"{name}:render" for name in names}


_SHORT = _render("text", "json")
_LIVE = _render(
    "text", "json", "html", "csv", "markdown", "github", "gitlab", "dotenv", "junit", "prometheus"
)
_OFFLINE = _render(
    "text", "json", "html", "csv", "markdown", "github", "codequality", "dotenv", "junit", "sarif"
)

TABLE: dict[Verb, dict[str, str]] = {
    "validate": _OFFLINE,
    "plan": _LIVE,
    "apply": _LIVE,
    "drift": _LIVE,
    "list": _render("text", "json", "csv"),
    "import": _SHORT,
    "accept": _SHORT,
    "invites": {
        "text": "invites:render_text",
        "json": "json:render",
        "csv": "csv:render",
        "markdown": "invites:render_markdown",
        "html": "invites:render_html",
    },
    "invites --send": _SHORT,
    "invites --rotate": _SHORT,
    "send": _SHORT,
    "doctor": _SHORT,
    "state list": {"text": "state:render_names", "json": "json:render"},
    "state log": {"text": "state:render_log", "json": "json:render"},
}
"""Verb → format → the function that draws it, as `module:function` of the package `report`. All have one
signature, `section.Render`. `invites` draws its links itself, and no other verb can."""


def load(verb: Verb, name: str) -> Render:
    """Import the function that draws a format for a verb."""
    module, _, function = TABLE[verb][name].partition(":")
    found: Render = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), function)
    return found


def serving(command: str) -> dict[str, Format]:
    """Return the formats that the verb of this name has; none for a command that has no report."""
    return {name: FORMATS[name] for verb, table in TABLE.items() if verb == command for name in table}


def named(name: str, verb: Verb) -> Format:
    """Return the format of a name; raises `UsageError` for none, naming those that `verb` has."""
    if name in FORMATS and name not in TABLE[verb]:
        verbs = [each for each, formats in TABLE.items() if name in formats]
        raise UsageError(
            msg(
                "format {format} makes no sense for {verb}, only for {verbs}",
                format=name,
                verb=verb,
                verbs=", ".join(verbs),
            ),
            msg("formats of {verb}: {names}", verb=verb, names=", ".join(TABLE[verb])),
        )
    if name not in FORMATS:
        raise UsageError(
            msg("there is no format {format!r:.40}", format=name),
            guessed(name, TABLE[verb], msg("formats: {names}", names=", ".join(TABLE[verb]))),
        )
    return FORMATS[name]


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One `--report FORMAT=FILE`. `name` is the format's."""

    name: str
    format: Format
    path: str


def report_files(given: tuple[str, ...], verb: Verb) -> tuple[ReportFile, ...]:
    """Return every `--report`, checked before anything is done; raises `UsageError`."""
    return tuple(ReportFile(name, named(name, verb), path) for name, path in map(_parts, given))


def _parts(given: str) -> tuple[str, str]:
    name, equals, path = given.partition("=")
    if not equals or not path:
        raise UsageError(msg("--report takes FORMAT=FILE"), msg("for example: --report json=plan.json"))
    if name not in FORMATS and path in FORMATS:
        raise UsageError(
            msg("--report takes FORMAT=FILE"),
            msg("did you mean --report {format}={file:.70}?", format=path, file=name),
        )
    return name, path
