"""Fetching served icons: from another host, which an outsider may have chosen, so without credentials.

Only https to addresses of the open internet; the address that was checked is the one connected to, so that
a name cannot point elsewhere a moment later. While the API itself is on loopback (the sandbox), loopback is
allowed too, over http as well. Through a proxy the proxy resolves the name; what resolves here is checked
all the same.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.backends import faults
from reconciler.backends.calls import Answer, Call, Repeat
from reconciler.backends.client import HttpClient, Limits, Origin, Request
from reconciler.backends.origin import is_loopback, is_public
from reconciler.errors import NotSent, Refused, Unclear
from reconciler.language import msg

if TYPE_CHECKING:
    from reconciler.backends.network import Network
    from reconciler.model.live import IconMeta
    from reconciler.ports import Clock

LIMIT = 10 << 20
"""Bytes of an icon that are read at most; uploads may have 5 MB, and the server may re-encode."""

_ADDRESS = re.compile(r"https?://[!-~]{1,4096}", re.IGNORECASE)
_NOT_HTTPS = msg("the icon's link is not https, and is not followed")
_FETCH = Call("GET", "icon", Repeat.ALWAYS)


def is_address(text: str) -> bool:
    """Whether this may be where an icon is served."""
    return _ADDRESS.fullmatch(text) is not None


def icon_client(limits: Limits, network: Network, clock: Clock) -> HttpClient:
    """A client without credentials, whose waiting concerns nobody else."""
    return HttpClient(Origin("", {"Accept": "image/*"}, timeout="api.timeout"), limits, network, clock)


class IconFetcher:
    """Fetches icons. `loopback`: whether the API is there. With a `domain` links elsewhere are not followed,
    but for those to `own`, an origin that may be in a private network, at `address` if that is given."""

    def __init__(
        self,
        client: HttpClient,
        *,
        loopback: bool,
        domain: str = "",
        own: str = "",
        address: str | None = None,
    ) -> None:
        self._client = client
        self._loopback = loopback
        self._domain = domain
        self._own = own
        self._address = address

    def fetch(self, icon: IconMeta) -> bytes:
        """The bytes that are served. Raises `Unclear` (`unsafe_link`) without connecting for a link that
        must not be followed, `Refused` for a 4xx."""
        return self._client.calls.run(_FETCH, lambda: self._send(icon.url), picture)

    def close(self) -> None:
        self._client.close()

    def _send(self, url: str) -> Answer:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise _unsafe(msg("the icon's link is no URL, and is not followed")) from None
        if not host or "@" in parts.netloc or "\\" in url:
            raise _unsafe(msg("the icon's link is no plain URL, and is not followed"))
        if self._own and f"{parts.scheme}://{parts.netloc}" == self._own:
            if self._address is not None:
                own = parts._replace(fragment="").geturl()
                return self._client.exchange(Request("GET", own, LIMIT, address=self._address))
        elif self._domain and (parts.scheme != "https" or not host.endswith(self._domain)):
            raise _unsafe(
                msg("the icon's link is none of https://*{domain}, and is not followed", domain=self._domain)
            )
        if parts.scheme != "https" and not (parts.scheme == "http" and self._loopback):
            raise _unsafe(_NOT_HTTPS)
        url = parts._replace(fragment="").geturl()
        try:
            addresses = self._addresses(host, port or (443 if parts.scheme == "https" else 80), parts.scheme)
        except NotSent:
            if not self._client.is_proxied(url):
                raise
            addresses = []
        if not (addresses and is_loopback(addresses[0])) and self._client.is_proxied(url):
            if parts.scheme != "https":
                raise _unsafe(_NOT_HTTPS)
            return self._client.exchange(Request("GET", url, LIMIT))
        last = NotSent(msg("the icon's host has no address"), code="dns", retry=True)
        for address in addresses:
            try:
                return self._client.exchange(Request("GET", url, LIMIT, address=address))
            except NotSent as error:
                last = error
        raise last

    def _addresses(self, host: str, port: int, scheme: str) -> list[str]:
        """Return the addresses of the host, all fit to be connected to; IPv4 first, as it works more
        often."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotSent(msg("the icon's host could not be resolved"), code="dns", retry=True) from None
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if self._loopback and is_loopback(address.partition("%")[0]):
                continue
            if scheme != "https":
                raise _unsafe(_NOT_HTTPS)
            if not is_public(address):
                raise _unsafe(
                    msg(
                        "the icon's link leads to an address that is not on the open internet, "
                        "and is not followed"
                    )
                )
        return addresses


def _unsafe(why: str) -> Unclear:
    return Unclear(why, msg("look at the group's icon in WhatsApp"), code="unsafe_link")


def picture(answer: Answer) -> bytes:
    """The bytes of a served icon. The CDN's errors say nothing about the group or the credentials."""
    status, code = answer.status, answer.code
    match status:
        case 200 if answer.body:
            return answer.body
        case 200:
            raise Unclear(
                msg("the icon was served without a byte"), status=200, code="bad_answer", retry=True
            )
        case 420 | 429:
            raise faults.rate_limited(answer, msg("the icon's server refuses for now"))
        case _ if 400 <= status < 500:
            raise Refused(msg("the icon is not served where the API says it is"), status=status, code=code)
        case _ if 300 <= status < 400:
            raise faults.redirect(answer)
        case _:
            raise Unclear(
                msg("the icon's server failed"),
                status=status,
                code=code,
                retry=status >= 500,
                wait=answer.wait if status >= 500 else None,
            )
