"""The one comment that is ours: found by its marker and its author, replaced, or made.

Anybody may write a comment that begins like ours, so it is ours only when our own identity wrote it, and only
the first line counts. After an unclear answer the comments are looked at again before another one is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from reconciler.errors import ReconcilerError, Unclear
from reconciler.language import msg
from reconciler.ports import Clock

MOST = 60_000
"""Characters of a comment; GitHub takes 65,536."""

LOOKS = (2.0, 4.0, 8.0)
"""Seconds before each look for a comment that may have been made."""

STRANGER = msg(
    "it was made by another identity than was looked for, so the next run would "
    "make a second one: say who it is with --author"
)

_MARKER = re.compile(r"<!-- reconciler (\{.*\}) -->")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the host lists it; `mine` tells whether our identity wrote it."""

    id: int
    body: str
    mine: bool
    url: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """What was done about the comment, and where it is."""

    action: Literal["created", "updated", "unchanged", "closed", "reopened"]
    url: str
    warning: str = ""


class Host(Protocol):
    """The comments of one pull request. All raise `ApiError` branches and `CredentialsError`."""

    def comments(self) -> Iterator[Comment]:
        """All of them, the oldest first."""
        ...

    def create(self, body: str) -> Comment:
        """Make one. Raises `Unclear` when nobody knows whether it was made."""
        ...

    def update(self, comment: Comment, body: str) -> Comment: ...

    def delete(self, comment: Comment) -> None:
        """Remove one; one that is gone already is as wanted."""
        ...


def facts_of(body: str) -> dict[str, object] | None:
    """What the marker on a text's first line says; None where that is no marker."""
    match = _MARKER.fullmatch(body.partition("\n")[0].rstrip("\r"))
    if match is None:
        return None
    try:
        facts = json.loads(match[1])
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None


def kind_of(body: str) -> str | None:
    """What kind of report a text begins with (`plan`, `drift` …); None where its first line is no marker."""
    kind = (facts_of(body) or {}).get("kind")
    return kind if isinstance(kind, str) else None


def checked(text: str, name: str) -> str:
    """The text of a report, fit to be a comment. `name` is the file's. Raises `ReconcilerError`."""
    hint = msg("make it with: reconciler plan --report markdown={name}", name=name)
    if kind_of(text) is None:
        raise ReconcilerError(
            msg("{name} is no Markdown report: its first line is not the marker", name=name), hint
        )
    if len(text) + sum(character > "\uffff" for character in text) > MOST:
        raise ReconcilerError(
            msg("{name} is longer than a comment may be ({most} characters)", name=name, most=MOST), hint
        )
    return text.strip("\n")


def publish(host: Host, body: str, clock: Clock) -> Published:
    """Replace our comment of the same kind, or make one where there is none.

    Of several (two runs at once made one each) the oldest is kept and the others are removed. Raises
    `Unclear` where it is not known whether a comment was made.
    """
    kind = kind_of(body)
    mine = _mine(host, kind)
    if not mine:
        return _create(host, body, clock)
    kept, *others = mine
    for other in others:
        host.delete(other)
    if same(kept.body, body):
        return Published("unchanged", kept.url)
    return Published("updated", host.update(kept, body).url or kept.url)


def overtake(host: Host, words: str) -> Published:
    """Put `words`, an alert, above the plans that our comments tell of, once. Where there is none, nothing is
    done."""
    alert = words.partition("\n")[0]  # the same in every language, and no report begins so
    done = Published("unchanged", "")
    plans = [each for each in host.comments() if each.mine and (kind_of(each.body) or "").startswith("plan")]
    for comment in plans:
        body = comment.body.replace("\r\n", "\n")
        mark, _, said = body.partition("\n")
        if not said.startswith(alert):
            done = Published("updated", host.update(comment, f"{mark}\n{words}\n\n{said}").url or comment.url)
    return done


def _create(host: Host, body: str, clock: Clock) -> Published:
    try:
        made = host.create(body)
    except Unclear as error:
        for pause in LOOKS:
            clock.sleep(pause)
            found = [comment for comment in _mine(host, kind_of(body)) if same(comment.body, body)]
            if found:
                return Published("created", found[0].url)
        raise lost(
            msg("it is not known whether the comment was made ({why})", why=error.message),
            msg("run the command again: it looks for the comment before it makes one"),
            error,
        ) from None
    return Published("created", made.url, warning="" if made.mine else STRANGER)


def lost(message: str, hint: str, error: Unclear) -> Unclear:
    """The error of something that may have been made or not, as `error` left it open."""
    return Unclear(message, hint, status=error.status, code=error.code)


def _mine(host: Host, kind: str | None) -> list[Comment]:
    return [comment for comment in host.comments() if comment.mine and kind_of(comment.body) == kind]


def same(one: str, other: str) -> bool:
    """Whether two texts say the same: hosts store lines and the space at the end as they like."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
