"""The history of a state as text or JSON, redacted: who recorded what, and when.

Everything in it may have been written by whoever may push to the branch, so that all of it is taken for an
outsider's words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, assert_never

from reconciler.model.record import CHANGES, short_commit
from reconciler.report.escape import for_json, for_terminal

if TYPE_CHECKING:
    from reconciler.model.record import Chapter, Fact
    from reconciler.report.redact import Redactor

_HASH = 10  # characters of a commit that are shown in text


def render_text(chapters: Iterable[Chapter], redactor: Redactor) -> str:
    """A paragraph a run, the newest first; "" for none."""
    return "\n\n".join("\n".join(map(for_terminal, _lines(chapter, redactor))) for chapter in chapters)


def render_json(chapters: Iterable[Chapter], redactor: Redactor, *, complete: bool = True) -> str:
    """`{format_version, kind: "state_log", complete, runs: [{rev, at, title, run, by, commit, readable,
    names}]}`; `complete`: whether older runs were looked at as well."""
    document = {
        "format_version": 1,
        "kind": "state_log",
        "complete": complete,
        "runs": [_document(chapter, redactor) for chapter in chapters],
    }
    return for_json(json.dumps(document, indent=2, ensure_ascii=False))


def _lines(chapter: Chapter, redactor: Redactor) -> Iterator[str]:
    written = chapter.written
    yield f"{written.rev[:_HASH]}  {written.at:%Y-%m-%d %H:%M} UTC  {redactor.untrusted(written.title)}"
    by = f"{redactor.untrusted(written.actor)}, " if written.actor else ""
    run = _address(written.run, redactor) or "by hand"
    commit = f"  manifests {short_commit(written.commit, _HASH)}" if _is_commit(written.commit) else ""
    yield f"    {by}{run}{commit}"
    if chapter.names is None:
        yield "    what was recorded cannot be read"
    width = max((len(story.name) for story in chapter.names or ()), default=0)
    for story in chapter.names or ():
        for index, fact in enumerate(story.facts):
            yield f"    {'' if index else story.name:<{width}}  {_words(fact, redactor)}"


def _document(chapter: Chapter, redactor: Redactor) -> dict[str, Any]:
    written = chapter.written
    return {
        "rev": written.rev,
        "at": written.at.isoformat().replace("+00:00", "Z"),
        "title": redactor.untrusted(written.title),
        "run": _address(written.run, redactor) or None,
        "by": redactor.untrusted(written.actor) or None,
        "commit": short_commit(written.commit, 64) if _is_commit(written.commit) else None,
        "readable": chapter.names is not None,
        "names": [
            {"name": story.name, "changes": [_change(fact, redactor) for fact in story.facts]}
            for story in chapter.names or ()
        ],
    }


def _change(fact: Fact, redactor: Redactor) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": fact.kind}
    for key, value in (("before", fact.before), ("after", fact.after)):
        if value is not None:
            document[key] = _value(fact, value, redactor)
    for key, people in (("added", fact.added), ("removed", fact.removed)):
        if people:
            document[key] = [_person(ref, redactor) for ref in people]
    return document


def _words(fact: Fact, redactor: Redactor) -> str:
    before, after = (
        None if value is None else _value(fact, value, redactor) for value in (fact.before, fact.after)
    )
    match fact.kind:
        case "bound":
            return f"bound to {after}" + (f", before to {before}" if before else "")
        case "forgotten":
            return f"forgotten, was bound to {before}"
        case "left":
            return f"{fact.after}, was {before}"
        case "creating":
            return f'create begun, not known to have ended: "{after}"'
        case "given_up":
            return f'create of "{before}" given up'
        case "subject":
            return f"subject  {_quoted(before)} → {_quoted(after)}"
        case "icon":
            return f"icon  {_picture(fact.before)} → {_picture(fact.after)}"
        case "link_version":
            return f"link version  {before or 'none'} → {after or 'none'}"
        case "admins" | "members" | "joined":
            signs = [f"+ {_person(ref, redactor)}" for ref in fact.added]
            signs += [f"- {_person(ref, redactor)}" for ref in fact.removed]
            return f"{fact.kind}  {', '.join(signs) or 'nobody'}"
        case "sent":
            return f"sent the link to {', '.join(_person(ref, redactor) for ref in fact.added)}"
        case _:
            assert_never(fact.kind)


def _value(fact: Fact, value: str, redactor: Redactor) -> str:
    match fact.kind:
        case "bound" | "forgotten":
            return redactor.group_id(value)
        case "left":
            return redactor.group_id(value) if value == fact.before else value
        case "creating" | "given_up" | "subject":
            return redactor.untrusted(value)
        case _:
            return value[:64]


def _is_commit(text: str) -> bool:
    return text.removesuffix(CHANGES).isalnum()


def _address(run: str, redactor: Redactor) -> str:
    """A run's address or name: its digits are those of a run, but whoever may push can write others."""
    return run[:200] if run.startswith(("https://", "http://")) and run.isascii() else redactor.untrusted(run)


def _quoted(text: str | None) -> str:
    return "not managed" if text is None else f'"{text}"'


def _picture(sha256: str | None) -> str:
    match sha256:
        case None:
            return "not managed"
        case "":
            return "none"
        case _:
            return sha256[:4]


def _person(ref: str, redactor: Redactor) -> str:
    return redactor.person(ref) if ref.isdigit() else redactor.untrusted(ref)
