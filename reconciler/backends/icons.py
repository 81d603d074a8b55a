"""Fetching served icons: from another host, which an outsider may have chosen, so without credentials.

Only https to addresses of the open internet; the address that was checked is the one connected to, so that
a name cannot point elsewhere a moment later. While the API itself is on loopback (the sandbox), loopback is
allowed too, over http as well. Through a proxy the proxy resolves the name; what resolves here is checked
all the same.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.backends import answers
from reconciler.backends.http import Call, Http, Repeat
from reconciler.backends.origin import is_loopback, is_public
from reconciler.errors import NotSent, Unclear

if TYPE_CHECKING:
    from reconciler.backends.faults import Answer
    from reconciler.backends.transport import Transport
    from reconciler.model.live import IconMeta

LIMIT = 10 << 20
"""Bytes of an icon that are read at most; uploads may have 5 MB, and the server may re-encode."""

_FETCH = Call("GET", "icon", Repeat.ALWAYS)


class IconFetcher:
    """Fetches icons through a transport of their own. `loopback`: whether the API is there."""

    def __init__(self, http: Http, transport: Transport, *, loopback: bool) -> None:
        self._http = http
        self._transport = transport
        self._loopback = loopback

    def fetch(self, icon: IconMeta) -> bytes:
        """The bytes that are served. Raises `Unclear` (`unsafe_link`) without connecting for a link that
        must not be followed, `Refused` for a 4xx."""
        return self._http.call(_FETCH, lambda: self._send(icon.url), answers.picture)

    def _send(self, url: str) -> Answer:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise _unsafe("is no URL") from None
        if not host or "@" in parts.netloc or "\\" in url:
            raise _unsafe("is no plain URL")
        if parts.scheme != "https" and not (parts.scheme == "http" and self._loopback):
            raise _unsafe("is not https")
        url = parts._replace(fragment="").geturl()
        try:
            addresses = self._addresses(host, port or (443 if parts.scheme == "https" else 80), parts.scheme)
        except NotSent:
            if not self._transport.is_proxied(url):
                raise
            addresses = []
        if not (addresses and is_loopback(addresses[0])) and self._transport.is_proxied(url):
            if parts.scheme != "https":
                raise _unsafe("is not https")
            return self._transport.exchange("GET", url, limit=LIMIT)
        last = NotSent("the icon's host has no address", code="dns", retry=True)
        for address in addresses:
            try:
                return self._transport.exchange("GET", url, limit=LIMIT, host=parts.netloc, address=address)
            except NotSent as error:
                last = error
        raise last

    def _addresses(self, host: str, port: int, scheme: str) -> list[str]:
        """Where the host is, all of it fit to be connected to; IPv4 first, as it is there more often."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotSent("the icon's host could not be resolved", code="dns", retry=True) from None
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if self._loopback and is_loopback(address.partition("%")[0]):
                continue
            if scheme != "https":
                raise _unsafe("is not https")
            if not is_public(address):
                raise _unsafe("leads to an address that is not on the open internet")
        return addresses


def _unsafe(why: str) -> Unclear:
    return Unclear(
        f"the icon's link {why}, and is not followed",
        "look at the group's icon in WhatsApp",
        code="unsafe_link",
    )
