"""`git http-backend` behind a small HTTP server: repositories as a hosting service has them."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

USER, PASSWORD = "runner", "git-password-that-must-not-leak"


class GitServer:
    """Serves the repositories in `folder` to who has the password; nobody may push if `read_only`."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder, read_only))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def header(self) -> str:
        """What a pipeline's checkout step puts into `http.extraHeader`."""
        return f"Authorization: Basic {_BASIC}"

    def __enter__(self) -> GitServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


_BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _handler(folder: Path, read_only: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers["Content-Length"])))

        def _serve(self, body: bytes) -> None:
            if self.headers.get("Authorization") != f"Basic {_BASIC}":
                self._answer(401, [("WWW-Authenticate", 'Basic realm="git"')], b"who are you?")
                return
            path, _, query = self.path.partition("?")
            if read_only and "git-receive-pack" in self.path:
                self._answer(403, [], b"this token may only read")
                return
            environment = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REMOTE_USER": USER,
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            done = subprocess.run(
                ["git", "http-backend"], env=environment, input=body, capture_output=True, check=False
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
            status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
            self._answer(status, [(name, value) for name, value in fields if name != "Status"], content)

        def _answer(self, status: int, fields: list[tuple[str, str]], content: bytes) -> None:
            self.send_response(status)
            for name, value in (*fields, ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nobody reads it."""

    return Handler
