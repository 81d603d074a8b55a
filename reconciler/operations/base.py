"""A plan beside the plan of the base: which of its changes does a change of the files cause?"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.errors import NotFound
from reconciler.model.attribution import Base, SettingChange
from reconciler.model.capabilities import CAPABILITIES
from reconciler.model.live import GroupList, ServiceLimits, Session
from reconciler.planning import attribution, planner
from reconciler.reading import read

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.model.capabilities import Capabilities
    from reconciler.model.desired import Desired, DesiredGroup
    from reconciler.model.live import IconMeta, LiveGroup
    from reconciler.model.plan import Plan
    from reconciler.model.record import State
    from reconciler.model.settings import Settings
    from reconciler.planning.options import Options
    from reconciler.ports import IconFiles, Reader, ReadPorts

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFiles:
    """The files at the base of a change. `desired` is None where they cannot be used, for the reason
    `problem`. `settings` is what this change would change of them; the rest as in
    `model.plan.Base`."""

    ref: str
    commit: str
    desired: Desired | None
    icon_files: IconFiles
    settings: tuple[SettingChange, ...] = ()
    problem: str = ""
    warnings: tuple[str, ...] = ()


def under_settings_of(loaded: Loaded, base: Settings) -> Loaded:
    """Return the files with account, backend, state, guards, allowances and ignored groups of the base: a
    change shall not choose whom the guards protect, or what is looked at, while it is reviewed."""
    own, desired = loaded.settings, loaded.desired
    if own.backend != base.backend:  # by which the others go
        own = replace(own, backend=base.backend, api=base.api, invites=base.invites)
        honoured = partial(_honoured, CAPABILITIES[base.backend])
        desired = replace(desired, groups=tuple(map(honoured, desired.groups)))
    settings = replace(
        own,
        account=base.account,
        state=base.state,
        guards=base.guards,
        allow=base.allow,
        ignore=base.ignore,
    )
    return replace(loaded, settings=settings, desired=desired)


def _honoured(can: Capabilities, group: DesiredGroup) -> DesiredGroup:
    """Return a group without what a service cannot do: of files for another it is no mistake."""
    described = can.no_description if group.description == "" else can.description
    return replace(
        group,
        description=group.description if described else None,
        permissions={name: value for name, value in group.permissions.items() if name in can.permissions},
        join=group.join if can.adding else "invite",
    )


def compare(
    made: Plan, settings: Settings, state: State, options: Options, ports: ReadPorts, base: BaseFiles
) -> Base:
    """Return what of the plan `made` the change since the base causes. `settings` are those that it was made
    with, and `ports.reader` is the `CachingReader` that was read from for it."""
    if base.desired is None:
        found = attribution.without_base(made)
    else:
        at_base = replace(ports, icon_files=base.icon_files)
        reading = read(base.desired, state, settings, options, at_base)
        other = planner.plan(base.desired, state, reading, settings, options)
        found = attribution.attribute(made, other)
    return Base(
        ref=base.ref,
        commit=base.commit,
        attribution=found,
        settings=base.settings,
        problem=base.problem,
        warnings=base.warnings,
    )


class CachingReader:
    """A `Reader` that asks each question once, however often it is asked: what two plans need of the live
    side is then one reading. Of pictures it keeps `MAX_KEPT` bytes; more are fetched again. That there is no
    such group is not kept, nor is the list beside it, so that who doubts can ask again."""

    MAX_KEPT = 64 * 1024 * 1024

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept = 0
        self._known: dict[tuple[str, str], Future[Any]] = {}
        self._lock = Lock()

    def list_groups(self) -> GroupList:
        return self._once(("list", ""), self._reader.list_groups)

    def get_group(self, group_id: str) -> LiveGroup:
        question = ("group", group_id)
        try:
            return self._once(question, partial(self._reader.get_group, group_id))
        except NotFound:
            with self._lock:
                self._known.pop(question, None)
                self._known.pop(("list", ""), None)
            raise

    def session(self) -> Session | None:
        return self._reader.session()

    def limits(self) -> ServiceLimits:
        return self._reader.limits()

    def identified(self, live: LiveGroup) -> LiveGroup:
        return self._reader.identified(live)

    def waiting(self, group_id: str) -> tuple[str, ...]:
        return self._once(("waiting", group_id), partial(self._reader.waiting, group_id))

    def number_of(self, person: str) -> str | None:
        return self._once(("number", person), partial(self._reader.number_of, person))

    def get_icon(self, group_id: str, *, fresh: bool = False) -> IconMeta | None:
        if fresh:
            return self._reader.get_icon(group_id, fresh=True)
        return self._once(("icon", group_id), partial(self._reader.get_icon, group_id))

    def fetch_icon(self, icon: IconMeta) -> bytes:
        question = ("bytes", icon.url)
        if self._kept > self.MAX_KEPT and question not in self._known:
            return self._reader.fetch_icon(icon)
        data = self._once(question, partial(self._reader.fetch_icon, icon))
        with self._lock:
            self._kept += len(data)
        return data

    def _once(self, question: tuple[str, str], ask: Callable[[], T]) -> T:
        with self._lock:
            known: Future[T] | None = self._known.get(question)
            if known is None:
                mine: Future[T] = Future()
                self._known[question] = mine
        if known is not None:
            return known.result()
        try:
            mine.set_result(ask())
        except BaseException as error:
            mine.set_exception(error)
            raise
        return mine.result()
