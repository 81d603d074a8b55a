"""A scripted server, and a client that speaks to it in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from reconciler.backends.client import Limits
from reconciler.backends.service import Client, Connection
from reconciler.backends.sinch import connect
from tests.backends.server import RawServer
from tests.fakes import FakeClock

USERNAME, TOKEN = "ana@example.com", "tok-SEGREDO-123"

Connect = Callable[..., Client]

_ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*_ENVIRONMENT, "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client_for(clock: FakeClock) -> Iterator[Connect]:
    """Makes clients for a base URL: no retries and little patience, unless said otherwise."""
    with ExitStack() as stack:

        def make(base_url: str, **options: object) -> Client:
            limits = Limits(**{"timeout": 5.0, "retries": 0, "width": 2, **options})  # type: ignore[arg-type]
            connection = Connection(base_url=base_url, username=USERNAME, token=TOKEN, limits=limits)
            return stack.enter_context(connect(connection, clock))

        yield make
