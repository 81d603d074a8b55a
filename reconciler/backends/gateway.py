"""How a gateway is reached: its key, where its pictures are, and the pace of a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.backends.client import JSON, HttpClient, Origin
from reconciler.backends.icons import IconFetcher, icon_client
from reconciler.backends.limiter import Pace
from reconciler.backends.network import Network
from reconciler.backends.origin import checked_base
from reconciler.backends.service import Api, Connection, header
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
