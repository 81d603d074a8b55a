"""JUnit XML, as CI systems show tests: one test case a group, whose failure's text is the diff.

What would have to change fails, what could not be read is an error, what waits for somebody is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree

from reconciler.report.escape import for_terminal
from reconciler.reports import difflines

if TYPE_CHECKING:
    from reconciler.report.section import Run
    from reconciler.reports.plan_shapes import GroupView, PlanView
    from reconciler.reports.shapes import ObjectionView

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
