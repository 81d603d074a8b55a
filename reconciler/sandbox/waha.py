"""WAHA's dialect: the calls under ``/api`` that a tool for groups needs, on the same world as the others.

Every answer is as the API facts have it, oddities too: lists and groups as the engine shows them, writes that
answer nothing or ``true``, codes as bare text, and a 500 for everything that the engine will not do.
"""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from urllib.parse import parse_qs, unquote, urlsplit

from . import pictures
from .answers import Answer, Refused, json_answer
from .calls import Request
from .cdn import Cdn
from .faults import FaultTable
from .group import Message, lid_of
from .options import Options
from .waha_groups import PERSON, Call, Groups, People, page
from .waha_shapes import environment, me, view
from .world import World

PREFIX = "/api/"
_LIDS = 100


class Waha:
    """Every call of the dialect, by method and path."""

    def __init__(self, world: World, cdn: Cdn, faults: FaultTable, base_url: str) -> None:
        self._world = world
        self._store = world.store
        self._account = world.account
        self._people = People(world)
        self._groups = Groups(world, self._people, cdn, faults, base_url)

    def answer(self, request: Request, method: str, path: str, shows: frozenset[str]) -> Answer:
        """Make the call. `path` is the whole one, percent-encoded. Raises Refused."""
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        call = Call(request, view(self._world, shows), query)
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
                return self._groups.answer(call, method, session, rest)
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
            ends = int(until) if until is not None and active else 0
            return json_answer({"isActive": active, "timeEnforcementEnds": ends, "enforcementType": kind})
        status = self._options.capping
        used = {"NONE": 0, "FIRST_WARNING": 640, "SECOND_WARNING": 900}.get(status, 1000)
        quota = {"totalQuota": -1 if status == "NONE" else 1000, "usedQuota": used}
        cycle = {"cycleStart": now - 86_400, "cycleEnd": now + 29 * 86_400}
        unused = {"mvStatus": "NOT_ELIGIBLE", "oteStatus": "NOT_ELIGIBLE"}
        return json_answer({"cappingStatus": status, **quota, **cycle, **unused})

    # People

    def _check_exists(self, call: Call) -> Answer:
        found = PERSON.fullmatch(call.query.get("phone", ""))
        if found is None:
            raise Refused(422, 0, "phone: a number")
        number = self._world.known(found[1])
        if not self._world.has_account(number):
            return json_answer({"numberExists": False})
        if call.view.hides(number):
            self._people.look_up(number)
            shown = {"chatId": f"{lid_of(number)}@lid", "pn": call.view.number(number)}
            return json_answer({"numberExists": True, **shown})
        return json_answer({"numberExists": True, "chatId": f"{number}@c.us"})

    def _lids(self, call: Call, method: str, rest: list[str]) -> Answer:
        if method != "GET":
            raise Refused(404, 0, f"Cannot {method} lids")
        if self._options.engine == "NOWEB" and not self._options.noweb_store:
            raise Refused(
                400, 0, "Enable NOWEB store 'config.noweb.store.enabled=True' before the session starts"
            )
        known = self._people.known()
        match rest:
            case []:
                entries = [{"lid": f"{lid}@lid", "pn": f"{number}@c.us"} for lid, number in known.items()]
                return json_answer(page(entries, call.query, _LIDS))
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

    # Messages

    def _send_text(self, call: Call) -> Answer:
        body = call.body()
        chat, text = body.get("chatId"), body.get("text")
        if not all(isinstance(value, str) and value for value in (chat, text, body.get("session"))):
            raise Refused(422, 0, "session, chatId and text: text, not empty")
        call.request.summary["send"] = {"destinations": [chat], "text": text}
        reached = True
        if str(chat).endswith("@g.us"):
            group = self._groups.group(str(chat))
            if group.permissions.send_messages == "admins" and self._account not in group.admins:
                raise Refused(500, 0, "forbidden")
            place = group.id
        else:
            place = self._people.number(chat)
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
