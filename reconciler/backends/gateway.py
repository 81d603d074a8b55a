"""How a gateway is reached and written to: its key, its pictures, the pace of a person, messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.backends.client import JSON, HttpClient, Origin
from reconciler.backends.icons import IconFetcher, icon_client
from reconciler.backends.limiter import Pace
from reconciler.backends.network import Network
from reconciler.backends.origin import checked_base
from reconciler.backends.service import Api, Connection, checked_group, header
from reconciler.errors import Interrupted, NotSent
from reconciler.language import msg
from reconciler.model import number

if TYPE_CHECKING:
    from reconciler.ports import Clock

LIST_LIMIT = 256 << 20
"""Bytes of one listing: it says who is in each group, a thousand people in the largest."""
_PICTURES = ".whatsapp.net"


def connected(
    connection: Connection, key: str, clock: Clock, tell: Callable[[str], None]
) -> tuple[Api, IconFetcher]:
    """The calls to a gateway, in whose paths `{session}` is `connection.username`, and the way to its
    pictures. `key`: the header that the token goes in. Raises and tells as `sinch.connect`, and raises
    `NotSent` where a host that has to be private cannot be resolved."""
    base = checked_base(connection.base_url, gateway=True, private=connection.private)
    address = base.private_address() if base.private else None
    origin = Origin(
        base.origin,
        {"Accept": JSON, key: header("RECONCILER_TOKEN", connection.token)},
        secrets=(connection.token,),  # a session's name is no secret: most are called `default`
        setting="RECONCILER_BASE_URL",
        timeout="api.timeout",
        address=address,
        trace=True,
    )
    network = Network()
    icons = IconFetcher(
        icon_client(replace(connection.limits, rate=None), network, clock),
        loopback=base.loopback,
        domain=_PICTURES,
        own=base.origin if base.loopback or base.private else "",
        address=address,
    )
    api = Api(
        client=HttpClient(origin, connection.limits, network, clock, tell),
        prefix=base.path,
        fixed={"session": header("RECONCILER_USERNAME", connection.username)},
        writes=Pace(clock, connection.write_pause) if connection.write_pause else None,
        messages=Pace(clock, connection.message_pause) if connection.message_pause else None,
        loopback=base.loopback,
        clock=clock.monotonic,
    )
    return api, icons


def person_id(person: str, domain: str) -> str:
    """An id as a gateway takes it: a bare number gets its `domain`. Raises `ValueError`."""
    if not number.is_person_id(person):
        raise ValueError("not a person's id")
    return person if "@" in person else f"{person}@{domain}"


class GatewayWriter(ABC):
    """What `ports.Writer` has alike at every gateway. `domain`: of a person's id there."""

    domain: str

    def __init__(self, api: Api) -> None:
        self._api = api

    def find_person(self, digits: str) -> str | None:
        if not number.is_wa_id(digits):
            raise ValueError("not a person's number")
        try:
            return self._find(digits)
        except Interrupted:  # to who is about to write, a stop is why nothing was sent
            raise NotSent(
                msg("not sent: the run was asked to stop"), code="interrupted", retry=True
            ) from None

    def send_to_group(self, group_id: str, text: str) -> str:
        return self._send(checked_group(group_id), text)

    def send_to_person(self, wa_id: str, message: Mapping[str, object], correlation_id: str = "") -> str:
        text = message.get("messageText")
        if not isinstance(text, str):
            raise ValueError("the service sends texts alone")
        return self._send(person_id(wa_id, self.domain), text)

    @abstractmethod
    def _find(self, digits: str) -> str | None:
        """The id under which the service knows a number; None where nobody has it."""

    @abstractmethod
    def _send(self, chat: str, text: str) -> str:
        """Send a text to a person or a group, by id; returns the message's id, "" where none is said."""
