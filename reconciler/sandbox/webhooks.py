"""The events as each gateway would have posted them to its webhook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import evolution_shapes, waha_shapes
from .world import World

POSTED: Mapping[str, Callable[[World], list[dict[str, Any]]]] = {
    "waha": waha_shapes.webhooks,
    "evolution": evolution_shapes.webhooks,
}
"""By dialect: the latest events, oldest first, as ``headers`` and the ``body`` as it is sent."""
