"""The renderers of runs that read no group, `validate` and failures; each is imported when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.cli.formats import Load, Renderer
    from reconciler.reports.validate_shapes import FailureView, ValidationView


def _text() -> Renderer[ValidationView]:
    from reconciler.reports.text import render_validation

    return lambda view, _, look: render_validation(view.complaints, view.groups, color=look.color)


def _json() -> Renderer[ValidationView]:
    from reconciler.reports.json import render_validation

    return lambda view, *_: render_validation(view.complaints, view.groups)


def _html() -> Renderer[ValidationView]:
    from reconciler.reports.html_run import render_validation

    return lambda view, run, _: render_validation(view, run)


def _csv() -> Renderer[ValidationView]:
    from reconciler.reports.csv import render_validation

    return lambda view, *_: render_validation(view)


def _markdown() -> Renderer[ValidationView]:
    from reconciler.reports.markdown import render_validation

    return lambda view, run, _: render_validation(view, run)


def _github() -> Renderer[ValidationView]:
    from reconciler.reports.github import render_validation

    return lambda view, run, _: render_validation(view, run)


def _codequality() -> Renderer[ValidationView]:
    from reconciler.reports.codequality import render_validation

    return lambda view, run, _: render_validation(view, run)


def _dotenv() -> Renderer[ValidationView]:
    from reconciler.reports.dotenv import render

    return lambda view, run, _: render(view, run)


def _junit() -> Renderer[ValidationView]:
    from reconciler.reports.junit import render_validation

    return lambda view, run, _: render_validation(view, run)


def _sarif() -> Renderer[ValidationView]:
    from reconciler.reports.sarif import render_validation

    return lambda view, run, _: render_validation(view, run)


VALIDATION: dict[str, Load[ValidationView]] = {
    "text": _text,
    "json": _json,
    "html": _html,
    "csv": _csv,
    "markdown": _markdown,
    "github": _github,
    "codequality": _codequality,
    "dotenv": _dotenv,
    "junit": _junit,
    "sarif": _sarif,
}
"""What renders complaints about files; what the formats are is said in `formats.FORMATS`."""


def _html_failure() -> Renderer[FailureView]:
    from reconciler.reports.html_run import render_failure

    return lambda view, run, _: render_failure(view, run)


def _markdown_failure() -> Renderer[FailureView]:
    from reconciler.reports.markdown import budget, render_failure

    return lambda view, run, _: render_failure(view, run, budget=budget(run))


def _github_failure() -> Renderer[FailureView]:
    from reconciler.reports.github import render_failure

    return lambda view, run, _: render_failure(view, run)


def _dotenv_failure() -> Renderer[FailureView]:
    from reconciler.reports.dotenv import render

    return lambda view, run, _: render(view, run)


def _junit_failure() -> Renderer[FailureView]:
    from reconciler.reports.junit import render_failure

    return lambda view, run, _: render_failure(view, run)


def _prometheus_failure() -> Renderer[FailureView]:
    from reconciler.reports.prometheus import render_failure

    return lambda _, run, __: render_failure(run)


FAILURE: dict[str, Load[FailureView]] = {
    "html": _html_failure,
    "markdown": _markdown_failure,
    "github": _github_failure,
    "dotenv": _dotenv_failure,
    "junit": _junit_failure,
    "prometheus": _prometheus_failure,
}
"""For a run that ended with an error instead of a result, in formats whose readers would else miss it."""
