"""One message to a group, sent at most once: everybody in it is notified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import ApiError, CredentialsError, NotFound, NotSent, RateLimited, Refused
from reconciler.messaging.patience import Retry
from reconciler.model import number
from reconciler.model.live import LiveGroup, Problem
from reconciler.model.sending import GroupDelivery

if TYPE_CHECKING:
    from reconciler.ports import Clock

_LOOK = (
    "it may have arrived, so it is not sent again by itself: look into the group in WhatsApp, and send it "
    "again only if it is not there"
)


def addressed(name: str, live: LiveGroup, account: frozenset[str]) -> GroupDelivery:
    """The message to a group before it is sent: where it would go, and to how many people."""
    people = sum(number.key(wa_id) not in account for wa_id in live.participants)
    return GroupDelivery(name=name, id=live.id, subject=live.subject, people=people, status="skipped")


def send_once(
    to: GroupDelivery, text: str, send: Callable[[str, str], str], *, clock: Clock, retries: int
) -> GroupDelivery:
    """Send a text, again only where it surely was not sent. Raises `CredentialsError`."""
    retry = Retry(clock, retries)
    while True:
        if clock.stopping:
            problem = Problem("interrupted", "not sent: the run was asked to stop", retry=True)
            return replace(to, problem=problem, interrupted=True)
        try:
            message_id = send(to.id, text)
        except (RateLimited, NotSent) as error:
            if not retry.again(error):
                return replace(to, status="failed", problem=Problem.of(error), interrupted=clock.stopping)
        except (Refused, NotFound) as error:
            return replace(to, status="failed", problem=Problem.of(error))
        except CredentialsError:
            raise
        except ApiError as error:
            return replace(to, status="unknown", problem=replace(Problem.of(error), hint=_LOOK))
        else:
            return replace(to, status="sent", message_id=message_id or None, interrupted=clock.stopping)
