"""Which commit of the manifests counts as applied last, for the guard `older-commit`. Pure."""

from __future__ import annotations

from reconciler.model.plan import Plan
from reconciler.planning.options import Options


def applied_commit(plan: Plan, options: Options) -> str | None:
    """The commit to record before this plan is carried out; None: what is recorded stays.

    Only a run that applies the manifests has a say, so none with `ready`. It counts from before its first
    write on, because after that an older checkout could undo something. It goes back, or to another line of
    development, only for a run over all groups; and back only where something is written, to which somebody
    has agreed (`--allow older-commit`).
    """
    if options.ready is not None:
        return None
    if options.checkout is None or options.checkout.stands == "ahead":
        return options.commit
    if options.targets:
        return None
    writes = any(group.writes for group in plan.groups)
    return options.commit if writes or options.checkout.stands == "aside" else None
