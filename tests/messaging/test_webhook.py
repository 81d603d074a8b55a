"""The receiver of `docs/webhook.md`: what it keeps is what `inbound` reads."""

from __future__ import annotations

import hmac
import http.client
import importlib.util
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reconciler.messaging.inbound import read_file
from reconciler.model.messages import GroupMessage, OtherEvent, Unreadable
from reconciler.sandbox.inbox import mo_body
from tests.support import ACCOUNT, ANA

DOCS = Path(__file__).resolve().parents[2] / "docs"
SECRET = "/hook/nobody-guesses-this-one"


def receiver() -> Any:
    spec = importlib.util.spec_from_file_location("webhook", DOCS / "webhook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with receiver().Server(("127.0.0.1", 0), SECRET, str(tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def post(port: int, body: bytes, path: str = SECRET, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_every_body_becomes_one_line_that_inbound_reads(port: int, tmp_path: Path) -> None:
    bodies = [mo_body(ANA, ACCOUNT, f"one\ntwo {n} Olá", "120363000000000001") for n in range(40)]
    posted = [json.dumps(body, indent=2, ensure_ascii=n % 2 == 0).encode() for n, body in enumerate(bodies)]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda body: post(port, body), posted)) == {200}
    inbox = tmp_path / "inbox.jsonl"
    records = read_file(inbox.read_bytes())
    assert all(isinstance(record, GroupMessage) for record in records)
    assert {record.text for record in records if isinstance(record, GroupMessage)} == {
        body["data"][0]["message"]["messageText"] for body in bodies
    }
    assert inbox.stat().st_mode & 0o777 == 0o600


def test_a_signed_body_is_kept_to_the_letter(port: int, tmp_path: Path) -> None:
    body = json.dumps({"event": "session.status", "payload": {"text": "Olá"}}, indent=1).encode()
    key = b"my-secret-key"
    signature = hmac.new(key, body, "sha512").hexdigest()
    assert post(port, body, **{"X-Webhook-Hmac": signature, "X-Webhook-Hmac-Algorithm": "sha512"}) == 200
    assert post(port, body, **{"X-Webhook-Hmac": signature.replace(signature[0], "x")}) == 200
    assert post(port, body) == 200
    kinds = [type(record) for record in read_file((tmp_path / "inbox.jsonl").read_bytes(), key)]
    assert kinds == [OtherEvent, Unreadable, Unreadable]


def test_nothing_else_is_kept(port: int, tmp_path: Path) -> None:
    assert post(port, b"{}", "/hook/other") == 404
    assert post(port, b"", **{"Content-Length": "x"}) == 411
    assert post(port, b"", **{"Content-Length": str(8 * 1024 * 1024 + 1)}) == 413
    assert post(port, b"", **{"Content-Length": "9" * 20}) == 413
    with socket.create_connection(("127.0.0.1", port), 5) as cut:
        cut.sendall(f"POST {SECRET} HTTP/1.1\r\nContent-Length: 100\r\n\r\n{{".encode())
        cut.shutdown(socket.SHUT_WR)
        assert b" 400 " in cut.recv(100)
    assert not (tmp_path / "inbox.jsonl").exists()
