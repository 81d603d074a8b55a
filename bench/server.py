"""A Groups API of canned answers, each sent a set time after its request came, on loopback.

One thread, one epoll, no HTTP library: it parses no more than the path, so that it answers ten times faster
than anybody asks and what is measured is the client. As every answer waits equally long, those that are due
stand at the head of a queue. It knows reads only; writes go to the sandbox.
"""

from __future__ import annotations

import json
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"
_ACCEPT = select.EPOLLIN


def answer(body: bytes, mime: str = "application/json") -> bytes:
    """The bytes of a 200."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _json(value: object) -> bytes:
    return answer(json.dumps(value, ensure_ascii=False).encode())


def answers(
    groups: Mapping[str, Mapping[str, object]], icons: Mapping[str, Path], base: str
) -> dict[bytes, bytes]:
    """Every path's answer: `groups` by id as the API describes them, each with the key `icon` besides, which
    names one of `icons`."""
    api = "/v1/whatsapp/groups"
    found = {api.encode(): _json({"groups": [{"id": group_id} for group_id in groups]})}
    for name, path in icons.items():
        found[f"/icons/{name}".encode()] = answer(path.read_bytes(), "image/png")
    for group_id, group in groups.items():
        icon = str(group["icon"])
        info = {key: value for key, value in group.items() if key != "icon"}
        found[f"{api}/{group_id}".encode()] = _json({"groups": [info]})
        found[f"{api}/{group_id}/icon".encode()] = _json(
            {
                "type": "URL",
                "mimeType": "image/png",
                "fileName": "groupIcon.png",
                "extraData": {
                    "public": True,
                    "Content-Type": "image/png",
                    "Content-Length": str(icons[icon].stat().st_size),
                },
                "data": f"{base}/icons/{icon}?group={group_id}",
            }
        )
    return found


class Server:
    """Answers until it is told to stop."""

    def __init__(self, listener: socket.socket, latency: float) -> None:
        self._listener = listener
        self._latency = latency
        self._answers: dict[bytes, bytes] = {}
        self._epoll = select.epoll()
        self._open: dict[int, socket.socket] = {}
        self._rest: dict[int, bytes] = {}  # of requests that came in pieces
        self._due: deque[tuple[float, socket.socket, bytes]] = deque()

    def serve(self, answers: dict[bytes, bytes]) -> None:
        """Answer for ever."""
        self._answers = answers
        self._listener.setblocking(False)
        own = self._listener.fileno()
        self._epoll.register(own, _ACCEPT)
        now = time.monotonic
        due = self._due
        while True:
            wait = max(0.0, due[0][0] - now()) if due else -1
            for number, _ in self._epoll.poll(wait):
                if number == own:
                    self._accept()
                else:
                    self._receive(number, now() + self._latency)
            while due and due[0][0] <= now():
                _, sock, data = due.popleft()
                self._send(sock, data)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open[sock.fileno()] = sock
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _receive(self, number: int, at: float) -> None:
        sock = self._open[number]
        try:
            data = sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            del self._open[number]
            self._rest.pop(number, None)
            self._epoll.unregister(number)
            sock.close()
            return
        if number in self._rest:
            data = self._rest.pop(number) + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            path = data[4 : data.index(b" ", 4)].partition(b"?")[0]
            self._due.append((at, sock, self._answers.get(path, _NOT_FOUND)))
            data = data[end + 4 :]
        if data:
            self._rest[number] = data

    def _send(self, sock: socket.socket, data: bytes) -> None:
        try:
            sent = sock.send(data)
            if sent < len(data):  # an icon that does not fit into the socket's buffer
                sock.setblocking(True)
                sock.sendall(data[sent:])
        except OSError:
            return  # the client went


def _main(listener: socket.socket, latency: float, answers: dict[bytes, bytes]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    Server(listener, latency).serve(answers)


@contextmanager
def serving(answers: dict[bytes, bytes], listener: socket.socket, latency: float) -> Iterator[None]:
    """A server in a process of its own, on a socket that listens already. `latency` in seconds."""
    process = get_context("fork").Process(target=_main, args=(listener, latency, answers), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join(10)
