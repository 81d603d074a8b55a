"""`plan` and `drift`: read what is needed and decide; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.errors import Complaint, InputError, ReconcilerError
from reconciler.language import msg
from reconciler.manifests.groups import ignored_id, needs_state
from reconciler.model.live import LiveGroup, LiveState
from reconciler.planning import planfile, planner
from reconciler.planning.group import Context, PlanCache
from reconciler.planning.guards import in_none_of
from reconciler.planning.record import notes_on_commits
from reconciler.reading import identifying, read

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.model.attribution import Base
    from reconciler.model.drift import Drift, GroupDrift, History
    from reconciler.model.plan import Plan
    from reconciler.model.record import State
    from reconciler.operations.base import BaseFiles
    from reconciler.planning.options import Options
    from reconciler.planning.planfile import Fingerprint
    from reconciler.ports import ReadPorts


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made from, its digests, and what it was compared with."""

    plan: Plan
    reading: LiveState
    fingerprint: Fingerprint
    base: Base | None = None


def plan(
    loaded: Loaded,
    state: State,
    options: Options,
    ports: ReadPorts,
    *,
    plan_key: bytes,
    base: BaseFiles | None = None,
) -> Planned:
    """Read what is needed and decide what would change. Changes nothing: it is handed no writer.

    With `base`, whose settings `loaded` has (`under_settings_of`), the plan is the same one, made from the
    same reading as the plan of the base, with which it is compared. Raises `InputError` where the manifests
    ask for what `state: none` cannot do, and `ReconcilerError` when the configured account is in none of the
    groups that were read.
    """
    if base is not None:
        from reconciler.operations.base import CachingReader, compare

        ports = identifying(ports, loaded.desired, state, loaded.settings)
        ports = replace(ports, reader=CachingReader(ports.reader))
    made, reading = decide(loaded, state, options, ports)
    fingerprint = planfile.fingerprint(made, options, plan_key)
    compared = None
    if base is not None:
        compared = compare(made, loaded.settings, state, options, ports, base)
    return Planned(made.with_digest(fingerprint.whole), reading, fingerprint, compared)


@dataclass(frozen=True, slots=True)
class Drifted:
    """A drift, and the history of first sightings for the next run, where one is kept."""

    drift: Drift
    history: History | None


def drift(
    loaded: Loaded, state: State, options: Options, ports: ReadPorts, *, history: History | None
) -> Drifted:
    """Read what is needed and compare it with the files and with what was last applied. Changes nothing: it
    is handed no writer. Raises what `plan` raises."""
    from reconciler.planning.drift import drift as drifted
    from reconciler.planning.drift import with_first_sightings

    made, _ = decide(loaded, state, options, ports)
    found = drifted(made, loaded.desired, state, loaded.settings, keeps_state=options.keeps_state)
    found = _with_lines(found, loaded)
    if history is None:
        return Drifted(found, None)
    names = [group.name for group in loaded.desired.groups]
    return Drifted(*with_first_sightings(found, history, names=names, now=options.now))


def _with_lines(found: Drift, loaded: Loaded) -> Drift:
    """Say of every field that differs where its manifest has it."""
    manifests = {manifest.name: manifest for manifest in loaded.manifests}

    def located(group: GroupDrift) -> GroupDrift:
        known = manifests[group.name].locations
        fields = (
            replace(field, line=known[field.field].line if field.field in known else 0)
            for field in group.fields
        )
        return replace(group, fields=tuple(fields))

    return replace(found, groups=tuple(located(group) if group.fields else group for group in found.groups))


def decide(
    loaded: Loaded,
    state: State,
    options: Options,
    ports: ReadPorts,
) -> tuple[Plan, LiveState]:
    """Return the plan and what it was made from, without its digests. Raises what `plan` raises."""
    _check_needs_state(loaded, options)
    _check_ignored(loaded, state)
    desired, settings = loaded.desired, loaded.settings
    ports = identifying(ports, desired, state, settings)
    cache = PlanCache(state, Context.of(desired, settings, options))
    reading = read(desired, state, settings, options, ports, on_group_read=cache.add)
    _check_account(loaded, reading)
    made = planner.plan(desired, state, reading, settings, options, cache)
    return replace(made, notes=(*made.notes, *notes_on_commits(state, options))), reading


def _check_needs_state(loaded: Loaded, options: Options) -> None:
    """Refuse link versions without a state: which one was applied would not be known, so it would never be
    revoked. Under the settings of a base there may be none for who is to be added either."""
    if options.keeps_state:
        return
    adding = {group.name for group in loaded.desired.groups if group.join == "add"}
    complaints = [
        Complaint(
            manifest.location_of("link_version"),
            msg("`link_version` needs a state, and `state` is none"),
            msg("keep a state, or leave `link_version` out"),
            "link-version-without-state",
        )
        for manifest in loaded.manifests
        if manifest.link_version is not None
    ]
    complaints += (
        needs_state(manifest.location_of("join"), msg("`join: add`"))
        for manifest in loaded.manifests
        if manifest.name in adding
    )
    if complaints:
        raise InputError(complaints)


def _check_ignored(loaded: Loaded, state: State) -> None:
    """Refuse a group that is both managed and ignored. Under the settings of a base its list holds, whatever
    a change of the files says."""
    ignore = frozenset(loaded.settings.ignore)
    complaints = [ignored_id(manifest) for manifest in loaded.manifests if manifest.id in ignore]
    if complaints:
        raise InputError(complaints)
    bound = sorted(name for name, record in state.groups.items() if record.id in ignore)
    if bound:
        raise ReconcilerError(
            msg(
                "the state binds {names} to a group that `ignore:` in reconciler.yaml names",
                names=", ".join(bound[:5]),
            ),
            msg("take its id out of `ignore:`, or: reconciler state forget {name}", name=bound[0]),
        )


def _check_account(loaded: Loaded, reading: LiveState) -> None:
    keys = loaded.settings.account_keys
    groups = [group for group in reading.groups.values() if isinstance(group, LiveGroup)]
    if keys and groups and not any(keys & group.participant_keys for group in groups):
        raise ReconcilerError(
            in_none_of(len(groups)),
            msg(
                "correct `account` in reconciler.yaml (or RECONCILER_ACCOUNT): it is the "
                "number that the credentials belong to"
            ),
        )
