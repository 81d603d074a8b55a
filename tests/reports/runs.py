"""Views of every verb, and facts of a run, for tests that go over the whole table of formats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

from reconciler.cli.apply_formats import APPLY
from reconciler.cli.drift_formats import DRIFT
from reconciler.cli.formats import PLAIN
from reconciler.cli.plan_formats import PLAN
from reconciler.cli.validate_formats import FAILURE, VALIDATION
from reconciler.errors import Complaint, Mark
from reconciler.report.model import Verb
from reconciler.report.section import Run
from reconciler.reports.apply_view import apply_view
from reconciler.reports.base_shapes import BaseView, DroppedView, SettingView, ShareView
from reconciler.reports.drift_view import drift_view
from reconciler.reports.plan_shapes import PlanView
from reconciler.reports.plan_view import plan_view
from reconciler.reports.shapes import ChangeView
from reconciler.reports.validate_shapes import FailureView, ValidationView

from . import drifts, samples
from .samples import REDACTOR

VERBS: tuple[Verb, ...] = get_args(Verb)

RUN = Run(
    verb="plan",
    version="1.2.3",
    started=datetime(2026, 11, 21, 2, 0, 30, tzinfo=UTC),
    duration=12.3456,
    exit_code=1,
    complete=False,
    commit="c0ffee0123456789c0ffee0123456789c0ffee01",
    account="+55 19 •••• 2222",
    api="https://api-messaging.wavy.global",
    requests=(("200", 41), ("500", 2), ("timeout", 1)),
)

COMPLAINTS = (
    Complaint(Mark("groups/b.yaml", 2, 1), "`admin` is not a key", "did you mean `admins`?", "unknown-key"),
    Complaint(Mark("groups/a.yaml", 10, 3), "the icon is not square (640×480)", rule="icon", warning=True),
    Complaint(Mark("groups/b.yaml", 7, 9), "`admin` is not a key", "did you mean `admins`?", "unknown-key"),
    Complaint(Mark("contacts.yaml", 4, 12), "not a phone number", "write it as [+55 19 …](x)", "number"),
)

VIEWS: dict[str, Any] = {
    "plan": plan_view(samples.EVERYTHING, REDACTOR),
    "apply": apply_view(samples.MIXED, REDACTOR),
    "drift": drift_view(drifts.EVERYTHING, REDACTOR),
    "validate": ValidationView(COMPLAINTS, None),
    "failure": FailureView("the host's name could not be resolved", "check RECONCILER_BASE_URL"),
}
"""One of each that holds everything there is to say."""

QUIET: dict[str, Any] = {
    "plan": plan_view(samples.NOTHING, REDACTOR),
    "apply": apply_view(samples.NOTHING_DONE, REDACTOR),
    "drift": drift_view(drifts.IN_SYNC, REDACTOR),
    "validate": ValidationView((), 5),
}
"""One of each with nothing to complain of."""


RENDERERS: dict[str, dict[str, Any]] = {
    "validate": VALIDATION,
    "plan": PLAN,
    "apply": APPLY,
    "drift": DRIFT,
    "failure": FAILURE,
}


def served(name: str) -> tuple[str, ...]:
    """What a format has a renderer for: verbs, and `failure`."""
    return tuple(verb for verb, table in RENDERERS.items() if name in table)


def render(name: str, verb: str, view: Any = None, run: Run = RUN) -> str:
    """A view (that which holds everything, unless given) in a format, as `--report` would write it."""
    facts = run if verb == "failure" else replace(run, verb=verb)  # type: ignore[arg-type]
    text: str = RENDERERS[verb][name]()(VIEWS[verb] if view is None else view, facts, PLAIN)
    return text


def compared(view: PlanView, words: str = "groups") -> PlanView:
    """The plan as if it were compared with a base: every other group was due before; `words` stand wherever
    somebody else's can in a comparison."""
    change = ChangeView("set_subject", before=words, after=words, cause="this_change")
    share = ShareView()
    return replace(
        view,
        groups=tuple(
            replace(group, cause=("before", "this_change")[number % 2])
            for number, group in enumerate(view.groups)
        ),
        base=BaseView(
            ref=words,
            commit=words,
            loaded=True,
            this_change=share,
            before=share,
            settings=(
                SettingView("alias", words, words, ""),
                SettingView("guards", "demote_share", "", words),
            ),
            dropped=(DroppedView(words, (change,)),),
            notes=(words,),
        ),
    )
