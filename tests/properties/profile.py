"""How hard properties are tried.

By default the same examples on every machine and every run, and few enough for every commit. To look for new
ones, say how many: `PROPERTY_EXAMPLES=5000 pytest tests/properties`. Those are drawn at random; what fails is
printed, and goes into a test of its own.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_ASKED = os.environ.get("PROPERTY_EXAMPLES")


def tried(examples: int, *, steps: int = 50) -> settings:
    """Settings for a property that is tried with `examples` by default, of at most `steps` each."""
    return settings(
        max_examples=int(_ASKED) if _ASKED else examples,
        stateful_step_count=steps,
        derandomize=_ASKED is None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
