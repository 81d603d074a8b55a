"""One document out of several of the same format, an account each: a way to join them for every format that
has one. Formats without a row here get a file for each account.

What is joined was rendered, redacted and escaped by its own format. A part without text is an account whose
run ended before there was anything to report, or was not begun.
"""

from __future__ import annotations

import csv as tables
import io
import json as documents
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from reconciler.errors import Exit, first_exit
from reconciler.report.escape import for_json, for_terminal
from reconciler.report.markdown_text import code, length, marker, prose
from reconciler.report.model import Problem
from reconciler.report.section import ENDS
from reconciler.reports.markdown_page import BUDGET


@dataclass(frozen=True, slots=True)
class Part:
    """One account: how its run ended, and its document."""

    account: str
    exit_code: int
    problem: Problem | None = None
    text: str = ""


Join = Callable[[str, Sequence[Part]], str]
"""The kind of all documents (`plan`, `apply` …) and the parts, to one document."""


def exit_code(parts: Iterable[Part]) -> Exit:
    """What all of them together end with."""
    return first_exit(Exit(part.exit_code) for part in parts)


def heading(account: str) -> str:
    """The line above what is an account's."""
    return f"== {account} ==\n"


def closing(parts: Sequence[Part]) -> str:
    """One line: how each account ended, those that did not end well first."""
    bad = sorted(
        (part for part in parts if part.exit_code), key=lambda part: list(Exit).index(Exit(part.exit_code))
    )
    words = [f"{part.account} {part.exit_code} ({ENDS[Exit(part.exit_code)]})" for part in bad]
    good = [part.account for part in parts if not part.exit_code]
    words += [f"ok: {', '.join(good)}"] if good else []
    count = "1 account" if len(parts) == 1 else f"{len(parts)} accounts"
    return f"{count}: {'; '.join(words) or 'nothing to do'}."


def values(found: Sequence[tuple[Part, Mapping[str, str]]]) -> dict[str, str]:
    """The values of all accounts as one: counts added up, `true` where it is so everywhere, names with their
    account before them. A digest is one account's, and left out."""
    merged: dict[str, str] = {}
    for name in dict.fromkeys(name for _, each in found for name in each):
        given = [each[name] for _, each in found if name in each]
        if name == "groups" and not all(map(str.isdigit, given)):
            merged[name] = "\n".join(
                f"{part.account}/{line}" for part, each in found for line in each.get(name, "").splitlines()
            )
        elif set(given) <= {"true", "false"}:
            merged[name] = str(set(given) == {"true"} and len(given) == len(found)).lower()
        elif all(map(str.isdigit, given)):
            merged[name] = str(sum(map(int, given)))
    return merged | {"exitcode": str(int(exit_code(part for part, _ in found)))}


# --- the formats ------------------------------------------------------------------------------------------


def _text(_: str, parts: Sequence[Part]) -> str:
    blocks = [f"{heading(part.account)}{part.text or _why(part)}" for part in parts]
    return "\n".join((*(block if block.endswith("\n") else f"{block}\n" for block in blocks), closing(parts)))


def _json(kind: str, parts: Sequence[Part]) -> str:
    found = [documents.loads(part.text) if part.text else {} for part in parts]
    document = {
        "format_version": 1,
        "kind": next((each["kind"] for each in found if "kind" in each), kind),
        "exit_code": int(exit_code(parts)),
        "accounts": [
            {"name": part.account, "exit_code": int(part.exit_code), **_problem(part), **each}
            for part, each in zip(parts, found, strict=True)
        ],
    }
    return for_json(documents.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def _problem(part: Part) -> dict[str, object]:
    problem = part.problem
    if problem is None:
        return {}
    return {"error": {"code": problem.code, "message": problem.message, "hint": problem.hint}}


def _csv(_: str, parts: Sequence[Part]) -> str:
    out = io.StringIO()
    table = tables.writer(out, lineterminator="\n")
    head: list[str] = []
    for part in parts:
        rows = list(tables.reader(io.StringIO(part.text, newline="")))
        if rows and not head:
            head = rows[0]
            table.writerow(["account", *head])
        table.writerows([part.account, *row] for row in rows[1:])
    return out.getvalue()


_AROUND = 200  # characters of the marker, and some
_MARKER = re.compile(r"<!-- reconciler (\{.*\}) -->\n")


def _markdown(kind: str, parts: Sequence[Part]) -> str:
    """The verdict on all, then what each has to say: one marker, where there is any, and no more than a
    comment takes. What does not fit is left out, from the last account on."""
    facts = [documents.loads(found[1]) for part in parts if (found := _MARKER.match(part.text))]
    blocks = [_section(part) for part in parts]
    top = f"## {kind.capitalize()} of {prose(closing(parts))}"
    room = BUDGET - length(top) - _AROUND - sum(length(block) + 2 for block in blocks)
    cut = bool(facts) and room < 0
    for index in reversed(range(len(parts)) if cut else ()):
        if room < 0:
            short = f"# {code(parts[index].account)}\n\n**It did not fit here.** The job's output has it."
            room += length(blocks[index]) - length(short)
            blocks[index] = short
    body = "\n\n".join((top, *blocks)) + "\n"
    if not facts:
        return body
    about: dict[str, object] = {"kind": kind, "digest": ""}
    about["truncated"] = cut or any(each.get("truncated") for each in facts)
    if any("quiet" in each for each in facts):  # whether an issue has anything to tell
        about["quiet"] = len(facts) == len(parts) and all(each.get("quiet") for each in facts)
    return f"{marker(about)}\n{body}"


def _section(part: Part) -> str:
    text = _MARKER.sub("", part.text, count=1).strip("\n")
    return f"# {code(part.account)}\n\n{text or prose(_why(part))}"


def _github(_: str, parts: Sequence[Part]) -> str:
    return "".join(f"Account {part.account}\n{part.text or for_terminal(_why(part))}" for part in parts)


def _gitlab(_: str, parts: Sequence[Part]) -> str:
    total: Counter[str] = Counter({"create": 0, "update": 0, "delete": 0})
    for part in parts:
        total.update(documents.loads(part.text) if part.text else {})
    return documents.dumps({key: min(count, 999_999) for key, count in total.items()}) + "\n"


_PREFIX = "RECONCILER_RESULT_"


def _dotenv(_: str, parts: Sequence[Part]) -> str:
    found = [
        (part, dict(line.removeprefix(_PREFIX).lower().split("=", 1) for line in part.text.splitlines()))
        for part in parts
    ]
    return "".join(f"{_PREFIX}{name.upper()}={value}\n" for name, value in values(found).items())


def _junit(_: str, parts: Sequence[Part]) -> str:
    root = ElementTree.Element("testsuites", {"name": "reconciler"})
    sums: Counter[str] = Counter()
    time = 0.0
    for part in parts:
        suites = ElementTree.fromstring(part.text or _no_suite(part))  # noqa: S314  # written by our own format
        for name in ("tests", "failures", "errors"):
            sums[name] += int(suites.get(name, "0"))
        time += float(suites.get("time", "0"))
        root.extend(suites)
    for name, number in (*sums.items(), ("time", f"{time:.3f}")):
        root.set(name, str(number))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _no_suite(part: Part) -> str:
    counts = {"tests": "1", "failures": "0", "errors": "1", "time": "0"}
    root = ElementTree.Element("testsuites", counts)
    name = f"reconciler {part.account}"
    suite = ElementTree.SubElement(root, "testsuite", {"name": name, **counts, "skipped": "0"})
    case = ElementTree.SubElement(suite, "testcase", {"name": "run", "classname": "reconciler"})
    ElementTree.SubElement(case, "error", {"type": "error", "message": for_terminal(_why(part)).strip()})
    return ElementTree.tostring(root, encoding="unicode")


_FAMILY = re.compile(r"# HELP (\w+)")


def _prometheus(_: str, parts: Sequence[Part]) -> str:
    """A metric once, with the samples of all accounts."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for part in parts:
        for name, line in _by_metric(part.text):
            if not line.startswith("#"):
                samples.setdefault(name, []).append(line)
            elif line not in heads.setdefault(name, []):
                heads[name].append(line)
    return "".join(f"{line}\n" for name in samples for line in (*heads[name], *samples[name]))


def still_counted(before: str, account: str) -> str:
    """Of metrics as they were, those of one account: what a run that did not come to it leaves as it is."""
    label = f'account="{account}"'
    return "".join(f"{line}\n" for _, line in _by_metric(before) if line.startswith("#") or label in line)


def _by_metric(text: str) -> Iterator[tuple[str, str]]:
    name = ""
    for line in text.splitlines():
        if found := _FAMILY.match(line):
            name = found[1]
        if line:
            yield name, line


def _why(part: Part) -> str:
    if part.problem is None:
        return f"{ENDS[Exit(part.exit_code)]}\n"
    hint = f" ({part.problem.hint})" if part.problem.hint else ""
    return f"Error: {part.problem.message}{hint}\n"


JOINS: Mapping[str, Join] = {
    "text": _text,
    "json": _json,
    "csv": _csv,
    "markdown": _markdown,
    "github": _github,
    "gitlab": _gitlab,
    "dotenv": _dotenv,
    "junit": _junit,
    "prometheus": _prometheus,
}
"""By the name of the format."""
