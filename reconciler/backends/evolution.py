"""Evolution API v2, a gateway to WhatsApp Web: which call is made for what, and what its answers say.

As far as other gateways answer alike, `gateway_answers` and `gateway_groups` make sense of it. Some of its
oddities decide here: any failure of four calls is a 500, which may come after the effect; a 404 is said of a
group whatever befell the reading of it; a listing looks up a picture for each group, one after another; and a
bare Brazilian number may lose its ninth digit, so that ids go out with their domain.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from reconciler.backends import gateway_answers as answers
from reconciler.backends import gateway_groups
from reconciler.backends.calls import Answer, Call, Repeat
from reconciler.backends.gateway import LIST_LIMIT, GatewayWriter, connected, person_id
from reconciler.backends.icons import IconFetcher, is_address
from reconciler.backends.limiter import tell_nobody
from reconciler.backends.service import (
    Api,
    Client,
    Connection,
    checked_group,
    checked_mime,
    some_people,
)
from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    Refused,
    Unclear,
)
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.live import (
    Gateway,
    GroupList,
    IconMeta,
    LiveGroup,
    PersonAnswer,
    ServiceLimits,
    Session,
)

if TYPE_CHECKING:
    from reconciler.errors import Problem
    from reconciler.model.group import Permission, Value
    from reconciler.ports import Clock

T = TypeVar("T")

STATE = Call("GET", "/instance/connectionState/{session}", Repeat.ALWAYS)
INSTANCE = Call("GET", "/instance/fetchInstances?instanceName={session}", Repeat.ALWAYS)
LIST = Call("GET", "/group/fetchAllGroups/{session}?getParticipants=true", Repeat.ALWAYS, patience=10)
INFO = Call("GET", "/group/findGroupInfos/{session}?groupJid={id}", Repeat.ALWAYS)
ICON = Call("POST", "/chat/fetchProfilePictureUrl/{session}", Repeat.ALWAYS)
FIND = Call("POST", "/chat/whatsappNumbers/{session}", Repeat.ALWAYS)
CREATE = Call("POST", "/group/create/{session}", Repeat.NEVER)
SET_SUBJECT = Call("POST", "/group/updateGroupSubject/{session}", Repeat.UNCHANGED)
SET_DESCRIPTION = Call("POST", "/group/updateGroupDescription/{session}", Repeat.UNCHANGED)
SET_ICON = Call("POST", "/group/updateGroupPicture/{session}", Repeat.UNCHANGED)
SETTING = Call("POST", "/group/updateSetting/{session}", Repeat.UNCHANGED)
PEOPLE = Call("POST", "/group/updateParticipant/{session}", Repeat.UNCHANGED)
ADD = Call("POST", "/group/updateParticipant/{session}", Repeat.NEVER)
LINK = Call("GET", "/group/inviteCode/{session}?groupJid={id}", Repeat.UNCHANGED)  # asking may make one
REVOKE = Call("POST", "/group/revokeInviteCode/{session}", Repeat.UNCHANGED)
LEAVE = Call("DELETE", "/group/leaveGroup/{session}?groupJid={id}", Repeat.UNCHANGED)
SEND = Call("POST", "/message/sendText/{session}", Repeat.NEVER, message=True)

_SETTINGS: Mapping[tuple[Permission, Value], str] = {
    ("send_messages", "admins"): "announcement",
    ("send_messages", "everyone"): "not_announcement",
    ("edit_info", "admins"): "locked",
    ("edit_info", "everyone"): "unlocked",
}
_BAILEYS = "WHATSAPP-BAILEYS"
"""The integration that knows groups; with the others every call about one fails."""
_GONE = re.compile(r"(?:.*: )?(?:item-not-found|forbidden|not-authorized)")
"""The words with which WhatsApp says that there is no such group, or that the account is not in it. They end
what it says: an instance may be called so, and a proxy's page may say so of an address."""
_STATE = re.compile(r"[a-z]{1,20}")
_INTEGRATION = re.compile(r"[A-Z-]{1,30}")
_NOT_OPEN = {
    "close": (
        msg("the gateway's instance is not connected"),
        msg("scan its QR code with the phone: the manager shows it, or GET /instance/connect"),
    ),
    "connecting": (
        msg("the gateway's instance is still connecting"),
        msg("run it again in a minute; if it stays so, scan its QR code anew"),
    ),
}


class EvolutionReader:
    """A `ports.Reader`."""

    def __init__(self, api: Api, icons: IconFetcher) -> None:
        self._api = api
        self._icons = icons
        self._session: Session | None = None
        self._pictures: dict[str, object] = {}  # by group id, as last told beside the group

    def gateway(self) -> Gateway:
        """What the gateway says of the instance; nothing of that is judged."""
        name = self._api.fixed["session"]
        state = self._api.call(STATE, partial(_state, name=name))
        return Gateway(status=state, engine=self._api.call(INSTANCE, partial(_instance, name=name))[0])

    def session(self) -> Session:
        name = self._api.fixed["session"]
        _check_open(self._api.call(STATE, partial(_state, name=name)))
        integration, own = self._api.call(INSTANCE, partial(_instance, name=name))
        if integration != _BAILEYS:
            raise Refused(
                msg(
                    "the gateway's instance is one of {integration}, which knows no groups",
                    integration=integration,
                ),
                msg(
                    "create one with the integration {baileys}, and name it in RECONCILER_USERNAME",
                    baileys=_BAILEYS,
                ),
                code="engine",
            )
        if own is None:
            raise answers.bad(msg("the instance does not say whose account it is"))
        self._session = Session(own)
        return self._session

    def _own(self) -> Session:
        """The own account, asked for once."""
        return self._session or self.session()

    def limits(self) -> ServiceLimits:
        return ServiceLimits()  # the gateway tells none

    def list_groups(self) -> GroupList:
        own = self._own()

        def parse(answer: Answer) -> tuple[dict[str, LiveGroup | Problem], dict[str, object]]:
            data = answers.read(answer, listing=True)
            if not isinstance(data, list):  # `{}` is not the word that there are no groups
                raise answers.bad(msg("the answer holds no list of groups"))
            return gateway_groups.groups(data, own)[0], _pictures(data)

        found, self._pictures = self._api.call(LIST, parse, limit=LIST_LIMIT)
        return GroupList(tuple(found), found)

    def get_group(self, group_id: str) -> LiveGroup:
        own = self._own()

        def parse(answer: Answer) -> tuple[LiveGroup, dict[str, object]]:
            if answer.status == 404:
                raise _not_found(answer)
            data = answers.read(answer)
            return gateway_groups.group(data, group_id, own), _pictures([data])

        live, picture = self._api.call(INFO, parse, group_id)
        self._pictures |= picture
        return live

    def identified(self, live: LiveGroup) -> LiveGroup:
        return live

    def waiting(self, group_id: str) -> tuple[str, ...]:
        return ()  # the gateway does not tell

    def number_of(self, person: str) -> str | None:
        return number.of_id(person)  # whom a group's listing does not tell, nobody does

    def get_icon(self, group_id: str, *, fresh: bool = False) -> IconMeta | None:
        if not fresh and group_id in self._pictures:
            return _icon(self._pictures[group_id])
        payload = {"number": checked_group(group_id)}
        return self._api.call(ICON, partial(_icon_asked_for, group_id=group_id), payload=payload)

    def fetch_icon(self, icon: IconMeta) -> bytes:
        return self._icons.fetch(icon)


class EvolutionWriter(GatewayWriter):
    """A `ports.Writer`."""

    domain = "s.whatsapp.net"

    def create_group(self, subject: str, people: Sequence[str] = ()) -> str:
        payload = {"subject": subject, "participants": some_people(map(_person, people))}
        return self._api.call(CREATE, answers.created, payload=payload)

    def set_subject(self, group_id: str, subject: str) -> None:
        self._write(SET_SUBJECT, answers.done, group_id, subject=subject)

    def set_description(self, group_id: str, description: str) -> None:
        self._write(SET_DESCRIPTION, answers.done, group_id, description=description)

    def set_permission(self, group_id: str, permission: Permission, value: Value) -> None:
        self._write(SETTING, answers.done, group_id, action=_SETTINGS[permission, value])

    def set_icon(self, group_id: str, data: bytes, mime: str) -> None:
        checked_mime(mime)  # the gateway takes no type; an address that tells one (`data:`) ends as 500
        self._write(SET_ICON, answers.done, group_id, image=base64.b64encode(data).decode())

    def remove_icon(self, group_id: str) -> None:
        raise ValueError("the service cannot take a picture away")

    def promote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._people(PEOPLE, answers.done_to, group_id, "promote", wa_ids)

    def demote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._people(PEOPLE, answers.done_to_absent, group_id, "demote", wa_ids)

    def remove_participants(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._people(PEOPLE, answers.done_to_absent, group_id, "remove", wa_ids)

    def add_participants(self, group_id: str, ids: Sequence[str]) -> tuple[PersonAnswer, ...]:
        return self._people(ADD, answers.people, group_id, "add", ids)

    def _find(self, digits: str) -> str | None:
        # With its domain it is asked for as it is, and bare it is matched with an answer that has the ninth
        # digit or has it not.
        payload = {"numbers": [_person(digits), digits]}
        return self._api.call(FIND, partial(_known_as, digits=digits), payload=payload)

    def refresh_list(self) -> None: ...  # each listing asks WhatsApp anew

    def get_link(self, group_id: str) -> str:
        return self._api.call(LINK, answers.link, group_id)

    def revoke_link(self, group_id: str) -> None:
        self._write(REVOKE, answers.done, group_id)

    def leave(self, group_id: str) -> None:
        self._api.call(LEAVE, answers.done, group_id)

    def _send(self, chat: str, text: str) -> str:
        payload = {"number": chat, "text": text}
        return self._api.call(SEND, partial(answers.sent, to=chat), payload=payload)

    def _write(self, call: Call, parse: Callable[[Answer], T], group_id: str, **more: object) -> T:
        return self._api.call(call, parse, group_id, payload={"groupJid": group_id, **more})

    def _people(
        self, call: Call, parse: Callable[[Answer], T], group_id: str, action: str, ids: Sequence[str]
    ) -> T:
        people = some_people(map(_person, ids))
        return self._write(call, parse, group_id, action=action, participants=people)


def connect(connection: Connection, clock: Clock, tell: Callable[[str], None] = tell_nobody) -> Client:
    """A client for the gateway at `connection.base_url`, whose instance is `connection.username`; nothing is
    sent yet. Raises and tells as `gateway.connected`."""
    api, icons = connected(connection, "apikey", clock, tell)
    reader = EvolutionReader(api, icons)
    return Client(api, icons, reader, EvolutionWriter, reader.gateway)


_person = partial(person_id, domain=EvolutionWriter.domain)


# --- what its answers say ---


def _state(answer: Answer, name: str) -> str:
    """The state of the connection, as the gateway words it."""
    if answer.status == 404:
        raise Refused(
            msg("the gateway has no such instance"),
            msg("create it in the gateway's manager, or correct RECONCILER_USERNAME"),
            status=404,
            code="session",
        )
    data = answers.object_of(answers.read(answer, listing=True), msg("the connection's state"))
    if answers.within(data, "instance", "instanceName") not in (None, name):
        raise _another()
    state = answers.within(data, "instance", "state")
    if not isinstance(state, str) or _STATE.fullmatch(state) is None:
        raise answers.bad(msg("the instance does not say its state"))
    return state


def _check_open(state: str) -> None:
    """Raise what says what to do at the gateway, unless the instance can be worked with."""
    if state != "open":
        unknown = (
            msg("the gateway's instance has the state {state}", state=state),
            msg("look at it in the gateway's manager"),
        )
        why, mend = _NOT_OPEN.get(state, unknown)
        raise Refused(why, mend, code="session", retry=state == "connecting")


def _instance(answer: Answer, name: str) -> tuple[str, str | None]:
    """The integration of the instance, and the number of the account that is logged in. Nothing else is kept
    of the answer, nor repeated, not even the words of an error: it may hold keys."""
    answers.raise_rate_limit(answer)
    try:
        data = answers.read(answer, listing=True)
    except Refused as refused:
        raise Refused(
            msg("the gateway does not describe the instance (HTTP {status})", status=answer.status),
            msg("is the key in RECONCILER_TOKEN this instance's own, or the gateway's?"),
            status=refused.status,
            code="session",
        ) from None
    except (ApiError, CredentialsError):
        data = answers.read(replace(answer, body=b""), listing=True)  # raises the same, without words
    entries = data if isinstance(data, list) else [data]
    found = next((each for each in entries if answers.within(each, "name") == name), None)
    if found is None:
        raise _another()
    integration = answers.within(found, "integration")
    if not isinstance(integration, str) or _INTEGRATION.fullmatch(integration) is None:
        integration = _BAILEYS
    return integration, number.told_by(answers.without_device(answers.within(found, "ownerJid")))


def _another() -> Unclear:
    return answers.bad(msg("the gateway describes another instance than was asked for"))


def _not_found(answer: Answer) -> NotFound | Unclear:
    """What a 404 for a group says: that it is gone where WhatsApp's words do, else nothing."""
    if any(map(_GONE.fullmatch, _messages(answer))):
        return NotFound(
            msg("WhatsApp knows no such group, or the account is not in it"), status=404, code="http_404"
        )
    answers.raise_rate_limit(answer)
    return Unclear(
        msg("the gateway could not read the group (HTTP 404)"),
        msg("run it again later"),
        status=404,
        code="http_404",
        retry=True,
    )


def _messages(answer: Answer) -> list[str]:
    """What an error says: the gateway's own sentence, and mostly what WhatsApp said."""
    try:
        said = answers.within(json.loads(answer.body), "response", "message")
    except (ValueError, RecursionError):
        return []
    return [each for each in (said if isinstance(said, list) else [said]) if isinstance(each, str)]


def _pictures(groups: list[object]) -> dict[str, object]:
    """Where the pictures of the groups in a list are, by id."""
    told = [(answers.id_of(each), each.get("pictureUrl")) for each in groups if isinstance(each, dict)]
    return {group_id: url for group_id, url in told if isinstance(group_id, str)}


def _icon(url: object) -> IconMeta | None:
    """The place of a picture; None where there is none to be seen, for whatever reason."""
    if url is None:
        return None
    if not isinstance(url, str) or not is_address(url):
        raise answers.bad(msg("the group's picture has no address"))
    return IconMeta(url)


def _icon_asked_for(answer: Answer, group_id: str) -> IconMeta | None:
    data = answers.object_of(answers.read(answer), msg("the answer"))
    if data.get("wuid", group_id) != group_id:
        raise answers.bad(msg("asked for the picture of one group, the gateway answered with another's"))
    return _icon(data.get("profilePictureUrl"))


def _known_as(answer: Answer, digits: str) -> str | None:
    """The id under which a number is known; None where nobody has it."""
    data = answers.read(answer)
    if not isinstance(data, list) or not data:
        raise answers.bad(msg("the gateway does not say whether somebody has the number"))
    told = (
        answers.known_as_one(answers.within(entry, "exists"), answers.within(entry, "jid"), digits)
        for entry in data
    )
    return next((person for person in told if person is not None), None)
