"""What WAHA's answers say that no other gateway's do.

Each function returns what the answer says, or raises an `ApiError` branch or `CredentialsError` and nothing
else, whatever the bytes are. Answers hold invite codes and people's names; neither enters an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.backends import faults
from reconciler.backends.calls import Answer
from reconciler.backends.gateway_answers import (
    bad,
    done,
    known_as_one,
    object_of,
    raise_rate_limit,
    read,
    within,
    without_device,
    written,
)
from reconciler.backends.icons import is_address
from reconciler.errors import Refused
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.live import Gateway, IconMeta, ServiceLimits, Session

ENGINES = ("NOWEB", "GOWS")

STORE_OFF = msg(
    "The gateway's store is off: every reading of groups asks WhatsApp anew and "
    "may end in a rate limit. Set config.noweb.store.enabled for the session, then "
    "log in again."
)

_NOT_WORKING = {
    "STOPPED": (
        msg("the gateway's session is stopped"),
        msg("start it in the gateway's dashboard, or by POST /api/sessions/NAME/start"),
    ),
    "STARTING": (msg("the gateway's session is still starting"), msg("run it again in a minute")),
    "SCAN_QR_CODE": (
        msg("the gateway's session is not logged in"),
        msg("scan its QR code with the phone: the gateway's dashboard shows it"),
    ),
    "PASSKEY_REQUIRED": (
        msg("the gateway's session waits for a passkey"),
        msg("confirm the login on the phone, then run it again"),
    ),
    "PASSKEY_CONFIRMATION_REQUIRED": (
        msg("the gateway's session waits for its passkey to be confirmed"),
        msg("confirm the login on the phone, then run it again"),
    ),
    "FAILED": (
        msg("the gateway's session has failed"),
        msg("restart it in the gateway's dashboard; if it fails again, log it out and scan the QR code anew"),
    ),
}
_NOT_TOLD = frozenset({404, 405, 501})
_WORD = re.compile(r"[A-Za-z0-9_.+-]{1,40}")
_LATEST = 253402300799
"""Seconds: the last moment that a date can be."""


# --- the session ---


def session(answer: Answer) -> tuple[Gateway, Session | None]:
    """What the session says of itself, and the account that is logged in."""
    if answer.status == 404:
        raise Refused(
            msg("the gateway has no such session"),
            msg("create it in the gateway's dashboard, or correct RECONCILER_USERNAME"),
            status=404,
            code="session",
        )
    data = object_of(read(answer, listing=True), msg("the session"))
    status = data.get("status")
    if not isinstance(status, str) or _WORD.fullmatch(status) is None:
        raise bad(msg("the session does not say its status"))
    engine = within(data, "engine", "engine")
    engine = engine if isinstance(engine, str) and _WORD.fullmatch(engine) else ""
    return Gateway(status=status, engine=engine, store=_store(data, engine)), _me(data.get("me"))


def _store(data: Mapping[str, object], engine: str) -> bool | None:
    """Whether groups and people are kept: NOWEB says so of its store, which is off unless it is configured,
    GOWS of its storage, which is on."""
    if within(data, "config", "gows") is not None:
        return within(data, "config", "gows", "storage", "groups") is not False
    if engine not in ("", "NOWEB") or not isinstance(data.get("config"), dict):
        return None
    return within(data, "config", "noweb", "store", "enabled") is True


def _me(me: object) -> Session | None:
    if not isinstance(me, dict):
        return None
    own, lid = me.get("id"), me.get("lid")
    digits = number.of_id(own) if isinstance(own, str) else None
    if digits is None:
        return None
    lid = without_device(lid)
    return Session(digits, lid if number.is_person_id(lid) else None)


def version(answer: Answer) -> tuple[str | None, str]:
    """The gateway's version, where it says one, and its engine."""
    data = object_of(read(answer), msg("the gateway's version"))
    engine, told = data.get("engine"), data.get("version")
    if not isinstance(engine, str) or _WORD.fullmatch(engine) is None:
        raise bad(msg("the gateway does not say its engine"))
    return (told if isinstance(told, str) and _WORD.fullmatch(told) else None), engine


def check_working(gateway: Gateway) -> None:
    """Raise what says what to do at the gateway, unless it can be worked with."""
    if gateway.status != "WORKING":
        unknown = (
            msg("the gateway's session has the status {status}", status=gateway.status),
            msg("look at it in the gateway's dashboard"),
        )
        why, mend = _NOT_WORKING.get(gateway.status, unknown)
        raise Refused(why, mend, code="session", retry=gateway.status == "STARTING")
    if gateway.engine not in ENGINES:
        raise Refused(
            msg(
                "the gateway's engine is {engine}, whose answers are not understood here",
                engine=gateway.engine,
            ),
            msg("start the gateway with WHATSAPP_DEFAULT_ENGINE=NOWEB or GOWS"),
            code="engine",
        )


def capped(answer: Answer) -> bool:
    """Whether nobody new may be written to; False where the gateway is too old to tell."""
    if answer.status in _NOT_TOLD:
        return ServiceLimits().capped
    data = object_of(read(answer), msg("the session's quota"))
    total, used = faults.integer(data.get("totalQuota")), faults.integer(data.get("usedQuota"))
    return data.get("cappingStatus") == "CAPPED" or bool(total and used is not None and used >= total)


def locked_until(answer: Answer, now: datetime) -> datetime | None:
    """Until when WhatsApp lets the account do nothing; None where it does, and where the gateway is too old
    to tell. Raises `Refused` where it does not say until when."""
    if answer.status in _NOT_TOLD:
        return None
    data = object_of(read(answer), msg("the session's lock"))
    active = data.get("isActive")
    if not isinstance(active, bool):
        raise bad(msg("the gateway does not say whether WhatsApp has locked the account"))
    if not active:
        return None
    seconds = faults.integer(data.get("timeEnforcementEnds"))
    until = datetime.fromtimestamp(min(seconds, _LATEST), UTC) if seconds else None
    if until is None or until <= now:
        raise Refused(
            msg("WhatsApp has locked the account for a time, and does not say until when"),
            msg("look into WhatsApp on the phone, and run it again when the lock is over"),
            code="locked",
            retry=True,
        )
    return until


# --- what else is read ---


def icon(answer: Answer) -> IconMeta | None:
    """Where the picture is served; None where the gateway says that there is none to be seen."""
    data = object_of(read(answer), msg("the picture's description"))
    url = data.get("url", "")
    if url is None:
        return None
    if not isinstance(url, str) or not is_address(url):
        raise bad(msg("the picture's description holds no link"))
    return IconMeta(url)


def waiting(answer: Answer) -> tuple[str, ...]:
    """Those who wait for approval, by number where that is told; nobody where this version of WAHA has no
    such call."""
    if answer.status == 404:
        return ()
    data = read(answer)
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise bad(msg("the answer holds no list of those who wait for approval"))
    found = (number.told_by(entry.get("requesterPn")) or entry.get("requesterId") for entry in data)
    return tuple(each for each in found if isinstance(each, str) and number.is_person_id(each))


def number_of(answer: Answer, lid: str) -> str | None:
    """The digits of somebody known by a lid; None where the gateway does not know them."""
    if answer.status == 404:
        return None
    if answer.status == 400:
        raise Refused(
            msg("the gateway does not look up whose ids hide their numbers"),
            STORE_OFF,
            status=400,
            code="store",
        )
    data = object_of(read(answer), msg("the answer"))
    if data.get("lid") not in (None, lid):
        raise bad(msg("asked for one person, the gateway answered with another"))
    told = data.get("pn")
    if told in (None, ""):
        return None
    digits = number.told_by(told)
    if digits is None:
        raise bad(msg("the gateway gives something that is no number for somebody's id"))
    return digits


# --- what was done ---


def permitted(answer: Answer) -> None:
    """A permission that was set; older versions have no such call."""
    try:
        done(answer)
    except Refused as refused:
        if refused.status == 404:
            refused.hint = msg(
                "the gateway may be too old for this permission: `reconciler doctor` tells its version"
            )
        raise


def removed(answer: Answer) -> None:
    """A picture that was taken away; where there was none (404) it is as wanted."""
    if answer.status != 404:
        done(answer)


def refreshed(answer: Answer) -> None:
    """A list that is asked for anew, which changes nothing: WhatsApp's refusal for the rate is one."""
    raise_rate_limit(answer)
    written(answer)


def known_as(answer: Answer, digits: str) -> str | None:
    """The id under which a number is known; None where nobody has it."""
    data = object_of(read(answer), msg("the answer"))
    return known_as_one(data.get("numberExists"), data.get("chatId"), digits)
