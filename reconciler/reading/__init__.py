"""Reading the live side: the fewest calls that planning needs, in parallel, through a `Reader`.

One list; info of bound groups, and of unbound ones only while a name has to be searched for; icon metadata
only where an icon is managed, and the served bytes only where a record does not decide. A call that failed
becomes a `Problem` in the reading; what concerns the whole run (credentials, a list that cannot be read)
is raised. Never here: writes, and decisions about groups.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler import pictures
from reconciler.errors import ApiError, NotFound, PictureError, Problem
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.capabilities import CAPABILITIES
from reconciler.model.desired import Desired, DesiredGroup, DesiredIcon
from reconciler.model.live import CONTRADICTION, Absent, GroupList, LiveGroup, LiveIcon, LiveState
from reconciler.planning.bindings import known_bindings, left_ids, recorded_ids, to_search
from reconciler.planning.diff import IconDifference, compare_icon
from reconciler.planning.identity import Bound, resolve
from reconciler.planning.planner import record_for
from reconciler.planning.subjects import normal

if TYPE_CHECKING:
    from reconciler.model.record import IconRecord, State
    from reconciler.model.settings import Settings
    from reconciler.planning.options import Options
    from reconciler.ports import Clock, Reader, ReadPorts

T = TypeVar("T")
P = TypeVar("P", bound="ReadPorts")
Gather = Callable[[Sequence[Callable[[], None]]], None]
OnGroupRead = Callable[[DesiredGroup, LiveGroup, LiveIcon | None], None]


def read(
    desired: Desired,
    state: State,
    settings: Settings,
    options: Options,
    ports: ReadPorts,
    *,
    on_group_read: OnGroupRead | None = None,
) -> LiveState:
    """Read what a plan needs.

    Groups that `settings.ignore` names are taken for not listed. `on_group_read` is told of every bound group
    as soon as all is read that concerns it, by the thread that read it. Raises `ApiError` when the list
    cannot be read, `CredentialsError` and `Interrupted` from any call.
    """
    run = _LiveReader(desired, state, settings, options, ports, on_group_read)
    return run.read() if ports.meanwhile is None else ports.workers.beside(run.read, ports.meanwhile)


def _gather(ports: ReadPorts, concurrency: int, tasks: Sequence[Callable[[], None]]) -> None:
    if not tasks:
        return
    ports.progress.start(msg("Reading groups"), len(tasks))
    try:
        ports.workers.all(tasks, concurrency, ports.progress.advance)
    finally:
        ports.progress.finish()


def _list(ports: ReadPorts) -> GroupList:
    ports.progress.start(msg("Listing groups"), 1)  # which may take minutes, at a gateway
    try:
        return ports.reader.list_groups()
    finally:
        ports.progress.finish()


def survey(
    ports: ReadPorts,
    settings: Settings,
    *,
    known: Iterable[str],
    only: Collection[str] | None = None,
    left: Collection[str],
) -> LiveState:
    """Read everything there is: the list, and the info of every group on it and of the `known` ones beside
    it; with `only`, the info of these alone. Groups that `settings.ignore` names are taken for not listed;
    `left` are those that were left on purpose. For seeing and importing what exists; planning reads less.

    Raises what `read` raises.
    """
    reader, ignore = ports.reader, frozenset(settings.ignore)
    listing = _list(ports)
    named, told = listing.ids, listing.groups
    listed = tuple(group_id for group_id in named if group_id not in ignore)
    wanted = dict.fromkeys((*listed, *known) if only is None else only)
    wanted = {group_id: None for group_id in wanted if group_id not in ignore}
    groups: dict[str, LiveGroup | Problem | Absent] = {}

    def look(group_id: str) -> None:
        groups[group_id] = told.get(group_id) or observe_group(reader, group_id)

    gather = partial(_gather, ports, settings.api.concurrency)
    gather([partial(look, group_id) for group_id in wanted])
    listed = _still_listed(reader, listed, groups, gather, left)
    return LiveState(
        listed=listed,
        ignored=tuple(group_id for group_id in named if group_id in ignore),
        gateway=CAPABILITIES[settings.backend].gateway,
        groups={group_id: groups[group_id] for group_id in wanted},
    )


def _still_listed(
    reader: Reader,
    listed: tuple[str, ...],
    groups: dict[str, LiveGroup | Problem | Absent],
    gather: Gather,
    left: Collection[str],
) -> tuple[str, ...]:
    """Return the list without the groups that turned out to be gone.

    A listed group of which it was answered that there is none is asked for once more, and so is the list: an
    id that is not on it any more was never there, and one that is, is a `CONTRADICTION`, which is put into
    `groups`. What was `left` on purpose is gone, whatever the list says.
    """
    gone = {group_id for group_id in listed if isinstance(groups.get(group_id), Absent)}
    doubtful = gone.difference(left)
    if not doubtful:
        return tuple(group_id for group_id in listed if group_id not in gone) if gone else listed

    def look(group_id: str) -> None:
        found = observe_group(reader, group_id)
        groups[group_id] = CONTRADICTION if isinstance(found, Absent) else found

    again = frozenset(reader.list_groups().ids)
    gather([partial(look, group_id) for group_id in sorted(doubtful & again)])
    gone -= doubtful & again
    return tuple(group_id for group_id in listed if group_id not in gone)


class IdentifyingReader:
    """A `Reader` of a service that may hide people's numbers: each group that is asked for has the numbers of
    its people as far as they are known, to the contacts, to the state or to the service, which is asked about
    each person once. A list is as the service gives it; `identified` is for the managed groups in it."""

    def __init__(
        self, reader: Reader, known: Mapping[str, str], wanted: Mapping[str, frozenset[str]]
    ) -> None:
        """`known`: ids that hide a number → its digits; `wanted`: group id → keys of those who are wanted."""
        self._reader = reader
        self._wanted = wanted
        self._gone: frozenset[str] = frozenset()
        self._known: dict[str, str | None] = {number.key(lid): digits for lid, digits in known.items()}
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def get_group(self, group_id: str) -> LiveGroup:
        try:
            found = self._reader.get_group(group_id)
        except ApiError as error:
            if group_id in self._gone:
                raise NotFound(msg("two lists leave the group out"), code="not_listed") from error
            raise
        return self.identified(found)

    def lose(self, group_ids: frozenset[str]) -> None:
        """Take these groups for gone wherever they cannot be read: two lists, the second of which was
        refreshed, leave them out, and a gateway has no other way to say so."""
        self._gone = group_ids

    def identified(self, live: LiveGroup) -> LiveGroup:
        """Return a group with the numbers of its people; and, where admins have to approve of newcomers and
        somebody wanted is missing, with those who wait for that. Raises what the calls raise."""
        found = {each: digits for each in live.unidentified if (digits := self.number_of(each)) is not None}
        live = replace(live, numbers={**live.numbers, **found}) if found else live
        missing = self._wanted.get(live.id, frozenset()) - live.participant_keys
        if missing and live.permissions.get("approve_members") is True:
            waiting = (number.key(self.number_of(each) or each) for each in self._reader.waiting(live.id))
            live = replace(live, waiting=frozenset(waiting))
        return live

    def number_of(self, person: str) -> str | None:
        if (told := number.of_id(person)) is not None:
            return told
        key = number.key(person)
        if key not in self._known:
            digits = self._reader.number_of(person)
            with self._lock:
                self._known[key] = digits
        return self._known[key]


def identifying(ports: P, desired: Desired, state: State, settings: Settings) -> P:
    """Return the ports with a reader that says whose the ids are that hide a number, where the service has
    such. What the contacts say counts more than what was recorded."""
    if not CAPABILITIES[settings.backend].gateway or isinstance(ports.reader, IdentifyingReader):
        return ports
    people = {person.ref: person.numbers[0] for person in desired.people}
    known = {
        lid: digits
        for record in state.groups.values()
        for lid, ref in record.lids.items()
        if (digits := people.get(ref) or (ref if number.is_wa_id(ref) else None)) is not None
    }
    known |= {lid: person.numbers[0] for person in desired.people for lid in person.lids}
    known |= dict.fromkeys(settings.lids, settings.account[0]) if settings.account else {}
    ids = known_bindings(desired.groups, state)
    wanted = {
        ids[group.name]: frozenset(each.key for each in (*(group.admins or ()), *(group.members or ())))
        for group in desired.groups
        if group.name in ids
    }
    return replace(ports, reader=IdentifyingReader(ports.reader, known, wanted))


def lost(reading: LiveState, desired: Desired, state: State) -> frozenset[str]:
    """Return the groups on record of a gateway that are neither listed nor can be read: they may be gone."""
    if not reading.gateway:
        return frozenset()
    unlisted = recorded_ids(desired.groups, state).difference(reading.listed, left_ids(state))
    return frozenset(each for each in unlisted if isinstance(reading.groups.get(each), Problem))


NO_ICON = Problem(
    "no_icon",
    msg("the gateway shows no icon any more, which may mean that it is not allowed to see it"),
    msg(
        "run it again later. If somebody has taken the icon away: give the group "
        "another picture, or leave `icon` out"
    ),
    retry=True,
)


def observe_group(reader: Reader, group_id: str) -> LiveGroup | Problem | Absent:
    """One group, as data. Raises only what concerns the whole run."""
    try:
        return reader.get_group(group_id)
    except NotFound as error:
        return Absent(error.status)
    except ApiError as error:
        return Problem.of(error)


def observe_icon(
    ports: ReadPorts,
    group_id: str,
    wanted: DesiredIcon,
    record: IconRecord | None,
    *,
    gateway: bool = False,
) -> LiveIcon | Problem:
    """Return the icon, looked at as far as `planning.diff.compare_icon` asks for it. A `gateway` says that
    there is none also where it may not see it, so that counts only where none was seen before, or where
    another one is wanted by now."""
    try:
        seen = LiveIcon(ports.reader.get_icon(group_id))
        source = wanted.picture.sha256 if wanted.picture else None
        if gateway and seen.meta is None and record is not None and source in (None, record.source):
            return NO_ICON
        if compare_icon(wanted, seen, record) is IconDifference.FETCH and seen.meta is not None:
            data = ports.reader.fetch_icon(seen.meta)
            seen = replace(seen, sha256=pictures.sha256(data))
            if compare_icon(wanted, seen, record) is IconDifference.COMPARE and wanted.picture is not None:
                seen = replace(seen, alike=_alike(data, ports.icon_files.read(wanted.picture)))
        return seen
    except ApiError as error:
        return Problem.of(error)
    except PictureError as error:  # the file has changed since it was checked
        return Problem("picture", error.message, error.hint)


def poll(
    clock: Clock, look: Callable[[], T | None], seconds: float, *, first: float = 0.1, longest: float = 1.0
) -> T | None:
    """Look until there is something, for `seconds` at the most, with pauses that grow from `first` up to
    `longest`. Look at least once; give up early when a stop was asked for."""
    deadline = clock.monotonic() + seconds
    pause = first
    while True:
        found = look()
        left = deadline - clock.monotonic()
        if found is not None or left <= 0 or clock.stopping:
            return found
        clock.sleep(min(pause, left))
        pause = min(pause * 1.6, longest)


def _alike(served: bytes, source: bytes) -> bool:
    try:
        return pictures.alike(served, source)
    except PictureError:
        return False  # what is served is no picture that we can read, so it is not the wanted one


class _LiveReader:
    def __init__(
        self,
        desired: Desired,
        state: State,
        settings: Settings,
        options: Options,
        ports: ReadPorts,
        on_group_read: OnGroupRead | None,
    ) -> None:
        self.desired = desired
        self.state = state
        self.ignore = frozenset(settings.ignore)
        self.account_keys = settings.account_keys
        self.options = options
        self.ports = ports
        self.gather = partial(_gather, ports, settings.api.concurrency)
        self.on_group_read = on_group_read
        self.awaited: dict[str, DesiredGroup] = {}  # by id: the groups that `on_group_read` is told of
        self.groups: dict[str, LiveGroup | Problem | Absent] = {}
        self.icons: dict[str, LiveIcon | Problem] = {}
        self.icon_of: dict[str, str] = {}  # for which name an icon was looked at
        self.by_subject: dict[str, DesiredGroup] = {}  # searched names whose icon is managed
        self.listed: tuple[str, ...] = ()
        self.ignored: tuple[str, ...] = ()
        self.told: Mapping[str, LiveGroup | Problem] = {}  # what the list itself says of groups
        self.gateway = CAPABILITIES[settings.backend].gateway
        self.strays: frozenset[str] = frozenset()  # listed, and bound to no manifest
        named = {group.name for group in desired.groups}
        self.former = {record.id: name for name, record in state.groups.items() if name not in named}

    def read(self) -> LiveState:
        listing = _list(self.ports)
        named, self.told = listing.ids, listing.groups
        self.listed = tuple(group_id for group_id in named if group_id not in self.ignore)
        self.ignored = tuple(group_id for group_id in named if group_id in self.ignore)
        self.strays = frozenset(self.listed) - set(known_bindings(self.desired.groups, self.state).values())
        wanted = [group for group in self.desired.groups if self.options.wants(group.name)]
        bound = known_bindings(wanted, self.state)
        with_icons = {
            bound[group.name]: group for group in wanted if group.name in bound and _looks_at_icon(group)
        }
        self.awaited = {bound[group.name]: group for group in wanted if group.name in bound}
        infos = dict.fromkeys((*bound.values(), *self._orphans()))
        searched = self._to_search(wanted)
        if searched:
            infos |= dict.fromkeys(self._searchable())
            self._expect(wanted, searched)
        self._gather(infos, with_icons)
        self._drop_gone()
        if not searched and (searched := self._to_search(wanted)):  # a recorded group turned out to be gone
            self._expect(wanted, searched)
            self._gather(self._searchable(), {})
            self._drop_gone()
        if searched:
            found = self._found(wanted)
            self.gather([partial(self._identify, group_id) for group_id in found])
            self._gather((), self._with_icons_later(found))
        return self._partial()

    def _drop_gone(self) -> None:
        left = left_ids(self.state)
        self.listed = _still_listed(self.ports.reader, self.listed, self.groups, self.gather, left)

    def _partial(self) -> LiveState:
        return LiveState(
            listed=self.listed,
            ignored=self.ignored,
            gateway=self.gateway,
            groups=self.groups,
            icons=self.icons,
        )

    def _to_search(self, wanted: Iterable[DesiredGroup]) -> dict[str, bool]:
        recreate = "recreate" in self.options.allow
        return to_search(wanted, self.state, self._partial(), self.account_keys, recreate=recreate)

    def _searchable(self) -> tuple[str, ...]:
        """Return what a search has to know: all that is listed, and all on record that is not, whatever is
        targeted. If one of those answers, the list is short, and what it lacks must not be taken for
        absent."""
        return tuple(dict.fromkeys((*self.listed, *recorded_ids(self.desired.groups, self.state))))

    def _orphans(self) -> tuple[str, ...]:
        """Return orphaned groups: those that may be left, and those that the list does not name."""
        listed = frozenset(self.listed)
        return tuple(group_id for group_id in self.former if self.options.prune or group_id not in listed)

    def _expect(self, wanted: Iterable[DesiredGroup], searched: Mapping[str, bool]) -> None:
        """Take note of the subjects that are searched for, so that the icon of a group that has one of them
        is looked at together with it, and not after the slowest of all groups."""
        for group in wanted:
            if group.name in searched and group.subject is not None and _looks_at_icon(group):
                self.by_subject.setdefault(normal(group.subject), group)

    def _found(self, wanted: Iterable[DesiredGroup]) -> dict[str, DesiredGroup]:
        """Return the groups that were found by a search only now."""
        identities = resolve(
            self.desired.groups,
            self.state,
            self._partial(),
            self.account_keys,
            recreate="recreate" in self.options.allow,
        )
        return {
            found.id: group
            for group in wanted
            if isinstance(found := identities.names[group.name], Bound)
            and found.id not in self.awaited
            and isinstance(self.groups.get(found.id), LiveGroup)
        }

    def _identify(self, group_id: str) -> None:
        """Add the numbers of its people to a group that the list told of."""
        found = self.groups[group_id]
        if isinstance(found, LiveGroup) and found is self.told.get(group_id):
            try:
                self.groups[group_id] = self.ports.reader.identified(found)
            except ApiError as error:
                self.groups[group_id] = Problem.of(error)

    def _with_icons_later(self, found: Mapping[str, DesiredGroup]) -> dict[str, DesiredGroup]:
        """Return those of the groups whose icon has to be looked at, and was not for that name."""
        return {
            group_id: group
            for group_id, group in found.items()
            if self.icon_of.get(group_id) != group.name and _looks_at_icon(group)
        }

    def _gather(self, infos: Iterable[str], icons: Mapping[str, DesiredGroup]) -> None:
        """Ask for infos and icons at once; the answers go where they belong as they come."""
        infos = dict.fromkeys(infos)
        tasks: list[Callable[[], None]] = []
        for group_id in dict.fromkeys((*infos, *icons)):
            if group_id in infos and group_id not in self.groups:
                tasks.append(partial(self._info, group_id))
            if group_id in icons:
                tasks.append(partial(self._icon, group_id, icons[group_id]))
        self.gather(tasks)

    def _info(self, group_id: str) -> None:
        found = self.told.get(group_id) or observe_group(self.ports.reader, group_id)
        self.groups[group_id] = found
        if group_id in self.awaited:
            self._identify(group_id)
        self._tell(group_id)
        if self.by_subject and isinstance(found, LiveGroup) and self._may_be_adopted(found):
            group = self.by_subject.pop(normal(found.subject), None)
            if group is not None:
                self._icon(group_id, group)

    def _may_be_adopted(self, live: LiveGroup) -> bool:
        """Return whether a search may find this group."""
        return live.id in self.strays and live.may_be_created_by(self.account_keys)

    def _icon(self, group_id: str, group: DesiredGroup) -> None:
        if group.icon is None:
            return
        bound = Bound(group_id, "state", self.former.get(group_id))
        record = record_for(group.name, bound, self.state)
        self.icon_of[group_id] = group.name
        self.icons[group_id] = observe_icon(
            self.ports, group_id, group.icon, record.icon if record else None, gateway=self.gateway
        )
        self._tell(group_id)

    def _tell(self, group_id: str) -> None:
        """Call `on_group_read` once both answers about a group are there; twice, should they come at once."""
        group = self.awaited.get(group_id)
        live = self.groups.get(group_id)
        if self.on_group_read is None or group is None or not isinstance(live, LiveGroup):
            return
        if not _looks_at_icon(group):
            self.on_group_read(group, live, None)
        elif isinstance(seen := self.icons.get(group_id), LiveIcon):
            self.on_group_read(group, live, seen)


def _looks_at_icon(group: DesiredGroup) -> bool:
    return group.icon is not None and group.ensure == "present"
