"""What gateways' answers say that is alike in all of them: of writes, of people, of links and messages.

Each function returns what the answer says, or raises an `ApiError` branch or `CredentialsError` and nothing
else, whatever the bytes are. Answers hold invite codes and people's names; neither enters an error. Groups
are in `gateway_groups`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from reconciler.backends import faults
from reconciler.backends.calls import Answer
from reconciler.errors import RateLimited, Refused, Unclear
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.link import is_link
from reconciler.model.live import PersonAnswer

GROUP_DOMAIN = "@g.us"
_RATE = b"rate-overlimit"
"""WhatsApp's own refusal for the rate, which gateways hand on inside an error of theirs."""
_NOWHERE: frozenset[int] = frozenset()
"""No status alone says that a group is gone."""
_BROKEN = re.compile(rb"(?i)timed out|connection (?:was )?(?:closed|lost|failure|terminated)")
"""What is said where WhatsApp was asked and has not answered."""
_LINK = "https://chat.whatsapp.com/"
_CODE = re.compile(r"[A-Za-z0-9_-]{10,64}")
_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_DEVICE = re.compile(r":[0-9]{1,5}@")
_HIDDEN = re.compile(r"[@.]lid$")


def bad(message: str) -> Unclear:
    """The error for an answer that makes no sense."""
    return Unclear(message, code="bad_answer", retry=True)


# --- what was done ---


def done(answer: Answer) -> None:
    """A write that says nothing of what it did."""
    if isinstance(written(answer), list):
        raise bad(msg("the gateway answered with a list, which says nothing of what was done"))


def created(answer: Answer) -> str:
    """The id of a group that was just created."""
    data = written(answer)
    group_id = id_of(data)
    if (
        not isinstance(group_id, str)
        or not group_id.endswith(GROUP_DOMAIN)
        or not number.is_group_id(group_id)
    ):
        raise bad(msg("the answer does not say which group was created"))
    return group_id


def done_to(answer: Answer, fine: frozenset[int] = frozenset({200})) -> None:
    """A write about people. Raises `Refused` where each of them is refused; else a read tells."""
    refused = [each.status for each in people(answer)]
    if refused and fine.isdisjoint(refused):
        codes = ", ".join(map(str, sorted(set(refused))))
        raise Refused(
            msg("WhatsApp refused it for everybody ({codes})", codes=codes),
            msg("is the account an admin of the group, and are they in it?"),
            status=answer.status,
            code="refused_people",
        )


def done_to_absent(answer: Answer) -> None:
    """The same of what is as wanted for people who are not in the group (404)."""
    done_to(answer, frozenset({200, 404}))


def people(answer: Answer) -> tuple[PersonAnswer, ...]:
    """What is said of each person, as far as it is; nothing else is kept of it: it may hold invite codes."""
    data = written(answer)
    data = data.get("updateParticipants") if isinstance(data, dict) else data
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


def known_as_one(exists: object, found: object, digits: str) -> str | None:
    """The id under which a number is known, by what is said of it; None where nobody has it. Only a number
    or an id that hides one is somebody's: what is sent to a group's id is read by all."""
    if exists is False:
        return None
    person = without_device(found)
    told = number.told_by(person)
    if exists is not True or not (told or (_HIDDEN.search(person) and number.is_person_id(person))):
        raise bad(msg("the gateway does not say whether somebody has the number"))
    if told is not None and number.key(told) != number.key(digits):
        raise bad(msg("asked for one number, the gateway answered with another"))
    return person


def link(answer: Answer) -> str:
    """The invite link of a code that comes as a JSON string, as bare text, or as `inviteCode`; anything else
    is `junk_link`, and is not quoted."""
    data = written(answer)
    data = data.get("inviteCode") if isinstance(data, dict) else data
    code = data.strip().removeprefix(_LINK) if isinstance(data, str) else ""
    found = f"{_LINK}{code}"
    if _CODE.fullmatch(code) is None or code in ("undefined", "null") or not is_link(found):
        raise Unclear(
            msg("the gateway answered with something that is no invite code"),
            msg("is the account an admin of the group? Else ask again later"),
            status=answer.status,
            code="junk_link",
            retry=True,
        )
    return found


def sent(answer: Answer, to: str) -> str:
    """The id of a message that was taken, "" where none is said: the answer names the chat `to`, and WhatsApp
    has not refused it. Whatever else is answered leaves open whether it was sent."""
    data = written(answer)
    body: dict[str, Any] = data if isinstance(data, dict) else {}
    message_id = body.get("id")
    text = message_id if isinstance(message_id, str) else ""
    chats = (
        body.get("to"),
        body.get("from"),
        text.split("_")[1] if text.startswith("true_") else None,
        within(body, "key", "remoteJid"),
        within(body, "key", "remoteJidAlt"),
        within(body, "_data", "key", "remoteJid"),
        within(body, "_data", "key", "remoteJidAlt"),
    )
    if False in (body.get("fromMe"), within(body, "key", "fromMe")) or not any(
        _same_chat(each, to) for each in chats
    ):
        raise Unclear(msg("the answer does not name the one whom the message is for"), code="bad_answer")
    if body.get("ack") == -1 or body.get("status") == "ERROR":
        raise Refused(
            msg("WhatsApp did not take the message"), status=answer.status, code="refused_destination"
        )
    text = text or str(within(body, "key", "id") or "")
    return text if _MESSAGE_ID.fullmatch(text) else ""


def _same_chat(found: object, to: str) -> bool:
    return isinstance(found, str) and (
        found == to or ("@g.us" not in to and number.key(found) == number.key(to))
    )


# --- bodies, and what stands in them ---


def read(answer: Answer, *, listing: bool = False) -> object:
    """The JSON of an answer to a read."""
    raise_rate_limit(answer)
    return faults.read(answer, listing=listing, gone=_NOWHERE)


def raise_rate_limit(answer: Answer) -> None:
    if answer.status >= 400 and _RATE in answer.body:
        raise RateLimited(
            msg("WhatsApp refuses for now: too many requests (rate-overlimit)"),
            msg("set a lower api.rate"),
            status=answer.status,
            code=answer.code,
            retry=True,
            wait=answer.wait,
        )


def written(answer: Answer) -> object:
    """What a write is answered with, None for nothing. Raises `Refused` for `false`, which the gateway says
    where the account may not do it; an error inside a success leaves open what was done."""
    if answer.status == 400 and _BROKEN.search(answer.body):
        raise Unclear(
            msg("the gateway lost its connection to WhatsApp"), status=400, code=answer.code, retry=True
        )
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
            msg("the gateway says that it was not done"),
            msg("is the account an admin of the group?"),
            status=answer.status,
            code="refused",
        )
    if isinstance(data, dict):
        return faults.written(answer)
    if data is None or data is True or isinstance(data, str | list):
        return data
    raise bad(msg("the gateway answered with a number, which says nothing of what was done"))


def _text(body: bytes) -> str:
    """A bare text: one line that begins nothing else."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if not text.isprintable() or not text or text[0] in '<{["':
        raise bad(msg("the answer is neither JSON nor a line of text"))
    return text


def object_of(data: object, what: str) -> dict[str, object]:
    if not isinstance(data, dict):
        raise bad(msg("{what} is no object", what=what))
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
