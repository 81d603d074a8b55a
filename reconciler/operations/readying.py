"""`inbound`: what a webhook told us. `apply --ready`, `inbound --ready`: promote who has joined since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.messaging.arrivals import Awaited
from reconciler.messaging.inbound import read_file
from reconciler.model.outcome import ApplyResult
from reconciler.model.plan import Plan
from reconciler.operations.applying import apply
from reconciler.planning.ready import people_only, ready_of

if TYPE_CHECKING:
    from reconciler.apply.tools import Timeouts
    from reconciler.manifests.load import Loaded
    from reconciler.model.inbound import Heard
    from reconciler.model.record import State
    from reconciler.planning.options import Options
    from reconciler.ports import WritePorts


def inbound(loaded: Loaded, state: State, data: bytes, *, options: Options) -> tuple[Heard, ...]:
    """What the webhook bodies in `data` say, and who has shown up by them. Calls nobody, changes nothing."""
    awaited = Awaited(loaded.desired, state, options, loaded.settings.account_keys)
    return tuple(map(awaited.hear, read_file(data)))


def ready(
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
    awaited = ready_of(loaded.desired, state, options, account_keys, appeared=appeared)
    if not awaited.people:
        nothing = Plan(groups=(), ready_only=True)
        approve(nothing)
        return ApplyResult(plan=nothing, groups=(), interrupted=ports.clock.stopping)
    return apply(
        replace(loaded, desired=people_only(loaded.desired)),
        replace(options, ready=awaited),
        ports,
        plan_key=b"",  # nobody saves this plan
        saved_plan=None,
        approve=approve,
        timeouts=timeouts,
    )
