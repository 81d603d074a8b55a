"""The groups' calls of WAHA's dialect."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .answers import Answer, Refused, json_answer
from .calls import Request
from .faults import FaultTable
from .gateway import Action, Gateway
from .group import Group, Permissions
from .options import Options
from .waha_shapes import CUS, WahaView
from .world import World

_SUBJECT_LIMIT = 100
_DESCRIPTION_LIMIT = 2048
_SETTINGS = {
    "info-admin-only": ("edit_info", "adminsOnly", "admins", "everyone"),
    "messages-admin-only": ("send_messages", "adminsOnly", "admins", "everyone"),
    "member-add-mode": ("add_members", "membersCanAddNewMember", "everyone", "admins"),
    "membership-approval": ("approve_members", "newMembersApprovalRequired", True, False),
}
"""Of each setting: the permission, the key in bodies, and what true and false stand for."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its request, the view that it is answered with, and the group it is about."""

    request: Request
    view: WahaView
    query: dict[str, str]
    session: str = ""
    group_id: str = ""

    def body(self) -> dict[str, Any]:
        """The body. Raises Refused (422) for what is no JSON object."""
        try:
            return self.request.json()
        except Refused as refused:
            raise Refused(422, 0, refused.details) from None


class Groups:
    """Every call under ``/api/SESSION/groups``."""

    def __init__(self, world: World, gateway: Gateway, faults: FaultTable) -> None:
        self._world = world
        self._store = world.store
        self._gateway = gateway
        self._faults = faults
        self._account = world.account
        self._writes = itertools.count()
        self._codes = itertools.count()

    @property
    def _options(self) -> Options:
        return self._world.settings.options

    def answer(self, call: Call, method: str, session: str, rest: list[str]) -> Answer:
        match (method, *rest):
            case ("GET",):
                people = "participants" not in call.query.get("exclude", "")
                return json_answer(call.view.groups(self._listed(call), people=people))
            case ("POST",):
                return self._create(call)
            case ("GET", "count"):
                return json_answer({"count": call.view.size(len(self._gateway.listed(call.view.shows)))})
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
                about = Call(call.request, call.view, call.query, session, group_id)
                handler = self._handlers().get((method, "/".join(what)))
                if handler is not None:
                    return handler(about)
                if what[:2] == ["settings", "security"] and what[2:] and what[2] in _SETTINGS:
                    return self._setting(about, method, what[2])
            case _:
                pass
        raise Refused(404, 0, f"Cannot {method} /api/{session}/groups")

    def _handlers(self) -> dict[tuple[str, str], Callable[[Call], Answer]]:
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

    def _listed(self, call: Call) -> list[Group]:
        groups = self._gateway.listed(call.view.shows)
        by = call.query.get("sortBy")
        if by is not None:
            reverse = call.query.get("sortOrder") == "desc"
            groups.sort(key=lambda group: group.subject if by == "subject" else group.id, reverse=reverse)
        return page(groups, call.query, None)

    def _get(self, call: Call) -> Answer:
        return json_answer(call.view.group(self._gateway.group(call.group_id, seen=True)))

    def _create(self, call: Call) -> Answer:
        name = call.body().get("name")
        call.request.summary["subject"] = name
        people = self._of(call, empty=True)
        if not isinstance(name, str) or not name.strip() or len(name) > _SUBJECT_LIMIT:
            raise Refused(400, 0, f"name: text of 1 to {_SUBJECT_LIMIT} characters")
        group = self._world.create(name, self._account)
        if people:
            group, _ = self._world.add(group, list(people))
        return json_answer(call.view.group(group), 201)

    def _set_subject(self, call: Call) -> Answer:
        subject = call.body().get("subject")
        call.request.summary["subject"] = subject
        if not isinstance(subject, str) or not subject.strip() or len(subject) > _SUBJECT_LIMIT:
            raise Refused(400, 0, f"subject: text of 1 to {_SUBJECT_LIMIT} characters")
        group = self._gateway.editable(call.group_id)
        if group is None:
            return json_answer(False)
        self._world.rename(group, subject, by=self._account)
        return self._done()

    def _set_description(self, call: Call) -> Answer:
        text = call.body().get("description")
        call.request.summary["description"] = text
        if not isinstance(text, str) or len(text) > _DESCRIPTION_LIMIT:
            raise Refused(422, 0, f"description: text of at most {_DESCRIPTION_LIMIT} characters")
        group = self._gateway.editable(call.group_id)
        if group is None:
            return json_answer(False)
        self._world.describe(group, text, by=self._account)
        return self._done()

    def _setting(self, call: Call, method: str, name: str) -> Answer:
        permission, key, when_true, when_false = _SETTINGS[name]
        if method == "GET":
            group = self._gateway.group(call.group_id, seen=True)
            return json_answer({key: getattr(group.permissions, permission) == when_true})
        if method != "PUT":
            raise Refused(404, 0, f"Cannot {method} {name}")
        value = call.body().get(key)
        call.request.summary[name] = value
        if not isinstance(value, bool):
            raise Refused(422, 0, f"{key} must be a boolean value")
        group = self._gateway.led(call.group_id)
        chosen: Permissions = group.permissions.changed({permission: when_true if value else when_false})
        self._world.permit(group, chosen, by=self._account)
        return json_answer(True) if name == "member-add-mode" else self._done()

    # Pictures

    def _picture(self, call: Call) -> Answer:
        group = self._gateway.group(call.group_id, seen=True)
        refresh = call.query.get("refresh", "").lower() == "true"
        return json_answer({"url": self._gateway.picture(group, call.view.shows, refresh=refresh)})

    def _set_picture(self, call: Call) -> Answer:
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
        group = self._gateway.editable(call.group_id)
        if group is None:
            return json_answer({"success": False})
        self._gateway.set_picture(group, data)
        return json_answer({"success": True})

    def _drop_picture(self, call: Call) -> Answer:
        group = self._gateway.editable(call.group_id)
        if group is not None and group.icon is not None:
            self._world.drop_icon(group, by=self._account)
        return json_answer({"success": group is not None})

    # Invite links

    def _invite(self, call: Call) -> Answer:
        return self._code(self._world.invite(self._gateway.led(call.group_id)).invite)

    def _revoke(self, call: Call) -> Answer:
        group = self._world.revoke(self._gateway.led(call.group_id), by=self._account)
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

    def _join(self, call: Call) -> Answer:
        group = self._world.join(self._invited(str(call.body().get("code", ""))), [self._account])
        return json_answer({"id": f"{group.id}@g.us"})

    def _leave(self, call: Call) -> Answer:
        self._world.leave(self._gateway.group(call.group_id), self._account)
        return self._done()

    # People of a group

    def _members(self, call: Call) -> Answer:
        group = self._gateway.group(call.group_id, seen=True)
        shown = call.view.group(group)
        return json_answer(shown.get("participants", shown.get("Participants")))

    def _members_v2(self, call: Call) -> Answer:
        return json_answer(call.view.participants(self._gateway.group(call.group_id, seen=True)))

    def _add(self, call: Call) -> Answer:
        return self._change("add", call)

    def _remove(self, call: Call) -> Answer:
        return self._change("remove", call)

    def _promote(self, call: Call) -> Answer:
        return self._change("promote", call)

    def _demote(self, call: Call) -> Answer:
        return self._change("demote", call)

    def _change(self, action: Action, call: Call) -> Answer:
        people = self._of(call)
        answers = self._gateway.change(action, call.group_id, people)
        return json_answer(
            [call.view.outcome(number, CUS, people[number], status) for number, status in answers.items()]
        )

    def _requests(self, call: Call) -> Answer:
        group = self._gateway.led(call.group_id)
        return json_answer([call.view.waiting(group, entry) for entry in group.waiting])

    def _approve(self, call: Call) -> Answer:
        return self._decide(call, let_in=True)

    def _reject(self, call: Call) -> Answer:
        return self._decide(call, let_in=False)

    def _decide(self, call: Call, *, let_in: bool) -> Answer:
        people, group = self._of(call), self._gateway.led(call.group_id)
        _, waited = self._world.decide(group, list(people), let_in)
        return json_answer(
            [
                {"requesterId": people[number], "success": done, **({} if done else {"error": 404})}
                for number, done in waited.items()
            ]
        )

    # Bodies

    def _of(self, call: Call, *, empty: bool = False) -> dict[str, str]:
        """The people of a body: number and the id that was given, in order."""
        given = call.body().get("participants")
        call.request.summary["participants"] = given
        if not isinstance(given, list) or not (given or empty):
            raise Refused(422, 0, "participants: a list, not empty")
        if not all(isinstance(person, dict) for person in given):
            raise Refused(422, 0, "participants: objects with an id")
        return {self._gateway.people.number(person.get("id")): person["id"] for person in given}

    def _done(self) -> Answer:
        return json_answer(True) if self._choose(self._writes) else Answer(200, b"", None)

    def _choose(self, counter: itertools.count[int]) -> bool:
        """Whether this answer has a JSON body: by the option, or in turn."""
        style = self._options.empty_answers
        return style == "object" or (style == "mixed" and next(counter) % 2 == 1)


def page(entries: list[Any], query: dict[str, str], limit: int | None) -> list[Any]:
    """The page that `limit` and `offset` ask for. Raises Refused (422)."""
    try:
        offset, size = int(query.get("offset", 0)), int(query.get("limit", limit or len(entries)))
    except ValueError:
        raise Refused(422, 0, "limit and offset: whole numbers") from None
    return entries[offset : offset + size]
