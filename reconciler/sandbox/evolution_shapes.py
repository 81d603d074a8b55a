"""What Evolution's answers look like: ids, groups, the instance, errors and webhook events."""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import Any

from .answers import Answer, json_answer
from .gateway import PN, View, hidden
from .group import INVITE_BASE
from .options import Options
from .outbox import Event
from .world import World

INSTANCE_TOKEN = "5B0C9DDA1F6E-4A53-B6D4-A8B1E3C7F902"  # noqa: S105 (made up: tests see that it is never shown)
_CHATWOOT_TOKEN = "w8Kq2ZtYc4NfVbR6sXhJ"  # noqa: S105 (made up)
HEADLINES = {
    "findGroupInfos": (404, "Error fetching group"),
    "participants": (404, "No participants"),
    "create": (500, "Error creating group"),
    "updateGroupSubject": (500, "Error updating group subject"),
    "updateGroupDescription": (500, "Error updating group description"),
    "updateGroupPicture": (500, "Error update group picture"),
    "inviteCode": (404, "No invite code"),
    "revokeInviteCode": (404, "Revoke error"),
    "sendInvite": (404, "No send invite"),
    "updateParticipant": (400, "Error updating participants"),
    "updateSetting": (400, "Error updating setting"),
    "toggleEphemeral": (400, "Error updating setting"),
    "leaveGroup": (400, "Unable to leave the group"),
    "sendText": (400, ""),
}
"""Of each call that catches what the engine throws: the status of whatever it is, and what is said before the
cause."""
_PHRASES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
_INFO = (
    *(
        "id",
        "subject",
        "subjectOwner",
        "subjectTime",
        "pictureUrl",
        "size",
        "creation",
        "owner",
        "desc",
        "descId",
    ),
    *("restrict", "announce", "participants", "isCommunity", "isCommunityAnnounce", "linkedParent"),
)
"""What is told of a group once it is there, in order: less than Baileys knows."""
_DOMAINS = ("@g.us", f"@{PN}", "@lid", "@broadcast")
_NINTH = re.compile(r"55(3[1-9]|[4-9][0-9])[0-9]([7-9][0-9]{7})")
_MX_AR = re.compile(r"(5[24])[0-9]([0-9]{10})")


def error(status: int, message: Any) -> Answer:
    """An error."""
    phrase = _PHRASES.get(status, "Internal Server Error")
    return json_answer({"status": status, "error": phrase, "response": {"message": message}}, status)


def jid(given: str) -> str:
    """The id that somebody or a group is taken for.

    A domain that it knows is kept. Everything else counts as digits, of which a Brazilian number loses its
    ninth for area codes of 31 and above, and a Mexican or Argentine one the digit after the country.
    """
    given = re.sub(r":[0-9]+", "", given, count=1)
    if any(domain in given for domain in _DOMAINS):
        return given
    name = given.partition("@")[0]
    if "-" in name and len(name) >= 23:
        return f"{name}@g.us"
    digits = re.sub(r"[^0-9]", "", name)
    if len(digits) >= 18:
        return f"{digits}@g.us"
    for pattern in (_NINTH, _MX_AR):
        if found := pattern.fullmatch(digits):
            digits = ("55" if pattern is _NINTH else "") + found[1] + found[2]
    return f"{digits}@{PN}"


def link(code: str | None) -> str:
    """The invite link of a code."""
    return f"{INVITE_BASE}{code}"


def group_info(shown: dict[str, Any], picture: str | None) -> dict[str, Any]:
    """A group as it is told, from what Baileys shows and the picture that was looked up."""
    told = shown | {"pictureUrl": picture}
    return {name: told[name] for name in _INFO if name in told}


def state(options: Options) -> str:
    """How the instance is connected."""
    match options.session_status:
        case "WORKING":
            return "open"
        case "STOPPED" | "FAILED":
            return "close"
        case _:
            return "connecting"


def _owner(world: World) -> str:
    account = world.account
    if world.settings.options.short_owner and re.fullmatch(r"55[0-9]{2}9[0-9]{8}", account):
        account = account[:4] + account[5:]
    return f"{account}@{PN}"


def instance(world: World, name: str) -> dict[str, Any]:
    """The instance, secrets and all, as the service tells it to whoever asks."""
    options = world.settings.options
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, INSTANCE_TOKEN)),
        "name": name,
        "connectionStatus": state(options),
        "ownerJid": None if options.session_status == "SCAN_QR_CODE" else _owner(world),
        "profileName": "Sandbox",
        "profilePicUrl": None,
        "integration": options.integration,
        "number": None,
        "businessId": None,
        "token": INSTANCE_TOKEN,
        "clientName": "evolution_exchange",
        "disconnectionReasonCode": None,
        "disconnectionObject": None,
        "disconnectionAt": None,
        "createdAt": moment,
        "updatedAt": moment,
        "Chatwoot": {"enabled": True, "accountId": "1", "token": _CHATWOOT_TOKEN, "url": "http://127.0.0.1"},
        "Proxy": None,
        "Setting": {"rejectCall": False, "groupsIgnore": False, "alwaysOnline": False},
        "_count": {"Message": 0, "Contact": 0, "Chat": len(world.store.groups())},
    }


def webhooks(world: World) -> list[dict[str, Any]]:
    """The latest events as Evolution posts them, oldest first: unsigned, the instance's key in the `body`."""
    view = View(frozenset(), hidden(world))
    told = [
        (event, *posted) for event in world.outbox.events() if (posted := _event(event, view, world.account))
    ]
    return [
        {"headers": {"Content-Type": "application/json"}, "body": _body(world, event, name, data)}
        for event, name, data in told
    ]


def _body(world: World, event: Event, name: str, data: Any) -> str:
    envelope = {
        "event": name,
        "instance": world.settings.options.username or "sandbox",
        "data": data,
        "destination": "http://127.0.0.1/webhook",
        "date_time": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(event.time)),
        "sender": _owner(world),
        "server_url": "http://localhost:8080",
        "apikey": INSTANCE_TOKEN,
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))


def _event(event: Event, view: View, account: str) -> tuple[str, Any] | None:
    """Name and data of an event; None where Evolution tells nothing: pictures, and who asks to join."""
    group_id = f"{event.group.id}@g.us"
    match event.name:
        case "group.v2.join":
            return "groups.upsert", [view.baileys(event.group, PN)]
        case "group.v2.update":
            shown = view.baileys(event.group, PN, people=False)
            changed = {name: shown.get(name) for name in _changed(event)}
            if "invite" in event.changed:
                changed["inviteCode"] = event.group.invite
            return ("groups.update", [{"id": group_id, **changed}]) if changed else None
        case "group.v2.leave":
            return "group-participants.update", _people(view, group_id, "remove", (account,))
        case "group.v2.participants":
            action = {"join": "add", "leave": "remove"}.get(event.kind, event.kind)
            return "group-participants.update", _people(view, group_id, action, event.people)
        case _:
            return None


def _changed(event: Event) -> list[str]:
    names = {"subject": ("subject",), "description": ("desc", "descId")}
    names |= {"permissions": ("announce", "restrict", "memberAddMode", "joinApprovalMode")}
    return [name for what in sorted(event.changed) for name in names.get(what, ())]


def _people(view: View, group_id: str, action: str, people: tuple[str, ...]) -> dict[str, Any]:
    ids = [view.person(number, PN) for number in people]
    # Of whom nothing is known the id's own digits are taken for the number, also those of a hidden id.
    data = [{"jid": own, "phoneNumber": own.partition("@")[0]} for own in ids]
    return {"id": group_id, "participants": ids, "action": action, "participantsData": data}
