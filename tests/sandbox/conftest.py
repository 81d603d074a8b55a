"""A sandbox for each test, and a client that speaks to it over real HTTP in either dialect."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from PIL import Image

from reconciler.sandbox import Options, Server, start

ACCOUNT = "5519911112222"
ANA, BRUNO, CARLA = "5519900000001", "5519900000002", "5519900000003"


def picture(colour: str = "teal", kind: str = "PNG", size: tuple[int, int] = (200, 200)) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


class Client:
    """Calls of the API. `ids` is the spelling that the dialect has for waIds."""

    def __init__(self, server: Server, dialect: str = "sinch") -> None:
        self.server = server
        self.control = server.control()
        self.dialect = dialect
        bases = {"sinch": "/v1/whatsapp", "onprem": "/v1", "waha": "/api", "evolution": ""}
        self.base = server.base_url + bases[dialect]
        self.ids = "waIds" if dialect == "sinch" else "wa_ids"
        self.session = requests.Session()
        self.session.trust_env = False
        if dialect == "sinch":
            self.session.headers.update({"userName": "ana", "authenticationToken": "secret"})
        elif dialect == "onprem":
            self.session.headers["Authorization"] = "Bearer secret"
        else:
            self.session.headers["X-Api-Key" if dialect == "waha" else "apikey"] = "secret"

    def __call__(self, method: str, path: str, body: Any = None, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", 10)
        return self.session.request(method, self.base + path, json=body, **kwargs)

    def create(self, subject: str = "Suporte Campinas") -> str:
        answer = self("POST", "/groups", {"subject": subject})
        assert answer.status_code == 200, answer.text
        group_id: str = answer.json()["groups"][0]["id"]
        return group_id

    def people(self, *numbers: str) -> dict[str, Any]:
        return {self.ids: list(numbers)}

    def info(self, group_id: str) -> dict[str, Any]:
        answer = self("GET", f"/groups/{group_id}")
        assert answer.status_code == 200, answer.text
        (group,) = answer.json()["groups"]
        found: dict[str, Any] = group
        return found

    def listed(self) -> list[str]:
        answer = self("GET", "/groups")
        assert answer.status_code == 200, answer.text
        return [group["id"] for group in answer.json()["groups"]]

    def set_icon(self, group_id: str, data: bytes, kind: str = "image/png") -> requests.Response:
        return self("POST", f"/groups/{group_id}/icon", data=data, headers={"Content-Type": kind})

    def truth(self, group_id: str) -> dict[str, Any]:
        return self.control.group(group_id)


Make = Callable[..., Server]


@pytest.fixture
def make() -> Iterator[Make]:
    """Starts sandboxes with the options given, and stops them all at the end."""
    servers: list[Server] = []

    def _make(**options: Any) -> Server:
        servers.append(start(Options(**{"database": ":memory:", "account": ACCOUNT, **options})))
        return servers[-1]

    yield _make
    for server in servers:
        server.stop()


Connect = Callable[..., Client]


@pytest.fixture
def connect(make: Make) -> Iterator[Connect]:
    """Starts a sandbox with the options given and connects to it."""
    clients: list[Client] = []

    def _connect(dialect: str = "sinch", server: Server | None = None, **options: Any) -> Client:
        clients.append(Client(server or make(**options), dialect))
        return clients[-1]

    yield _connect
    for client in clients:
        client.session.close()


@pytest.fixture
def api(connect: Connect) -> Client:
    """The service's own dialect on a fresh sandbox."""
    return connect()


@pytest.fixture
def waha(connect: Connect) -> Client:
    """WAHA's dialect on a fresh sandbox."""
    return connect("waha")


@pytest.fixture
def evolution(connect: Connect) -> Client:
    """Evolution's dialect on a fresh sandbox."""
    return connect("evolution")


@pytest.fixture(params=["sinch", "onprem"])
def either(request: pytest.FixtureRequest, connect: Connect) -> Client:
    """Each dialect in turn."""
    return connect(request.param)
