"""A drift of 10,000 groups, 500 of them drifted in admins, subject, icon and link."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Location
from reconciler.model.drift import Drift

from . import drifts

DRIFTED = tuple(f"drifted-{n:05}" for n in range(500))
QUIET = tuple(f"cliente-{n:05}" for n in range(9_500))


def drift() -> Drift:
    """The drift; the drifted groups have the names `DRIFTED`, and their files the icon of the samples."""
    drifted = [
        replace(drifts.SUPPORT, name=name, location=Location(f"groups/{name}.yaml")) for name in DRIFTED
    ]
    quiet = [
        replace(drifts.AS_WANTED, name=name, location=Location(f"groups/{name}.yaml"), notes=())
        for name in QUIET
    ]
    return replace(drifts.EVERYTHING, groups=(*drifted, *quiet), complete=True)
