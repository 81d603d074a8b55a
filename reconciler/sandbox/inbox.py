"""Incoming messages (MO) as the service reports them: the body, and its delivery to a local webhook."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
import uuid
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT = 5.0
_KEPT = 10_000


@dataclass(slots=True)
class Delivery:
    """One MO body and what became of it: the webhook's `status`, or `error`; both None while it waits."""

    body: dict[str, Any]
    status: int | None = None
    error: str | None = None


def mo_body(sender: str, account: str, text: str, group_id: str | None) -> dict[str, Any]:
    """An MO with one text message (API facts, webhook); without `group_id` it is a direct one."""
    now = time.time()
    message = {"type": "TEXT", "messageText": text}
    if group_id is not None:
        message["waGroupId"] = group_id
    record = {
        "id": str(uuid.uuid4()),
        "source": sender,
        "origin": sender,
        "destination": account,
        "receivedAt": int(now * 1000),
        "receivedDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "userProfile": {"name": sender},
        "message": message,
    }
    return {"total": 1, "data": [record]}


class Inbox:
    """Keeps every MO body and posts it to the webhook, if there is one, in order and without a second try."""

    def __init__(self, webhook: str | None) -> None:
        self._deliveries: deque[Delivery] = deque(maxlen=_KEPT)
        self._queue: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._webhook = webhook
        self._thread: threading.Thread | None = None
        if webhook is not None:
            self._thread = threading.Thread(
                target=self._post_all, args=(webhook,), name="sandbox-webhook", daemon=True
            )
            self._thread.start()

    def receive(self, sender: str, account: str, text: str, group_id: str | None) -> None:
        """Take a message that a person wrote."""
        delivery = Delivery(mo_body(sender, account, text, group_id))
        self._deliveries.append(delivery)
        if self._thread is not None:
            self._queue.put(delivery)

    def as_json(self) -> list[dict[str, Any]]:
        """Every delivery, oldest first."""
        return [asdict(delivery) for delivery in self._deliveries]

    def close(self) -> None:
        """Stop posting; what is under way may take its timeout."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_TIMEOUT + 1)

    def _post_all(self, webhook: str) -> None:
        parts = urlsplit(webhook)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        while (delivery := self._queue.get()) is not None:
            connection = http.client.HTTPConnection(
                parts.hostname or "127.0.0.1", parts.port or 80, timeout=_TIMEOUT
            )
            try:
                body = json.dumps(delivery.body, ensure_ascii=False).encode()
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                delivery.status = connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                delivery.error = f"{type(error).__name__}: {error}"[:200]
            finally:
                connection.close()
