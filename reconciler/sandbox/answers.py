"""Answers of the API as data: ordinary bodies, refusals, and every error shape known of the family."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, assert_never

from starlette.types import Send

from .faults import Body, Destinations, Fault

# Application codes of the on-premises API, which the service passes on.
TITLES = {
    1000: "Generic error",
    1003: "User is not a participant of the group",
    1005: "Access denied",
    1006: "Resource not found",
    1009: "Parameter value is not valid",
    1012: "Group unknown",
    1013: "User is not valid",
    1014: "Media is not valid",
    1015: "Too many requests",
    1016: "System overloaded",
}
_CODE_OF_STATUS = {400: 1009, 401: 1005, 403: 1005, 404: 1006, 420: 1015, 429: 1015, 503: 1016}
_PHRASES = {
    400: "Bad Request",
    401: "Authentication Error: invalid credentials",
    403: "Forbidden",
    404: "Not Found",
    420: "Message is Rate Limited",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_HREF = "https://developers.facebook.com/docs/whatsapp/api/errors/"
_META = {"version": "v2.41.3", "api_status": "stable"}


class Refused(Exception):
    """The service refuses a call: HTTP status, on-premises application code, and what it says about it."""

    def __init__(self, status: int, code: int, details: str) -> None:
        super().__init__(details)
        self.status = status
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, whole."""

    status: int
    body: bytes
    content_type: str | None = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers as ASGI wants them, with Content-Length."""
        pairs = [("content-length", str(len(self.body))), *self.headers]
        if self.content_type is not None:
            pairs.append(("content-type", self.content_type))
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]

    async def send(self, send: Send) -> None:
        """Send it over ASGI."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.raw_headers()})
        await send({"type": "http.response.body", "body": self.body})


def json_answer(value: Any, status: int = 200) -> Answer:
    """An answer whose body is `value` as JSON."""
    return Answer(status, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def refusal(refused: Refused) -> Answer:
    """A refusal in the shape of the on-premises API, which the service passes on."""
    return Answer(refused.status, *_body("errors", refused.status, refused.code, refused.details))


def proxy_error(status: int, message: str, retry_after: float | None = None) -> Answer:
    """An error of the proxy itself: credentials and rate."""
    return Answer(
        status, _json({"errorCode": status, "errorMessage": message}), headers=_retry_after(retry_after)
    )


def fault_answer(fault: Fault, status: int, elsewhere: str) -> Answer:
    """The answer of a ``status`` fault; a redirect leads to `elsewhere`."""
    code = _CODE_OF_STATUS.get(status, 1000)
    headers = _retry_after(fault.retry_after)
    if 300 <= status <= 399:
        headers += (("location", elsewhere),)
    if status in (204, 304):
        return Answer(status, b"", None, headers)
    return Answer(status, *_body(fault.body, status, code, "Asked for by a fault of the sandbox"), headers)


def misaddressed(answer: Answer, how: Destinations) -> Answer:
    """The answer to a message with other destinations, as a fault asks; any other answer stays as it is."""
    if answer.status != 200 or b'"destinations"' not in answer.body:
        return answer
    value = json.loads(answer.body)
    entries: list[dict[str, Any]] = value.pop("destinations")
    match how:
        case "none":
            value["destinations"] = []
        case "missing":
            pass
        case "text":
            value["destinations"] = ", ".join(entry["destination"] for entry in entries)
        case "stranger":
            value["destinations"] = [{**entry, "destination": "5511999990000"} for entry in entries]
        case "error":
            error = {"code": 1013, "title": TITLES[1013], "details": "Asked for by a fault of the sandbox"}
            value["destinations"] = [{**entry, "errors": [error]} for entry in entries]
        case "variant":
            value["destinations"] = [
                {**entry, "destination": _other_form(entry["destination"])} for entry in entries
            ]
        case _:
            assert_never(how)
    return json_answer(value)


def _other_form(chat: str) -> str:
    """A Brazilian mobile number without its ninth digit, or with it; anything else as it is."""
    found = re.fullmatch(r"(55[0-9]{2})(9?)([6-9][0-9]{7})", chat)
    return chat if found is None else f"{found[1]}{'' if found[2] else '9'}{found[3]}"


def _retry_after(seconds: float | None) -> tuple[tuple[str, str], ...]:
    return () if seconds is None else (("retry-after", str(math.ceil(seconds))),)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _body(shape: Body, status: int, code: int, details: str) -> tuple[bytes, str]:
    """Body and content type of an error (API facts, "Also known: errors")."""
    phrase = _PHRASES.get(status, "Error")
    value: dict[str, Any]
    match shape:
        case "errorCode":
            value = {"errorCode": status, "errorMessage": phrase}
        case "errors":
            error = {"code": code, "title": TITLES[code], "details": details, "href": _HREF}
            value = {"errors": [error], "meta": _META}
        case "message":
            value = {"message": phrase, "details": details}
        case "meta":
            value = {
                "meta": {"httpCode": status, "developerMessage": f"{phrase}. {details}", "success": False}
            }
        case "error":
            value = {"error": {"message": phrase, "type": "GroupsApiException", "code": code}}
        case "text":
            return f"{phrase}\n".encode(), "text/plain; charset=utf-8"
        case "html":
            title = f"{status} {phrase}"
            top = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
            page = f"{top}<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
            return f"{page}</body>\r\n</html>\r\n".encode(), "text/html"
        case "junk":
            return b'\x00\xff{"errorCode":\x80', "application/json"
        case "overlimit":
            value = {"statusCode": 500, "exception": {"message": "rate-overlimit", "name": "Error"}}
        case _:
            assert_never(shape)
    return _json(value), "application/json"
