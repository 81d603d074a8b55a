"""Keep webhook bodies for `reconciler inbound`: `WEBHOOK_PATH=/hook/SECRET python docs/webhook.py`.

Listens on 127.0.0.1:8081, behind whatever ends TLS. Each body becomes a line of inbox.jsonl in this folder,
under the lock that `flock inbox.lock …` takes. It answers at once and understands nothing: see webhook.md.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOST = 8 * 1024 * 1024
SIGNATURE = "X-Webhook-Hmac"


class Server(ThreadingHTTPServer):
    """Keeps what is posted to `path`, in `folder`; everything else is 404."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], path: str, folder: str = ".") -> None:
        self.path = path
        self.folder = folder
        super().__init__(address, Handler)

    def keep(self, body: bytes, signature: str | None = None) -> None:
        """One line, durable when this returns. A line break can only stand between JSON's values; a body that
        is signed is kept to the letter, beside its signature."""
        line = b" ".join(body.splitlines()) + b"\n"
        if signature is not None:
            kept = {"headers": {SIGNATURE: signature}, "body": body.decode(errors="replace")}
            line = json.dumps(kept).encode() + b"\n"
        with open(os.path.join(self.folder, "inbox.lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with open(os.open(os.path.join(self.folder, "inbox.jsonl"), flags, 0o600), "ab") as inbox:
                inbox.write(line)
                inbox.flush()
                os.fsync(inbox.fileno())


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 10  # seconds for a whole request

    def do_POST(self) -> None:
        """Keep a body, and say 200."""
        length = self.headers.get("Content-Length", "")
        if not hmac.compare_digest(self.path.encode(), self.server.path.encode()):
            self._answer(404)
        elif not (length.isascii() and length.isdecimal()):
            self._answer(411)
        elif len(length) > 9 or int(length) > MOST:
            self._answer(413)
        elif len(body := self.rfile.read(int(length))) < int(length):
            self._answer(400)
        else:
            self.server.keep(body, self.headers.get(SIGNATURE))
            self._answer(200)

    def _answer(self, status: int) -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the path is a secret."""


if __name__ == "__main__":
    secret = os.environ.get("WEBHOOK_PATH", "")
    if len(secret) < 20 or not secret.startswith("/"):
        raise SystemExit("set WEBHOOK_PATH to a path that nobody guesses: /hook/ and 20 letters or more")
    os.umask(0o077)
    Server(("127.0.0.1", 8081), secret).serve_forever()
