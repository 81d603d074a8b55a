"""Beneath requests: connections that keep a deadline and note whether a request left this process.

A timeout for each piece of an answer lets a server drip for ever, so the reading end of a connection has
one deadline for the whole answer. And an error alone does not tell whether a request may have arrived, so
the connection notes when it begins to send.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Sent(threading.local):
    """Whether this thread's present request may have left the process."""

    yes = False


sent = _Sent()


class _Deadline(io.RawIOBase):
    """A socket's reading end that fails once the whole answer has taken the time allowed for one wait."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        timeout = sock.gettimeout()
        # The machine's clock, not the run's: a socket's timeout is real time in tests as well.
        self._end = None if timeout is None else time.monotonic() + timeout
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._end is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the whole answer took too long")
            self._sock.settimeout(left)
        count = self._raw.readinto(buffer)
        self.ended = count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class Malformed(http.client.HTTPException):
    """The head of an answer contradicts itself."""


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._deadline = _Deadline(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._deadline)

    def begin(self) -> None:
        super().begin()
        if self._deadline.ended:
            # http.client takes the end of the stream for the end of the head: half a head would do.
            raise http.client.IncompleteRead(b"")
        lengths = set(self.headers.get_all("Content-Length", ()))
        if len(lengths) > 1 or not all(length.strip().isdigit() for length in lengths):
            raise Malformed("Content-Length")


class _PlainConnection(HTTPConnection):
    response_class = _Response

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        sent.yes = True
        super().request(*args, **kwargs)


class _TlsConnection(HTTPSConnection):
    response_class = _Response

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        sent.yes = True
        super().request(*args, **kwargs)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class PinnedRequest(requests.PreparedRequest):
    """A request that goes to `address` although its URL names a host; None: to the host, as usual."""

    address: str | None = None


class Adapter(HTTPAdapter):
    """The pools, with our connections and one TLS context: to load the CA bundle takes 20 ms."""

    def __init__(self, size: int, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=size, pool_maxsize=size, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        return manager

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context verifies, with the bundle it was made with."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        parts = super().build_connection_pool_key_attributes(request, verify, cert)
        host: dict[str, Any] = {**parts[0]}
        pool: dict[str, Any] = {**parts[1], "ssl_context": self._context}
        if isinstance(request, PinnedRequest) and request.address is not None:
            if host["scheme"] == "https":
                pool["server_hostname"] = host["host"]
            host["host"] = request.address
        return host, pool
