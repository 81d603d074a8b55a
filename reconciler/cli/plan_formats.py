"""The renderers of `plan`, a row a format; each is imported when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.report.section import Section, Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.formats import Load, Renderer
    from reconciler.model.plan import Base, Plan
    from reconciler.report.model import Report
    from reconciler.report.redact import Redactor
    from reconciler.report.section import Run
    from reconciler.reports.plan_shapes import PlanView


def view_of_plan() -> Callable[[Plan, Redactor, Base | None], PlanView]:
    """What makes the view of a plan."""
    from reconciler.reports.plan_view import plan_view

    return plan_view


def section(view: PlanView, run: Run) -> Section:
    """A run with the data of its plan, and no document yet."""
    from reconciler.reports.plan_json import data

    def report() -> Report:
        raise NotImplementedError("a plan makes no document yet")

    return Section("", run.exit_code, run, Told(report, lambda: data(view)))


def _text() -> Renderer[PlanView]:
    from reconciler.reports.plan_text import render_plan

    return lambda view, _, look: render_plan(view, color=look.color, width=look.width, joining=look.joining)


def _json() -> Renderer[PlanView]:
    from reconciler.reports.plan_json import render_plan

    return lambda view, *_: render_plan(view)


def _html() -> Renderer[PlanView]:
    from reconciler.reports.html import NO_PICTURES
    from reconciler.reports.html_plan import render_plan

    return lambda view, run, look: render_plan(view, run, look.thumbnails or NO_PICTURES)


def _csv() -> Renderer[PlanView]:
    from reconciler.reports.csv import render_plan

    return lambda view, *_: render_plan(view)


def _markdown() -> Renderer[PlanView]:
    from reconciler.reports.markdown import budget
    from reconciler.reports.plan_markdown import render_plan

    return lambda view, run, _: render_plan(view, run, budget=budget(run))


def _github() -> Renderer[PlanView]:
    from reconciler.reports.github import render_plan

    return lambda view, run, _: render_plan(view, run)


def _gitlab() -> Renderer[PlanView]:
    from reconciler.report.gitlab import render

    return lambda view, run, look: render([section(view, run)], look)


def _dotenv() -> Renderer[PlanView]:
    from reconciler.report.dotenv import render

    return lambda view, run, look: render([section(view, run)], look)


def _junit() -> Renderer[PlanView]:
    from reconciler.reports.junit import render_plan

    return lambda view, run, _: render_plan(view, run)


def _prometheus() -> Renderer[PlanView]:
    from reconciler.report.prometheus import render

    return lambda view, run, look: render([section(view, run)], look)


PLAN: dict[str, Load[PlanView]] = {
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
"""What renders a plan; what the formats are is said in `formats.FORMATS`."""
