"""Groups planned as soon as they were read, while others are still asked for.

What a bound group needs depends on nothing but itself, so that part of planning hides in the waiting. Who is
bound to what, and whether anybody objects, is decided when all is read; a group that turned out otherwise, or
was read again, is planned anew.
"""

from __future__ import annotations

from reconciler.model.desired import DesiredGroup
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.model.plan import GroupPlan
from reconciler.model.record import Record, State
from reconciler.planning.group import Context, plan_group


class PlanCache:
    """The plans of single groups, made while others were read. Safe to use from several threads: each name
    has a place of its own."""

    def __init__(self, state: State, context: Context) -> None:
        self.state = state
        self.context = context
        self._recorded = frozenset(record.id for record in state.groups.values())
        self._made: dict[str, tuple[LiveGroup, LiveIcon | None, Record | None, GroupPlan]] = {}

    def add(self, group: DesiredGroup, live: LiveGroup, seen: LiveIcon | None) -> None:
        """Plan a group that state or `id` binds to `live`; `seen` as for `plan_group`."""
        record = self.state.groups.get(group.name)
        if record is not None and record.id != live.id:
            record = None
        if record is None and live.id in self._recorded:
            return  # on record under another name, which may be the one that this manifest had before
        made = plan_group(group, live, seen, record, self.context)
        self._made[group.name] = (live, seen, record, made)

    def plan(
        self, group: DesiredGroup, live: LiveGroup, seen: LiveIcon | None, record: Record | None
    ) -> GroupPlan:
        """The plan of a group: what was made of exactly this, else made now."""
        known = self._made.pop(group.name, None)
        if known is not None and known[0] is live and known[1] is seen and known[2] is record:
            return known[3]
        return plan_group(group, live, seen, record, self.context)
