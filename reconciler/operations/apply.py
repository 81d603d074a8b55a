"""`apply`: plan, have it approved, and make it so; with `--ready`, only promote who has joined since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.apply.run import apply_plan
from reconciler.apply.tools import Timeouts
from reconciler.errors import ApiError, Problem, ReconcilerError
from reconciler.language import msg
from reconciler.model.capabilities import CAPABILITIES
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome
from reconciler.model.plan import Plan
from reconciler.operations.plan import plan
from reconciler.planning import planfile
from reconciler.planning.group import Context
from reconciler.planning.promotions import people_only, promotions_awaited
from reconciler.planning.record import applied_commit, renamed
from reconciler.reading import IdentifyingReader, identifying, lost

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.model.live import LiveState, ServiceLimits
    from reconciler.model.settings import ApiSettings
    from reconciler.planning.options import Options
    from reconciler.ports import WritePorts


def apply(
    loaded: Loaded,
    options: Options,
    ports: WritePorts,
    *,
    plan_key: bytes,
    saved_plan: str | None,
    approve: Callable[[Plan], bool],
    timeouts: Timeouts | None = None,
) -> ApplyResult:
    """Plan, compare with the saved plan, have it approved, and make it so.

    `approve` is shown every plan, and asked only about one with changes that nothing objects to. Raises
    what `plan` raises, and `ObjectionError` when the saved plan does not hold any more. With open
    objections every change ends `skipped`. Raises `StateError` where nothing can be recorded.
    """
    journal = ports.journal
    ports = identifying(ports, loaded.desired, journal.state, loaded.settings)
    planned = plan(loaded, journal.state, options, ports.read_only(), plan_key=plan_key)
    if options.promotions is None and _settles_lost(planned.reading, loaded, ports):
        planned = plan(loaded, journal.state, options, ports.read_only(), plan_key=plan_key)
    if saved_plan is not None:
        planfile.check(saved_plan, planned.fingerprint, plan_key)
    if not approve(planned.plan):
        return _refused(planned.plan, interrupted=ports.clock.stopping)
    commit = applied_commit(planned.plan, options, journal.state.commit)
    if commit is not None:
        journal.applies(commit)
    called_otherwise = renamed(journal.state, loaded.desired)
    if called_otherwise:
        journal.observe(called_otherwise, ())
    if any(group.writes for group in planned.plan.groups):
        check_limits(ports.reader.limits(), adding=_adds(planned.plan))
    api = loaded.settings.api
    context = Context.of(loaded.desired, loaded.settings, options)
    return apply_plan(planned.plan, planned.reading, context, ports, api, timeouts or _timeouts(api, options))


def _settles_lost(reading: LiveState, loaded: Loaded, ports: WritePorts) -> bool:
    """Have a gateway refresh its list where groups on record are not in it and cannot be read. Return whether
    it did: now they are listed, or gone."""
    missed = lost(reading, loaded.desired, ports.journal.state)
    refreshes = CAPABILITIES[loaded.settings.backend].refreshes
    if not missed or not refreshes or not isinstance(ports.reader, IdentifyingReader):
        return False
    try:
        ports.writer.refresh_list()
        ports.reader.lose(missed.difference(ports.reader.list_groups().ids))
    except ApiError:
        return False  # they stay unreadable
    return True


def _adds(plan: Plan) -> bool:
    return any(change.kind == "add_members" for group in plan.groups for change in group.changes)


def check_limits(limits: ServiceLimits, *, adding: bool) -> None:
    """Raise `ReconcilerError` where the service says that it would take no write now, or nobody new."""
    if limits.locked_until is not None:
        raise ReconcilerError(
            msg(
                "WhatsApp restricts this number until {until:%Y-%m-%d %H:%M} UTC",
                until=limits.locked_until,
            ),
            msg("wait until then; writing now makes it worse"),
        )
    if limits.capped and adding:
        raise ReconcilerError(
            msg("the service is capped: this number may not write to, or add, anybody new now"),
            msg(
                "wait for the next cycle, or give people the link by other ways (`join: invite` adds nobody)"
            ),
        )


def _timeouts(settings: ApiSettings, options: Options) -> Timeouts:
    """Return the timeouts of a run. Where the next one may not find that a create was unclear, this one waits
    until it is known what became of it."""
    timeouts = Timeouts(create=settings.create_patience)
    if options.keeps_intents:
        return timeouts
    return replace(timeouts, unclear=max(timeouts.unclear, timeouts.create))


def _refused(plan: Plan, *, interrupted: bool) -> ApplyResult:
    problem = (
        Problem(
            "objection",
            msg("not begun: {codes}", codes=", ".join(entry.code for entry in plan.open_objections)),
        )
        if plan.open_objections
        else Problem("declined", msg("not begun: the plan was not approved"))
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


def promote(
    loaded: Loaded,
    options: Options,
    ports: WritePorts,
    *,
    appeared: Mapping[str, frozenset[str]] | None,
    approve: Callable[[Plan], bool],
    timeouts: Timeouts | None = None,
) -> ApplyResult:
    """Promote wanted admins who are found in their groups by now; all else stays as it is, and is no failure.

    Only groups that wait for an admin, as far as the record tells, are read and stand in the result; without
    any, nothing is called at all. `appeared`: group id → number keys, where only these people are meant.
    `approve` is as in `apply`. Raises what `plan` raises.
    """
    state, account_keys = ports.journal.state, loaded.settings.account_keys
    awaited = promotions_awaited(loaded.desired, state, options, account_keys, appeared=appeared)
    if not awaited.people:
        nothing = Plan(groups=(), ready_only=True)
        approve(nothing)
        return ApplyResult(plan=nothing, groups=(), interrupted=ports.clock.stopping)
    return apply(
        replace(loaded, desired=people_only(loaded.desired)),
        replace(options, promotions=awaited),
        ports,
        plan_key=b"",  # nobody saves this plan
        saved_plan=None,
        approve=approve,
        timeouts=timeouts,
    )
