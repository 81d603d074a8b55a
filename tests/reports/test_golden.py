"""Whole outputs, compared with files that were read by somebody.

After a wanted change: `RENEW_GOLDEN=1 pytest tests/reports/test_golden.py`, then read the difference in Git.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.outcome import ApplyResult
from reconciler.model.plan import Plan
from reconciler.reports import json, markdown, text
from reconciler.reports.drift_view import drift_view
from reconciler.reports.run import ValidationView
from reconciler.reports.view import apply_view, plan_view

from . import based, drifts, samples
from .samples import BOOK, OPEN_BOOK
from .test_markdown import RUN

BASED = plan_view(samples.EVERYTHING, BOOK, based.BASE)
GOLDEN = Path(__file__).parent / "golden"


def plan_text(plan: Plan, **options: int) -> Callable[[], str]:
    return lambda: text.render_plan(plan_view(plan, BOOK), color=False, **options)


def apply_text(result: ApplyResult) -> Callable[[], str]:
    return lambda: text.render_apply(apply_view(result, BOOK), color=False)


CASES: dict[str, Callable[[], str]] = {
    "plan-everything.txt": plan_text(samples.EVERYTHING),
    "plan-narrow.txt": plan_text(samples.EVERYTHING, width=60, limit=3),
    "plan-shared.txt": plan_text(samples.CUSTOMERS),
    "plan-nothing.txt": plan_text(samples.NOTHING),
    "plan-nothing-to-change.txt": plan_text(samples.ONE_AS_WANTED),
    "plan-numbers.txt": lambda: text.render_plan(
        plan_view(samples.EVERYTHING, OPEN_BOOK), color=False, limit=3
    ),
    "plan-colour.txt": lambda: text.render_plan(plan_view(samples.EVERYTHING, BOOK), color=True, limit=3),
    "plan-everything.json": lambda: json.render_plan(plan_view(samples.EVERYTHING, BOOK)),
    "plan-nothing.json": lambda: json.render_plan(plan_view(samples.NOTHING, BOOK)),
    "apply-mixed.txt": apply_text(samples.MIXED),
    "apply-done.txt": apply_text(samples.ALL_DONE),
    "apply-nothing.txt": apply_text(samples.NOTHING_DONE),
    "apply-mixed.json": lambda: json.render_apply(apply_view(samples.MIXED, BOOK)),
    "plan-base.txt": lambda: text.render_plan(BASED, color=False),
    "plan-base.json": lambda: json.render_plan(BASED),
    "plan-base.md": lambda: markdown.render_plan(BASED, RUN),
    "plan-everything.md": lambda: markdown.render_plan(plan_view(samples.EVERYTHING, BOOK), RUN),
    "plan-nothing.md": lambda: markdown.render_plan(plan_view(samples.NOTHING, BOOK), RUN),
    "apply-mixed.md": lambda: markdown.render_apply(apply_view(samples.MIXED, BOOK), RUN),
    "drift-everything.md": lambda: markdown.render_drift(drift_view(drifts.EVERYTHING, BOOK), RUN),
    "complaints.md": lambda: markdown.render_validation(ValidationView(samples.COMPLAINTS, None), RUN),
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
