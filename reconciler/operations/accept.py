"""The other answer to drift: `accept` writes what is live into the manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler import pictures
from reconciler.errors import (
    ApiError,
    Complaint,
    InputError,
    Location,
    PictureError,
    Problem,
    ReconcilerError,
)
from reconciler.language import joined, msg, msg_p
from reconciler.manifests.accept import EditedFiles
from reconciler.manifests.config import DEFAULT_CONTACTS
from reconciler.manifests.edit import EditError
from reconciler.manifests.files import FileError, Tree
from reconciler.manifests.imports import why_not
from reconciler.model import number
from reconciler.model.adoption import (
    Acceptance,
    AcceptField,
    AcceptOutcome,
    AcceptRequest,
    AcceptResult,
    AcceptStatus,
    FileChange,
)
from reconciler.model.group import Ensure
from reconciler.model.live import LiveIcon, LiveState
from reconciler.model.plan import GroupPlan, Note
from reconciler.model.record import Record, State
from reconciler.operations.plan import decide
from reconciler.planning.accepting import choose, more_than, still_differs
from reconciler.planning.drift import drift as drifted
from reconciler.planning.group import Context, plan_group
from reconciler.planning.identity import Bound
from reconciler.planning.planner import record_for

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.manifests.output import Output
    from reconciler.model.desired import DesiredGroup
    from reconciler.model.drift import GroupDrift
    from reconciler.planning.options import Options
    from reconciler.ports import Reader, ReadPorts

Approve = Callable[[AcceptResult], bool]


@dataclass(frozen=True, slots=True)
class ManifestFiles:
    """The files that `accept` changes: `tree` reads them, `output` writes them, and `reload` loads what
    another tree holds as if it were on disk."""

    tree: Tree
    output: Output
    reload: Callable[[Tree], Loaded]


_CHANGED = Problem(
    "file", msg("its files have changed since they were written"), msg("run the command again")
)


def accept(
    loaded: Loaded,
    state: State,
    options: Options,
    ports: ReadPorts,
    *,
    files: ManifestFiles,
    request: AcceptRequest,
    approve: Approve,
) -> AcceptResult:
    """Write the live values of the groups that `options` wants into their manifests.

    Nothing else is changed: no writer is handed in, and nothing is recorded, because files that are not
    merged say nothing yet of what is wanted. Everything is drafted, loaded as if it were on disk and compared
    with what is live before `approve` is shown it and anything is written. Raises what `plan` raises.
    """
    tree, output = files.tree, files.output
    output.tidy(loaded.settings.manifests, loaded.settings.contacts)
    made, reading = decide(loaded, state, options, ports)
    found = drifted(made, loaded.desired, state, loaded.settings, keeps_state=options.keeps_state)
    edited = EditedFiles(tree, output, loaded, options.today)
    accepter = _Accepter(loaded, state, options, ports.reader, reading, edited, files.reload)
    planned = {group.name: group for group in made.groups}
    for entry in found.groups:
        accepter.choose(planned[entry.name], entry, request)
    accepter.put_all()
    result = AcceptResult(
        groups=tuple(accepter.outcomes[name] for name in sorted(accepter.outcomes)),
        files=edited.changes(),
        complete=made.complete
        and not any(each.status == "unreadable" for each in accepter.outcomes.values()),
        interrupted=ports.clock.stopping,
    )
    if result.files and not approve(replace(result, files=_shown(tree, result.files))):
        return _declined(result)
    failed = accepter.write(result.files, output)
    written = accepter.read_again(tree, failed)
    result = replace(result, groups=tuple(accepter.outcomes[group.name] for group in result.groups))
    first = next(
        (group.problem for group in result.groups if group.status == "failed"),
        next(iter(failed.values()), None),
    )
    return replace(result, files=_shown(tree, written), failed=first)


_NOTHING_LIVE = {
    "pending": msg_p("the group is … (nothing to accept)", "not created yet"),
    "missing": msg_p("the group is … (nothing to accept)", "missing"),
    "blocked": msg_p("the group is … (nothing to accept)", "blocked"),
    "held": msg_p("the group is … (nothing to accept)", "held"),
    "unreadable": msg_p("the group is … (nothing to accept)", "unreadable"),
    "in_sync": msg_p("the group is … (nothing to accept)", "in_sync"),
}


def _said_of(mistake: Complaint) -> str:
    text = msg("{place}: {mistake}", place=mistake.location, mistake=mistake.message)
    return msg("{mistake} ({hint})", mistake=text, hint=mistake.hint) if mistake.hint else text


def _shown(tree: Tree, files: tuple[FileChange, ...]) -> tuple[FileChange, ...]:
    return tuple(replace(change, path=tree.shown(change.path)) for change in files)


def _declined(result: AcceptResult) -> AcceptResult:
    groups = (
        replace(group, status="declined") if group.status == "accepted" else group for group in result.groups
    )
    return replace(result, groups=tuple(groups), files=())


def _write(files: Iterable[FileChange], output: Output) -> dict[str, Problem]:
    """Write what can be written; return, by path, why the rest cannot."""
    failed = {}
    for change in files:
        try:
            if change.before is None:
                output.create(change.path, change.after)
            else:
                output.replace(change.path, change.before, change.after)
        except FileError as error:
            failed[change.path] = Problem(
                "file", msg("{path} {why}", path=change.path, why=error.message), error.hint
            )
    return failed


def _has_icon(group: DesiredGroup, data: bytes | None) -> bool:
    """Return whether the files want this picture, or none, as the group's icon."""
    wanted = group.icon.picture if group.icon is not None else None
    return (wanted and wanted.sha256) == (data and pictures.sha256(data))


def _holds(tree: Tree, change: FileChange) -> bool:
    try:
        return tree.read(change.path, len(change.after)) == change.after
    except FileError:
        return False


@dataclass(frozen=True, slots=True)
class _Chosen:
    """One group's acceptance with everything that it is checked with."""

    acceptance: Acceptance
    planned: GroupPlan
    desired: DesiredGroup
    icon: bytes | None
    seen: LiveIcon | None
    record: Record | None


class _Accepter:
    def __init__(
        self,
        loaded: Loaded,
        state: State,
        options: Options,
        reader: Reader,
        reading: LiveState,
        edited: EditedFiles,
        reload: Callable[[Tree], Loaded],
    ) -> None:
        self.loaded = loaded
        self.state = state
        self.reader = reader
        self.reading = reading
        self.edited = edited
        self.reload = reload
        self.options = options
        self.outcomes: dict[str, AcceptOutcome] = {}
        self.chosen: list[_Chosen] = []
        self.context = Context.of(loaded.desired, loaded.settings, options)

    def choose(self, planned: GroupPlan, found: GroupDrift, request: AcceptRequest) -> None:
        """Decide what is accepted of one group, or why nothing is."""
        desired, live = planned.desired, planned.live
        outcome = AcceptOutcome(name=planned.name, status="unchanged", id=planned.id)
        self.outcomes[planned.name] = outcome
        if desired is None:
            return
        if live is None or planned.action == "unreadable":
            status: AcceptStatus = "unreadable" if planned.action == "unreadable" else "refused"
            problem = Problem(
                planned.action,
                msg(
                    "the group is {status}: there is nothing live to accept",
                    status=_NOTHING_LIVE.get(found.status, found.status),
                ),
            )
            self.outcomes[planned.name] = replace(
                outcome, status=status, problem=problem, notes=planned.notes
            )
            return
        if desired.ensure is not Ensure.PRESENT:
            problem = Problem(
                "ensure",
                msg("`ensure` is {value}", value=desired.ensure.value),
                msg("change that in the manifest"),
            )
            self.outcomes[planned.name] = replace(outcome, status="refused", problem=problem)
            return
        acceptance = choose(desired, live, found, request, self.context)
        left: list[Note] = []
        for key, value in acceptance.values.items():
            mistake = why_not(key, value, self.loaded.settings.api.subject_limit)
            if mistake is not None:
                left.append(
                    Note(
                        msg(
                            "the live {field} cannot stand in a manifest: {mistake}",
                            field=key,
                            mistake=mistake,
                        )
                    )
                )
                acceptance = acceptance.without(key)
        icon, seen = None, self.reading.icons.get(live.id)
        if acceptance.icon is not None and acceptance.icon.meta is not None:
            try:
                icon = self.reader.fetch_icon(acceptance.icon.meta)
                pictures.open_picture(icon, "")
                seen = replace(acceptance.icon, sha256=pictures.sha256(icon))
            except PictureError as error:
                left.append(Note(msg("the live icon cannot be used: {why}", why=error.message)))
                acceptance = replace(acceptance, icon=None)
            except ApiError as error:
                self.outcomes[planned.name] = replace(outcome, status="unreadable", problem=Problem.of(error))
                return
        notes = (*acceptance.notes, *self._unnamed(acceptance))
        self.outcomes[planned.name] = replace(outcome, notes=notes, left=tuple(left))
        if left and not acceptance.fields:
            self.outcomes[planned.name] = replace(self.outcomes[planned.name], status="refused")
        if acceptance.fields:
            bound = None if planned.id is None else Bound(planned.id, "state", planned.was)
            record = record_for(planned.name, bound, self.state)
            known = seen if isinstance(seen, LiveIcon) else None
            self.chosen.append(_Chosen(acceptance, planned, desired, icon, known, record))

    def _unnamed(self, acceptance: Acceptance) -> Iterator[Note]:
        """Yield how to name everybody who would stand in a manifest as a bare number."""
        contacts = self.loaded.settings.contacts or DEFAULT_CONTACTS
        why = msg(
            '{people} is in no contact, so the number goes in: with `NAME: "{people}"` '
            "under `people` in {texts}, NAME can stand there instead"
        )
        for wa_id in (*acceptance.admins.add, *acceptance.members.add):
            if number.is_wa_id(wa_id) and number.key(wa_id) not in self.loaded.contacts.by_key:
                yield Note(why, people=(wa_id,), texts=(contacts,))

    def put_all(self) -> None:
        """Draft all files at once; where that does not hold, group by group, so that one spoils no other."""
        self.chosen.sort(key=lambda each: each.desired.location, reverse=True)  # the last in a file first
        try:
            self._put(self.chosen)
        except (InputError, EditError, FileError, _Surprise):
            self.edited.forget({})
            for each in self.chosen:
                before = dict(self.edited.overlay.files)
                try:
                    self._put([each])
                except (InputError, EditError, FileError, _Surprise) as error:
                    self.edited.forget(before)
                    self._refuse(each, error)

    def _put(self, chosen: list[_Chosen]) -> None:
        for each in chosen:
            self.edited.put(each.acceptance, each.icon)
        if not chosen:
            return
        after = self.reload(self.edited.overlay)
        self._check_others(after)
        wanted = {group.name: group for group in after.desired.groups}
        context = Context.of(after.desired, after.settings, self.options)
        results = [self._check(each, wanted[each.acceptance.name], context) for each in chosen]
        for each, left in zip(chosen, results, strict=True):
            name = each.acceptance.name
            fields = tuple(field for field in each.acceptance.fields if field not in left)
            why = tuple(Note(msg("`{field}` still differs in part", field=field)) for field in left)
            old = self.outcomes[name]
            self.outcomes[name] = replace(
                old, status="accepted", fields=fields or each.acceptance.fields, left=(*old.left, *why)
            )

    def _check_others(self, after: Loaded) -> None:
        """Raise `_Surprise` where any other group than the chosen ones would be wanted otherwise than
        before."""
        mine = {each.acceptance.name for each in self.chosen}
        before = [group for group in self.loaded.desired.groups if group.name not in mine]
        found = [group for group in after.desired.groups if group.name not in mine]
        if [replace(group, location=Location("")) for group in before] != [
            replace(group, location=Location("")) for group in found
        ]:
            raise _Surprise(msg("another group would be changed by it"), msg("change the manifest by hand"))

    def _check(self, each: _Chosen, wanted: DesiredGroup, context: Context) -> tuple[AcceptField, ...]:
        """Return what of the accepted would still differ by the record, which stays as it is. Raises
        `_Surprise` where an apply would do more than before."""
        changes = plan_group(wanted, each.acceptance.live, each.seen, each.record, context)
        after = changes.changes or changes.withheld
        if more_than(each.planned.changes or each.planned.withheld, after):
            raise _Surprise(
                msg("the next apply would then do more than before"), msg("change the manifest by hand")
            )
        return still_differs(each.acceptance, after)

    def _refuse(self, each: _Chosen, error: ReconcilerError) -> None:
        message = error.message
        if isinstance(error, InputError):
            message = joined("; ", (_said_of(mistake) for mistake in error.complaints if not mistake.warning))
        elif isinstance(error, EditError | FileError):
            message = msg("{path}: {why}", path=each.desired.location.file, why=message)
        problem = Problem("file", message, error.hint)
        name = each.acceptance.name
        self.outcomes[name] = replace(self.outcomes[name], status="refused", problem=problem)

    def write(self, files: tuple[FileChange, ...], output: Output) -> dict[str, Problem]:
        """Write all files that can be written, pictures before the manifests that name them; return, by path,
        why the others cannot. Where a group's picture cannot be written, nothing goes into its manifest."""
        failed = _write((change for change in files if not change.is_manifest), output)
        if failed:
            self.edited.forget({change.path: change.after for change in files if not change.is_manifest})
            for each in self.chosen:
                name = each.acceptance.name
                if self.outcomes[name].status != "accepted" or self.edited.paths[name] & failed.keys():
                    continue
                try:
                    self.edited.put(each.acceptance, each.icon)
                except (EditError, FileError) as error:
                    self._refuse(each, error)
            files = self.edited.changes()
        return failed | _write((change for change in files if change.is_manifest), output)

    def read_again(self, tree: Tree, failed: Mapping[str, Problem]) -> tuple[FileChange, ...]:
        """Return the files that hold now what was to be written. Where one of a group's files does not, its
        outcome is what the files say."""
        changes = self.edited.changes()
        written = tuple(change for change in changes if _holds(tree, change))
        paths = self.edited.paths
        wrong = failed.keys() | ({change.path for change in changes} - {change.path for change in written})
        lost = [each for each in self.chosen if paths[each.acceptance.name] & wrong]
        try:
            after = self.reload(tree) if lost else self.loaded
        except InputError:  # somebody changes them at this moment: nothing can be said to be in them
            after = self.loaded
        wanted = {group.name: group for group in after.desired.groups}
        context = Context.of(after.desired, after.settings, self.options)
        for each in lost:
            name = each.acceptance.name
            old = self.outcomes[name]
            if old.status != "accepted":
                continue
            left = set(old.fields)
            if name in wanted:
                group = replace(wanted[name], icon=None)
                plan = plan_group(group, each.acceptance.live, None, each.record, context)
                left = {*still_differs(each.acceptance, plan.changes or plan.withheld)}
                left |= set() if _has_icon(wanted[name], each.icon) else {"icon"}
            problem = next((failed[path] for path in sorted(paths[name] & failed.keys())), _CHANGED)
            fields = tuple(field for field in old.fields if field not in left)
            self.outcomes[name] = replace(old, status="failed", fields=fields, problem=problem)
        return written


class _Surprise(ReconcilerError):
    """A draft that would mean something else than was meant."""
