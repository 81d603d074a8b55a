"""Sending, and incoming messages with their webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import pytest

from reconciler.sandbox import Options

from .conftest import ACCOUNT, ANA, BRUNO, Client, Connect


def send(api: Client, message: dict[str, Any], *destinations: dict[str, Any]) -> Any:
    return api("POST", "/send", {"destinations": list(destinations), "message": message})


def test_the_documents_own_example(api: Client) -> None:
    group_id = api.create()
    body = f"""{{
"destinations": [{{
"destination": "{group_id}",
"recipientType": "group"
}}],
"message": {{
"messageText": "Mensagem de teste"
}}
}}"""
    answer = api("POST", "/send", data=body.encode())
    assert answer.status_code == 200
    assert set(answer.json()) == {"id", "destinations"}
    (sent,) = answer.json()["destinations"]
    assert set(sent) == {"id", "correlationId", "destination"}
    assert sent["destination"] == group_id
    (message,) = api.truth(group_id)["messages"]
    assert (message["kind"], message["sender"], message["text"]) == ("sent", ACCOUNT, "Mensagem de teste")


def test_to_persons_with_correlation_ids(api: Client) -> None:
    one, other = {"destination": ANA, "correlationId": "a-1"}, {"destination": BRUNO}
    answer = send(api, {"messageText": "Olá"}, one, other).json()
    assert [sent["correlationId"] for sent in answer["destinations"]] == ["a-1", ""]
    assert len({answer["id"], *(sent["id"] for sent in answer["destinations"])}) == 3
    assert [(m["chat"], m["text"], m["correlation_id"]) for m in api.control.messages()] == [
        (ANA, "Olá", "a-1"),
        (BRUNO, "Olá", None),
    ]
    (call,) = api.control.calls()
    assert call["summary"]["send"]["destinations"] == [ANA, BRUNO]


def test_a_template(api: Client) -> None:
    template = {
        "namespace": "ns",
        "elementName": "convite",
        "languageCode": "pt_BR",
        "bodyParameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "https://x"}],
    }
    assert send(api, {"template": template}, {"destination": ANA}).status_code == 200
    (message,) = api.control.messages()
    assert message["text"] == "convite: Ana · https://x"
    assert json.loads(message["template"]) == template


@pytest.mark.parametrize(
    ("message", "destination", "status"),
    [
        ({"messageText": ""}, {"destination": ANA}, 400),
        ({"messageText": "x" * 4097}, {"destination": ANA}, 400),
        ({"template": {"namespace": "n"}}, {"destination": ANA}, 400),
        ({}, {"destination": ANA}, 400),
        ({"messageText": "x"}, {"destination": "+55 19"}, 400),
        ({"messageText": "x"}, {"destination": "551990000-1"}, 400),
        ({"messageText": "x"}, {"destination": ANA, "correlationId": 7}, 400),
        ({"messageText": "x"}, {"destination": "551990000-1", "recipientType": "group"}, 404),
    ],
)
def test_what_cannot_be_sent(
    api: Client, message: dict[str, Any], destination: dict[str, Any], status: int
) -> None:
    assert send(api, message, {"destination": BRUNO}, destination).status_code == status
    assert send(api, message).status_code == 400
    assert api.control.messages() == []


def test_4096_characters_can_be_sent(api: Client) -> None:
    assert send(api, {"messageText": "é" * 4096}, {"destination": ANA}).status_code == 200


def test_a_fault_after_the_effect_keeps_the_message_and_before_it_does_not(api: Client) -> None:
    api.control.add_faults("POST /send status=500 nth=1 when=after", "POST /send status=500 nth=2")
    for text in ("first", "second"):
        assert send(api, {"messageText": text}, {"destination": ANA}).status_code == 500
    assert [message["text"] for message in api.control.messages()] == ["first"]


@pytest.mark.parametrize(
    ("how", "destinations"),
    [
        ("none", []),
        ("missing", None),
        ("text", "5519987654321"),
        ("stranger", ["5511999990000"]),
        ("error", ["5519987654321"]),
        ("variant", ["551987654321"]),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fault_answers_with_other_destinations(api: Client, how: str, destinations: Any, when: str) -> None:
    api.control.add_faults(f"* * destinations={how} when={when}")
    answer = send(api, {"messageText": "Olá"}, {"destination": "5519987654321"})
    assert answer.status_code == 200
    assert answer.json()["id"]
    found = answer.json().get("destinations")
    if isinstance(found, list):
        assert all(bool(entry.get("errors")) is (how == "error") for entry in found)
        found = [entry["destination"] for entry in found]
    assert found == destinations
    assert len(api.control.messages()) == (when == "after")
    assert api("GET", "/groups").json() == {"groups": []}
    assert send(api, {"messageText": "x"}, {"destination": "x"}).status_code == 400


@pytest.fixture
def webhook() -> Iterator[tuple[str, Queue[Any]]]:
    received: Queue[Any] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/mo", received
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_people_write_reaches_the_webhook(connect: Connect, webhook: tuple[str, Queue[Any]]) -> None:
    url, received = webhook
    api = connect(webhook=url)
    group_id = api.create()
    api.control.join(group_id, ANA)
    api.control.write(ANA, "Olá", group_id)
    api.control.write(BRUNO, "Quero entrar")
    in_group, direct = received.get(timeout=5), received.get(timeout=5)
    assert in_group["total"] == 1
    (record,) = in_group["data"]
    assert (record["source"], record["origin"]) == (ANA, ANA)
    assert record["message"] == {"type": "TEXT", "messageText": "Olá", "waGroupId": group_id}
    assert direct["data"][0]["message"] == {"type": "TEXT", "messageText": "Quero entrar"}
    api.server.stop()


def test_without_a_webhook_the_bodies_are_kept(api: Client) -> None:
    api.control.write(BRUNO, "Quero entrar")
    (delivery,) = api.control.deliveries()
    assert (delivery["status"], delivery["error"]) == (None, None)
    assert delivery["body"]["data"][0]["source"] == BRUNO


def test_a_dead_webhook_is_noted(connect: Connect, webhook: tuple[str, Queue[Any]]) -> None:
    api = connect(webhook="http://127.0.0.1:9/mo")
    api.control.write(BRUNO, "Quero entrar")
    api.server.stop()  # waits for what is under way
    again = connect(webhook=webhook[0])
    again.control.write(BRUNO, "Quero entrar")
    webhook[1].get(timeout=5)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "http://example.com/x", "ftp://127.0.0.1", "127.0.0.1"]
)
def test_a_webhook_is_on_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="on this machine"):
        Options(database=":memory:", webhook=url)
