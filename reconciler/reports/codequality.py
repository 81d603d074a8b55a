"""Complaints for GitLab's merge requests, as `artifacts:reports:codequality`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

from reconciler.reports.escape import for_json

if TYPE_CHECKING:
    from reconciler.errors import Complaint
    from reconciler.reports.run import Run
    from reconciler.reports.validate_shapes import ValidationView


def render_validation(view: ValidationView, run: Run) -> str:
    """A list, empty where nothing is wrong. `fingerprint` stays when the line moves, so that GitLab can tell
    what is new; of equal complaints about one file the first, second … have each their own."""
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for complaint in sorted(view.complaints):
        key = (complaint.mark.file, complaint.rule, complaint.message)
        seen[key] += 1
        found.append(_issue(complaint, run.folder, "\0".join((*key, str(seen[key])))))
    return for_json(json.dumps(found, ensure_ascii=False, indent=2)) + "\n"


def _issue(complaint: Complaint, folder: str, identity: str) -> dict[str, object]:
    hint = f" ({complaint.hint})" if complaint.hint else ""
    return {
        "description": complaint.message + hint,
        "check_name": complaint.rule,
        "fingerprint": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": "minor" if complaint.warning else "major",
        "location": {
            "path": folder + complaint.mark.file,
            "lines": {"begin": complaint.mark.line},
        },
    }
