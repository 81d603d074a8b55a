"""Applying one group: read again, narrow, write in order, see, verify, record.

read again ─ plan anew (may only drop) ─ subject, icon ─ promote ─ SEEN? ─ demote, revoke, remove, leave
                                                                                └─ read until so ─ record
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from reconciler.apply.create import create
from reconciler.apply.effects import Effects, served_before
from reconciler.apply.tools import INTERRUPTED, NOT_SEEN, WRONG_ACCOUNT, Tools, problem_of
from reconciler.apply.writing import (
    LOCKED_OUT,
    MEANWHILE,
    Writing,
    changed,
    stored_in_another_form,
)
from reconciler.errors import ApiError, CredentialsError, Interrupted, Problem, StateError
from reconciler.language import msg
from reconciler.model.change import (
    KINDS,
    AdoptGroup,
    Change,
    ChangePeople,
    CreateGroup,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.group import Ensure
from reconciler.model.live import CONTRADICTION, Absent, LiveGroup, LiveIcon
from reconciler.model.outcome import GroupOutcome, Outcome, OutcomeStatus, PersonOutcome, PersonStatus
from reconciler.model.record import Decision, Left, Record, StoredSubject
from reconciler.planning import guards
from reconciler.planning.diff import joined_ref, people_digest
from reconciler.planning.group import newcomers, plan_group
from reconciler.planning.recheck import beyond_approved, undone
from reconciler.planning.record import AfterWrites, adopted, people_of, record_of
from reconciler.planning.subjects import as_compared, normal, stored_otherwise
from reconciler.reading import observe_group, observe_icon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.change import Invite
    from reconciler.model.desired import DesiredGroup
    from reconciler.model.plan import GroupPlan, Note
    from reconciler.model.record import IconRecord

NEW_UNREAD = Problem(
    "not_seen",
    msg("the group was created and is on record, but it cannot be read yet"),
    msg("run apply again"),
    retry=True,
)


class GroupRun:
    """One group of an apply, worked on by one thread."""

    def __init__(self, planned: GroupPlan, tools: Tools, allowed: frozenset[str]) -> None:
        """`allowed`: codes of the objections to this group that the plan named and somebody lifted."""
        self.planned = planned
        self.tools = tools
        self.allowed = allowed
        self.group_id = planned.id
        self.fresh = False  # the group was made a moment ago, by this run
        self.blocked: tuple[Note, ...] = ()  # why nothing may be changed in the group any more
        self.stored: StoredSubject | None = None  # how the service was seen to keep the subject
        self.outcomes: list[Outcome] = []
        self.live: LiveGroup | None = None
        self.seen: LiveIcon | None = None

    def run(self) -> GroupOutcome:
        """Make the changes; each ends as exactly one outcome, in their order."""
        pending = list(self.planned.changes)
        try:
            if pending and isinstance(pending[0], CreateGroup):
                pending = self._create(pending)
            if pending and isinstance(pending[0], AdoptGroup):
                pending = self._adopt(pending)
            if pending:
                self._change(tuple(pending))
        except (Interrupted, CredentialsError) as error:  # by a read; nothing is written once it is raised
            done = {outcome.change.key for outcome in self.outcomes}
            self._skip([change for change in pending if change.key not in done], problem_of(error))
        return self._outcome()

    def _outcome(self) -> GroupOutcome:
        return GroupOutcome(
            name=self.planned.name,
            action="blocked" if self.blocked else self.planned.action,
            id=self.group_id,
            outcomes=tuple(self.outcomes),
            notes=(*self.planned.notes, *self.blocked),
            plan=self.planned,
            refused=self._refused(),
        )

    def _refused(self) -> tuple[Invite, ...]:
        """Return who would not be added by others, and is to be invited."""
        desired = self.planned.desired
        keys = {each.person.key for each in self._people() if each.status == "invite"}
        found = newcomers(desired, self.tools.context) if desired is not None and keys else ()
        return tuple(invite for invite in found if invite.person.key in keys)

    def _people(self) -> Iterator[PersonOutcome]:
        for outcome in self.outcomes:
            yield from outcome.people

    def _refs(self, *statuses: PersonStatus) -> dict[str, PersonStatus]:
        """Return those who ended so, as state names them."""
        keys = {each.person.key: each.status for each in self._people() if each.status in statuses}
        desired = self.planned.desired
        invites = newcomers(desired, self.tools.context) if desired is not None and keys else ()
        people = (invite.person for invite in invites)
        return {joined_ref(person): keys[person.key] for person in people if person.key in keys}

    def _end(self, change: Change, status: OutcomeStatus, problem: Problem | None = None) -> None:
        self.outcomes.append(Outcome(change, status, problem))

    def _skip(self, changes: list[Change] | tuple[Change, ...], problem: Problem) -> None:
        for change in changes:
            self._end(change, "skipped", problem)

    def _create(self, pending: list[Change]) -> list[Change]:
        first = pending[0]
        if not isinstance(first, CreateGroup):
            raise TypeError(f"{first.kind} does not create")
        wanted = next((each.people for each in pending if _adds(each)), ())
        created = create(self.planned.name, first.subject, wanted, self.tools)
        self._end(first, created.status, created.problem)
        if created.id is None:
            self._skip(pending[1:], Problem("no_group", msg("the group was not created")))
            return []
        self.group_id, self.fresh = created.id, created.fresh
        return pending[1:] if pending[1:] else self._remember_new(created.id)

    def _remember_new(self, group_id: str) -> list[Change]:
        """Read a new group without further changes once, so that what was applied is on record."""
        found = self._new_one(group_id)
        if found is None:
            self.outcomes[0] = replace(self.outcomes[0], status="unknown", problem=NEW_UNREAD)
            return []
        self.live = found
        self._see_subject(found)
        self._see_icon(found)
        self._conclude(found, (), frozenset())
        return []

    def _new_one(self, group_id: str) -> LiveGroup | None:
        """Read a group that was made a moment ago. A gateway whose cache does not have it is asked once to
        refresh that."""
        found = self.tools.poll(lambda: self._readable(group_id))
        if found is None and self.tools.can.refreshes and not self.tools.ports.clock.stopping:
            with suppress(ApiError):
                self.tools.ports.writer.refresh_list()
                found = self.tools.poll(lambda: self._readable(group_id))
        return found

    def _see_icon(self, live: LiveGroup) -> None:
        """Tell of an icon that a group has got which an earlier create made, and which should have none."""
        desired = self.planned.desired
        if desired is None or desired.icon is None or self.fresh:
            return
        seen = observe_icon(self.tools.ports, live.id, desired.icon, None)
        if isinstance(seen, Problem):
            self._end(SetIcon(LiveIcon(None), None), "unknown", seen)
        elif seen.meta is not None:
            self._end(SetIcon(seen, None), "skipped", MEANWHILE)

    def _see_subject(self, live: LiveGroup) -> None:
        """Tell where the service keeps the subject of a group made a moment ago otherwise than it was
        sent."""
        desired = self.planned.desired
        if desired is None or desired.subject is None or not stored_otherwise(live.subject, desired.subject):
            return
        ended = self._kept(SetValue("subject", live.subject, normal(desired.subject)), live)
        if ended.status != "done":
            self.outcomes.append(ended)

    def _kept(self, sent: SetValue, live: LiveGroup) -> Outcome:
        """Return how it ended to send a subject that the service keeps in another form: failed, the first
        time."""
        self.stored = StoredSubject(str(sent.after), normal(live.subject))
        old = self._old_record(live.id)
        if old is not None and old.stored == self.stored:
            return Outcome(sent, "done")
        return Outcome(sent, "failed", stored_in_another_form(live.subject))

    def _readable(self, group_id: str) -> LiveGroup | None:
        found = observe_group(self.tools.ports.reader, group_id)
        return found if isinstance(found, LiveGroup) else None

    def _adopt(self, pending: list[Change]) -> list[Change]:
        adopt = pending[0]
        live, desired = self.planned.live, self.planned.desired
        if live is None or desired is None:
            raise ValueError(f"{self.planned.name} cannot be adopted unread")
        old = self._old_record(live.id) or Record(id=live.id)
        loosely = isinstance(adopt, AdoptGroup) and adopt.loosely
        try:
            self._save(adopted(desired, live, old) if loosely else old)
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, live.id)
            self._end(adopt, "failed", problem_of(error))
            self._skip(pending[1:], Problem("state", msg("not begun: the state cannot be written")))
            return []
        self._end(adopt, "done")
        return pending[1:]

    def _old_record(self, group_id: str) -> Record | None:
        groups = self.tools.ports.journal.state.groups
        record = groups.get(self.planned.name) or groups.get(self.planned.was or "")
        return record if record is not None and record.id == group_id else None

    def _change(self, approved: tuple[Change, ...]) -> None:
        group_id = self.group_id
        if group_id is None:
            raise ValueError(f"{self.planned.name} has changes but no group")
        if self.tools.ports.clock.stopping:
            self._skip(approved, INTERRUPTED)
            return
        found = self._new_one(group_id) if self._is_made else None
        live = found or observe_group(self.tools.ports.reader, group_id)
        if isinstance(live, Problem):
            self._skip(
                approved, replace(live, message=msg("could not be read again: {why}", why=live.message))
            )
            return
        if isinstance(live, Absent):
            self._gone(group_id, approved)
            return
        self.live = live
        if self._is_made:
            self._see_subject(live)
        fresh = self._plan_anew(live, approved)
        if isinstance(fresh, Problem):
            self._skip(approved, fresh)
            return
        self._write(group_id, approved, fresh)

    def _gone(self, group_id: str, approved: tuple[Change, ...]) -> None:
        """End the changes of a group of which it is answered that there is none: a 404 or 400 alone does not
        say that the account is out of it, the list has to agree."""
        try:
            listed = group_id in self.tools.ports.reader.list_groups().ids
        except ApiError as error:
            problem = Problem.of(error)
            self._skip(
                approved, replace(problem, message=msg("could not be read again: {why}", why=problem.message))
            )
            return
        if listed:
            self._skip(approved, CONTRADICTION)
        elif any(isinstance(change, LeaveGroup) for change in approved):
            for change in approved:
                self._end(change, "done")
            self._forget()
        else:
            self._skip(approved, changed(msg("the group is gone")))

    def _plan_anew(self, live: LiveGroup, approved: tuple[Change, ...]) -> tuple[Change, ...] | Problem:
        """Return the approved changes that are still needed, or why the group is left alone."""
        desired = self.planned.desired
        if desired is None:  # an orphan that is left
            return self._unless_locked_out(live, approved)
        record = self._old_record(live.id)
        if desired.icon is not None and self.fresh:
            self.seen = LiveIcon(None)  # nobody can have given it one
        elif desired.icon is not None and desired.ensure == "present":
            known = record.icon if record else None
            seen = observe_icon(
                self.tools.ports, live.id, desired.icon, known, gateway=self.tools.can.gateway
            )
            if isinstance(seen, Problem):
                return replace(seen, message=msg("could not be read again: {why}", why=seen.message))
            self.seen = seen
        if self.stored is not None:
            record = replace(record or Record(id=live.id), stored=self.stored)
        fresh = plan_group(desired, live, self.seen, record, self.tools.context)
        if fresh.action == "blocked" and not self.tools.holds_account(live):
            return WRONG_ACCOUNT
        if fresh.action == "blocked":
            return changed(msg("nothing may be changed in the group any more"))
        more = beyond_approved(approved, fresh.changes)
        if more is not None:
            return changed(msg("more would be done now ({kind})", kind=KINDS[more.kind]))
        return self._unless_locked_out(live, fresh.changes)

    def _unless_locked_out(
        self, live: LiveGroup, changes: tuple[Change, ...]
    ) -> tuple[Change, ...] | Problem:
        return LOCKED_OUT if self._locks_out(live, changes) else changes

    def _locks_out(self, live: LiveGroup, changes: tuple[Change, ...]) -> bool:
        """Return whether the guards about admins would object now, and nobody has allowed it."""
        return not guards.admin_objections(live, changes, self.tools.context.account_keys) <= self.allowed

    def _write(self, group_id: str, approved: tuple[Change, ...], fresh: tuple[Change, ...]) -> None:
        record = self._old_record(group_id)
        known = self.planned.name in self.tools.ports.journal.state.groups
        if not known and any(isinstance(change, RevokeLink) for change in fresh):
            try:  # that it was begun is recorded of a name that is known
                self._save(record or Record(id=group_id))
            except StateError as error:
                self.tools.unsaved(error, self.planned.name, group_id)
                self._skip(approved, problem_of(error))
                return
        before = served_before(self.seen, record.icon if record else None)
        effects = Effects(self.planned.name, group_id, self.tools, before)
        todo = {change.key: change for change in fresh}
        writing = Writing(
            effects, self.tools, todo, self._locks_out, lambda live: self._planned_now(live, record).changes
        )
        for change in approved:
            writing.make(change)
        writing.verify()
        for change in approved if self._is_made else ():
            writing.ended[change.key] = self._with_first(writing.ended[change.key], change)
        self._remember(effects, writing.ended)

    @property
    def _is_made(self) -> bool:
        """Whether this run has made the group."""
        return any(isinstance(outcome.change, CreateGroup) for outcome in self.outcomes)

    def _with_first(self, end: Outcome, approved: Change) -> Outcome:
        """Return the outcome of adding people to a group that this run has made, with those in it who were in
        from the beginning."""
        change = end.change
        if self.live is None or not _adds(change) or not _adds(approved):
            return end
        keys = self.live.participant_keys
        told = {each.person.key: each for each in end.people}
        told |= {each.key: PersonOutcome(each, "done") for each in approved.people if each.key in keys}
        rest = {each.key for each in change.people} | told.keys()
        people = tuple(each for each in approved.people if each.key in rest)
        return replace(
            end,
            change=replace(change, people=people),
            people=tuple(told[each.key] for each in people if each.key in told),
        )

    def _remember(self, effects: Effects, ended: dict[str, Outcome]) -> None:
        live = effects.live or self.live
        for end in ended.values():
            if (
                isinstance(end.change, SetValue)
                and end.change.name == "subject"
                and (end.status == "done" or end.problem == NOT_SEEN)
                and live is not None
                and stored_otherwise(live.subject, str(end.change.after))
            ):
                self.outcomes.append(self._kept(end.change, live))
            elif (
                isinstance(end.change, SetIcon)
                and end.change.after is not None
                and end.problem == NOT_SEEN
                and effects.was_so_before(end.change)
            ):
                self.outcomes.append(Outcome(end.change, "done"))
            elif isinstance(end.change, SetValue) and end.problem == NOT_SEEN and _is_third(end.change, live):
                self.outcomes.append(Outcome(end.change, "skipped", MEANWHILE))
            else:
                self.outcomes.append(end)
        if any(isinstance(end.change, LeaveGroup) and end.status == "done" for end in ended.values()):
            self._forget()
            return
        if live is None:
            return
        failed = tuple(end.change for end in self.outcomes if end.status != "done")
        unsettled = frozenset(change.key for change in failed)
        if self.stored is not None:
            unsettled -= {"set_subject"}
        uploaded = effects.uploaded if "set_icon" not in unsettled else None
        self._conclude(live, failed, unsettled, uploaded, reread=effects.live is not None)

    def _conclude(
        self,
        live: LiveGroup,
        failed: tuple[Change, ...],
        unsettled: frozenset[str],
        uploaded: IconRecord | None = None,
        *,
        reread: bool = True,
    ) -> None:
        """Record what was applied, and say what the last reading shows that somebody else has done meanwhile:
        green would not be true. What they did is not recorded as applied."""
        desired = self.planned.desired
        if desired is None:
            return
        record = self._record(live, desired, unsettled, uploaded)
        if not reread or self.live is None or desired.ensure is not Ensure.PRESENT:
            return  # what is not left after all is told of by that very change
        now = self._planned_now(live, record)
        told = undone(failed, self.live, now.changes or now.withheld)
        for change in told:
            self._end(change, "skipped", MEANWHILE)
        if now.action == "blocked" and not told:
            self.blocked = now.notes

    def _planned_now(self, live: LiveGroup, record: Record | None) -> GroupPlan:
        """Return the plan of the group as it was last read, without its icon: of that nothing was read since,
        or the very picture that this run has put there."""
        desired = self.planned.desired
        if desired is None:
            return self.planned
        return plan_group(replace(desired, icon=None), live, None, record, self.tools.context)

    def _record(
        self,
        live: LiveGroup,
        desired: DesiredGroup,
        unsettled: frozenset[str],
        uploaded: IconRecord | None,
    ) -> Record | None:
        """Return what is known of the group now, and put it on record as far as that can be done."""
        old = self._old_record(live.id)
        if self.tools.context.options.promotions is not None:
            self._record_people(live, desired)
            return old
        now = self.tools.context.options.now
        digest = people_digest(desired)
        writes = AfterWrites(
            uploaded=uploaded,
            stored=self.stored,
            unsettled=unsettled,
            decisions={
                ref: Decision("left") if status == "left" else Decision("invite", digest)
                for ref, status in self._refs("invite", "left").items()
            },
            added=dict.fromkeys(self._refs("done"), now),
        )
        record = record_of(desired, live, self.seen, old, now=now, writes=writes)
        try:
            self._save(record)
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, None if old else live.id)
        return record

    def _record_people(self, live: LiveGroup, desired: DesiredGroup) -> None:
        """Record people and nothing else, and bind nothing, after a run that only promotes."""
        state = self.tools.ports.journal.state
        old = state.groups.get(self.planned.name)
        if old is None or old.id != live.id or self.planned.name in state.creating:
            return
        try:
            self.tools.ports.journal.record(
                self.planned.name, people_of(desired, live, old, self.tools.ports.clock.now())
            )
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, None)

    def _save(self, record: Record) -> None:
        """Record the group under its name, and under no other, in one step: a run that is killed between two
        steps would leave two names for one group."""
        self.tools.ports.journal.observe({self.planned.name: record}, self._former_names())

    def _former_names(self) -> tuple[str, ...]:
        return () if self.planned.was is None else (self.planned.was,)

    def _forget(self) -> None:
        """Record that the group was left, and nothing else of it any more."""
        closed = self.planned.desired is not None and self.planned.desired.ensure is Ensure.CLOSED
        left = Left(self.group_id or "", self.tools.ports.clock.now(), "closed" if closed else "left")
        try:
            self.tools.ports.journal.left({self.planned.name: left}, self._former_names())
        except StateError as error:
            self.tools.unsaved(error, self.planned.name, None)


def _adds(change: Change) -> TypeGuard[ChangePeople]:
    return isinstance(change, ChangePeople) and change.kind == "add_members"


def _is_third(sent: SetValue, live: LiveGroup | None) -> bool:
    """Return whether a group has neither the value that it had nor the one that was sent: somebody else's."""
    if live is None:
        return False
    return as_compared(live.values().get(sent.name)) not in (as_compared(sent.before), sent.after)
