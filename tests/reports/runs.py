"""What every verb tells, and facts of a run, for tests that go over the whole table of formats."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler import language
from reconciler.cli.formats import FORMATS, PLAIN, TABLE, Look, load
from reconciler.errors import Complaint, Location, Problem
from reconciler.language import msg
from reconciler.model.attribution import Base
from reconciler.model.plan import Plan
from reconciler.report import apply, drift, failure, plan, validate
from reconciler.report.model import Verb
from reconciler.report.redact import Redactor
from reconciler.report.section import Run, Section, Told

from . import drifts, samples
from .samples import MEANT, NO_KEY, NO_NUMBER, REDACTOR

VERBS: tuple[Verb, ...] = ("validate", "plan", "apply", "drift")
"""Those that have most formats."""

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
    Complaint(Location("groups/b.yaml", 2, 1), NO_KEY, MEANT, "unknown-key"),
    Complaint(
        Location("groups/a.yaml", 10, 3), "the icon is not square (640×480)", rule="icon", warning=True
    ),
    Complaint(Location("groups/b.yaml", 7, 9), NO_KEY, MEANT, "unknown-key"),
    Complaint(Location("contacts.yaml", 4, 12), NO_NUMBER, "write it as [+55 19 …](x)", "number"),
)

PROBLEM = Problem("dns", msg("the host's name could not be resolved"), "check RECONCILER_BASE_URL")

FULL: dict[str, Any] = {
    "plan": plan.told(samples.EVERYTHING, REDACTOR),
    "apply": apply.told(samples.MIXED, REDACTOR),
    "drift": drift.told(drifts.EVERYTHING, REDACTOR),
    "validate": validate.told(COMPLAINTS, None),
    "failure": failure.told("plan", PROBLEM),
}
"""One of each that holds everything there is to say."""

QUIET: dict[str, Any] = {
    "plan": plan.told(samples.NOTHING, REDACTOR),
    "apply": apply.told(samples.NOTHING_DONE, REDACTOR),
    "drift": drift.told(drifts.IN_SYNC, REDACTOR),
    "validate": validate.told((), 5),
}
"""One of each with nothing to complain of."""


def served(name: str) -> tuple[str, ...]:
    """What a format is drawn for: verbs, and `failure`."""
    verbs = tuple(verb for verb in VERBS if name in TABLE[verb])
    return (*verbs, "failure") if FORMATS[name].failures else verbs


def render(name: str, verb: str, told: Any = None, run: Run = RUN, look: Look = PLAIN) -> str:
    """What a verb tells (that which holds everything, unless given) in a format, as `--report` writes it."""
    told = FULL[verb] if told is None else told
    return draw(name, [section(told, run, problem=PROBLEM if verb == "failure" else None)], look)


def draw_plan(
    name: str,
    made: Plan,
    base: Base | None = None,
    *,
    redactor: Redactor = REDACTOR,
    run: Run = RUN,
    look: Look = PLAIN,
) -> str:
    """A plan in a format."""
    return render(name, "plan", plan.told(made, redactor, base), run, look)


def section(told: Told, run: Run = RUN, account: str = "", problem: Problem | None = None) -> Section:
    """One account's run."""
    run = replace(run, verb=told.report().verb, section=account or run.section)
    return Section(account, run.exit_code, run, told, problem)


def draw(name: str, sections: list[Section], look: Look = PLAIN) -> str:
    """Sections in a format, as `Target.draw` does."""
    verb = next((section.run.verb for section in sections if section.run), "apply")
    with language.english() if FORMATS[name].machine else nullcontext():
        return load(verb, name)(sections, look)
