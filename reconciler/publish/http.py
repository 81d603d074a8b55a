"""One code host's API over HTTP: bounded, patient where that is safe, and never redirected.

A request is sent again when it surely was not carried out (no connection, refused for the pace), and after
an unclear answer only where it says what should be. The token goes to one origin, over TLS (or to this
machine); `netrc` and cookies are not used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3 import exceptions as lib3

from reconciler import __version__
from reconciler.backends.connections import Response
from reconciler.backends.faults import safe_words
from reconciler.backends.origin import proxy_for
from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    Unclear,
    UsageError,
)
from reconciler.ports import Clock

TIMEOUT = 30.0  # seconds: to connect, and for the whole answer
MAX_BYTES = 16 * 1024 * 1024
ATTEMPTS = 4
PER_PAGE, PAGES = 100, 100  # of a list; GitHub and GitLab give no more to a page
LONGEST_WAIT = 120.0  # seconds that the host may ask us to wait

_LIBRARY_ERRORS = (requests.RequestException, lib3.HTTPError, HTTPException, OSError, ValueError)
_DIGITS = 9  # of a page's number
_LEAST_SECRET = 4  # characters: to hide what is shorter would tear ordinary words apart


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the JSON of the body (None for none), and of a list the address of its next
    page (`next_url`) or that page's number (`next_page`), "" where it says none."""

    status: int
    data: Any
    next_url: str = ""
    next_page: str = ""


def checked_origin(url: str, what: str) -> str:
    """An API's address without a final slash. Raises `UsageError` unless it is https, or http on loopback,
    and a host with a path and nothing else; `what` says who named it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    good = host and url.isascii() and url.isprintable() and not set(' \\@?#"<>') & set(url)
    if not good or host is None or parts.scheme not in ("https", "http"):
        raise UsageError(f"{what} is no address of an API", "write it as https://api.github.com")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(f"{what} is http, which would send the token in the clear", "write https://")
    return url.rstrip("/")


def _origin(url: str) -> tuple[str, str | None, int | None, str | None]:
    """Scheme, host, port and user of an address. Raises `ValueError` for one that makes no sense."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.username


def _next_number(text: str, page: int) -> int:
    """The page after `page` that a header names."""
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS or int(text) <= page:
        raise Unclear("the API says that its list goes on with a page that makes no sense", code="bad_answer")
    return int(text)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _Bounded(HTTPAdapter):
    """Reads answers as those of the Groups API are read: with one deadline for head and body together, which
    a server that sends a little now and then cannot stretch."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        if isinstance(pool, HTTPConnectionPool | HTTPSConnectionPool) and "ConnectionCls" not in vars(pool):
            made = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": Response})
            pool.ConnectionCls = made
        return pool


class Api:
    """Requests below one address, with the same headers. Close it, or use it in `with`. Raises `NotSent` for
    a proxy that cannot be used."""

    def __init__(self, base: str, headers: Mapping[str, str], clock: Clock) -> None:
        self._base = base
        self._clock = clock
        self._session = requests.Session()
        found = self._session.merge_environment_settings(base, {}, None, None, None)
        self._session.mount("https://", _Bounded())
        self._session.mount("http://", _Bounded())
        self._session.trust_env = False  # from here on: no netrc, whose password would replace the token
        self._proxies, self._verify = found["proxies"], found["verify"]
        proxy_for(base, self._proxies)  # one that cannot be used is said before anything is sent
        self._session.headers.clear()
        self._session.headers.update({"User-Agent": f"group-reconciler/{__version__}", **headers})
        tokens = (
            headers.get(name, "").removeprefix("Bearer ") for name in ("Authorization", "PRIVATE-TOKEN")
        )
        self._secrets = tuple(token for token in tokens if len(token) >= _LEAST_SECRET)

    def close(self) -> None:
        self._session.close()

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """The objects of a list, page by page. Raises `Unclear` for what is no list, or does not end.

        Which page is the next one is what the host says: a page may be short, or empty, and not the last,
        because some hosts leave out what we may not see after they have cut the pages. Where the host says
        nothing, a full page has a next one.
        """
        page, first = 1, {"per_page": PER_PAGE, **query}
        url: str | None = None  # of the next page, where the host says more than its number
        for _ in range(PAGES):
            answer = self.get(path, page=page, **first) if url is None else self._call("GET", url, again=True)
            if not isinstance(answer.data, list):
                raise Unclear("the API's list makes no sense", code="bad_answer")
            yield from (entry for entry in answer.data if isinstance(entry, dict))
            if answer.next_page:
                page, url = _next_number(answer.next_page, page), None
            elif answer.next_url:
                url = self._same_origin(url or f"{self._base}{path}", answer.next_url)
            elif url is None and len(answer.data) >= PER_PAGE:
                page += 1
            else:
                return
        raise Unclear(f"the list has more than {PAGES} pages", code="too_many")

    def _same_origin(self, url: str, following: str) -> str:
        """The next page's address, which has to be where the token goes already."""
        try:
            found = urljoin(url, following)
            same = _origin(found) == _origin(self._base) and found.isascii() and found.isprintable()
        except ValueError:
            same = False
        if not same:
            raise Unclear(
                "the API says that its list goes on at another address, where the token does not go",
                "give --api-url as the code host itself calls it",
                code="bad_answer",
            )
        return found

    def get(self, path: str, **query: str | int) -> Answer:
        """Ask; repeated whatever befell it."""
        return self._call("GET", f"{self._base}{path}", query=query, again=True)

    def put(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Answer:
        """Say what should be (PUT, PATCH, DELETE); repeated like a question."""
        return self._call(method, f"{self._base}{path}", body=body, again=True)

    def post(self, path: str, body: Mapping[str, object]) -> Answer:
        """Make something new: sent again only when it surely made nothing. Raises `Unclear` when nobody
        knows."""
        return self._call("POST", f"{self._base}{path}", body=body, again=False)

    def _call(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
        again: bool,
    ) -> Answer:
        for attempt in range(1, ATTEMPTS + 1):
            pause = 2.0**attempt
            try:
                return self._once(method, url, query, body)
            except RateLimited as error:
                asked = _seconds(error)
                if attempt == ATTEMPTS or (asked or 0) > LONGEST_WAIT:
                    raise
                pause = asked if asked is not None else pause
            except ApiError as error:
                safe = isinstance(error, NotSent) or (again and isinstance(error, Unclear))
                if attempt == ATTEMPTS or not safe or not error.retry:
                    raise
            self._clock.sleep(pause)
        raise AssertionError("unreachable")

    def _once(
        self,
        method: str,
        url: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, object] | None,
    ) -> Answer:
        try:
            response = self._session.request(
                method,
                url,
                params=query,
                json=body,
                timeout=TIMEOUT,
                allow_redirects=False,
                proxies=self._proxies,
                verify=self._verify,
                stream=True,
            )
        except _LIBRARY_ERRORS as error:
            raise _lost(error) from None
        with response:
            try:
                data = self._body(response)
            except _LIBRARY_ERRORS:
                raise Unclear("the answer was cut short", code="truncated", retry=True) from None
            return _judged(response, data, self._secrets)

    def _body(self, response: requests.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise Unclear("the answer is packed, which was not asked for", code="bad_answer")
        end = self._clock.monotonic() + TIMEOUT
        chunks: list[bytes] = []
        size = 0
        while chunk := response.raw.read1(65536):  # what has come, so that a drip cannot outlast the clock
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BYTES:
                raise Unclear(f"the answer is longer than {MAX_BYTES >> 20} MiB", code="too_large")
            if self._clock.monotonic() > end:
                raise Unclear("the answer did not come in time", code="timeout", retry=True)
        return b"".join(chunks)


@contextmanager
def explained(where: str, right: str) -> Iterator[None]:
    """Say what a definite no means here: `where` is what was asked about, `right` what the token needs."""
    try:
        yield
    except NotFound as error:
        raise NotFound(
            f"{where} is not there, or this token may not see it",
            f"{right}; check --repository and --number",
            status=error.status,
            code=error.code,
        ) from None
    except Refused as error:
        if error.status != 403:
            raise
        raise CredentialsError(f"this token may not write to {where}: {error.message}", right) from None


def _judged(response: requests.Response, data: bytes, secrets: tuple[str, ...]) -> Answer:
    """The answer to a request that was carried out; raises what else it may be."""
    status = response.status_code
    try:
        found = json.loads(data) if data.strip() else None
    except (ValueError, RecursionError):
        found = None
        if status < 300:
            raise Unclear("the answer is no JSON", status=status, code="bad_answer") from None
    if status < 300:
        following = response.links.get("next", {}).get("url", "")
        return Answer(status, found, following, response.headers.get("X-Next-Page", "").strip())
    words = found.get("message") or found.get("error") if isinstance(found, dict) else None
    said = f": {safe_words(words, secrets)}" if isinstance(words, str) else ""
    if status < 400:
        raise Refused(
            f"the API answered with a redirect ({status}), which is not followed",
            "was the repository renamed or moved? name it as it is called now",
            status=status,
            code="redirect",
        )
    if status == 401:
        raise CredentialsError(f"the token was refused (HTTP 401){said}", "has it expired, or been revoked?")
    if status == 429 or (status == 403 and _limited(response)):
        raise RateLimited(
            f"too many requests (HTTP {status}){said}",
            _wait(response),
            status=status,
            code="rate",
            retry=True,
        )
    if status in (404, 410):
        raise NotFound(f"HTTP {status}{said}", status=status, code=f"http_{status}")
    if status >= 500:
        raise Unclear(f"HTTP {status}{said}", status=status, code=f"http_{status}", retry=True)
    raise Refused(f"HTTP {status}{said}", status=status, code=f"http_{status}")


def _limited(response: requests.Response) -> bool:
    """GitHub says with 403, too, that one asks too often."""
    return "Retry-After" in response.headers or response.headers.get("X-RateLimit-Remaining") == "0"


def _wait(response: requests.Response) -> str:
    """How long to wait, in words that `_seconds` reads again."""
    asked = response.headers.get("Retry-After", "")
    return f"try again in {int(asked)} s" if asked.isdigit() and len(asked) < 6 else "try again later"


def _seconds(error: RateLimited) -> float | None:
    word = error.hint.removeprefix("try again in ").removesuffix(" s")
    return float(word) if word.isdigit() else None


def _lost(error: Exception) -> ApiError:
    """No answer: whether the request may have arrived decides what may be done next."""
    where = "can the API be reached from here?"
    if isinstance(error, requests.exceptions.SSLError):
        return NotSent("TLS could not be agreed on, or the certificate is not trusted", where, code="tls")
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError) or _never_connected(error):
        return NotSent("the connection could not be made", where, code="no_connection", retry=True)
    if isinstance(error, requests.Timeout):
        return Unclear("the answer did not come in time", code="timeout", retry=True)
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader):
        return NotSent(
            "the request could not be written", "does the token hold a line break?", code="invalid"
        )
    return Unclear("the connection broke before the answer", code="reset", retry=True)


def _never_connected(error: Exception) -> bool:
    reason = error.args[0] if error.args else None
    return isinstance(getattr(reason, "reason", None), lib3.NewConnectionError | lib3.NameResolutionError)
