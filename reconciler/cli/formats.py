"""The table of formats: what each renders. The only place that names concrete renderers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.model.thumbnail import Thumbnails
    from reconciler.reports.run import FailureView, Run, ValidationView, Verb
    from reconciler.reports.shapes import (
        AcceptView,
        ApplyView,
        DriftView,
        ImportView,
        ListView,
        PlanView,
    )

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """The renderers of one format, None for what makes no sense in it; `failure` is for a run that ended with
    an error instead of a result, in formats whose readers would otherwise miss it."""

    plan: Renderer[PlanView] | None = None
    apply: Renderer[ApplyView] | None = None
    drift: Renderer[DriftView] | None = None
    validation: Renderer[ValidationView] | None = None
    failure: Renderer[FailureView] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table. `about` says in a line of `--help` what the format is for; `verbs` are those that
    `load` has a renderer for, known without importing any; `remembers`: the renderer wants to see what the
    file held before; `pictures`: it shows icons; `mode` of its files."""

    about: str
    verbs: tuple[Verb, ...]
    load: Callable[[], Format]
    remembers: bool = False
    pictures: bool = False
    mode: int = 0o600


def _text() -> Format:
    from reconciler.reports import text

    return Format(
        plan=lambda view, _, look: text.render_plan(
            view, color=look.color, width=look.width, joining=look.joining
        ),
        apply=lambda view, _, look: text.render_apply(view, color=look.color, width=look.width),
        drift=lambda view, _, look: text.render_drift(view, color=look.color, width=look.width),
        validation=lambda view, _, look: text.render_validation(
            view.complaints, view.groups, color=look.color
        ),
    )


def _json() -> Format:
    from reconciler.reports import json

    return Format(
        plan=lambda view, *_: json.render_plan(view),
        apply=lambda view, *_: json.render_apply(view),
        drift=lambda view, *_: json.render_drift(view),
        validation=lambda view, *_: json.render_validation(view.complaints, view.groups),
    )


def _csv() -> Format:
    from reconciler.reports import csv

    return Format(
        plan=lambda view, *_: csv.render_plan(view),
        apply=lambda view, *_: csv.render_apply(view),
        drift=lambda view, *_: csv.render_drift(view),
        validation=lambda view, *_: csv.render_validation(view),
    )


def _github() -> Format:
    from reconciler.reports import github

    return Format(
        plan=lambda view, run, _: github.render_plan(view, run),
        apply=lambda view, run, _: github.render_apply(view, run),
        drift=lambda view, run, _: github.render_drift(view, run),
        validation=lambda view, run, _: github.render_validation(view, run),
        failure=lambda view, run, _: github.render_failure(view, run),
    )


def _gitlab() -> Format:
    from reconciler.reports import gitlab

    return Format(
        plan=lambda view, *_: gitlab.render_plan(view),
        apply=lambda view, *_: gitlab.render_apply(view),
        drift=lambda view, *_: gitlab.render_drift(view),
    )


def _dotenv() -> Format:
    from reconciler.reports import dotenv

    return Format(
        plan=lambda view, run, _: dotenv.render(view, run),
        apply=lambda view, run, _: dotenv.render(view, run),
        drift=lambda view, run, _: dotenv.render(view, run),
        validation=lambda view, run, _: dotenv.render(view, run),
        failure=lambda view, run, _: dotenv.render(view, run),
    )


def _codequality() -> Format:
    from reconciler.reports import codequality

    return Format(validation=lambda view, run, _: codequality.render_validation(view, run))


def _junit() -> Format:
    from reconciler.reports import junit

    return Format(
        plan=lambda view, run, _: junit.render_plan(view, run),
        apply=lambda view, run, _: junit.render_apply(view, run),
        drift=lambda view, run, _: junit.render_drift(view, run),
        validation=lambda view, run, _: junit.render_validation(view, run),
        failure=lambda view, run, _: junit.render_failure(view, run),
    )


def _sarif() -> Format:
    from reconciler.reports import sarif

    return Format(validation=lambda view, run, _: sarif.render_validation(view, run))


def _prometheus() -> Format:
    from reconciler.reports import prometheus

    return Format(
        plan=lambda view, run, _: prometheus.render_plan(view, run),
        apply=lambda view, run, _: prometheus.render_apply(view, run),
        drift=lambda view, run, _: prometheus.render_drift(view, run),
        failure=lambda _, run, __: prometheus.render_failure(run),
    )


def _markdown() -> Format:
    from reconciler.reports import markdown

    return Format(
        plan=lambda view, run, _: markdown.render_plan(view, run, budget=markdown.budget(run)),
        apply=lambda view, run, _: markdown.render_apply(view, run, budget=markdown.budget(run)),
        drift=lambda view, run, _: markdown.render_drift(view, run, budget=markdown.budget(run)),
        validation=lambda view, run, _: markdown.render_validation(view, run),
        failure=lambda view, run, _: markdown.render_failure(view, run, budget=markdown.budget(run)),
    )


def _html() -> Format:
    from reconciler.reports import html

    return Format(
        plan=lambda view, run, look: html.render_plan(view, run, look.thumbnails or html.NO_PICTURES),
        apply=lambda view, run, _: html.render_apply(view, run),
        drift=lambda view, run, look: html.render_drift(view, run, look.thumbnails or html.NO_PICTURES),
        validation=lambda view, run, _: html.render_validation(view, run),
        failure=lambda view, run, _: html.render_failure(view, run),
    )


_ALL: tuple[Verb, ...] = ("validate", "plan", "apply", "drift")
_LIVE: tuple[Verb, ...] = ("plan", "apply", "drift")
_OFFLINE: tuple[Verb, ...] = ("validate",)


FORMATS: dict[str, Row] = {
    "text": Row(about="for people", verbs=_ALL, load=_text),
    "json": Row(about="for programs; see reconciler schema", verbs=_ALL, load=_json),
    "html": Row(about="a page to read and to keep", verbs=_ALL, load=_html, pictures=True),
    "csv": Row(about="a table, for spreadsheets", verbs=_ALL, load=_csv),
    "markdown": Row(about="for comments in pull requests", verbs=_ALL, load=_markdown),
    "github": Row(about="GitHub Actions: annotations, step summary, outputs", verbs=_ALL, load=_github),
    "gitlab": Row(about="GitLab's widget: artifacts:reports:terraform", verbs=_LIVE, load=_gitlab),
    "codequality": Row(about="GitLab: artifacts:reports:codequality", verbs=_OFFLINE, load=_codequality),
    "dotenv": Row(about="GitLab: artifacts:reports:dotenv", verbs=_ALL, load=_dotenv),
    "junit": Row(about="JUnit XML, a test case a group", verbs=_ALL, load=_junit),
    "sarif": Row(about="SARIF 2.1.0, for code scanning", verbs=_OFFLINE, load=_sarif),
    # Readable for all: node_exporter runs as somebody else, and there are only counts in it.
    "prometheus": Row(
        about="metrics, for node_exporter's textfile collector",
        verbs=_LIVE,
        load=_prometheus,
        remembers=True,
        mode=0o644,
    ),
}


def _text_list(view: ListView, look: Look) -> str:
    from reconciler.reports import text

    return text.render_list(view, color=look.color, width=look.width)


def _json_list(view: ListView, _: Look) -> str:
    from reconciler.reports import json

    return json.render_list(view)


def _csv_list(view: ListView, _: Look) -> str:
    from reconciler.reports import csv

    return csv.render_list(view)


ListFormat = Callable[["ListView", Look], str]

LIST: dict[str, ListFormat] = {"text": _text_list, "json": _json_list, "csv": _csv_list}
"""The formats of `list`."""


def _text_import(view: ImportView, look: Look) -> str:
    from reconciler.reports import text

    return text.render_import(view, color=look.color, width=look.width)


def _json_import(view: ImportView, _: Look) -> str:
    from reconciler.reports import json

    return json.render_import(view)


ImportFormat = Callable[["ImportView", Look], str]

IMPORT: dict[str, ImportFormat] = {"text": _text_import, "json": _json_import}
"""The formats of `import`."""


def _text_accept(view: AcceptView, look: Look) -> str:
    from reconciler.reports import text

    return text.render_accept(view, color=look.color, width=look.width)


def _json_accept(view: AcceptView, _: Look) -> str:
    from reconciler.reports import json

    return json.render_accept(view)


AcceptFormat = Callable[["AcceptView", Look], str]

ACCEPT: dict[str, AcceptFormat] = {"text": _text_accept, "json": _json_accept}
"""The formats of `accept`."""


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
