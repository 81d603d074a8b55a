"""Sending one change and finding out what became of it.

After any answer that is no clear success the group is read before anything is sent again, and only what is
still needed is: every change notifies the whole group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never, cast

from reconciler import pictures
from reconciler.apply.adding import Adding
from reconciler.apply.tools import BATCH, Tools, problem_of
from reconciler.errors import (
    ApiError,
    CredentialsError,
    Interrupted,
    NotFound,
    NotSent,
    PictureError,
    Problem,
    RateLimited,
    ReconcilerError,
    Refused,
    StateError,
)
from reconciler.language import msg
from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    ChangePeople,
    CreateGroup,
    LeaveGroup,
    PeopleKind,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.record import IconRecord, Record, Revoking, StoredSubject
from reconciler.planning.recheck import remaining
from reconciler.planning.subjects import as_compared, normal, stored_otherwise
from reconciler.revoke import LinkRevoke, ended_since, present_link

if TYPE_CHECKING:
    from reconciler.model.desired import Icon
    from reconciler.model.group import Permission
    from reconciler.model.live import IconMeta, LiveGroup, LiveIcon
    from reconciler.model.outcome import OutcomeStatus

GONE = Problem("not_found", msg("the API knows no such group any more"), msg("run apply again"), retry=True)


@dataclass(frozen=True, slots=True)
class Performed:
    """What became of sending: `done` means that the API said so or that it was seen, and is yet to verify."""

    status: OutcomeStatus
    problem: Problem | None = None


class Effects:
    """Sends the changes of one group, and looks whether they took effect."""

    def __init__(self, name: str, group_id: str, tools: Tools, served_before: str | None) -> None:
        """Work on the group of `name`, which is on record. `served_before`: SHA-256 of the icon served before
        an upload, None where there was none."""
        self.name = name
        self.group_id = group_id
        self.tools = tools
        self.served_before = served_before
        self.uploaded: IconRecord | None = None
        self.unchanged: tuple[IconMeta, bytes] | None = None  # what an upload was not seen to change
        self.asked: Change | None = None  # what the last call of `perform` came to ask for
        self.still: Callable[[Change], Change | None] = lambda change: change  # what is left of it by now
        self.live: LiveGroup | None = None  # as last read
        self.unread: Problem | None = None  # why the last look failed
        self.unread_of: dict[str, Problem] = {}  # why the last look for each change failed
        self.revoke: LinkRevoke | None = None  # the one that was begun; None where an earlier run's has ended
        self.hides_icon = False  # whether a gateway showed none, as it also does where it cannot see one
        self.unclear = False  # whether an answer left open what was done
        self.adding = Adding(group_id, tools, lambda: self._read() or self.unread or GONE)

    def perform(self, change: Change) -> Performed:
        """Send a change, again where that is needed; raises nothing that an API can cause."""
        self.asked = change
        if isinstance(change, ChangePeople) and change.kind == "add_members":
            return Performed(*self.adding.add(change))
        if isinstance(change, ChangePeople) and change.kind == "promote":
            change = self._as_listed(change)
            if not change.people:
                self.asked = change
                return Performed("done")
        if isinstance(change, RevokeLink) and (ended := self._begin_to_revoke(change)) is not None:
            return ended
        self.asked = change
        sent = self._perform(change)
        revoke = self.revoke if isinstance(change, RevokeLink) else None
        if revoke is not None and sent.status == "failed" and not self.unclear:
            self._note(revoke.undo)
        return sent

    def _as_listed(self, change: ChangePeople) -> ChangePeople:
        """Return a promotion with the ids of those who were added, as the service lists them now; nobody who
        is not in the group can be promoted, and nobody who is admin by now has to be."""
        live = self.live
        if live is None:
            people = tuple(each for each in change.people if each.key not in self.adding.keys)
            return replace(change, people=people)
        ids = {live.key(each): each for each in live.participants}
        ids |= {each: each for each in live.participants}
        listed = {each: ids.get(each.wa_id) or ids.get(each.key) for each in change.people}
        waiting = {each: wa_id for each, wa_id in listed.items() if wa_id and wa_id not in live.admins}
        return replace(change, people=tuple(replace(each, wa_id=waiting[each]) for each in waiting))

    def _perform(self, change: Change) -> Performed:
        problem: Problem | None = None
        rest: Change = change
        singly = False
        self.unclear = False
        for attempt in range(self.tools.retries + 1):
            if attempt and self.tools.ports.clock.stopping:
                return Performed("unknown", problem)
            error, rest = self._send(rest, singly)
            if error is None:
                return Performed("done")
            problem = problem_of(error)
            self.unclear = self.unclear or not isinstance(
                error, NotSent | RateLimited | CredentialsError | PictureError | Refused | NotFound
            )
            if isinstance(error, NotSent | RateLimited | CredentialsError | PictureError):
                return Performed("failed", problem)
            refused = isinstance(error, Refused | NotFound)
            alone = singly or not isinstance(rest, ChangePeople) or len(rest.people) == 1
            seconds = self._seconds(rest, refused=refused, alone=alone)
            left = self._rest_after(rest, seconds)
            if self.unread is not None:
                return Performed("unknown", self.unread)
            if left is None:
                return Performed("done")
            if isinstance(left, SetIcon) and self.hides_icon and not refused:
                return Performed("unknown", problem)  # it may be there, and everybody would be told again
            if isinstance(left, ChangePeople):
                still = self.still(left)
                kept = still.people if isinstance(still, ChangePeople) else ()
                self._spare(frozenset(left.people) - frozenset(kept))
                if still is None:
                    return Performed("done")
                left = still
            if refused and left == rest:
                if alone:
                    return Performed("failed", problem)
                singly = True
            rest = left
        return Performed("failed", problem)

    def _spare(self, people: frozenset[Affected]) -> None:
        """Leave these people out of what is asked for: it is not wanted of them by now."""
        if isinstance(self.asked, ChangePeople) and people:
            rest = tuple(person for person in self.asked.people if person not in people)
            self.asked = replace(self.asked, people=rest)

    def _seconds(self, change: Change, *, refused: bool, alone: bool) -> float:
        """Return how long to look for an effect before anything is sent again: as long as reads may lag,
        because everybody in the group sees what is done twice. After a refusal there is none; but reads may
        go on showing somebody who has left, and that is waited for, once asking for each alone has told who
        is meant."""
        if not refused:
            return self.tools.timeouts.effect
        return self.tools.timeouts.effect if alone and isinstance(change, ChangePeople) else 0.0

    def all_left(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Return which of the changes one read of the group (and of what else they need) does not show yet;
        for those that could not be looked at, `unread_of` says why. Icons are no part of the group: where
        nothing else was changed, theirs is the one read."""
        self.unread_of = {}
        beyond_icons = not all(isinstance(change, SetIcon) for change in changes)
        live = self._read() if beyond_icons else None
        unread = self.unread if beyond_icons else None
        if beyond_icons and live is None and not any(isinstance(change, LeaveGroup) for change in changes):
            unread = unread or GONE  # once may be a slip; what was done is seen in the group alone
        left = []
        for change in changes:
            self.unread = unread
            if self._left_of(change, live) is not None:
                left.append(change)
            if self.unread is not None:
                self.unread_of[change.key] = self.unread
        return tuple(left)

    def _rest_after(self, change: Change, seconds: float) -> Change | None:
        """Return what is still to be done, after looking for up to `seconds` whether it was done."""
        rest: Change | None = change

        def look() -> bool | None:
            nonlocal rest
            rest = self._left_of(change, self._read())
            return True if self.unread is None and rest is None else None

        self.tools.poll(look, seconds)
        return rest

    def _read(self) -> LiveGroup | None:
        """Read the group as it is now; None when there is none or, with `unread` set, when that is not
        known."""
        self.unread = None
        try:
            self.live = self.tools.ports.reader.get_group(self.group_id)
            return self.live
        except NotFound:
            return None
        except (ApiError, CredentialsError, Interrupted) as error:
            self.unread = problem_of(error)
            return None

    def _left_of(self, change: Change, live: LiveGroup | None) -> Change | None:
        if self.unread is not None and isinstance(change, LeaveGroup) and self._is_unlisted():
            return None
        if self.unread is not None:
            return change
        match change:
            case LeaveGroup():
                return None if live is None or self._look(lambda: self._is_left(live)) else change
            case ChangePeople("add_members"):
                return None  # it was seen, or is told of each person
            case SetIcon():
                return None if self._look(lambda: self._icon_is_so(change)) else change
            case RevokeLink():
                return None if self._look(self._link_is_new) else change
            case _:
                if live is None:
                    return change
                if isinstance(change, SetValue) and self._took_otherwise(change, live):
                    return None
                return remaining(change, live)

    def _took_otherwise(self, change: SetValue, live: LiveGroup) -> bool:
        """Return whether the service has taken a subject, and keeps it in another form than it was sent."""
        if change.name != "subject" or not isinstance(change.after, str):
            return False
        record = self.tools.ports.journal.state.groups.get(self.name)
        known = record is not None and record.stored == StoredSubject(change.after, normal(live.subject))
        moved = normal(live.subject) != as_compared(change.before)
        return known or (moved and stored_otherwise(live.subject, change.after))

    def _look(self, look: Callable[[], bool]) -> bool:
        try:
            return look()
        except (ApiError, CredentialsError, Interrupted) as error:
            self.unread = problem_of(error)
            return False

    def _icon_is_so(self, change: SetIcon) -> bool:
        meta = self.tools.ports.reader.get_icon(self.group_id, fresh=True)
        self.hides_icon = meta is None and self.tools.can.gateway
        if change.after is None or meta is None:
            return change.after is None and meta is None
        data = self.tools.ports.reader.fetch_icon(meta)
        served = pictures.sha256(data)
        if served == self.served_before and served != change.after.sha256:
            self.unchanged = meta, data
            return False
        self.uploaded = IconRecord(change.after.sha256, served, meta.bare_url, meta.length)
        return True

    def was_so_before(self, change: SetIcon) -> bool:
        """Return whether what is served after an upload is what was served before, and looks like the
        picture: the service made the same of it again, and to send it once more would only tell everybody."""
        if self.unchanged is None or change.after is None:
            return False
        meta, data = self.unchanged
        try:
            alike = pictures.alike(data, self.tools.ports.icon_files.read(change.after))
        except PictureError:
            return False
        if alike:
            served = pictures.sha256(data)
            self.uploaded = IconRecord(change.after.sha256, served, meta.bare_url, meta.length)
        return alike

    def _is_unlisted(self) -> bool:
        """Return whether two listings of a gateway, with a refresh between them, leave the group out: it has
        no other way to say that it is gone."""
        ports = self.tools.ports
        if not self.tools.can.refreshes:
            return False
        try:
            if self.group_id in ports.reader.list_groups().ids:
                return False
            ports.writer.refresh_list()
            return self.group_id not in ports.reader.list_groups().ids
        except (ApiError, CredentialsError, Interrupted):
            return False

    def _is_left(self, live: LiveGroup) -> bool:
        """Return whether the account is out of a group that still answers."""
        keys = self.tools.context.account_keys
        if keys:
            return not keys & live.participant_keys
        return self.group_id not in self.tools.ports.reader.list_groups().ids

    def _begin_to_revoke(self, change: RevokeLink) -> Performed | None:
        """Ask for the link that is to die, and put on record that it is. Return how that ended where nothing
        is to be sent: the link is not known, so that nobody could see afterwards whether it was revoked; or
        an earlier run had begun this, and there is another link by now."""
        ports = self.tools.ports
        try:
            present = present_link(ports, self.group_id)
        except NotFound:
            present = ""  # as after a junk link, every proper one is new
        except (ApiError, CredentialsError) as error:
            problem = problem_of(error)
            unread = replace(
                problem, message=msg("the present link could not be read: {why}", why=problem.message)
            )
            return Performed("failed", unread)
        begun = self._recorded().revoking
        if begun is not None and ended_since(begun, present):
            if change.after is not None:
                self._note(lambda: ports.journal.revoked(self.name))
            if begun.closing if change.after is None else (begun.version or 0) >= change.after:
                return Performed("done")
        revoking = Revoking(change.after, present, ports.clock.now(), closing=change.after is None)
        self.revoke = LinkRevoke(ports, self.name, self._recorded(), revoking)
        unsaved = self._note(self.revoke.begin)
        return None if unsaved is None else Performed("skipped", unsaved)

    def _recorded(self) -> Record:
        return self.tools.ports.journal.state.groups.get(self.name) or Record(id=self.group_id)

    def _note(self, step: Callable[[], None]) -> Problem | None:
        """Take a step of the journal; return why it could not be written, if so."""
        try:
            step()
        except StateError as error:
            self.tools.unsaved(error, self.name, None)
            return problem_of(error)
        return None

    def _link_is_new(self) -> bool:
        """Return whether the old link is dead, which is then on record; of a group that is being closed the
        revoke stays on record until it is left."""
        if self.revoke is None:
            return True
        if not self.revoke.is_dead():
            return False
        if not self.revoke.begun.closing:
            self._note(self.revoke.end)
        return True

    def _send(self, change: Change, singly: bool) -> tuple[ReconcilerError | None, Change]:
        """Send every call that the change needs.

        Return the last error, None when all were answered with 200; and the change without the people of
        calls that were: what was accepted is not sent again, however long reads take to show it.
        """
        if not isinstance(change, ChangePeople):
            try:
                self._call(change)
            except (ApiError, CredentialsError, PictureError) as error:
                return error, change
            return None, change
        last: ReconcilerError | None = None
        rest: list[Affected] = []
        size = 1 if singly else BATCH
        people = tuple({person.wa_id: person for person in change.people}.values())
        for start in range(0, len(people), size):
            part = people[start : start + size]
            if last is not None and not isinstance(last, Refused | NotFound):
                rest += part  # what befell the call before would befall this one
                continue
            try:
                self._call(replace(change, people=part))
            except (ApiError, CredentialsError) as error:
                last = error
                rest += part
        return last, replace(change, people=tuple(rest))

    def _call(self, change: Change) -> None:
        """Make the one call of a change of at most `BATCH` people."""
        writer, group_id = self.tools.ports.writer, self.group_id
        match change:
            case SetValue("subject", _, str() as subject):
                writer.set_subject(group_id, subject)
            case SetValue("description", _, str() as description):
                writer.set_description(group_id, description)
            case SetValue(name, _, value):
                writer.set_permission(group_id, cast("Permission", name), value)
            case SetIcon():
                self._call_for_icon(change.after)
            case ChangePeople(kind, people):
                self._call_for(kind, [person.wa_id for person in people])
            case RevokeLink():
                writer.revoke_link(group_id)
            case LeaveGroup():
                writer.leave(group_id)
            case CreateGroup() | AdoptGroup():
                raise ValueError(f"{change.kind} is no call of a group that exists")
            case _:
                assert_never(change)

    def _call_for_icon(self, icon: Icon | None) -> None:
        if icon is None:
            self.tools.ports.writer.remove_icon(self.group_id)
        else:
            data = self.tools.ports.icon_files.read(icon)
            self.tools.ports.writer.set_icon(self.group_id, data, icon.mime)

    def _call_for(self, kind: PeopleKind, ids: Sequence[str]) -> None:
        writer, group_id = self.tools.ports.writer, self.group_id
        match kind:
            case "add_members":
                raise ValueError("people are added by `Adding`")
            case "promote":
                writer.promote(group_id, ids)
            case "demote":
                writer.demote(group_id, ids)
            case "remove_participants":
                writer.remove_participants(group_id, ids)
            case _:
                assert_never(kind)


def served_before(seen: LiveIcon | None, record: IconRecord | None) -> str | None:
    """Return SHA-256 of what was served before an upload, as far as it is known without another call."""
    if seen is None or seen.meta is None:
        return None
    if seen.sha256 is None and record is not None and seen.meta.bare_url == record.url:
        return record.served
    return seen.sha256
