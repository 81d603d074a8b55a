"""What the core asks of the outside: protocols, implemented at the edges and faked in tests.

Planning is handed a `Reader`, which has no method that writes and none that asks for an invite link
(asking may create one).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from reconciler.model.desired import Icon
    from reconciler.model.group import Permission, Value
    from reconciler.model.live import (
        GroupList,
        IconMeta,
        LiveGroup,
        PersonAnswer,
        ServiceLimits,
        Session,
    )
    from reconciler.model.record import Intent, Left, Record, Revoking, RunSummary, Sent, State

T = TypeVar("T")


class Reader(Protocol):
    """The reads. All raise `ApiError` branches and `CredentialsError`; all are retried inside."""

    def session(self) -> Session | None:
        """The service's own account, where it tells that; None where it does not, without a call. Raises
        `ApiError` where the service cannot be used now, saying what to do there."""
        ...

    def limits(self) -> ServiceLimits:
        """What the service allows to write now, as far as it tells that; asked before a run that writes."""
        ...

    def list_groups(self) -> GroupList:
        """All groups of which the account is a participant."""
        ...

    def get_group(self, group_id: str) -> LiveGroup:
        """One group. Raises `NotFound` for 404, 400 or an empty list; `Unclear` for an answer that makes no
        sense, another group's included."""
        ...

    def identified(self, live: LiveGroup) -> LiveGroup:
        """A group as it was listed, with the numbers of its people as far as they are known."""
        ...

    def waiting(self, group_id: str) -> tuple[str, ...]:
        """Those who have asked to join a group and wait for an admin's approval: numbers, or ids that hide
        them; nobody where the service does not tell."""
        ...

    def number_of(self, person: str) -> str | None:
        """The number (digits) of somebody whose id hides it; None where the service does not know it."""
        ...

    def get_icon(self, group_id: str, *, fresh: bool = False) -> IconMeta | None:
        """Where the icon is served; None when the group has none (404). `fresh`: it was set a moment ago, so
        that what a service remembers of it does not count."""
        ...

    def fetch_icon(self, icon: IconMeta) -> bytes:
        """The served bytes, fetched without credentials and with a size limit."""
        ...


class Writer(Protocol):
    """The writes. Each sends at most one request that could have taken effect.

    Raises `Refused`, `RateLimited` or `NotSent` when nothing was changed; `NotFound` for 404; `Unclear` when
    it may have been. Within a method only 420, 429 and connections that were never made are retried,
    and nothing at all in `create_group`, `send_to_group` and `send_to_person`.
    """

    def create_group(self, subject: str, people: Sequence[str] = ()) -> str:
        """Create a group and return its id; with these people in it, by the ids under which `find_person`
        knows them, at most 20, where the service makes none without. Whom it leaves out, it does not say."""
        ...

    def set_subject(self, group_id: str, subject: str) -> None: ...

    def set_description(self, group_id: str, description: str) -> None:
        """Set the description; "" removes it."""
        ...

    def set_permission(self, group_id: str, permission: Permission, value: Value) -> None: ...

    def set_icon(self, group_id: str, data: bytes, mime: str) -> None: ...

    def remove_icon(self, group_id: str) -> None:
        """Remove the icon; a group that has none (404) is as wanted."""
        ...

    def promote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        """Make participants admins: ids as the server lists them, at most 20."""
        ...

    def demote(self, group_id: str, wa_ids: Sequence[str]) -> None:
        """Take the admin role away: ids as the server lists them, at most 20."""
        ...

    def remove_participants(self, group_id: str, wa_ids: Sequence[str]) -> None:
        """Remove people from the group: ids as the server lists them, at most 20."""
        ...

    def add_participants(self, group_id: str, ids: Sequence[str]) -> tuple[PersonAnswer, ...]:
        """Add people to the group by the ids under which `find_person` knows them, at most 20; returns what
        the service says of each, as far as it does."""
        ...

    def find_person(self, digits: str) -> str | None:
        """The id under which the service knows a number; None where nobody has it. Asked by who is about to
        add or write to somebody."""
        ...

    def refresh_list(self) -> None:
        """Make the service ask for its groups anew, where it keeps a list that may be short."""
        ...

    def get_link(self, group_id: str) -> str:
        """The invite link, `https://chat.whatsapp.com/…`; asking may create it, so this is no read.

        Raises `Unclear` for a junk link.
        """
        ...

    def revoke_link(self, group_id: str) -> None: ...

    def leave(self, group_id: str) -> None: ...

    def send_to_group(self, group_id: str, text: str) -> str:
        """Send a text to a group; returns the API's id of the message, "" where it says none.

        Returns only where the answer names the group without an error. Raises `Refused` or `RateLimited` for
        an error there, `Unclear` for any other answer: it may have been sent.
        """
        ...

    def send_to_person(self, wa_id: str, message: Mapping[str, object], correlation_id: str = "") -> str:
        """Send a message (as the API takes it) to a person; returns and raises as `send_to_group`."""
        ...


class Journal(Protocol):
    """Where a run records what it did.

    What has returned is durable, or `StateError` was raised; a journal far away may keep back for some
    seconds, and until `finish`, what reading the groups would show again. Safe to call from several threads.
    """

    @property
    def state(self) -> State:
        """What is recorded now."""
        ...

    def applies(self, commit: str) -> None:
        """From now on manifests are applied as this commit has them: it is `state.commit`."""
        ...

    def intend(self, name: str, intent: Intent) -> None:
        """A create is about to be sent."""
        ...

    def cancel(self, name: str) -> None:
        """The create of `name` surely made nothing."""
        ...

    def created(self, name: str, group_id: str, at: datetime) -> None:
        """A create succeeded: binds the name and counts the creation."""
        ...

    def record(self, name: str, record: Record) -> None:
        """What is now known of a name."""
        ...

    def observe(self, records: Mapping[str, Record], forgotten: Collection[str]) -> None:
        """What is now known of several names, and which names nothing is known of, in one step."""
        ...

    def forget(self, name: str) -> None:
        """Nothing is known of `name` any more."""
        ...

    def left(self, groups: Mapping[str, Left], forgotten: Collection[str]) -> None:
        """The groups of these names were left; nothing else is known of them, nor of the `forgotten`, in one
        step."""
        ...

    def revoke(self, name: str, revoking: Revoking) -> None:
        """The link of a recorded name is about to be revoked."""
        ...

    def revoked(self, name: str) -> None:
        """The revoke that was begun was seen, see `Record.revoked`."""
        ...

    def sent(self, changes: Mapping[str, Mapping[str, Sent | None]]) -> None:
        """What becomes of a message with links: name → person (`planning.diff.joined_ref`) → what is known,
        None where no message was ever sent. Names that are not recorded are passed over."""
        ...

    def check(self) -> None:
        """Return when something may be written now: nobody else does. Raises `StateError`, for good, once the
        lock is lost; asked just before every request that writes."""
        ...

    def finish(self, summary: RunSummary) -> None:
        """The run is over: make durable what is not yet, and say what was done where there is a history."""
        ...


class Movable(Journal, Protocol):
    """The journal of a place from which a state can be moved, and to which one can be."""

    def take(self, state: State) -> None:
        """What another place has recorded is recorded here from now on: nothing was."""
        ...

    def retire(self, successor: str) -> str:
        """What is recorded here is recorded in `successor` from now on: it is kept, under another name, which
        is returned, and nothing can be recorded here any more. Raises `StateError`."""
        ...


class IconFiles(Protocol):
    """The pictures that manifests name."""

    def read(self, icon: Icon) -> bytes:
        """The bytes that were checked; raises `PictureError` when the file has changed since."""
        ...


class Clock(Protocol):
    """Time, and the wish to stop."""

    def now(self) -> datetime:
        """The present moment, UTC, with its zone."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, or return at once when a stop was asked for."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether a signal asked for a stop: no new call should be begun."""
        ...


class Progress(Protocol):
    """Who is told how far a run has come. Safe to call from several threads."""

    def start(self, label: str, total: int) -> None: ...

    def advance(self, count: int = 1) -> None: ...

    def finish(self) -> None: ...

    def tell(self, text: str) -> None:
        """What people should read even where no progress is drawn: that something is waited for, and why."""
        ...


class Workers(Protocol):
    """Who carries out calls side by side."""

    def all(self, tasks: Iterable[Callable[[], None]], width: int, ended: Callable[[], None]) -> None:
        """Carry out all tasks, at most `width` at a time, each begun as soon as a worker is free, and call
        `ended` after each, by its worker. Once one raises no other is begun; what it raised is raised when
        those that were begun have ended."""
        ...

    def beside(self, task: Callable[[], T], meanwhile: Callable[[], None]) -> T:
        """What `task` returns; `meanwhile` is called while it is waited for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPorts:
    """What a run reads with: nothing in it can change a group, so neither can what is handed it alone.

    `meanwhile` is done by the thread that asks for a reading, while others read.
    """

    reader: Reader
    icon_files: IconFiles
    clock: Clock
    progress: Progress
    workers: Workers
    meanwhile: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePorts(ReadPorts):
    """What a run changes groups with, and where it records that."""

    writer: Writer
    journal: Journal

    def read_only(self) -> ReadPorts:
        """The same without what changes anything, for planning."""
        return ReadPorts(
            reader=self.reader,
            icon_files=self.icon_files,
            clock=self.clock,
            progress=self.progress,
            workers=self.workers,
            meanwhile=self.meanwhile,
        )
