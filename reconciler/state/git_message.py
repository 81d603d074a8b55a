"""Messages of commits on the state's branch: what a run did by name and count, and which run it was. Pure.

Subject, then a line a name, then lines `Key: value` that `state log` reads again. No number of anybody is in
them: names are those of manifests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.record import Deed, State

SKIP = "[skip ci]"
"""GitHub, GitLab and others start no pipeline for a push whose commit says so."""

_SHOWN = 3
_MOST_LINES = 2000
_TRAILER = re.compile(r"^(Run|By|Manifests|Session|Since|Lease|Free): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which run writes: `run` the pipeline's job or the user and host, `actor` who started it, `commit` that
    of the manifests; `session` is the same in all commits of one run."""

    run: str
    session: str
    actor: str | None = None
    commit: str | None = None


def compose(title: str, lines: Iterable[str], origin: Origin) -> str:
    """A whole message."""
    body = list(lines)
    if len(body) > _MOST_LINES:
        body = [*body[:_MOST_LINES], f"and {len(body) - _MOST_LINES} more"]
    known = (
        ("Run", origin.run),
        ("By", origin.actor),
        ("Manifests", origin.commit),
        ("Session", origin.session),
    )
    trailers = [f"{key}: {_line(value)}" for key, value in known if value]
    return "\n".join(
        [_line(title), "", *(_line(line) for line in body), *([""] * bool(body)), *trailers, SKIP, ""]
    )


def of_deed(deed: Deed) -> tuple[str, tuple[str, ...]]:
    """Subject and lines for what a run did: `apply: 2 created, 1 updated`."""
    counts = ", ".join(f"{count} {what}" for what, count in deed.counts)
    return f"{deed.verb}: {counts or 'nothing to do'}", tuple(f"{name}: {what}" for name, what in deed.names)


def of_step(before: State, after: State) -> tuple[str, tuple[str, ...]]:
    """Subject and lines for a step in the middle of a run: `begin to create a, b; bind c`."""
    done: dict[str, list[str]] = {}
    for name in sorted(before.names | after.names):
        word = _what_happened(before, after, name)
        if word is not None:
            done.setdefault(word, []).append(name)
    title = "; ".join(f"{word} {_few(names)}" for word, names in done.items())
    return title or "record the commit of the manifests", tuple(
        f"{name}: {word}" for word, names in done.items() for name in names
    )


def _what_happened(before: State, after: State, name: str) -> str | None:
    old, new = before.groups.get(name), after.groups.get(name)
    if new is not None and (old is None or old.id != new.id):
        return "bind"
    if name in after.creating and before.creating.get(name) != after.creating[name]:
        return "begin to create"
    if name in after.left and before.left.get(name) != after.left[name]:
        return "note as left"
    if name in before.left and name not in after.left and new is None:
        return "forget"
    if old is not None and new is None:
        return "forget"
    if name in before.creating and name not in after.creating:
        return "give up creating"
    if old is not None and new is not None and old.sent != new.sent:
        return "note links sent for"
    if old is not None and new is not None and new.revoking is not None and old.revoking != new.revoking:
        return "begin to revoke the link of"
    return "record" if old != new else None


def _few(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says: `title`, `lines` by name, and the trailers by their keys. Anybody who may push
    can have written it."""

    title: str
    lines: tuple[str, ...]
    trailers: dict[str, str]


def parse(message: str) -> Told:
    """Read a message again; what is not as `compose` writes it is left out."""
    title, _, rest = message.partition("\n")
    body = rest.strip("\n").split("\n\n")
    lines = tuple(body[0].splitlines()) if len(body) > 1 else ()
    return Told(title, lines, dict(_TRAILER.findall(body[-1])))


def _line(text: str) -> str:
    """One line of at most 200 printable characters."""
    return "".join(char if char.isprintable() else " " for char in text)[:200].strip()
