"""What gateways to WhatsApp Web have in common, whichever dialect they speak: people and the ids that mean
them, what the account sees and may do, and groups as Baileys shows them.

What the engine will not do is Refused (500) with its own word for the cause, which a dialect says in its way.
"""

from __future__ import annotations

import hashlib
import re
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from . import pictures
from .answers import Answer, Refused
from .calls import Request
from .cdn import PICTURES, Cdn
from .group import Group, Message, lid_of
from .world import World

PN = "s.whatsapp.net"
"""The domain of people's numbers, as WhatsApp has it."""
PERSON = re.compile(r"([0-9]{5,20})(?::[0-9]+)?(?:@(c\.us|s\.whatsapp\.net|lid))?")
"""An id of a person, in every form that is taken."""
DEVICE = ":12"
OVERLIMIT = "rate-overlimit"
"""WhatsApp's word for too many requests."""
Action = Literal["add", "remove", "promote", "demote"]


class Dialect(Protocol):
    """What the server asks of a gateway's dialect. `name` is for the log, `key` the header of the key."""

    name: str
    prefixes: tuple[str, ...]
    key: str

    def answer(self, request: Request, method: str, path: str, shows: frozenset[str]) -> Answer:
        """Make the call. `path` is the whole one, percent-encoded. Raises Refused."""
        ...

    def remote_picture(self, method: str, body: bytes) -> str | None:
        """The address of the picture in a body, if it has one."""
        ...

    def error(self, status: int, message: str, path: str) -> Answer:
        """An error that comes before the engine is asked."""
        ...

    def failure(self, cause: str, path: str, status: int | None = None) -> Answer:
        """What the engine throws, with the status that the call makes of it, or another one."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """How people and groups are shown: the `faults.Show` in force, and who is hidden."""

    shows: frozenset[str]
    hidden: frozenset[str]

    @property
    def by_lid(self) -> bool:
        """Whether everybody is shown by their hidden ids."""
        return not self.shows.isdisjoint({"lids", "mapped"})

    def hides(self, number: str) -> bool:
        """Whether somebody is shown by the hidden id."""
        return self.by_lid or number in self.hidden

    def person(self, number: str, domain: str) -> str:
        """The id that somebody is shown by."""
        device = DEVICE if "devices" in self.shows else ""
        if self.hides(number):
            return f"{lid_of(number)}{device}@lid"
        return f"{number}{device}@{domain}"

    def number(self, number: str, domain: str) -> str | None:
        """What is said of the number beside the id."""
        return None if "lids" in self.shows or number in self.hidden else f"{number}@{domain}"

    def size(self, count: int) -> int:
        """A count of people or groups, which may lag."""
        return max(0, count - ("behind" in self.shows))

    def baileys(self, group: Group, domain: str, *, people: bool = True) -> dict[str, Any]:
        """A group as Baileys has it, with ids of that domain."""
        if "bare" in self.shows:
            size = self.size(len(group.participants))
            return {"id": f"{group.id}@g.us", "subject": "", "size": size, "participants": []}
        owner = self.person(group.creator, domain)
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
        number = self.number(group.creator, PN)
        if "mapped" in self.shows and number is not None:
            shown |= {"ownerPn": number, "subjectOwnerPn": number}
        if "ownerless" in self.shows:
            shown = {name: value for name, value in shown.items() if not name.lower().startswith("owner")}
        if group.description is not None:
            shown |= {"desc": group.description, "descId": mark(group.description)}
        if group.parent is not None:
            shown["linkedParent"] = f"{group.parent}@g.us"
        if people:
            shown["participants"] = [self._member(group, person, domain) for person in group.participants]
        return shown

    def _member(self, group: Group, number: str, domain: str) -> dict[str, Any]:
        role = role_of(group, number)
        shown: dict[str, Any] = {
            "id": self.person(number, domain),
            "admin": None if role == "participant" else role,
        }
        pn = self.number(number, PN)
        if "mapped" in self.shows and pn is not None:
            shown["phoneNumber"] = pn
        return shown

    def outcome(self, number: str, domain: str, given: str, status: int) -> dict[str, Any]:
        """What became of one person of a call: the engine's own node comes along as `content`."""
        hides = self.hides(number) and number.isdecimal()  # who is nobody has no other id than the one given
        jid = self.person(number, domain) if hides else given
        attributes = {"jid": jid}
        if hides:
            attributes["phone_number"] = f"{number}@{PN}"
        content: dict[str, Any] = {"tag": "participant", "attrs": attributes}
        if status != 200:
            attributes["error"] = str(status)
        if status in (403, 417):
            code = {"code": mark(f"{number} {status}"), "expiration": str(int(time.time()) + 259_200)}
            content["content"] = [{"tag": "add_request", "attrs": code}]
        return {"status": str(status), "jid": jid, "content": content}


def hidden(world: World) -> frozenset[str]:
    """Who is shown by the hidden id alone."""
    return frozenset(person.number for person in world.store.people().values() if person.hidden)


class People:
    """Whom the account has to do with, and the ids that mean them."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self._account = world.account
        self._looked_up: set[str] = set()

    def look_up(self, number: str) -> None:
        """From now on the account has to do with somebody, whose hidden id it was told."""
        self._looked_up.add(number)

    def known(self) -> dict[str, str]:
        """Everybody whom the account has to do with: numbers by hidden id."""
        numbers = {self._account, *self._looked_up}
        for group in self._store.groups():
            if self._account in group.participants:
                numbers.update(group.participants, (entry.number for entry in group.waiting))
        return {lid_of(number): number for number in sorted(numbers)}

    def number(self, given: Any) -> str:
        """The number that an id means; what WhatsApp cannot make out stays a text that nobody has.

        Raises Refused (422) for what is no id at all.
        """
        found = PERSON.fullmatch(given) if isinstance(given, str) else None
        if found is None:
            raise Refused(422, 0, "a person's id is a number with @c.us, or a hidden id with @lid")
        return self.known().get(found[1], f"lid {found[1]}") if found[2] == "lid" else found[1]


class Gateway:
    """What the account sees, and does to groups. Raises Refused (500) where the engine would throw."""

    def __init__(self, world: World, cdn: Cdn, base_url: str) -> None:
        self.people = People(world)
        self._world = world
        self._store = world.store
        self._cdn = cdn
        self._base_url = base_url
        self._account = world.account
        self._pictures: dict[str, str | None] = {}

    def listed(self, shows: frozenset[str]) -> list[Group]:
        """The account's groups, as the list has them."""
        if "none" in shows:
            return []
        seen = self._store.seen_groups(self._world.settings.options.lag)
        groups = [group for group in seen if self._account in group.participants and not group.hidden]
        return groups[:-1] if "short" in shows else groups

    def group(self, given: str, *, seen: bool = False) -> Group:
        """A group with the account in it, as it is or as it is seen."""
        group_id = given.removesuffix("@g.us")
        lag = self._world.settings.options.lag if seen else 0.0
        group = self._store.seen(group_id, lag) if given.endswith("@g.us") else None
        if group is None or self._account not in group.participants:
            raise Refused(500, 0, "item-not-found")
        return group

    def led(self, given: str) -> Group:
        """A group in which the account is an admin."""
        group = self.group(given)
        if self._account not in group.admins:
            raise Refused(500, 0, "forbidden")
        return group

    def editable(self, given: str) -> Group | None:
        """The group, or None where only admins may change what it is called and looks like."""
        group = self.group(given)
        allowed = group.permissions.edit_info == "everyone" or self._account in group.admins
        return group if allowed else None

    def change(self, action: Action, given: str, numbers: Iterable[str]) -> dict[str, int]:
        """Add, remove, promote or demote people; return what is answered of each."""
        if action == "add":
            group = self.group(given)
            if group.permissions.add_members == "admins" and self._account not in group.admins:
                raise Refused(500, 0, "forbidden")
            return self._world.add(group, list(numbers))[1]
        group = self.led(given)
        untouchable = {"remove": {group.creator, self._account}, "demote": {group.creator}}.get(action, set())
        answers = {
            number: 404 if number not in group.participants else 406 if number in untouchable else 200
            for number in numbers
        }
        do = {"remove": self._world.remove, "promote": self._world.promote, "demote": self._world.demote}
        do[action](group, [number for number, status in answers.items() if status == 200])
        return answers

    def picture(self, group: Group, shows: frozenset[str], *, refresh: bool = False) -> str | None:
        """The address of a group's picture, from the cache unless it is to be asked for anew."""
        fresh = None if group.icon is None else self._cdn.url(group.icon, f"{self._base_url}{PICTURES}")
        if "cached" in shows and not refresh:
            fresh = self._pictures.setdefault(group.id, fresh)
        else:
            self._pictures[group.id] = fresh
        return None if "null" in shows else fresh

    def set_picture(self, group: Group, data: bytes) -> None:
        """Set a group's picture, which has to be one."""
        try:
            self._world.set_icon(group, data, None, by=self._account)
        except Refused as refused:
            raise Refused(500, 0, refused.details) from None

    def place(self, chat: str) -> str:
        """Where a message to a group goes."""
        group = self.group(chat)
        if group.permissions.send_messages == "admins" and self._account not in group.admins:
            raise Refused(500, 0, "forbidden")
        return group.id

    def limit(self, number: str) -> str | None:
        """The error by which WhatsApp refuses to begin a conversation with somebody, if it does."""
        if any(message.kind == "received" for message in self._store.messages(number)):
            return None
        options = self._world.settings.options
        if options.timelock is not None and options.timelock > time.time():
            return "463"
        return "475" if options.capping == "CAPPED" else None

    def deliver(self, place: str, text: str) -> None:
        """Let the account's message reach its chat."""
        self._world.deliver((Message(0, time.time(), "sent", place, self._account, text),))


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


def role_of(group: Group, number: str) -> str:
    """``participant``, ``admin`` or ``superadmin``."""
    if number not in group.admins:
        return "participant"
    return "superadmin" if number == group.creator else "admin"


def mark(text: str) -> str:
    """An id made of a text, always the same one."""
    return hashlib.sha256(text.encode()).hexdigest()[:16].upper()
