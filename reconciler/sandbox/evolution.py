"""Evolution's dialect: the calls that a tool for groups needs, on the same world as the others.

Every answer is as the API facts have it, oddities too: 201 for what is posted, one status for whatever made a
call fail, people who are left out of a new group without a word, and messages that are PENDING for ever.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import parse_qs, unquote

from .answers import Answer, Refused, json_answer
from .calls import Request
from .evolution_shapes import HEADLINES, INSTANCE_TOKEN, error, group_info, instance, jid, link, state
from .gateway import PN, Action, Gateway, View, hidden
from .group import Group
from .options import Options
from .world import World

_SUBJECT_LIMIT = 100
_DESCRIPTION_LIMIT = 2048
_SETTINGS = {
    "announcement": ("send_messages", "admins"),
    "not_announcement": ("send_messages", "everyone"),
    "locked": ("edit_info", "admins"),
    "unlocked": ("edit_info", "everyone"),
}
_EXPIRATIONS = (0, 86_400, 604_800, 7_776_000)
_GROUP_ID = re.compile(r"[0-9-]+@g\.us")
_URL = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its request with what was asked in query and body, and the view that it is answered with."""

    request: Request
    view: View
    query: dict[str, str]
    body: dict[str, Any]

    def text(self, name: str) -> str:
        """A text of the body. Raises Refused (400) where there is none."""
        value = self.body.get(name)
        self.request.summary[name] = value
        if not isinstance(value, str) or not value:
            raise Refused(400, 0, f'The "{name}" cannot be empty')
        return value

    def choice(self, name: str, known: Any) -> Any:
        """One of the values that there are. Raises Refused (400)."""
        value = self.body.get(name)
        self.request.summary[name] = value
        if not any(type(value) is type(one) and value == one for one in known):
            raise Refused(400, 0, f"{name} is not one of enum values: {','.join(map(str, known))}")
        return value

    def numbers(self, name: str, shortest: int = 10) -> list[str]:
        """People, as they are written in the body. Raises Refused (400)."""
        given = self.body.get(name)
        self.request.summary[name] = given
        if not isinstance(given, list) or not given:
            raise Refused(400, 0, f"{name} does not meet minimum length of 1")
        if not all(
            isinstance(one, str) and len(one) >= shortest and re.search(r"[0-9]", one) for one in given
        ):
            raise Refused(400, 0, f'"{name}" must be an array of numeric strings')
        if len(set(given)) < len(given):
            raise Refused(400, 0, f"{name} contains duplicate item")
        return given

    @property
    def group_id(self) -> str:
        """The group, from the body, else the query. Raises Refused (400)."""
        given = self.body.get("groupJid") or self.query.get("groupJid")
        if not isinstance(given, str) or not given:
            raise Refused(400, 0, "The group id needs to be informed in the query")
        return given if given.endswith("@g.us") else f"{given}@g.us"


class Evolution:
    """Every call of the dialect, by method and path."""

    name = "evolution"
    prefixes: tuple[str, ...] = ("/instance/", "/group/", "/chat/", "/message/", "/webhook/")
    key = "apikey"

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._account = world.account
        self._gateway = gateway
        self._groups: dict[tuple[str, str], Callable[[Call], Answer]] = {
            ("GET", "fetchAllGroups"): self._list,
            ("GET", "findGroupInfos"): self._info,
            ("GET", "participants"): self._participants,
            ("POST", "create"): self._create,
            ("POST", "updateGroupSubject"): self._set_subject,
            ("POST", "updateGroupDescription"): self._set_description,
            ("POST", "updateGroupPicture"): self._set_picture,
            ("GET", "inviteCode"): self._invite,
            ("POST", "revokeInviteCode"): self._revoke,
            ("POST", "sendInvite"): self._send_invite,
            ("POST", "updateParticipant"): self._update_participant,
            ("POST", "updateSetting"): self._update_setting,
            ("POST", "toggleEphemeral"): self._toggle_ephemeral,
            ("DELETE", "leaveGroup"): self._leave,
        }

    def answer(self, request: Request, method: str, path: str, shows: frozenset[str]) -> Answer:
        """Make the call. `path` is the whole one, percent-encoded. Raises Refused."""
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        body = request.json() if request.body else {}
        call = Call(request, View(shows, hidden(self._world)), query, body)
        match (method, *(unquote(part) for part in path.split("/")[1:])):
            case ("GET", "instance", "fetchInstances"):
                return self._instances(call)
            case ("GET", "instance", "connectionState", name):
                self._check(name)
                return json_answer({"instance": {"instanceName": name, "state": state(self._options)}})
            case (_, "group", operation, name) if (method, operation) in self._groups:
                self._check(name)
                if self._options.integration != "WHATSAPP-BAILEYS":
                    raise Refused(400, 0, f"Method not available on {self._options.integration}")
                self._check_open()
                return self._groups[method, operation](call)
            case ("POST", "chat", "whatsappNumbers", name):
                self._check(name)
                self._check_open()
                return self._whatsapp_numbers(call)
            case ("POST", "chat", "fetchProfilePictureUrl", name):
                self._check(name)
                return self._profile_picture(call)
            case ("POST", "message", "sendText", name):
                self._check(name)
                self._check_open()
                return self._send_text(call)
            case ("POST", "webhook", "set", name):
                self._check(name)
                return _webhook_set(call)
            case _:
                raise Refused(404, 0, f"Cannot {method} {path}")

    def remote_picture(self, method: str, body: bytes) -> str | None:
        """The address of the picture in a body, if it has one."""
        try:
            image = str(json.loads(body)["image"])
        except (ValueError, KeyError, TypeError):
            return None
        return image if method == "POST" and _URL.match(image) else None

    def error(self, status: int, message: str, path: str) -> Answer:
        """An error that comes before the engine is asked."""
        return error(status, message if status == 401 else [message])

    def failure(self, cause: str, path: str, status: int | None = None) -> Answer:
        """What the engine throws: mostly caught by the call, which has one status for every cause."""
        own, headline = HEADLINES.get(path.split("/")[2], (500, None))
        if headline is None:
            return error(status or own, cause)
        return error(status or own, [*filter(None, [headline]), f"Error: {cause}"])

    @property
    def _options(self) -> Options:
        return self._world.settings.options

    # The instance

    def _check(self, name: str) -> None:
        if self._options.username not in (None, name):
            raise Refused(404, 0, f'The "{name}" instance does not exist')

    def _check_open(self) -> None:
        if state(self._options) != "open":
            raise Refused(500, 0, "Connection Closed")

    def _instances(self, call: Call) -> Answer:
        name = call.query.get("instanceName")
        if name is not None and self._options.username not in (None, name):
            raise Refused(404, 0, f'Instance "{name}" not found')
        found = [instance(self._world, name or self._options.username or "sandbox")]
        if "others" in call.view.shows:
            found.insert(0, instance(self._world, "elsewhere") | {"ownerJid": f"5511999990000@{PN}"})
        return json_answer(found)

    # Groups

    def _shown(self, call: Call, group: Group, *, people: bool = True) -> dict[str, Any]:
        call.request.seconds += self._options.picture_latency
        picture = self._gateway.picture(group, call.view.shows)
        return group_info(call.view.baileys(group, PN, people=people), picture)

    def _list(self, call: Call) -> Answer:
        wanted = call.query.get("getParticipants")
        if wanted not in ("true", "false"):
            raise Refused(400, 0, "The getParticipants needs to be informed in the query")
        groups = self._gateway.listed(call.view.shows)
        listed = [self._shown(call, group, people=wanted == "true") for group in groups]
        if "others" in call.view.shows:
            listed.append({"id": "120363000000000001@newsletter", "subject": "News", "pictureUrl": None})
        return json_answer(listed)

    def _info(self, call: Call) -> Answer:
        return json_answer(self._shown(call, self._seen(call)))

    def _participants(self, call: Call) -> Answer:
        return json_answer({"participants": call.view.baileys(self._seen(call), PN)["participants"]})

    def _seen(self, call: Call) -> Group:
        if not _GROUP_ID.fullmatch(call.group_id):
            raise Refused(400, 0, "groupJid does not match pattern")
        return self._gateway.group(call.group_id, seen=True)

    def _create(self, call: Call) -> Answer:
        subject, given = call.text("subject"), call.numbers("participants")
        description = call.text("description") if "description" in call.body else None
        promote = (
            call.choice("promoteParticipants", (True, False)) if "promoteParticipants" in call.body else False
        )
        people = [number for _, number, exists in map(self._look_up, given) if exists]
        if not people or len(subject) > _SUBJECT_LIMIT:
            raise Refused(500, 0, "bad-request")
        group, _ = self._world.add(self._world.create(subject, self._account), people)
        if description is not None:
            group = self._described(group, description)
        if promote:
            group = self._world.promote(group, [number for number in people if number in group.participants])
        return json_answer(call.view.baileys(group, PN), 201)

    def _editable(self, call: Call) -> Group:
        group = self._gateway.editable(call.group_id)
        if group is None:
            raise Refused(500, 0, "forbidden")
        return group

    def _set_subject(self, call: Call) -> Answer:
        subject, group = call.text("subject"), self._editable(call)
        if len(subject) > _SUBJECT_LIMIT:
            raise Refused(500, 0, "bad-request")
        self._world.rename(group, subject, by=self._account)
        return _done()

    def _set_description(self, call: Call) -> Answer:
        text = call.text("description")
        self._described(self._editable(call), text)
        return _done()

    def _described(self, group: Group, text: str) -> Group:
        if len(text) > _DESCRIPTION_LIMIT:
            raise Refused(500, 0, "bad-request")
        return self._world.describe(group, text, by=self._account)

    def _set_picture(self, call: Call) -> Answer:
        image = call.text("image")
        call.request.summary["image"] = image[:40]
        if call.request.upload is not None:
            data = call.request.upload[0]
        else:
            try:
                data = base64.b64decode(image, validate=True)
            except (binascii.Error, ValueError):  # such as a `data:` address
                raise Refused(500, 0, '"profilePicture" must be a url or a base64') from None
        self._gateway.set_picture(self._editable(call), data)
        return _done()

    # Invite links

    def _invite(self, call: Call) -> Answer:
        code = self._world.invite(self._gateway.led(call.group_id)).invite
        if "null" in call.view.shows:
            return json_answer({"inviteUrl": link("undefined")})
        return json_answer({"inviteUrl": link(code), "inviteCode": code})

    def _revoke(self, call: Call) -> Answer:
        group = self._world.revoke(self._gateway.led(call.group_id), by=self._account)
        return json_answer({"revoked": True, "inviteCode": self._world.invite(group).invite}, 201)

    def _send_invite(self, call: Call) -> Answer:
        description, given = call.text("description"), call.numbers("numbers")
        url = link(self._world.invite(self._gateway.led(call.text("groupJid"))).invite)
        for one in given:
            self._send(one, f"{description}\n\n{url}")
        return json_answer({"send": True, "inviteUrl": url})

    # People of a group

    def _update_participant(self, call: Call) -> Answer:
        action: Action = call.choice("action", get_args(Action))
        people = {}
        for given in call.numbers("participants"):
            own, number = self._person(given)
            people[number] = own
        answers = self._gateway.change(action, call.group_id, people)
        told = [call.view.outcome(number, PN, people[number], status) for number, status in answers.items()]
        return json_answer({"updateParticipants": told}, 201)

    def _update_setting(self, call: Call) -> Answer:
        name, value = _SETTINGS[call.choice("action", _SETTINGS)]
        group = self._gateway.led(call.group_id)
        self._world.permit(group, group.permissions.changed({name: value}), by=self._account)
        return json_answer({}, 201)  # what the engine returns is nothing, which JSON leaves out

    def _toggle_ephemeral(self, call: Call) -> Answer:
        call.choice("expiration", _EXPIRATIONS)
        self._gateway.led(call.group_id)
        return json_answer({"success": True}, 201)  # no answer ever tells how long it is

    def _leave(self, call: Call) -> Answer:
        self._world.leave(self._gateway.group(call.group_id), self._account)
        return json_answer({"groupJid": call.group_id, "leave": True})

    # People and messages

    def _person(self, given: str) -> tuple[str, str]:
        """The id that somebody is taken for, and the number: a text that nobody has where it means nobody."""
        own = jid(given)
        try:
            number = self._gateway.people.number(own)
        except Refused:
            return own, f"no number: {own}"
        shortened = number.isdecimal() and number != re.sub(
            r"[^0-9]", "", given.partition("@")[0].partition(":")[0]
        )
        if shortened and not self._registered(number):
            return own, f"shortened {number}"
        return own, number

    def _registered(self, number: str) -> bool:
        people = self._world.store.people().values()
        return number in self._gateway.people.known().values() or any(
            person.registered == number for person in people
        )

    def _look_up(self, given: str) -> tuple[str, str, bool]:
        """Who somebody is, as WhatsApp is asked: id, number, and whether there is such an account."""
        own, number = self._person(given)
        known = self._world.known(number)
        if own.endswith("@lid"):
            return own, known, True  # which is not asked
        exists = self._world.has_account(known)
        return (f"{known}@{PN}" if exists else own), known, exists

    def _whatsapp_numbers(self, call: Call) -> Answer:
        found = []
        for given in call.numbers("numbers", shortest=1):
            if jid(given).endswith("@g.us"):
                own, exists = jid(given), bool(self._gateway.group(jid(given)))
            else:
                own, _, exists = self._look_up(given)
            found.append({"jid": own, "exists": exists, "number": given})
        # Groups come first.
        return json_answer(sorted(found, key=lambda one: not str(one["jid"]).endswith("@g.us")))

    def _profile_picture(self, call: Call) -> Answer:
        own = jid(call.text("number"))
        call.request.seconds += self._options.picture_latency
        try:
            self._check_open()
            picture = self._gateway.picture(self._gateway.group(own, seen=True), call.view.shows)
        except Refused:
            picture = None  # no error tells why
        return json_answer({"wuid": own, "profilePictureUrl": picture})

    def _send_text(self, call: Call) -> Answer:
        given, text = call.text("number"), call.text("text")
        call.request.summary["send"] = {"destinations": [given], "text": text}
        sent = {
            "key": {
                "remoteJid": self._send(given, text),
                "fromMe": True,
                "id": uuid.uuid4().hex.upper()[:22],
            },
            "pushName": "",
            "status": "PENDING",
            "message": {"conversation": text},
            "messageType": "conversation",
            "messageTimestamp": int(time.time()),
            "instanceId": str(uuid.uuid5(uuid.NAMESPACE_OID, INSTANCE_TOKEN)),
            "source": "unknown",
        }
        return json_answer(sent, 201)

    def _send(self, given: str, text: str) -> str:
        """Send a message; who has no account or may not be written to gets nothing, and no error tells."""
        own = jid(given)
        if own.endswith("@g.us"):
            self._gateway.deliver(self._gateway.place(own), text)
            return own
        own, number, _ = self._look_up(given)
        if self._world.has_account(number) and self._gateway.limit(number) is None:
            self._gateway.deliver(number, text)
        return own


def _done() -> Answer:
    return json_answer({"update": "success"}, 201)


def _webhook_set(call: Call) -> Answer:
    """Take a webhook, which is posted nothing: the events are to be had from the control API."""
    webhook = call.body.get("webhook")
    if not isinstance(webhook, dict):
        raise Refused(400, 0, 'requires property "webhook"')
    url = webhook.get("url")
    if not isinstance(url, str) or not _URL.match(url):
        raise Refused(400, 0, 'Invalid "url" property')
    kept = {"url": url, "enabled": bool(webhook.get("enabled", True)), "events": webhook.get("events") or []}
    return json_answer(
        {"id": str(uuid.uuid4()), **kept, "webhookByEvents": False, "webhookBase64": False}, 201
    )
