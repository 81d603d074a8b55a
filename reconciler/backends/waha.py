"""WAHA, a gateway to WhatsApp Web: which call is made for what, and with which payload.

What its answers say is in `waha_answers`, and as far as other gateways answer alike in `gateway_answers` and
`gateway_groups`. The engines are NOWEB and GOWS. Every
write may be answered by an empty body, `true`, a text or an object; whether it took effect, a read tells.
"""

from __future__ import annotations

import base64
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from reconciler.backends import gateway_answers, gateway_groups
from reconciler.backends import waha_answers as answers
from reconciler.backends.calls import Answer, Call, Repeat
from reconciler.backends.gateway import LIST_LIMIT, GatewayWriter, connected, person_id
from reconciler.backends.icons import IconFetcher
from reconciler.backends.limiter import tell_nobody
from reconciler.backends.service import Api, Client, Connection, checked_mime, some_people
from reconciler.errors import CredentialsError, Refused
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

SESSION = Call("GET", "/api/sessions/{session}", Repeat.ALWAYS)
CAPPING = Call("GET", "/api/sessions/{session}/capping", Repeat.ALWAYS)
TIMELOCK = Call("GET", "/api/sessions/{session}/timelock", Repeat.ALWAYS)
VERSION = Call("GET", "/api/server/version", Repeat.ALWAYS)
NUMBER = Call("GET", "/api/{session}/lids/{lid}", Repeat.ALWAYS)
FIND = Call("GET", "/api/contacts/check-exists", Repeat.ALWAYS)
_GROUPS = "/api/{session}/groups"
_GROUP = "/api/{session}/groups/{id}"
_SECURITY = f"{_GROUP}/settings/security"
LIST = Call("GET", _GROUPS, Repeat.ALWAYS)
REFRESH = Call("POST", f"{_GROUPS}/refresh", Repeat.UNCHANGED)
INFO = Call("GET", _GROUP, Repeat.ALWAYS)
WAITING = Call("GET", f"{_GROUP}/participants/join-requests", Repeat.ALWAYS)
ICON = Call("GET", f"{_GROUP}/picture", Repeat.ALWAYS)
CREATE = Call("POST", _GROUPS, Repeat.NEVER)
SET_SUBJECT = Call("PUT", f"{_GROUP}/subject", Repeat.UNCHANGED)
SET_DESCRIPTION = Call("PUT", f"{_GROUP}/description", Repeat.UNCHANGED)
SET_ICON = Call("PUT", f"{_GROUP}/picture", Repeat.UNCHANGED)
REMOVE_ICON = Call("DELETE", f"{_GROUP}/picture", Repeat.UNCHANGED)
PROMOTE = Call("POST", f"{_GROUP}/admin/promote", Repeat.UNCHANGED)
DEMOTE = Call("POST", f"{_GROUP}/admin/demote", Repeat.UNCHANGED)
REMOVE = Call("POST", f"{_GROUP}/participants/remove", Repeat.UNCHANGED)
ADD = Call("POST", f"{_GROUP}/participants/add", Repeat.NEVER)
LINK = Call("GET", f"{_GROUP}/invite-code", Repeat.UNCHANGED)  # asking may make one
REVOKE = Call("POST", f"{_GROUP}/invite-code/revoke", Repeat.UNCHANGED)
LEAVE = Call("POST", f"{_GROUP}/leave", Repeat.UNCHANGED)
SEND = Call("POST", "/api/sendText", Repeat.NEVER, message=True)

_PERMISSIONS: Mapping[Permission, tuple[Call, str, Value]] = {
    "send_messages": (
        Call("PUT", f"{_SECURITY}/messages-admin-only", Repeat.UNCHANGED),
        "adminsOnly",
        "admins",
    ),
    "edit_info": (Call("PUT", f"{_SECURITY}/info-admin-only", Repeat.UNCHANGED), "adminsOnly", "admins"),
    "add_members": (
        Call("PUT", f"{_SECURITY}/member-add-mode", Repeat.UNCHANGED),
        "membersCanAddNewMember",
        "everyone",
    ),
    "approve_members": (
        Call("PUT", f"{_SECURITY}/membership-approval", Repeat.UNCHANGED),
        "newMembersApprovalRequired",
        True,
    ),
}
"""Of each permission the call, the key of its body, and the value that is `true` there."""

PAGE = 1000
"""Groups that are asked for at a time."""
_SERVES, _SERVES_ANEW = 30.0, 2.0
"""Seconds for which a listing serves who asks for one group: until we change that, and after it."""


class WahaReader:
    """A `ports.Reader`. `tell` is given a sentence for people where the gateway is set up badly."""

    def __init__(self, api: Api, icons: IconFetcher, clock: Clock, tell: Callable[[str], None]) -> None:
        self._api = api
        self._icons = icons
        self._clock = clock
        self._tell = tell
        self._session: Session | None = None
        self._storeless = False
        self._listed: tuple[float, GroupList] | None = None  # the last listing, and when it was asked for
        self._lock = threading.RLock()

    def gateway(self) -> Gateway:
        """What the gateway says of itself; nothing of that is judged."""
        return self._look()[0]

    def session(self) -> Session:
        gateway, me = self._look()
        answers.check_working(gateway)
        if me is None:
            raise gateway_answers.bad(msg("the session does not say whose account it is"))
        if gateway.store is False:
            self._storeless = True
            self._tell(answers.STORE_OFF)
        self._session = me
        return me

    def _look(self) -> tuple[Gateway, Session | None]:
        found, me = self._api.call(SESSION, answers.session)
        try:
            version, engine = self._api.call(VERSION, answers.version)
        except (CredentialsError, Refused):  # a key for one session may not ask for this
            if not found.engine:
                raise
            version, engine = None, found.engine
        return replace(found, version=version, engine=engine), me

    def _own(self) -> Session:
        """The own account, asked for once."""
        with self._lock:
            return self._session or self.session()

    def limits(self) -> ServiceLimits:
        return ServiceLimits(
            locked_until=self._api.call(TIMELOCK, partial(answers.locked_until, now=self._clock.now())),
            capped=self._api.call(CAPPING, answers.capped),
        )

    def list_groups(self) -> GroupList:
        """One listing, in pages where it is long. A gateway that pays no attention to pages answers with all
        groups each time, or else is asked for all of them at once."""
        begun = self._clock.monotonic()
        own = self._own()
        found: dict[str, LiveGroup | Problem] = {}
        offset = 0
        while True:
            page, length = self._page(own, {"limit": PAGE, "offset": offset})
            new = {group_id: each for group_id, each in page.items() if group_id not in found}
            found |= new
            offset += length
            if length != PAGE:
                break
            if not new:
                found = self._page(own, {})[0] | found
                break
        listing = GroupList(tuple(found), found)
        self._listed = begun, listing
        return listing

    def _page(self, own: Session, pages: Mapping[str, int]) -> tuple[dict[str, LiveGroup | Problem], int]:
        query = urlencode({**pages, "sortBy": "id", "sortOrder": "asc"})

        def parse(answer: Answer) -> tuple[dict[str, LiveGroup | Problem], int]:
            return gateway_groups.groups(gateway_answers.read(answer, listing=True), own)

        return self._api.call(LIST, parse, query=query, limit=LIST_LIMIT)

    def get_group(self, group_id: str) -> LiveGroup:
        own = self._own()
        if self._storeless:
            found = self._of_a_listing(group_id)
            if isinstance(found, LiveGroup):
                return found

        def parse(answer: Answer) -> LiveGroup:
            return gateway_groups.group(gateway_answers.read(answer), group_id, own)

        return self._api.call(INFO, parse, group_id)

    def _of_a_listing(self, group_id: str) -> LiveGroup | Problem | None:
        """What a listing says of a group, which may serve several: without its store the gateway fetches all
        groups for every question about one, until WhatsApp refuses. One from before our last call about this
        group is none, and while an effect is waited for it has to be a new one."""
        with self._lock:
            changed = self._api.changed.get(group_id)
            begun, listing = self._listed or (-math.inf, None)
            oldest = self._clock.monotonic() - _SERVES
            if changed is not None:
                oldest = max(changed, self._clock.monotonic() - _SERVES_ANEW)
            if listing is None or begun <= oldest:
                listing = self.list_groups()
        return listing.groups.get(group_id)

    def identified(self, live: LiveGroup) -> LiveGroup:
        return live

    def waiting(self, group_id: str) -> tuple[str, ...]:
        return self._api.call(WAITING, answers.waiting, group_id)

    def number_of(self, person: str) -> str | None:
        lid = number.key(person)
        if not lid.endswith("@lid"):
            return number.of_id(person)
        return self._api.call(NUMBER, partial(answers.number_of, lid=lid), lid=lid)

    def get_icon(self, group_id: str, *, fresh: bool = False) -> IconMeta | None:
        return self._api.call(ICON, answers.icon, group_id, query="refresh=true" if fresh else "")

    def fetch_icon(self, icon: IconMeta) -> bytes:
        return self._icons.fetch(icon)


class WahaWriter(GatewayWriter):
    """A `ports.Writer`."""

    domain = "c.us"

    def create_group(self, subject: str, people: Sequence[str] = ()) -> str:
        return self._api.call(CREATE, gateway_answers.created, payload={"name": subject, "participants": []})

    def set_subject(self, group_id: str, subject: str) -> None:
        self._api.call(SET_SUBJECT, gateway_answers.done, group_id, payload={"subject": subject})

    def set_description(self, group_id: str, description: str) -> None:
        self._api.call(SET_DESCRIPTION, gateway_answers.done, group_id, payload={"description": description})

    def set_permission(self, group_id: str, permission: Permission, value: Value) -> None:
        call, key, true = _PERMISSIONS[permission]
        self._api.call(call, answers.permitted, group_id, payload={key: value == true})

    def set_icon(self, group_id: str, data: bytes, mime: str) -> None:
        file = {"mimetype": checked_mime(mime), "data": base64.b64encode(data).decode()}
        self._api.call(SET_ICON, gateway_answers.done, group_id, payload={"file": file})

    def remove_icon(self, group_id: str) -> None:
        self._api.call(REMOVE_ICON, answers.removed, group_id)

    def promote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._api.call(PROMOTE, gateway_answers.done_to, group_id, payload=_people(wa_ids))

    def demote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._api.call(DEMOTE, gateway_answers.done_to_absent, group_id, payload=_people(wa_ids))

    def remove_participants(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._api.call(REMOVE, gateway_answers.done_to_absent, group_id, payload=_people(wa_ids))

    def add_participants(self, group_id: str, ids: Sequence[str]) -> tuple[PersonAnswer, ...]:
        return self._api.call(ADD, gateway_answers.people, group_id, payload=_people(ids))

    def _find(self, digits: str) -> str | None:
        query = urlencode({"phone": digits, "session": self._api.fixed["session"]})
        return self._api.call(FIND, partial(answers.known_as, digits=digits), query=query)

    def refresh_list(self) -> None:
        self._api.call(REFRESH, answers.refreshed)

    def get_link(self, group_id: str) -> str:
        return self._api.call(LINK, gateway_answers.link, group_id)

    def revoke_link(self, group_id: str) -> None:
        self._api.call(REVOKE, gateway_answers.done, group_id)

    def leave(self, group_id: str) -> None:
        self._api.call(LEAVE, gateway_answers.done, group_id)

    def _send(self, chat: str, text: str) -> str:
        payload = {"session": self._api.fixed["session"], "chatId": chat, "text": text}
        return self._api.call(SEND, partial(gateway_answers.sent, to=chat), payload=payload)


def connect(connection: Connection, clock: Clock, tell: Callable[[str], None] = tell_nobody) -> Client:
    """A client for the gateway at `connection.base_url`, whose session is `connection.username`; nothing is
    sent yet. Raises and tells as `sinch.connect`, and raises `NotSent` where a host that has to be private
    cannot be resolved."""
    api, icons = connected(connection, "X-Api-Key", clock, tell)
    reader = WahaReader(api, icons, clock, tell)
    return Client(api, icons, reader, WahaWriter, reader.gateway)


def _people(ids: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    return {"participants": [{"id": each} for each in some_people(map(_person, ids))]}


_person = partial(person_id, domain=WahaWriter.domain)
