"""The redacted view of an examination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.reports.doctor_shapes import DoctorView, FindingView

if TYPE_CHECKING:
    from reconciler.model.adoption import Finding
    from reconciler.report.redact import Redactor


def doctor_view(findings: Iterable[Finding], redactor: Redactor) -> DoctorView:
    """The view of what was found, in its order."""
    shown = tuple(
        FindingView(
            finding.check,
            finding.verdict,
            redactor.sentence(redactor.note(finding.note)),
            redactor.sentence(finding.hint),
        )
        for finding in findings
    )
    verdicts = Counter(finding.verdict for finding in shown)
    return DoctorView(
        healthy=not verdicts["problem"],
        problems=verdicts["problem"],
        warnings=verdicts["warning"],
        findings=shown,
    )
