"""The verb that brings groups that exist under manifests: `import`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Literal

from reconciler import pictures
from reconciler.errors import (
    ApiError,
    CredentialsError,
    Interrupted,
    PictureError,
    Problem,
    ReconcilerError,
    UsageError,
)
from reconciler.language import Message, msg
from reconciler.manifests.complaints import quote
from reconciler.manifests.edit import EditError
from reconciler.manifests.files import FileError, Tree
from reconciler.manifests.imports import ManifestWriter, new_contacts, why_not
from reconciler.manifests.names import alias_for, name_from
from reconciler.model.adoption import Import, ImportOutcome, ImportResult
from reconciler.model.desired import Icon
from reconciler.model.group import UNSET, Unset, is_name
from reconciler.model.live import CONTRADICTION, Absent, IconMeta, LiveGroup, LiveIcon, LiveState
from reconciler.model.plan import Note
from reconciler.operations.import_records import ImportRecords
from reconciler.planning.bindings import known_bindings, left_ids, recorded_ids
from reconciler.planning.guards import probable_account
from reconciler.planning.importing import (
    People,
    disputed,
    draft,
    not_recorded,
    selected,
    unbound,
    why_not_bound,
)
from reconciler.planning.listing import owners
from reconciler.planning.subjects import loose
from reconciler.reading import survey

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.manifests.output import Output
    from reconciler.model.adoption import ImportRequest, Owner
    from reconciler.model.desired import DesiredGroup
    from reconciler.model.record import State
    from reconciler.planning.options import Options
    from reconciler.ports import Journal, Progress, Reader, ReadPorts


_Found = LiveGroup | Problem | Absent | None


def import_groups(
    loaded: Loaded,
    journal: Journal,
    options: Options,
    ports: ReadPorts,
    *,
    tree: Tree,
    output: Output | None,
    request: ImportRequest,
) -> ImportResult:
    """Write a manifest, and the icon, of every group that is asked for and has none; bind them in state, and
    those whose manifests an earlier run wrote without coming to that.

    Nothing is changed in any group: no writer is handed in. Without `output` nothing is written and nothing
    recorded. One group that fails does not stop the others; what ends a run early (credentials, a signal)
    does, after binding what was written. Raises `UsageError` for a pattern that means no group,
    `ReconcilerError` when the contacts cannot be written, and what `survey` raises.
    """
    if output is not None:
        output.tidy(loaded.settings.manifests, loaded.settings.contacts)
    importer = _Importer(loaded, journal.state, ManifestWriter(tree, output, loaded), request, options)
    reading = _survey(loaded, journal.state, request, ports)
    drafts = importer.drafts(reading)
    contacts = None
    try:
        contacts = new_contacts(tree, output, loaded, importer.people.added.values())
    except (FileError, EditError) as error:
        why = error.message
        if isinstance(why, Message):
            why = why.through(lambda text: text.removeprefix("it "))
        raise ReconcilerError(
            msg("the contacts cannot be added to: the file {why}", why=why), error.hint
        ) from None
    refused = importer.write(drafts, ports)
    unsaved = importer.records.save(journal) if output is not None else None
    outcomes = tuple(importer.outcomes.values())
    return ImportResult(
        groups=importer.records.marked(outcomes) if options.keeps_state and unsaved is None else outcomes,
        dry_run=output is None,
        contacts=len(importer.people.added),
        contacts_file=None if contacts is None else tree.shown(contacts),
        notes=_notes(loaded, reading),
        unsaved=unsaved,
        refused=refused,
        interrupted=ports.clock.stopping,
    )


def _survey(loaded: Loaded, state: State, request: ImportRequest, ports: ReadPorts) -> LiveState:
    """Read all groups, or only those that are named by id where nothing has to be searched for."""
    groups = loaded.desired.groups
    bound = known_bindings(groups, state)
    searching = request.everything or len(bound) < len(groups) or not request.patterns
    by_id = not searching and all(_like_an_id(pattern) for pattern in request.patterns)
    return survey(
        ports,
        loaded.settings,
        known=sorted(recorded_ids(groups, state)),
        only=request.patterns if by_id else None,
        left=left_ids(state),
    )


def _like_an_id(pattern: str) -> bool:
    return any(char.isdigit() for char in pattern) and pattern.replace("-", "").replace("@g.us", "").isdigit()


def _notes(loaded: Loaded, reading: LiveState) -> tuple[Note, ...]:
    if loaded.settings.account:
        return ()
    guess = probable_account(reading)
    hint = msg(" It is probably {people[0]}.") if guess else ""
    note = Note(
        msg(
            "`account` is not set, so it may be named among the admins.{hint} Set it in "
            "reconciler.yaml (or RECONCILER_ACCOUNT) before you apply.",
            hint=hint,
        ),
        people=(guess,) if guess else (),
    )
    return (note,)


class _Importer:
    def __init__(
        self,
        loaded: Loaded,
        state: State,
        writer: ManifestWriter,
        request: ImportRequest,
        options: Options,
    ) -> None:
        self.loaded = loaded
        self.state = state
        self.writer = writer
        self.request = request
        self.keeps_state = options.keeps_state
        self.outcomes: dict[str, ImportOutcome] = {}
        self.records = ImportRecords(state, options.now)
        self.manifests = {group.name: group for group in loaded.desired.groups}
        contacts = loaded.contacts
        aliases = set(contacts.names())

        def alias(digits: str) -> str:
            made = alias_for(digits, aliases)
            aliases.add(made)
            return made

        self.people = People(contacts.by_key, options.today, alias if request.contacts else None)

    def drafts(self, reading: LiveState) -> list[Import]:
        """Return what is to be written, and note the outcome of every other group that is asked for."""
        belongs = owners(self.loaded.desired, self.state, reading, self.loaded.settings.account_keys)
        rivals = unbound(self.loaded.desired, belongs)
        claimed = disputed(self.loaded.desired, self.state, belongs)
        taken = set(self.writer.names()) | self.state.names
        drafts = []
        for group_id in self._asked_for(reading):
            live, owner = reading.groups.get(group_id), belongs.get(group_id)
            if owner is not None and owner.location is not None:
                self._leave(self.manifests[owner.name], group_id, live)
            elif (claimant := claimed.get(group_id)) is not None:
                why = msg(
                    "{file}:{line} claims it, but is blocked: see reconciler plan --target {name}",
                    file=claimant.location.file,
                    line=claimant.location.line,
                    name=claimant.name,
                )
                self._skip(group_id, claimant.name, live, why)
            elif isinstance(live, LiveGroup) and live.community:
                self._skip(group_id, None, live, msg("it is a community, or its group of announcements"))
            elif isinstance(live, LiveGroup) and (rival := rivals.get(loose(live.subject))) is not None:
                there = f"{rival.location.file}:{rival.location.line}"
                why = msg("{place} may mean it: add the `id` of its group there first", place=there)
                self._skip(group_id, rival.name, live, why)
            elif not isinstance(live, LiveGroup):
                self._unreadable(group_id, live)
            else:
                name = self._name(live, owner, taken)
                taken.add(name)
                drafts.append(self._draft(live, name, owner))
                self.outcomes[group_id] = ImportOutcome(id=group_id, status="not_begun", subject=live.subject)
        return drafts

    def _asked_for(self, reading: LiveState) -> Collection[str]:
        if self.request.everything:
            return reading.listed
        found, vain = selected(self.request.patterns, reading)
        if vain:
            unread = sum(isinstance(reading.groups.get(each), Problem | Absent) for each in reading.listed)
            hint = (
                msg("groups that could not be read: {count}", count=unread)
                if unread
                else msg("see: reconciler list --show-numbers")
            )
            raise UsageError(
                msg("{pattern} is no id and no subject of a live group", pattern=quote(vain[0])), hint
            )
        return found

    def _leave(self, group: DesiredGroup, group_id: str, live: _Found) -> None:
        """Leave a manifest as it is, and bind its group where an earlier import did not come to that."""
        remarks = [msg("{file}:{line} is its manifest", file=group.location.file, line=group.location.line)]
        if self.keeps_state and not_recorded(group, group_id, self.state):
            why = why_not_bound(group, group_id, self.state)
            if why is not None:
                remarks.append(why)
            elif isinstance(live, LiveGroup):
                self.records.earlier(group, live)
            else:
                self._unreadable(group_id, live, group.name)
                return
        self._skip(group_id, group.name, live, *remarks)

    def _skip(self, group_id: str, name: str | None, live: _Found, *why: str) -> None:
        subject = live.subject if isinstance(live, LiveGroup) else None
        self.outcomes[group_id] = ImportOutcome(
            id=group_id, status="skipped", subject=subject, name=name, remarks=why
        )

    def _unreadable(self, group_id: str, live: Problem | Absent | None, name: str | None = None) -> None:
        problem = live if isinstance(live, Problem) else CONTRADICTION
        self.outcomes[group_id] = ImportOutcome(id=group_id, status="unreadable", name=name, problem=problem)

    def _name(self, live: LiveGroup, owner: Owner | None, taken: Collection[str]) -> str:
        """Return the name under which state knows the group already, else one from its subject."""
        if owner is not None and is_name(owner.name) and owner.name not in self.writer.names():
            return owner.name
        return name_from(live.subject, taken)

    def _draft(self, live: LiveGroup, name: str, owner: Owner | None) -> Import:
        settings = self.loaded.settings
        return draft(
            live,
            name,
            fields=self.request.fields,
            account_keys=settings.account_keys,
            people=self.people,
            mistake=lambda key, value: why_not(key, value, settings.api.subject_limit),
            was=None if owner is None else owner.name,
        )

    def write(self, drafts: list[Import], ports: ReadPorts) -> Problem | None:
        """Write all drafts, in order, as their icons come; returns what ended the run early, if anything."""
        wanted = (each.live.id if each.with_icon else None for each in drafts)
        icons = icons_in_order(ports.reader, wanted, self.loaded.settings.api.concurrency)
        with closing(icons), _progress(ports.progress, len(drafts)):
            for each, icon in zip(drafts, icons, strict=True):
                if ports.clock.stopping:
                    break
                try:
                    self._write(each, icon())
                except Interrupted:
                    break
                except CredentialsError as error:
                    return Problem("credentials", error.message, error.hint)
                except ApiError as error:
                    self._fail(each, "unreadable", Problem.of(error))
                except FileError as error:
                    message = msg("{name}.yaml or its icon {why}", name=each.name, why=error.message)
                    self._fail(each, "failed", Problem("file", message, error.hint))
                ports.progress.advance()
        return None

    def _fail(self, each: Import, status: Literal["unreadable", "failed"], problem: Problem) -> None:
        self.outcomes[each.live.id] = ImportOutcome(
            id=each.live.id, status=status, subject=each.live.subject, problem=problem
        )

    def _write(self, each: Import, served: Served | None) -> None:
        remarks = list(each.remarks)
        icon: Icon | Unset | None = UNSET
        seen = LiveIcon(None)
        if each.with_icon:
            icon = None
        if served is not None:
            meta, data = served
            seen = LiveIcon(meta, pictures.sha256(data))
            try:
                icon = self.writer.icon(each.name, data)
            except PictureError as error:
                icon = UNSET
                remarks.append(msg("icon left out: {why}", why=error.message))
        path = self.writer.manifest(each, icon, remarks)
        self.records.written(each, icon, seen if each.with_icon else None)
        self.outcomes[each.live.id] = ImportOutcome(
            id=each.live.id,
            status="imported",
            subject=each.live.subject,
            name=each.name,
            file=path,
            icon=icon.path if isinstance(icon, Icon) else None,
            remarks=tuple(remarks),
        )


@contextmanager
def _progress(progress: Progress, total: int) -> Iterator[None]:
    progress.start(msg("Importing groups"), total)
    try:
        yield
    finally:
        progress.finish()


Served = tuple[IconMeta, bytes]

_AHEAD = 4  # icons asked for before they are needed, times the calls at once
_KEPT = 64  # pictures that are remembered by their place


def icons_in_order(
    reader: Reader, group_ids: Iterable[str | None], concurrency: int
) -> Generator[Callable[[], Served | None], None, None]:
    """Yield for every group, in order, a function that waits for its icon: None where it has none, or where
    None stands for the group. It raises what the reads raise. Once the generator is closed, nothing more is
    asked for."""
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="icons")
    downloads = _Downloads(reader)
    coming = iter(group_ids)
    waiting: deque[Future[Served | None] | None] = deque()
    try:
        while True:
            for group_id in islice(coming, _AHEAD * concurrency - len(waiting)):
                waiting.append(None if group_id is None else pool.submit(downloads.of, group_id))
            if not waiting:
                return
            future = waiting.popleft()
            yield future.result if future is not None else _nothing
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _nothing() -> None:
    return None


class _Downloads:
    """Pictures by their place, so that one that several groups show is downloaded once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, Future[bytes]] = {}
        self._lock = threading.Lock()

    def of(self, group_id: str) -> Served | None:
        meta = self._reader.get_icon(group_id)
        if meta is None:
            return None
        with self._lock:
            mine = meta.url not in self._known
            future = self._known.setdefault(meta.url, Future())
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        if mine:
            try:
                future.set_result(self._reader.fetch_icon(meta))
            except BaseException as error:
                future.set_exception(error)
                raise
        return meta, future.result()
