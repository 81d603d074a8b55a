"""One code host's API: its questions and answers in JSON, its lists page by page, and what its errors mean.

A question, and what says what should be, is repeated like a read of the service. What makes something new is
sent again only when it surely made nothing: no connection, or refused for the rate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from reconciler.backends import faults
from reconciler.backends.calls import Answer, Call, Repeat
from reconciler.backends.client import JSON, HttpClient, Limits, Origin, Request
from reconciler.backends.limiter import tell_nobody
from reconciler.backends.network import Network
from reconciler.backends.origin import is_loopback
from reconciler.errors import CredentialsError, NotFound, Refused, Unclear, UsageError
from reconciler.language import msg
from reconciler.ports import Clock

MAX_BYTES = 16 * 1024 * 1024
PER_PAGE, PAGES = 100, 100  # of a list; GitHub and GitLab give no more to a page

_NEXT = re.compile(r"""<([^<>]*)>[^<>]*;\s*rel=["']?next\b""")
_DIGITS = 9  # of a page's number
_TIME = re.compile(r"[0-9]{1,12}")  # in seconds since 1970
_SECONDARY = re.compile(r"\brate limit\b", re.IGNORECASE)
_MINUTE = 60.0  # GitHub asks for no less where it names no time
_LIMITS = Limits(width=1)


@dataclass(frozen=True, slots=True)
class Page:
    """What came back: the JSON of the body (None for none), and of a list the address of its next page
    (`next_url`) or that page's number (`next_page`), "" where the host says none."""

    data: Any
    next_url: str = ""
    next_page: str = ""


class Api:
    """Requests to a code host, below the path of `origin.url`. Close it, or use it in `with`. Raises
    `NotSent` for a proxy that cannot be used, and `ReconcilerError` for such a CA bundle."""

    def __init__(
        self,
        origin: Origin,
        clock: Clock,
        tell: Callable[[str], None] = tell_nobody,
        limits: Limits = _LIMITS,
    ) -> None:
        parts = urlsplit(origin.url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path
        self._client = HttpClient(replace(origin, url=self._origin), limits, Network(), clock, tell)
        self._clock = clock

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """The objects of a list, page by page. Raises `Unclear` for what is no list, or does not end.

        Which page is the next one is what the host says: a page may be short, or empty, and not the last,
        because some hosts leave out what we may not see after they have cut the pages. Where the host says
        nothing, a full page has a next one.
        """
        number, first = 1, {"per_page": PER_PAGE, **query}
        target = ""  # of the next page, where the host says more than its number
        for _ in range(PAGES):
            asked = target or f"{self._prefix}{path}?{urlencode({'page': number, **first})}"
            page = self._send("GET", asked, Repeat.ALWAYS)
            if not isinstance(page.data, list):
                raise Unclear(msg("the API's list makes no sense"), code="bad_answer")
            yield from (entry for entry in page.data if isinstance(entry, dict))
            if page.next_page:
                number, target = _next_number(page.next_page, number), ""
            elif page.next_url:
                target = self._on_our_origin(asked, page.next_url)
            elif not target and len(page.data) >= PER_PAGE:
                number += 1
            else:
                return
        raise Unclear(msg("the list has more than {pages} pages", pages=PAGES), code="too_many")

    def get(self, path: str) -> Any:
        """The JSON that answers a question; it is asked again whatever befell it."""
        return self._send("GET", f"{self._prefix}{path}", Repeat.ALWAYS).data

    def put(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Say what should be (PUT, PATCH, DELETE); repeated like a question."""
        return self._send(method, f"{self._prefix}{path}", Repeat.ALWAYS, body).data

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """Make something new: sent again only when it surely made nothing. Raises `Unclear` when that is not
        known."""
        return self._send("POST", f"{self._prefix}{path}", Repeat.UNCHANGED, body).data

    def _send(
        self, method: str, target: str, repeat: Repeat, body: Mapping[str, object] | None = None
    ) -> Page:
        content = None if body is None else json.dumps(body).encode()
        request = Request(method, target, MAX_BYTES, content, JSON)
        return self._client.call(Call(method, msg("the code host"), repeat), request, self._page)

    def _page(self, answer: Answer) -> Page:
        return _page(answer, self._clock.now().timestamp())

    def _on_our_origin(self, target: str, following: str) -> str:
        """The path of the next page, whose address has to be where the token goes already."""
        try:
            found = urljoin(f"{self._origin}{target}", following)
            same = _parts(found) == _parts(self._origin) and found.isascii() and found.isprintable()
        except ValueError:
            same = False
        if not same:
            raise Unclear(
                msg("the API says that its list goes on at another address, where the token does not go"),
                msg("give --api-url as the code host itself calls it"),
                code="bad_answer",
            )
        parts = urlsplit(found)
        return f"{parts.path or '/'}?{parts.query}"


def checked_api(url: str, what: str) -> str:
    """An API's address without a final slash. Raises `UsageError` unless it is https, or http on loopback,
    and a host with a path and nothing else; `what` says who named it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    good = host and url.isascii() and url.isprintable() and not set(' \\@?#"<>') & set(url)
    if not good or host is None or parts.scheme not in ("https", "http"):
        raise UsageError(
            msg("{what} is no address of an API", what=what), msg("write it as https://api.github.com")
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            msg("{what} is http, which would send the token in the clear", what=what), msg("write https://")
        )
    return url.rstrip("/")


@contextmanager
def explained(where: str, right: str) -> Iterator[None]:
    """Say what a definite no means here: `where` is what was asked about, `right` what the token needs."""
    try:
        yield
    except NotFound as error:
        raise NotFound(
            msg("{where} is not there, or this token may not see it", where=where),
            msg("{right}; check --repository and --number", right=right),
            status=error.status,
            code=error.code,
        ) from None
    except Refused as error:
        if error.status != 403:
            raise
        raise CredentialsError(
            msg("this token may not write to {where}: {why}", where=where, why=error.message), right
        ) from None


def _parts(url: str) -> tuple[str, str | None, int | None, str | None]:
    """Scheme, host, port and user of an address. Raises `ValueError` for one that makes no sense."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.username


def _next_number(text: str, page: int) -> int:
    """The page after `page` that a header names."""
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS or int(text) <= page:
        raise Unclear(
            msg("the API says that its list goes on with a page that makes no sense"), code="bad_answer"
        )
    return int(text)


def _page(answer: Answer, now: float) -> Page:
    """What an answer says; raises what else it may be. `now` is in seconds since 1970."""
    status = answer.status
    try:
        found = json.loads(answer.body) if answer.body.strip() else None
    except (ValueError, RecursionError):
        found = None
        if status < 300:
            raise Unclear(msg("the answer is no JSON"), status=status, code="bad_answer") from None
    if status < 300:
        following = _NEXT.search(answer.headers.get("Link", ""))
        return Page(found, following[1] if following else "", answer.headers.get("X-Next-Page", "").strip())
    words = found.get("message") or found.get("error") if isinstance(found, dict) else None
    said = f": {faults.safe_words(words, answer.secrets)}" if isinstance(words, str) else ""
    if status < 400:
        raise Refused(
            msg("the API answered with a redirect ({status}), which is not followed", status=status),
            msg("was the repository renamed or moved? name it as it is called now"),
            status=status,
            code="redirect",
        )
    if status == 401:
        raise CredentialsError(
            msg("the token was refused (HTTP 401){said}", said=said), msg("has it expired, or been revoked?")
        )
    if status == 429 or (status == 403 and _limited(answer, words)):
        waiting = replace(answer, wait=_wait(answer, now))
        raise faults.rate_limited(
            waiting,
            msg("too many requests (HTTP {status}){said}", status=status, said=said),
            msg("run it again later"),
        )
    if status in (404, 410):
        raise NotFound(msg("HTTP {status}{said}", status=status, said=said), status=status, code=answer.code)
    if status >= 500:
        raise Unclear(
            msg("HTTP {status}{said}", status=status, said=said),
            status=status,
            code=answer.code,
            retry=True,
            wait=answer.wait,
        )
    raise Refused(msg("HTTP {status}{said}", status=status, said=said), status=status, code=answer.code)


def _limited(answer: Answer, words: object) -> bool:
    """GitHub says with 403, too, that one asks too often: of a secondary limit maybe in its words alone."""
    return (
        "Retry-After" in answer.headers
        or answer.headers.get("X-RateLimit-Remaining") == "0"
        or (isinstance(words, str) and bool(_SECONDARY.search(words)))
    )


def _wait(answer: Answer, now: float) -> float | None:
    """The seconds that a refusal for the rate asks to wait, in any of the ways in which GitHub and GitLab say
    so; None where it says nothing."""
    if answer.wait is not None:
        return answer.wait
    for prefix in ("X-RateLimit", "RateLimit"):
        reset = answer.headers.get(f"{prefix}-Reset", "")
        if answer.headers.get(f"{prefix}-Remaining") == "0" and _TIME.fullmatch(reset):
            return max(1.0, int(reset) - now)
    return _MINUTE if answer.status == 403 else None
