"""From results to exit codes: the same in every format, because it is decided after all were written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.errors import Exit, first_exit

if TYPE_CHECKING:
    from reconciler.model.adoption import AcceptResult, ImportResult, Listing
    from reconciler.model.attribution import Base
    from reconciler.model.drift import Drift
    from reconciler.model.messages import GroupDelivery, Invitations, Match, Rotations, Sending
    from reconciler.model.outcome import ApplyResult
    from reconciler.model.plan import Plan


def _first(
    *,
    interrupted: object = False,
    credentials: object = False,
    error: object = False,
    objection: object = False,
    partial: object = False,
    changes: object = False,
) -> Exit:
    """Return the one code that stands for those that something is said for."""
    found = {
        Exit.INTERRUPTED: interrupted,
        Exit.CREDENTIALS: credentials,
        Exit.ERROR: error,
        Exit.OBJECTION: objection,
        Exit.PARTIAL: partial,
        Exit.CHANGES: changes,
    }
    return first_exit(code for code, said in found.items() if said)


def of_plan(plan: Plan, *, detailed: bool, stopped: bool, base: Base | None = None) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read, 6 with an open objection, and with
    `detailed` 2 for changes: with `base`, for those that this change causes."""
    return _first(
        interrupted=stopped,
        error=not plan.complete,
        objection=plan.open_objections,
        changes=detailed and _changes(plan, base),
    )


def _changes(plan: Plan, base: Base | None) -> bool:
    if base is not None:
        from reconciler.planning.attribution import causes_something

        return causes_something(plan, base.attribution)
    return any(group.writes or group.action in ("blocked", "missing") for group in plan.groups)


def of_drift(drift: Drift, *, exit_zero: bool, stopped: bool) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read, 2 where a group drifted, is missing
    or blocked, unless `exit_zero`. What is only not applied yet is 0."""
    drifted = any(group.status in ("drifted", "missing", "blocked") for group in drift.groups)
    return _first(interrupted=stopped, error=not drift.complete, changes=drifted and not exit_zero)


def of_invites(found: Invitations, *, stopped: bool) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read or a link could not be had. Groups to
    which nobody can be invited yet are no failure."""
    return _first(interrupted=stopped, error=not found.complete)


def of_list(found: Listing, *, stopped: bool) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read."""
    return _first(interrupted=stopped, error=not found.complete)


def of_accept(result: AcceptResult) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read or written, 3 when something could
    not be accepted, or the files were not approved."""
    return _first(
        interrupted=result.interrupted,
        error=not result.complete or result.failed is not None,
        partial=any(group.left or group.status in ("refused", "declined") for group in result.groups),
    )


def of_import(result: ImportResult) -> Exit:
    """130 when a stop was asked for, 4 when credentials were refused, 1 when a group could not be read or
    bound in state, 3 when a file could not be written."""
    statuses = {group.status for group in result.groups}
    return _first(
        interrupted=result.interrupted,
        credentials=result.refused is not None,
        error="unreadable" in statuses or result.unsaved is not None,
        partial=statuses & {"failed", "not_begun"},
    )


def of_sending(sending: Sending) -> Exit:
    """130 when a stop was asked for, 4 with refused credentials, 1 when something could not be read, had or
    recorded, 3 when somebody may have got nothing who should have, or a group is blocked or missing. Whose
    turn it is not is no failure."""
    from reconciler.model.messages import LIMITS

    problems = [entry.problem.code for entry in sending.deliveries if entry.problem is not None]
    stuck = any(group.status in ("blocked", "missing") for group in sending.found.groups)
    return _first(
        interrupted=sending.interrupted,
        credentials="credentials" in problems,
        error=not sending.complete,
        partial=stuck or not LIMITS.issuperset(problems),
    )


def of_inbound(matches: Iterable[Match], result: ApplyResult | None = None) -> Exit:
    """1 when an entry could not be read; and with `--ready` what became of the promotions (`result`)."""
    from reconciler.model.messages import Unreadable

    promoted = Exit.OK if result is None else of_apply(result, ready=True)
    return first_exit((promoted, _first(error=any(isinstance(each.record, Unreadable) for each in matches))))


def of_rotations(found: Rotations) -> Exit:
    """130 when a stop was asked for, 4 with refused credentials, 1 when the state could not be written, 3
    when a link may still live."""
    problems = [group.problem.code for group in found.groups if group.problem is not None]
    return _first(
        interrupted=found.interrupted,
        credentials="credentials" in problems,
        error=found.unsaved is not None,
        partial=any(group.status != "done" for group in found.groups),
    )


def of_message(sent: GroupDelivery) -> Exit:
    """130 when a stop was asked for, 3 when it was not sent, or nobody knows."""
    return _first(interrupted=sent.interrupted, partial=sent.status != "sent")


def of_apply(result: ApplyResult, *, ready: bool = False) -> Exit:
    """What an apply ends with; see design, "Commands".

    After one that was to promote only (`ready`), a blocked group counts when somebody should have been
    promoted in it, and a missing one does not: nobody has joined there.
    """
    outcomes = [outcome for group in result.groups for outcome in group.outcomes]
    problems = [outcome.problem.code for outcome in outcomes if outcome.problem is not None]
    stuck = [group for group in result.plan.groups if group.action in ("blocked", "missing")]
    blocked_since = any(group.action == "blocked" and group.outcomes for group in result.groups)
    return _first(
        interrupted=result.interrupted,
        credentials="credentials" in problems,
        error=not result.complete or result.unsaved is not None,
        objection=result.plan.open_objections,
        partial=blocked_since
        or any(outcome.status != "done" for outcome in outcomes)
        or (any(group.withheld for group in stuck) if ready else stuck),
    )
