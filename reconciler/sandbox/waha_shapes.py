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
from .group import INVITE_BASE, Group, Waiting, lid_of
from .outbox import Event
from .settings import Settings
from .world import World

VERSION = "2026.9.2"
_PHRASES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
_PHRASES |= {413: "Payload Too Large", 422: "Unprocessable Entity"}
_DEVICE = ":12"


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
class View:
    """How people and groups are shown: the engine, the `faults.Show` in force, and who is hidden."""

    engine: str
    shows: frozenset[str]
    hidden: frozenset[str]

    @property
    def by_lid(self) -> bool:
        """Whether everybody is shown by their hidden ids."""
        return not self.shows.isdisjoint({"lids", "mapped"})

    def hides(self, number: str) -> bool:
        """Whether somebody is shown by the hidden id."""
        return self.by_lid or number in self.hidden

    def person(self, number: str, domain: str = "c.us") -> str:
        """The id that somebody is shown by."""
        device = _DEVICE if "devices" in self.shows else ""
        if self.hides(number):
            return f"{lid_of(number)}{device}@lid"
        return f"{number}{device}@{domain}"

    def number(self, number: str, domain: str = "c.us") -> str | None:
        """What is said of the number beside the id."""
        return None if "lids" in self.shows or number in self.hidden else f"{number}@{domain}"

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
                return self._noweb(group, people)
            case "GOWS":
                return self._gows(group, people)
            case _:
                return self._chat(group, people)

    def size(self, count: int) -> int:
        """A count of people or groups, which may lag."""
        return max(0, count - ("behind" in self.shows))

    def _noweb(self, group: Group, people: bool) -> dict[str, Any]:
        if "bare" in self.shows:
            size = self.size(len(group.participants))
            return {"id": f"{group.id}@g.us", "subject": "", "size": size, "participants": []}
        owner = self.person(group.creator)
        shown: dict[str, Any] = {
            "id": f"{group.id}@g.us",
            "addressingMode": "lid" if self.by_lid else "pn",
            "subject": group.subject,
            "subjectOwner": owner,
            "subjectTime": group.creation_time,
            "size": self.size(len(group.participants)),
            "creation": group.creation_time,
            "owner": owner,
            "restrict": group.permissions.edit_info == "admins",
            "announce": group.permissions.send_messages == "admins",
            "joinApprovalMode": group.permissions.approve_members,
            "memberAddMode": group.permissions.add_members == "everyone",
            "isCommunity": group.kind == "community",
            "isCommunityAnnounce": group.kind == "announcements",
        }
        number = self.number(group.creator, "s.whatsapp.net")
        if "mapped" in self.shows and number is not None:
            shown |= {"ownerPn": number, "subjectOwnerPn": number}
        if "ownerless" in self.shows:
            shown = {name: value for name, value in shown.items() if not name.lower().startswith("owner")}
        if group.description is not None:
            shown |= {"desc": group.description, "descId": _mark(group.description)}
        if group.parent is not None:
            shown["linkedParent"] = f"{group.parent}@g.us"
        if people:
            shown["participants"] = [self._noweb_person(group, number) for number in group.participants]
        return shown

    def _noweb_person(self, group: Group, number: str) -> dict[str, Any]:
        role = _role(group, number)
        shown: dict[str, Any] = {
            "id": self.person(number),
            "admin": None if role == "participant" else role,
        }
        pn = self.number(number, "s.whatsapp.net")
        if "mapped" in self.shows and pn is not None:
            shown["phoneNumber"] = pn
        return shown

    def _gows(self, group: Group, people: bool) -> dict[str, Any]:
        bare = "bare" in self.shows
        owner = "" if bare or "ownerless" in self.shows else self.person(group.creator, "s.whatsapp.net")
        moment = "0001-01-01T00:00:00Z" if bare else _iso(group.creation_time)
        numbers = () if bare or not people else group.participants
        return {
            "JID": f"{group.id}@g.us",
            "OwnerJID": owner,
            "OwnerPN": (self.number(group.creator, "s.whatsapp.net") or "") if owner else "",
            "Name": "" if bare else group.subject,
            "NameSetAt": moment,
            "NameSetBy": owner,
            "Topic": "" if bare else group.description or "",
            "TopicID": "" if bare or not group.description else _mark(group.description),
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
        role = _role(group, number)
        return {
            "JID": self.person(number, "s.whatsapp.net"),
            "PhoneNumber": self.number(number, "s.whatsapp.net") or "",
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
            {"id": {"_serialized": self.person(number)}, "isAdmin": _role(group, number) != "participant"}
            for number in (group.participants if people else ())
        ]
        metadata = {"id": wid, "subject": group.subject, "participants": members}
        return {"id": wid, "name": group.subject, "isGroup": True, "groupMetadata": metadata}

    def participants(self, group: Group) -> list[dict[str, Any]]:
        """Everybody in a group, the same in all engines."""
        people = () if "bare" in self.shows else group.participants
        return [self.member(number, _role(group, number)) for number in people]

    def member(self, number: str, role: str) -> dict[str, Any]:
        """Somebody in a group."""
        shown = {"id": self.person(number), "role": role}
        pn = self.number(number)
        return shown if pn is None else shown | {"pn": pn}

    def outcome(self, number: str, given: str, status: int) -> dict[str, Any]:
        """What became of one person of a call: the engine's own node comes along as `content`."""
        jid = self.person(number) if self.hides(number) else given
        attributes = {"jid": jid}
        if self.hides(number):
            attributes["phone_number"] = f"{number}@s.whatsapp.net"
        content: dict[str, Any] = {"tag": "participant", "attrs": attributes}
        if status != 200:
            attributes["error"] = str(status)
        if status in (403, 417):
            code = {"code": _mark(f"{number} {status}"), "expiration": str(int(time.time()) + 259_200)}
            content["content"] = [{"tag": "add_request", "attrs": code}]
        return {"status": str(status), "jid": jid, "content": content}

    def waiting(self, group: Group, entry: Waiting) -> dict[str, Any]:
        """Somebody who asked to join. NOWEB does not say who asked for them, nor in which community."""
        told = self.engine != "NOWEB"
        return {
            "requesterId": f"{lid_of(entry.number)}@lid",
            "requesterPn": self.number(entry.number),
            "addedById": f"{lid_of(entry.number)}@lid" if told else None,
            "parentGroupId": (f"{group.parent}@g.us" if group.parent else "") if told else None,
            "requestMethod": "invite_link",
            "timestamp": entry.time,
        }


def view(world: World, shows: frozenset[str] = frozenset()) -> View:
    """The view that the world's options and people make."""
    hidden = frozenset(person.number for person in world.store.people().values() if person.hidden)
    return View(world.settings.options.engine, shows, hidden)


def me(world: World) -> dict[str, Any]:
    """The session's own account."""
    account = world.account
    return {
        "id": f"{account}@c.us",
        "lid": f"{lid_of(account)}@lid",
        "jid": f"{account}{_DEVICE}@s.whatsapp.net",
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


def _payload(event: Event, view: View) -> dict[str, Any]:
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
            asked = {"requesterId": f"{lid_of(number)}@lid", "requesterPn": view.number(number)}
            asked |= {"action": event.kind, "requestMethod": "invite_link"}
            return {**common, "group": group, **asked, "_data": {}}
        case _:
            return {**common, "group": group, "_data": {}}


def _info(group: Group, view: View) -> dict[str, Any]:
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


def _role(group: Group, number: str) -> str:
    if number not in group.admins:
        return "participant"
    return "superadmin" if number == group.creator else "admin"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16].upper()


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
