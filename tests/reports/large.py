"""A drift of 10,000 groups, 500 of them drifted in admins, subject, icon and link."""

from __future__ import annotations

from dataclasses import replace

from reconciler.reports.drift_shapes import DriftView
from reconciler.reports.drift_view import drift_view

from . import drifts
from .samples import REDACTOR

DRIFTED = tuple(f"drifted-{n:05}" for n in range(500))
QUIET = tuple(f"cliente-{n:05}" for n in range(9_500))


def view() -> DriftView:
    """The view; the drifted groups have the names `DRIFTED`, and their files the icon of the samples."""
    small = drift_view(replace(drifts.EVERYTHING, groups=(drifts.SUPPORT, drifts.AS_WANTED)), REDACTOR)
    drifted, quiet = small.groups
    groups = (
        *(replace(drifted, name=name, file=f"groups/{name}.yaml") for name in DRIFTED),
        *(replace(quiet, name=name, file=f"groups/{name}.yaml", notes=()) for name in QUIET),
    )
    summary = replace(small.summary, drifted=len(DRIFTED), in_sync=len(QUIET))
    return replace(small, groups=groups, summary=summary, complete=True)
