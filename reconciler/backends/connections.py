"""Kept connections, and answers read from them under a deadline: where we go beneath urllib3's own calls.

urllib3 makes the connections (TLS, proxies, certificates, pools). What is sent over them and read back is
ours and http.client's: the layers of requests and urllib3 above a connection cost five times what the call
itself does (decision record 0014). A timeout for each piece of an answer lets a server drip for ever, so the
reading end of a connection has one deadline for the whole answer.
"""

from __future__ import annotations

import errno
import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Timeout
from urllib3 import exceptions as lib3
from urllib3.util import make_headers, parse_url

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection, HTTPSConnection

_ORIGINS = 64
"""Origins and pinned addresses to which connections are kept at a time."""
_ANSWERED_EARLY = frozenset({errno.EPIPE, errno.EPROTOTYPE})
_PIECE = 16384
"""Bytes that are sent at a time: TLS allows each of its records the whole of a timeout."""
_CHUNK_LINE = 1024
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class _Deadline(io.RawIOBase):
    """A socket's reading end that fails once the whole answer has taken the time allowed for one wait."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        timeout = sock.gettimeout()
        # The machine's clock, not the run's: a socket's timeout is real time in tests as well.
        self._end = None if timeout is None else time.monotonic() + timeout
        self._begun = False
        self.ended = False
        self.silent = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.silent:
            return None  # what would have to be waited for is not there
        if self._end is not None and self._begun:  # the first wait may take all of the time anyway
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the whole answer took too long")
            self._sock.settimeout(left)
        self._begun = True
        count = self._raw.readinto(buffer)
        self.ended = count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class Malformed(http.client.HTTPException):
    """The head of an answer contradicts itself, or is of a kind that nobody asked for."""


class Response(http.client.HTTPResponse):
    """An answer, read from the connection that its request was sent over.

    http.client is lenient in what it takes for an answer. Where that leaves a doubt about its end, the
    connection takes no other request: what is left on it would be read as the answer to that one.
    """

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._sock = sock
        self._deadline = _Deadline(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._deadline)
        self._doubtful = False

    def begin(self) -> None:
        super().begin()
        if self._deadline.ended:
            # http.client takes the end of the stream for the end of the head: half a head would do.
            raise http.client.IncompleteRead(b"")
        lengths = set(self.headers.get_all("Content-Length", ()))
        if len(lengths) > 1 or not all(length.isascii() and length.strip().isdigit() for length in lengths):
            raise Malformed("Content-Length")
        codings = [coding.strip().lower() for coding in self.headers.get_all("Transfer-Encoding", ())]
        if codings not in ([], ["chunked"]):
            raise Malformed("Transfer-Encoding")
        bodiless = self.status in (204, 304) and (codings or lengths - {"0"})
        self._doubtful = bool(self.headers.defects or (codings and lengths) or bodiless)

    @property
    def reusable(self) -> bool:
        """Whether the connection may take another request: the answer was read to an end that is beyond
        doubt, nothing came after it, and the server keeps the connection open."""
        return self.isclosed() and not self.will_close and not self._doubtful

    def _read_status(self) -> tuple[str, int, str]:
        """The status of the final answer: others may come before it (RFC 9110, 15.2), of which http.client
        knows 100 alone and takes the next for the final one."""
        while True:
            found: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if found[1] == http.client.SWITCHING_PROTOCOLS:
                raise Malformed("another protocol, which nobody asked for")
            if not http.client.SWITCHING_PROTOCOLS < found[1] < http.client.OK:
                return found
            http.client.parse_headers(self.fp)

    def _read_next_chunk_size(self) -> int:
        """The size of the next chunk. http.client would take any form of a number, and for a negative one
        whatever there is, at once."""
        line = self.fp.readline(_CHUNK_LINE)
        size = line.partition(b";")[0].strip()
        if not line.endswith(b"\n") or _CHUNK_SIZE.fullmatch(size) is None:
            self._close_conn()
            raise ValueError("no size of a chunk")
        return int(size, 16)

    def _close_conn(self) -> None:
        """At the end of the answer: look whether more has come than was asked for."""
        self._deadline.silent = True
        pending = self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0
        if pending or self.fp.peek(1):
            self._doubtful = True
        super()._close_conn()  # type: ignore[misc]


class _Kept:
    """What our pools add to urllib3's: a connection that is there, to be given back by hand."""

    def take(self: Any) -> HTTPConnection | HTTPSConnection:
        """A connection that is made; waits until one is free. Raises what urllib3 raises where none can be
        made: no byte of a request has left then."""
        connection = self._get_conn()
        if connection.sock is None:
            connection.response_class = Response  # a proxy's answer to CONNECT has a deadline, too
            try:
                if self.proxy is None:
                    connection.connect()
                else:
                    self._prepare_proxy(connection)
                if self.scheme == "https" and not connection.is_verified:
                    raise lib3.SSLError("the certificate was not verified")
            except BaseException:
                connection.close()
                self._put_conn(connection)
                raise
        return connection  # type: ignore[no-any-return]

    def give(self: Any, connection: HTTPConnection, *, usable: bool) -> None:
        """Give it back; `usable`: an answer was read from it to its end, and the server keeps it open."""
        if not usable:
            connection.close()
        self._put_conn(connection)


class PlainPool(_Kept, HTTPConnectionPool):
    """Connections to one http origin, which is on loopback."""


class TlsPool(_Kept, HTTPSConnectionPool):
    """Connections to one https origin."""


Pool = PlainPool | TlsPool


class Connections:
    """The pools of one kind of calls, made when they are first needed.

    `size` connections to one origin at the most, `timeout` seconds for making one; one TLS context for all,
    asked for when there is something to encrypt: to load the CA bundle takes 20 ms.
    """

    def __init__(self, size: int, timeout: float, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context
        self._options: dict[str, Any] = {
            "num_pools": _ORIGINS,
            "maxsize": size,
            "block": True,
            "timeout": Timeout(connect=timeout, read=timeout),
        }
        self._managers: dict[str | None, PoolManager] = {}

    def pool(
        self,
        scheme: str,
        host: str,
        port: int | None,
        *,
        address: str | None = None,
        proxy: str | None = None,
    ) -> Pool:
        """The pool for an origin. With `address`, connections go straight there, and `host` is what the
        certificate has to name. Raises what urllib3 raises for a proxy that it cannot use."""
        extra: dict[str, Any] = {"ssl_context": self._context()} if scheme == "https" else {}
        if address is not None:
            host, named = address, host
            if scheme == "https":
                extra["server_hostname"] = named
        found: Any = self._manager(proxy).connection_from_host(host, port, scheme, pool_kwargs=extra)
        return found  # type: ignore[no-any-return]

    def _manager(self, proxy: str | None) -> PoolManager:
        if proxy not in self._managers:
            manager = PoolManager(**self._options) if proxy is None else self._through(proxy)
            manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, **self._classes(manager)}
            self._managers[proxy] = manager
        return self._managers[proxy]

    def _through(self, proxy: str) -> PoolManager:
        if proxy.lower().startswith("socks"):
            from urllib3.contrib.socks import SOCKSProxyManager

            return SOCKSProxyManager(proxy, **self._options)
        url = parse_url(proxy)
        headers = make_headers(proxy_basic_auth=_credentials(url.auth)) if url.auth else {}
        return ProxyManager(proxy, proxy_headers=headers, proxy_ssl_context=self._context(), **self._options)

    def _classes(self, manager: PoolManager) -> Mapping[str, Any]:
        """Our pools in the place of the manager's own, which for SOCKS have connections of their own."""
        own = manager.pool_classes_by_scheme
        plain: Any = (
            PlainPool if own["http"] is HTTPConnectionPool else type("Socks", (_Kept, own["http"]), {})
        )
        tls: Any = (
            TlsPool if own["https"] is HTTPSConnectionPool else type("Socks", (_Kept, own["https"]), {})
        )
        return {"http": plain, "https": tls}

    def close(self) -> None:
        """Close what is kept."""
        for manager in self._managers.values():
            manager.clear()


def _credentials(auth: str) -> str:
    from urllib.parse import unquote

    return unquote(auth)


def send(connection: HTTPConnection, data: bytes, method: str, timeout: float) -> Response:
    """Send the bytes of a request, and read the head of the answer. `timeout` seconds for each of both;
    what is read of the body later comes out of the second."""
    sock = connection.sock
    early = False
    try:
        _send(sock, data, time.monotonic() + timeout)
    except OSError as error:
        # A server may answer and close before it has read all of a body; the answer is still there.
        if error.errno not in _ANSWERED_EARLY:
            raise
        early = True
    sock.settimeout(timeout)
    response = Response(sock, method=method)
    try:
        response.begin()
    except BaseException:
        response.close()
        raise
    if early:
        response.will_close = True
    return response


def _send(sock: socket.socket, data: bytes, end: float) -> None:
    """Send it all before `end`. Raises `TimeoutError`, or what the socket raises."""
    view = memoryview(data)
    for start in range(0, len(view), _PIECE):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("sending took too long")
        sock.settimeout(left)
        sock.sendall(view[start : start + _PIECE])
