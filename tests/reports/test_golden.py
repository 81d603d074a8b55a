"""Whole outputs, compared with files that were read by somebody.

After a wanted change: `RENEW_GOLDEN=1 pytest tests/reports/test_golden.py`, then read the difference in Git.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.plan import ApplyResult, Plan
from reconciler.report import apply, text, validate
from reconciler.reports import plan_json, plan_markdown, plan_text
from reconciler.reports.plan_view import plan_view

from . import based, samples
from .runs import render
from .samples import OPEN_REDACTOR, REDACTOR
from .test_markdown import RUN

BASED = plan_view(samples.EVERYTHING, REDACTOR, based.BASE)
GOLDEN = Path(__file__).parent / "golden"


def plan_in_words(plan: Plan, **options: int) -> Callable[[], str]:
    return lambda: plan_text.render_plan(plan_view(plan, REDACTOR), color=False, **options)


def apply_in_words(result: ApplyResult) -> Callable[[], str]:
    return lambda: render("text", "apply", apply.told(result, REDACTOR))


CASES: dict[str, Callable[[], str]] = {
    "plan-everything.txt": plan_in_words(samples.EVERYTHING),
    "plan-narrow.txt": plan_in_words(samples.EVERYTHING, width=60, limit=3),
    "plan-shared.txt": plan_in_words(samples.CUSTOMERS),
    "plan-nothing.txt": plan_in_words(samples.NOTHING),
    "plan-nothing-to-change.txt": plan_in_words(samples.ONE_AS_WANTED),
    "plan-numbers.txt": lambda: plan_text.render_plan(
        plan_view(samples.EVERYTHING, OPEN_REDACTOR), color=False, limit=3
    ),
    "plan-colour.txt": lambda: plan_text.render_plan(
        plan_view(samples.EVERYTHING, REDACTOR), color=True, limit=3
    ),
    "plan-everything.json": lambda: plan_json.render_plan(plan_view(samples.EVERYTHING, REDACTOR)),
    "plan-nothing.json": lambda: plan_json.render_plan(plan_view(samples.NOTHING, REDACTOR)),
    "apply-mixed.txt": apply_in_words(samples.MIXED),
    "apply-done.txt": apply_in_words(samples.ALL_DONE),
    "apply-nothing.txt": apply_in_words(samples.NOTHING_DONE),
    "apply-mixed.json": lambda: render("json", "apply"),
    "plan-base.txt": lambda: plan_text.render_plan(BASED, color=False),
    "plan-base.json": lambda: plan_json.render_plan(BASED),
    "plan-base.md": lambda: plan_markdown.render_plan(BASED, RUN),
    "plan-everything.md": lambda: plan_markdown.render_plan(plan_view(samples.EVERYTHING, REDACTOR), RUN),
    "plan-nothing.md": lambda: plan_markdown.render_plan(plan_view(samples.NOTHING, REDACTOR), RUN),
    "apply-mixed.md": lambda: render("markdown", "apply", run=RUN),
    "drift-everything.md": lambda: render("markdown", "drift", run=RUN),
    "complaints.md": lambda: render("markdown", "validate", validate.told(samples.COMPLAINTS, None), RUN),
    "complaints.txt": lambda: text.render_complaints(samples.COMPLAINTS, color=False),
}


@pytest.mark.parametrize("name", CASES)
def test_output(name: str) -> None:
    path = GOLDEN / name
    found = CASES[name]()
    if os.environ.get("RENEW_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_no_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)
