"""Values for later jobs of a GitLab pipeline, as `artifacts:reports:dotenv`: a line a value, far
below the 5 KB that GitLab takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.reports.values import View, values

if TYPE_CHECKING:
    from reconciler.reports.run import Run

_PREFIX = "RECONCILER_RESULT_"
_UNSAFE = re.compile(r"[^A-Za-z0-9._:-]")


def render(view: View, run: Run) -> str:
    """`RECONCILER_RESULT_CHANGES=3` and so on. No value needs a quote, and none can end its line."""
    found = {name: _UNSAFE.sub("_", value)[:200] for name, value in values(view, run).items()}
    return "".join(f"{_PREFIX}{name.upper()}={value}\n" for name, value in found.items())
