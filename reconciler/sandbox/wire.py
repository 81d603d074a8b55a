"""The wire under the API: bodies with a limit, and connections that break the way real ones do."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus

from starlette.types import Receive, Scope

from .answers import Answer

_DRAINED = (
    64 * 1024 * 1024
)  # a body beyond its limit is read to its end up to here, so that the client gets an answer


class TooLarge(Exception):
    """The body is larger than the limit."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The request's body. Raises TooLarge above `limit` bytes, after reading (and forgetting) the rest."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client went away in the middle of its request")
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif size > _DRAINED:
            break
        more = message.get("more_body", False)
    if size > limit:
        raise TooLarge
    return b"".join(parts)


class Wire:
    """The open connections of both ports, by the client's address, and what can be done to them."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}
        self.stopping = asyncio.Event()

    def opened(self, transport: asyncio.Transport) -> None:
        """A client has connected."""
        self._transports[_peer(transport)] = transport

    def closed(self, transport: asyncio.Transport) -> None:
        """A connection has ended."""
        if self._transports.get(_peer(transport)) is transport:
            del self._transports[_peer(transport)]

    def abort_all(self) -> None:
        """Break every connection that is still open."""
        for transport in list(self._transports.values()):
            transport.abort()

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the sandbox stops."""
        if seconds > 0:
            try:
                await asyncio.wait_for(self.stopping.wait(), seconds)
            except TimeoutError:
                return

    async def reset(self, scope: Scope, receive: Receive) -> None:
        """Break the connection with a TCP RST."""
        transport = self._transport(scope)
        if transport is not None:
            # Lingering for no time at all makes close() send RST instead of FIN.
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            transport.abort()
        await _gone(receive)

    async def truncate(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Send half of the answer's body under its full Content-Length, and close."""
        transport = self._transport(scope)
        phrase = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
        head = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers())
        half = answer.body[: len(answer.body) // 2]
        if transport is not None:
            transport.write(f"HTTP/1.1 {answer.status} {phrase}\r\n".encode() + head + b"\r\n" + half)
            transport.close()
        await _gone(receive)

    async def hang(self, scope: Scope, receive: Receive) -> None:
        """Never answer: returns when the client has gone, or breaks the connection when the sandbox stops."""
        gone = asyncio.ensure_future(_gone(receive))
        stop = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait((gone, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        transport = self._transport(scope)
        if transport is not None:
            transport.abort()
        await gone

    def _transport(self, scope: Scope) -> asyncio.Transport | None:
        # None for a client that has gone already, whose address the system no longer tells.
        return self._transports.get(scope["client"])


def _peer(transport: asyncio.Transport) -> tuple[str, int]:
    host, port = transport.get_extra_info("peername")[:2]
    return host, port


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
