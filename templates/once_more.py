"""Tell a pipeline whether an `apply` that ended 3 should run once more.

`once_more.py report.json` ends 0 where that can help with everything that was not done. action.yml and
templates/reconciler.yml run it from a checkout of the release, with any Python 3.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def is_worth_it(report: dict[str, Any]) -> bool:
    """Whether something was not done, and all of it can be done by another run."""
    groups = [group for account in report.get("accounts", [report]) for group in account.get("groups", ())]
    left = [group for group in groups if any(each["status"] != "done" for each in group["outcomes"])]
    stuck = any(group["action"] in ("blocked", "missing", "unreadable") for group in groups)
    return bool(left) and not stuck and all(map(_can_help, left))


def _can_help(group: dict[str, Any]) -> bool:
    """Whether each error of the group says so. What was skipped without one waits for what failed before."""
    ends = [each for outcome in group["outcomes"] for each in (outcome, *outcome.get("people", ()))]
    errors = [each["error"] for each in ends if "error" in each]
    return bool(errors) and all(error["retry"] for error in errors)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.exit(not is_worth_it(json.load(file)))
