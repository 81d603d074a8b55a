"""Where calls may go, and through what: the base URL, the addresses of icons, proxies and the CA bundle.

requests knows best what the variables for proxies mean, so it is asked, and imported, where there are any.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from reconciler.errors import NotSent, ReconcilerError

_VARIABLE = "RECONCILER_BASE_URL"
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PROXY_KINDS = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})
_PROXY_HINT = (
    "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, what is special in either as %XX; "
    "NO_PROXY says what is reached without one"
)
_WITH_SETTINGS = ("darwin", "win32")
_EMBEDDING = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address that a gateway may connect to (NAT64, compatible)."""


def checked_base(url: str) -> tuple[str, bool]:
    """The origin without a trailing slash, and whether it is on loopback.

    https only, or http on loopback; a host and perhaps a port, nothing else. Raises `ReconcilerError`,
    which does not quote the URL: somebody may have written a password into it.
    """
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        raise ReconcilerError(f"{_VARIABLE} holds characters that no URL may have", _example())
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        raise ReconcilerError(f"{_VARIABLE} is no URL", _example()) from None
    if not host or parts.scheme not in {"http", "https"}:
        raise ReconcilerError(f"{_VARIABLE} is no http or https URL", _example())
    if "@" in parts.netloc:
        raise ReconcilerError(
            f"{_VARIABLE} holds a user name or password",
            "put them into RECONCILER_USERNAME and RECONCILER_TOKEN",
        )
    if parts.path not in {"", "/"} or "?" in url or "#" in url:
        raise ReconcilerError(f"{_VARIABLE} holds more than a host and a port", _example())
    loopback = is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise ReconcilerError(
            f"{_VARIABLE} is http, which would send the credentials in the clear", "write https://"
        )
    return f"{parts.scheme}://{parts.netloc}", loopback


def _example() -> str:
    return "write it as https://api-messaging.wavy.global"


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


def environment(url: str) -> tuple[dict[str, str], str | None]:
    """The proxies for `url` and the path of the CA bundle, as requests would find them in the environment;
    `SSL_CERT_FILE` counts too, after requests' own two variables. No path where none of them names one.
    Raises `ReconcilerError` for a bundle that is not there."""
    proxies = {} if bypasses_proxies(url) else all_proxies()
    bundle = next(filter(None, map(os.environ.get, _BUNDLES)), None)
    if bundle is not None and not os.path.exists(bundle):
        raise ReconcilerError(
            "the CA bundle named in the environment does not exist",
            "check REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and SSL_CERT_FILE",
        )
    return proxies, bundle


def all_proxies() -> dict[str, str]:
    """The proxies that the environment names, by the scheme of what goes through them; on systems that have
    settings for that, those as well."""
    if sys.platform not in _WITH_SETTINGS and not any(name.lower().endswith("_proxy") for name in os.environ):
        return {}  # and `urllib.request`, which would say so, is not imported
    from urllib.request import getproxies

    return {scheme: proxy for scheme, proxy in getproxies().items() if scheme != "no"}


def bypasses_proxies(url: str) -> bool:
    """Whether `NO_PROXY`, read as requests reads it, excepts `url`; true where there is no proxy at all."""
    if not all_proxies():
        return True
    from requests.utils import should_bypass_proxies

    return should_bypass_proxies(url, None)


def proxy_for(url: str, proxies: Mapping[str, str]) -> str | None:
    """The URL of the one of `proxies` that is meant for `url`, as requests would choose it. Raises `NotSent`
    for one that cannot be used, naming the variable that it is from, and nothing of what stands there."""
    if not proxies:
        return None
    from requests.utils import prepend_scheme_if_needed, select_proxy

    found = select_proxy(url, dict(proxies))
    if not found:
        return None
    why = _unusable(found)
    if why is not None:
        raise NotSent(f"{_proxy_variable(url, found)} {why}", _PROXY_HINT, code="proxy")
    return str(prepend_scheme_if_needed(found, "http"))  # type: ignore[no-untyped-call]


@lru_cache(maxsize=8)
def _unusable(proxy: str) -> str | None:
    """Why there can be no proxy of this address; None where there can."""
    from importlib.util import find_spec

    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url

    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        port = parts.port
        parse_url(proxy)
    except (ValueError, LocationParseError):
        return "is no address of a proxy"
    if not parts.hostname or not proxy.isprintable() or " " in proxy:
        return "names no proxy's host"
    if port == 0:
        return "names no port that a proxy could have"
    if parts.scheme.startswith("socks") and parts.scheme in _PROXY_KINDS and find_spec("socks") is None:
        return "names a SOCKS proxy, which needs another package: pip install 'requests[socks]'"
    return None if parts.scheme in _PROXY_KINDS else "names a kind of proxy that cannot be used"


def _proxy_variable(url: str, proxy: str) -> str:
    """The variable that a proxy was taken from."""
    scheme = f"{urlsplit(url).scheme}_proxy"
    names = [name for each in (scheme, "all_proxy") for name in (each, each.upper())]
    return next((name for name in names if os.environ.get(name) == proxy), "the system's setting")


def tls_context(bundle: str | None) -> ssl.SSLContext:
    """A client's TLS context that trusts what is in `bundle`, a file or a folder of certificates; without one
    what certifi trusts."""
    if bundle is None:
        import certifi

        bundle = certifi.where()
    try:
        if os.path.isdir(bundle):
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError:
        raise ReconcilerError(
            "the CA bundle named in the environment cannot be read",
            "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE must name a file of PEM certificates",
        ) from None
