"""The writes of one group, in order: what must be seen before the next is sent, and what became of each.

A promotion is seen before a demotion or a removal is sent, a revoked link before somebody is put out, and
all of it before the group is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.apply.tools import INTERRUPTED, NOT_SEEN, Tools
from reconciler.errors import Problem
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.change import (
    KINDS,
    Change,
    ChangePeople,
    LeaveGroup,
    SetValue,
)
from reconciler.model.live import LiveGroup
from reconciler.model.outcome import Outcome
from reconciler.planning.recheck import remaining

if TYPE_CHECKING:
    from reconciler.apply.effects import Effects

TAKING = frozenset({"demote", "remove_participants"})
"""What takes something away from people."""
DESTRUCTIVE = TAKING | {"revoke_link", "leave_group"}

MEANWHILE = Problem(
    "changed_during_run",
    msg("changed by somebody else during the run"),
    msg("look at the plan, and apply again if it should be as the manifest says"),
    retry=True,
)


_NOT_AWAITED = Problem(
    "interrupted",
    msg("sent, but the run was asked to stop before reading the group showed it"),
    msg("run apply again: it sends only what is still needed"),
    retry=True,
)


def changed(what: str) -> Problem:
    """Return why an approved change is not made: the group is not any more as it was when that was
    planned."""
    return Problem(
        "changed_since_planned",
        msg("changed since planned: {what}", what=what),
        msg("plan again"),
        retry=True,
    )


def stored_in_another_form(subject: str) -> Problem:
    """Say that the service keeps a subject otherwise than it was sent: once, and it is in sync after that."""
    return Problem(
        "stored_otherwise",
        msg(
            'the service keeps the subject in another form: "{subject}"',
            subject=number.mask_text(subject, 60),
        ),
        msg("write it so in the manifest; until that changes, it is taken for in sync"),
    )


LOCKED_OUT = changed(msg("nobody but the account would stay admin"))


class Writing:
    """The writes of one group, in order, and what is known of each."""

    def __init__(
        self,
        effects: Effects,
        tools: Tools,
        todo: dict[str, Change],
        locks_out: Callable[[LiveGroup, tuple[Change, ...]], bool],
        anew: Callable[[LiveGroup], tuple[Change, ...]],
    ) -> None:
        """Prepare the writes. `anew` plans the group as it was last read, `locks_out` says whether changes
        would leave it without an admin."""
        self.effects = effects
        self.tools = tools
        self.todo = todo
        self.locks_out = locks_out
        self.anew = anew
        effects.still = self._still
        self.ended: dict[str, Outcome] = {}
        self.unseen: list[Change] = []  # sent, and not yet seen to have taken effect

    def make(self, approved: Change) -> None:
        """Make what is still needed of one approved change."""
        change = self.todo.get(approved.key)
        if change is None:  # as wanted already, or nobody is left to do it to
            self.ended[approved.key] = Outcome(approved, "done")
            return
        reason = INTERRUPTED if self.tools.ports.clock.stopping else self._held_back(change)
        if reason is not None:
            self.ended[approved.key] = Outcome(change, "skipped", reason)
            return
        still = self._still(change)
        if still is None:
            self.ended[approved.key] = Outcome(change, "done")
            return
        change = still
        sent = self.effects.perform(change)
        asked = self.effects.asked
        if (
            isinstance(asked, ChangePeople) and not asked.people
        ):  # not wanted of anybody by now, or nobody is there
            self.ended[approved.key] = Outcome(asked if change.kind == "promote" else change, "done")
            return
        change = asked or change
        people = self.effects.adding.people if change.kind == "add_members" else ()
        self.ended[approved.key] = Outcome(change, sent.status, sent.problem, people)
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
        for change in left:
            unread = self.effects.unread_of.get(change.key)
            if unread is not None and unread.code != INTERRUPTED.code:
                problem = replace(
                    unread, message=msg("the result could not be read: {why}", why=unread.message)
                )
                self.ended[change.key] = Outcome(change, "unknown", problem)
            elif unread is not None or self.tools.ports.clock.stopping:
                self.ended[change.key] = Outcome(change, "unknown", _NOT_AWAITED)
            else:
                self.ended[change.key] = Outcome(change, "failed", NOT_SEEN)
        self.unseen = []

    def _still(self, change: Change) -> Change | None:
        """Return what is left of a change by what was read since the first write. Of taking something away
        from people a plan of the group as it is since others were promoted tells: the person who was to
        replace somebody may be gone again."""
        if self.effects.live is None:
            return change
        if isinstance(change, SetValue) or change.kind == "add_members":
            return remaining(change, self.effects.live)
        if not isinstance(change, ChangePeople) or change.kind not in TAKING:
            return change
        ids = {
            person.wa_id
            for fresh in self.anew(self.effects.live)
            if isinstance(fresh, ChangePeople) and fresh.kind == change.kind
            for person in fresh.people
        }
        people = tuple(person for person in change.people if person.wa_id in ids)
        return replace(change, people=people) if people else None

    def _held_back(self, change: Change) -> Problem | None:
        """Return why a destructive change is not sent: what has to come first was not seen, or would not
        hold."""
        if change.kind not in DESTRUCTIVE:
            return None
        if isinstance(change, LeaveGroup) or any(
            sent.kind in ("promote", "revoke_link") for sent in self.unseen
        ):
            self.verify()  # somebody put out could come back by a link that was not revoked after all
        if self.tools.broken is not None:  # what must be on record before this is not
            return self.tools.broken
        for kind, end in self.ended.items():
            if end.status != "done" and (kind == "promote" or end.change.kind in DESTRUCTIVE):
                return Problem(
                    "not_safe",
                    msg("not sent, because {kind} before it is not done", kind=KINDS[end.change.kind]),
                    retry=True,
                )
        live = self.effects.live
        promoted = self.todo.get("promote")
        successors = {each.key for each in promoted.people} if isinstance(promoted, ChangePeople) else set()
        successors &= self.effects.adding.keys
        if change.kind in TAKING and (successors and (live is None or not successors <= live.admin_keys)):
            return Problem(
                "not_safe",
                msg("not sent, because somebody who was to be added, and to be admin first, is not"),
                msg("look at the plan: who is demoted or removed goes without them now"),
                retry=True,
            )
        # A link that was revoked still tells that the group is closed and not just left.
        rest = tuple(
            other for kind, other in self.todo.items() if kind not in self.ended or kind == "revoke_link"
        )
        return LOCKED_OUT if live is not None and self.locks_out(live, rest) else None
