"""Complaints about files for GitLab's merge requests, as `artifacts:reports:codequality`."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reconciler.report.json import document

if TYPE_CHECKING:
    from reconciler.errors import Complaint
    from reconciler.report.section import Look, Section


def render(sections: Sequence[Section], _: Look) -> str:
    """Return a list, empty where nothing is wrong. `fingerprint` stays when the line moves, so that GitLab
    can tell what is new; of equal complaints about one file the first, second … have each their own."""
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for section in sections:
        folder = section.run.folder if section.run else ""
        for complaint in sorted(section.report.complaints if section.report else ()):
            key = (complaint.location.file, complaint.rule, complaint.message)
            seen[key] += 1
            found.append(_issue(complaint, folder, "\0".join((*key, str(seen[key])))))
    return document(found)


def _issue(complaint: Complaint, folder: str, identity: str) -> dict[str, Any]:
    hint = f" ({complaint.hint})" if complaint.hint else ""
    return {
        "description": complaint.message + hint,
        "check_name": complaint.rule,
        "fingerprint": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": "minor" if complaint.warning else "major",
        "location": {"path": folder + complaint.location.file, "lines": {"begin": complaint.location.line}},
    }
