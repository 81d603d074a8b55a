"""What every part of an apply works with: the ports, the facts of the plan, timeouts, and what went wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from reconciler.errors import (
    ApiError,
    CredentialsError,
    Interrupted,
    PictureError,
    Problem,
    ReconcilerError,
    StateError,
)
from reconciler.language import msg
from reconciler.model.live import LiveGroup
from reconciler.reading import poll

if TYPE_CHECKING:
    from reconciler.model.capabilities import Capabilities
    from reconciler.planning.group import Context
    from reconciler.ports import WritePorts

T = TypeVar("T")

NOT_SEEN = Problem(
    "not_seen",
    msg("the API answered that it was done, but reading the group does not show it"),
    msg("run apply again; if it stays so, look at the group in WhatsApp"),
    retry=True,
)

BATCH = 20
"""People in one call."""

INTERRUPTED = Problem(
    "interrupted",
    msg("not begun: the run was asked to stop"),
    msg("run apply again for the rest"),
    retry=True,
)


WRONG_ACCOUNT = Problem(
    "account",
    msg("the configured `account` is not in this group"),
    msg(
        "correct `account` in reconciler.yaml (or RECONCILER_ACCOUNT): it is the "
        "number that the credentials belong to"
    ),
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: `effect`, for which an effect is waited for; `first` and `longest` pause between reads.

    `unclear` is how long a group is looked for that an unclear create may have made; `create` how old such a
    create is before a later run makes the group again (`api.create_patience`).
    """

    effect: float = 10.0
    first: float = 0.1
    longest: float = 1.0
    unclear: float = 10.0
    create: float = 60.0
    longest_for_a_create: float = 3.0


@dataclass(slots=True)
class Tools:
    """What all workers of one apply share."""

    ports: WritePorts
    context: Context
    timeouts: Timeouts
    retries: int
    listed: frozenset[str]  # ids at planning time
    expected: frozenset[str] = frozenset()  # what every list has to name before a group is made beside it
    gone: frozenset[str] = frozenset()  # what is on record, and is not there any more
    unsure: Problem | None = None  # why what an unclear create made is not known, so that none is made again
    strays: dict[str, str] = field(default_factory=dict)  # subjects of groups that appeared since, by id
    made_earlier: dict[str, str] = field(default_factory=dict)  # by name: what unclear creates made after all
    broken: Problem | None = None
    halted: Problem | None = None  # why no further group is begun, though the state can be written
    bind: list[tuple[str, str]] = field(default_factory=list)
    known_as: dict[str, str | None] = field(default_factory=dict)  # by number: the id that was told of it
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def can(self) -> Capabilities:
        """What the service can do."""
        return self.context.can

    def find_person(self, digits: str) -> str | None:
        """Return the id under which the service knows a number, which it is asked for once; None where
        nobody has it."""
        if digits not in self.known_as:
            self.known_as[digits] = self.ports.writer.find_person(digits)
        return self.known_as[digits]

    def poll(
        self, look: Callable[[], T | None], seconds: float | None = None, longest: float | None = None
    ) -> T | None:
        """Look until there is something, as `reading.poll`, for `timeouts.effect` seconds by default."""
        return poll(
            self.ports.clock,
            look,
            self.timeouts.effect if seconds is None else seconds,
            first=self.timeouts.first,
            longest=longest or self.timeouts.longest,
        )

    def holds_account(self, live: LiveGroup) -> bool:
        """Return whether the account is in a group, as far as it is configured."""
        keys = self.context.account_keys
        return not keys or bool(keys & live.participant_keys)

    def unsaved(self, error: StateError, name: str, group_id: str | None) -> None:
        """Note that the state could not be written: no further group is begun, and a person has to bind this
        one."""
        with self.lock:
            self.broken = self.broken or Problem("state", error.message, error.hint)
            if group_id is not None and (name, group_id) not in self.bind:
                self.bind.append((name, group_id))


def problem_of(error: ReconcilerError) -> Problem:
    """Return an error as data for an outcome."""
    if isinstance(error, ApiError):
        return Problem.of(error)
    match error:
        case CredentialsError():
            code = "credentials"
        case StateError():
            code = "state"
        case PictureError():
            code = "picture"
        case Interrupted():
            return INTERRUPTED
        case _:
            code = "error"
    return Problem(code, error.message, error.hint)
