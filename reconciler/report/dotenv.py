"""Values for later jobs of a GitLab pipeline, as `artifacts:reports:dotenv`: a line a value, far below the
5 KB that GitLab takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.report.values import of_sections

if TYPE_CHECKING:
    from reconciler.report.section import Look, Section

_PREFIX = "RECONCILER_RESULT_"
_UNSAFE = re.compile(r"[^A-Za-z0-9._:-]")


def render(sections: Sequence[Section], _: Look) -> str:
    """Return `RECONCILER_RESULT_CHANGES=3` and so on. No value needs a quote, and none can end its line."""
    found = {name: _UNSAFE.sub("_", value)[:200] for name, value in of_sections(sections).items()}
    return "".join(f"{_PREFIX}{name.upper()}={value}\n" for name, value in found.items())
