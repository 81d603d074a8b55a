"""The groups API in memory, and a clock that only moves when somebody waits.

`FakeApi` passes the contract tests of every backend (`tests/backends/contract.py`), so a property that holds
on it may be believed; it is some hundred times faster than HTTP.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from reconciler.errors import ApiError, NotFound, Refused, Unclear
from reconciler.model import number
from reconciler.model.capabilities import CAPABILITIES, BackendName
from reconciler.model.group import Permission, Value
from reconciler.model.live import GroupList, IconMeta, LiveGroup, PersonAnswer, ServiceLimits, Session

ACCOUNT = "5519911112222"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
READS = frozenset(
    {
        "session",
        "limits",
        "identified",
        "waiting",
        "number_of",
        "list_groups",
        "get_group",
        "get_icon",
        "fetch_icon",
    }
)
MOST_PEOPLE = 20
OWN_LID = "770000000000001@lid"
"""The id by which a gateway hides the account's number."""
EVERYTHING_OPEN: Mapping[Permission, Value] = {
    "send_messages": "everyone",
    "edit_info": "everyone",
    "add_members": "everyone",
    "approve_members": False,
}

When = Literal["before", "after", "lie"]


class FakeClock:
    """A `ports.Clock` in virtual time: `sleep` moves it and returns at once."""

    def __init__(self, start: datetime = NOON) -> None:
        self.start = start
        self.elapsed = 0.0
        self.slept: list[float] = []
        self.stopping = False
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        if not self.stopping:
            with self._lock:
                self.slept.append(seconds)
                self.elapsed += max(0.0, seconds)


@dataclass(frozen=True, slots=True)
class FakeGroup:
    """A group as it truly is. `icon` is the URL under which its picture is served, without query."""

    live: LiveGroup
    icon: str | None = None
    link: str | None = None
    hidden: bool = False


@dataclass(slots=True)
class _Fault:
    method: str
    error: Exception | None
    when: When
    nth: int
    times: int | None
    seen: int = 0

    def strikes(self, method: str) -> bool:
        if self.method not in (method, "*"):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)


class FakeApi:
    """One account's groups, with `reader` and `writer` as a backend offers them.

    `lag` seconds of `clock` pass before reads show a change. `store` is what the server keeps of an uploaded
    picture (the same bytes, a re-encoding), `keep` of a subject that is sent. `before_call` is told every
    call's name before it is carried out, and may change things or raise. `calls` holds the name and arguments
    of every call. All other methods are the hands of people and of tests: no fault and no lag concerns them.

    It behaves as the service `backend`. A gateway's ids have domains, and its lists say everything and may be
    short; of one that keeps its list what is not known is an error like any other. The groups as they truly
    are have people by their digits there as well; `as_listed` is how they are called.
    """

    def __init__(
        self,
        account: str = ACCOUNT,
        *,
        clock: FakeClock | None = None,
        lag: float = 0.0,
        subject_limit: int = 25,
        store: Callable[[bytes], bytes] = bytes,
        keep: Callable[[str], str] = str,
        backend: BackendName = "sinch",
    ) -> None:
        self.account = account
        self.can = CAPABILITIES[backend]
        self.gateway = self.can.gateway
        self.clock = clock or FakeClock()
        self.lag = lag
        self.subject_limit = subject_limit
        self.store = store
        self.keep = keep
        self.before_call: Callable[[str], None] = lambda name: None
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.messages: list[tuple[str, Mapping[str, object]]] = []
        self.pictures: dict[str, bytes] = {}
        self.reader = FakeReader(self)
        self.writer = FakeWriter(self)
        self.lists_people = self.gateway
        """Whether one listing says everything."""
        self.limits = ServiceLimits()
        self.waiting: dict[str, tuple[str, ...]] = {}
        """Group id → numbers of those who wait for approval."""
        self.lids: dict[str, str | None] = {}
        """Ids that hide a number → the number, where a look-up tells it."""
        self.hidden: dict[str, str] = {}
        """Number → the id by which a gateway lists them, without their number."""
        self.told: set[str] = set()
        """Numbers of `hidden` that a list says beside that id."""
        self.ownerless: set[str] = set()
        """Groups whose creator a gateway does not tell."""
        self.unlisted: set[str] = set()
        """Groups of which a gateway knows nothing until it is asked to refresh its list."""
        self.lists_new = True
        """Whether a gateway's cache has a new group before it is refreshed."""
        self.refusals: dict[str, int] = {}
        """Number → the status with which adding them is refused."""
        self.known_as: dict[str, str | None] = {}
        """Number → the number under which the service knows it; None: it knows nobody of that number."""
        self.answers_by: Literal["id", "number", "nobody"] = "id"
        """By what the answers to an adding name people."""
        self._faults: list[_Fault] = []
        self._count = 0
        self._history: list[tuple[float, dict[str, FakeGroup]]] = [(float("-inf"), {})]
        self._lock = threading.RLock()

    # Faults and records

    def fail(
        self,
        method: str,
        error: Exception | None = None,
        *,
        when: When = "before",
        nth: int = 1,
        times: int | None = 1,
    ) -> None:
        """Strike calls of `method` (a name of the ports, or `*`): from now the `nth`, and `times` in all
        (None: all that follow). Raise `error` before the effect or after it, or (`lie`) do nothing and say
        that all is well."""
        self._faults.append(_Fault(method, error, when, nth, times))

    def heal(self) -> None:
        """Lift every fault."""
        self._faults.clear()

    @property
    def writes(self) -> list[tuple[str, tuple[object, ...]]]:
        """The calls of the writer, `get_link` included."""
        return [call for call in self.calls if call[0] not in READS]

    # People's hands

    def seed(
        self,
        subject: str,
        *,
        creator: str | None = None,
        participants: Sequence[str] = (),
        admins: Sequence[str] = (),
        account: Literal["admin", "member", "absent"] = "member",
        icon: bytes | None = None,
        **told: Any,
    ) -> str:
        """A group that has been there for long; `account` says how the account is in somebody else's. What
        else is `told` is of a `LiveGroup`."""
        creator = creator or self.account
        own = (self.account,) if account == "admin" else ()
        leaders = tuple(dict.fromkeys((creator, *admins, *own)))
        present = () if account == "absent" else (self.account,)
        people = tuple(dict.fromkeys((creator, *present, *participants, *leaders)))
        with self._lock:
            group = self._new(subject, creator, people, leaders)
            group = replace(
                group, icon=None if icon is None else self._serve(icon), live=replace(group.live, **told)
            )
            for _, groups in self._history:
                groups[group.live.id] = group
            return group.live.id

    def ids(self) -> tuple[str, ...]:
        """All groups that the account is in, hidden ones too."""
        return tuple(id_ for id_, group in self.now.items() if self.account in group.live.participants)

    def group(self, group_id: str) -> LiveGroup:
        return self.now[group_id].live

    def icon(self, group_id: str) -> bytes | None:
        url = self.now[group_id].icon
        return None if url is None else self.pictures[url]

    def link(self, group_id: str) -> str | None:
        """The invite link if there is one, without making it."""
        return self.now[group_id].link

    def sent(self) -> list[str]:
        """Where messages went, oldest first: ids of groups and of people."""
        return [destination for destination, _ in self.messages]

    def join(self, group_id: str, *people: str) -> None:
        live = self.group(group_id)
        self._change(live, participants=tuple(dict.fromkeys((*live.participants, *people))))

    def leave(self, group_id: str, *people: str) -> None:
        live = self.group(group_id)
        self._change(
            live,
            participants=tuple(person for person in live.participants if person not in people),
            admins=tuple(person for person in live.admins if person not in people),
        )

    def promote(self, group_id: str, *people: str) -> None:
        live = self.group(group_id)
        self._change(live, admins=tuple(dict.fromkeys((*live.admins, *people))))

    def demote(self, group_id: str, *people: str) -> None:
        live = self.group(group_id)
        self._change(live, admins=tuple(person for person in live.admins if person not in people))

    def set_subject(self, group_id: str, subject: str) -> None:
        self.put(replace(self.now[group_id], live=replace(self.group(group_id), subject=subject)))

    def set_description(self, group_id: str, description: str) -> None:
        self.put(replace(self.now[group_id], live=replace(self.group(group_id), description=description)))

    def set_permission(self, group_id: str, permission: Permission, value: Value) -> None:
        live = self.group(group_id)
        live = replace(live, permissions={**live.permissions, permission: value})
        self.put(replace(self.now[group_id], live=live))

    def set_icon(self, group_id: str, data: bytes | None) -> None:
        """Somebody sets the icon, or removes it; stored as it comes."""
        self.put(replace(self.now[group_id], icon=None if data is None else self._serve(data)))

    def hide(self, group_id: str, hidden: bool = True) -> None:
        """Leave the group out of the list although it answers: a short list."""
        self.put(replace(self.now[group_id], hidden=hidden))

    def _change(self, live: LiveGroup, **people: tuple[str, ...]) -> None:
        self.put(replace(self.now[live.id], live=replace(live, **people)))  # type: ignore[arg-type]

    def _serve(self, data: bytes) -> str:
        self._count += 1
        url = f"https://cdn.example/{self._count}/groupIcon.{_mime(data).removeprefix('image/')}"
        self.pictures[url] = data
        return url

    # What reader and writer build on

    @property
    def now(self) -> dict[str, FakeGroup]:
        """All groups as they truly are, by id."""
        return self._history[-1][1]

    @property
    def shown(self) -> dict[str, FakeGroup]:
        """All groups as reads show them."""
        limit = self.clock.monotonic() - self.lag
        return next(groups for at, groups in reversed(self._history) if at <= limit)

    def listed(self) -> tuple[str, ...]:
        """What a list names now."""
        return tuple(
            group_id
            for group_id, group in self.shown.items()
            if self.account in group.live.participants
            and not group.hidden
            and not (self.gateway and group_id in self.unlisted)
        )

    def listed_as(self, digits: str) -> str:
        """The id by which reads show somebody."""
        if not self.gateway:
            return digits
        return self.hidden.get(digits) or f"{digits}@c.us"

    def digits_of(self, person: str) -> str:
        """Whom a call means by an id."""
        hidden = {lid: digits for digits, lid in self.hidden.items()}
        return hidden.get(person) or number.of_id(person) or person

    def as_listed(self, live: LiveGroup) -> LiveGroup:
        """A group as reads show it."""
        if not self.gateway:
            return live
        listed = {digits: self.listed_as(digits) for digits in live.participants}
        creator = None if live.id in self.ownerless else live.creator
        above = (live.creator, *live.superadmins)
        return replace(
            live,
            creator=creator,
            admins=tuple(listed[digits] for digits in live.admins),
            participants=tuple(listed.values()),
            description=live.description or "",
            numbers={
                person: digits
                for digits, person in listed.items()
                if digits not in self.hidden or digits in self.told
            },
            superadmins=tuple(listed[digits] for digits in live.admins if digits in above),
        )

    def put(self, group: FakeGroup) -> None:
        with self._lock:
            groups = {**self.now, group.live.id: group}
            if self.lag:
                self._history.append((self.clock.monotonic(), groups))
            else:
                self._history = [(float("-inf"), groups)]

    def create(self, subject: str) -> FakeGroup:
        return self._new(subject, self.account, (self.account,), (self.account,))

    def _new(self, subject: str, creator: str, people: tuple[str, ...], admins: tuple[str, ...]) -> FakeGroup:
        self._count += 1
        moment = 1_513_616_970 + self._count
        if self.gateway:
            group_id = f"12036300{moment}@g.us"
            live = LiveGroup(group_id, subject, creator, admins, people, "", dict(EVERYTHING_OPEN))
            return FakeGroup(live)
        return FakeGroup(LiveGroup(f"{creator}-{moment}", subject, creator, admins, people))

    @contextmanager
    def call(self, method: str, *args: object) -> Iterator[bool]:
        """One call: recorded, and struck by the first fault that does. Yields whether it has its effect."""
        with self._lock:
            self.before_call(method)
            self.calls.append((method, args))
            struck = [fault for fault in self._faults if fault.strikes(method)]
            fault = struck[0] if struck else None
            if fault is not None and fault.error is not None and fault.when == "before":
                raise fault.error
            yield fault is None or fault.when == "after"
            if fault is not None and fault.error is not None:
                raise fault.error


class FakeReader:
    """A `ports.Reader`."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    def session(self) -> Session | None:
        return Session(self._api.account, OWN_LID) if self._api.gateway else None

    def limits(self) -> ServiceLimits:
        with self._api.call("limits"):
            return self._api.limits

    def list_groups(self) -> GroupList:
        with self._api.call("list_groups"):
            ids = self._api.listed()
            if not self._api.lists_people:
                return GroupList(ids)
            shown = self._api.shown
            return GroupList(ids, {each: self._api.as_listed(shown[each].live) for each in ids})

    def identified(self, live: LiveGroup) -> LiveGroup:
        return live

    def waiting(self, group_id: str) -> tuple[str, ...]:
        with self._api.call("waiting", group_id):
            return self._api.waiting.get(group_id, ())

    def number_of(self, person: str) -> str | None:
        with self._api.call("number_of", person):
            return self._api.lids.get(person)

    def get_group(self, group_id: str) -> LiveGroup:
        with self._api.call("get_group", group_id):
            return self._api.as_listed(self._seen(group_id).live)

    def get_icon(self, group_id: str, *, fresh: bool = False) -> IconMeta | None:
        api = self._api
        with api.call("get_icon", group_id):
            url = self._seen(group_id).icon
            if url is None:
                return None
            data = api.pictures[url]
            return IconMeta(f"{url}?signature={len(api.calls)}", len(data))

    def fetch_icon(self, icon: IconMeta) -> bytes:
        with self._api.call("fetch_icon", icon):
            data = self._api.pictures.get(icon.bare_url)
            if data is None:
                raise Refused("the icon is not served where the API says it is", status=404, code="http_404")
            return data

    def _seen(self, group_id: str) -> FakeGroup:
        group = _member(self._api, self._api.shown, group_id)
        if self._api.gateway and group_id in self._api.unlisted:
            raise _unknown(self._api)
        return group


class FakeWriter:
    """A `ports.Writer`, with the rules that the API is known to enforce."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    def create_group(self, subject: str, people: Sequence[str] = ()) -> str:
        api = self._api
        with api.call("create_group", subject, *([tuple(people)] if people else [])) as effective:
            self._check_subject(subject)
            if not people and api.can.peopled:
                raise _refused("nobody to make a group with")
            group = api.create(api.keep(subject))
            if effective:
                api.put(group)
                for digits in map(api.digits_of, people):
                    unknown = api.known_as.get(digits, digits) != digits
                    if not unknown and digits not in api.refusals:  # whom it leaves out, it does not say
                        api.join(group.live.id, digits)
                if not api.lists_new:
                    api.unlisted.add(group.live.id)
            return group.live.id

    def set_subject(self, group_id: str, subject: str) -> None:
        api = self._api
        with api.call("set_subject", group_id, subject) as effective:
            self._admin(group_id)
            self._check_subject(subject)
            if effective:
                api.set_subject(group_id, api.keep(subject))

    def set_description(self, group_id: str, description: str) -> None:
        with self._api.call("set_description", group_id, description) as effective:
            self._admin(group_id)
            if not description and not self._api.can.no_description:
                raise _refused("no description")
            if effective:
                self._api.set_description(group_id, description)

    def set_permission(self, group_id: str, permission: Permission, value: Value) -> None:
        with self._api.call("set_permission", group_id, permission, value) as effective:
            self._admin(group_id)
            if effective:
                self._api.set_permission(group_id, permission, value)

    def add_participants(self, group_id: str, ids: Sequence[str]) -> tuple[PersonAnswer, ...]:
        api = self._api
        with api.call("add_participants", group_id, tuple(ids)) as effective:
            live = self._admin(group_id).live
            answers = []
            for person in ids:
                digits = api.digits_of(person)
                status = 409 if digits in live.participants else api.refusals.get(digits, 200)
                status = 404 if digits in api.known_as and api.known_as[digits] != digits else status
                match api.answers_by:
                    case "id":
                        answers.append(PersonAnswer(person, None, status))
                    case "number":
                        answers.append(PersonAnswer(None, digits, status))
                    case "nobody":
                        pass
                if status == 200 and effective:
                    api.join(group_id, digits)
            return tuple(answers)

    def find_person(self, digits: str) -> str | None:
        with self._api.call("find_person", digits):
            known = self._api.known_as.get(digits, digits)
            return known if known is None or not self._api.gateway else f"{known}@c.us"

    def refresh_list(self) -> None:
        with self._api.call("refresh_list") as effective:
            if effective:
                self._api.unlisted.clear()

    def set_icon(self, group_id: str, data: bytes, mime: str) -> None:
        if mime not in ("image/jpeg", "image/png"):
            raise ValueError("an icon is image/jpeg or image/png")
        api = self._api
        with api.call("set_icon", group_id, data, mime) as effective:
            self._admin(group_id)
            if _mime(data) != mime:
                raise _refused("the picture is not what Content-Type says")
            if effective:
                api.set_icon(group_id, api.store(data))

    def remove_icon(self, group_id: str) -> None:
        api = self._api
        if not api.can.no_icon:
            raise ValueError("the service cannot take a picture away")
        with api.call("remove_icon", group_id) as effective:
            try:
                group = self._admin(group_id)
            except NotFound:
                return
            if effective and group.icon is not None:
                api.set_icon(group_id, None)

    def promote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._people("promote", group_id, wa_ids, self._api.promote)

    def demote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._people("demote", group_id, wa_ids, self._api.demote)

    def remove_participants(self, group_id: str, wa_ids: Sequence[str]) -> None:
        self._people("remove_participants", group_id, wa_ids, self._api.leave)

    def get_link(self, group_id: str) -> str:
        api = self._api
        with api.call("get_link", group_id) as effective:
            group = self._admin(group_id)
            link = (
                group.link
                or f"https://chat.whatsapp.com/Link-{len(api.calls)}_{group.live.id.rpartition('-')[2]}"
            )
            if effective:
                api.put(replace(group, link=link))
            return link

    def revoke_link(self, group_id: str) -> None:
        with self._api.call("revoke_link", group_id) as effective:
            group = self._admin(group_id)
            if effective:
                self._api.put(replace(group, link=None))

    def leave(self, group_id: str) -> None:
        api = self._api
        with api.call("leave", group_id) as effective:
            _member(api, api.now, group_id)
            if effective:
                api.leave(group_id, api.account)

    def send_to_group(self, group_id: str, text: str) -> str:
        with self._api.call("send_to_group", group_id, text) as effective:
            _member(self._api, self._api.now, group_id)
            return self._send(group_id, {"messageText": text}, effective)

    def send_to_person(self, wa_id: str, message: Mapping[str, object], correlation_id: str = "") -> str:
        _check_person(wa_id)
        with self._api.call("send_to_person", wa_id, message, correlation_id) as effective:
            return self._send(wa_id, message, effective)

    def _send(self, destination: str, message: Mapping[str, object], effective: bool) -> str:
        if effective:
            whom = destination if destination in self._api.now else self._api.digits_of(destination)
            self._api.messages.append((whom, message))
        return f"message-{len(self._api.calls)}"

    def _people(self, method: str, group_id: str, wa_ids: Sequence[str], act: Callable[..., None]) -> None:
        """All or nobody, as the API's 400 is taken to mean."""
        people = tuple(dict.fromkeys(wa_ids))
        if not 1 <= len(people) <= MOST_PEOPLE:
            raise ValueError(f"one call takes 1 to {MOST_PEOPLE} people")
        for person in people:
            _check_person(person)
        with self._api.call(method, group_id, people) as effective:
            live = self._admin(group_id).live
            people = tuple(map(self._api.digits_of, people))
            if self._api.gateway:
                people = self._each(method, live, people)
            if not set(people) <= set(live.participants):
                raise _refused("a number is no participant")
            if method != "promote" and live.creator in people:
                raise _refused("the creator stays")
            if method == "remove_participants" and self._api.account in people:
                raise _refused("the account itself cannot be removed")
            if effective:
                act(group_id, *people)

    def _each(self, method: str, live: LiveGroup, people: tuple[str, ...]) -> tuple[str, ...]:
        """Whom a gateway, which answers for each person alone, does it to; refused is what is refused of
        everybody."""
        there = tuple(each for each in people if each in live.participants)
        if not there and method != "promote":
            return ()  # as wanted
        above = {live.creator, *live.superadmins}
        may = tuple(each for each in there if method == "promote" or each not in above)
        if not may:
            raise _refused("refused for everybody")
        return may

    def _admin(self, group_id: str) -> FakeGroup:
        group = _member(self._api, self._api.now, group_id)
        if self._api.account not in group.live.admins:
            raise Refused("only an admin may do this", status=403, code="http_403")
        return group

    def _check_subject(self, subject: str) -> None:
        if not subject.strip() or len(subject) > self._api.subject_limit:
            raise _refused("the subject is empty or too long")


def _member(api: FakeApi, groups: Mapping[str, FakeGroup], group_id: str) -> FakeGroup:
    if not number.is_group_id(group_id):
        raise ValueError("not a group's id")
    group = groups.get(group_id)
    if group is None or api.account not in group.live.participants:
        raise _unknown(api)
    return group


def _unknown(api: FakeApi) -> ApiError:
    """What is answered about a group that is not known."""
    if api.can.refreshes:
        return Unclear("the gateway failed", status=500, code="http_500", retry=True)
    return NotFound("the API knows no such group", status=404, code="http_404")


def _refused(message: str) -> Refused:
    return Refused(message, status=400, code="http_400")


def _check_person(wa_id: str) -> None:
    if not number.is_person_id(wa_id):
        raise ValueError("not a person's id")


def _mime(data: bytes) -> str:
    return "image/png" if data.startswith(b"\x89PNG\r\n\x1a\n") else "image/jpeg"
