"""Applying one group: read again, narrow, write in order, see, verify, record.

read again ─ plan anew (may only drop) ─ subject, icon ─ promote ─ SEEN? ─ demote, revoke, remove, leave
                                                                                └─ read until so ─ record
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.apply.create import create
from reconciler.apply.effects import Effects, served_before
from reconciler.apply.tools import INTERRUPTED, Tools, problem_of
from reconciler.errors import Interrupted, StateError
from reconciler.model.change import (
    AdoptGroup,
    Change,
    ChangeKind,
    CreateGroup,
    Demote,
    LeaveGroup,
    Promote,
    RemoveParticipants,
    RevokeLink,
)
from reconciler.model.live import Gone, IconSeen, LiveGroup, Problem
from reconciler.model.outcome import GroupOutcome, Outcome, Status
from reconciler.model.plan import GroupPlan
from reconciler.model.record import Record
from reconciler.planning import guards
from reconciler.planning.bookkeeping import record_of
from reconciler.planning.group import plan_group
from reconciler.planning.narrow import exceeds
from reconciler.reading import observe_group, observe_icon

DESTRUCTIVE = (Demote, RevokeLink, RemoveParticipants, LeaveGroup)


class GroupRun:
    """One group of an apply, worked on by one thread."""

    def __init__(self, planned: GroupPlan, tools: Tools, no_admin_lifted: bool) -> None:
        """`no_admin_lifted`: the plan said, and somebody allowed, that nobody but the account stays admin."""
        self.planned = planned
        self.tools = tools
        self.no_admin_lifted = no_admin_lifted
        self.group_id = planned.id
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
        except Interrupted:
            done = {outcome.change.kind for outcome in self.outcomes}
            self._skip([change for change in pending if change.kind not in done], INTERRUPTED)
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
        self.group_id = created.id
        return pending[1:] if pending[1:] else self._remember_new(created.id)

    def _remember_new(self, group_id: str) -> list[Change]:
        """A new group without further changes: read once, so that what was applied is on record."""
        found = self.tools.poll(lambda: self._readable(group_id))
        if isinstance(found, LiveGroup):
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
            self.tools.journal.record(self.planned.name, old or Record(id=live.id))
            if self.planned.was is not None:
                self.tools.journal.forget(self.planned.was)
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
            self._gone(approved)
            return
        self.live = live
        fresh = self._plan_anew(live, approved)
        if isinstance(fresh, Problem):
            self._skip(approved, fresh)
            return
        self._write(group_id, approved, fresh)

    def _gone(self, approved: tuple[Change, ...]) -> None:
        if any(isinstance(change, LeaveGroup) for change in approved):
            for change in approved:
                self._end(change, "done")
            self._forget()
        else:
            self._skip(approved, _changed("the group is gone"))

    def _plan_anew(self, live: LiveGroup, approved: tuple[Change, ...]) -> tuple[Change, ...] | Problem:
        """The approved changes that are still needed, or why the group is left alone."""
        desired = self.planned.desired
        if desired is None:  # an orphan that is left
            return approved
        record = self._old_record(live.id)
        if desired.icon is not None and desired.ensure == "present":
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
        if fresh.action == "blocked":
            return _changed("nothing may be changed in the group any more")
        more = exceeds(approved, fresh.changes)
        if more is not None:
            return _changed(f"more would be done now ({more.kind})")
        if self._locks_out(live, fresh.changes):
            return _changed("nobody but the account would stay admin")
        return fresh.changes

    def _locks_out(self, live: LiveGroup, changes: tuple[Change, ...]) -> bool:
        if self.no_admin_lifted:
            return False
        planned = replace(self.planned, changes=changes)
        return guards.leaves_no_admin(live, planned, self.tools.context.account_keys)

    def _write(self, group_id: str, approved: tuple[Change, ...], fresh: tuple[Change, ...]) -> None:
        record = self._old_record(group_id)
        effects = Effects(group_id, self.tools, served_before(self.seen, record.icon if record else None))
        writing = _Writing(effects, self.tools, {change.kind: change for change in fresh}, self._locks_out)
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
        uploaded = effects.uploaded if effects and "set_icon" not in unsettled else None
        record = record_of(desired, live, self.seen, old, uploaded=uploaded, unsettled=unsettled)
        try:
            if record != old:
                self.tools.journal.record(self.planned.name, record)
            if self.planned.was is not None:
                self.tools.journal.forget(self.planned.was)
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, None if old else live.id)

    def _forget(self) -> None:
        try:
            self.tools.journal.forget(self.planned.name)
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, None)


class _Writing:
    """The writes of one group, in order, and what is known of each."""

    def __init__(
        self,
        effects: Effects,
        tools: Tools,
        todo: dict[ChangeKind, Change],
        locks_out: Callable[[LiveGroup, tuple[Change, ...]], bool],
    ) -> None:
        self.effects = effects
        self.tools = tools
        self.todo = todo
        self.locks_out = locks_out
        self.ended: dict[ChangeKind, Outcome] = {}
        self.unseen: list[Change] = []  # sent, and not yet seen to have taken effect

    def make(self, approved: Change) -> None:
        """Make what is still needed of one approved change."""
        change = self.todo.get(approved.kind)
        if change is None:  # as wanted already, or nobody is left to do it to
            self.ended[approved.kind] = Outcome(approved, "done")
            return
        reason = INTERRUPTED if self.tools.clock.stopping else self._held_back(change)
        if reason is not None:
            self.ended[approved.kind] = Outcome(change, "skipped", reason)
            return
        sent = self.effects.perform(change)
        self.ended[approved.kind] = Outcome(change, sent.status, sent.problem)
        if sent.status == "done":
            self.unseen.append(change)

    def verify(self) -> None:
        """Read until everything that was sent is seen; what is not is failed, or unknown if unreadable."""
        if not self.unseen:
            return
        left: tuple[Change, ...] = tuple(self.unseen)

        def look() -> bool | None:
            nonlocal left
            left = self.effects.all_left(left)
            return None if left else True

        self.tools.poll(look)
        unread = self.effects.unread
        for change in left:
            if unread is not None:
                problem = replace(unread, message=f"the result could not be read: {unread.message}")
                self.ended[change.kind] = Outcome(change, "unknown", problem)
            else:
                self.ended[change.kind] = Outcome(change, "failed", _NOT_SEEN)
        self.unseen = []

    def _held_back(self, change: Change) -> Problem | None:
        """Why a destructive change is not sent: what has to come first was not seen, or would not hold."""
        if not isinstance(change, DESTRUCTIVE):
            return None
        if isinstance(change, LeaveGroup) or any(isinstance(sent, Promote) for sent in self.unseen):
            self.verify()
        for kind, end in self.ended.items():
            if end.status != "done" and (kind == "promote" or isinstance(end.change, DESTRUCTIVE)):
                return Problem("not_safe", f"not sent, because {kind} before it is not done", retry=True)
        live = self.effects.live
        rest = tuple(other for kind, other in self.todo.items() if kind not in self.ended)
        if live is not None and self.locks_out(live, rest):
            return _changed("nobody but the account would stay admin")
        return None


_NOT_SEEN = Problem(
    "not_seen",
    "the API answered that it was done, but reading the group does not show it",
    "run apply again; if it stays so, look at the group in WhatsApp",
    retry=True,
)


def _changed(what: str) -> Problem:
    return Problem("changed_since_planned", f"changed since planned: {what}", "plan again", retry=True)
