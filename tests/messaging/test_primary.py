"""The primary document's own example of a message to a group, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

from reconciler.backends.service import Connection
from reconciler.backends.sinch import connect
from tests.backends.server import RawServer, reply
from tests.fakes import FakeClock

EXAMPLE = (Path(__file__).parent / "primary/send-to-group.json").read_bytes()


def test_what_is_sent_to_a_group_is_the_example() -> None:
    """The same keys in the same order and the same values; only the layout of the JSON is its own."""
    with RawServer() as server:
        to = b'{"id": "d-1", "correlationId": "", "destination": "5519900000000-1513616971"}'
        server.default = reply(200, b'{"id": "m-1", "destinations": [' + to + b"]}")
        connection = Connection(base_url=server.url, username="user", token="token")
        with connect(connection, FakeClock()) as client:
            assert client.writer.send_to_group("5519900000000-1513616971", "Mensagem de teste") == "m-1"
        (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/v1/whatsapp/send")
    assert seen.headers["content-type"] == "application/json"
    assert seen.body == json.dumps(json.loads(EXAMPLE)).encode()
