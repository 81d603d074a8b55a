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
from typing import Any
from urllib.parse import quote

ACCOUNT = "5519911112222"
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
    found = _pictures(icons) | {api.encode(): _json({"groups": [{"id": group_id} for group_id in groups]})}
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


def waha_answers(
    groups: Mapping[str, Mapping[str, object]], icons: Mapping[str, Path], base: str, page: int
) -> dict[bytes, bytes]:
    """The same of WAHA, whose session is `bench`: `groups` by their ids there, as `live_groups` describes
    them. A list is asked for in pages of `page` groups."""
    found = _pictures(icons) | {
        b"/api/sessions/bench": _json(
            {
                "name": "bench",
                "status": "WORKING",
                "me": {"id": f"{ACCOUNT}@c.us", "pushName": "Bench"},
                "config": {"noweb": {"store": {"enabled": True, "fullSync": False}}},
            }
        ),
        b"/api/server/version": _json({"version": "2026.9.2", "engine": "NOWEB"}),
    }
    shown = [(group_id, _as_gateway(group_id, group)) for group_id, group in groups.items()]
    for offset in range(0, len(shown) + 1, page):
        query = f"limit={page}&offset={offset}&sortBy=id&sortOrder=asc"
        found[f"/api/bench/groups?{query}".encode()] = _json(dict(shown[offset : offset + page]))
    for group_id, group in shown:
        path = f"/api/bench/groups/{quote(group_id, safe='')}"
        found[path.encode()] = _json(group)
        icon = f"{base}/icons/{groups[group_id]['icon']}?group={group_id}"
        found[f"{path}/picture".encode()] = _json({"url": icon})
    return found


def evolution_answers(
    groups: Mapping[str, Mapping[str, object]], icons: Mapping[str, Path], base: str
) -> dict[bytes, bytes]:
    """The same of Evolution, whose instance is `bench`: pictures come with the groups."""
    shown = {
        group_id: _as_gateway(group_id, group)
        | {"pictureUrl": f"{base}/icons/{group['icon']}?group={group_id}" if group["icon"] else None}
        for group_id, group in groups.items()
    }
    instance = {"name": "bench", "ownerJid": f"{ACCOUNT}@s.whatsapp.net", "integration": "WHATSAPP-BAILEYS"}
    return _pictures(icons) | {
        b"/instance/connectionState/bench": _json({"instance": {"instanceName": "bench", "state": "open"}}),
        b"/instance/fetchInstances?instanceName=bench": _json([instance]),
        b"/group/fetchAllGroups/bench?getParticipants=true": _json(list(shown.values())),
        **{
            f"/group/findGroupInfos/bench?groupJid={quote(group_id, safe='')}".encode(): _json(group)
            for group_id, group in shown.items()
        },
    }


def _pictures(icons: Mapping[str, Path]) -> dict[bytes, bytes]:
    return {f"/icons/{name}".encode(): answer(path.read_bytes(), "image/png") for name, path in icons.items()}


def _as_gateway(group_id: str, group: Mapping[str, Any]) -> dict[str, object]:
    admins = set(group["admins"])
    return {
        "id": group_id,
        "addressingMode": "pn",
        "subject": group["subject"],
        "creation": group["creation_time"],
        "owner": f"{group['creator']}@c.us",
        "size": len(group["participants"]),
        "restrict": False,
        "announce": False,
        "joinApprovalMode": False,
        "memberAddMode": True,
        "isCommunity": False,
        "isCommunityAnnounce": False,
        "participants": [
            {"id": f"{number}@c.us", "admin": "admin" if number in admins else None}
            for number in group["participants"]
        ],
    }


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
            target = data[4 : data.index(b" ", 4)]
            found = self._answers.get(target) or self._answers.get(target.partition(b"?")[0], _NOT_FOUND)
            self._due.append((at, sock, found))
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
