"""JUnit XML, as CI systems show tests: one test case a group, whose failure's text is the difference.

What is not as it should be fails, what could not be read is an error, what waits for somebody is skipped. Of
several accounts each is a suite.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from reconciler.language import tr
from reconciler.report import blocks, grouping
from reconciler.report.escape import for_terminal
from reconciler.report.section import ending

if TYPE_CHECKING:
    from reconciler.report.model import Banner, Entry, Level, Report
    from reconciler.report.section import Look, Section

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NO_XML = re.compile("[\ufffe\uffff]")
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case. `place` is the class: a file, or what else it belongs to."""

    name: str
    place: str
    level: Level = "passed"
    type: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()


def render(sections: Sequence[Section], _: Look) -> str:
    """Return a document with a suite an account."""
    suites = [_suite(section) for section in sections]
    root = ElementTree.Element("testsuites", {"name": "reconciler"})
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", f"{sum(section.run.duration for section in sections if section.run):.3f}")
    root.extend(suites)
    ElementTree.indent(root)
    return f"{_DECLARATION}\n{ElementTree.tostring(root, encoding='unicode')}\n"


def _suite(section: Section) -> ElementTree.Element:
    report, run = section.report, section.run
    if report is None or run is None:
        why = ending(section).strip()
        case = _Case("run", "reconciler", "error", "error", why)
        return _element(f"reconciler {section.account}", [case], {})
    about = {"time": f"{run.duration:.3f}", "timestamp": f"{run.started:%Y-%m-%dT%H:%M:%S}"}
    return _element(f"reconciler {run.what}", list(_cases(report)), about)


def _cases(report: Report) -> Iterator[_Case]:
    yield from map(_group, grouping.whole(report.entries))
    yield from _files(report)
    yield from (_banner(banner) for banner in report.banners if banner.name)


def _group(entry: Entry) -> _Case:
    """A group passes when all that was to be done is done, and nothing is to be done."""
    place = entry.file or "no manifest"
    status = entry.outcome
    if entry.status.level == "passed":
        return _Case(entry.name, place)
    problems = [field.problem for field in entry.fields if field.status == status and field.problem]
    message = problems[0].message if problems else _why(entry) or status.word
    commands = (each.words for each in entry.commands if not each.quiet)
    return _Case(entry.name, place, status.level, status.key, message, (*blocks.difference(entry), *commands))


def _why(entry: Entry) -> str:
    """What is said of a group with which something is wrong or that is left alone; of one that would change,
    nothing."""
    status = entry.outcome
    left_alone = status.level == "skipped" and status.tone != "change"
    return "; ".join(entry.notes) if left_alone or status.tone == "bad" else ""


def _banner(banner: Banner) -> _Case:
    message, *lines = (*filter(None, (banner.title, *banner.lines)), "")
    return _Case(banner.name, banner.suite, banner.level, banner.kind, message, tuple(lines))


def _files(report: Report) -> Iterator[_Case]:
    """One case a file that has a complaint; files that are as they should be are not named."""
    for file, found in groupby(sorted(report.complaints), key=lambda complaint: complaint.location.file):
        complaints = list(found)
        wrong = [complaint for complaint in complaints if not complaint.warning]
        first = (wrong or complaints)[0]
        level: Level = "failure" if wrong else "skipped"
        yield _Case(
            file, "files", level, first.rule, first.message, tuple(tr(str(each)) for each in complaints)
        )


def _element(name: str, cases: Sequence[_Case], about: dict[str, str]) -> ElementTree.Element:
    levels = Counter[str](case.level for case in cases)
    counts = {"tests": str(len(cases))} | {_COUNTED[each]: str(levels[each]) for each in _COUNTED}
    time = {"time": about.get("time", "0"), **{key: about[key] for key in about if key != "time"}}
    suite = ElementTree.Element("testsuite", {"name": name, **counts, **time})
    for case in cases:
        attributes = {"name": _words(case.name), "classname": _words(case.place)}
        element = ElementTree.SubElement(suite, "testcase", attributes)
        if case.level != "passed":
            what = {"type": _words(case.type), "message": _words(case.message)}
            end = ElementTree.SubElement(element, case.level, what)
            end.text = "\n".join(map(_words, filter(None, case.lines)))
    return suite


def _words(text: str) -> str:
    """Words that XML can hold and that do nothing where they are shown."""
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", for_terminal(text))
