"""The Sinch groups API: which call is made for what, and with which payload (API facts, "Calls").

`connect` gives a `Client`: a reader that has no method which writes and none that asks for an invite link,
and a writer, over one shared set of connections, one pace and one count of requests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from reconciler import __version__
from reconciler.backends import answers, faults
from reconciler.backends.http import Call, Http, Repeat
from reconciler.backends.icons import IconFetcher
from reconciler.backends.origin import all_proxies, checked_base, environment, proxy_for, tls_context
from reconciler.backends.transport import Transport
from reconciler.errors import CredentialsError, NotFound, NotSent, StateError
from reconciler.model import number

if TYPE_CHECKING:
    from reconciler.backends.faults import Answer
    from reconciler.model.live import IconMeta, LiveGroup
    from reconciler.ports import Clock

MOST_PEOPLE = 20
"""People in one call that promotes, demotes or removes."""

_ANSWER_LIMIT = 8 << 20
_GROUPS = "/v1/whatsapp/groups"
_GROUP = "/v1/whatsapp/groups/{id}"
_SEND = "/v1/whatsapp/send"
_MIMES = frozenset({"image/jpeg", "image/png"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach the API. `timeout` in seconds, for connecting and again for the whole answer; `rate` in
    requests a second; `retries` after the first attempt."""

    base_url: str
    username: str = field(repr=False)
    token: str = field(repr=False)
    timeout: float = 30.0
    concurrency: int = 8
    rate: float | None = None
    retries: int = 5


class SinchReader:
    """A `ports.Reader`."""

    def __init__(self, api: _Api, icons: IconFetcher) -> None:
        self._api = api
        self._icons = icons

    def list_groups(self) -> tuple[str, ...]:
        return self._api.call("GET", _GROUPS, Repeat.ALWAYS, answers.group_ids)

    def get_group(self, group_id: str) -> LiveGroup:
        return self._api.call(
            "GET", _GROUP, Repeat.ALWAYS, lambda answer: answers.group(answer, group_id), group_id
        )

    def get_icon(self, group_id: str) -> IconMeta | None:
        return self._api.call("GET", _GROUP + "/icon", Repeat.ALWAYS, answers.icon, group_id)

    def fetch_icon(self, icon: IconMeta) -> bytes:
        return self._icons.fetch(icon)


class SinchWriter:
    """A `ports.Writer`. `permit` is asked just before every request: where it raises `StateError`, nothing is
    sent, and the call ends with `NotSent`."""

    def __init__(self, api: _Api, permit: Callable[[], None] | None = None) -> None:
        self._api = api if permit is None else api.under(permit)

    def create_group(self, subject: str) -> str:
        return self._api.call("POST", _GROUPS, Repeat.NEVER, answers.created, payload={"subject": subject})

    def set_subject(self, group_id: str, subject: str) -> None:
        self._write("PUT", _GROUP, group_id, {"subject": subject})

    def set_icon(self, group_id: str, data: bytes, mime: str) -> None:
        if mime not in _MIMES:
            raise ValueError("an icon is image/jpeg or image/png")
        self._api.call(
            "POST", _GROUP + "/icon", Repeat.UNCHANGED, faults.void, group_id, body=data, mime=mime
        )

    def remove_icon(self, group_id: str) -> None:
        try:
            self._write("DELETE", _GROUP + "/icon", group_id)
        except NotFound:
            return

    def promote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._write("PATCH", _GROUP + "/admins", group_id, _people(wa_ids))

    def demote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._write("DELETE", _GROUP + "/admins", group_id, _people(wa_ids))

    def remove_participants(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._write("DELETE", _GROUP + "/participants", group_id, _people(wa_ids))

    def get_link(self, group_id: str) -> str:
        return self._api.call("GET", _GROUP + "/invite", Repeat.UNCHANGED, answers.link, group_id)

    def revoke_link(self, group_id: str) -> None:
        self._write("DELETE", _GROUP + "/invite", group_id)

    def leave(self, group_id: str) -> None:
        self._write("POST", _GROUP + "/leave", group_id)

    def send_to_group(self, group_id: str, text: str) -> str:
        destination = {"destination": _checked_group(group_id), "recipientType": "group"}
        return self._send(
            destination, {"messageText": text}, lambda answer: answers.sent(answer, group_id, group=True)
        )

    def send_to_person(self, wa_id: str, message: Mapping[str, object], correlation_id: str = "") -> str:
        destination = {"destination": _checked_person(wa_id)}
        if correlation_id:
            destination["correlationId"] = correlation_id
        return self._send(destination, dict(message), lambda answer: answers.sent(answer, wa_id))

    def _write(self, method: str, template: str, group_id: str, payload: object = None) -> None:
        self._api.call(method, template, Repeat.UNCHANGED, faults.void, group_id, payload=payload)

    def _send(
        self, destination: Mapping[str, str], message: Mapping[str, object], parse: Callable[[Answer], str]
    ) -> str:
        payload = {"destinations": [destination], "message": message}
        return self._api.call("POST", _SEND, Repeat.NEVER, parse, payload=payload)


class Client:
    """Reader and writer over one set of connections; `close` when done, or use it in a `with`."""

    def __init__(self, api: _Api, icons: IconFetcher, transports: Sequence[Transport]) -> None:
        self.reader = SinchReader(api, icons)
        self.writer = SinchWriter(api)
        self._api = api
        self._transports = transports

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests sent to the API so far, by HTTP status (`"200"`) or, without an answer, error code."""
        return self._api.http.counts

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which this machine's clock is ahead of the API's; None where it is not known."""
        return self._api.http.clock_skew

    def writer_under(self, permit: Callable[[], None]) -> SinchWriter:
        """A writer that asks `permit` just before every request that writes, see `ports.Journal.check`."""
        return SinchWriter(self._api, permit)

    def close(self) -> None:
        for transport in self._transports:
            transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class _Api:
    """One call: its address, its body, and the rules under which it is sent."""

    def __init__(
        self, http: Http, transport: Transport, base: str, permit: Callable[[], None] | None = None
    ) -> None:
        self.http = http
        self._transport = transport
        self._base = base
        self._permit = permit

    def under(self, permit: Callable[[], None]) -> _Api:
        """The same connections and pace, with `permit` asked before each request."""
        return _Api(self.http, self._transport, self._base, permit)

    def call(
        self,
        method: str,
        template: str,
        repeat: Repeat,
        parse: Callable[[Answer], T],
        group_id: str | None = None,
        *,
        payload: object = None,
        body: bytes | None = None,
        mime: str = "application/json",
    ) -> T:
        path = template
        if group_id is not None:
            path = template.replace("{id}", quote(_checked_group(group_id), safe=""))
        if payload is not None:
            body = json.dumps(payload).encode()
        url = self._base + path

        def send() -> Answer:
            if self._permit is not None:
                try:
                    self._permit()
                except StateError as error:
                    raise NotSent(f"not sent: {error.message}", error.hint, code="state") from None
            return self._transport.exchange(method, url, limit=_ANSWER_LIMIT, body=body, mime=mime)

        return self.http.call(Call(method, template, repeat), send, parse)


def connect(connection: Connection, clock: Clock) -> Client:
    """A client for the API at `connection.base_url`; nothing is sent yet.

    Proxies and CA bundle are taken from the environment now and never again. Raises `ReconcilerError` for a
    base URL, proxy or CA bundle that cannot be used, `CredentialsError` for credentials that cannot be sent.
    """
    base, loopback = checked_base(connection.base_url)
    credentials = {
        "userName": _header("RECONCILER_USERNAME", connection.username),
        "authenticationToken": _header("RECONCILER_TOKEN", connection.token),
    }
    agent = {"User-Agent": f"group-reconciler/{__version__}", "Accept-Encoding": "identity"}
    proxies, bundle = environment(base)
    context = cache(partial(tls_context, bundle))
    if not base.startswith("http:"):
        context()  # a bundle that cannot be used is said before anything is sent
    size, timeout = connection.concurrency, connection.timeout

    def transport(headers: Mapping[str, str], through: Mapping[str, str], *secrets: str) -> Transport:
        return Transport(
            size=size, timeout=timeout, headers=headers, proxies=through, context=context, secrets=secrets
        )

    # A proxy would look for loopback on its own machine, and would be handed the credentials in the clear.
    proxies = {} if loopback else proxies
    proxy_for(base, proxies)  # one that cannot be used is said before anything is sent
    api_transport = transport(
        {**agent, "Accept": "application/json", **credentials},
        proxies,
        *(connection.username, connection.token),
    )
    icon_transport = transport({**agent, "Accept": "image/*"}, all_proxies())
    icons = IconFetcher(Http(clock, retries=connection.retries), icon_transport, loopback=loopback)
    http = Http(clock, rate=connection.rate, retries=connection.retries)
    return Client(_Api(http, api_transport, base), icons, (api_transport, icon_transport))


def _header(variable: str, value: str) -> str:
    """A credential, fit to be a header's value: not empty, one line, nothing hidden at its ends."""
    if not value:
        raise CredentialsError(f"{variable} is not set", "set it in the environment")
    if not value.isprintable() or value != value.strip():
        raise CredentialsError(
            f"{variable} holds characters that cannot stand in a header",
            "look for a line break or a space at its end",
        )
    return value


def _people(wa_ids: Sequence[str]) -> dict[str, list[str]]:
    people = list(dict.fromkeys(_checked_person(wa_id) for wa_id in wa_ids))
    if not 1 <= len(people) <= MOST_PEOPLE:
        raise ValueError(f"one call takes 1 to {MOST_PEOPLE} people")
    return {"waIds": people}


def _checked_group(group_id: str) -> str:
    if not number.is_group_id(group_id):
        raise ValueError("not a group's id")
    return group_id


def _checked_person(wa_id: str) -> str:
    if not number.is_wa_id(wa_id):
        raise ValueError("not a person's id")
    return wa_id
