"""What holds for every test: no network beyond this machine, no home, no environment of whoever runs it.

Every run of the command is searched for secrets, see `tests/leaks.py`. `repo` is a user's repository with a
sandbox behind it; see `tests/support.py`.
"""

from __future__ import annotations

import io
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import settings

from reconciler import language
from reconciler.sandbox import Options, Server, start
from tests import leaks
from tests.support import ACCOUNT, Repo, as_gateway

leaks.install()


def _compile_catalogues() -> None:
    """Make of the catalogues what gettext reads, as an install does: a checkout may have newer ones."""
    for text in Path(language.FOLDER).glob("*/LC_MESSAGES/*.po"):
        compiled = text.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < text.stat().st_mtime:
            found = io.BytesIO()
            with text.open("rb") as source:
                write_mo(found, read_po(source, locale=text.parts[-3]))
            with tempfile.NamedTemporaryFile(dir=text.parent, delete=False) as file:
                file.write(found.getvalue())
                os.fchmod(file.fileno(), 0o644)
            os.replace(file.name, compiled)  # other workers do the same at this moment


_compile_catalogues()

# How long an example takes says more of the machine than of the code.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_CONNECT = socket.socket.connect


def _connect_on_loopback(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOOPBACK:
        raise AssertionError(f"a test reached for the network: {address}")
    _CONNECT(self, address)


@pytest.fixture(autouse=True)
def _closed_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Blow up on anything beyond loopback; give each test an empty home and no settings of the caller."""
    monkeypatch.setattr(socket.socket, "connect", _connect_on_loopback)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in list(os.environ):
        if name.startswith(("RECONCILER_", "GITHUB_", "GITLAB_", "CI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in (
        "CI",
        "NO_COLOR",
        "FORCE_COLOR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
        "NETRC",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Speak English again after a test that spoke otherwise."""
    yield
    language.use(language.ENGLISH)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts sandboxes with the options given; all are stopped at the end."""
    servers: list[Server] = []

    def _serve(**options: Any) -> Server:
        servers.append(start(Options(**{"database": ":memory:", "account": ACCOUNT, **options})))
        return servers[-1]

    yield _serve
    for server in servers:
        server.stop()


@pytest.fixture
def make_repo(tmp_path: Path, serve: Callable[..., Server]) -> Callable[..., Repo]:
    """Makes a repository in the test's folder, with a sandbox of the options given."""

    def _make(**options: Any) -> Repo:
        return Repo(tmp_path / "repo", serve(**options))

    return _make


@pytest.fixture
def repo(make_repo: Callable[..., Repo]) -> Repo:
    """A repository with a sandbox as it comes."""
    return make_repo()


@pytest.fixture
def make_gateway(tmp_path: Path, serve: Callable[..., Server]) -> Callable[..., Repo]:
    """Makes a repository whose service is WAHA, spoken by a sandbox of the options given."""

    def _make(**options: Any) -> Repo:
        return as_gateway(Repo(tmp_path / "repo", serve(**options)))

    return _make


@pytest.fixture
def gateway(make_gateway: Callable[..., Repo]) -> Repo:
    """A repository at a gateway as it comes."""
    return make_gateway()
