"""`import --moved-from`: groups that were managed at another service, or by another account, are bound here.

A name means its group by the rules of `planning.identity`, as for an apply. All of them are bound in one step
or none is: of a name that has no group here an apply would make one, beside the one that people are in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.language import msg
from reconciler.model.adoption import ImportOutcome, ImportResult
from reconciler.model.group import Ensure
from reconciler.model.live import LiveGroup
from reconciler.model.record import Record
from reconciler.operations.import_records import ImportRecords
from reconciler.planning.bindings import left_ids, recorded_ids
from reconciler.planning.guards import named
from reconciler.planning.identity import Bound, resolve
from reconciler.reading import survey

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.model.record import State
    from reconciler.planning.options import Options
    from reconciler.ports import Journal, ReadPorts


def move_groups(
    loaded: Loaded, journal: Journal, options: Options, ports: ReadPorts, *, moved: State, dry_run: bool
) -> ImportResult:
    """Bind the manifests whose names `moved` knows to their groups here, with what it has of people.

    Nothing is changed in any group, and no file is written. With `dry_run` nothing is recorded either. Raises
    `ReconcilerError`, with nothing recorded, where something is not settled at the other service or a name
    has no group here, and what `survey` raises.
    """
    groups, settings, state = loaded.desired.groups, loaded.settings, journal.state
    _check_settled(moved)
    reading = survey(ports, settings, known=sorted(recorded_ids(groups, state)), left=left_ids(state))
    found = resolve(groups, state, reading, settings.account_keys).names
    records = ImportRecords(state, options.now)
    outcomes, without = [], []
    for group in groups:
        if group.name not in moved.names or group.ensure is not Ensure.PRESENT:
            continue
        bound = found[group.name]
        live = reading.groups.get(bound.id) if isinstance(bound, Bound) else None
        if not isinstance(live, LiveGroup):
            without.append(group.name)
            continue
        records.earlier(group, live, moved.groups.get(group.name) or Record(id=live.id))
        remark = msg("{file}:{line} is its manifest", file=group.location.file, line=group.location.line)
        outcomes.append(
            ImportOutcome(
                id=live.id, status="skipped", subject=live.subject, name=group.name, remarks=(remark,)
            )
        )
    if without:
        raise ReconcilerError(
            msg(
                "nothing is bound: no group was found here for {names}, so an apply might make another",
                names=named(without),
            ),
            msg(
                "`reconciler plan --target NAME` says why. Is the account in the group, as an "
                "admin? `id:` says which one it is; and while its manifest is elsewhere, the "
                "others can be moved"
            ),
        )
    unsaved = None if dry_run else records.save(journal)
    return ImportResult(
        groups=records.marked(outcomes) if options.keeps_state and unsaved is None else tuple(outcomes),
        dry_run=dry_run,
        unsaved=unsaved,
        interrupted=ports.clock.stopping,
    )


def _check_settled(moved: State) -> None:
    """Raise `ReconcilerError` where another service's state has something that only a run there can end."""
    revoking = {name for name, record in moved.groups.items() if record.revoking is not None}
    if begun := {*moved.creating, *revoking}:
        name = min(begun)
        raise ReconcilerError(
            msg(
                "{name}: a revoke of a link was begun at the service before, and its end is not known",
                name=name,
            )
            if name in revoking
            else msg("{name}: a create was begun at the service before, and its end is not known", name=name),
            msg("apply there once more, with the configuration of before"),
        )
