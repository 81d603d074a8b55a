"""WAHA's dialect: the calls under ``/api`` that a tool for groups needs, on the same world as the others.

Every answer is as the API facts have it, oddities too: lists and groups as the engine shows them, writes that
answer nothing or ``true``, codes as bare text, and a 500 for everything that the engine will not do.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import re
import time
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import pictures
from .answers import Answer, Refused, json_answer
from .calls import Request
from .cdn import PICTURES, Cdn
from .faults import FaultTable
from .group import Group, Message, Permissions, lid_of
from .options import Options
from .waha_shapes import View, environment, me, view
from .world import World

PREFIX = "/api/"
_SUBJECT_LIMIT = 100
_DESCRIPTION_LIMIT = 2048
_LIDS = 100
_PERSON = re.compile(r"([0-9]{5,20})(?::[0-9]+)?(?:@(c\.us|s\.whatsapp\.net|lid))?")
_SETTINGS = {
    "info-admin-only": ("edit_info", "adminsOnly", "admins", "everyone"),
    "messages-admin-only": ("send_messages", "adminsOnly", "admins", "everyone"),
    "member-add-mode": ("add_members", "membersCanAddNewMember", "everyone", "admins"),
    "membership-approval": ("approve_members", "newMembersApprovalRequired", True, False),
}
"""Of each setting: the permission, the key in bodies, and what true and false stand for."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: its request, the view that it is answered with, and the group it is about."""

    request: Request
    view: View
    query: dict[str, str]
    session: str = ""
    group_id: str = ""

    def body(self) -> dict[str, Any]:
        """The body. Raises Refused (422) for what is no JSON object."""
        try:
            return self.request.json()
        except Refused as refused:
            raise Refused(422, 0, refused.details) from None


class Waha:
    """Every call of the dialect, by method and path."""

    def __init__(self, world: World, cdn: Cdn, faults: FaultTable, base_url: str) -> None:
        self._world = world
        self._store = world.store
        self._cdn = cdn
        self._faults = faults
        self._base_url = base_url
        self._account = world.account
        self._writes = itertools.count()
        self._codes = itertools.count()
        self._pictures: dict[str, str | None] = {}

    def answer(self, request: Request, method: str, path: str, shows: frozenset[str]) -> Answer:
        """Make the call. `path` is the whole one, percent-encoded. Raises Refused."""
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        call = _Call(request, view(self._world, shows), query)
        parts = [unquote(part) for part in path.removeprefix(PREFIX).split("/")]
        match (method, *parts):
            case ("GET", "server", "version") | ("GET", "version"):
                return json_answer(environment(self._world.settings))
            case ("GET", "sessions", session):
                return self._session(session)
            case ("GET", "sessions", _, ("me" | "capping" | "timelock") as what):
                self._check_working()
                return self._about_me(what)
            case ("GET", "contacts", "check-exists"):
                self._check_working()
                return self._check_exists(call)
            case ("POST", "sendText"):
                self._check_working()
                return self._send_text(call)
            case (_, session, "lids", *rest):
                self._check_working()
                return self._lids(call, method, rest)
            case (_, session, "groups", *rest):
                self._check_working()
                return self._groups(call, method, session, rest)
            case _:
                raise Refused(404, 0, f"Cannot {method} {path}")

    @property
    def _options(self) -> Options:
        return self._world.settings.options

    # The session

    def _check_working(self) -> None:
        if self._options.session_status != "WORKING":
            raise Refused(422, 0, "Session status is not as expected. Try again later or restart the session")

    def _session(self, session: str) -> Answer:
        status = self._options.session_status
        noweb = {"markOnline": True, "store": {"enabled": self._options.noweb_store, "fullSync": False}}
        info = {
            "name": session,
            "status": status,
            "config": {"noweb": noweb} if self._options.engine == "NOWEB" else {},
            "me": me(self._world) if status == "WORKING" else None,
            "engine": {"engine": self._options.engine},
            "presence": {},
            "timestamps": {"activity": int(time.time() * 1000)},
        }
        return json_answer(info)

    def _about_me(self, what: str) -> Answer:
        now = int(time.time())
        if what == "me":
            return json_answer(me(self._world))
        if what == "timelock":
            until = self._options.timelock
            active = until is not None and until > now
            kind = "RESTRICT_ALL_COMPANIONS" if active else "DEFAULT"
            ends = until if active else 0
            return json_answer({"isActive": active, "timeEnforcementEnds": ends, "enforcementType": kind})
        status = self._options.capping
        used = {"NONE": 0, "FIRST_WARNING": 640, "SECOND_WARNING": 900}.get(status, 1000)
        quota = {"totalQuota": -1 if status == "NONE" else 1000, "usedQuota": used}
        cycle = {"cycleStart": now - 86_400, "cycleEnd": now + 29 * 86_400}
        unused = {"mvStatus": "NOT_ELIGIBLE", "oteStatus": "NOT_ELIGIBLE"}
        return json_answer({"cappingStatus": status, **quota, **cycle, **unused})

    # People

    def _check_exists(self, call: _Call) -> Answer:
        found = _PERSON.fullmatch(call.query.get("phone", ""))
        if found is None:
            raise Refused(422, 0, "phone: a number")
        number = self._world.known(found[1])
        if not self._world.has_account(number):
            return json_answer({"numberExists": False})
        if call.view.hides(number):
            shown = {"chatId": f"{lid_of(number)}@lid", "pn": call.view.number(number)}
            return json_answer({"numberExists": True, **shown})
        return json_answer({"numberExists": True, "chatId": f"{number}@c.us"})

    def _lids(self, call: _Call, method: str, rest: list[str]) -> Answer:
        if method != "GET":
            raise Refused(404, 0, f"Cannot {method} lids")
        if self._options.engine == "NOWEB" and not self._options.noweb_store:
            raise Refused(
                400, 0, "Enable NOWEB store 'config.noweb.store.enabled=True' before the session starts"
            )
        known = self._known()
        match rest:
            case []:
                entries = [{"lid": f"{lid}@lid", "pn": f"{number}@c.us"} for lid, number in known.items()]
                return json_answer(_page(entries, call.query, _LIDS))
            case ["count"]:
                return json_answer({"count": len(known)})
            case ["pn", phone]:
                number = phone.partition("@")[0].partition(":")[0]
                lid = lid_of(number)
                told = lid in known and "null" not in call.view.shows
                return json_answer({"lid": f"{lid}@lid" if told else None, "pn": f"{number}@c.us"})
            case [lid]:
                lid = lid.partition("@")[0].partition(":")[0]
                found = None if "null" in call.view.shows else known.get(lid)
                return json_answer({"lid": f"{lid}@lid", "pn": None if found is None else f"{found}@c.us"})
            case _:
                raise Refused(404, 0, "Cannot GET lids")

    def _known(self) -> dict[str, str]:
        """Everybody whom the account has to do with: numbers by hidden id."""
        numbers = {self._account}
        for group in self._store.groups():
            if self._account in group.participants:
                numbers.update(group.participants, (entry.number for entry in group.waiting))
        return {lid_of(number): number for number in sorted(numbers)}

    def _number(self, given: Any) -> str:
        """The number that an id means; what WhatsApp cannot make out stays a text that nobody has."""
        found = _PERSON.fullmatch(given) if isinstance(given, str) else None
        if found is None:
            raise Refused(422, 0, "a person's id is a number with @c.us, or a hidden id with @lid")
        return self._known().get(found[1], f"lid {found[1]}") if found[2] == "lid" else found[1]

    def _people(self, call: _Call, *, empty: bool = False) -> dict[str, str]:
        """The people of a body: number and the id that was given, in order."""
        given = call.body().get("participants")
        call.request.summary["participants"] = given
        if not isinstance(given, list) or not (given or empty):
            raise Refused(422, 0, "participants: a list, not empty")
        if not all(isinstance(person, dict) for person in given):
            raise Refused(422, 0, "participants: objects with an id")
        return {self._number(person.get("id")): person["id"] for person in given}

    # Messages

    def _send_text(self, call: _Call) -> Answer:
        body = call.body()
        chat, text = body.get("chatId"), body.get("text")
        if not all(isinstance(value, str) and value for value in (chat, text, body.get("session"))):
            raise Refused(422, 0, "session, chatId and text: text, not empty")
        call.request.summary["send"] = {"destinations": [chat], "text": text}
        reached = True
        if str(chat).endswith("@g.us"):
            group = self._group(str(chat))
            if group.permissions.send_messages == "admins" and self._account not in group.admins:
                raise Refused(500, 0, "forbidden")
            place = group.id
        else:
            place = self._number(chat)
            self._check_limits(place)
            reached = self._world.has_account(place)
        now = time.time()
        if reached:  # who has no account gets nothing, and no error tells
            self._world.deliver((Message(0, now, "sent", place, self._account, str(text)),))
        own = f"{self._account}@c.us"
        sent = {
            "id": f"true_{chat}_{uuid.uuid4().hex.upper()[:20]}",
            "timestamp": int(now),
            "from": own,
            "fromMe": True,
            "source": "api",
            "to": chat,
            "participant": own,
            "body": text,
            "hasMedia": False,
            "mediaUrl": "",
            "ack": 1 if reached else 0,
            "ackName": "SERVER" if reached else "PENDING",
        }
        return json_answer(sent, 201)

    def _check_limits(self, number: str) -> None:
        """Refuse to begin a conversation where WhatsApp has put a limit on that."""
        if any(message.kind == "received" for message in self._store.messages(number)):
            return
        until = self._options.timelock
        if until is not None and until > time.time():
            raise Refused(500, 0, "server returned error 463")
        if self._options.capping == "CAPPED":
            raise Refused(500, 0, "server returned error 475")

    # Groups

    def _groups(self, call: _Call, method: str, session: str, rest: list[str]) -> Answer:
        match (method, *rest):
            case ("GET",):
                people = "participants" not in call.query.get("exclude", "")
                return json_answer(call.view.groups(self._listed(call), people=people))
            case ("POST",):
                return self._create(call)
            case ("GET", "count"):
                return json_answer({"count": call.view.size(len(self._all(call.view)))})
            case ("POST", "refresh"):
                if not self._store.dry:
                    self._faults.refreshed()
                return json_answer({"success": True}, 201)
            case ("POST", "join"):
                return self._join(call)
            case ("GET", "join-info"):
                group = self._invited(call.query.get("code", ""))
                return json_answer(call.view.group(group, people=False))
            case (_, group_id, *what) if group_id:
                about = _Call(call.request, call.view, call.query, session, group_id)
                handler = self._handlers().get((method, "/".join(what)))
                if handler is not None:
                    return handler(about)
                if what[:2] == ["settings", "security"] and what[2:] and what[2] in _SETTINGS:
                    return self._setting(about, method, what[2])
            case _:
                pass
        raise Refused(404, 0, f"Cannot {method} {PREFIX}{session}/groups")

    def _handlers(self) -> dict[tuple[str, str], Callable[[_Call], Answer]]:
        return {
            ("GET", ""): self._get,
            ("PUT", "subject"): self._set_subject,
            ("PUT", "description"): self._set_description,
            ("GET", "picture"): self._picture,
            ("PUT", "picture"): self._set_picture,
            ("DELETE", "picture"): self._drop_picture,
            ("GET", "invite-code"): self._invite,
            ("POST", "invite-code/revoke"): self._revoke,
            ("GET", "participants"): self._members,
            ("GET", "participants/v2"): self._members_v2,
            ("POST", "participants/add"): self._add,
            ("POST", "participants/remove"): self._remove,
            ("POST", "admin/promote"): self._promote,
            ("POST", "admin/demote"): self._demote,
            ("GET", "participants/join-requests"): self._requests,
            ("POST", "participants/join-requests/approve"): self._approve,
            ("POST", "participants/join-requests/reject"): self._reject,
            ("POST", "leave"): self._leave,
        }

    def _all(self, view: View) -> list[Group]:
        if "none" in view.shows:
            return []
        seen = self._store.seen_groups(self._options.lag)
        groups = [group for group in seen if self._account in group.participants and not group.hidden]
        return groups[:-1] if "short" in view.shows else groups

    def _listed(self, call: _Call) -> list[Group]:
        groups = self._all(call.view)
        by = call.query.get("sortBy")
        if by is not None:
            reverse = call.query.get("sortOrder") == "desc"
            groups.sort(key=lambda group: group.subject if by == "subject" else group.id, reverse=reverse)
        return _page(groups, call.query, None)

    def _group(self, given: str, *, seen: bool = False) -> Group:
        """A group with the account in it, as it is or as it is seen. Raises Refused (500)."""
        group_id = given.removesuffix("@g.us")
        lag = self._options.lag if seen else 0.0
        group = self._store.seen(group_id, lag) if given.endswith("@g.us") else None
        if group is None or self._account not in group.participants:
            raise Refused(500, 0, "item-not-found")
        return group

    def _admin(self, call: _Call) -> Group:
        group = self._group(call.group_id)
        if self._account not in group.admins:
            raise Refused(500, 0, "forbidden")
        return group

    def _editable(self, call: _Call) -> Group | None:
        """The group, or None where only admins may change what it is called and looks like."""
        group = self._group(call.group_id)
        allowed = group.permissions.edit_info == "everyone" or self._account in group.admins
        return group if allowed else None

    def _get(self, call: _Call) -> Answer:
        return json_answer(call.view.group(self._group(call.group_id, seen=True)))

    def _create(self, call: _Call) -> Answer:
        name = call.body().get("name")
        call.request.summary["subject"] = name
        people = self._people(call, empty=True)
        if not isinstance(name, str) or not name.strip() or len(name) > _SUBJECT_LIMIT:
            raise Refused(400, 0, f"name: text of 1 to {_SUBJECT_LIMIT} characters")
        group = self._world.create(name, self._account)
        if people:
            group, _ = self._world.add(group, list(people))
        return json_answer(call.view.group(group), 201)

    def _set_subject(self, call: _Call) -> Answer:
        subject = call.body().get("subject")
        call.request.summary["subject"] = subject
        if not isinstance(subject, str) or not subject.strip() or len(subject) > _SUBJECT_LIMIT:
            raise Refused(400, 0, f"subject: text of 1 to {_SUBJECT_LIMIT} characters")
        group = self._editable(call)
        if group is None:
            return json_answer(False)
        self._world.rename(group, subject, by=self._account)
        return self._done()

    def _set_description(self, call: _Call) -> Answer:
        text = call.body().get("description")
        call.request.summary["description"] = text
        if not isinstance(text, str) or len(text) > _DESCRIPTION_LIMIT:
            raise Refused(422, 0, f"description: text of at most {_DESCRIPTION_LIMIT} characters")
        group = self._editable(call)
        if group is None:
            return json_answer(False)
        self._world.describe(group, text, by=self._account)
        return self._done()

    def _setting(self, call: _Call, method: str, name: str) -> Answer:
        permission, key, when_true, when_false = _SETTINGS[name]
        if method == "GET":
            group = self._group(call.group_id, seen=True)
            return json_answer({key: getattr(group.permissions, permission) == when_true})
        if method != "PUT":
            raise Refused(404, 0, f"Cannot {method} {name}")
        value = call.body().get(key)
        call.request.summary[name] = value
        if not isinstance(value, bool):
            raise Refused(422, 0, f"{key} must be a boolean value")
        group = self._admin(call)
        chosen: Permissions = group.permissions.changed({permission: when_true if value else when_false})
        self._world.permit(group, chosen, by=self._account)
        return json_answer(True) if name == "member-add-mode" else self._done()

    # Pictures

    def _picture(self, call: _Call) -> Answer:
        icon = self._group(call.group_id, seen=True).icon
        fresh = None if icon is None else self._cdn.url(icon, f"{self._base_url}{PICTURES}")
        refresh = call.query.get("refresh", "").lower() == "true"
        if "cached" in call.view.shows and not refresh:
            fresh = self._pictures.setdefault(call.group_id, fresh)
        else:
            self._pictures[call.group_id] = fresh
        return json_answer({"url": None if "null" in call.view.shows else fresh})

    def _set_picture(self, call: _Call) -> Answer:
        file = call.body().get("file")
        if call.request.upload is not None:
            data = call.request.upload[0]
        elif isinstance(file, dict) and isinstance(file.get("data"), str):
            try:
                data = base64.b64decode(file["data"], validate=True)
            except binascii.Error:
                raise Refused(500, 0, "Input buffer contains unsupported image format") from None
        else:
            raise Refused(422, 0, "file: an object with mimetype and url, or mimetype and data in base64")
        call.request.summary["icon"] = {"bytes": len(data), "type": file.get("mimetype") if file else None}
        group = self._editable(call)
        if group is None:
            return json_answer({"success": False})
        try:
            self._world.set_icon(group, data, None, by=self._account)
        except Refused as refused:
            raise Refused(500, 0, refused.details) from None
        return json_answer({"success": True})

    def _drop_picture(self, call: _Call) -> Answer:
        group = self._editable(call)
        if group is not None and group.icon is not None:
            self._world.drop_icon(group, by=self._account)
        return json_answer({"success": group is not None})

    # Invite links

    def _invite(self, call: _Call) -> Answer:
        return self._code(self._world.invite(self._admin(call)).invite)

    def _revoke(self, call: _Call) -> Answer:
        group = self._world.revoke(self._admin(call), by=self._account)
        return self._code(self._world.invite(group).invite)

    def _code(self, code: str | None) -> Answer:
        if self._choose(self._codes):
            return json_answer(code)
        return Answer(200, (code or "").encode(), "text/html; charset=utf-8")

    def _invited(self, code: str) -> Group:
        group = self._store.find_invite(code.rpartition("/")[2])
        if group is None:
            raise Refused(500, 0, "item-not-found")
        return group

    def _join(self, call: _Call) -> Answer:
        group = self._world.join(self._invited(str(call.body().get("code", ""))), [self._account])
        return json_answer({"id": f"{group.id}@g.us"})

    def _leave(self, call: _Call) -> Answer:
        self._world.leave(self._group(call.group_id), self._account)
        return self._done()

    # People of a group

    def _members(self, call: _Call) -> Answer:
        group = self._group(call.group_id, seen=True)
        shown = call.view.group(group)
        return json_answer(shown.get("participants", shown.get("Participants")))

    def _members_v2(self, call: _Call) -> Answer:
        return json_answer(call.view.participants(self._group(call.group_id, seen=True)))

    def _add(self, call: _Call) -> Answer:
        people = self._people(call)
        group = self._group(call.group_id)
        if group.permissions.add_members == "admins" and self._account not in group.admins:
            raise Refused(500, 0, "forbidden")
        _, answers = self._world.add(group, list(people))
        return self._outcomes(call, people, answers)

    def _remove(self, call: _Call) -> Answer:
        people, group = self._people(call), self._admin(call)
        untouchable = {group.creator, self._account}
        answers = _answers(people, group.participants, untouchable)
        self._world.remove(group, [number for number, status in answers.items() if status == 200])
        return self._outcomes(call, people, answers)

    def _promote(self, call: _Call) -> Answer:
        people, group = self._people(call), self._admin(call)
        answers = _answers(people, group.participants)
        self._world.promote(group, [number for number, status in answers.items() if status == 200])
        return self._outcomes(call, people, answers)

    def _demote(self, call: _Call) -> Answer:
        people, group = self._people(call), self._admin(call)
        answers = _answers(people, group.participants, {group.creator})
        self._world.demote(group, [number for number, status in answers.items() if status == 200])
        return self._outcomes(call, people, answers)

    def _outcomes(self, call: _Call, people: dict[str, str], answers: dict[str, int]) -> Answer:
        return json_answer(
            [call.view.outcome(number, people[number], status) for number, status in answers.items()]
        )

    def _requests(self, call: _Call) -> Answer:
        group = self._admin(call)
        return json_answer([call.view.waiting(group, entry) for entry in group.waiting])

    def _approve(self, call: _Call) -> Answer:
        return self._decide(call, let_in=True)

    def _reject(self, call: _Call) -> Answer:
        return self._decide(call, let_in=False)

    def _decide(self, call: _Call, *, let_in: bool) -> Answer:
        people, group = self._people(call), self._admin(call)
        _, waited = self._world.decide(group, list(people), let_in)
        return json_answer(
            [
                {"requesterId": people[number], "success": done, **({} if done else {"error": 404})}
                for number, done in waited.items()
            ]
        )

    # Bodies

    def _done(self) -> Answer:
        return json_answer(True) if self._choose(self._writes) else Answer(200, b"", None)

    def _choose(self, counter: itertools.count[int]) -> bool:
        """Whether this answer has a JSON body: by the option, or in turn."""
        style = self._options.empty_answers
        return style == "object" or (style == "mixed" and next(counter) % 2 == 1)


def _answers(
    people: dict[str, str], inside: tuple[str, ...], untouchable: set[str] | None = None
) -> dict[str, int]:
    """What is answered of each person: not in the group, not to be touched, or done."""
    return {
        number: 404 if number not in inside else 406 if number in (untouchable or ()) else 200
        for number in people
    }


def _page(entries: list[Any], query: dict[str, str], limit: int | None) -> list[Any]:
    """The page that `limit` and `offset` ask for. Raises Refused (422)."""
    try:
        offset, size = int(query.get("offset", 0)), int(query.get("limit", limit or len(entries)))
    except ValueError:
        raise Refused(422, 0, "limit and offset: whole numbers") from None
    return entries[offset : offset + size]


def remote_picture(body: bytes) -> str | None:
    """The address of the picture in a body, if it has one."""
    try:
        file = json.loads(body)["file"]
        return str(file["url"]) if "data" not in file else None
    except (ValueError, KeyError, TypeError):
        return None


def fetched(url: str) -> bytes:
    """A picture from this machine, which is all that a sandbox fetches. Raises Refused (500)."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost"):
        raise Refused(500, 0, "the sandbox fetches pictures from this machine alone")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return bytes(answer.read(pictures.MAX_BYTES + 1))
    except OSError as failed:
        raise Refused(500, 0, f"Request failed: {failed}") from None
