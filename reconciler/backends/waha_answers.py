"""What WAHA's answers say, but for groups (`waha_groups`).

Each function returns what the answer says, or raises an `ApiError` branch or `CredentialsError` and nothing
else, whatever the bytes are. Answers hold invite codes and people's names; neither enters an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.backends import faults
from reconciler.backends.calls import Answer
from reconciler.backends.icons import is_address
from reconciler.errors import RateLimited, Refused, Unclear
from reconciler.model import number
from reconciler.model.link import is_link
from reconciler.model.live import Gateway, IconMeta, PersonAnswer, ServiceLimits, Session

ENGINES = ("NOWEB", "GOWS")

STORE_OFF = (
    "The gateway's store is off: every reading of groups asks WhatsApp anew and may end in a rate limit. "
    "Set config.noweb.store.enabled for the session, then log in again."
)

_NOT_WORKING = {
    "STOPPED": ("is stopped", "start it in the gateway's dashboard, or by POST /api/sessions/NAME/start"),
    "STARTING": ("is still starting", "run it again in a minute"),
    "SCAN_QR_CODE": ("is not logged in", "scan its QR code with the phone: the gateway's dashboard shows it"),
    "PASSKEY_REQUIRED": ("waits for a passkey", "confirm the login on the phone, then run it again"),
    "PASSKEY_CONFIRMATION_REQUIRED": (
        "waits for its passkey to be confirmed",
        "confirm the login on the phone, then run it again",
    ),
    "FAILED": (
        "has failed",
        "restart it in the gateway's dashboard; if it fails again, log it out and scan the QR code anew",
    ),
}
_RATE = b"rate-overlimit"
"""WhatsApp's own refusal for the rate, which the gateway hands on inside a 500."""
_NOWHERE: frozenset[int] = frozenset()
"""No status says that a group is gone: that takes two listings."""
_NOT_TOLD = frozenset({404, 405, 501})
GROUP_DOMAIN = "@g.us"
_LINK = "https://chat.whatsapp.com/"
_CODE = re.compile(r"[A-Za-z0-9_-]{10,64}")
_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_DEVICE = re.compile(r":[0-9]{1,5}@")
_WORD = re.compile(r"[A-Za-z0-9_.+-]{1,40}")
_LATEST = 253402300799
"""Seconds: the last moment that a date can be."""


def bad(message: str) -> Unclear:
    """The error for an answer that makes no sense."""
    return Unclear(message, code="bad_answer", retry=True)


# --- the session ---


def session(answer: Answer) -> tuple[Gateway, Session | None]:
    """What the session says of itself, and the account that is logged in."""
    if answer.status == 404:
        raise Refused(
            "the gateway has no such session",
            "create it in the gateway's dashboard, or correct RECONCILER_USERNAME",
            status=404,
            code="session",
        )
    data = _object(read(answer, listing=True), "the session")
    status = data.get("status")
    if not isinstance(status, str) or _WORD.fullmatch(status) is None:
        raise bad("the session does not say its status")
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
    data = _object(read(answer), "the gateway's version")
    engine, told = data.get("engine"), data.get("version")
    if not isinstance(engine, str) or _WORD.fullmatch(engine) is None:
        raise bad("the gateway does not say its engine")
    return (told if isinstance(told, str) and _WORD.fullmatch(told) else None), engine


def check_working(gateway: Gateway) -> None:
    """Raise what says what to do at the gateway, unless it can be worked with."""
    if gateway.status != "WORKING":
        unknown = (f"has the status {gateway.status}", "look at it in the gateway's dashboard")
        what, mend = _NOT_WORKING.get(gateway.status, unknown)
        raise Refused(
            f"the gateway's session {what}", mend, code="session", retry=gateway.status == "STARTING"
        )
    if gateway.engine not in ENGINES:
        raise Refused(
            f"the gateway's engine is {gateway.engine}, whose answers are not understood here",
            "start the gateway with WHATSAPP_DEFAULT_ENGINE=NOWEB or GOWS",
            code="engine",
        )


def capped(answer: Answer) -> bool:
    """Whether nobody new may be written to; False where the gateway is too old to tell."""
    if answer.status in _NOT_TOLD:
        return ServiceLimits().capped
    data = _object(read(answer), "the session's quota")
    total, used = faults.integer(data.get("totalQuota")), faults.integer(data.get("usedQuota"))
    return data.get("cappingStatus") == "CAPPED" or bool(total and used is not None and used >= total)


def locked_until(answer: Answer, now: datetime) -> datetime | None:
    """Until when WhatsApp lets the account do nothing; None where it does, and where the gateway is too old
    to tell. Raises `Refused` where it does not say until when."""
    if answer.status in _NOT_TOLD:
        return None
    data = _object(read(answer), "the session's lock")
    active = data.get("isActive")
    if not isinstance(active, bool):
        raise bad("the gateway does not say whether WhatsApp has locked the account")
    if not active:
        return None
    seconds = faults.integer(data.get("timeEnforcementEnds"))
    until = datetime.fromtimestamp(min(seconds, _LATEST), UTC) if seconds else None
    if until is None or until <= now:
        raise Refused(
            "WhatsApp has locked the account for a time, and does not say until when",
            "look into WhatsApp on the phone, and run it again when the lock is over",
            code="locked",
            retry=True,
        )
    return until


# --- what else is read ---


def icon(answer: Answer) -> IconMeta | None:
    """Where the picture is served; None where the gateway says that there is none to be seen."""
    data = _object(read(answer), "the picture's description")
    url = data.get("url", "")
    if url is None:
        return None
    if not isinstance(url, str) or not is_address(url):
        raise bad("the picture's description holds no link")
    return IconMeta(url)


def waiting(answer: Answer) -> tuple[str, ...]:
    """Those who wait for approval, by number where that is told; nobody where this version of WAHA has no
    such call."""
    if answer.status == 404:
        return ()
    data = read(answer)
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise bad("the answer holds no list of those who wait for approval")
    found = (number.told_by(entry.get("requesterPn")) or entry.get("requesterId") for entry in data)
    return tuple(each for each in found if isinstance(each, str) and number.is_person_id(each))


def number_of(answer: Answer, lid: str) -> str | None:
    """The digits of somebody known by a lid; None where the gateway does not know them."""
    if answer.status == 404:
        return None
    if answer.status == 400:
        raise Refused(
            "the gateway does not look up whose ids hide their numbers", STORE_OFF, status=400, code="store"
        )
    data = _object(read(answer), "the answer")
    if data.get("lid") not in (None, lid):
        raise bad("asked for one person, the gateway answered with another")
    told = data.get("pn")
    if told in (None, ""):
        return None
    digits = number.told_by(told)
    if digits is None:
        raise bad("the gateway gives something that is no number for somebody's id")
    return digits


# --- what was done ---


def done(answer: Answer) -> None:
    """A write that says nothing of what it did."""
    if isinstance(_written(answer), list):
        raise bad("the gateway answered with a list, which says nothing of what was done")


def permitted(answer: Answer) -> None:
    """A permission that was set; older versions have no such call."""
    try:
        done(answer)
    except Refused as refused:
        if refused.status == 404:
            refused.hint = (
                "the gateway may be too old for this permission: `reconciler doctor` tells its version"
            )
        raise


def removed(answer: Answer) -> None:
    """A picture that was taken away; where there was none (404) it is as wanted."""
    if answer.status != 404:
        done(answer)


def refreshed(answer: Answer) -> None:
    """A list that is asked for anew, which changes nothing: WhatsApp's refusal for the rate is one."""
    _raise_rate_limit(answer)
    _written(answer)


def created(answer: Answer) -> str:
    """The id of a group that was just created."""
    data = _written(answer)
    group_id = id_of(data)
    if (
        not isinstance(group_id, str)
        or not group_id.endswith(GROUP_DOMAIN)
        or not number.is_group_id(group_id)
    ):
        raise bad("the answer does not say which group was created")
    return group_id


def done_to(answer: Answer, fine: frozenset[int] = frozenset({200})) -> None:
    """A write about people. Raises `Refused` where each of them is refused; else a read tells."""
    refused = [each.status for each in people(answer)]
    if refused and fine.isdisjoint(refused):
        codes = ", ".join(map(str, sorted(set(refused))))
        raise Refused(
            f"WhatsApp refused it for everybody ({codes})",
            "is the account an admin of the group, and are they in it?",
            status=answer.status,
            code="refused_people",
        )


def done_to_absent(answer: Answer) -> None:
    """The same of what is as wanted for people who are not in the group (404)."""
    done_to(answer, frozenset({200, 404}))


def people(answer: Answer) -> tuple[PersonAnswer, ...]:
    """What is said of each person, as far as it is; nothing else is kept of it: it may hold invite codes."""
    data = _written(answer)
    if not isinstance(data, list):
        return ()
    found = []
    for entry in data:
        if not isinstance(entry, dict):
            continue
        person = entry.get("jid") or entry.get("JID") or entry.get("id")
        person = without_device(person)
        error = faults.integer(entry.get("Error"))
        status = faults.integer(entry.get("status", 200 if error == 0 else error))
        if status is None or not 100 <= status <= 999:
            continue
        attributes = within(entry, "content", "attrs", "phone_number")
        digits = number.told_by(person, entry.get("PhoneNumber"), entry.get("phoneNumber"), attributes)
        found.append(PersonAnswer(person if number.is_person_id(person) else None, digits, status))
    return tuple(found)


def known_as(answer: Answer, digits: str) -> str | None:
    """The id under which a number is known; None where nobody has it."""
    data = _object(read(answer), "the answer")
    exists, chat = data.get("numberExists"), data.get("chatId")
    if exists is False:
        return None
    chat = without_device(chat)
    if exists is not True or "@" not in chat or not number.is_person_id(chat):
        raise bad("the gateway does not say whether somebody has the number")
    told = number.of_id(chat)
    if told is not None and number.key(told) != number.key(digits):
        raise bad("asked for one number, the gateway answered with another")
    return chat


def link(answer: Answer) -> str:
    """The invite link of a code that comes as a JSON string or as bare text; anything else is `junk_link`,
    and is not quoted."""
    data = _written(answer)
    code = data.strip().removeprefix(_LINK) if isinstance(data, str) else ""
    found = f"{_LINK}{code}"
    if _CODE.fullmatch(code) is None or code in ("undefined", "null") or not is_link(found):
        raise Unclear(
            "the gateway answered with something that is no invite code",
            "is the account an admin of the group? Else ask again later",
            status=answer.status,
            code="junk_link",
            retry=True,
        )
    return found


def sent(answer: Answer, to: str) -> str:
    """The id of a message that was taken, "" where none is said: the answer names the chat `to`, and WhatsApp
    has not refused it. Whatever else is answered leaves open whether it was sent."""
    data = _written(answer)
    body: dict[str, Any] = data if isinstance(data, dict) else {}
    message_id = body.get("id")
    text = message_id if isinstance(message_id, str) else ""
    chats = (
        body.get("to"),
        body.get("from"),
        text.split("_")[1] if text.startswith("true_") else None,
        within(body, "key", "remoteJid"),
        within(body, "_data", "key", "remoteJid"),
        within(body, "_data", "key", "remoteJidAlt"),
    )
    if body.get("fromMe") is False or not any(_same_chat(each, to) for each in chats):
        raise Unclear("the answer does not name the one whom the message is for", code="bad_answer")
    if body.get("ack") == -1:
        raise Refused("WhatsApp did not take the message", status=answer.status, code="refused_destination")
    text = text or str(within(body, "key", "id") or "")
    return text if _MESSAGE_ID.fullmatch(text) else ""


def _same_chat(found: object, to: str) -> bool:
    return isinstance(found, str) and (
        found == to or ("@g.us" not in to and number.key(found) == number.key(to))
    )


# --- bodies, and what stands in them ---


def read(answer: Answer, *, listing: bool = False) -> object:
    """The JSON of an answer to a read."""
    _raise_rate_limit(answer)
    return faults.read(answer, listing=listing, gone=_NOWHERE)


def _raise_rate_limit(answer: Answer) -> None:
    if answer.status == 500 and _RATE in answer.body:
        raise RateLimited(
            "WhatsApp refuses for now: too many requests (rate-overlimit)",
            "set a lower api.rate; is the gateway's store on?",
            status=500,
            code="http_500",
            retry=True,
            wait=answer.wait,
        )


def _written(answer: Answer) -> object:
    """What a write is answered with, None for nothing. Raises `Refused` for `false`, which the gateway says
    where the account may not do it; an error inside a success leaves open what was done."""
    faults.check(answer, gone=_NOWHERE)
    body = answer.body.strip()
    if not body:
        return None
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError):
        return _text(body)
    if data is False or (isinstance(data, dict) and data.get("success") is False):
        raise Refused(
            "the gateway says that it was not done",
            "is the account an admin of the group?",
            status=answer.status,
            code="refused",
        )
    if isinstance(data, dict):
        return faults.written(answer)
    if data is None or data is True or isinstance(data, str | list):
        return data
    raise bad("the gateway answered with a number, which says nothing of what was done")


def _text(body: bytes) -> str:
    """A bare text: one line that begins nothing else."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if not text.isprintable() or not text or text[0] in '<{["':
        raise bad("the answer is neither JSON nor a line of text")
    return text


def _object(data: object, what: str) -> dict[str, object]:
    if not isinstance(data, dict):
        raise bad(f"{what} is no object")
    return data


def within(data: object, *keys: str) -> object:
    """A value deep inside of objects; None where there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def id_of(entry: object) -> object:
    return (entry.get("id") or entry.get("JID")) if isinstance(entry, dict) else None


def without_device(person: object) -> str:
    """An id without the device that it may name; "" for what is no text."""
    return _DEVICE.sub("@", person) if isinstance(person, str) else ""
