"""What a sandbox is started with, checked when it is made."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.language import msg

from .faults import Fault

SERVER = "reconciler-sandbox"
"""What every answer says in its header `Server`, so that a client can tell people that this is a sandbox."""

LAG_WINDOW = 60.0
"""Seconds of history that reads can be made to lag behind; also the largest `lag`."""

ENGINES = ("NOWEB", "GOWS", "WEBJS", "WPP")
STATUSES = (
    "WORKING",
    "STOPPED",
    "STARTING",
    "SCAN_QR_CODE",
    "PASSKEY_REQUIRED",
    "PASSKEY_CONFIRMATION_REQUIRED",
    "FAILED",
)
CAPPINGS = ("NONE", "FIRST_WARNING", "SECOND_WARNING", "CAPPED")
INTEGRATIONS = ("WHATSAPP-BAILEYS", "WHATSAPP-BUSINESS", "EVOLUTION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the sandbox behaves. Times are in seconds. Raises ValueError for a value that makes no sense."""

    database: str
    """Path of the SQLite file, or ``:memory:``."""
    account: str = "5519911112222"
    """The business's own number, digits only."""
    port: int = 0
    """Port of the API and the pages; 0 takes any."""
    username: str | None = None
    """When given, the only user name accepted; else any that is not empty."""
    token: str | None = None
    """When given, the only token accepted; else any that is not empty."""
    latency: float = 0.0
    """Added to every answer of the API."""
    lag: float = 0.0
    """By how much lists and reads (info, icon, invite) lag behind writes."""
    reencode: bool = False
    """Store a re-encoded 640×640 JPEG instead of the picture that was sent."""
    change_byte: bool = False
    """Store the picture with one byte more: other bytes, same picture."""
    signed_urls: bool = True
    """Icon URLs carry a signed query, another one on every GET, and the CDN asks for it."""
    rate: float | None = None
    """Requests a second that are let through; None is no limit."""
    rate_status: int = 429
    """Status of a request above the rate."""
    retry_after: float | None = None
    """Sent as ``Retry-After`` with it, rounded up to whole seconds."""
    subject_limit: int = 25
    """Longest subject, in code points."""
    engine: str = "NOWEB"
    """WAHA's engine: NOWEB, GOWS, WEBJS or WPP."""
    session_status: str = "WORKING"
    """Of WAHA's session, such as ``SCAN_QR_CODE``; Evolution's instance is open, connecting or closed by
    it."""
    noweb_store: bool = True
    """Whether WAHA's NOWEB keeps a store: without it every look-up of a person is refused."""
    capping: str = "NONE"
    """WAHA's quota of new chats: NONE, FIRST_WARNING, SECOND_WARNING or CAPPED."""
    timelock: float | None = None
    """Unix time until which WhatsApp has locked the account, as WAHA tells it."""
    webhook_key: str = "sandbox"
    """The key that WAHA's webhook events are signed with."""
    integration: str = "WHATSAPP-BAILEYS"
    """Of Evolution's instance: another than this one has no groups."""
    short_owner: bool = False
    """Whether Evolution tells the own account without its ninth digit."""
    picture_latency: float = 0.0
    """How long Evolution takes to look up a picture, which it does for each group it shows."""
    id_style: str = "classic"
    """``classic`` ids are ``<account>-<unix time>``, ``opaque`` ones ``120363…`` (18 digits)."""
    empty_answers: str = "mixed"
    """What writes answer: ``null``, ``object`` ({}), or both in turn (``mixed``). WAHA.s answer nothing,
    ``true``, or both in turn, and its codes are bare text, a JSON string, or both in turn."""
    faults: tuple[Fault, ...] = ()
    """Faults in force from the start."""
    webhook: str | None = None
    """Loopback URL to which incoming messages (MO) are posted."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{5,20}", self.account):
            raise ValueError(msg("account: digits only, 5 to 20 of them, such as 5519911112222"))
        if not 0 <= self.port <= 65535:
            raise ValueError(msg("port: 0 (any) to 65535"))
        for name in ("latency", "lag", "picture_latency"):
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and 0 <= seconds <= LAG_WINDOW):
                raise ValueError(msg("{option}: seconds from 0 to {most:g}", option=name, most=LAG_WINDOW))
        if self.rate is not None and not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(msg("rate: requests a second, more than 0"))
        if self.retry_after is not None and not (math.isfinite(self.retry_after) and self.retry_after >= 0):
            raise ValueError(msg("retry_after: seconds, 0 or more"))
        if not 400 <= self.rate_status <= 599:
            raise ValueError(msg("rate_status: a status from 400 to 599, such as 429 or 420"))
        if self.subject_limit < 1:
            raise ValueError(msg("subject_limit: 1 or more"))
        if self.id_style not in ("classic", "opaque"):
            raise ValueError(msg("id_style: classic or opaque"))
        if self.empty_answers not in ("null", "object", "mixed"):
            raise ValueError(msg("empty_answers: null, object or mixed"))
        choices = {"engine": ENGINES, "session_status": STATUSES}
        choices |= {"capping": CAPPINGS, "integration": INTEGRATIONS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(msg("{option}: one of {known}", option=name, known=", ".join(known)))
        if not self.webhook_key:
            raise ValueError(msg("webhook_key: text, not empty"))
        if self.webhook is not None:
            _check_loopback(self.webhook)


def _check_loopback(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError(msg("webhook: a URL on this machine, such as http://127.0.0.1:8080/mo"))
