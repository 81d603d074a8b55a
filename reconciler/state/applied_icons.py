"""Which pictures were applied before, read from a state file before the state itself is: they were checked
then, so they need not be decoded again. Whatever is wrong with the file is not said here, but where the state
is read."""

from __future__ import annotations

import re
from pathlib import Path

_MOST_BYTES = 64 << 20
_SOURCE = re.compile(rb'"source": "([0-9a-f]{64})"')
"""As it stands in the state; inside of a text it would stand with backslashes."""


def applied_icons(path: Path) -> frozenset[str]:
    """SHA-256 of the pictures that a state file says were applied; none where it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return frozenset()
        return frozenset(map(bytes.decode, _SOURCE.findall(path.read_bytes())))
    except OSError:
        return frozenset()
