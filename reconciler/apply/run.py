"""Applying a whole plan: groups concurrently, each on its own; one group's failure stops no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from reconciler.apply.create import made_earlier
from reconciler.apply.group import GroupRun
from reconciler.apply.tools import INTERRUPTED, WRONG_ACCOUNT, Timeouts, Tools, problem_of
from reconciler.errors import Problem, StateError
from reconciler.language import msg
from reconciler.model.change import AdoptGroup
from reconciler.model.live import Absent, LiveGroup, LiveIcon, LiveState
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome, OutcomeStatus
from reconciler.model.record import Left
from reconciler.planning.bindings import left_ids
from reconciler.planning.record import adopted, people_of, record_of
from reconciler.planning.run_summary import summary_of_apply

if TYPE_CHECKING:
    from reconciler.model.plan import GroupPlan, Plan
    from reconciler.model.record import Record, State
    from reconciler.model.settings import ApiSettings
    from reconciler.planning.group import Context
    from reconciler.ports import WritePorts

_NOT_BEGUN = replace(
    WRONG_ACCOUNT, message=msg("not begun: the configured `account` is not in the group just created")
)


def apply_plan(
    plan: Plan,
    reading: LiveState,
    context: Context,
    ports: WritePorts,
    settings: ApiSettings,
    timeouts: Timeouts | None = None,
) -> ApplyResult:
    """Make the plan so, and record what was observed where nothing had to change.

    The caller has dealt with objections. Failures become outcomes; nothing is raised for them. When
    `ports.clock.stopping` turns true, calls in flight are finished and the rest is `skipped`.
    """
    tools = Tools(
        ports=ports,
        context=context,
        timeouts=timeouts or Timeouts(),
        retries=settings.retries,
        listed=frozenset((*reading.listed, *reading.ignored)) | left_ids(ports.journal.state),
        expected=frozenset((*reading.listed, *reading.ignored)) if reading.gateway else frozenset(),
        gone=frozenset(each for each, found in reading.groups.items() if isinstance(found, Absent)),
    )
    run = _ApplyRun(plan, reading, tools)
    ended = run.all(settings.write_concurrency)
    groups = tuple(ended.get(group.name) or _untouched(group) for group in plan.groups)
    try:
        ports.journal.finish(summary_of_apply(groups, context.options.promotions))
    except StateError as error:
        tools.unsaved(error, "", None)
    return ApplyResult(
        plan=plan,
        groups=groups,
        complete=plan.complete,
        interrupted=ports.clock.stopping,
        unsaved=tools.broken,
        bind=tuple(tools.bind),
    )


class _ApplyRun:
    def __init__(self, plan: Plan, reading: LiveState, tools: Tools) -> None:
        self.plan = plan
        self.reading = reading
        self.tools = tools
        self.lifted = tuple(entry for entry in plan.objections if entry.lifted_by is not None)

    def all(self, concurrency: int) -> dict[str, GroupOutcome]:
        todo = [group for group in self.plan.groups if group.changes]
        ended: dict[str, GroupOutcome] = {}
        progress, workers = self.tools.ports.progress, self.tools.ports.workers

        def work(group: GroupPlan) -> None:
            ended[group.name] = self._one(group)

        if todo:
            progress.start(msg("Applying"), len(todo))
            try:
                for outcome in self._adopted(todo):
                    ended[outcome.name] = outcome
                    progress.advance()
                todo = [group for group in todo if group.name not in ended]
                if not self.tools.ports.clock.stopping:
                    names = [group.name for group in todo if group.action == "create"]
                    self.tools.made_earlier = made_earlier(names, self.tools)
                for outcome in self._until_account_is_proven(todo):
                    ended[outcome.name] = outcome
                    progress.advance()
                todo = [group for group in todo if group.name not in ended]
                workers.all([partial(work, group) for group in todo], concurrency, progress.advance)
            finally:
                progress.finish()
        self._observe()
        return ended

    def _adopted(self, todo: list[GroupPlan]) -> Iterator[GroupOutcome]:
        """Bind and record, in one step, what was found and is as wanted already; nothing is written to it."""
        groups = [group for group in todo if all(isinstance(change, AdoptGroup) for change in group.changes)]
        if not groups or self.tools.ports.clock.stopping or self.tools.context.options.promotions is not None:
            return
        state = self.tools.ports.journal.state
        records = {
            group.name: record for group in groups if (record := self._observed(group, state)) is not None
        }
        problem: Problem | None = None
        try:
            former = [group.was for group in groups if group.name in records and group.was is not None]
            self.tools.ports.journal.observe(records, former)
        except StateError as error:
            problem = problem_of(error)
            for name, record in records.items():
                self.tools.unsaved(error, name, record.id)
        for group in groups:
            if group.name in records:
                status: OutcomeStatus = "done" if problem is None else "failed"
                outcomes = tuple(Outcome(change, status, problem) for change in group.changes)
                yield replace(_untouched(group), outcomes=outcomes)

    def _until_account_is_proven(self, todo: list[GroupPlan]) -> Iterator[GroupOutcome]:
        """Create groups one at a time while no group that was read holds the account: a wrong number would
        otherwise show only after all of them were made."""
        read = [found for found in self.reading.groups.values() if isinstance(found, LiveGroup)]
        proven = any(map(self.tools.holds_account, read)) or not self.tools.context.account
        for group in todo:
            if proven or self.tools.halted or self.tools.broken or self.tools.ports.clock.stopping:
                return
            if group.action == "create":
                run = self._run(group)
                yield run.run()
                if run.live is not None:
                    proven = self.tools.holds_account(run.live)
                    self.tools.halted = None if proven else _NOT_BEGUN

    def _one(self, group: GroupPlan) -> GroupOutcome:
        reason = INTERRUPTED if self.tools.ports.clock.stopping else self.tools.broken or self.tools.halted
        if reason is not None:
            skipped = tuple(Outcome(change, "skipped", reason) for change in group.changes)
            return GroupOutcome(
                name=group.name,
                action=group.action,
                id=group.id,
                outcomes=skipped,
                notes=group.notes,
                plan=group,
            )
        return self._run(group).run()

    def _run(self, group: GroupPlan) -> GroupRun:
        allowed = frozenset(entry.code for entry in self.lifted if group.name in entry.groups)
        return GroupRun(group, self.tools, allowed)

    def _observe(self) -> None:
        """Record what was seen of groups that are as wanted, and of those that were left that they were."""
        state = self.tools.ports.journal.state
        records: dict[str, Record] = {}
        forgotten: list[str] = []
        left: dict[str, Left] = {}
        for group in self.plan.groups:
            if group.changes:
                continue
            if self.tools.context.options.promotions is not None:
                records |= self._people_observed(group, state)
                continue
            if self._is_left(group):
                names = (group.name, *([] if group.was is None else [group.was]))
                known = [name for name in names if name in state.groups]
                forgotten += known
                if known and group.desired is not None and group.id is not None:
                    how: Literal["left", "closed"] = "left" if group.desired.ensure == "left" else "closed"
                    left[group.name] = Left(group.id, self.tools.context.options.now, how)
            elif group.action == "none" and (record := self._observed(group, state)) is not None:
                records |= {} if state.groups.get(group.name) == record else {group.name: record}
                forgotten += [group.was] if group.was is not None else []
        try:
            if left:
                self.tools.ports.journal.left(left, ())
            self.tools.ports.journal.observe(records, forgotten)
        except StateError as error:
            self.tools.unsaved(error, "", None)

    def _people_observed(self, group: GroupPlan, state: State) -> dict[str, Record]:
        """Return the record of a bound group with who was seen in it and nothing else, for a run that only
        promotes."""
        old = state.groups.get(group.name)
        if group.desired is None or group.live is None or old is None or old.id != group.live.id:
            return {}
        if group.name in state.creating:  # that is for a full apply to settle
            return {}
        seen = people_of(group.desired, group.live, old, self.tools.ports.clock.now())
        return {} if seen == old else {group.name: seen}

    def _is_left(self, group: GroupPlan) -> bool:
        """Return whether nothing is to be known of the name any more: its group is gone, and is meant to
        be."""
        if group.action == "orphaned":
            gone = isinstance(self.reading.groups.get(group.id or ""), Absent)
            return gone and group.id not in self.reading.listed
        return group.action == "none" and group.desired is not None and group.desired.ensure != "present"

    def _observed(self, group: GroupPlan, state: State) -> Record | None:
        if group.desired is None or group.live is None:
            return None
        old = state.groups.get(group.name) or state.groups.get(group.was or "")
        if old is not None and old.id != group.live.id:
            old = None
        if any(isinstance(change, AdoptGroup) and change.loosely for change in group.changes):
            old = adopted(group.desired, group.live, old)
        seen = self.reading.icons.get(group.live.id)
        return record_of(
            group.desired,
            group.live,
            seen if isinstance(seen, LiveIcon) else None,
            old,
            now=self.tools.context.options.now,
        )


def _untouched(group: GroupPlan) -> GroupOutcome:
    return GroupOutcome(name=group.name, action=group.action, id=group.id, notes=group.notes, plan=group)
