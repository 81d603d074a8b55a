"""Faults that somebody asks the API to make: their text form, and the table that counts them."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from reconciler.language import msg

Action = Literal[
    "status", "reset", "hang", "truncated", "garbage", "empty", "lie", "destinations", "show", "delay"
]
Destinations = Literal["none", "missing", "text", "stranger", "error", "variant"]
Show = Literal[
    "short",
    "none",
    "others",
    "bare",
    "ownerless",
    "behind",
    "lids",
    "mapped",
    "devices",
    "null",
    "cached",
]
Body = Literal["errorCode", "errors", "message", "meta", "error", "text", "html", "junk", "overlimit"]
When = Literal["before", "after"]

ACTIONS: tuple[str, ...] = get_args(Action)
BODIES: tuple[str, ...] = get_args(Body)

_METHOD = re.compile(r"\*|[A-Z]{3,7}")
_FORM = "METHOD PATH ACTION [key=value…]"
_EXAMPLE = "POST /groups status=503 when=after nth=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. Text form: ``METHOD PATH ACTION [key=value…]`` (see `parse_fault`).

    `when` says what becomes of the request's effect on the data: ``before``, it is not made; ``after``, it is
    made and committed, and then the fault strikes. `nth` is the number of the first matching request that is
    struck, counted from 1, and `times` how many are struck from there: `nth` alone strikes once, neither
    strikes every time. Raises ValueError for a fault that could never do what it says.
    """

    method: str
    path: str
    action: Action
    status: int | None = None
    seconds: float = 0.0
    destinations: Destinations = "none"
    show: Show = "short"
    until: str | None = None
    when: When = "before"
    nth: int | None = None
    times: int | None = None
    retry_after: float | None = None
    body: Body = "errorCode"

    def __post_init__(self) -> None:
        if not _METHOD.fullmatch(self.method):
            raise ValueError(
                msg(
                    "fault: {method} is no method: write GET, POST, … in capitals, or *",
                    method=repr(self.method[:40]),
                )
            )
        if self.path != "*" and not self.path.startswith(("/", "**")):
            raise ValueError(
                msg(
                    "fault: the path {path} must begin with / or be *, such as /groups/*/admins",
                    path=repr(self.path[:40]),
                )
            )
        if self.action not in ACTIONS:
            raise ValueError(
                msg(
                    "fault: {action} is no action: choose from {actions}",
                    action=repr(str(self.action)[:40]),
                    actions=", ".join(ACTIONS),
                )
            )
        if self.body not in BODIES:
            raise ValueError(
                msg(
                    "fault: {body} is no body: choose from {bodies}",
                    body=repr(str(self.body)[:40]),
                    bodies=", ".join(BODIES),
                )
            )
        if self.when not in get_args(When):
            raise ValueError(msg("fault: when={when} is neither before nor after", when=str(self.when)[:40]))
        if self.destinations not in get_args(Destinations):
            raise ValueError(_choose("destinations", str(self.destinations), get_args(Destinations)))
        if self.show not in get_args(Show):
            raise ValueError(_choose("show", str(self.show), get_args(Show)))
        if self.until not in (None, "refresh"):
            raise ValueError(msg("fault: until={until}: there is until=refresh", until=str(self.until)[:40]))
        if self.action == "status" and not (self.status is not None and 200 <= self.status <= 599):
            raise ValueError(msg("fault: status needs a code from 200 to 599, such as status=503"))
        if not (math.isfinite(self.seconds) and self.seconds >= 0):
            raise ValueError(msg("fault: delay needs seconds, such as delay=0.5"))
        if self.action == "lie" and self.when == "after":
            raise ValueError(msg("fault: a lie with when=after would be an ordinary answer; leave when out"))
        if (self.nth is not None and self.nth < 1) or (self.times is not None and self.times < 1):
            raise ValueError(msg("fault: nth and times count from 1"))

    def strikes(self, count: int) -> bool:
        """Whether the `count`-th matching request, counted from 1, is struck."""
        first = self.nth or 1
        times = self.times if self.times is not None else (1 if self.nth is not None else None)
        return count >= first and (times is None or count < first + times)

    def __str__(self) -> str:
        match self.action:
            case "status":
                action = f"status={self.status}"
            case "delay":
                action = f"delay={self.seconds:g}"
            case "destinations":
                action = f"destinations={self.destinations}"
            case "show":
                action = f"show={self.show}"
            case _:
                action = self.action
        keys = {
            "when": None if self.when == "before" else self.when,
            "nth": self.nth,
            "times": self.times,
            "until": self.until,
            "retry_after": None if self.retry_after is None else f"{self.retry_after:g}",
            "body": None if self.body == "errorCode" else self.body,
        }
        return " ".join(
            [self.method, self.path, action, *(f"{k}={v}" for k, v in keys.items() if v is not None)]
        )


def parse_fault(text: str) -> Fault:
    """Read one fault from ``METHOD PATH ACTION [key=value…]``.

    METHOD is a method in capitals or ``*``. PATH is a pattern on the path after ``/v1/whatsapp`` or ``/v1``:
    ``*`` alone is every call, elsewhere ``*`` stands for one segment and ``**`` for any number of them.
    Gateways' calls have their whole path: ``/api/*/groups/*/picture``, ``/group/create/*``. A PATH that
    begins with ``/cdn/`` is about the icons' own server instead. ACTION is one of

    - ``status=CODE`` an error (or any other) status, with a body of the family's;
    - ``reset`` the connection is reset (TCP RST);
    - ``hang`` no answer until the client goes or the server stops;
    - ``truncated`` the ordinary answer, cut in half under its full Content-Length;
    - ``garbage`` 200 with a body that is not JSON;
    - ``empty`` 200 with no body at all;
    - ``lie`` 200 with the ordinary answer, but without its effect;
    - ``destinations=HOW`` the ordinary answer to a message, but for its destinations: ``none``, ``missing``,
      a ``text``, a ``stranger``'s, the right one with an ``error``, or the ``variant`` of the number with or
      without Brazil's ninth digit;
    - ``show=HOW`` the ordinary answer of a gateway as its cache has it, with other faults: a list that is
      ``short`` of its last group, names ``none``, or has a newsletter (Evolution's instances: another one)
      among ``others``; groups that are ``bare`` of everything but id and size, or ``ownerless``; a size or
      count that is one ``behind``; people and owners by their ``lids`` alone or ``mapped`` (by lid, with the
      number beside), ids with ``devices``; ``null`` for a picture, for who is looked up or for Evolution's
      invite code, a picture that is ``cached`` as it was asked for first;
    - ``delay=SECONDS`` the ordinary answer, later (goes together with another fault).

    Keys: ``when=before|after``, ``nth=N``, ``times=N``, ``until=refresh`` (lifted when WAHA's groups are
    refreshed), ``retry_after=SECONDS``, ``body=NAME`` (see `Fault`, `BODIES`). Raises ValueError, saying what
    is wrong and what would be right.
    """
    words = text.split()
    if len(words) < 3:
        raise ValueError(
            msg(
                "fault {fault}: expected {form}, such as: {example}",
                fault=repr(text[:40]),
                form=_FORM,
                example=_EXAMPLE,
            )
        )
    method, path, action_text, *rest = words
    action, _, value = action_text.partition("=")
    fields: dict[str, object] = {"method": method, "path": path, "action": action}
    if action == "status":
        fields["status"] = _whole("status", value)
    elif action == "delay":
        fields["seconds"] = _seconds("delay", value)
    elif action in ("destinations", "show"):
        fields[action] = value
    elif value:
        raise ValueError(msg("fault: {action} takes no value", action=action[:40]))
    for word in rest:
        key, equals, value = word.partition("=")
        if key in fields or not equals:
            shown = {"given": repr(word[:40]), "form": _FORM, "example": _EXAMPLE}
            raise ValueError(
                msg("fault: {given} is given twice; expected {form}, such as: {example}", **shown)
                if key in fields
                else msg("fault: {given} is no key=value; expected {form}, such as: {example}", **shown)
            )
        match key:
            case "nth" | "times":
                fields[key] = _whole(key, value)
            case "retry_after":
                fields[key] = _seconds(key, value)
            case "when" | "body" | "until":
                fields[key] = value
            case _:
                raise ValueError(
                    msg(
                        "fault: {key} is no key: choose from when, nth, times, until, retry_after, body",
                        key=repr(key[:40]),
                    )
                )
    return Fault(**fields)  # type: ignore[arg-type]  # every field was made of its own kind above; Fault checks the rest


def _choose(key: str, given: str, known: Iterable[str]) -> str:
    return msg(
        "fault: {key}={given}: choose from {known}", key=key, given=repr(given[:40]), known=", ".join(known)
    )


def _whole(key: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(
            msg(
                "fault: {key} needs a whole number, such as {key}=503, not {given}",
                key=key,
                given=repr(value[:40]),
            )
        )
    return int(value)


def _seconds(key: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(
            msg("fault: {key} needs seconds, such as {key}=0.5, not {given}", key=key, given=repr(value[:40]))
        )
    return seconds


@functools.cache
def pattern(glob: str) -> re.Pattern[str]:
    """The regular expression of a PATH (see `parse_fault`)."""
    if glob == "*":
        return re.compile(r"(?!/cdn/).*", re.DOTALL)
    parts = re.split(r"(\*\*|\*|\?)", glob)
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts), re.DOTALL)


def matches(method_glob: str, path_glob: str, method: str, path: str) -> bool:
    """Whether a request is one that METHOD and PATH speak of."""
    return method_glob in ("*", method) and pattern(path_glob).fullmatch(path) is not None


@dataclass(frozen=True, slots=True)
class Strike:
    """What befalls one request: at most one fault, what is shown otherwise, and the seconds to wait before
    and after the effect."""

    fault: Fault | None = None
    shows: frozenset[str] = frozenset()
    delay_before: float = 0.0
    delay_after: float = 0.0


class FaultTable:
    """The faults in force and how many requests each has matched. Used from the server's own thread only."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._counts: list[list[int]] = []
        self._faults: list[Fault] = []
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        """Put faults in force, each with a count of its own that begins now."""
        self._faults.extend(faults)
        self._counts.extend([0] for _ in faults)

    def clear(self) -> None:
        """Lift every fault."""
        self._faults.clear()
        self._counts.clear()

    def refreshed(self) -> None:
        """Lift every fault that lasts until a refresh."""
        kept = [pair for pair in zip(self._faults, self._counts, strict=True) if pair[0].until is None]
        self._faults, self._counts = [fault for fault, _ in kept], [count for _, count in kept]

    def listed(self) -> list[tuple[Fault, int]]:
        """Every fault with the number of requests it has matched."""
        return [(fault, count[0]) for fault, count in zip(self._faults, self._counts, strict=True)]

    def strike(self, method: str, path: str) -> Strike:
        """Count the request and say what befalls it: the first fault that strikes, and every delay."""
        fault: Fault | None = None
        shows = set()
        before = after = 0.0
        for candidate, count in zip(self._faults, self._counts, strict=True):
            if not matches(candidate.method, candidate.path, method, path):
                continue
            count[0] += 1
            if not candidate.strikes(count[0]):
                continue
            if candidate.action == "show":
                shows.add(candidate.show)
            elif candidate.action != "delay":
                fault = fault or candidate
            elif candidate.when == "before":
                before += candidate.seconds
            else:
                after += candidate.seconds
        return Strike(fault, frozenset(shows), before, after)
