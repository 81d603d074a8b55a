"""The sandbox as one ASGI application for both ports: checks the Host, hands requests to their part."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from .answers import Answer
from .api import Api
from .cdn import PICTURES, Cdn
from .control_app import ControlApp
from .evolution import Evolution
from .faults import FaultTable
from .gateway import Gateway
from .inbox import Inbox
from .log import CallLog
from .pages import Pages
from .settings import Settings
from .store import Store
from .waha import Waha
from .wire import Wire
from .world import World


@dataclass(frozen=True, slots=True)
class Ports:
    """The two ports, once they are known."""

    api: int
    cdn: int

    def base_url(self) -> str:
        """Of the API and the pages."""
        return f"http://127.0.0.1:{self.api}"

    def cdn_url(self) -> str:
        """Of the icons."""
        return f"http://127.0.0.1:{self.cdn}"


class App:
    """Puts the parts together."""

    def __init__(self, ports: Ports, store: Store, settings: Settings, inbox: Inbox, wire: Wire) -> None:
        self._ports = ports
        self._hosts = {port: _hosts(port) for port in (ports.api, ports.cdn)}
        log = CallLog()
        faults = FaultTable(settings.options.faults)
        world = World(store, settings, inbox)
        self._cdn = Cdn(ports.cdn_url(), store, settings, faults, log, wire)
        gateway = Gateway(world, self._cdn, ports.base_url())
        dialects = (Waha(world, gateway, faults), Evolution(world, gateway))
        self._api = Api(world, self._cdn, dialects, faults, log, wire)
        self._control = ControlApp(world, settings, faults, log, inbox).app
        self._pages = Pages(ports.api, world, self._cdn, settings).app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        port = scope["server"][1]
        # Against DNS rebinding: a page of another site may reach this port, but not under one of these names.
        if [value for name, value in scope["headers"] if name == b"host"] not in self._hosts[port]:
            await Answer(421, b"This is the sandbox on 127.0.0.1, and nothing else.\n", "text/plain").send(
                send
            )
            return
        path: str = scope["path"]
        if port == self._ports.cdn or path.startswith(f"{PICTURES}/"):
            await self._cdn(scope, receive, send)
        elif path.startswith(self._api.prefixes):
            await self._api(scope, receive, send)
        elif path.startswith("/_sandbox/"):
            await self._control(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def _hosts(port: int) -> list[list[bytes]]:
    return [[f"{name}:{port}".encode()] for name in ("127.0.0.1", "localhost")]
