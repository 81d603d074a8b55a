"""A code host on loopback that keeps comments as GitHub and GitLab do, and records every request.

Notes and issues that are `hidden` are left out once the pages are cut, which makes pages short: as GitLab
does with what the token may not see. `told` says which headers tell of the next page, and `elsewhere` is
another address for it.

`faults` maps a method to what becomes of its next requests: a status to answer with, `lost` (carried out,
and no answer), `dropped` (not carried out, and no answer), or an answer's whole bytes.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

ME, OTHER = 41898282, 7
GITHUB_LIST = re.compile(r"/repos/([^/]+/[^/]+)/issues/(\d+)/comments")
GITHUB_ONE = re.compile(r"/repos/([^/]+/[^/]+)/issues/comments/(\d+)")
GITLAB_LIST = re.compile(r"/projects/([^/]+)/merge_requests/(\d+)/notes")
GITLAB_ONE = re.compile(r"/projects/([^/]+)/merge_requests/(\d+)/notes/(\d+)")

ISSUES = re.compile(r"/(repos/acme/groups|projects/77)/issues(?:/(\d+))?")


@dataclass
class Note:
    id: int
    body: str
    author: int
    login: str
    system: bool = False
    hidden: bool = False


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class CodeHost:
    """Use it as a context manager; `notes` are the comments of the one pull request there is."""

    me: int = ME
    login: str = "github-actions[bot]"
    user_status: int = 403
    opened: str = "open"
    told: tuple[str, ...] = ("X-Next-Page", "Link")
    elsewhere: str = ""
    notes: list[Note] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    faults: dict[str, deque[int | str | bytes | tuple[int, dict[str, str]]]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    tickets: list[dict[str, Any]] = field(default_factory=list)
    _next: int = 1000

    def __enter__(self) -> CodeHost:
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # an answer in one piece

            def log_message(self, format: str, *args: object) -> None: ...

            def handle_any(self) -> None:
                host._handle(self)

        for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.handle_any)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, body: str, *, mine: bool = True, login: str | None = None, system: bool = False) -> Note:
        author = self.me if mine else OTHER
        note = Note(self._next, body, author, login or (self.login if mine else "mallory"), system)
        self._next += 1
        self.notes.append(note)
        return note

    def writes(self) -> list[str]:
        return [seen.method for seen in self.seen if seen.method != "GET"]

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        data = request.rfile.read(length)
        body = json.loads(data) if data else None
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.command, request.path, headers, body))
        queue = self.faults[request.command]
        fault = queue.popleft() if queue and not request.path.endswith("/user") else None
        if isinstance(fault, bytes):
            request.wfile.write(fault)
            request.close_connection = True
            return
        if fault == "dropped":
            request.close_connection = True
            return
        if isinstance(fault, int):
            self._reply(request, fault, {"message": "said by the host"})
            return
        if isinstance(fault, tuple):
            self._reply(request, fault[0], {"message": "slowly"}, fault[1])
            return
        status, answer, *more = self._carry_out(request.command, request.path, body)
        if fault == "lost":
            request.close_connection = True
            return
        self._reply(request, status, answer, *more)

    def _reply(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        answer: Any,
        headers: dict[str, str] | None = None,
    ) -> None:
        data = b"" if status == 204 else json.dumps(answer).encode()
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _paged(
        self, entries: list[Any], shown: list[Any], path: str, query: dict[str, list[str]]
    ) -> tuple[int, Any, dict[str, str]]:
        """One page of a list; `shown` are the entries, None for those that are hidden."""
        size, page = int(query["per_page"][0]), int(query["page"][0])
        more = len(entries) > page * size
        headers = {}
        if "/projects/" in path and "X-Next-Page" in self.told:
            headers["X-Next-Page"] = str(page + 1) if more else ""
        if more and "Link" in self.told:
            # GitHub names its repositories by their numbers there
            asked = urlencode({name: values[0] for name, values in query.items()} | {"page": page + 1})
            address = (
                f"{self.elsewhere or self.url}{path.replace('/repos/acme/groups', '/repositories/5')}?{asked}"
            )
            headers["Link"] = f'<{self.url}/first>; rel="first", <{address}>; rel="next"'
        part = shown[(page - 1) * size : page * size]
        return 200, [entry for entry in part if entry is not None], headers

    def _carry_out(
        self, method: str, path: str, body: Any
    ) -> tuple[int, Any] | tuple[int, Any, dict[str, str]]:
        parts = urlsplit(path.replace("/repositories/5/", "/repos/acme/groups/"))
        query = parse_qs(parts.query)
        if parts.path == "/user":
            found = {"id": self.me, "login": self.login, "username": self.login}
            return (
                (200, found) if self.user_status == 200 else (self.user_status, {"message": "not accessible"})
            )
        if found := ISSUES.fullmatch(parts.path):
            return self._issues(method, parts.path, found[1] == "projects/77", found[2], query, body)
        listing = GITHUB_LIST.fullmatch(parts.path) or GITLAB_LIST.fullmatch(parts.path)
        if listing and (unquote(listing[1]), listing[2]) not in (("acme/groups", "12"), ("77", "12")):
            return 404, {"message": "Not Found"}
        gitlab = "/projects/" in parts.path
        if listing and method == "GET":
            shown = [None if note.hidden else self._json(note, gitlab) for note in self.notes]
            return self._paged(self.notes, shown, parts.path, query)
        if listing and method == "POST":
            note = self.add(body["body"])
            return 201, self._json(note, gitlab)
        single = GITLAB_ONE.fullmatch(parts.path) if gitlab else GITHUB_ONE.fullmatch(parts.path)
        note = next(
            (each for each in self.notes if single and each.id == int(single[single.re.groups])), None
        )
        if note is None:
            return 404, {"message": "Not Found"}
        if method == "DELETE":
            self.notes.remove(note)
            return 204, None
        note.body = body["body"]
        return 200, self._json(note, gitlab)

    def _issues(
        self,
        method: str,
        path: str,
        gitlab: bool,
        number: str | None,
        query: dict[str, list[str]],
        body: Any,
    ) -> tuple[int, Any] | tuple[int, Any, dict[str, str]]:
        """Issues, each with the keys of both hosts."""
        if method == "GET":
            newest = [ticket for ticket in self.tickets[::-1] if self._wanted(ticket, query)]
            shown = [None if ticket.get("hidden") else ticket for ticket in newest]
            return self._paged(newest, shown, path, query)
        if method == "POST":
            self.open_issue(body["title"], body["description" if gitlab else "body"])
            return 201, self.tickets[-1]
        ticket = next(each for each in self.tickets if each["number"] == int(number or 0))
        text = body["description" if gitlab else "body"]
        ticket.update(title=body["title"], body=text, description=text)
        if gitlab:
            words = {"close": "closed", "reopen": "opened"}
            ticket["state"] = words.get(body.get("state_event"), ticket["state"])
        else:
            ticket["state"] = body["state"]
        return 200, ticket

    def _wanted(self, ticket: dict[str, Any], query: dict[str, list[str]]) -> bool:
        """Whether the ticket's author is the one that is asked for."""
        user = ticket["user"]
        told = {"creator": user["login"], "author_username": user["login"], "author_id": str(user["id"])}
        return all(query[name][0] == value for name, value in told.items() if name in query)

    def open_issue(self, title: str, body: str, *, mine: bool = True, state: str = "", **more: Any) -> None:
        user = {"id": self.me if mine else OTHER, "login": self.login if mine else "mallory"}
        number = len(self.tickets) + 1
        self.tickets.append(
            {
                "number": number,
                "iid": number,
                "title": title,
                "body": body,
                "description": body,
                "state": state or self.opened,
                "user": user,
                "author": {**user, "username": user["login"]},
                "html_url": f"https://github.example/acme/groups/issues/{number}",
                "web_url": f"https://gitlab.example/acme/groups/-/issues/{number}",
                **more,
            }
        )

    def _json(self, note: Note, gitlab: bool) -> dict[str, Any]:
        if gitlab:
            author = {"id": note.author, "username": note.login}
            return {"id": note.id, "body": note.body, "author": author, "system": note.system}
        return {
            "id": note.id,
            "body": note.body,
            "user": {"id": note.author, "login": note.login, "type": "Bot"},
            "html_url": f"https://github.example/acme/groups/pull/12#issuecomment-{note.id}",
        }
