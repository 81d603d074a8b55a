"""What was asked of the sandbox: the API's calls and the icons' downloads, in order, for tests to look at."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

_KEPT = 100_000  # entries; a sandbox that runs for weeks must not eat the memory


@dataclass(slots=True)
class Call:
    """One call of the API. Times are Unix seconds."""

    n: int
    """Number since the sandbox started, from 1; downloads count along."""
    method: str
    path: str
    """After ``/v1/whatsapp`` or ``/v1``; gateways' calls have their whole path."""
    dialect: str
    """``sinch``, ``onprem``, ``waha`` or ``evolution``."""
    write: bool
    """Whether the method is one that writes (anything but GET)."""
    started: float
    finished: float | None = None
    status: int | None = None
    """What the client could see; None where no status line was sent."""
    outcome: str = "pending"
    """``answered``, ``refused`` (credentials), ``rate``, or the action of the fault that struck."""
    changed: bool = False
    """Whether the data was changed."""
    summary: dict[str, Any] = field(default_factory=dict)
    """The heart of the body: subject, waIds, icon or send."""


@dataclass(frozen=True, slots=True)
class Download:
    """One request to the CDN."""

    n: int
    method: str
    path: str
    status: int | None
    credentials: bool
    """Whether a header came along that may only go to the API."""
    started: float


class CallLog:
    """Calls and downloads since the start or the last `clear`. Used from the server's own thread only."""

    def __init__(self) -> None:
        self._n = 0
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._downloads: deque[Download] = deque(maxlen=_KEPT)

    def begin(self, method: str, path: str, dialect: str) -> Call:
        """Note a call that has arrived; the caller fills in what becomes of it."""
        self._n += 1
        call = Call(self._n, method, path, dialect, method not in ("GET", "HEAD", "OPTIONS"), time.time())
        self._calls.append(call)
        return call

    def download(self, method: str, path: str, status: int | None, credentials: bool) -> None:
        """Note a request to the CDN."""
        self._n += 1
        self._downloads.append(Download(self._n, method, path, status, credentials, time.time()))

    def clear(self) -> None:
        """Forget everything so far; numbers go on."""
        self._calls.clear()
        self._downloads.clear()

    def as_json(self) -> dict[str, Any]:
        """``{"calls": [...], "cdn": [...]}``, oldest first."""
        return {
            "calls": [asdict(call) for call in self._calls],
            "cdn": [asdict(seen) for seen in self._downloads],
        }
