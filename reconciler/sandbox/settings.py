"""The options in force, which the control API may change while the sandbox runs, and the pace they allow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .options import Options

CHANGEABLE = frozenset(
    {
        "latency",
        "lag",
        "rate",
        "rate_status",
        "retry_after",
        "reencode",
        "change_byte",
        "signed_urls",
        "empty_answers",
        "engine",
        "session_status",
        "noweb_store",
        "capping",
        "timelock",
        "webhook_key",
        "integration",
        "short_owner",
        "picture_latency",
    }
)
"""Names of the options that may change while the sandbox runs."""

_NUMBERS = frozenset({"latency", "lag", "rate", "retry_after", "timelock", "picture_latency"})
_FLAGS = frozenset({"reencode", "change_byte", "signed_urls", "noweb_store", "short_owner"})
_NULLABLE = frozenset({"rate", "retry_after", "timelock"})


class Settings:
    """Holds the present options, so that every part sees a change at once."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def change(self, values: dict[str, Any]) -> None:
        """Change some options. Raises ValueError, changing nothing, for a name or value that will not do."""
        for name, value in values.items():
            if name not in CHANGEABLE:
                raise ValueError(
                    f"{name[:40]} cannot be changed: choose from {', '.join(sorted(CHANGEABLE))}"
                )
            nullable = name in _NULLABLE and value is None
            if name in _NUMBERS:
                good = isinstance(value, int | float) and not isinstance(value, bool)
            elif name in _FLAGS:
                good = isinstance(value, bool)
            else:
                good = isinstance(value, int if name == "rate_status" else str)
            if not (good or nullable):
                raise ValueError(f"{name}: {str(value)[:40]} is not of the right type")
        present = {name: getattr(self.options, name) for name in Options.__dataclass_fields__}
        self.options = Options(**{**present, **values})


class Pace:
    """Lets through as many requests a second as the rate says, and a second's worth at once after a pause."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._rate: float | None = None
        self._tokens = 0.0
        self._filled = 0.0

    def admits(self) -> bool:
        """Whether the request that has just arrived is within the rate. A refused one does not count."""
        rate = self._settings.options.rate
        if rate is None:
            return True
        now = self._clock()
        full = max(1.0, rate)
        if rate != self._rate:
            self._rate, self._tokens = rate, full
        else:
            self._tokens = min(full, self._tokens + (now - self._filled) * rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
