"""An examination as JSON, as `doctor` in `schemas/` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.reports.json import FORMAT_VERSION, document

if TYPE_CHECKING:
    from reconciler.reports.doctor_shapes import DoctorView


def render_doctor(view: DoctorView) -> str:
    """What an examination found, as a JSON document with a newline at its end."""
    return document(
        {
            "format_version": FORMAT_VERSION,
            "kind": "doctor",
            "healthy": view.healthy,
            "summary": {"problems": view.problems, "warnings": view.warnings},
            "findings": [asdict(finding) for finding in view.findings],
        }
    )
