"""JUnit XML, as CI systems show tests: one test case a group, whose failure's text is the diff.

What would have to change fails, what could not be read is an error, what waits for somebody is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree

from reconciler.reports import difflines
from reconciler.reports.escape import for_terminal

if TYPE_CHECKING:
    from reconciler.reports.apply_shapes import ApplyView, GroupOutcomeView, OutcomeView
    from reconciler.reports.drift_shapes import DriftView, GroupDriftView
    from reconciler.reports.plan_shapes import GroupView, PlanView
    from reconciler.reports.run import Run
    from reconciler.reports.shapes import ObjectionView
    from reconciler.reports.validate_shapes import FailureView, ValidationView

End = Literal["failure", "error", "skipped"]

_NO_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case, passed where it has no `end`. `place` is the class: a file, or what else it belongs to."""

    name: str
    place: str
    end: End | None = None
    type: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()


def render_plan(view: PlanView, run: Run) -> str:
    """A group that would change is a failure, and so is one that is blocked or missing, and an objection.
    With a base, what is so without this change as well is skipped."""
    cases = [_planned(group) for group in view.groups]
    return _document([*cases, *_objections(view.objections), *_run(view.complete, view.notes)], run)


def render_apply(view: ApplyView, run: Run) -> str:
    """A group passes when all that was to be done is done."""
    cases = [*map(_applied, view.groups), *_objections(view.objections), *_run(view.complete, view.notes)]
    if view.unsaved is not None:
        lines = (view.unsaved.hint, *(f"reconciler state bind {name} {id}" for name, id in view.bind))
        cases.append(_Case("state", "reconciler", "error", view.unsaved.code, view.unsaved.message, lines))
    return _document(cases, run)


def render_drift(view: DriftView, run: Run) -> str:
    """A group that drifted, is missing or blocked is a failure; what is only not applied yet is skipped."""
    return _document([*map(_drifted, view.groups), *_run(view.complete, view.notes)], run)


def render_validation(view: ValidationView, run: Run) -> str:
    """One test case a file that has a complaint, and one for all of them together: files that are as they
    should be are not named."""
    found = sorted(view.complaints)
    cases = []
    for file, group in groupby(found, key=lambda complaint: complaint.mark.file):
        complaints = list(group)
        wrong = [complaint for complaint in complaints if not complaint.warning]
        lines = tuple(map(str, complaints))
        first = (wrong or complaints)[0]
        end: End = "failure" if wrong else "skipped"
        cases.append(_Case(file, "files", end, first.rule, first.message, lines))
    cases.append(
        _Case("all files", "files", "failure", "mistakes", "there are mistakes in the files")
        if view.groups is None
        else _Case("all files", "files")
    )
    return _document(cases, run)


def render_failure(view: FailureView, run: Run) -> str:
    """The run itself is an error."""
    lines = (view.hint, *map(str, sorted(view.complaints)))
    return _document([_Case("run", "reconciler", "error", "error", view.message, lines)], run)


def _planned(group: GroupView) -> _Case:
    place = group.file or "no manifest"
    lines = (*group.notes, *difflines.of_changes(group.changes or group.withheld))
    if group.cause == "before" and group.action != "unreadable":
        return _Case(group.name, place, "skipped", "before", "so without this change as well", lines)
    match group.action:
        case "none":
            return _Case(group.name, place)
        case "unreadable":
            return _Case(group.name, place, "error", group.action, "could not be read", lines)
        case "held" | "orphaned":
            return _Case(group.name, place, "skipped", group.action, "; ".join(group.notes), lines)
        case "blocked" | "missing":
            return _Case(group.name, place, "failure", group.action, f"the group is {group.action}", lines)
        case "create" | "adopt" | "update" | "leave":
            return _Case(group.name, place, "failure", group.action, f"to {group.action}", lines)


def _applied(group: GroupOutcomeView) -> _Case:
    place = group.file or "no manifest"
    bad = [outcome for outcome in group.outcomes if outcome.status != "done"]
    if bad:
        end: End = "skipped" if all(outcome.status == "skipped" for outcome in bad) else "failure"
        worst = min(bad, key=lambda outcome: _WORST.index(outcome.status))
        message = worst.problem.message if worst.problem else worst.status
        lines = tuple(line for outcome in group.outcomes for line in _outcome(outcome))
        return _Case(group.name, place, end, worst.status, message, lines)
    match group.action:
        case "unreadable":
            return _Case(group.name, place, "error", group.action, "could not be read", group.notes)
        case "held" | "orphaned":
            return _Case(group.name, place, "skipped", group.action, "; ".join(group.notes))
        case "blocked" | "missing":
            message = f"the group is {group.action}"
            return _Case(group.name, place, "failure", group.action, message, group.notes)
        case _:
            return _Case(group.name, place)


_WORST = ("failed", "unknown", "skipped", "done")


def _outcome(outcome: OutcomeView) -> Iterable[str]:
    problem = outcome.problem
    why = f": {problem.message}" if problem else ""
    hint = f" ({problem.hint})" if problem and problem.hint else ""
    yield f"{outcome.status}{why}{hint}"
    yield from difflines.of_changes([outcome.change])


def _drifted(group: GroupDriftView) -> _Case:
    place = group.file or "no manifest"
    answers = filter(None, (group.restore, group.accept))
    lines = (*group.notes, *difflines.of_drift(group.fields), *answers)
    match group.status:
        case "in_sync":
            return _Case(group.name, place)
        case "unreadable":
            return _Case(group.name, place, "error", group.status, "could not be read", lines)
        case "pending" | "held":
            word = "not applied yet" if group.status == "pending" else "on hold"
            return _Case(group.name, place, "skipped", group.status, word, lines)
        case "drifted" | "missing" | "blocked":
            return _Case(group.name, place, "failure", group.status, f"the group is {group.status}", lines)


def _objections(objections: Iterable[ObjectionView]) -> Iterable[_Case]:
    for objection in objections:
        if objection.lifted_by is None:
            yield _Case(
                objection.code, "objections", "failure", "objection", objection.message, objection.groups
            )
        else:
            yield _Case(objection.code, "objections")


def _run(complete: bool, notes: tuple[str, ...]) -> Iterable[_Case]:
    if not complete:
        message = "not everything could be read"
        yield _Case("reading", "reconciler", "error", "incomplete", message, notes)


# --- drawing ----------------------------------------------------------------------------------------------


def _document(cases: Sequence[_Case], run: Run) -> str:
    ends = [case.end for case in cases]
    counts = {
        "tests": str(len(cases)),
        "failures": str(ends.count("failure")),
        "errors": str(ends.count("error")),
    }
    time = f"{run.duration:.3f}"
    root = ElementTree.Element("testsuites", {"name": "reconciler", **counts, "time": time})
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": f"reconciler {run.what}",
            **counts,
            "skipped": str(ends.count("skipped")),
            "time": time,
            "timestamp": f"{run.started:%Y-%m-%dT%H:%M:%S}",
        },
    )
    for case in cases:
        attributes = {"name": _words(case.name), "classname": _words(case.place)}
        element = ElementTree.SubElement(suite, "testcase", attributes)
        if case.end is not None:
            about = {"type": _words(case.type), "message": _words(case.message)}
            end = ElementTree.SubElement(element, case.end, about)
            end.text = "\n".join(map(_words, filter(None, case.lines)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _words(text: str) -> str:
    """Words that XML can hold and that do nothing where they are shown."""
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", for_terminal(text))
