"""From the bytes of an answer to a value, for every shape that the API family is known to send.

One function a kind of answer; each takes an `Answer` and returns what it says, or raises an `ApiError`
branch or `CredentialsError` and nothing else, whatever the bytes are. Unknown keys are ignored; a known key
with a value that makes no sense is `Unclear` (`bad_answer`), because a guess would become a wrong plan.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler.backends import faults
from reconciler.errors import NotFound, RateLimited, Refused, Unclear
from reconciler.model import number
from reconciler.model.link import is_link
from reconciler.model.live import IconMeta, LiveGroup

if TYPE_CHECKING:
    from reconciler.backends.faults import Answer

_NO_GROUP = frozenset({400, 404})
_URL = re.compile(r"https?://[!-~]{1,4096}", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_BETWEEN_DIGITS = re.compile(r"[+ ()\-]")


def group_ids(answer: Answer) -> tuple[str, ...]:
    """The list of groups: ids in the API's order, each once."""
    ids = []
    for entry in _groups(faults.read(answer, listing=True)):
        group_id = entry.get("id")
        if not isinstance(group_id, str) or not number.is_group_id(group_id):
            raise _bad("the list of groups holds an entry without a usable id")
        ids.append(group_id)
    return tuple(dict.fromkeys(ids))


def group(answer: Answer, group_id: str) -> LiveGroup:
    """One group, which must be the one asked for. 404, 400 and an empty list are `NotFound`.

    `participants` are united with the admins, who may or may not be repeated there. A group without anybody
    is none: to believe it would invite everybody, or take the group for left.
    """
    groups = _groups(faults.read(answer, gone=_NO_GROUP))
    if not groups:
        raise NotFound("the API knows no such group (it answered with an empty list)", code="not_found")
    if len(groups) > 1:
        raise _bad("asked for one group, the API answered with several")
    found = groups[0]
    if found.get("id") not in (None, group_id):
        raise _bad("asked for one group, the API answered with another")
    subject = found.get("subject")
    if not isinstance(subject, str):
        raise _bad("the group's subject is no text")
    admins = _people(found, "admins")
    participants = tuple(dict.fromkeys((*_people(found, "participants"), *admins)))
    if not participants:  # the account itself is in every group that it can ask for
        raise _bad("the group has nobody in it")
    return LiveGroup(
        id=group_id,
        subject=faults.well_formed(subject),
        creator=_creator(found),
        admins=admins,
        participants=participants,
        created=faults.integer(found.get("creation_time")),
    )


def icon(answer: Answer) -> IconMeta | None:
    """Where the icon is served; None for 404. The object is bare, not in `groups`."""
    try:
        data = faults.read(answer)
    except NotFound:
        return None
    if not isinstance(data, dict):
        raise _bad("the icon's description is no object")
    kind = data.get("type", "URL")
    url = data.get("data")
    if not isinstance(kind, str) or kind.upper() != "URL" or not isinstance(url, str):
        raise _bad("the icon's description holds no link")
    if _URL.fullmatch(url) is None:
        raise _bad("the icon's link is no http or https URL")
    mime = data.get("mimeType")
    extra = data.get("extraData")
    return IconMeta(
        url=url,
        mime=faults.well_formed(mime) if isinstance(mime, str) else None,
        length=faults.integer(extra.get("Content-Length")) if isinstance(extra, dict) else None,
    )


def created(answer: Answer) -> str:
    """The id of a group that was just created."""
    groups = _groups(faults.written(answer))
    group_id = groups[0].get("id") if len(groups) == 1 else None
    if not isinstance(group_id, str) or not number.is_group_id(group_id):
        raise _bad("the answer does not say which group was created")
    return group_id


def link(answer: Answer) -> str:
    """The invite link; anything but `https://chat.whatsapp.com/…` is `junk_link`, and is not quoted."""
    groups = _groups(faults.written(answer))
    found = groups[0].get("link") if len(groups) == 1 else None
    if not isinstance(found, str) or not is_link(found):
        raise Unclear(
            "the API answered with something that is no invite link",
            "is the account an admin of the group? Else ask again later",
            status=answer.status,
            code="junk_link",
            retry=True,
        )
    return found


def sent(answer: Answer, to: str, *, group: bool = False) -> str:
    """The API's id of a message that was accepted, "" where it says none: the answer names the destination
    `to` (a person, else a group) without an error. With an error there, nothing was sent to it; whatever
    else is answered leaves that open. Names seen: `id` and `Id`, `destinations` and `destination`.
    """
    data = faults.written(answer)
    body = data if isinstance(data, dict) else {}
    listed = body.get("destinations") or body.get("destination")
    ours = [
        entry
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict) and _is_destination(entry.get("destination"), to, group=group)
    ]
    if not ours:
        raise _bad("the answer does not name the one whom the message is for")
    errors = [error for entry in ours if (error := faults.of_entry(entry, answer)) is not None]
    if len(errors) == len(ours):
        raise errors[0]
    if errors:
        raise _bad("the answer names the one whom the message is for both with and without an error")
    ids = (body.get("id"), body.get("Id"), *(entry.get("id") for entry in ours))
    return next((str(found) for found in ids if _is_message_id(found)), "")


def picture(answer: Answer) -> bytes:
    """The bytes of a served icon. The CDN's errors say nothing about the group or the credentials."""
    status, code = answer.status, answer.code
    match status:
        case 200 if answer.body:
            return answer.body
        case 200:
            raise Unclear("the icon was served without a byte", status=200, code="bad_answer", retry=True)
        case 420 | 429:
            raise RateLimited("the icon's server refuses for now", status=status, code=code, retry=True)
        case _ if 400 <= status < 500:
            raise Refused("the icon is not served where the API says it is", status=status, code=code)
        case _ if 300 <= status < 400:
            raise faults.redirect(answer)
        case _:
            raise Unclear("the icon's server failed", status=status, code=code, retry=status >= 500)


def _bad(message: str) -> Unclear:
    return Unclear(message, code="bad_answer")


def _is_destination(found: object, to: str, *, group: bool) -> bool:
    """Whether this is whom we wrote to: people by number key, in any way in which the API takes numbers."""
    if group:
        return found == to
    if isinstance(found, bool) or not isinstance(found, str | int):
        return False
    digits = _BETWEEN_DIGITS.sub("", str(found))
    return number.is_wa_id(digits) and number.key(digits) == number.key(to)


def _is_message_id(found: object) -> bool:
    whole = isinstance(found, int) and not isinstance(found, bool)
    return whole or (isinstance(found, str) and _MESSAGE_ID.fullmatch(found) is not None)


def _groups(data: object) -> list[dict[str, object]]:
    groups = data.get("groups") if isinstance(data, dict) else None
    if not isinstance(groups, list) or not all(isinstance(entry, dict) for entry in groups):
        raise _bad("the answer holds no list of groups")
    return groups


def _people(found: Mapping[str, object], key: str) -> tuple[str, ...]:
    people = found.get(key)
    if not isinstance(people, list) or not all(isinstance(p, str) and number.is_wa_id(p) for p in people):
        raise _bad(f"the group's {key} are no list of numbers")
    return tuple(dict.fromkeys(people))


def _creator(found: Mapping[str, object]) -> str | None:
    """The creator's number; absent, null or empty where the API does not know."""
    creator = found.get("creator")
    if creator is None or creator == "":
        return None
    if not isinstance(creator, str) or not number.is_wa_id(creator):
        raise _bad("the group's creator is no number")
    return creator
