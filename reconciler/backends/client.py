"""The one HTTP client: requests prepares what is sent, urllib3 keeps the connections, and both are bounded.

A client belongs to one origin, where its credentials go and nowhere else; the one for icons has no origin
and no credentials. An exchange is sent once and ends as an `Answer`, or as `NotSent` or `Unclear`. Redirects
are never followed, cookies never kept, netrc never read, and nothing is unpacked. One deadline holds for the
whole of an answer, because a timeout for each piece of it would let a server drip for ever.
"""

from __future__ import annotations

import http.client
import io
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager, Retry, Timeout
from urllib3 import exceptions as lib3

from reconciler import __version__
from reconciler.backends.calls import Answer, Call, Calls
from reconciler.backends.limiter import RateLimiter, retry_after, tell_nobody
from reconciler.errors import ApiError, NotSent, Unclear
from reconciler.language import msg
from reconciler.retry import RetryPolicy

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

    from reconciler.backends.network import Network
    from reconciler.ports import Clock

JSON = "application/json"

_ORIGINS = 64
"""Origins and pinned addresses to which connections are kept at a time."""
_READ = 65536
"""Bytes that are read of a body at a time."""
_PIECE = 16384
"""Bytes that are sent at a time: TLS allows each of its records the whole of a timeout."""
_ERROR_BODY = 65536
"""Bytes that are read of the body of an error; its first words are all that is shown."""
_LEAST_SECRET = 4
"""Characters: to hide what is shorter would tear ordinary words apart, and it is no secret."""
_NO_RETRIES = Retry(False)
_LIBRARY_ERRORS = (lib3.HTTPError, http.client.HTTPException, OSError, ValueError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a client. `timeout` in seconds: to connect, to send, and for the whole answer; `width`
    connections to one host at the most; `rate` in requests a second; `retries` after the first attempt."""

    timeout: float = 30.0
    width: int = 8
    rate: float | None = None
    retries: int = 5


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: a quoted `path` below a client's origin, or a whole address where it has none. `limit` is
    how many bytes the answer may have, and `patience` how many times the usual time it may take. With
    `address`, an IP address, the connection goes straight there."""

    method: str
    path: str
    limit: int
    body: bytes | None = field(default=None, repr=False)
    mime: str = JSON
    address: str | None = None
    patience: int = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a client speaks to: `url` is a scheme and a host, "" where addresses are given whole. `headers`
    stand in every request and hold the credentials, which `secrets` repeats so that no error's text does.
    `setting` is where the user said the address, `timeout` where they said how long to wait for an answer.
    With `address`, an IP address, connections go straight there. `trace`: every request has a `traceparent`
    (W3C Trace Context), by which the server's own logs can be searched."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    setting: str = ""
    timeout: str = ""
    address: str | None = None
    trace: bool = False

    @property
    def hint(self) -> str:
        """What to do where there is no connection."""
        if not self.setting:
            return msg("check whether its host can be reached from here")
        return msg("check {setting}, and whether its host can be reached from here", setting=self.setting)


class HttpClient:
    """Calls to one origin. Safe to use from many threads at once; close it when done.

    `tell` is given a sentence for people whenever all calls wait for some time. Raises `NotSent` for a proxy
    that cannot be used, before anything is sent, and `ReconcilerError` for such a CA bundle.
    """

    def __init__(
        self,
        origin: Origin,
        limits: Limits,
        network: Network,
        clock: Clock,
        tell: Callable[[str], None] = tell_nobody,
    ) -> None:
        self.network = network
        self.calls = Calls(clock, RetryPolicy(limits.retries), RateLimiter(clock, limits.rate, tell))
        self._origin = origin
        self._clock = clock
        self._timeout = limits.timeout
        self._secrets = tuple(secret for secret in origin.secrets if len(secret) >= _LEAST_SECRET)
        self._adapter = _Adapter(limits.width, network, origin.hint)
        self._session = requests.Session()
        self._session.trust_env = False  # the environment was looked up already, and netrc is not wanted
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, self._adapter)
        self._headers = self._prepared()
        # Made now, so that what cannot be used is said before anything is sent.
        self._own = self._pool(urlsplit(origin.url), origin.address) if origin.url else None
        self._trace = secrets.token_hex(16) if origin.trace else ""

    def _prepared(self) -> dict[str, str]:
        """The headers of every request, prepared once: requests refuses what cannot stand in one."""
        common = {
            "User-Agent": f"group-reconciler/{__version__}",
            "Accept-Encoding": "identity",
            **self._origin.headers,
        }
        if self._origin.address is not None:  # which has no name of its own
            common["Host"] = urlsplit(self._origin.url).netloc
        # http.client writes Latin-1, the services read UTF-8.
        latin = {name: value.encode().decode("latin-1") for name, value in common.items()}
        self._session.headers.clear()
        self._session.headers.update(latin)
        prepared = self._session.prepare_request(
            requests.Request("GET", self._origin.url or "https://localhost")
        )
        return {str(name): str(value) for name, value in prepared.headers.items()}

    def call(
        self,
        call: Call,
        request: Request,
        parse: Callable[[Answer], T],
        before: Callable[[], None] | None = None,
    ) -> T:
        """Send a request by the rules of a call, and make sense of its answer. `before` is called just before
        each attempt; what it raises ends that attempt, unsent."""

        def send() -> Answer:
            if before is not None:
                before()
            return self.exchange(request)

        return self.calls.run(call, send, parse)

    def exchange(self, request: Request) -> Answer:
        """Send a request once and read its answer. Raises `NotSent` when no byte of it can have left, else
        `Unclear` for whatever is no whole answer."""
        pool, target, headers = self._own, request.path, self._headers
        if pool is None:
            parts = urlsplit(request.path)
            pool = self._pool(parts, request.address)
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            headers = {**headers, "Host": parts.netloc}  # an address has no name of its own
        elif not target.startswith("/"):
            raise ValueError("the credentials of this client go to its own origin alone")
        if request.body is not None:
            headers = {**headers, "Content-Type": request.mime}
        if self._trace:
            headers = {**headers, "traceparent": f"00-{self._trace}-{secrets.token_hex(8)}-01"}
        status: int | None = None
        try:
            response = pool.urlopen(
                request.method,
                target,
                request.body,
                headers,
                retries=_NO_RETRIES,
                redirect=False,
                timeout=Timeout(connect=self._timeout, read=self._timeout * request.patience),
                preload_content=False,
                decode_content=False,
            )
            status = response.status
            told = response.headers.get("Retry-After")
            return Answer(
                status=status,
                body=_body(response, request.limit),
                headers=response.headers,
                wait=None if told is None else retry_after(told, self._clock.now()),
                secrets=self._secrets,
            )
        except _LIBRARY_ERRORS as error:
            # "from None": the library's text holds addresses and URLs.
            raise _unclear(error, status, self._origin.timeout) from None

    def is_proxied(self, url: str) -> bool:
        """Whether a request without an address would go through a proxy."""
        return self.network.proxy_for(url) is not None

    def close(self) -> None:
        """Close the connections that are kept."""
        self._session.close()

    def _pool(self, parts: SplitResult, address: str | None) -> HTTPConnectionPool:
        """The connections to a host. Raises `NotSent` where there can be none."""
        proxy = None if address is not None else self.network.proxy_for(parts.geturl())
        try:
            return self._adapter.pool(parts, proxy, address)
        except _LIBRARY_ERRORS:
            why = msg("there can be no connection to this address")
            raise NotSent(why, self._origin.hint, code="address") from None


def _body(response: BaseHTTPResponse, limit: int) -> bytes:
    """The body, at most `limit` bytes; of an error only its beginning. Nothing is ever unpacked. The
    connection goes back to its pool, and is closed where something may be left on it."""
    error = response.status >= 300
    limit = min(limit, _ERROR_BODY) if error else limit
    whole = False
    try:
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            if error:
                return b""
            raise Unclear(msg("the answer is packed, which was not asked for"), code="bad_answer", retry=True)
        chunks = []
        size = 0
        while chunk := response.read1(_READ):
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                if error:
                    return b"".join(chunks)
                raise Unclear(
                    msg("the answer is longer than {limit} MiB", limit=limit >> 20), code="too_large"
                )
        whole = True
        return b"".join(chunks)
    finally:
        if not whole:
            response.close()
        response.release_conn()


class _Adapter(HTTPAdapter):
    """requests' adapter with connections of ours; TLS and proxies are as `network` says."""

    def __init__(self, width: int, network: Network, hint: str) -> None:
        self._network = network
        self._hint = hint
        self._lock = threading.Lock()  # a manager is not used before its connections are ours
        super().__init__(pool_connections=_ORIGINS, pool_maxsize=width, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _use_our_connections(self.poolmanager, self._hint)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        known = proxy in self.proxy_manager
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        if not known:
            _use_our_connections(manager, "")
        return manager

    def pool(self, parts: SplitResult, proxy: str | None, address: str | None) -> HTTPConnectionPool:
        """The pool for an origin, by way of a proxy or straight to an address. Raises what urllib3 raises
        for a proxy that it cannot use."""
        host = parts.hostname or ""
        settings: dict[str, Any] = {}
        if parts.scheme == "https":
            settings["ssl_context"] = self._network.tls
            if address is not None:
                settings["server_hostname"] = host
        manager: PoolManager = self.poolmanager
        if proxy is not None:
            own = {"proxy_ssl_context": self._network.tls} if proxy.lower().startswith("https") else {}
            with self._lock:
                manager = self.proxy_manager_for(proxy, **own)
        return manager.connection_from_host(address or host, parts.port, parts.scheme, pool_kwargs=settings)


def _use_our_connections(manager: PoolManager, hint: str) -> None:
    """Make all new pools of a manager use connections that are bounded, and say that they were not made."""
    own: dict[str, Any] = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        scheme: type(kind.__name__, (kind,), {"ConnectionCls": _bounded(kind.ConnectionCls, hint)})
        for scheme, kind in own.items()
    }


def _bounded(kind: Any, hint: str) -> type:
    """A class of connections that are made as `kind` makes them.

    What goes wrong before a connection is there ends as `NotSent`, which passes through urllib3 untouched:
    nothing that comes later can be taken for it.
    """

    class Bounded(kind):  # type: ignore[misc]
        response_class = _TimedResponse

        def connect(self) -> None:
            try:
                super().connect()
                if self.default_port == http.client.HTTPS_PORT and not self.is_verified:
                    raise lib3.SSLError("the certificate was not verified")
            except _LIBRARY_ERRORS as error:
                self.close()
                raise _not_sent(error, hint) from None

        @property
        def is_connected(self) -> bool:
            """False where something is left that nobody asked for, which TLS may have unpacked already."""
            unread = self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0
            return not unread and bool(super().is_connected)

        def send(self, data: Any) -> None:
            if not isinstance(data, bytes) or len(data) <= _PIECE or self.timeout is None:
                super().send(data)
                return
            view, end = memoryview(data), time.monotonic() + self.timeout
            for start in range(0, len(view), _PIECE):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError("sending took too long")
                self.sock.settimeout(left)
                super().send(view[start : start + _PIECE])

    return Bounded


class _Deadline(io.RawIOBase):
    """A socket's reading end that fails once the whole answer has taken the time allowed for one wait."""

    def __init__(self, sock: socket.socket) -> None:
        self._raw: Any = sock.makefile("rb", buffering=0)
        self._sock = sock
        timeout = sock.gettimeout()
        # The machine's clock, not the run's: a socket's timeout is real time in tests as well.
        self._end = None if timeout is None else time.monotonic() + timeout
        self._begun = False
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._end is not None and self._begun:  # the first wait may take all of the time anyway
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the whole answer took too long")
            self._sock.settimeout(left)
        self._begun = True
        count: int | None = self._raw.readinto(buffer)
        self.ended = count == 0
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The reading end as http.client asks a socket for it."""
        return io.BufferedReader(self)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """An answer with one deadline for its head and body."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        self._deadline = _Deadline(sock)
        super().__init__(self._deadline, *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        super().begin()
        while self.status < http.client.OK:
            # Others may come before the answer (RFC 9110, 15.2): http.client passes over 100 alone.
            if self.status == http.client.SWITCHING_PROTOCOLS:
                raise http.client.BadStatusLine("another protocol, which nobody asked for")
            self.headers = None  # type: ignore[assignment]  # so that it reads another head
            super().begin()
        if self._deadline.ended:
            # http.client takes the end of the stream for the end of the head: half a head would do.
            raise http.client.IncompleteRead(b"")
        if self.length is None and not self.chunked and "Content-Length" in self.headers:
            # http.client takes it for no length at all, and an answer cut short would look whole.
            raise lib3.InvalidHeader("Content-Length")


def _not_sent(error: Exception, hint: str) -> NotSent:
    """The connection was never made: why, without the library's words, which hold addresses and URLs. No
    `hint` where it would have gone through a proxy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotSent(
            msg("the server's certificate cannot be trusted"),
            msg("behind a proxy that opens TLS, let REQUESTS_CA_BUNDLE name its CA bundle"),
            code="certificate",
        )
    if isinstance(error, ssl.SSLError | lib3.SSLError):
        return NotSent(
            msg("TLS could not be agreed on"), msg("check the address's port"), code="tls", retry=True
        )
    if not hint:
        return NotSent(
            msg("the proxy did not connect"), msg("check HTTPS_PROXY and NO_PROXY"), code="proxy", retry=True
        )
    if isinstance(error, lib3.NameResolutionError):
        return NotSent(msg("the host's name could not be resolved"), hint, code="dns", retry=True)
    # urllib3 counts a refused connection among those that timed out.
    slow = isinstance(error, lib3.ConnectTimeoutError) and not isinstance(error, lib3.NewConnectionError)
    if slow or isinstance(error, TimeoutError):
        return NotSent(msg("connecting took too long"), hint, code="connect_timeout", retry=True)
    return NotSent(msg("the connection was refused or broken"), hint, code="no_connection", retry=True)


def _unclear(error: Exception, status: int | None, timeout: str) -> ApiError:
    """The request may have arrived, and there is no whole answer. `status`: its beginning was there.
    `timeout`: the setting to raise where it was too slow."""
    inner = error.args[-1] if isinstance(error, lib3.ProtocolError) and error.args else error
    if isinstance(inner, TimeoutError | lib3.TimeoutError):
        hint = msg("raise {setting}", setting=timeout) if timeout else ""
        return Unclear(msg("the answer did not come in time"), hint, code="timeout", retry=True)
    if isinstance(inner, http.client.RemoteDisconnected):
        return Unclear(msg("the connection was closed without an answer"), code="reset", retry=True)
    if isinstance(inner, http.client.BadStatusLine | http.client.LineTooLong | lib3.InvalidHeader):
        return Unclear(msg("the answer is no HTTP"), code="bad_answer", retry=True)
    if status is not None or isinstance(inner, http.client.IncompleteRead):
        return Unclear(msg("the answer was cut short"), status=status, code="truncated", retry=True)
    return Unclear(msg("the connection broke before the answer"), code="reset", retry=True)
