"""The API as a server: credentials, pace, faults, latency and the log around every call of `calls`."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import replace

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Receive, Scope, Send

from .answers import Answer, Refused, fault_answer, misaddressed, proxy_error, refusal
from .calls import Calls, Request
from .cdn import Cdn
from .faults import Fault, FaultTable
from .gateway import OVERLIMIT, Dialect, fetched
from .log import Call, CallLog
from .settings import Pace
from .wire import TooLarge, Wire, read_body
from .world import World

_MAX_BODY = (
    16 * 1024 * 1024
)  # far above any limit that a call has, so that the call itself can say what is too large
_TRACE = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_SINCH = "/v1/whatsapp"
_ONPREM = "/v1"


class Api:
    """ASGI application for everything under ``/v1``, and under the prefixes of the gateways' dialects."""

    def __init__(
        self,
        world: World,
        cdn: Cdn,
        gateways: Iterable[Dialect],
        faults: FaultTable,
        log: CallLog,
        wire: Wire,
    ) -> None:
        self._calls = Calls(world, cdn)
        self._gateways = {dialect.name: dialect for dialect in gateways}
        self.prefixes = ("/v1/", *(prefix for own in self._gateways.values() for prefix in own.prefixes))
        self._store = world.store
        self._settings = settings = world.settings
        self._faults = faults
        self._log = log
        self._wire = wire
        self._pace = Pace(settings)
        self._elsewhere = f"{cdn.base_url}/elsewhere"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or break the connection as a fault asks."""
        path: str = scope["path"]
        gateway = next((own for own in self._gateways.values() if path.startswith(own.prefixes)), None)
        if gateway is not None:
            dialect = gateway.name
        else:
            dialect = "sinch" if path.startswith(_SINCH + "/") else "onprem"
            path = path.removeprefix(_SINCH if dialect == "sinch" else _ONPREM)
        call = self._log.begin(scope["method"], path, dialect)
        try:
            body = await read_body(receive, _MAX_BODY)
        except TooLarge:
            too_large = Refused(413, 1009, "The body is too large")
            await self._send(call, "answered", self._refusal(call, too_large), send)
            return
        except ConnectionResetError:
            call.outcome, call.finished = "gone", time.time()
            return
        headers = Headers(raw=scope["headers"])
        refused = self._credentials(call, headers)
        if refused is not None:
            await self._send(call, "refused", refused, send)
            return
        if not self._pace.admits():
            await self._send(call, "rate", self._over_rate(call), send)
            return
        strike = self._faults.strike(call.method, path)
        await self._wire.pause(strike.delay_before)
        request = Request(dialect, body, _mime(headers), scope["query_string"].decode("latin-1"))

        def ordinary() -> Answer:
            if gateway is None:
                return self._calls.answer(request, call.method, call.path)
            # Percent-encoded, so that a session's name may hold a slash.
            return gateway.answer(request, call.method, scope["raw_path"].decode(), strike.shows)

        answer = await self._effect(call, headers, request, strike.fault, ordinary)
        if dialect == "waha":
            answer = _traced(answer, headers)
        await self._wire.pause(strike.delay_after + request.seconds)
        if strike.fault is None:
            await self._send(call, "answered", answer, send)
        else:
            await self._strike(call, strike.fault, answer, scope, receive, send)

    async def _effect(
        self,
        call: Call,
        headers: Headers,
        request: Request,
        fault: Fault | None,
        ordinary: Callable[[], Answer],
    ) -> Answer:
        """The ordinary answer; the effect is made too, unless a fault says otherwise."""
        before = self._store.revision
        try:
            if request.content_type == "multipart/form-data" and call.method == "POST":
                request.upload = await _uploaded(headers.get("content-type", ""), request.body)
            gateway = self._gateways.get(call.dialect)
            if gateway is not None and (url := gateway.remote_picture(call.method, request.body)):
                request.upload = await asyncio.to_thread(fetched, url), None
            if fault is not None and fault.when == "before":
                with self._store.dry_run():
                    return ordinary()
            return ordinary()
        except Refused as refused:
            return self._refusal(call, refused)
        finally:
            call.summary = request.summary
            call.changed = self._store.revision != before

    async def _strike(
        self, call: Call, fault: Fault, answer: Answer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        match fault.action:
            case "status":
                status = fault.status or 500
                gateway = self._gateways.get(call.dialect) if status >= 400 else None
                if gateway is not None and fault.body == "errorCode":
                    answer = gateway.error(status, "Asked for by a fault of the sandbox", call.path)
                elif gateway is not None and fault.body == "overlimit":
                    answer = gateway.failure(OVERLIMIT, call.path, status)
                else:
                    answer = fault_answer(fault, status, self._elsewhere)
            case "garbage":
                answer = Answer(200, b"<<< \xff not json >>>")
            case "empty":
                answer = Answer(200, b"")
            case "destinations":
                answer = misaddressed(answer, fault.destinations)
            case "lie" | "delay" | "show":
                pass
            case "reset":
                await self._break(call, "reset")
                await self._wire.reset(scope, receive)
                return
            case "hang":
                call.outcome = "hang"
                await self._wire.hang(scope, receive)
                call.finished = time.time()
                return
            case "truncated":
                await self._break(call, "truncated", answer.status)
                await self._wire.truncate(scope, receive, answer)
                return
        await self._send(call, fault.action, answer, send)

    async def _break(self, call: Call, outcome: str, status: int | None = None) -> None:
        await self._wire.pause(self._settings.options.latency)
        call.outcome, call.status, call.finished = outcome, status, time.time()

    async def _send(self, call: Call, outcome: str, answer: Answer, send: Send) -> None:
        # Noted before it is sent: who has the answer finds it in the log.
        await self._break(call, outcome, answer.status)
        await answer.send(send)

    def _refusal(self, call: Call, refused: Refused) -> Answer:
        gateway = self._gateways.get(call.dialect)
        if gateway is None:
            return refusal(refused)
        if refused.status == 500:
            return gateway.failure(refused.details, call.path)
        return gateway.error(refused.status, refused.details, call.path)

    def _over_rate(self, call: Call) -> Answer:
        options = self._settings.options
        gateway = self._gateways.get(call.dialect)
        if gateway is not None:
            return gateway.failure(OVERLIMIT, call.path)
        said = "Message is Rate Limited" if options.rate_status == 420 else "Too many requests"
        return proxy_error(options.rate_status, said, options.retry_after)

    def _credentials(self, call: Call, headers: Headers) -> Answer | None:
        """The answer to missing or wrong credentials; None where they are good."""
        options = self._settings.options
        gateway = self._gateways.get(call.dialect)
        if gateway is not None:
            if _good(headers.get(gateway.key, ""), options.token):
                return None
            return gateway.error(401, "Unauthorized", call.path)
        if call.dialect == "onprem":
            scheme, _, token = headers.get("authorization", "").partition(" ")
            if scheme.lower() == "bearer" and _good(token, options.token):
                return None
            return refusal(Refused(401, 1005, "Invalid or missing bearer token"))
        name, token = headers.get("username", ""), headers.get("authenticationtoken", "")
        if not name or not token:
            return proxy_error(401, "Authentication Error: Missing userName or authenticationToken")
        if _good(name, options.username) and _good(token, options.token):
            return None
        return proxy_error(401, "Authentication Error: Invalid userName or authenticationToken")


def _mime(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _traced(answer: Answer, headers: Headers) -> Answer:
    """An answer that goes on with the client's trace, or begins one."""
    given = _TRACE.fullmatch(headers.get("traceparent", ""))
    trace = given[1] if given else secrets.token_hex(16)
    return replace(
        answer, headers=(*answer.headers, ("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01"))
    )


def _good(given: str, wanted: str | None) -> bool:
    if wanted is None:
        return bool(given)
    return hmac.compare_digest(given.encode(), wanted.encode())


async def _uploaded(content_type: str, body: bytes) -> tuple[bytes, str | None]:
    """File and type of a multipart body (field ``File``); None where no type is declared. Raises Refused."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(Headers({"content-type": content_type}), stream(), max_files=4, max_fields=4)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Refused(400, 1014, "The multipart body cannot be read") from error
    try:
        file = form.get("File", form.get("file"))
        if not isinstance(file, UploadFile):
            raise Refused(400, 1014, "The multipart body has no file in a field named File")
        declared = file.content_type
        return await file.read(), None if declared in (None, "", "application/octet-stream") else declared
    finally:
        await form.close()
