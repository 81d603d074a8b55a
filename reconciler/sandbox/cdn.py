"""The icons' own server on its own port: no credentials, and URLs that may change on every look."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from urllib.parse import parse_qs, urlencode

from starlette.types import Receive, Scope, Send

from .answers import Answer, fault_answer
from .faults import FaultTable
from .group import Icon
from .log import CallLog
from .settings import Settings
from .store import Store
from .wire import Wire

PICTURES = "/pictures"
"""Where the API's own port serves them too: a gateway's pictures come from its own address."""

_LIFE = 3600  # seconds that a signed URL is good for
_CREDENTIALS = frozenset(
    {b"username", b"authenticationtoken", b"authorization", b"x-api-key", b"apikey", b"cookie"}
)


class Cdn:
    """Makes the icons' URLs and serves them. Replaced pictures stay to be had while the sandbox runs."""

    def __init__(
        self, base_url: str, store: Store, settings: Settings, faults: FaultTable, log: CallLog, wire: Wire
    ) -> None:
        self.base_url = base_url
        self._store = store
        self._settings = settings
        self._faults = faults
        self._log = log
        self._wire = wire
        self._secret = secrets.token_bytes(32)

    def url(self, icon: Icon, base_url: str | None = None) -> str:
        """The address of a picture, here or under `base_url`; signed, its query is another one each time."""
        address = f"{base_url or self.base_url}/{icon.path}"
        if not self._settings.options.signed_urls:
            return address
        expires, nonce = str(int(time.time()) + _LIFE), secrets.token_hex(4)
        query = {"expires": expires, "nonce": nonce, "signature": self._sign(icon.path, expires, nonce)}
        return f"{address}?{urlencode(query)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Faults with a path under ``/cdn/`` strike here."""
        method, path = scope["method"], scope["path"].removeprefix(PICTURES)
        strike = self._faults.strike(method, f"/cdn{path}")
        await self._wire.pause(strike.delay_before + strike.delay_after)
        answer: Answer | None = self._answer(method, path.removeprefix("/"), scope["query_string"])
        whole = answer
        fault = strike.fault
        if fault is not None and fault.action == "status":
            answer = fault_answer(fault, fault.status or 500, f"{self.base_url}/elsewhere")
        elif fault is not None and fault.action == "garbage":
            answer = Answer(200, b"\0not a picture", "image/jpeg")
        elif fault is not None and fault.action == "empty":
            answer = Answer(200, b"", "image/jpeg")
        elif fault is not None and fault.action in ("reset", "hang"):
            answer = None
        credentials = any(name in _CREDENTIALS for name, _ in scope["headers"])
        self._log.download(method, path, None if answer is None else answer.status, credentials)
        if answer is not None and answer is whole and fault is not None and fault.action == "truncated":
            await self._wire.truncate(scope, receive, answer)
        elif answer is not None:
            await answer.send(send)
        elif fault is not None and fault.action == "reset":
            await self._wire.reset(scope, receive)
        else:
            await self._wire.hang(scope, receive)

    def _answer(self, method: str, path: str, query: bytes) -> Answer:
        if method not in ("GET", "HEAD"):
            return Answer(405, b"", None)
        stored = self._store.icon_bytes(path)
        if stored is None:
            return Answer(404, b"Not Found\n", "text/plain")
        if self._settings.options.signed_urls and not self._signed(path, query):
            return Answer(403, b"Forbidden\n", "text/plain")
        mime, data = stored
        return Answer(
            200,
            data,
            mime,
            (("cache-control", "private, max-age=3600"), ("x-content-type-options", "nosniff")),
        )

    def _signed(self, path: str, query: bytes) -> bool:
        given = {name: values[0] for name, values in parse_qs(query.decode("latin-1")).items()}
        expires = given.get("expires", "")
        good = self._sign(path, expires, given.get("nonce", ""))
        fresh = expires.isdecimal() and int(expires) >= time.time()
        return fresh and hmac.compare_digest(good.encode(), given.get("signature", "").encode())

    def _sign(self, path: str, expires: str, nonce: str) -> str:
        return hmac.new(self._secret, f"{path}\n{expires}\n{nonce}".encode(), hashlib.sha256).hexdigest()
