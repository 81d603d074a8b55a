"""The event loop of one sandbox: uvicorn on listening sockets, without signals, ticks or logs."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import App, Ports
from .inbox import Inbox
from .options import SERVER, Options
from .settings import Settings
from .store import Store
from .wire import Wire

_GRACE = 2.0  # seconds that calls under way may still take when the sandbox stops


class Running:
    """What one sandbox holds while it runs. Raises as `server.start` when the database cannot be used."""

    def __init__(self, options: Options, sockets: list[socket.socket]) -> None:
        self.ports = Ports(*(listening.getsockname()[1] for listening in sockets))
        self.settings = Settings(options)
        self.ready = threading.Event()
        self._sockets = sockets
        self._store = Store(options.database)
        self._inbox = Inbox(options.webhook)
        self._stop: Callable[[], object] = lambda: None

    def run(self) -> None:
        """Serve until `stop`; what the sandbox's own thread does."""
        try:
            asyncio.run(self._serve())
        finally:
            self.ready.set()  # nobody must wait for a start that failed

    async def _serve(self) -> None:
        wire = Wire()
        app = App(self.ports, self._store, self.settings, self._inbox, wire)
        config = uvicorn.Config(
            app,
            http=_protocol(wire),
            loop="asyncio",
            ws="none",
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            access_log=False,
            log_config=None,
            log_level="error",
            timeout_keep_alive=75,
        )
        loop = asyncio.get_running_loop()
        self._stop = lambda: loop.call_soon_threadsafe(wire.stopping.set)
        try:
            await _Loopback(config, wire, self.ready).serve(self._sockets)
        finally:
            self._inbox.close()
            self._store.close()

    def stop(self) -> None:
        """Ask the loop to end; from any thread."""
        self._stop()


class _Loopback(uvicorn.Server):
    """uvicorn's server, told to stop by an event instead of looking ten times a second."""

    def __init__(self, config: uvicorn.Config, wire: Wire, ready: threading.Event) -> None:
        super().__init__(config)
        self._wire = wire
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.server_state.default_headers = [(b"server", SERVER.encode())]  # else set by the ticks
        self._ready.set()

    async def main_loop(self) -> None:
        await self._wire.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = time.monotonic() + _GRACE
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < deadline:
            await asyncio.sleep(0.002)
        self._wire.abort_all()
        # One turn of the loop lets the transports close their sockets.
        await asyncio.sleep(0)


def _protocol(wire: Wire) -> type[asyncio.Protocol]:
    """uvicorn's HTTP protocol, which also tells the wire of its connections so that faults can break them."""

    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its base
            super().connection_made(transport)
            wire.opened(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            wire.closed(self.transport)
            super().connection_lost(exc)

    return Protocol
