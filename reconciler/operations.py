"""What the verbs do, one readable function each; everything they need is handed in, nothing is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.apply.run import apply_plan
from reconciler.apply.tools import Patience
from reconciler.errors import Complaint, InputError, ReconcilerError
from reconciler.manifests.load import Loaded
from reconciler.messaging.invitations import invitations, nobody_joined, people_only, with_links
from reconciler.model.drift import Drift, History
from reconciler.model.invitation import Invitations
from reconciler.model.live import LiveGroup, Problem, Reading
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome
from reconciler.model.plan import Plan
from reconciler.model.record import Record, State
from reconciler.planning import planfile, planner
from reconciler.planning.drift import drift as compare
from reconciler.planning.group import Context
from reconciler.planning.history import remember
from reconciler.planning.options import Options
from reconciler.planning.planfile import Fingerprint
from reconciler.ports import Clock, IconFiles, Journal, Progress, Reader, Writer
from reconciler.reading import read


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made from, and its digests."""

    plan: Plan
    reading: Reading
    fingerprint: Fingerprint


def plan(
    loaded: Loaded,
    state: State,
    *,
    reader: Reader,
    icon_files: IconFiles,
    options: Options,
    plan_key: bytes,
    progress: Progress,
) -> Planned:
    """Read what is needed and decide what would change. Changes nothing: it is handed no writer.

    Raises `InputError` where the manifests ask for what `state: none` cannot do, and `ReconcilerError` when
    the configured account is in none of the groups that were read.
    """
    made, reading = _decide(loaded, state, reader, icon_files, options, progress)
    fingerprint = planfile.fingerprint(made, options, plan_key)
    return Planned(made.with_digest(fingerprint.whole), reading, fingerprint)


def _decide(
    loaded: Loaded,
    state: State,
    reader: Reader,
    icon_files: IconFiles,
    options: Options,
    progress: Progress,
) -> tuple[Plan, Reading]:
    _check_link_versions(loaded, options)
    reading = read(
        loaded.desired,
        state,
        reader,
        icon_files,
        options,
        account_keys=loaded.settings.account_keys,
        concurrency=loaded.settings.api.concurrency,
        progress=progress,
    )
    _check_account(loaded, reading)
    return planner.plan(loaded.desired, state, reading, loaded.settings, options), reading


@dataclass(frozen=True, slots=True)
class Drifted:
    """A drift, and the history of first sightings for the next run, where one is kept."""

    drift: Drift
    history: History | None


def drift(
    loaded: Loaded,
    state: State,
    *,
    reader: Reader,
    icon_files: IconFiles,
    options: Options,
    history: History | None,
    progress: Progress,
) -> Drifted:
    """Read what is needed and compare it with the files and with what was last applied. Changes nothing: it
    is handed no writer. Raises what `plan` raises."""
    made, _ = _decide(loaded, state, reader, icon_files, options, progress)
    found = compare(made, loaded.desired, state, loaded.settings, keeps_state=options.keeps_state)
    if history is None:
        return Drifted(found, None)
    names = [group.name for group in loaded.desired.groups]
    return Drifted(*remember(found, history, names=names, now=options.now))


def invites(
    loaded: Loaded,
    state: State,
    *,
    reader: Reader,
    get_link: Callable[[str], str],
    icon_files: IconFiles,
    options: Options,
    people: frozenset[str],
    include_left: bool,
    clock: Clock,
    progress: Progress,
) -> Invitations:
    """Who has yet to join which group, with the links. Changes nothing, except that asking may create a link.

    Of the writer it is handed `get_link` alone. `people`: number keys of those who are asked about, empty
    for everybody. Raises what `plan` raises.
    """
    without_icons = replace(loaded, desired=people_only(loaded.desired))
    made, _ = _decide(without_icons, nobody_joined(state), reader, icon_files, options, progress)
    return with_links(
        invitations(
            made,
            state,
            Context.of(loaded.desired, loaded.settings, options),
            people=people,
            include_left=include_left,
        ),
        get_link,
        clock=clock,
        concurrency=loaded.settings.api.write_concurrency,
        progress=progress,
    )


def apply(
    loaded: Loaded,
    journal: Journal,
    *,
    reader: Reader,
    writer: Writer,
    icon_files: IconFiles,
    options: Options,
    plan_key: bytes,
    saved_plan: str | None,
    approve: Callable[[Plan], bool],
    clock: Clock,
    progress: Progress,
    patience: Patience | None = None,
) -> ApplyResult:
    """Plan, compare with the saved plan, have it approved, and make it so.

    `approve` is shown every plan, and asked only about one with changes that nothing objects to. Raises
    what `plan` raises, and `ObjectionError` when the saved plan does not hold any more. With open
    objections every change ends `skipped`.
    """
    planned = plan(
        loaded,
        journal.state,
        reader=reader,
        icon_files=icon_files,
        options=options,
        plan_key=plan_key,
        progress=progress,
    )
    if saved_plan is not None:
        planfile.check(saved_plan, planned.fingerprint, plan_key)
    if not approve(planned.plan):
        return _refused(planned.plan, interrupted=clock.stopping)
    return apply_plan(
        planned.plan,
        planned.reading,
        reader=reader,
        writer=writer,
        journal=journal,
        icon_files=icon_files,
        clock=clock,
        progress=progress,
        context=Context.of(loaded.desired, loaded.settings, options),
        concurrency=loaded.settings.api.write_concurrency,
        retries=loaded.settings.api.retries,
        patience=patience,
    )


def _refused(plan: Plan, *, interrupted: bool) -> ApplyResult:
    problem = (
        Problem("objection", "not begun: " + ", ".join(entry.code for entry in plan.open_objections))
        if plan.open_objections
        else Problem("declined", "not begun: the plan was not approved")
    )
    groups = tuple(
        GroupOutcome(
            name=group.name,
            action=group.action,
            id=group.id,
            outcomes=tuple(Outcome(change, "skipped", problem) for change in group.changes),
            notes=group.notes,
            plan=group,
        )
        for group in plan.groups
    )
    return ApplyResult(
        plan=plan, refused=problem, groups=groups, complete=plan.complete, interrupted=interrupted
    )


def _check_link_versions(loaded: Loaded, options: Options) -> None:
    """Without state nobody knows which version of a link was applied, so it would never be revoked."""
    if options.keeps_state:
        return
    complaints = [
        Complaint(
            manifest.mark_of("link_version"),
            "`link_version` needs a state, and `state` is none",
            "keep a state, or leave `link_version` out",
            "link-version-without-state",
        )
        for manifest in loaded.manifests
        if manifest.link_version is not None
    ]
    if complaints:
        raise InputError(complaints)


def _check_account(loaded: Loaded, reading: Reading) -> None:
    keys = loaded.settings.account_keys
    groups = [group for group in reading.groups.values() if isinstance(group, LiveGroup)]
    if keys and groups and not any(keys & group.participant_keys for group in groups):
        raise ReconcilerError(
            f"the configured `account` is in none of the {len(groups)} groups that were read",
            "correct `account` in reconciler.yaml (or RECONCILER_ACCOUNT): it is the number that the "
            "credentials belong to",
        )


def bind(journal: Journal, name: str, group_id: str) -> None:
    """Say that `name` means the group `group_id`. Raises `ReconcilerError` where that contradicts state."""
    groups = journal.state.groups
    if name in groups and groups[name].id != group_id:
        raise ReconcilerError(f"{name} is bound to another group", f"first: reconciler state forget {name}")
    other = next((key for key, record in groups.items() if record.id == group_id and key != name), None)
    if other is not None:
        raise ReconcilerError(
            f"this group is bound to {other}", f"rename it instead: reconciler state mv {other} {name}"
        )
    if name not in groups:
        journal.record(name, Record(id=group_id))


def move(journal: Journal, old: str, new: str) -> None:
    """Give what is recorded of `old` to `new`, a renamed manifest. Raises `ReconcilerError`."""
    groups = journal.state.groups
    if old not in groups:
        raise ReconcilerError(f"nothing is recorded of {old}", "see: reconciler state list")
    if new in groups:
        raise ReconcilerError(f"{new} is bound already", f"first: reconciler state forget {new}")
    journal.observe({new: groups[old]}, [old])


def forget(journal: Journal, name: str) -> None:
    """Forget a name and a create in progress under it. Raises `ReconcilerError` for an unknown one."""
    state = journal.state
    if name not in state.groups and name not in state.creating:
        raise ReconcilerError(f"nothing is recorded of {name}", "see: reconciler state list")
    journal.forget(name)
