"""Sending one change and finding out what became of it.

After any answer that is no clear success the group is read before anything is sent again, and only what is
still needed is: every change notifies the whole group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reconciler import pictures
from reconciler.apply.tools import Tools, problem_of
from reconciler.errors import (
    ApiError,
    CredentialsError,
    Interrupted,
    NotFound,
    NotSent,
    PictureError,
    RateLimited,
    ReconcilerError,
    Refused,
)
from reconciler.model.change import (
    Change,
    Demote,
    LeaveGroup,
    Promote,
    RemoveIcon,
    RemoveParticipants,
    RevokeLink,
    SetIcon,
    SetSubject,
)
from reconciler.model.live import IconSeen, LiveGroup, Problem
from reconciler.model.outcome import Status
from reconciler.model.record import IconRecord
from reconciler.planning.narrow import remaining
from reconciler.planning.text import normal

BATCH = 20  # people in one call

PeopleChange = Promote | Demote | RemoveParticipants


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of sending: `done` means that the API said so or that it was seen, and is yet to verify."""

    status: Status
    problem: Problem | None = None


class Effects:
    """Sends the changes of one group, and looks whether they took effect."""

    def __init__(self, group_id: str, tools: Tools, served_before: str | None) -> None:
        """`served_before`: SHA-256 of the icon served before an upload, None where there was none."""
        self.group_id = group_id
        self.tools = tools
        self.served_before = served_before
        self.uploaded: IconRecord | None = None
        self.live: LiveGroup | None = None  # as last read
        self.unread: Problem | None = None  # why the last look failed
        self.old_link: str | None = None

    def perform(self, change: Change) -> Sent:
        """Send a change, again where that is needed; raises nothing that an API can cause."""
        if isinstance(change, RevokeLink):
            self._remember_link()
        problem: Problem | None = None
        rest: Change = change
        singly = False
        for attempt in range(self.tools.retries + 1):
            if attempt and self.tools.clock.stopping:
                return Sent("unknown", problem)
            error = self._send(rest, singly)
            if error is None:
                return Sent("done")
            problem = problem_of(error)
            if isinstance(error, NotSent | RateLimited | CredentialsError | PictureError):
                return Sent("failed", problem)
            refused = isinstance(error, Refused | NotFound)
            left = self._rest_after(rest, 0.0 if refused else self.tools.patience.resend * (attempt + 1))
            if self.unread is not None:
                return Sent("unknown", self.unread)
            if left is None:
                return Sent("done")
            if refused and left == rest:
                if singly or not isinstance(rest, PeopleChange) or len(rest.people) == 1:
                    return Sent("failed", problem)
                singly = True
            rest = left
        return Sent("failed", problem)

    def seen(self, change: Change) -> bool:
        """Whether one read shows that the change took effect. A failed read leaves `unread` behind."""
        return self._left_of(change, self._read()) is None and self.unread is None

    def all_left(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Which of the changes one read of the group (and of what else they need) does not show yet."""
        live = self._read()
        if self.unread is not None:
            return tuple(changes)
        return tuple(change for change in changes if self._left_of(change, live) is not None)

    def _rest_after(self, change: Change, seconds: float) -> Change | None:
        """What is still to be done, after looking for up to `seconds` whether it was done."""
        rest: Change | None = change

        def look() -> bool | None:
            nonlocal rest
            rest = self._left_of(change, self._read())
            return True if self.unread is None and rest is None else None

        self.tools.poll(look, seconds)
        return rest

    def _read(self) -> LiveGroup | None:
        """The group as it is now; None when there is none or, with `unread` set, when nobody knows."""
        self.unread = None
        try:
            self.live = self.tools.reader.get_group(self.group_id)
            return self.live
        except NotFound:
            return None
        except (ApiError, CredentialsError, Interrupted) as error:
            self.unread = problem_of(error)
            return None

    def _left_of(self, change: Change, live: LiveGroup | None) -> Change | None:
        if self.unread is not None:
            return change
        match change:
            case LeaveGroup():
                keys = self.tools.context.account_keys
                return None if live is None or (keys and not keys & live.participant_keys) else change
            case SetIcon() | RemoveIcon():
                return None if self._look(lambda: self._icon_is_so(change)) else change
            case RevokeLink():
                return None if self._look(self._link_is_new) else change
            case _:
                if live is None:
                    return change
                return remaining(
                    change, normal(live.subject), frozenset(live.admins), frozenset(live.participants)
                )

    def _look(self, look: Callable[[], bool]) -> bool:
        try:
            return look()
        except (ApiError, CredentialsError, Interrupted) as error:
            self.unread = problem_of(error)
            return False

    def _icon_is_so(self, change: SetIcon | RemoveIcon) -> bool:
        meta = self.tools.reader.get_icon(self.group_id)
        if isinstance(change, RemoveIcon) or meta is None:
            return isinstance(change, RemoveIcon) and meta is None
        served = pictures.sha256(self.tools.reader.fetch_icon(meta))
        if served == self.served_before and served != change.after.sha256:
            return False
        self.uploaded = IconRecord(change.after.sha256, served, meta.location, meta.length)
        return True

    def _remember_link(self) -> None:
        try:
            self.old_link = self.tools.writer.get_link(self.group_id)
        except (ApiError, CredentialsError):
            self.old_link = None  # a junk link, or none: then every proper link is a new one

    def _link_is_new(self) -> bool:
        return self.tools.writer.get_link(self.group_id) != self.old_link

    def _send(self, change: Change, singly: bool) -> ReconcilerError | None:
        """Send every call that the change needs; the last error, None when all were answered with 200."""
        last: ReconcilerError | None = None
        try:
            calls = tuple(self._calls(change, 1 if singly else BATCH))
        except PictureError as error:
            return error
        for call in calls:
            try:
                call()
            except (ApiError, CredentialsError) as error:
                last = error
                if not isinstance(error, Refused | NotFound):
                    break
        return last

    def _calls(self, change: Change, batch: int) -> Iterator[Callable[[], None]]:
        writer, group_id = self.tools.writer, self.group_id
        match change:
            case SetSubject(after=subject):
                yield lambda: writer.set_subject(group_id, subject)
            case SetIcon(after=icon):
                data = self.tools.icon_files.read(icon)
                yield lambda: writer.set_icon(group_id, data, icon.mime)
            case RemoveIcon():
                yield lambda: writer.remove_icon(group_id)
            case Promote() | Demote() | RemoveParticipants():
                send = {
                    Promote: writer.promote,
                    Demote: writer.demote,
                    RemoveParticipants: writer.remove_participants,
                }[type(change)]
                ids = list(dict.fromkeys(person.wa_id for person in change.people))
                for start in range(0, len(ids), batch):
                    part = ids[start : start + batch]
                    yield lambda part=part: send(group_id, part)  # type: ignore[misc]
            case RevokeLink():
                yield lambda: writer.revoke_link(group_id)
            case LeaveGroup():
                yield lambda: writer.leave(group_id)
            case _:
                raise ValueError(f"{change.kind} is no call of a group that exists")


def served_before(seen: IconSeen | None, record: IconRecord | None) -> str | None:
    """SHA-256 of what was served before an upload, as far as it is known without another call."""
    if seen is None or seen.meta is None:
        return None
    if seen.sha256 is None and record is not None and seen.meta.location == record.url:
        return record.served
    return seen.sha256
