"""WAHA's dialect: the calls under ``/api`` that a tool for groups needs, on the same world as the others.

Every answer is as the API facts have it, oddities too: lists and groups as the engine shows them, writes that
answer nothing or ``true``, codes as bare text, and a 500 for everything that the engine will not do.
"""

from __future__ import annotations

import json
import time
import uuid
from urllib.parse import parse_qs, unquote

from .answers import Answer, Refused, json_answer
from .calls import Request
from .faults import FaultTable
from .gateway import PERSON, Gateway
from .group import lid_of
from .options import Options
from .waha_groups import Call, Groups, page
from .waha_shapes import CUS, environment, error, me, view
from .world import World

_PREFIX = "/api/"
_LIDS = 100


class Waha:
    """Every call of the dialect, by method and path."""

    name = "waha"
    prefixes: tuple[str, ...] = (_PREFIX,)
    key = "x-api-key"

    def __init__(self, world: World, gateway: Gateway, faults: FaultTable) -> None:
        self._world = world
        self._account = world.account
        self._gateway = gateway
        self._people = gateway.people
        self._groups = Groups(world, gateway, faults)

    def answer(self, request: Request, method: str, path: str, shows: frozenset[str]) -> Answer:
        """Make the call. `path` is the whole one, percent-encoded. Raises Refused."""
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        call = Call(request, view(self._world, shows), query)
        parts = [unquote(part) for part in path.removeprefix(_PREFIX).split("/")]
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

    def remote_picture(self, method: str, body: bytes) -> str | None:
        """The address of the picture in a body, if it has one."""
        try:
            file = json.loads(body)["file"]
            return str(file["url"]) if method == "PUT" and "data" not in file else None
        except (ValueError, KeyError, TypeError):
            return None

    def error(self, status: int, message: str, path: str) -> Answer:
        """An error that comes before the engine is asked."""
        return error(status, message, path)

    def failure(self, cause: str, path: str, status: int | None = None) -> Answer:
        """What the engine throws: a 500 whatever it was."""
        return error(status or 500, cause, path)

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
            shown = {"chatId": f"{lid_of(number)}@lid", "pn": call.view.number(number, CUS)}
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
            place = self._gateway.place(str(chat))
        else:
            place = self._people.number(chat)
            if (limit := self._gateway.limit(place)) is not None:
                raise Refused(500, 0, f"server returned error {limit}")
            reached = self._world.has_account(place)
        if reached:  # who has no account gets nothing, and no error tells
            self._gateway.deliver(place, str(text))
        own = f"{self._account}@c.us"
        sent = {
            "id": f"true_{chat}_{uuid.uuid4().hex.upper()[:20]}",
            "timestamp": int(time.time()),
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
