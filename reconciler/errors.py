"""What can go wrong, as one tree with one exit code a branch.

Every error that leaves a package of this project is one of these; an exception of a library never
crosses the border of the package that is the library's home. The CLI catches the root, once.

    ReconcilerError              1   anything below, or something without a branch of its own
    ├── UsageError              64   the command line cannot be carried out
    ├── InputError               1   files that the user wrote: carries every complaint at once
    ├── PictureError             1   bytes that are no usable JPEG or PNG
    ├── StateError               1   the state cannot be read, written, or belongs to another API
    │   └── Unreachable              the remote of a state in Git did not answer: later it may
    ├── GitError                 1   a git command failed, or took too long
    ├── CredentialsError         4   credentials missing or refused
    ├── LockedError              5   somebody else is writing
    ├── ObjectionError           6   a guard's refusal, or a saved plan that no longer holds
    ├── Interrupted            130   a signal asked us to stop
    └── ApiError                 1   the API's answer to one call
        ├── NotFound                 there is no such group, or no icon
        ├── Refused                  a definite no (4xx): nothing was changed
        ├── RateLimited              420 or 429 to the end of all retries: nothing was changed
        ├── NotSent                  the connection was never made: nothing was changed
        └── Unclear                  no answer, a broken one or 5xx: it may have taken effect or not
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from reconciler.language import msg, msg_n


class Exit(IntEnum):
    """Exit codes; the members stand in the order in which one wins over the others."""

    BUG = 70
    INTERRUPTED = 130
    USAGE = 64
    CREDENTIALS = 4
    LOCKED = 5
    ERROR = 1
    OBJECTION = 6
    PARTIAL = 3
    CHANGES = 2
    OK = 0


def first_exit(codes: Iterable[Exit]) -> Exit:
    """The one code that stands for several; `Exit.OK` for none."""
    found = set(codes)
    return next((code for code in Exit if code in found), Exit.OK)


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: its path as the user would type it, line and column counted from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One thing that is wrong in a file: where, what, and how to mend it.

    `rule` is a stable kebab-case name of the kind of mistake (for machine-readable formats);
    a `warning` never fails a run.
    """

    location: Location
    message: str
    hint: str = ""
    rule: str = "invalid"
    warning: bool = False

    def __str__(self) -> str:
        text = msg("warning: {message}", message=self.message) if self.warning else self.message
        if self.hint:
            text = msg("{text} ({hint})", text=text, hint=self.hint)
        return msg("{where}: {text}", where=self.location, text=text)


class ReconcilerError(Exception):
    """The root: a message, how to mend it, and the exit code it leads to."""

    exit_code: Exit = Exit.ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ReconcilerError):
    """The command line cannot be carried out as it was typed."""

    exit_code = Exit.USAGE


class InputError(ReconcilerError):
    """One or more files are wrong; `complaints` holds every one found, sorted by place."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(sorted(complaints))
        count = sum(not complaint.warning for complaint in self.complaints)
        super().__init__(msg_n("{n} mistake in the files", "{n} mistakes in the files", count))


class PictureError(ReconcilerError):
    """Bytes that are no JPEG or PNG which can be used as an icon."""


class StateError(ReconcilerError):
    """The state cannot be read or written, is damaged, or belongs to another API."""


class Unreachable(StateError):
    """The remote on which the state is kept did not answer; whether it did what it was asked is not known."""


class GitError(ReconcilerError):
    """A git command could not be started, failed, or did not end in time (then `unended` is set).

    `stderr` is what it said, which may hold anybody's words; the message quotes it safely.
    """

    def __init__(self, message: str, hint: str = "", *, stderr: str = "", unended: bool = False) -> None:
        super().__init__(message, hint)
        self.stderr = stderr
        self.unended = unended


class CredentialsError(ReconcilerError):
    """Credentials are missing, or the API refused them."""

    exit_code = Exit.CREDENTIALS


class LockedError(ReconcilerError):
    """Another process holds the lock on the state."""

    exit_code = Exit.LOCKED


class ObjectionError(ReconcilerError):
    """A guard objected, or a saved plan no longer holds. Nothing was written."""

    exit_code = Exit.OBJECTION


class Interrupted(ReconcilerError):
    """A signal asked the process to stop."""

    exit_code = Exit.INTERRUPTED


class ApiError(ReconcilerError):
    """The outcome of one call that is no success.

    `message` is safe to show: at most 200 characters of the API's own words, with runs of 8 or more
    digits masked. `status` is the HTTP status where there was an answer; `code` a stable name such as
    `http_404`, `timeout`, `bad_answer`; `retry` tells whether trying again later can help, and `wait` how
    many seconds the answer asked to wait before that (`Retry-After`).
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        code: str = "api",
        retry: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.retry = retry
        self.wait = wait


class NotFound(ApiError):
    """There is no such group (404, 400 or an empty list), or the group has no icon (404)."""


class Refused(ApiError):
    """A definite no: a 4xx that is none of the others. Nothing was changed."""


class RateLimited(ApiError):
    """420 or 429 until the allowance was used up, or a longer wait was asked for. Nothing was changed."""


class NotSent(ApiError):
    """The connection was never made, so the request was never sent."""


class Unclear(ApiError):
    """A lost, broken or unexpected answer, or 5xx: a write may have taken effect or not.

    For a read it means that nothing is known.
    """


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, how to mend it, and whether trying again can help, as data. `code` is stable:
    `http_503` …; `status` is that of HTTP, where there was an answer."""

    code: str
    message: str
    hint: str = ""
    retry: bool = False
    status: int | None = None

    @classmethod
    def of(cls, error: ReconcilerError) -> Problem:
        """Return an error as data; one that is no call's is named after how the run ends."""
        if isinstance(error, ApiError):
            return cls(error.code, error.message, error.hint, error.retry, error.status)
        return cls(error.exit_code.name.lower(), error.message, error.hint)
