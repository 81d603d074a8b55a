"""A server that answers with whatever bytes a test wants, one step a request, and remembers what it saw."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """One request, header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Peer:
    """The connection of one client, as a step sees it; counts what is sent through it."""

    def __init__(self, server: RawServer, sock: socket.socket) -> None:
        self._server = server
        self._sock = sock

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)
        self._server.sent += len(data)

    def reset(self) -> None:
        """End with RST instead of FIN."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def wait(self) -> None:
        """Until the client or the server goes."""
        self._sock.recv(1)

    def relay(self, port: int) -> None:
        """Pass everything on to another server of this machine, and back, as a proxy does."""
        with socket.create_connection(("127.0.0.1", port)) as inner:
            back = threading.Thread(target=_copy, args=(inner, self._sock), daemon=True)
            back.start()
            _copy(self._sock, inner)
            back.join(5)


def _copy(source: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


Step = Callable[[Peer], bool]
"""Answers one request; tells whether the connection stays open for another."""


def reply(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Step:
    """An ordinary answer."""
    lines = {"Content-Length": str(len(body)), "Content-Type": "application/json", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return raw(f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body, stay=True)


def raw(data: bytes, *, stay: bool = False) -> Step:
    """These bytes; then the connection is closed, unless it should stay."""

    def step(peer: Peer) -> bool:
        peer.send(data)
        return stay

    return step


def reset(after: bytes = b"") -> Step:
    """These bytes, then RST."""

    def step(peer: Peer) -> bool:
        if after:
            peer.send(after)
            time.sleep(0.01)  # else the RST may overtake the bytes, which is another test
        peer.reset()
        return False

    return step


def hang(after: bytes = b"") -> Step:
    """These bytes, then nothing more until the client goes."""

    def step(peer: Peer) -> bool:
        peer.send(after)
        peer.wait()
        return False

    return step


def drip(head: bytes, drop: bytes, pause: float = 0.01) -> Step:
    """The head, then for ever a drop and a pause."""

    def step(peer: Peer) -> bool:
        peer.send(head)
        while True:
            peer.send(drop)
            time.sleep(pause)

    return step


def flood(head: bytes, piece: bytes) -> Step:
    """The head, then the piece for ever, as fast as the client takes it."""

    def step(peer: Peer) -> bool:
        peer.send(head)
        while True:
            peer.send(piece)

    return step


def tunnel(port: int) -> Step:
    """What a proxy does with CONNECT, wherever it should lead: to this port."""

    def step(peer: Peer) -> bool:
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        peer.relay(port)
        return False

    return step


class RawServer:
    """Listens on loopback; `script` is worked off first, then every request gets `default`.

    `seen` holds every request, `connections` how many were accepted, `sent` how many bytes went out. Use it
    as a context manager.
    """

    def __init__(self, default: Step | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.default = default or reply(200, b"{}")
        self.script: deque[Step] = deque()
        self.seen: list[Seen] = []
        self.connections = 0
        self.sent = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(sock)
            self._spawn(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        plain = sock
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.add(sock)
            with sock, sock.makefile("rb") as stream:
                while (seen := _request(stream)) is not None:
                    self.seen.append(seen)
                    step = self.script.popleft() if self.script else self.default
                    if not step(Peer(self, sock)):
                        return
        except OSError:
            return  # the client went, which is what many tests are about
        finally:
            plain.close()
            self._open -= {plain, sock}


def _request(stream: io.BufferedIOBase) -> Seen | None:
    first = stream.readline().split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Seen(first[0].decode(), first[1].decode(), headers, body)
