"""What every service's client is made of: who asks, one way of making a call, checks of what is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from reconciler.backends.calls import Answer, Call, Repeat
from reconciler.backends.client import JSON, HttpClient, Limits, Request
from reconciler.errors import CredentialsError, NotSent, StateError
from reconciler.language import msg
from reconciler.model import number

if TYPE_CHECKING:
    from reconciler.backends.icons import IconFetcher
    from reconciler.backends.limiter import Pace
    from reconciler.model.live import Gateway
    from reconciler.ports import Reader, Writer

MOST_PEOPLE = 20
"""People in one call that adds, promotes, demotes or removes."""

ANSWER_LIMIT = 8 << 20
_MIMES = frozenset({"image/jpeg", "image/png"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The service's address, and who asks. `private`: it may be reached over http in a private network
    (`RECONCILER_ALLOW_HTTP`). `write_pause` and `message_pause` are seconds, least and most, that pass
    between two writes, and two messages; None for none."""

    base_url: str
    username: str = field(repr=False)
    token: str = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    private: bool = False
    write_pause: tuple[float, float] | None = None
    message_pause: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One call: its address, its body, and the rules under which it is sent.

    Paths begin with `prefix`; `fixed` is what stands in them besides a group's id. `permit` is asked just
    before every request: where it raises `StateError`, nothing is sent, and the call ends with `NotSent`.
    What changes something keeps the pace of `writes`, a message that of `messages`, unless the service is a
    sandbox on this machine (`loopback`). `changed`: when a call that may have changed a group was
    last sent, by the `clock`.
    """

    client: HttpClient
    prefix: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    permit: Callable[[], None] | None = None
    writes: Pace | None = None
    messages: Pace | None = None
    loopback: bool = False
    clock: Callable[[], float] = time.monotonic
    changed: dict[str, float] = field(default_factory=dict)

    def call(
        self,
        call: Call,
        parse: Callable[[Answer], T],
        group_id: str | None = None,
        *,
        payload: object = None,
        mime: str = JSON,
        query: str = "",
        limit: int = ANSWER_LIMIT,
        **named: str,
    ) -> T:
        """`payload` is sent as JSON, bytes as they are. `named`: what else stands in the path."""
        if group_id is not None:
            named["id"] = checked_group(group_id)
        path = self.prefix + call.template
        for name, value in {**self.fixed, **named}.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        body = payload if isinstance(payload, bytes) else None
        if payload is not None and body is None:
            body = json.dumps(payload).encode()
        target = f"{path}?{query}" if query else path
        request = Request(call.method, target, limit, body, mime, patience=call.patience)
        if group_id is not None and call.method != "GET":
            self.changed[group_id] = self.clock()
        pace = self._pace(call)
        if pace is None:
            return self.client.call(call, request, parse, self._check)

        def in_turn() -> None:
            pace.wait()
            self._check()

        try:
            return self.client.call(call, request, parse, in_turn)
        finally:
            pace.ended()

    def _pace(self, call: Call) -> Pace | None:
        sandbox = self.loopback and self.client.calls.is_sandbox
        if sandbox or call.method == "GET" or call.repeat is Repeat.ALWAYS:
            return None
        return self.messages if call.message else self.writes

    def _check(self) -> None:
        """Raise `NotSent` where the journal forbids to write."""
        if self.permit is not None:
            try:
                self.permit()
            except StateError as error:
                raise NotSent(msg("not sent: {why}", why=error.message), error.hint, code="state") from None


class Client:
    """Reader and writer over one HTTP client; `close` when done, or use it in a `with`. `gateway` asks the
    service what it is, where it is one that tells that."""

    def __init__(
        self,
        api: Api,
        icons: IconFetcher,
        reader: Reader,
        writer: Callable[[Api], Writer],
        gateway: Callable[[], Gateway] | None = None,
    ) -> None:
        self.reader = reader
        self.writer = writer(api)
        self.gateway = gateway
        self._writer = writer
        self._api = api
        self._icons = icons

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests sent to the API so far, by HTTP status (`"200"`) or, without an answer, error code."""
        return self._api.client.calls.counts

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which this machine's clock is ahead of the API's; None where it is not known."""
        return self._api.client.calls.clock_skew

    @property
    def is_sandbox(self) -> bool:
        """Whether the API has answered, and said that it is a sandbox."""
        return self._api.client.calls.is_sandbox

    def writer_under(self, permit: Callable[[], None]) -> Writer:
        """A writer that asks `permit` just before every request that writes, see `ports.Journal.check`."""
        return self._writer(replace(self._api, permit=permit))

    def close(self) -> None:
        self._api.client.close()
        self._icons.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def header(variable: str, value: str) -> str:
    """A credential, fit to be a header's value: not empty, one line, nothing hidden at its ends."""
    if not value:
        raise CredentialsError(
            msg("{variable} is not set", variable=variable), msg("set it in the environment")
        )
    if not value.isprintable() or value != value.strip():
        raise CredentialsError(
            msg("{variable} holds characters that cannot stand in a header", variable=variable),
            msg("look for a line break or a space at its end"),
        )
    return value


def some_people(ids: Iterable[str]) -> list[str]:
    """People for one call, each once. Raises `ValueError` for nobody and for more than it takes."""
    people = list(dict.fromkeys(ids))
    if not 1 <= len(people) <= MOST_PEOPLE:
        raise ValueError(f"one call takes 1 to {MOST_PEOPLE} people")
    return people


def checked_group(group_id: str) -> str:
    """A group's id, fit for a path. Raises `ValueError`."""
    if not number.is_group_id(group_id):
        raise ValueError("not a group's id")
    return group_id


def checked_mime(mime: str) -> str:
    """The type of a picture that may be sent. Raises `ValueError`."""
    if mime not in _MIMES:
        raise ValueError("an icon is image/jpeg or image/png")
    return mime
