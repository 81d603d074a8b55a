"""One HTTP exchange, bounded in time and size, that ends as an `Answer` or as `NotSent` or `Unclear`.

A `Transport` is one set of kept connections, shared by all threads. Nothing is looked up in the environment
while it works (proxies and CA bundle are handed in), netrc is never read, redirects are never followed, no
cookie is kept, and nothing is ever unpacked.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from urllib3 import exceptions as lib3

from reconciler.backends.connections import Connections, Malformed, Pool, Response, send
from reconciler.backends.faults import Answer
from reconciler.backends.origin import bypasses_proxies, proxy_for
from reconciler.errors import ApiError, NotSent, Unclear

_CHUNK = 65536
_WHERE = "check RECONCILER_BASE_URL, and whether its host can be reached from here"
_ERROR_BODY = 65536
"""Bytes that are read of the body of an error; its first words are all that is shown."""
_TARGET = re.compile(r"[!-~]+")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests have a length even where they have no body: some servers ask for it (411)."""
_NAME = re.compile(r"[A-Za-z0-9-]+")

_LIBRARY_ERRORS = (lib3.HTTPError, http.client.HTTPException, OSError, ValueError)


class Transport:
    """Sends requests of one kind: `headers` stand in each, `timeout` holds for connecting and, once more,
    for the whole answer. Safe to use from `size` threads at once; more wait for a free connection."""

    def __init__(
        self,
        *,
        size: int,
        timeout: float,
        headers: Mapping[str, str],
        proxies: Mapping[str, str],
        context: Callable[[], ssl.SSLContext],
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._connections = Connections(size, timeout, context)
        self._timeout = timeout
        self._headers = b"".join(_line(name, value) for name, value in headers.items())
        self._proxies = dict(proxies)
        self._origins: dict[tuple[str, str], Pool] = {}  # without an address: few, the configured ones
        # Shorter ones would tear ordinary words apart, and are no secret.
        self._secrets = tuple(secret for secret in secrets if len(secret) >= 4)

    def exchange(
        self,
        method: str,
        url: str,
        *,
        limit: int,
        body: bytes | None = None,
        mime: str = "application/json",
        host: str | None = None,
        address: str | None = None,
    ) -> Answer:
        """Send one request once and read its answer, of at most `limit` bytes.

        `url` is complete and quoted. With `address`, the connection goes straight there, while `host` (with
        its port) is what the server and its certificate are asked for. Raises `NotSent` when no byte of the
        request can have left, else `Unclear` for whatever is no whole answer.
        """
        parts = urlsplit(url)
        target = parts.path or "/"
        if parts.query:
            target = f"{target}?{parts.query}"
        if _TARGET.fullmatch(target) is None:
            raise ValueError("a URL's path has to be quoted")
        data = b"%s %s HTTP/1.1\r\n" % (method.encode("ascii"), target.encode("ascii"))
        data += _line("Host", host or parts.netloc) + self._headers
        if body is not None:
            data += _line("Content-Type", mime) + _line("Content-Length", str(len(body)))
        elif method in _WITH_BODY:
            data += _line("Content-Length", "0")
        data += b"\r\n" if body is None else b"\r\n" + body
        proxied = False
        try:
            proxy = None if address is not None else proxy_for(url, self._proxies)
            proxied = proxy is not None
            pool = self._origins.get((parts.scheme, parts.netloc)) if address is None else None
            if pool is None:
                pool = self._connections.pool(
                    parts.scheme, parts.hostname or "", parts.port, address=address, proxy=proxy
                )
                if address is None:
                    self._origins[parts.scheme, parts.netloc] = pool
            connection = pool.take()
        except _LIBRARY_ERRORS as error:
            # "from None": the library's text holds addresses and URLs.
            raise _not_sent(error, proxied=proxied) from None
        usable = False
        status: int | None = None
        try:
            response = send(connection, data, method, self._timeout)
            status = response.status
            with response:
                found = _body(response, limit)
                usable = response.reusable
            return Answer(
                status=status,
                body=found,
                retry_after=response.headers.get("Retry-After"),
                date=response.headers.get("Date"),
                secrets=self._secrets,
            )
        except _LIBRARY_ERRORS as error:
            raise _unclear(error, status=status) from None
        finally:
            pool.give(connection, usable=usable)

    def is_proxied(self, url: str) -> bool:
        """Whether a request without an address would go through a proxy."""
        return proxy_for(url, self._proxies) is not None and not bypasses_proxies(url)

    def close(self) -> None:
        self._connections.close()


def _line(name: str, value: str) -> bytes:
    """A header's line: UTF-8, which is what the API speaks. Raises `ValueError` for what would be two."""
    if _NAME.fullmatch(name) is None or not value.isprintable():
        raise ValueError("not fit to be a header")
    return f"{name}: {value}\r\n".encode()


def _body(response: Response, limit: int) -> bytes:
    """The body, at most `limit` bytes; of an error only its beginning. Nothing is ever unpacked."""
    error = response.status >= 300
    limit = min(limit, _ERROR_BODY) if error else limit
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        if error:
            return b""
        raise Unclear("the answer is packed, which was not asked for", code="bad_answer", retry=True)
    chunks = []
    size = 0
    while chunk := response.read(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            if error:
                break
            raise Unclear(f"the answer is longer than {limit >> 20} MiB", code="too_large")
    if response.length and not (error and size > limit):
        raise http.client.IncompleteRead(b"")  # http.client says so only of bodies without a length
    return b"".join(chunks)


def _chain(error: BaseException) -> list[object]:
    """The error and all that it wraps, in whichever way urllib3 wraps."""
    found: list[object] = []
    waiting: list[object] = [error]
    while waiting:
        inner = waiting.pop()
        if not isinstance(inner, BaseException) or inner in found:
            continue
        found.append(inner)
        waiting += [inner.__cause__, inner.__context__, getattr(inner, "reason", None), *inner.args]
    return found


def _not_sent(error: Exception, *, proxied: bool) -> ApiError:
    """The connection was never made: why, without the library's words, which hold addresses and URLs."""
    chain = _chain(error)

    def has(*kinds: type) -> bool:
        return any(isinstance(inner, kinds) for inner in chain)

    if has(ssl.SSLCertVerificationError):
        return NotSent(
            "the server's certificate cannot be trusted",
            "behind a proxy that opens TLS, let REQUESTS_CA_BUNDLE name its CA bundle",
            code="certificate",
        )
    if has(lib3.URLSchemeUnknown, lib3.LocationValueError):
        return NotSent("there can be no connection to this address", _WHERE, code="address")
    if proxied and not has(ssl.SSLError, lib3.SSLError):
        return NotSent(
            "the proxy did not connect", "check HTTPS_PROXY and NO_PROXY", code="proxy", retry=True
        )
    if has(ssl.SSLError, lib3.SSLError):
        return NotSent("TLS could not be agreed on", "check the base URL's port", code="tls", retry=True)
    if has(socket.gaierror):
        return NotSent("the host's name could not be resolved", _WHERE, code="dns", retry=True)
    if has(TimeoutError):
        return NotSent("connecting took too long", _WHERE, code="connect_timeout", retry=True)
    return NotSent("the connection was refused or broken", _WHERE, code="no_connection", retry=True)


def _unclear(error: Exception, status: int | None = None) -> ApiError:
    """The request may have arrived, and there is no whole answer. `status`: its beginning was there."""
    if isinstance(error, ApiError):
        return error
    chain = _chain(error)

    def has(*kinds: type) -> bool:
        return any(isinstance(inner, kinds) for inner in chain)

    if has(TimeoutError):
        return Unclear("the answer did not come in time", "raise api.timeout", code="timeout", retry=True)
    if has(http.client.RemoteDisconnected):
        return Unclear("the connection was closed without an answer", code="reset", retry=True)
    if has(http.client.BadStatusLine, http.client.LineTooLong, Malformed):
        return Unclear("the answer is no HTTP", code="bad_answer", retry=True)
    if status is not None or has(http.client.IncompleteRead):
        return Unclear("the answer was cut short", status=status, code="truncated", retry=True)
    return Unclear("the connection broke before the answer", code="reset", retry=True)
