"""A recording server that answers as an API with one group, and a checkout with credentials for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.server import RawServer
from tests.security.support import Checkout, groups_api, routed


@pytest.fixture
def api() -> Iterator[RawServer]:
    with RawServer() as server:
        server.default = routed(server, groups_api())
        yield server


@pytest.fixture
def checkout(tmp_path: Path, api: RawServer) -> Checkout:
    return Checkout(tmp_path / "repo", api.url)
