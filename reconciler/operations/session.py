"""The account that a service itself says to be ours."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import ReconcilerError
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.live import Session
from reconciler.model.settings import Settings


def with_session(settings: Settings, session: Session | None) -> Settings:
    """Return the settings with the account that the service tells, which needs no configuring. Raises
    `ReconcilerError` where another one is configured."""
    if session is None:
        return settings
    told = {number.key(each) for each in (session.number, session.lid) if each}
    if settings.account and not told & settings.account_keys:
        shown = number.mask(session.number) if session.number else msg("one whose number is hidden")
        raise ReconcilerError(
            msg(
                "the session belongs to {number}, but `account` is {account}",
                number=shown,
                account=number.mask(settings.account[0]),
            ),
            msg(
                "log in with that number at the gateway, or correct `account` in "
                "reconciler.yaml (or RECONCILER_ACCOUNT)"
            ),
        )
    numbers = settings.account or ((session.number,) if session.number else ())
    return replace(settings, account=numbers, lids=(session.lid,) if session.lid else ())
