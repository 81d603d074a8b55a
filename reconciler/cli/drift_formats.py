"""The renderers of `drift`, a row a format; each is imported when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.cli.formats import Load, Renderer
    from reconciler.reports.drift_shapes import DriftView


def _text() -> Renderer[DriftView]:
    from reconciler.reports.drift_text import render_drift

    return lambda view, _, look: render_drift(view, color=look.color, width=look.width)


def _json() -> Renderer[DriftView]:
    from reconciler.reports.drift_json import render_drift

    return lambda view, *_: render_drift(view)


def _html() -> Renderer[DriftView]:
    from reconciler.reports.html import NO_PICTURES
    from reconciler.reports.html_drift import render_drift

    return lambda view, run, look: render_drift(view, run, look.thumbnails or NO_PICTURES)


def _csv() -> Renderer[DriftView]:
    from reconciler.reports.csv import render_drift

    return lambda view, *_: render_drift(view)


def _markdown() -> Renderer[DriftView]:
    from reconciler.reports.drift_markdown import render_drift
    from reconciler.reports.markdown import budget

    return lambda view, run, _: render_drift(view, run, budget=budget(run))


def _github() -> Renderer[DriftView]:
    from reconciler.reports.github import render_drift

    return lambda view, run, _: render_drift(view, run)


def _gitlab() -> Renderer[DriftView]:
    from reconciler.reports.gitlab import render_drift

    return lambda view, *_: render_drift(view)


def _dotenv() -> Renderer[DriftView]:
    from reconciler.reports.dotenv import render

    return lambda view, run, _: render(view, run)


def _junit() -> Renderer[DriftView]:
    from reconciler.reports.junit import render_drift

    return lambda view, run, _: render_drift(view, run)


def _prometheus() -> Renderer[DriftView]:
    from reconciler.reports.prometheus import render_drift

    return lambda view, run, _: render_drift(view, run)


DRIFT: dict[str, Load[DriftView]] = {
    "text": _text,
    "json": _json,
    "html": _html,
    "csv": _csv,
    "markdown": _markdown,
    "github": _github,
    "gitlab": _gitlab,
    "dotenv": _dotenv,
    "junit": _junit,
    "prometheus": _prometheus,
}
"""What renders a drift; what the formats are is said in `formats.FORMATS`."""
