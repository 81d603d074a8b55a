"""The control API's server side: what tests look at and change, as JSON under ``/_sandbox/``."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, get_args

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .answers import Refused
from .faults import FaultTable, parse_fault
from .group import Group, Kind, Message, Permissions, Person, lid_of
from .inbox import Inbox
from .log import CallLog
from .settings import CHANGEABLE, Settings
from .store import Store
from .webhooks import POSTED
from .wire import TooLarge, read_body
from .world import World

HEADER = "x-sandbox-control"
_MAX_BODY = 16 * 1024 * 1024
_MAX_SEEDED = 20_000

Endpoint = Callable[[Request], Awaitable[Response]]


class BadRequest(Exception):
    """The request to the control API is wrong; its text says what would be right."""


class ControlApp:
    """Builds the Starlette application. Every endpoint asks for the header ``X-Sandbox-Control: 1``.

    A page of another origin cannot send that header without a CORS preflight, which nothing here answers.
    """

    def __init__(
        self, world: World, settings: Settings, faults: FaultTable, log: CallLog, inbox: Inbox
    ) -> None:
        self._world = world
        self._store: Store = world.store
        self._settings = settings
        self._faults = faults
        self._log = log
        self._inbox = inbox
        self.routes = [
            self._route("/_sandbox/calls", self._calls, "GET"),
            self._route("/_sandbox/calls", self._clear_calls, "DELETE"),
            self._route("/_sandbox/groups", self._groups, "GET"),
            self._route("/_sandbox/groups", self._seed, "POST"),
            self._route("/_sandbox/groups/{id}/icon", self._set_icon, "POST"),
            self._route("/_sandbox/groups/{id}/icon", self._drop_icon, "DELETE"),
            self._route("/_sandbox/groups/{id}/{verb}", self._change, "POST"),
            self._route("/_sandbox/people/{number}/messages", self._person_writes, "POST"),
            self._route("/_sandbox/people/{number}", self._person, "PUT"),
            self._route("/_sandbox/people", self._people, "GET"),
            self._route("/_sandbox/messages", self._messages, "GET"),
            self._route("/_sandbox/deliveries", self._deliveries, "GET"),
            self._route("/_sandbox/webhooks", self._webhooks, "GET"),
            self._route("/_sandbox/faults", self._list_faults, "GET"),
            self._route("/_sandbox/faults", self._add_faults, "POST"),
            self._route("/_sandbox/faults", self._clear_faults, "DELETE"),
            self._route("/_sandbox/options", self._options, "GET"),
            self._route("/_sandbox/options", self._change_options, "PATCH"),
        ]
        self.app = Starlette(routes=self.routes)

    def _route(self, path: str, endpoint: Endpoint, method: str) -> Route:
        async def guarded(request: Request) -> Response:
            if request.headers.get(HEADER) != "1":
                return JSONResponse({"error": f"send the header {HEADER}: 1"}, 403)
            try:
                return await endpoint(request)
            except BadRequest as error:
                return JSONResponse({"error": str(error)}, 400)
            except Refused as refused:
                return JSONResponse({"error": refused.details, "code": refused.code}, refused.status)

        return Route(path, guarded, methods=[method])

    # Looking

    async def _calls(self, _: Request) -> Response:
        return JSONResponse(self._log.as_json())

    async def _clear_calls(self, _: Request) -> Response:
        self._log.clear()
        return JSONResponse({})

    async def _groups(self, _: Request) -> Response:
        return JSONResponse({"groups": self._wholes(self._store.groups())})

    async def _messages(self, _: Request) -> Response:
        return JSONResponse({"messages": [asdict(m) for m in self._store.messages() if m.kind != "notice"]})

    async def _deliveries(self, _: Request) -> Response:
        return JSONResponse({"deliveries": self._inbox.as_json()})

    async def _webhooks(self, request: Request) -> Response:
        dialect = request.query_params.get("dialect", "waha")
        if dialect not in POSTED:
            raise BadRequest(f"dialect: one of {', '.join(POSTED)}")
        return JSONResponse({"webhooks": POSTED[dialect](self._world)})

    async def _list_faults(self, _: Request) -> Response:
        listed = [{"fault": str(fault), "matched": count} for fault, count in self._faults.listed()]
        return JSONResponse({"faults": listed})

    async def _options(self, _: Request) -> Response:
        return JSONResponse({name: getattr(self._settings.options, name) for name in sorted(CHANGEABLE)})

    # Changing

    async def _seed(self, request: Request) -> Response:
        body = await _json(request)
        subject = _text(body, "subject")
        count = body.get("count", 1)
        if not isinstance(count, int) or not 1 <= count <= _MAX_SEEDED:
            raise BadRequest(f"count: a whole number from 1 to {_MAX_SEEDED}")
        creation_time = body.get("creation_time")
        if not isinstance(creation_time, int | None):
            raise BadRequest("creation_time: Unix seconds")
        account = self._world.account
        creator = _numbers(body, "creator", [account], single=True)[0]
        place = body.get("account", "admin" if creator == account else "member")
        if place not in ("admin", "member", "absent") or (creator == account and place != "admin"):
            raise BadRequest("account: admin, member or absent; its own groups' creator is their admin")
        participants = [] if place == "absent" else [account]
        participants += _numbers(body, "participants", [])
        admins = _numbers(body, "admins", []) + ([account] if place == "admin" else [])
        if count > 1 and "{n}" not in subject:
            subject += " {n}"
        subjects = [subject.replace("{n}", str(n)) for n in range(1, count + 1)] if count > 1 else [subject]
        picture = (_picture(body, "icon"), None) if "icon" in body else None
        more: dict[str, Any] = {name: body[name] for name in ("description", "parent") if name in body}
        more["kind"] = _kind(body)
        if "permissions" in body:
            more["permissions"] = _permissions(Permissions(), body)
        groups = self._world.seed(subjects, creator, participants, admins, picture, creation_time, **more)
        return JSONResponse({"groups": self._wholes(groups)})

    async def _change(self, request: Request) -> Response:
        group, body = self._group(request), await _json(request)
        match request.path_params["verb"]:
            case "join":
                group = self._world.join(group, _numbers(body, "numbers"))
            case "approve" | "reject" as verb:
                group, _ = self._world.decide(group, _numbers(body, "numbers"), verb == "approve")
            case "description":
                group = self._world.describe(group, str(body.get("description") or ""), by=group.creator)
            case "permissions":
                group = self._world.permit(group, _permissions(group.permissions, body), by=group.creator)
            case "place":
                group = self._world.place(group, _kind(body), body.get("parent"))
            case "remove":
                group = self._world.remove(group, _numbers(body, "numbers"))
            case "promote":
                group = self._world.promote(group, _numbers(body, "numbers"))
            case "demote":
                group = self._world.demote(group, _numbers(body, "numbers"))
            case "leave":
                for number in _numbers(body, "numbers"):
                    group = self._world.leave(group, number)
            case "subject":
                group = self._world.rename(group, _text(body, "subject"), by=group.creator)
            case "hide":
                if not isinstance(body.get("hidden"), bool):
                    raise BadRequest("hidden: true or false")
                group = self._world.hide(group, body["hidden"])
            case "invite":
                group = self._world.invite(group)
            case "revoke":
                group = self._world.revoke(group, by=group.creator)
            case "message":
                self._world.write(_numbers(body, "number", single=True)[0], _text(body, "text"), group)
            case verb:
                raise BadRequest(f"{verb[:40]} is nothing that can be done to a group")
        return JSONResponse(self._whole(group))

    async def _set_icon(self, request: Request) -> Response:
        group, body = self._group(request), await _json(request)
        return JSONResponse(
            self._whole(self._world.set_icon(group, _picture(body, "icon"), None, by=group.creator))
        )

    async def _drop_icon(self, request: Request) -> Response:
        group = self._group(request)
        return JSONResponse(self._whole(self._world.drop_icon(group, by=group.creator)))

    async def _people(self, _: Request) -> Response:
        people = self._store.people().values()
        return JSONResponse(
            {"people": [asdict(person) | {"lid": lid_of(person.number)} for person in people]}
        )

    async def _person(self, request: Request) -> Response:
        body = await _json(request)
        number = _numbers({"number": request.path_params["number"]}, "number", single=True)[0]
        registered = _numbers(body, "registered", single=True)[0] if body.get("registered") else None
        try:
            person = Person(number, body.get("refusal"), registered, bool(body.get("hidden")))
        except (TypeError, ValueError) as error:
            raise BadRequest(str(error)) from error
        self._store.save_person(person)
        return JSONResponse(asdict(person))

    async def _person_writes(self, request: Request) -> Response:
        number = _numbers({"number": request.path_params["number"]}, "number", single=True)[0]
        self._world.write(number, _text(await _json(request), "text"), None)
        return JSONResponse({})

    async def _add_faults(self, request: Request) -> Response:
        texts = (await _json(request)).get("faults")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise BadRequest("faults: a list of texts, such as POST /groups status=503")
        try:
            faults = [parse_fault(text) for text in texts]
        except ValueError as error:
            raise BadRequest(str(error)) from error
        self._faults.add(*faults)
        return await self._list_faults(request)

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return await self._list_faults(request)

    async def _change_options(self, request: Request) -> Response:
        try:
            self._settings.change(await _json(request))
        except ValueError as error:
            raise BadRequest(str(error)) from error
        return await self._options(request)

    # Parts

    def _group(self, request: Request) -> Group:
        group = self._store.get(request.path_params["id"])
        if group is None:
            raise Refused(404, 1012, "no such group")
        return group

    def _wholes(self, groups: list[Group]) -> list[dict[str, Any]]:
        conversations: dict[str, list[Message]] = {}
        for message in self._store.messages():
            conversations.setdefault(message.chat, []).append(message)
        return [self._whole(group, conversations.get(group.id, [])) for group in groups]

    def _whole(self, group: Group, conversation: list[Message] | None = None) -> dict[str, Any]:
        if conversation is None:
            conversation = self._store.messages(group.id)
        messages = [asdict(message) for message in conversation]
        for message in messages:
            del message["chat"]
        stored = asdict(group) | {
            "link": group.link,
            "listed": not group.hidden and self._world.account in group.participants,
            "messages": [message for message in messages if message["kind"] != "notice"],
            "notices": [
                f"{message['sender']} {message['text']}"
                for message in messages
                if message["kind"] == "notice"
            ],
        }
        del stored["invite"]
        return stored


async def _json(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await read_body(request.receive, _MAX_BODY))
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is no text that can be stored
    except TooLarge as error:
        raise BadRequest("the body is too large") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(value, dict):
        raise BadRequest("the body is not a JSON object")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name}: text, not empty")
    return value


def _numbers(
    body: dict[str, Any], name: str, default: list[str] | None = None, *, single: bool = False
) -> list[str]:
    if name not in body and default is not None:
        return list(default)
    value = [body.get(name)] if single else body.get(name)
    if not isinstance(value, list) or (not value and default is None):
        raise BadRequest(f"{name}: a list of numbers")
    for number in value:
        if not isinstance(number, str) or not re.fullmatch(r"[0-9]{5,20}", number):
            raise BadRequest(f"{name}: digits only, 5 to 20 of them")
    return value


def _kind(body: dict[str, Any]) -> Kind:
    kind: Kind = body.get("kind", "group")
    if kind not in get_args(Kind):
        raise BadRequest(f"kind: one of {', '.join(get_args(Kind))}")
    return kind


def _permissions(before: Permissions, body: dict[str, Any]) -> Permissions:
    values = body.get("permissions")
    if not isinstance(values, dict):
        raise BadRequest("permissions: an object")
    try:
        return before.changed(values)
    except (TypeError, ValueError) as error:
        raise BadRequest(str(error)) from error


def _picture(body: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(_text(body, name), validate=True)
    except binascii.Error as error:
        raise BadRequest(f"{name}: a picture in base64") from error
