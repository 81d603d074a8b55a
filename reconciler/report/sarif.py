"""Complaints about files as SARIF 2.1.0, for GitHub's code scanning and editors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.report.json import document

if TYPE_CHECKING:
    from reconciler.errors import Complaint
    from reconciler.report.section import Look, Run, Section

MOST = 25_000
"""Results that GitHub takes of a run, of which it shows 5,000."""

_BRACKET = re.compile(r"[\[\]]")  # begins a link in a message otherwise (SARIF, 3.11.6)
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(sections: Sequence[Section], _: Look) -> str:
    """Return a run a section, with a result a complaint."""
    runs = [
        _run(report.complaints, run)
        for section in sections
        if (report := section.report) is not None and (run := section.run) is not None
    ]
    return document({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs})


def _run(complaints: Iterable[Complaint], run: Run) -> dict[str, Any]:
    """Mistakes first, so that what is cut is warnings. A rule a kind of mistake, by their names."""
    found = sorted(complaints, key=lambda complaint: (complaint.warning, complaint))[:MOST]
    rules = sorted({complaint.rule for complaint in found})
    index = {rule: number for number, rule in enumerate(rules)}
    return {
        "tool": {
            "driver": {
                "name": "group-reconciler",
                "version": run.version,
                "rules": [_rule(rule, found) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The top of the repository."}}},
        "invocations": [{"executionSuccessful": True, "exitCode": run.exit_code}],
        "results": [_result(complaint, index[complaint.rule], run.folder) for complaint in found],
    }


def _rule(rule: str, found: Iterable[Complaint]) -> dict[str, Any]:
    of_rule = [complaint.warning for complaint in found if complaint.rule == rule]
    words = rule.replace("-", " ")
    return {
        "id": rule,
        "shortDescription": {"text": f"{words[:1].upper()}{words[1:]}"},
        "defaultConfiguration": {"level": "warning" if all(of_rule) else "error"},
    }


def _result(complaint: Complaint, rule_index: int, folder: str) -> dict[str, Any]:
    hint = f"\n{complaint.hint}" if complaint.hint else ""
    location = complaint.location
    return {
        "ruleId": complaint.rule,
        "ruleIndex": rule_index,
        "level": "warning" if complaint.warning else "error",
        "message": {"text": _BRACKET.sub(r"\\\g<0>", complaint.message + hint)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": quote(folder + location.file, errors="replace"),
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {"startLine": location.line, "startColumn": location.column},
                }
            }
        ],
    }
