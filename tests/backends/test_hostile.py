"""Every read and write against every kind of answer: which error comes out, and that nothing else does."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable

import pytest

from reconciler.backends.service import Client
from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    RateLimited,
    ReconcilerError,
    Refused,
    Unclear,
)
from reconciler.model.live import IconMeta
from tests.backends.conftest import TOKEN, Connect
from tests.backends.server import RawServer, Step, drip, flood, hang, raw, reply, reset

GROUP = "5519900000000-1513616971"
ANA = "5519900000001"
ERRORS: dict[str, type[ReconcilerError]] = {
    "C": CredentialsError,
    "N": NotFound,
    "R": Refused,
    "L": RateLimited,
    "U": Unclear,
}
COLUMNS = ("list", "group", "icon", "void", "remove_icon", "create", "link", "send", "fetch")
"""Calls that judge answers alike; the rows below have one letter a column, `-` for a success."""

CALLS: list[tuple[str, Callable[[Client, str], object]]] = [
    ("list", lambda client, _: client.reader.list_groups()),
    ("group", lambda client, _: client.reader.get_group(GROUP)),
    ("icon", lambda client, _: client.reader.get_icon(GROUP)),
    ("void", lambda client, _: client.writer.set_subject(GROUP, "Novo")),
    ("remove_icon", lambda client, _: client.writer.remove_icon(GROUP)),
    ("create", lambda client, _: client.writer.create_group("Novo")),
    ("link", lambda client, _: client.writer.get_link(GROUP)),
    ("send", lambda client, _: client.writer.send_to_group(GROUP, "Olá")),
    ("fetch", lambda client, url: client.reader.fetch_icon(IconMeta(f"{url}/icon.jpeg"))),
    # The rest judge as those above; they are run where an answer costs no waiting.
    ("void", lambda client, _: client.writer.set_icon(GROUP, b"\xff\xd8\xff", "image/jpeg")),
    ("void", lambda client, _: client.writer.promote(GROUP, [ANA])),
    ("void", lambda client, _: client.writer.demote(GROUP, [ANA])),
    ("void", lambda client, _: client.writer.remove_participants(GROUP, [ANA])),
    ("void", lambda client, _: client.writer.revoke_link(GROUP)),
    ("void", lambda client, _: client.writer.leave(GROUP)),
    ("send", lambda client, _: client.writer.send_to_person(ANA, {"messageText": "Olá"})),
]

WORDS = f"não deu para 5519900000001 com {TOKEN} em https://chat.whatsapp.com/AbC"


def bodies(code: int) -> dict[str, bytes]:
    """The error bodies of the API family (API facts, "errors"), each with this code of the API's own."""
    shapes: dict[str, object] = {
        "errorCode": {"errorCode": code, "errorMessage": WORDS},
        "errors": {"errors": [{"code": code, "title": "Erro", "details": WORDS, "href": ""}], "meta": {}},
        "message": {"message": "Erro", "details": WORDS},
        "meta": {"meta": {"httpCode": code, "developerMessage": WORDS, "success": False}},
        "error": {"error": {"message": WORDS, "type": "Exception", "code": code}},
        "string": WORDS,
    }
    return {
        **{name: json.dumps(shape).encode() for name, shape in shapes.items()},
        "text": WORDS.encode(),
        "html": f"<html><body>{WORDS}</body></html>".encode(),
        "empty": b"",
        "odd": b'{"errors": {"code": true}, "error": [1], "meta": [], "message": {}, "errorCode": -1}',
        "bytes": b"\xff\xfe\x00\x01",
    }


#                list group icon void remove_icon create link send fetch
STATUS_ROWS = {
    400: "R N R R R R R R R",
    401: "C C C C C C C C R",
    403: "C R R R R R R R R",
    404: "N N - N - N N N R",
    405: "R R R R R R R R R",
    408: "U U U U U U U U R",
    412: "R R R R R R R R R",
    420: "L L L L L L L L L",
    429: "L L L L L L L L L",
    301: "U U U U U U U U U",
    302: "U U U U U U U U U",
    307: "U U U U U U U U U",
    500: "U U U U U U U U U",
    502: "U U U U U U U U U",
    503: "U U U U U U U U U",
    504: "U U U U U U U U U",
    203: "U U U U U U U U U",
    206: "U U U U U U U U U",
    599: "U U U U U U U U U",
    999: "U U U U U U U U U",
}

OTHER = {"id": "5519900000000-1", "subject": "x", "admins": [], "participants": []}
OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def success(data: object) -> Step:
    return reply(200, json.dumps(data).encode())


ROWS: dict[str, tuple[Step, str]] = {
    # A success that holds an error
    **{
        f"200 {shape} {code}": (reply(200, body), row)
        for code, row in {
            401: "C C C U U U U U -",
            404: "U N - U U U U U -",
            420: "L L L U U U U U -",
            429: "L L L U U U U U -",
            500: "U U U U U U U U -",
            1000: "U U U U U U U U -",
            1012: "U N - U U U U U -",
            1015: "L L L U U U U U -",
        }.items()
        for shape, body in bodies(code).items()
        if shape in {"errorCode", "errors", "meta", "error"}
    },
    **{
        f"200 {shape}": (reply(200, bodies(0)[shape]), "U U U U U U U U -")
        for shape in ("message", "string", "text", "html", "bytes")
    },
    # One sister of the API says "too many requests" with a 400
    "400 with a rate code": (reply(400, bodies(1015)["errors"]), "L L L L L L L L R"),
    # Bodies that say nothing, or the wrong thing
    "empty": (reply(200), "U U U - - U U U U"),
    "204": (raw(b"HTTP/1.1 204 No Content\r\n\r\n", stay=True), "U U U - - U U U U"),
    "blanks": (reply(200, b" \r\n"), "U U U - - U U U -"),
    "null": (reply(200, b"null"), "U U U - - U U U -"),
    "{}": (reply(200, b"{}"), "U U U - - U U U -"),
    "[]": (reply(200, b"[]"), "U U U U U U U U -"),
    "true": (reply(200, b"true"), "U U U U U U U U -"),
    "half of an object": (reply(200, b'{"groups": [{"id": "55'), "U U U U U U U U -"),
    "deep": (reply(200, b"[" * 100_000), "U U U U U U U U -"),
    "deep object": (reply(200, b'{"groups":' * 50_000), "U U U U U U U U -"),
    "long number": (reply(200, b"9" * 10_000), "U U U U U U U U -"),
    "no groups": (success({"groups": []}), "- N U - - U U U -"),
    "groups of null": (success({"groups": None}), "U U U - - U U U -"),
    "groups of an object": (success({"groups": {"id": GROUP}}), "U U U - - U U U -"),
    "groups of texts": (success({"groups": [GROUP]}), "U U U - - U U U -"),
    "a group without anything": (success({"groups": [{}]}), "U U U - - U U U -"),
    "another group": (success({"groups": [OTHER]}), "- U U - - - U U -"),
    "two groups": (success({"groups": [OTHER, OTHER]}), "- U U - - U U U -"),
    "a path as an id": (success({"groups": [{"id": "../x"}]}), "U U U - - U U U -"),
    "dots as an id": (success({"groups": [{"id": "."}]}), "U U U - - U U U -"),
    "a junk link": (success({"groups": [{"link": "undefined"}]}), "U U U - - U U U -"),
    "a link elsewhere": (
        success({"groups": [{"link": "https://chat.whatsapp.com.evil.example/AbC"}]}),
        "U U U - - U U U -",
    ),
    # No whole HTTP answer
    "reset": (reset(), "U U U U U U U U U"),
    "reset in the head": (reset(OK_HEAD), "U U U U U U U U U"),
    "reset in the body": (reset(OK_HEAD + b"Content-Length: 50\r\n\r\n{}"), "U U U U U U U U U"),
    "closed": (raw(b""), "U U U U U U U U U"),
    "closed in the head": (raw(OK_HEAD), "U U U U U U U U U"),
    "truncated": (raw(OK_HEAD + b"Content-Length: 50\r\n\r\n{}"), "U U U U U U U U U"),
    "truncated error": (
        raw(b"HTTP/1.1 400 Bad\r\nContent-Length: 50\r\n\r\n{}"),
        "U U U U U U U U U",
    ),
    "truncated chunk": (
        raw(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n20\r\n{}"),
        "U U U U U U U U U",
    ),
    "no last chunk": (
        raw(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        "U U U U U U U U U",
    ),
    "no chunk at all": (
        raw(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzzzz\r\n{}\r\n"),
        "U U U U U U U U U",
    ),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "U U U U U U U U U"),
    "zeros": (raw(b"\0" * 1000), "U U U U U U U U U"),
    "no status": (raw(b"HTTP/1.1 OK\r\n\r\n{}"), "U U U U U U U U U"),
    "two lengths": (raw(OK_HEAD + b"Content-Length: 2, 5\r\n\r\n{}"), "U U U U U U U U U"),
    "a long line": (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n{}"), "U U U U U U U U U"),
    "many headers": (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}"), "U U U U U U U U U"),
    "gzip": (reply(200, gzip.compress(b"{}"), {"Content-Encoding": "gzip"}), "U U U U U U U U U"),
    # Far too much
    "1 GB": (flood(OK_HEAD + b"Content-Length: 1073741824\r\n\r\n", b"x" * 65536), "U U U U U U U U U"),
    "endless": (flood(OK_HEAD + b"Connection: close\r\n\r\n", b"x" * 65536), "U U U U U U U U U"),
    "endless blanks": (flood(OK_HEAD + b"Connection: close\r\n\r\n", b" " * 65536), "U U U U U U U U U"),
    "endless chunks": (
        flood(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        "U U U U U U U U U",
    ),
    "endless error": (
        flood(b"HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n", b"x" * 65536),
        "R N R R R R R R R",
    ),
}

SLOW = {
    "silence": hang(),
    "silence in the head": hang(OK_HEAD),
    "silence in the body": hang(OK_HEAD + b"Content-Length: 50\r\n\r\n{}"),
    "a dripping status": drip(b"", b"H"),
    "a dripping head": drip(OK_HEAD, b"X: y\r\n"),
    "a dripping line": drip(OK_HEAD + b"X: ", b"y"),
    "dripping interim answers": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a dripping body": drip(OK_HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
    "a dripping chunk": drip(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "dripping trailers": drip(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
}


def outcome(call: Callable[[Client, str], object], client: Client, url: str) -> tuple[str, str]:
    """The letter of what came out, and the error's text."""
    raised: ReconcilerError | None = None
    try:
        call(client, url)
    except ReconcilerError as error:
        raised = error
    if raised is None:
        return "-", ""
    if isinstance(raised, ApiError):
        assert raised.code not in ("", "api")
    assert raised.message == str(raised)
    assert len(raised.message) < 350
    letter = next(letter for letter, kind in ERRORS.items() if type(raised) is kind)
    return letter, f"{raised.message} {raised.hint}"


def judge(step: Step, row: str, server: RawServer, client: Client, calls: int = len(CALLS)) -> None:
    """Let every call meet the answer; each must end as the row says, with one request and no leak."""
    expected = dict(zip(COLUMNS, row.split(), strict=True))
    server.default = step
    for number, (column, call) in enumerate(CALLS[:calls], 1):
        letter, text = outcome(call, client, server.url)
        assert letter == expected[column], (column, text)
        deadline = time.monotonic() + 5
        while len(server.seen) < number and time.monotonic() < deadline:
            time.sleep(0.001)  # who gives up early may be done before the server has read the request
        assert len(server.seen) == number, "every call is sent once"
        for secret in (TOKEN, "5519900000001", "AbC", GROUP, "127.0.0.1"):
            assert secret not in text


@pytest.mark.parametrize("status", STATUS_ROWS)
def test_statuses_with_every_body(status: int, server: RawServer, client_for: Connect) -> None:
    for shape, body in bodies(status).items():
        client = client_for(server.url)
        server.seen.clear()
        calls = len(CALLS) if shape == "errorCode" else len(COLUMNS)
        judge(reply(status, body, {"Location": server.url}), STATUS_ROWS[status], server, client, calls)
        if 400 <= status < 600 and shape not in {"html", "empty", "odd", "bytes"}:
            _, text = outcome(CALLS[5][1], client_for(server.url), server.url)
            assert "não deu para" in text
            assert f"HTTP {status}" in text


@pytest.mark.parametrize("kind", ROWS)
def test_answers(kind: str, server: RawServer, client_for: Connect) -> None:
    step, row = ROWS[kind]
    judge(step, row, server, client_for(server.url))
    assert server.sent < 16 * (24 << 20), "an answer without end is cut off"


@pytest.mark.parametrize("kind", SLOW)
def test_slow_answers_end_in_time(kind: str, server: RawServer, client_for: Connect) -> None:
    client = client_for(server.url, timeout=0.05)
    begun = time.monotonic()
    judge(SLOW[kind], "U U U U U U U U U", server, client, calls=len(COLUMNS))
    assert time.monotonic() - begun < len(COLUMNS) * 1.0
    assert set(client.counts) == {"timeout"}


def test_the_time_allowed_is_for_the_whole_answer(server: RawServer, client_for: Connect) -> None:
    """A piece that comes just in time does not buy as much time again."""
    server.default = drip(OK_HEAD + b"Content-Length: 9999\r\n\r\n", b" ", pause=0.4)
    begun = time.monotonic()
    with pytest.raises(Unclear):
        client_for(server.url, timeout=0.5).reader.list_groups()
    assert 0.5 <= time.monotonic() - begun < 0.75


def test_redirects_take_credentials_nowhere(server: RawServer, client_for: Connect) -> None:
    with RawServer() as elsewhere:
        for target in (
            elsewhere.url,
            server.url,
            "//" + elsewhere.url.partition("//")[2],
            "/v1/whatsapp/groups",
        ):
            server.seen.clear()
            judge(reply(302, b"", {"Location": target}), STATUS_ROWS[302], server, client_for(server.url))
        assert elsewhere.seen == []
        assert elsewhere.connections == 0
