"""What WAHA's answers look like: ids, people, groups as its engines list them, errors and webhook events."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .answers import Answer, json_answer
from .gateway import DEVICE, PN, View, hidden, mark, role_of
from .group import INVITE_BASE, Group, Waiting, lid_of
from .outbox import Event
from .settings import Settings
from .world import World

VERSION = "2026.9.2"
CUS = "c.us"
"""The domain of people's numbers, as WAHA has it."""
_PHRASES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
_PHRASES |= {413: "Payload Too Large", 422: "Unprocessable Entity"}


def error(status: int, message: str, path: str) -> Answer:
    """An error: of the framework, or as an exception of the engine, which is always a 500."""
    if status != 500:
        phrase = {"error": _PHRASES[status]} if status in _PHRASES else {}
        return json_answer({"statusCode": status, "message": message, **phrase}, status)
    stack = f"Error: {message}\n    at WhatsappSessionNoWebCore (/app/dist/core/engines/noweb.js:1:1)"
    exception = {"message": message, "name": "Error", "stack": stack}
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return json_answer({"statusCode": 500, "timestamp": stamp, "path": path, "exception": exception}, 500)


@dataclass(frozen=True, slots=True)
class WahaView(View):
    """How WAHA shows people and groups: as its engine does."""

    engine: str

    def groups(self, groups: Sequence[Group], *, people: bool = True) -> Any:
        """A list of groups: NOWEB has an object by id."""
        shown = [self.group(group, people=people) for group in groups]
        if self.engine != "NOWEB":
            return shown
        listed = {one["id"]: one for one in shown}
        if "others" in self.shows:
            listed["120363000000000001@newsletter"] = {
                "id": "120363000000000001@newsletter",
                "subject": "News",
            }
        return listed

    def group(self, group: Group, *, people: bool = True) -> dict[str, Any]:
        """One group, as the engine shows it."""
        match self.engine:
            case "NOWEB":
                return self.baileys(group, CUS, people=people)
            case "GOWS":
                return self._gows(group, people)
            case _:
                return self._chat(group, people)

    def _gows(self, group: Group, people: bool) -> dict[str, Any]:
        bare = "bare" in self.shows
        owner = "" if bare or "ownerless" in self.shows else self.person(group.creator, PN)
        moment = "0001-01-01T00:00:00Z" if bare else _iso(group.creation_time)
        numbers = () if bare or not people else group.participants
        return {
            "JID": f"{group.id}@g.us",
            "OwnerJID": owner,
            "OwnerPN": (self.number(group.creator, PN) or "") if owner else "",
            "Name": "" if bare else group.subject,
            "NameSetAt": moment,
            "NameSetBy": owner,
            "Topic": "" if bare else group.description or "",
            "TopicID": "" if bare or not group.description else mark(group.description),
            "IsLocked": group.permissions.edit_info == "admins",
            "IsAnnounce": group.permissions.send_messages == "admins",
            "IsEphemeral": False,
            "DisappearingTimer": 0,
            "IsParent": group.kind == "community",
            "IsDefaultSubGroup": group.kind == "announcements",
            "LinkedParentJID": "" if group.parent is None else f"{group.parent}@g.us",
            "IsJoinApprovalRequired": group.permissions.approve_members,
            "AddressingMode": "lid" if self.by_lid else "pn",
            "GroupCreated": moment,
            "Participants": [self._gows_person(group, number) for number in numbers] or None,
            "ParticipantCount": self.size(len(group.participants)),
            "MemberAddMode": "all_member_add" if group.permissions.add_members == "everyone" else "admin_add",
            "Suspended": False,
        }

    def _gows_person(self, group: Group, number: str) -> dict[str, Any]:
        role = role_of(group, number)
        return {
            "JID": self.person(number, PN),
            "PhoneNumber": self.number(number, PN) or "",
            "LID": f"{lid_of(number)}@lid",
            "IsAdmin": role != "participant",
            "IsSuperAdmin": role == "superadmin",
            "DisplayName": "",
            "Error": 0,
            "AddRequest": None,
        }

    def _chat(self, group: Group, people: bool) -> dict[str, Any]:
        """A chat, as the engines in a browser have it (API facts: not read by anybody here)."""
        wid = {"server": "g.us", "user": group.id, "_serialized": f"{group.id}@g.us"}
        members = [
            {
                "id": {"_serialized": self.person(number, CUS)},
                "isAdmin": role_of(group, number) != "participant",
            }
            for number in (group.participants if people else ())
        ]
        metadata = {"id": wid, "subject": group.subject, "participants": members}
        return {"id": wid, "name": group.subject, "isGroup": True, "groupMetadata": metadata}

    def participants(self, group: Group) -> list[dict[str, Any]]:
        """Everybody in a group, the same in all engines."""
        people = () if "bare" in self.shows else group.participants
        return [self.member(number, role_of(group, number)) for number in people]

    def member(self, number: str, role: str) -> dict[str, Any]:
        """Somebody in a group."""
        shown = {"id": self.person(number, CUS), "role": role}
        pn = self.number(number, CUS)
        return shown if pn is None else shown | {"pn": pn}

    def waiting(self, group: Group, entry: Waiting) -> dict[str, Any]:
        """Somebody who asked to join. NOWEB does not say who asked for them, nor in which community."""
        told = self.engine != "NOWEB"
        return {
            "requesterId": f"{lid_of(entry.number)}@lid",
            "requesterPn": self.number(entry.number, CUS),
            "addedById": f"{lid_of(entry.number)}@lid" if told else None,
            "parentGroupId": (f"{group.parent}@g.us" if group.parent else "") if told else None,
            "requestMethod": "invite_link",
            "timestamp": entry.time,
        }


def view(world: World, shows: frozenset[str] = frozenset()) -> WahaView:
    """The view that the world's options and people make."""
    return WahaView(shows, hidden(world), world.settings.options.engine)


def me(world: World) -> dict[str, Any]:
    """The session's own account."""
    account = world.account
    return {
        "id": f"{account}@c.us",
        "lid": f"{lid_of(account)}@lid",
        "jid": f"{account}{DEVICE}@{PN}",
        "pushName": "Sandbox",
    }


def environment(settings: Settings) -> dict[str, Any]:
    """The server's version and engine."""
    engine = settings.options.engine
    worker = {"id": ""}
    said = {"version": VERSION, "engine": engine, "tier": "CORE", "browser": "", "platform": "linux/x64"}
    return {**said, "worker": worker}


def webhooks(world: World) -> list[dict[str, Any]]:
    """The latest events as WAHA posts them, oldest first: `headers`, and the signed `body`."""
    return [_webhook(event, world) for event in world.outbox.events()]


def _webhook(event: Event, world: World) -> dict[str, Any]:
    options = world.settings.options
    envelope = {
        "id": event.id,
        "timestamp": int(event.time * 1000),
        "session": "default",
        "metadata": {},
        "me": me(world),
        "engine": options.engine,
        "event": event.name,
        "payload": _payload(event, view(world)),
        "environment": environment(world.settings),
    }
    body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    headers = {
        "Content-Type": "application/json",
        "X-Webhook-Request-Id": uuid.uuid5(uuid.NAMESPACE_OID, event.id).hex,
        "X-Webhook-Timestamp": str(int(event.time * 1000)),
        "X-Webhook-Hmac": hmac.new(options.webhook_key.encode(), body.encode(), hashlib.sha512).hexdigest(),
        "X-Webhook-Hmac-Algorithm": "sha512",
    }
    return {"headers": headers, "body": body}


def _payload(event: Event, view: WahaView) -> dict[str, Any]:
    group = {"id": f"{event.group.id}@g.us"}
    common = {"timestamp": int(event.time)}
    match event.name:
        case "group.v2.join":
            return {**common, "group": _info(event.group, view), "_data": view.group(event.group)}
        case "group.v2.update":
            changed = {
                name: value for name, value in _info(event.group, view).items() if name in _told(event)
            }
            return {**common, "group": group | changed, "_data": view.group(event.group, people=False)}
        case "group.v2.participants":
            # A demoted person has the role that they had: the type is what counts.
            role = {"join": "participant", "leave": "left"}.get(event.kind, "admin")
            people = [view.member(number, role) for number in event.people]
            return {**common, "type": event.kind, "group": group, "participants": people, "_data": {}}
        case "group.v2.participants.join-request":
            (number,) = event.people
            asked = {"requesterId": f"{lid_of(number)}@lid", "requesterPn": view.number(number, CUS)}
            asked |= {"action": event.kind, "requestMethod": "invite_link"}
            return {**common, "group": group, **asked, "_data": {}}
        case _:
            return {**common, "group": group, "_data": {}}


def _info(group: Group, view: WahaView) -> dict[str, Any]:
    """What events say of a group."""
    permissions = group.permissions
    return {
        "id": f"{group.id}@g.us",
        "subject": group.subject,
        "description": group.description or "",
        "invite": None if group.invite is None else f"{INVITE_BASE}{group.invite}",
        "membersCanAddNewMember": permissions.add_members == "everyone",
        # WAHA's NOWEB fills this with `announce` itself, so it says the opposite of its name.
        "membersCanSendMessages": permissions.send_messages == "admins",
        "newMembersApprovalRequired": permissions.approve_members,
        "participants": view.participants(group),
    }


def _told(event: Event) -> set[str]:
    names = set(event.changed & {"subject", "description", "invite"})
    if "permissions" in event.changed:
        names |= {"membersCanAddNewMember", "membersCanSendMessages", "newMembersApprovalRequired"}
    return names


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
