"""What a run tells that ended in an error before there was anything to report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.language import tr
from reconciler.report import words
from reconciler.report.model import Banner, Report, Summary
from reconciler.report.section import Told, once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.errors import Complaint, Problem
    from reconciler.report.model import Verb


def told(verb: Verb, problem: Problem, complaints: Iterable[Complaint] = ()) -> Told:
    """Return what there is to tell of an error that ended the run; `complaints` where it is about files."""
    found = tuple(complaints)
    return Told(report=once(lambda: report(verb, problem, found)))


def report(verb: Verb, problem: Problem, complaints: tuple[Complaint, ...] = ()) -> Report:
    """Return the document of a run that ended in an error, so that an earlier one is not taken for it."""
    lines = (problem.hint,) if problem.hint else ()
    return Report(
        verb=verb,
        verdict=tr("The run ended with an error"),
        status=words.FAILED_RUN,
        summary=Summary(tr("failed"), tone="bad"),
        sentences=(tr("Nothing is known of the groups."),),
        banners=(Banner(problem.message, "bad", lines, name="run", level="error", kind="error"),),
        complaints=complaints,
        quiet=False,
    )
