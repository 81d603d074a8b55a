"""The calls of the Groups API, each a plain function from a request to an answer (API facts, "Calls")."""

from __future__ import annotations

import itertools
import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .answers import Answer, Refused, json_answer
from .cdn import Cdn
from .group import Group, Message
from .world import World

_MAX_JSON = 1024 * 1024
_MAX_TEXT = 4096
_ONPREM_META = {"api_status": "stable", "version": "2.41.3"}
_SAID_ELSEWHERE = frozenset({"namespace", "elementName", "languageCode", "languagePolicy", "type"})


@dataclass(slots=True)
class Request:
    """One call of the API, its body read."""

    dialect: str
    """``sinch``, ``onprem``, ``waha`` or ``evolution``."""
    body: bytes
    content_type: str
    query: str = ""
    upload: tuple[bytes, str | None] | None = None
    """The file of a multipart body, or of the address in a gateway's, and its declared type."""
    summary: dict[str, Any] = field(default_factory=dict)
    """Filled in by the call: what the log of calls shows of the body."""
    seconds: float = 0.0
    """Filled in by the call: how long it takes by itself."""

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Refused (400, code 1009) for anything else."""
        if len(self.body) > _MAX_JSON:
            raise Refused(400, 1009, "The body is too large")
        try:
            value = json.loads(self.body)
            # A lone surrogate passes as JSON but is no text that could be stored or sent on.
            json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise Refused(400, 1009, "The body is not JSON") from error
        if not isinstance(value, dict):
            raise Refused(400, 1009, "The body is not a JSON object")
        return value


class Calls:
    """Every call, by method and path. The account asks: it must be a participant, and mostly an admin."""

    def __init__(self, world: World, cdn: Cdn) -> None:
        self._world = world
        self._cdn = cdn
        self._account = world.account
        self._writes = itertools.count()
        self._routes: dict[str, dict[str, Callable[[Request, str], Answer]]] = {
            "groups": {"POST": self._create, "GET": self._list},
            "group": {"GET": self._info, "PUT": self._rename},
            "invite": {"GET": self._invite, "DELETE": self._revoke},
            "participants": {"DELETE": self._remove},
            "leave": {"POST": self._leave},
            "icon": {"POST": self._set_icon, "GET": self._icon, "DELETE": self._drop_icon},
            "admins": {"PATCH": self._promote, "DELETE": self._demote},
            "send": {"POST": self._send},
        }

    def answer(self, request: Request, method: str, path: str) -> Answer:
        """Make the call. `path` is what follows ``/v1/whatsapp`` or ``/v1``. Raises Refused."""
        parts = path.split("/")[1:]
        match parts:
            case ["groups"]:
                kind, group_id = "groups", ""
            case ["groups", group_id] if group_id:
                kind = "group"
            case ["groups", group_id, ("invite" | "participants" | "leave" | "icon" | "admins") as kind]:
                pass
            case ["send"] if request.dialect == "sinch":
                kind, group_id = "send", ""
            case _:
                raise Refused(404, 1006, "No such call")
        handler = self._routes[kind].get(method)
        if handler is None:
            raise Refused(405, 1000, f"{method} is not a method of this call")
        return handler(request, group_id)

    # What the account may see and do

    def _lag(self) -> float:
        return self._world.settings.options.lag

    def _seen(self, group_id: str) -> Group:
        group = self._world.store.seen(group_id, self._lag())
        if group is None or self._account not in group.participants:
            raise Refused(404, 1012, "Group unknown")
        return group

    def _member(self, group_id: str) -> Group:
        group = self._world.store.get(group_id)
        if group is None or self._account not in group.participants:
            raise Refused(404, 1012, "Group unknown")
        return group

    def _admin(self, group_id: str) -> Group:
        group = self._member(group_id)
        if self._account not in group.admins:
            raise Refused(403, 1005, "Only an admin of the group may do this")
        return group

    # Calls

    def _create(self, request: Request, _: str) -> Answer:
        group = self._world.create(self._subject(request), self._account)
        made = {"creation_time": group.creation_time, "id": group.id}
        return self._groups(request, [made])

    def _list(self, request: Request, _: str) -> Answer:
        seen = self._world.store.seen_groups(self._lag())
        return self._groups(
            request,
            [{"id": group.id} for group in seen if self._account in group.participants and not group.hidden],
        )

    def _info(self, request: Request, group_id: str) -> Answer:
        group = self._seen(group_id)
        info = {
            "admins": group.admins,
            "creation_time": group.creation_time,
            "creator": group.creator,
            "id": group.id,
            "participants": group.participants,
            "subject": group.subject,
        }
        return self._groups(request, [info])

    def _rename(self, request: Request, group_id: str) -> Answer:
        group = self._admin(group_id)
        self._world.rename(group, self._subject(request), by=self._account)
        return self._done()

    def _invite(self, request: Request, group_id: str) -> Answer:
        seen = self._seen(group_id)
        if self._account not in seen.admins:
            raise Refused(403, 1005, "Only an admin of the group may do this")
        if seen.invite is None:
            seen = self._world.invite(self._admin(group_id))
        return self._groups(request, [{"link": seen.link}])

    def _revoke(self, _: Request, group_id: str) -> Answer:
        self._world.revoke(self._admin(group_id), by=self._account)
        return self._done()

    def _remove(self, request: Request, group_id: str) -> Answer:
        group = self._admin(group_id)
        people = self._people(request)
        if group.creator in people or self._account in people:
            raise Refused(400, 1009, "Neither the creator nor the account itself can be removed")
        self._world.remove(group, people)
        return self._done()

    def _leave(self, _: Request, group_id: str) -> Answer:
        self._world.leave(self._member(group_id), self._account)
        return self._done()

    def _set_icon(self, request: Request, group_id: str) -> Answer:
        group = self._admin(group_id)
        data, declared = request.upload or (request.body, request.content_type or "nothing")
        request.summary["icon"] = {"bytes": len(data), "type": declared}
        self._world.set_icon(group, data, declared, by=self._account)
        return self._done()

    def _icon(self, request: Request, group_id: str) -> Answer:
        icon = self._seen(group_id).icon
        if icon is None:
            raise Refused(404, 1006, "The group has no icon")
        if request.dialect == "onprem":
            mime, data = self._world.store.icon_bytes(icon.path) or (icon.mime, b"")
            return Answer(200, data, mime)
        extra = {"public": True, "Content-Type": icon.mime, "Content-Length": str(icon.size)}
        body = {"type": "URL", "mimeType": icon.mime, "fileName": icon.file_name, "extraData": extra}
        return json_answer({**body, "data": self._cdn.url(icon)})

    def _drop_icon(self, _: Request, group_id: str) -> Answer:
        self._world.drop_icon(self._admin(group_id), by=self._account)
        return self._done()

    def _promote(self, request: Request, group_id: str) -> Answer:
        group = self._admin(group_id)
        self._world.promote(group, self._people(request))
        return self._done()

    def _demote(self, request: Request, group_id: str) -> Answer:
        group = self._admin(group_id)
        self._world.demote(group, self._people(request))
        return self._done()

    def _send(self, request: Request, _: str) -> Answer:
        body = request.json()
        text, template = _message(body.get("message"))
        destinations = body.get("destinations")
        if not (
            isinstance(destinations, list) and destinations and all(isinstance(d, dict) for d in destinations)
        ):
            raise Refused(400, 1009, "destinations: a list of objects, not empty")
        request.summary["send"] = {"destinations": [d.get("destination") for d in destinations], "text": text}
        messages: list[Message] = []
        answered: list[dict[str, Any]] = []
        for destination in destinations:
            chat, correlation_id = destination.get("destination"), destination.get("correlationId")
            if not isinstance(chat, str) or not isinstance(correlation_id, str | None):
                raise Refused(400, 1009, "destination and correlationId: text")
            if destination.get("recipientType") == "group":
                self._member(chat)
            elif not re.fullmatch(r"[0-9]{5,20}", chat):
                raise Refused(400, 1013, "destination: a number, digits only, or recipientType group")
            kept = Message(0, time.time(), "sent", chat, self._account, text, template, correlation_id)
            messages.append(kept)
            answered.append(
                {"id": str(uuid.uuid4()), "correlationId": correlation_id or "", "destination": chat}
            )
        self._world.deliver(tuple(messages))
        return json_answer({"id": str(uuid.uuid4()), "destinations": answered})

    # Bodies

    def _subject(self, request: Request) -> str:
        subject = request.json().get("subject")
        request.summary["subject"] = subject
        limit = self._world.settings.options.subject_limit
        if not isinstance(subject, str) or not subject.strip() or len(subject) > limit:
            raise Refused(400, 1009, f"subject: text of 1 to {limit} characters")
        return subject

    def _people(self, request: Request) -> list[str]:
        body = request.json()
        # The proxy takes both spellings, the on-premises API only its own.
        people = body.get("wa_ids", body.get("waIds") if request.dialect == "sinch" else None)
        request.summary["waIds"] = people
        if not (isinstance(people, list) and people and all(isinstance(person, str) for person in people)):
            raise Refused(400, 1009, "waIds: a list of numbers, not empty")
        return people

    def _groups(self, request: Request, groups: list[dict[str, Any]]) -> Answer:
        meta = {"meta": _ONPREM_META} if request.dialect == "onprem" else {}
        return json_answer({"groups": groups, **meta})

    def _done(self) -> Answer:
        style = self._world.settings.options.empty_answers
        empty = style == "object" or (style == "mixed" and next(self._writes) % 2 == 1)
        return Answer(200, b"{}" if empty else b"null")


def _message(message: Any) -> tuple[str, str | None]:
    """What is shown of a message, and its template's own JSON."""
    template = message.get("template") if isinstance(message, dict) else None
    if isinstance(template, dict) and isinstance(template.get("elementName"), str):
        said = " · ".join(_texts(template))
        return f"{template['elementName']}: {said}" if said else template["elementName"], json.dumps(template)
    text = message.get("messageText") if isinstance(message, dict) else None
    if not isinstance(text, str) or not text.strip() or len(text) > _MAX_TEXT:
        raise Refused(
            400, 1009, f"message: messageText of 1 to {_MAX_TEXT} characters, or a template with elementName"
        )
    return text, None


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() if key not in _SAID_ELSEWHERE for text in _texts(item)]
    return []
