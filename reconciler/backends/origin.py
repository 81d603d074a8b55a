"""Where calls may go: the addresses of services and code hosts, and of what others may have named."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from reconciler.errors import NotSent, ReconcilerError
from reconciler.language import msg

_VARIABLE = "RECONCILER_BASE_URL"
_EXAMPLE = msg("write it as https://api-messaging.wavy.global")
_GATEWAY_EXAMPLE = msg("write it as http://localhost:3000 or https://gateway.example.com/waha")
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_EMBEDDING = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address that a gateway may connect to (NAT64, compatible)."""


@dataclass(frozen=True, slots=True)
class Base:
    """A service's address, without a trailing slash. `loopback`: it is on this machine; `private`: it is http
    elsewhere, so that its host may have no other addresses than those of a private network."""

    url: str
    loopback: bool = False
    private: bool = False

    @property
    def path(self) -> str:
        """What stands before the path of every call."""
        return urlsplit(self.url).path

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self.url.removesuffix(self.path)

    @property
    def is_local_http(self) -> bool:
        """Whether it is what a sandbox's address looks like."""
        return self.loopback and self.url.startswith("http:")

    def private_address(self) -> str:
        """Resolve the host. Raises `NotSent` where it cannot be, and `ReconcilerError` unless all of its
        addresses are private or loopback."""
        parts = urlsplit(self.url)
        try:
            found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotSent(
                msg("the host's name could not be resolved"),
                msg("check {setting}, and whether its host can be reached from here", setting=_VARIABLE),
                code="dns",
                retry=True,
            ) from None
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)  # IPv4 first, as it works more often
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(map(is_private, addresses)):
            raise ReconcilerError(
                msg(
                    "{variable} is http, and its host has an address outside of private networks",
                    variable=_VARIABLE,
                ),
                msg("write https://; RECONCILER_ALLOW_HTTP=1 is for a gateway in a private network"),
            )
        return addresses[0]


def checked_base(url: str, *, gateway: bool = False, private: bool = False) -> Base:
    """The address that calls go to.

    https, or http on loopback and, with `private`, to a gateway in a private network; a host and perhaps a
    port, of a `gateway` perhaps a path. Raises `ReconcilerError`, which does not quote the URL: somebody may
    have written a password into it.
    """
    example = _GATEWAY_EXAMPLE if gateway else _EXAMPLE
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        raise ReconcilerError(
            msg("{variable} holds characters that no URL may have", variable=_VARIABLE), example
        )
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        raise ReconcilerError(msg("{variable} is no URL", variable=_VARIABLE), example) from None
    if not host or parts.scheme not in {"http", "https"}:
        raise ReconcilerError(msg("{variable} is no http or https URL", variable=_VARIABLE), example)
    if "@" in parts.netloc:
        raise ReconcilerError(
            msg("{variable} holds a user name or password", variable=_VARIABLE),
            msg("put them into RECONCILER_USERNAME and RECONCILER_TOKEN"),
        )
    path = parts.path.removesuffix("/")
    if (path and not gateway) or "?" in url or "#" in url:
        raise ReconcilerError(
            msg("{variable} holds more than a host, a port and a path", variable=_VARIABLE)
            if gateway
            else msg("{variable} holds more than a host and a port", variable=_VARIABLE),
            example,
        )
    if _PATH.fullmatch(path) is None:
        raise ReconcilerError(msg("{variable} has a path that cannot be one", variable=_VARIABLE), example)
    loopback = is_loopback(host)
    private = private and gateway and parts.scheme == "http" and not loopback
    if parts.scheme == "http" and not loopback and not private:
        raise ReconcilerError(
            msg("{variable} is http, which would send the credentials in the clear", variable=_VARIABLE),
            msg("write https://, or set RECONCILER_ALLOW_HTTP=1 where the gateway is in a private network")
            if gateway
            else msg("write https://"),
        )
    return Base(f"{parts.scheme}://{parts.netloc}{path}", loopback, private)


def is_loopback(host: str) -> bool:
    """Whether a URL's host, without brackets, is this machine: an address of loopback, or `localhost`."""
    if host == "localhost":
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    # `::ffff:127.0.0.1` is no way to write it: Python 3.13 would take it for loopback, older ones would not
    return found.is_loopback and not (isinstance(found, IPv6Address) and found.ipv4_mapped)


def is_private(address: str) -> bool:
    """Whether an address is one of loopback or of a private network (RFC 1918, RFC 4193)."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_loopback or any(found in network for network in _PRIVATE)


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet: not private, link-local, loopback, reserved or
    multicast, nor an IPv6 form that leads to such an IPv4 address."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is None and any(found in network for network in _EMBEDDING):
            inner = IPv4Address(found.packed[-4:])
        if inner is not None and not is_public(str(inner)):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)
