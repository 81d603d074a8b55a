"""One HTTP exchange, bounded in time and size, that ends as an `Answer` or as `NotSent` or `Unclear`.

A `Transport` is one `requests.Session` with its pool, shared by all threads. Nothing is looked up in the
environment while it works (proxies and CA bundle are handed in), netrc is never read, redirects are never
followed and no cookie is kept.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import select_proxy, should_bypass_proxies
from urllib3 import exceptions as lib3

from reconciler.backends.connections import Adapter, Malformed, PinnedRequest, sent
from reconciler.backends.faults import Answer
from reconciler.errors import ApiError, NotSent, Unclear

_CHUNK = 65536
_WHERE = "check RECONCILER_BASE_URL, and whether its host can be reached from here"
_ERROR_BODY = 65536
"""Bytes that are read of the body of an error; its first words are all that is shown."""

_LIBRARY_ERRORS = (requests.RequestException, lib3.HTTPError, http.client.HTTPException, OSError, ValueError)


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
        context: ssl.SSLContext,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = Adapter(size, context)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._adapter = adapter
        self._timeout = timeout
        # UTF-8, which is what the API speaks, in the Latin-1 clothes that http.client takes off again.
        self._headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
        self._bare = CaseInsensitiveDict(self._headers)
        self._proxies = dict(proxies)
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
        request = PinnedRequest()
        request.method = method
        request.url = url
        request.headers = self._bare
        request.address = address
        if body is not None or host is not None:
            request.headers = CaseInsensitiveDict(self._headers)
        if body is not None:
            request.body = body
            request.headers["Content-Type"] = mime
            request.headers["Content-Length"] = str(len(body))
        if host is not None:
            request.headers["Host"] = host
        sent.yes = False
        try:
            # The adapter and not the session: that would only add cookies, hooks and redirects.
            response = self._adapter.send(
                request,
                stream=True,
                timeout=(self._timeout, self._timeout),
                verify=True,
                proxies={} if address is not None else self._proxies,
            )
        except _LIBRARY_ERRORS as error:
            # "from None": the library's text holds the URL, and with it a group's id.
            raise (_unclear(error) if sent.yes else _not_sent(error)) from None
        try:
            return Answer(
                status=response.status_code,
                body=_body(response, limit),
                retry_after=response.headers.get("Retry-After"),
                secrets=self._secrets,
            )
        except _LIBRARY_ERRORS as error:
            raise _unclear(error, status=response.status_code) from None
        finally:
            # Closing does nothing to a connection whose answer was read to its end and is in the pool again.
            response.raw.close()
            response.raw.release_conn()

    def is_proxied(self, url: str) -> bool:
        """Whether a request without an address would go through a proxy."""
        return select_proxy(url, self._proxies) is not None and not should_bypass_proxies(url, None)

    def close(self) -> None:
        self._session.close()


def _body(response: requests.Response, limit: int) -> bytes:
    """The body, at most `limit` bytes; of an error only its beginning. Nothing is ever unpacked."""
    error = response.status_code >= 300
    limit = min(limit, _ERROR_BODY) if error else limit
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        if error:
            return b""
        raise Unclear("the answer is packed, which was not asked for", code="bad_answer", retry=True)
    read = response.raw.read
    chunks = []
    size = 0
    while chunk := read(_CHUNK, decode_content=False):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            if error:
                break
            raise Unclear(f"the answer is longer than {limit >> 20} MiB", code="too_large")
    return b"".join(chunks)


def _chain(error: BaseException) -> list[object]:
    """The error and all that it wraps, in whichever way requests and urllib3 wrap."""
    found: list[object] = []
    waiting: list[object] = [error]
    while waiting:
        inner = waiting.pop()
        if not isinstance(inner, BaseException) or inner in found:
            continue
        found.append(inner)
        waiting += [inner.__cause__, inner.__context__, getattr(inner, "reason", None), *inner.args]
    return found


def _not_sent(error: Exception) -> ApiError:
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
    if has(requests.exceptions.ProxyError, lib3.ProxyError):
        return NotSent(
            "the proxy did not connect", "check HTTPS_PROXY and NO_PROXY", code="proxy", retry=True
        )
    if has(ssl.SSLError, lib3.SSLError):
        return NotSent("TLS could not be agreed on", "check the base URL's port", code="tls", retry=True)
    if has(socket.gaierror):
        return NotSent("the host's name could not be resolved", _WHERE, code="dns", retry=True)
    if has(requests.ConnectTimeout, TimeoutError):
        return NotSent("connecting took too long", _WHERE, code="connect_timeout", retry=True)
    if has(requests.exceptions.InvalidSchema):
        return NotSent("this kind of proxy cannot be used", "SOCKS needs requests[socks]", code="proxy")
    return NotSent("the connection was refused or broken", _WHERE, code="no_connection", retry=True)


def _unclear(error: Exception, status: int | None = None) -> ApiError:
    """The request may have arrived, and there is no whole answer. `status`: its beginning was there."""
    if isinstance(error, ApiError):
        return error
    chain = _chain(error)

    def has(*kinds: type) -> bool:
        return any(isinstance(inner, kinds) for inner in chain)

    if has(TimeoutError, lib3.TimeoutError, requests.Timeout):
        return Unclear("the answer did not come in time", "raise api.timeout", code="timeout", retry=True)
    if has(http.client.RemoteDisconnected):
        return Unclear("the connection was closed without an answer", code="reset", retry=True)
    if has(http.client.BadStatusLine, http.client.LineTooLong, lib3.InvalidHeader, Malformed):
        return Unclear("the answer is no HTTP", code="bad_answer", retry=True)
    if status is not None or has(http.client.IncompleteRead):
        return Unclear("the answer was cut short", status=status, code="truncated", retry=True)
    return Unclear("the connection broke before the answer", code="reset", retry=True)
