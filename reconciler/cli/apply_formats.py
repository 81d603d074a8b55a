"""The renderers of `apply`, a row a format; each is imported when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.cli.formats import Load, Renderer
    from reconciler.reports.apply_shapes import ApplyView


def _text() -> Renderer[ApplyView]:
    from reconciler.reports.apply_text import render_apply

    return lambda view, _, look: render_apply(view, color=look.color, width=look.width)


def _json() -> Renderer[ApplyView]:
    from reconciler.reports.apply_json import render_apply

    return lambda view, *_: render_apply(view)


def _html() -> Renderer[ApplyView]:
    from reconciler.reports.html_apply import render_apply

    return lambda view, run, _: render_apply(view, run)


def _csv() -> Renderer[ApplyView]:
    from reconciler.reports.csv import render_apply

    return lambda view, *_: render_apply(view)


def _markdown() -> Renderer[ApplyView]:
    from reconciler.reports.apply_markdown import render_apply
    from reconciler.reports.markdown import budget

    return lambda view, run, _: render_apply(view, run, budget=budget(run))


def _github() -> Renderer[ApplyView]:
    from reconciler.reports.github import render_apply

    return lambda view, run, _: render_apply(view, run)


def _gitlab() -> Renderer[ApplyView]:
    from reconciler.reports.gitlab import render_apply

    return lambda view, *_: render_apply(view)


def _dotenv() -> Renderer[ApplyView]:
    from reconciler.reports.dotenv import render

    return lambda view, run, _: render(view, run)


def _junit() -> Renderer[ApplyView]:
    from reconciler.reports.junit import render_apply

    return lambda view, run, _: render_apply(view, run)


def _prometheus() -> Renderer[ApplyView]:
    from reconciler.reports.prometheus import render_apply

    return lambda view, run, _: render_apply(view, run)


APPLY: dict[str, Load[ApplyView]] = {
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
"""What renders an apply; what the formats are is said in `formats.FORMATS`."""
