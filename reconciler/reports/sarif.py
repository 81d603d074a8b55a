"""Complaints as SARIF 2.1.0, for GitHub's code scanning and editors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.reports.escape import for_json

if TYPE_CHECKING:
    from reconciler.errors import Complaint
    from reconciler.reports.run import Run
    from reconciler.reports.validate_shapes import ValidationView

MOST = 25_000
"""Results that GitHub takes of a run, of which it shows 5,000."""

_BRACKET = re.compile(r"[\[\]]")  # begins a link in a message otherwise (SARIF, 3.11.6)
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_validation(view: ValidationView, run: Run) -> str:
    """One run with a result a complaint: mistakes first, so that what is cut is warnings. A rule a kind of
    mistake, in the order of their names."""
    found = sorted(view.complaints, key=lambda complaint: (complaint.warning, complaint))[:MOST]
    rules = sorted({complaint.rule for complaint in found})
    index = {rule: number for number, rule in enumerate(rules)}
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
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
        ],
    }
    return for_json(json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


def _rule(rule: str, found: Iterable[Complaint]) -> dict[str, object]:
    of_rule = [complaint.warning for complaint in found if complaint.rule == rule]
    words = rule.replace("-", " ")
    return {
        "id": rule,
        "shortDescription": {"text": f"{words[:1].upper()}{words[1:]}"},
        "defaultConfiguration": {"level": "warning" if all(of_rule) else "error"},
    }


def _result(complaint: Complaint, rule_index: int, folder: str) -> dict[str, object]:
    hint = f"\n{complaint.hint}" if complaint.hint else ""
    mark = complaint.mark
    return {
        "ruleId": complaint.rule,
        "ruleIndex": rule_index,
        "level": "warning" if complaint.warning else "error",
        "message": {"text": _BRACKET.sub(r"\\\g<0>", complaint.message + hint)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": quote(folder + mark.file, errors="replace"),
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {"startLine": mark.line, "startColumn": mark.column},
                }
            }
        ],
    }
