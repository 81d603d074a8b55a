"""Where calls may go: the addresses of services and code hosts, and of what others may have named."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from reconciler.errors import ReconcilerError

_VARIABLE = "RECONCILER_BASE_URL"
_EXAMPLE = "write it as https://api-messaging.wavy.global"
_EMBEDDING = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address that a gateway may connect to (NAT64, compatible)."""


def checked_base(url: str) -> tuple[str, bool]:
    """The origin without a trailing slash, and whether it is on loopback.

    https only, or http on loopback; a host and perhaps a port, nothing else. Raises `ReconcilerError`,
    which does not quote the URL: somebody may have written a password into it.
    """
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        raise ReconcilerError(f"{_VARIABLE} holds characters that no URL may have", _EXAMPLE)
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        raise ReconcilerError(f"{_VARIABLE} is no URL", _EXAMPLE) from None
    if not host or parts.scheme not in {"http", "https"}:
        raise ReconcilerError(f"{_VARIABLE} is no http or https URL", _EXAMPLE)
    if "@" in parts.netloc:
        raise ReconcilerError(
            f"{_VARIABLE} holds a user name or password",
            "put them into RECONCILER_USERNAME and RECONCILER_TOKEN",
        )
    if parts.path not in {"", "/"} or "?" in url or "#" in url:
        raise ReconcilerError(f"{_VARIABLE} holds more than a host and a port", _EXAMPLE)
    loopback = is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise ReconcilerError(
            f"{_VARIABLE} is http, which would send the credentials in the clear", "write https://"
        )
    return f"{parts.scheme}://{parts.netloc}", loopback


def is_loopback(host: str) -> bool:
    """Whether a URL's host, without brackets, is this machine: an address of loopback, or `localhost`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


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
