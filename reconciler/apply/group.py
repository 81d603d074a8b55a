"""Applying one group: read again, narrow, write in order, see, verify, record.

read again ─ plan anew (may only drop) ─ subject, icon ─ promote ─ SEEN? ─ demote, revoke, remove, leave
                                                                                └─ read until so ─ record
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.apply.create import create
from reconciler.apply.effects import Effects, served_before
from reconciler.apply.tools import INTERRUPTED, WRONG_ACCOUNT, Tools, problem_of
from reconciler.apply.writing import LOCKED_OUT, Writing, changed
from reconciler.errors import ApiError, CredentialsError, Interrupted, StateError
from reconciler.model.change import (
    AdoptGroup,
    Change,
    ChangeKind,
    CreateGroup,
    LeaveGroup,
)
from reconciler.model.live import Gone, IconSeen, LiveGroup, Problem
from reconciler.model.outcome import GroupOutcome, Outcome, Status
from reconciler.model.record import Record
from reconciler.planning import guards
from reconciler.planning.bookkeeping import people_of, record_of
from reconciler.planning.group import plan_group
from reconciler.planning.narrow import exceeds
from reconciler.reading import observe_group, observe_icon

if TYPE_CHECKING:
    from reconciler.model.desired import DesiredGroup
    from reconciler.model.plan import GroupPlan


class GroupRun:
    """One group of an apply, worked on by one thread."""

    def __init__(self, planned: GroupPlan, tools: Tools, allowed: frozenset[str]) -> None:
        """`allowed`: codes of the objections to this group that the plan named and somebody lifted."""
        self.planned = planned
        self.tools = tools
        self.allowed = allowed
        self.group_id = planned.id
        self.fresh = False  # the group was made a moment ago, by this run
        self.outcomes: list[Outcome] = []
        self.live: LiveGroup | None = None
        self.seen: IconSeen | None = None

    def run(self) -> GroupOutcome:
        """Every change ends as exactly one outcome, in the order of the changes."""
        pending = list(self.planned.changes)
        try:
            if pending and isinstance(pending[0], CreateGroup):
                pending = self._create(pending)
            if pending and isinstance(pending[0], AdoptGroup):
                pending = self._adopt(pending)
            if pending:
                self._change(tuple(pending))
        except (Interrupted, CredentialsError) as error:  # by a read; nothing is written once it is raised
            done = {outcome.change.kind for outcome in self.outcomes}
            self._skip([change for change in pending if change.kind not in done], problem_of(error))
        return self._outcome()

    def _outcome(self) -> GroupOutcome:
        return GroupOutcome(
            name=self.planned.name,
            action=self.planned.action,
            id=self.group_id,
            outcomes=tuple(self.outcomes),
            notes=self.planned.notes,
            plan=self.planned,
        )

    def _end(self, change: Change, status: Status, problem: Problem | None = None) -> None:
        self.outcomes.append(Outcome(change, status, problem))

    def _skip(self, changes: list[Change] | tuple[Change, ...], problem: Problem) -> None:
        for change in changes:
            self._end(change, "skipped", problem)

    def _create(self, pending: list[Change]) -> list[Change]:
        first = pending[0]
        if not isinstance(first, CreateGroup):
            raise TypeError(f"{first.kind} does not create")
        created = create(self.planned.name, first.subject, self.tools)
        self._end(first, created.status, created.problem)
        if created.id is None:
            self._skip(pending[1:], Problem("no_group", "the group was not created"))
            return []
        self.group_id, self.fresh = created.id, created.fresh
        return pending[1:] if pending[1:] else self._remember_new(created.id)

    def _remember_new(self, group_id: str) -> list[Change]:
        """A new group without further changes: read once, so that what was applied is on record."""
        found = self.tools.poll(lambda: self._readable(group_id))
        if isinstance(found, LiveGroup):
            self.live = found
            self._record(found, frozenset())
        return []

    def _readable(self, group_id: str) -> LiveGroup | None:
        found = observe_group(self.tools.reader, group_id)
        return found if isinstance(found, LiveGroup) else None

    def _adopt(self, pending: list[Change]) -> list[Change]:
        adopt = pending[0]
        live, desired = self.planned.live, self.planned.desired
        if live is None or desired is None:
            raise ValueError(f"{self.planned.name} cannot be adopted unread")
        old = self._old_record(live.id)
        try:
            self._save(old or Record(id=live.id))
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, live.id)
            self._end(adopt, "failed", problem_of(error))
            self._skip(pending[1:], Problem("state", "not begun: the state cannot be written"))
            return []
        self._end(adopt, "done")
        return pending[1:]

    def _old_record(self, group_id: str) -> Record | None:
        groups = self.tools.journal.state.groups
        record = groups.get(self.planned.name) or groups.get(self.planned.was or "")
        return record if record is not None and record.id == group_id else None

    def _change(self, approved: tuple[Change, ...]) -> None:
        group_id = self.group_id
        if group_id is None:
            raise ValueError(f"{self.planned.name} has changes but no group")
        if self.tools.clock.stopping:
            self._skip(approved, INTERRUPTED)
            return
        new = any(isinstance(outcome.change, CreateGroup) for outcome in self.outcomes)
        found = self.tools.poll(lambda: self._readable(group_id)) if new else None
        live = found or observe_group(self.tools.reader, group_id)
        if isinstance(live, Problem):
            self._skip(approved, replace(live, message=f"could not be read again: {live.message}"))
            return
        if isinstance(live, Gone):
            self._gone(group_id, approved)
            return
        self.live = live
        fresh = self._plan_anew(live, approved)
        if isinstance(fresh, Problem):
            self._skip(approved, fresh)
            return
        self._write(group_id, approved, fresh)

    def _gone(self, group_id: str, approved: tuple[Change, ...]) -> None:
        """A 404 or 400 alone does not say that the account is out of the group: the list has to agree."""
        try:
            listed = group_id in self.tools.reader.list_groups()
        except ApiError as error:
            problem = Problem.of(error)
            self._skip(approved, replace(problem, message=f"could not be read again: {problem.message}"))
            return
        if listed:
            answer = "the list names the group, but asking for it answers that there is none"
            self._skip(approved, Problem("contradiction", answer, retry=True))
        elif any(isinstance(change, LeaveGroup) for change in approved):
            for change in approved:
                self._end(change, "done")
            self._forget()
        else:
            self._skip(approved, changed("the group is gone"))

    def _plan_anew(self, live: LiveGroup, approved: tuple[Change, ...]) -> tuple[Change, ...] | Problem:
        """The approved changes that are still needed, or why the group is left alone."""
        desired = self.planned.desired
        if desired is None:  # an orphan that is left
            return self._unless_locked_out(live, approved)
        record = self._old_record(live.id)
        if desired.icon is not None and self.fresh:
            self.seen = IconSeen(None)  # nobody can have given it one
        elif desired.icon is not None and desired.ensure == "present":
            seen = observe_icon(
                self.tools.reader,
                live.id,
                desired.icon,
                record.icon if record else None,
                self.tools.icon_files,
            )
            if isinstance(seen, Problem):
                return replace(seen, message=f"could not be read again: {seen.message}")
            self.seen = seen
        fresh = plan_group(desired, live, self.seen, record, self.tools.context)
        if fresh.action == "blocked" and not self.tools.holds_account(live):
            return WRONG_ACCOUNT
        if fresh.action == "blocked":
            return changed("nothing may be changed in the group any more")
        more = exceeds(approved, fresh.changes)
        if more is not None:
            return changed(f"more would be done now ({more.kind})")
        return self._unless_locked_out(live, fresh.changes)

    def _unless_locked_out(
        self, live: LiveGroup, changes: tuple[Change, ...]
    ) -> tuple[Change, ...] | Problem:
        return LOCKED_OUT if self._locks_out(live, changes) else changes

    def _locks_out(self, live: LiveGroup, changes: tuple[Change, ...]) -> bool:
        """Whether the guards about admins would object now, and nobody has allowed it."""
        return not guards.admin_objections(live, changes, self.tools.context.account_keys) <= self.allowed

    def _write(self, group_id: str, approved: tuple[Change, ...], fresh: tuple[Change, ...]) -> None:
        record = self._old_record(group_id)
        effects = Effects(group_id, self.tools, served_before(self.seen, record.icon if record else None))
        writing = Writing(effects, self.tools, {change.kind: change for change in fresh}, self._locks_out)
        for change in approved:
            writing.make(change)
        writing.verify()
        self.outcomes += writing.ended.values()
        self._remember(effects, writing.ended)

    def _remember(self, effects: Effects, ended: dict[ChangeKind, Outcome]) -> None:
        if any(isinstance(end.change, LeaveGroup) and end.status == "done" for end in ended.values()):
            self._forget()
            return
        live = effects.live or self.live
        if live is not None:
            unsettled = frozenset(kind for kind, end in ended.items() if end.status != "done")
            self._record(live, unsettled, effects)

    def _record(
        self, live: LiveGroup, unsettled: frozenset[ChangeKind], effects: Effects | None = None
    ) -> None:
        desired = self.planned.desired
        if desired is None:
            return
        old = self._old_record(live.id)
        if self.tools.context.options.ready is not None:
            self._record_people(live, desired)
            return
        uploaded = effects.uploaded if effects and "set_icon" not in unsettled else None
        record = record_of(
            desired,
            live,
            self.seen,
            old,
            now=self.tools.context.options.now,
            uploaded=uploaded,
            unsettled=unsettled,
        )
        try:
            self._save(record)
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, None if old else live.id)

    def _record_people(self, live: LiveGroup, desired: DesiredGroup) -> None:
        """After a run that only promotes: nothing is bound, and nothing but people is taken note of."""
        state = self.tools.journal.state
        old = state.groups.get(self.planned.name)
        if old is None or old.id != live.id or self.planned.name in state.creating:
            return
        try:
            self.tools.journal.record(
                self.planned.name, people_of(desired, live, old, self.tools.clock.now())
            )
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, None)

    def _save(self, record: Record) -> None:
        """Record the group under its name, and under no other, in one step: whoever is killed between two
        would leave two names for one group."""
        self.tools.journal.observe({self.planned.name: record}, self._former_names())

    def _former_names(self) -> tuple[str, ...]:
        return () if self.planned.was is None else (self.planned.was,)

    def _forget(self) -> None:
        try:
            self.tools.journal.observe({}, (self.planned.name, *self._former_names()))
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, None)
