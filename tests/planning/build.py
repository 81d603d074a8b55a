"""Short ways to say what is wanted, what is there and what is on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from reconciler.errors import Location, Problem
from reconciler.model.change import Affected, Change
from reconciler.model.desired import Desired, DesiredGroup, DesiredIcon, Icon, Person
from reconciler.model.live import Absent, IconMeta, LiveGroup, LiveIcon, LiveState
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.record import Record, State
from reconciler.model.settings import Settings
from reconciler.planning import planner
from reconciler.planning.group import Context
from reconciler.planning.options import Options

ACCOUNT = "5511900001111"
OLD_ACCOUNT = "5511900002222"
ANA, BRUNO, CARLOS, DORA, ELISA = (f"551990000000{n}" for n in range(1, 6))
STRANGER = "5521977776666"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = date(2026, 11, 21)


def person(*numbers: str, alias: str | None = None, left: date | None = None) -> Person:
    return Person(numbers, alias=alias, left=left, location=Location("contacts.yaml", 14))


def people(*numbers: str) -> tuple[Person, ...]:
    """People without an alias, one for each number."""
    return tuple(Person((digits,)) for digits in numbers)


def wanted(name: str = "sales", **fields: Any) -> DesiredGroup:
    """A manifest; `subject` is "Sales" unless said otherwise."""
    return DesiredGroup(
        **{"name": name, "location": Location(f"groups/{name}.yaml"), "subject": "Sales", **fields}
    )


def found(
    group_id: str = "g-1",
    *,
    subject: str = "Sales",
    creator: str | None = ACCOUNT,
    admins: Iterable[str] = (),
    members: Iterable[str] = (),
    account: bool = True,
) -> LiveGroup:
    """A live group in which the account is an admin, unless `account` is False, which leaves it out."""
    own = (ACCOUNT,) if account else ()
    leaders = tuple(dict.fromkeys((*own, *admins)))
    return LiveGroup(group_id, subject, creator, leaders, tuple(dict.fromkeys((*leaders, *members))))


def reading(
    *groups: LiveGroup,
    gone: Mapping[str, Absent] | None = None,
    problems: Iterable[str] = (),
    unlisted: Iterable[str] = (),
    icons: Mapping[str, LiveIcon | Problem] | None = None,
) -> LiveState:
    """All groups given are listed and read, but for `unlisted`; `problems` are listed and unreadable; `gone`
    are not listed."""
    broken = {group_id: Problem("http_500", "the API failed", status=500) for group_id in problems}
    everything = {group.id: group for group in groups} | broken
    return LiveState(
        listed=tuple(group_id for group_id in everything if group_id not in set(unlisted)),
        groups=everything | dict(gone or {}),
        icons=icons or {},
    )


def state(**ids: str) -> State:
    """Names bound to ids; `_` in a name stands for a hyphen."""
    return State(groups={name.replace("_", "-"): Record(id=group_id) for name, group_id in ids.items()})


def settings(**fields: Any) -> Settings:
    return Settings(**{"account": (ACCOUNT, OLD_ACCOUNT), **fields})


def options(**fields: Any) -> Options:
    return Options(**{"now": NOW, "today": TODAY, **fields})


def context(
    *, leavers: tuple[Person, ...] = (), account: tuple[str, ...] = (ACCOUNT, OLD_ACCOUNT), **fields: Any
) -> Context:
    desired = Desired(groups=(), leavers=leavers)
    return Context.of(desired, settings(account=account), options(**fields))


def plan_of(
    groups: Iterable[DesiredGroup],
    live: LiveState,
    known: State | None = None,
    *,
    leavers: tuple[Person, ...] = (),
    configured: Settings | None = None,
    **wishes: Any,
) -> Plan:
    desired = Desired(groups=tuple(groups), leavers=leavers)
    return planner.plan(desired, known or State(), live, configured or settings(), options(**wishes))


def entry(plan: Plan, name: str = "sales") -> GroupPlan:
    """The one entry of a name."""
    (entry,) = [group for group in plan.groups if group.name == name]
    return entry


def kinds(changes: Iterable[Change]) -> list[str]:
    return [change.kind for change in changes]


def ids_of(affected: Iterable[Affected]) -> list[str]:
    return [person.wa_id for person in affected]


def notes_of(group: GroupPlan) -> str:
    """All notes as one text, with the values in their places."""
    texts = []
    for note in group.notes:
        values = {"ids": note.ids, "people": note.people, "texts": note.texts}
        texts.append(note.text.format(**values))
    return "\n".join(texts)


def icon(sha256: str = "a1", *, path: str = "icons/a.png") -> DesiredIcon:
    return DesiredIcon(Icon(path, sha256, "image/png", 640, 640, 1000))


def served(
    url: str = "https://cdn.example/1/a.png?sig=1",
    *,
    length: int | None = 1000,
    sha256: str | None = None,
    alike: bool | None = None,
) -> LiveIcon:
    return LiveIcon(IconMeta(url, length), sha256, alike)


NO_ICON = LiveIcon(None)
