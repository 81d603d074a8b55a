"""The Sinch groups API: which call is made for what, with which payload, and what its answer says.

`connect` gives a `Client`: a reader that has no method which writes and none that asks for an invite link,
and a writer, over one HTTP client. Calls and answers are those of the API facts.

Each function that makes sense of an answer returns what the answer says, or raises an `ApiError` branch or
`CredentialsError` and nothing else, whatever the bytes are. Unknown keys are ignored; a known key with a
value that makes no sense is `Unclear` (`bad_answer`), because a guess would become a wrong plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from reconciler.backends import faults
from reconciler.backends.calls import Answer, Call, Repeat
from reconciler.backends.client import JSON, HttpClient, Origin
from reconciler.backends.icons import IconFetcher, icon_client, is_address
from reconciler.backends.limiter import tell_nobody
from reconciler.backends.network import Network
from reconciler.backends.origin import checked_base
from reconciler.backends.service import (
    Api,
    Client,
    Connection,
    checked_group,
    checked_mime,
    header,
    some_people,
)
from reconciler.errors import NotFound, Unclear
from reconciler.language import msg, msg_n
from reconciler.model import number
from reconciler.model.link import is_link
from reconciler.model.live import GroupList, IconMeta, LiveGroup, PersonAnswer, ServiceLimits, Session

if TYPE_CHECKING:
    from reconciler.model.group import Permission, Value
    from reconciler.ports import Clock

_GROUPS = "/v1/whatsapp/groups"
_GROUP = "/v1/whatsapp/groups/{id}"
LIST = Call("GET", _GROUPS, Repeat.ALWAYS)
INFO = Call("GET", _GROUP, Repeat.ALWAYS)
ICON = Call("GET", f"{_GROUP}/icon", Repeat.ALWAYS)
CREATE = Call("POST", _GROUPS, Repeat.NEVER)
SET_SUBJECT = Call("PUT", _GROUP, Repeat.UNCHANGED)
SET_ICON = Call("POST", f"{_GROUP}/icon", Repeat.UNCHANGED)
REMOVE_ICON = Call("DELETE", f"{_GROUP}/icon", Repeat.UNCHANGED)
PROMOTE = Call("PATCH", f"{_GROUP}/admins", Repeat.UNCHANGED)
DEMOTE = Call("DELETE", f"{_GROUP}/admins", Repeat.UNCHANGED)
REMOVE = Call("DELETE", f"{_GROUP}/participants", Repeat.UNCHANGED)
LINK = Call("GET", f"{_GROUP}/invite", Repeat.UNCHANGED)  # asking may make one
REVOKE = Call("DELETE", f"{_GROUP}/invite", Repeat.UNCHANGED)
LEAVE = Call("POST", f"{_GROUP}/leave", Repeat.UNCHANGED)
SEND = Call("POST", "/v1/whatsapp/send", Repeat.NEVER)

_NO_GROUP = frozenset({400, 404})
_DOMAIN = re.compile(r"[a-z]{1,12}(?:\.[a-z]{1,12}){0,3}")
_MESSAGE_ID = re.compile(r"[!-~]{1,200}")
_BETWEEN_DIGITS = re.compile(r"[+ ()\-]")


class SinchReader:
    """A `ports.Reader`."""

    def __init__(self, api: Api, icons: IconFetcher) -> None:
        self._api = api
        self._icons = icons

    def session(self) -> Session | None:
        return None  # the service does not tell whose account it is

    def limits(self) -> ServiceLimits:
        return ServiceLimits()

    def list_groups(self) -> GroupList:
        return GroupList(self._api.call(LIST, group_ids))

    def get_group(self, group_id: str) -> LiveGroup:
        return self._api.call(INFO, partial(group, group_id=group_id), group_id)

    def identified(self, live: LiveGroup) -> LiveGroup:
        return live

    def waiting(self, group_id: str) -> tuple[str, ...]:
        return ()  # the service does not tell

    def number_of(self, person: str) -> str | None:
        return None  # people are their numbers here

    def get_icon(self, group_id: str, *, fresh: bool = False) -> IconMeta | None:
        return self._api.call(ICON, icon, group_id)

    def fetch_icon(self, icon: IconMeta) -> bytes:
        return self._icons.fetch(icon)


class SinchWriter:
    """A `ports.Writer`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create_group(self, subject: str, people: Sequence[str] = ()) -> str:
        return self._api.call(CREATE, created, payload={"subject": subject})

    def set_subject(self, group_id: str, subject: str) -> None:
        self._api.call(SET_SUBJECT, faults.void, group_id, payload={"subject": subject})

    def set_description(self, group_id: str, description: str) -> None:
        _unable("description")

    def set_permission(self, group_id: str, permission: Permission, value: Value) -> None:
        _unable("permissions")

    def add_participants(self, group_id: str, ids: Sequence[str]) -> tuple[PersonAnswer, ...]:
        _unable("participants")

    def find_person(self, digits: str) -> str | None:
        return digits

    def refresh_list(self) -> None:
        """Do nothing: the service's list is asked for each time."""

    def set_icon(self, group_id: str, data: bytes, mime: str) -> None:
        self._api.call(SET_ICON, faults.void, group_id, payload=data, mime=checked_mime(mime))

    def remove_icon(self, group_id: str) -> None:
        try:
            self._api.call(REMOVE_ICON, faults.void, group_id)
        except NotFound:
            return

    def promote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._api.call(PROMOTE, faults.void, group_id, payload=_waids(wa_ids))

    def demote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._api.call(DEMOTE, faults.void, group_id, payload=_waids(wa_ids))

    def remove_participants(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._api.call(REMOVE, faults.void, group_id, payload=_waids(wa_ids))

    def get_link(self, group_id: str) -> str:
        return self._api.call(LINK, link, group_id)

    def revoke_link(self, group_id: str) -> None:
        self._api.call(REVOKE, faults.void, group_id)

    def leave(self, group_id: str) -> None:
        self._api.call(LEAVE, faults.void, group_id)

    def send_to_group(self, group_id: str, text: str) -> str:
        destination = {"destination": checked_group(group_id), "recipientType": "group"}
        payload = {"destinations": [destination], "message": {"messageText": text}}
        return self._api.call(SEND, partial(sent, to=group_id, group=True), payload=payload)

    def send_to_person(self, wa_id: str, message: Mapping[str, object], correlation_id: str = "") -> str:
        destination = {"destination": _wa_id(wa_id)}
        if correlation_id:
            destination["correlationId"] = correlation_id
        payload = {"destinations": [destination], "message": dict(message)}
        return self._api.call(SEND, partial(sent, to=wa_id), payload=payload)


def connect(connection: Connection, clock: Clock, tell: Callable[[str], None] = tell_nobody) -> Client:
    """A client for the API at `connection.base_url`; nothing is sent yet.

    Proxies and CA bundle are taken from the environment now and never again. `tell` is given a sentence for
    people whenever all calls wait for some time. Raises `ReconcilerError` for a base URL, proxy or CA bundle
    that cannot be used, `CredentialsError` for credentials that cannot be sent.
    """
    base = checked_base(connection.base_url)
    credentials = {
        "userName": header("RECONCILER_USERNAME", connection.username),
        "authenticationToken": header("RECONCILER_TOKEN", connection.token),
    }
    origin = Origin(
        base.url,
        {"Accept": JSON, **credentials},
        secrets=(connection.username, connection.token),
        setting="RECONCILER_BASE_URL",
        timeout="api.timeout",
    )
    network = Network()
    client = HttpClient(origin, connection.limits, network, clock, tell)
    icons = IconFetcher(
        icon_client(replace(connection.limits, rate=None), network, clock), loopback=base.loopback
    )
    api = Api(client=client)
    return Client(api, icons, SinchReader(api, icons), SinchWriter)


def _waids(wa_ids: Sequence[str]) -> dict[str, list[str]]:
    return {"waIds": some_people(map(_wa_id, wa_ids))}


def _wa_id(wa_id: str) -> str:
    if not number.is_wa_id(wa_id):
        raise ValueError("not a person's id")
    return wa_id


# --- what answers say ---


def group_ids(answer: Answer) -> tuple[str, ...]:
    """The list of groups: ids in the API's order, each once."""
    ids = []
    for entry in _groups(faults.read(answer, listing=True)):
        group_id = entry.get("id")
        if not isinstance(group_id, str) or not number.is_group_id(group_id):
            raise _bad(msg("the list of groups holds an entry without a usable id"))
        ids.append(group_id)
    return tuple(dict.fromkeys(ids))


def group(answer: Answer, group_id: str) -> LiveGroup:
    """One group, which must be the one asked for. 404, 400 and an empty list are `NotFound`.

    `participants` are united with the admins, who may or may not be repeated there. A group without anybody
    is none: to believe it would invite everybody, or take the group for left.
    """
    groups = _groups(faults.read(answer, gone=_NO_GROUP))
    if not groups:
        raise NotFound(msg("the API knows no such group (it answered with an empty list)"), code="not_found")
    if len(groups) > 1:
        raise _bad(msg("asked for one group, the API answered with several"))
    found = groups[0]
    if found.get("id") not in (None, group_id):
        raise _bad(msg("asked for one group, the API answered with another"))
    subject = found.get("subject")
    if not isinstance(subject, str):
        raise _bad(msg("the group's subject is no text"))
    admins = _people(found, "admins")
    participants = tuple(dict.fromkeys((*_people(found, "participants"), *admins)))
    if not participants:  # the account itself is in every group that it can ask for
        raise _bad(msg("the group has nobody in it"))
    return LiveGroup(
        id=group_id,
        subject=faults.well_formed(subject),
        creator=_creator(found),
        admins=admins,
        participants=participants,
    )


def icon(answer: Answer) -> IconMeta | None:
    """Return where the icon is served; None for 404. The object is bare, not in `groups`."""
    try:
        data = faults.read(answer)
    except NotFound:
        return None
    if not isinstance(data, dict):
        raise _bad(msg("the icon's description is no object"))
    kind = data.get("type", "URL")
    url = data.get("data")
    if not isinstance(kind, str) or kind.upper() != "URL" or not isinstance(url, str):
        raise _bad(msg("the icon's description holds no link"))
    if not is_address(url):
        raise _bad(msg("the icon's link is no http or https URL"))
    extra = data.get("extraData")
    return IconMeta(
        url=url,
        length=faults.integer(extra.get("Content-Length")) if isinstance(extra, dict) else None,
    )


def created(answer: Answer) -> str:
    """The id of a group that was just created."""
    groups = _groups(faults.written(answer))
    group_id = groups[0].get("id") if len(groups) == 1 else None
    if not isinstance(group_id, str) or not number.is_group_id(group_id):
        raise _bad(msg("the answer does not say which group was created"))
    return group_id


def link(answer: Answer) -> str:
    """The invite link; anything but `https://chat.whatsapp.com/…` is `junk_link`, and is not quoted."""
    groups = _groups(faults.written(answer))
    found = groups[0].get("link") if len(groups) == 1 else None
    if not isinstance(found, str) or not is_link(found):
        raise Unclear(
            msg("the API answered with something that is no invite link"),
            msg("is the account an admin of the group? Else ask again later"),
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
        raise _bad(msg("the answer does not name the one whom the message is for"))
    errors = [error for entry in ours if (error := faults.of_entry(entry, answer)) is not None]
    if len(errors) == len(ours):
        raise errors[0]
    if errors:
        raise _bad(msg("the answer names the one whom the message is for both with and without an error"))
    ids = (body.get("id"), body.get("Id"), *(entry.get("id") for entry in ours))
    return next((str(found) for found in ids if _is_message_id(found)), "")


def _unable(what: str) -> NoReturn:
    """Refuse what no manifest can have asked for: planning refuses it before anything is asked."""
    raise NotImplementedError(f"the service has no call for {what}")


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
        raise _bad(msg("the answer holds no list of groups"))
    return groups


def _people(found: Mapping[str, object], key: str) -> tuple[str, ...]:
    people = found.get(key)
    if not isinstance(people, list):
        raise _bad(msg("the group's {key} are no list", key=key))
    for person in people:
        if not isinstance(person, str) or not number.is_wa_id(person):
            raise _bad(
                msg(
                    "the group's {key} hold {found}, where a number is expected",
                    key=key,
                    found=_kind(person),
                )
            )
    return tuple(dict.fromkeys(people))


def _kind(found: object) -> str:
    """Say what sort of thing stands where a person's number should, without showing any of it that could be
    somebody's."""
    if not isinstance(found, str):
        words = {dict: msg("an object"), list: msg("a list"), type(None): "null", bool: msg("true or false")}
        return words.get(type(found), msg("a bare number"))
    _, at, domain = found.rpartition("@")
    if at and _DOMAIN.fullmatch(domain):
        if domain == "lid":
            return msg("an id that ends in @lid (somebody whose number WhatsApp hides)")
        return msg("an id that ends in @{domain}", domain=domain)
    if found.isascii() and found.isdigit():
        return msg_n("{n} digits", "{n} digits", len(found))
    return msg("a text") if found else msg("an empty text")


def _creator(found: Mapping[str, object]) -> str | None:
    """The creator's number; absent, null or empty where the API does not know."""
    creator = found.get("creator")
    if creator is None or creator == "":
        return None
    if not isinstance(creator, str) or not number.is_wa_id(creator):
        raise _bad(msg("the group's creator is {found}, where a number is expected", found=_kind(creator)))
    return creator
