"""What the environment says of the way out: proxies and certificates, looked up once, by one rule for all.

requests knows best what the variables for proxies mean, so it is asked. A proxy is only ever asked to pass
TLS on, because what goes over http would hand it the credentials in the clear. Loopback is never proxied: a
proxy would look for it on its own machine.
"""

from __future__ import annotations

import os
import ssl
from functools import cached_property
from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import getproxies

from certifi import where
from requests.utils import prepend_scheme_if_needed, select_proxy, should_bypass_proxies
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from reconciler.backends.origin import is_loopback
from reconciler.errors import NotSent, ReconcilerError
from reconciler.language import msg

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PROXY_KINDS = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})
_PROXY_HINT = msg(
    "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, what is "
    "special in either as %XX; NO_PROXY says what is reached without one"
)


class Network:
    """Proxies and certificates as the environment has them at this moment. Raises `ReconcilerError` for a CA
    bundle that is not there."""

    def __init__(self) -> None:
        self._proxies = {scheme: proxy for scheme, proxy in getproxies().items() if scheme != "no"}
        self._found: dict[tuple[str, str], str | None] = {}
        self._bundle = next(filter(None, map(os.environ.get, _BUNDLES)), None)
        if self._bundle is not None and not os.path.exists(self._bundle):
            raise ReconcilerError(
                msg("the CA bundle named in the environment does not exist"),
                msg("check REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and SSL_CERT_FILE"),
            )

    def proxy_for(self, url: str) -> str | None:
        """The URL of the proxy that is meant for `url`; None where it is reached without one. Raises
        `NotSent` for one that cannot be used, naming the variable that it is from, and nothing of what
        stands there."""
        if not self._proxies:
            return None
        parts = urlsplit(url)
        if parts.scheme != "https" or is_loopback(parts.hostname or ""):
            return None
        key = parts.scheme, parts.netloc
        if key not in self._found:
            self._found[key] = self._look_up(url)
        return self._found[key]

    def _look_up(self, url: str) -> str | None:
        found = None if should_bypass_proxies(url, None) else select_proxy(url, self._proxies)
        if not found:
            return None
        why = _unusable(found)
        if why is not None:
            raise NotSent(why, _PROXY_HINT, code="proxy")
        # A bare host:port would be taken for a scheme and what follows it.
        whole = found if "://" in found else f"http://{found}"
        return str(prepend_scheme_if_needed(whole, "http"))  # type: ignore[no-untyped-call]

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """A client's TLS context that trusts what is in the bundle, a file or a folder of certificates;
        without one what certifi trusts. To load it takes 20 ms. Raises `ReconcilerError` for no bundle."""
        bundle = self._bundle or where()
        try:
            if os.path.isdir(bundle):
                return ssl.create_default_context(capath=bundle)
            return ssl.create_default_context(cafile=bundle)
        except OSError:
            raise ReconcilerError(
                msg("the CA bundle named in the environment cannot be read"),
                msg(
                    "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE must name a file of PEM certificates"
                ),
            ) from None


def _unusable(proxy: str) -> str | None:
    """Say why there can be no proxy at this address; None where there can."""
    setting = _variable_of(proxy)
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        port = parts.port
        parse_url(proxy)
    except (ValueError, LocationParseError):
        return msg("{setting} is no address of a proxy", setting=setting)
    if not parts.hostname or not proxy.isprintable() or " " in proxy:
        return msg("{setting} names no proxy's host", setting=setting)
    if port == 0:
        return msg("{setting} names no port that a proxy could have", setting=setting)
    if parts.scheme.startswith("socks") and parts.scheme in _PROXY_KINDS and find_spec("socks") is None:
        return msg(
            "{setting} names a SOCKS proxy, which needs another package: pip install 'requests[socks]'",
            setting=setting,
        )
    if parts.scheme in _PROXY_KINDS:
        return None
    return msg("{setting} names a kind of proxy that cannot be used", setting=setting)


def _variable_of(proxy: str) -> str:
    """The variable that a proxy for https was taken from."""
    names = [name for each in ("https_proxy", "all_proxy") for name in (each, each.upper())]
    return next((name for name in names if os.environ.get(name) == proxy), msg("the system's setting"))
