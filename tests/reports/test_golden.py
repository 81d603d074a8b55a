"""Whole outputs, compared with files that were read by somebody.

After a wanted change: `RENEW_GOLDEN=1 pytest tests/reports/test_golden.py`, then read the difference in Git.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.outcome import ApplyResult
from reconciler.model.plan import Plan
from reconciler.report import apply, plan, text, validate
from reconciler.report.redact import Redactor
from reconciler.report.section import PLAIN

from . import based, goldens, samples
from .runs import Look, render
from .samples import OPEN_REDACTOR, REDACTOR
from .test_markdown import RUN

BASED = plan.told(samples.EVERYTHING, REDACTOR, based.BASE)
GOLDEN = Path(__file__).parent / "golden"


def plan_in_words(made: Plan, look: Look = PLAIN, redactor: Redactor = REDACTOR) -> Callable[[], str]:
    return lambda: render("text", "plan", plan.told(made, redactor), look=look)


def apply_in_words(result: ApplyResult) -> Callable[[], str]:
    return lambda: render("text", "apply", apply.told(result, REDACTOR))


CASES: dict[str, Callable[[], str]] = {
    "plan-everything.txt": plan_in_words(samples.EVERYTHING),
    "plan-narrow.txt": plan_in_words(samples.EVERYTHING, Look(width=60, limit=3)),
    "plan-shared.txt": plan_in_words(samples.CUSTOMERS),
    "plan-nothing.txt": plan_in_words(samples.NOTHING),
    "plan-nothing-to-change.txt": plan_in_words(samples.ONE_AS_WANTED),
    "plan-numbers.txt": plan_in_words(samples.EVERYTHING, Look(limit=3), OPEN_REDACTOR),
    "plan-colour.txt": plan_in_words(samples.EVERYTHING, Look(color=True, limit=3)),
    "plan-everything.json": lambda: render("json", "plan", plan.told(samples.EVERYTHING, REDACTOR)),
    "plan-nothing.json": lambda: render("json", "plan", plan.told(samples.NOTHING, REDACTOR)),
    "apply-mixed.txt": apply_in_words(samples.MIXED),
    "apply-done.txt": apply_in_words(samples.ALL_DONE),
    "apply-nothing.txt": apply_in_words(samples.NOTHING_DONE),
    "apply-mixed.json": lambda: render("json", "apply"),
    "plan-base.txt": lambda: render("text", "plan", BASED),
    "plan-base.json": lambda: render("json", "plan", BASED),
    "plan-base.md": lambda: render("markdown", "plan", BASED, RUN),
    "plan-everything.md": lambda: render("markdown", "plan", plan.told(samples.EVERYTHING, REDACTOR), RUN),
    "plan-nothing.md": lambda: render("markdown", "plan", plan.told(samples.NOTHING, REDACTOR), RUN),
    "apply-mixed.md": lambda: render("markdown", "apply", run=RUN),
    "drift-everything.md": lambda: render("markdown", "drift", run=RUN),
    "complaints.md": lambda: render("markdown", "validate", validate.told(samples.COMPLAINTS, None), RUN),
    "complaints.txt": lambda: text.render_complaints(samples.COMPLAINTS, color=False),
}


@pytest.mark.parametrize("tag", goldens.LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_output(name: str, tag: str) -> None:
    goldens.compare(GOLDEN, name, tag, CASES[name])


def test_no_file_is_left_over() -> None:
    goldens.check_none_is_left_over(GOLDEN, CASES)
