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


def of_plan(plan: Plan, *, detailed: bool, stopped: bool, base: Base | None = None) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read, 6 with an open objection, and with
    `detailed` 2 for changes: with `base`, for those that this change causes."""
    codes = {Exit.OK}
    if stopped:
        codes.add(Exit.INTERRUPTED)
    if not plan.complete:
        codes.add(Exit.ERROR)
    if plan.open_objections:
        codes.add(Exit.OBJECTION)
    if detailed and _changes(plan, base):
        codes.add(Exit.CHANGES)
    return first_exit(codes)


def _changes(plan: Plan, base: Base | None) -> bool:
    if base is not None:
        from reconciler.planning.attribution import causes_something

        return causes_something(plan, base.attribution)
    return any(group.writes or group.action in ("blocked", "missing") for group in plan.groups)


def of_drift(drift: Drift, *, exit_zero: bool, stopped: bool) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read, 2 where a group drifted, is missing
    or blocked, unless `exit_zero`. What is only not applied yet is 0."""
    codes = {Exit.OK}
    if stopped:
        codes.add(Exit.INTERRUPTED)
    if not drift.complete:
        codes.add(Exit.ERROR)
    if not exit_zero and any(group.status in ("drifted", "missing", "blocked") for group in drift.groups):
        codes.add(Exit.CHANGES)
    return first_exit(codes)


def of_invites(found: Invitations, *, stopped: bool) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read or a link could not be had. Groups to
    which nobody can be invited yet are no failure."""
    codes = {Exit.OK}
    if stopped:
        codes.add(Exit.INTERRUPTED)
    if not found.complete:
        codes.add(Exit.ERROR)
    return first_exit(codes)


def of_list(found: Listing, *, stopped: bool) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read."""
    codes = {Exit.OK}
    if stopped:
        codes.add(Exit.INTERRUPTED)
    if not found.complete:
        codes.add(Exit.ERROR)
    return first_exit(codes)


def of_accept(result: AcceptResult) -> Exit:
    """130 when a stop was asked for, 1 when something could not be read or written, 3 when something could
    not be accepted, or the files were not approved."""
    codes = {Exit.OK}
    if result.interrupted:
        codes.add(Exit.INTERRUPTED)
    if not result.complete or result.failed is not None:
        codes.add(Exit.ERROR)
    if any(group.left or group.status in ("refused", "declined") for group in result.groups):
        codes.add(Exit.PARTIAL)
    return first_exit(codes)


def of_import(result: ImportResult) -> Exit:
    """130 when a stop was asked for, 4 when credentials were refused, 1 when a group could not be read or
    bound in state, 3 when a file could not be written."""
    codes = {Exit.OK}
    if result.interrupted:
        codes.add(Exit.INTERRUPTED)
    if result.refused is not None:
        codes.add(Exit.CREDENTIALS)
    statuses = {group.status for group in result.groups}
    if "unreadable" in statuses or result.unsaved is not None:
        codes.add(Exit.ERROR)
    if statuses & {"failed", "not_begun"}:
        codes.add(Exit.PARTIAL)
    return first_exit(codes)


def of_sending(sending: Sending) -> Exit:
    """130 when a stop was asked for, 4 with refused credentials, 1 when something could not be read, had or
    recorded, 3 when somebody may have got nothing who should have, or a group is blocked or missing. Whose
    turn it is not is no failure."""
    from reconciler.model.messages import LIMITS

    codes = {Exit.OK}
    if sending.interrupted:
        codes.add(Exit.INTERRUPTED)
    problems = [entry.problem.code for entry in sending.deliveries if entry.problem is not None]
    if "credentials" in problems:
        codes.add(Exit.CREDENTIALS)
    if not sending.complete:
        codes.add(Exit.ERROR)
    if not LIMITS.issuperset(problems):
        codes.add(Exit.PARTIAL)
    if any(group.status in ("blocked", "missing") for group in sending.found.groups):
        codes.add(Exit.PARTIAL)
    return first_exit(codes)


def of_inbound(matches: Iterable[Match], result: ApplyResult | None = None) -> Exit:
    """1 when an entry could not be read; and with `--ready` what became of the promotions (`result`)."""
    from reconciler.model.messages import Unreadable

    codes = {Exit.OK if result is None else of_apply(result, ready=True)}
    if any(isinstance(each.record, Unreadable) for each in matches):
        codes.add(Exit.ERROR)
    return first_exit(codes)


def of_rotations(found: Rotations) -> Exit:
    """130 when a stop was asked for, 4 with refused credentials, 1 when the state could not be written, 3
    when a link may still live."""
    codes = {Exit.OK}
    if found.interrupted:
        codes.add(Exit.INTERRUPTED)
    if any(group.problem is not None and group.problem.code == "credentials" for group in found.groups):
        codes.add(Exit.CREDENTIALS)
    if found.unsaved is not None:
        codes.add(Exit.ERROR)
    if any(group.status != "done" for group in found.groups):
        codes.add(Exit.PARTIAL)
    return first_exit(codes)


def of_message(sent: GroupDelivery) -> Exit:
    """130 when a stop was asked for, 3 when it was not sent, or nobody knows."""
    codes = {Exit.INTERRUPTED} if sent.interrupted else {Exit.OK}
    return first_exit(codes if sent.status == "sent" else codes | {Exit.PARTIAL})


def of_apply(result: ApplyResult, *, ready: bool = False) -> Exit:
    """What an apply ends with; see design, "Commands".

    After one that was to promote only (`ready`), a blocked group counts when somebody should have been
    promoted in it, and a missing one does not: nobody has joined there.
    """
    codes = {Exit.OK}
    outcomes = [outcome for group in result.groups for outcome in group.outcomes]
    if result.interrupted:
        codes.add(Exit.INTERRUPTED)
    if any(outcome.problem is not None and outcome.problem.code == "credentials" for outcome in outcomes):
        codes.add(Exit.CREDENTIALS)
    if not result.complete or result.unsaved is not None:
        codes.add(Exit.ERROR)
    if result.plan.open_objections:
        codes.add(Exit.OBJECTION)
    if any(outcome.status != "done" for outcome in outcomes):
        codes.add(Exit.PARTIAL)
    stuck = [group for group in result.plan.groups if group.action in ("blocked", "missing")]
    if any(group.action == "blocked" and group.outcomes for group in result.groups):
        codes.add(Exit.PARTIAL)  # since the plan
    if any(group.withheld for group in stuck) if ready else stuck:
        codes.add(Exit.PARTIAL)
    return first_exit(codes)
