"""Where an answer ends: what is left on a kept connection is never the answer to the next call."""

from __future__ import annotations

import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.errors import NotSent, Unclear
from tests.backends.conftest import Connect
from tests.backends.server import Peer, RawServer, Step, drip, flood, raw, reply
from tests.backends.test_hostile import GROUP, OK_HEAD
from tests.backends.test_origin import certificate

__all__ = ("certificate",)

GOOD = b'{"groups":[{"id":"good-1"}]}'
EVIL = b'{"groups":[{"id":"evil-1"}]}'
STRAY = OK_HEAD + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL
CHUNKED = OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def answer(body: bytes = GOOD, head: bytes = OK_HEAD) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


WHOLE = answer()
FIRST: dict[str, bytes] = {
    "an answer": WHOLE,
    "an answer in chunks": CHUNKED + b"1c\r\n" + GOOD + b"\r\n0\r\n\r\n",
    "no content, with a body": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    "no content, in chunks": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks and a length": (
        OK_HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1c\r\n" + GOOD + b"\r\n0\r\n\r\n"
    ),
    "two lengths": answer(head=OK_HEAD + b"Content-Length: 2\r\n"),
    "a length that is none": OK_HEAD + b"Content-Length: \xb2\r\n\r\n{}",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
}


def together(data: bytes) -> Step:
    """The answer, and another right behind it."""
    return raw(data + STRAY, stay=True)


def a_moment_later(data: bytes) -> Step:
    """The answer, and another when the client has read it."""

    def step(peer: Peer) -> bool:
        peer.send(data)
        time.sleep(0.02)
        peer.send(STRAY)
        return True

    return step


@pytest.mark.parametrize("when", [together, a_moment_later])
@pytest.mark.parametrize("kind", FIRST)
def test_no_call_gets_what_was_left_of_another(
    kind: str, when: Callable[[bytes], Step], server: RawServer, client_for: Connect
) -> None:
    """A second answer that nobody asked for is not read as the answer to the next call."""
    client = client_for(server.url, width=1, timeout=0.5)
    server.script.append(when(FIRST[kind]))
    server.default = reply(200, GOOD)
    with suppress(Unclear):
        assert client.reader.list_groups().ids == ("good-1",)
    if when is a_moment_later:
        time.sleep(0.04)
    assert client.reader.list_groups().ids == ("good-1",)


def test_a_negative_chunk_reads_no_more_than_an_answer_may_hold(
    server: RawServer, client_for: Connect
) -> None:
    """http.client would read to the end of the stream at once: as many bytes as fit into the deadline."""
    server.default = flood(CHUNKED + b"-1\r\n", b" " * 65536)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Unclear):
        client_for(server.url, timeout=1.0).reader.list_groups()
    assert server.sent < 16 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_answers_before_the_answer(status: int, server: RawServer, client_for: Connect) -> None:
    """RFC 9110, 15.2: any number of them; the connection is kept, and each call gets its own."""
    before = b"HTTP/1.1 %d Wait\r\nLink: </x>\r\n\r\n" % status
    client = client_for(server.url, width=1)
    server.script.append(raw(before * 3 + WHOLE, stay=True))
    server.default = reply(200, GOOD.replace(b"1", b"2"))
    assert client.reader.list_groups().ids == ("good-1",)
    assert client.reader.list_groups().ids == ("good-2",)
    assert server.connections == 1


def test_what_tls_has_unpacked_already_is_left_over_too(
    certificate: Path, client_for: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record of 16 KiB comes out of one read of the socket, on which nothing is to be seen then."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    head = OK_HEAD + b"X: "
    filled = head + b"x" * (8192 - len(head) - len(answer(head=b"")) - 2) + b"\r\n"
    data = answer(head=filled)
    assert len(data) == 8192, "so that our own buffer is empty at the answer's end"
    with RawServer(reply(200, GOOD), tls=context) as server:
        server.script.append(raw(data + STRAY, stay=True))
        client = client_for(f"https://localhost:{server.port}", width=1)
        assert client.reader.list_groups().ids == ("good-1",)
        assert client.reader.list_groups().ids == ("good-1",)
        assert server.connections == 2
        client.close()


# --- requests -------------------------------------------------------------------------------------------


def _answers_at_once(listener: socket.socket, data: bytes, stop: threading.Event) -> None:
    sock, _ = listener.accept()
    with sock:
        while b"\r\n\r\n" not in sock.recv(65536, socket.MSG_PEEK):
            continue
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        stop.wait(10)


def test_an_answer_before_the_request_was_read(client_for: Connect) -> None:
    """A refusal of a large body is read, or at least ends in time, and is never taken for success."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}"
        thread = threading.Thread(target=_answers_at_once, args=(listener, refusal, stop), daemon=True)
        thread.start()
        client = client_for(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5)
        begun = time.monotonic()
        with pytest.raises(Unclear) as caught:
            client.writer.set_icon(GROUP, b"\xff" * (20 << 20), "image/jpeg")
        assert caught.value.code == "timeout"
        assert time.monotonic() - begun < 3
        stop.set()
        thread.join(5)


def test_all_of_a_request_has_one_deadline(
    certificate: Path, client_for: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes a little now and then does not keep us for ever: each record of TLS has a timeout
    of its own."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    stop = threading.Event()

    def sip(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with context.wrap_socket(sock, server_side=True) as secure, suppress(OSError):
            while not stop.wait(0.02):
                secure.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Else the kernel takes in much and then nothing for long, and every timeout is over.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        thread = threading.Thread(target=sip, args=(listener,), daemon=True)
        thread.start()
        client = client_for(f"https://localhost:{listener.getsockname()[1]}", timeout=0.5)
        begun = time.monotonic()
        with pytest.raises(Unclear) as caught:
            client.writer.set_icon(GROUP, b"\xff" * (6 << 20), "image/jpeg")
        assert caught.value.code == "timeout"
        assert time.monotonic() - begun < 2
        stop.set()
        thread.join(5)


@pytest.mark.parametrize("drop", [b"H", b"X: y\r\n"])
def test_a_proxy_that_never_finishes(
    drop: bytes, client_for: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = b"" if drop == b"H" else b"HTTP/1.1 200 Connected\r\n"
    with RawServer(drip(head, drop)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        begun = time.monotonic()
        with pytest.raises(NotSent) as caught:
            client_for("https://api.example", timeout=0.3).reader.list_groups()
        assert caught.value.code == "proxy"
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("name", ["\r\nX-Evil: 1", "a\nb", "a\0b", "a b", "\u2028", "ª b"])
def test_no_id_becomes_a_second_line(name: str, server: RawServer, client_for: Connect) -> None:
    client = client_for(server.url)
    for call in (client.reader.get_group, client.reader.get_icon, client.writer.leave):
        with pytest.raises(ValueError, match="not a group's id"):
            call(f"55{name}")
    assert server.seen == []


@pytest.mark.parametrize("gone", ["closed", "reset"])
def test_a_write_on_a_connection_that_is_gone_is_unclear(
    gone: str, server: RawServer, client_for: Connect
) -> None:
    """Closed while the request is on its way: nobody knows whether the server has read it."""
    client = client_for(server.url, retries=5, width=1)

    def leave_after(peer: Peer) -> bool:
        if gone == "reset":
            peer.reset()
        return False

    for write in (
        lambda: client.writer.create_group("Novo"),
        lambda: client.writer.set_subject(GROUP, "Novo"),
        lambda: client.writer.set_icon(GROUP, b"x" * 300_000, "image/png"),
        lambda: client.writer.send_to_group(GROUP, "Olá"),
    ):
        server.seen.clear()
        server.script.extend([reply(200, GOOD), leave_after])
        client.reader.list_groups()
        with pytest.raises(Unclear) as caught:
            write()
        assert caught.value.code == "reset"
        assert len(server.seen) == 2, "and it is not sent again"


def test_a_connection_that_ended_before_the_write_is_made_anew(
    server: RawServer, client_for: Connect
) -> None:
    client = client_for(server.url, width=1)
    server.script.append(raw(WHOLE))
    client.reader.list_groups()
    time.sleep(0.05)
    client.writer.leave(GROUP)
    assert [seen.method for seen in server.seen] == ["GET", "POST"]
    assert server.connections == 2
