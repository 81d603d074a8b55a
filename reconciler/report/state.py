"""What `state list` and `state log` tell: what is on record, and who recorded what, and when.

Everything in a history may have been written by anybody who may push to the branch, so all of it is taken for
an outsider's words. Text is drawn here: a line a name for other programs, a paragraph a run in which
addresses stay in one piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reconciler.language import moment, msg, tr, tr_n, tr_p
from reconciler.model.group import PERMISSIONS
from reconciler.model.record import CHANGES, short_commit
from reconciler.report import text, words
from reconciler.report.escape import for_terminal
from reconciler.report.model import Report, Status, Summary
from reconciler.report.section import Data, Told, once

if TYPE_CHECKING:
    from reconciler.model.history import Chapter, Fact
    from reconciler.model.record import State
    from reconciler.report.model import Verb
    from reconciler.report.redact import Redactor
    from reconciler.report.section import Look, Section

_HASH = 10  # characters of a commit that are shown in text
_RECORDED = Status("recorded", "✓", msg("recorded"), "good", "passed")
_FIELDS: dict[str, str] = {
    "description": msg("description"),
    "admins": msg("admins"),
    "members": msg("members"),
    "joined": msg("joined"),
}
"""What became different, where that is not called as in files."""


# --- state list -------------------------------------------------------------------------------------------


def told_of_names(state: State, redactor: Redactor) -> Told:
    """Return what there is to tell of recorded names."""
    facts = once(lambda: data_of_names(state, redactor))
    return Told(report=once(lambda: _report_of_names(len(facts()["groups"]))), data=facts)


def data_of_names(state: State, redactor: Redactor) -> Data:
    """Return the JSON document: `{format_version, kind: "state_list", groups: [{name, id}], left: [{name, id,
    at, how}]}`."""
    return {
        "format_version": 1,
        "kind": "state_list",
        "groups": [
            {"name": name, "id": redactor.group_id(record.id)}
            for name, record in sorted(state.groups.items())
        ],
        "left": [
            {"name": name, "id": redactor.group_id(gone.id), "at": _time(gone.at), "how": gone.how}
            for name, gone in sorted(state.left.items())
        ],
    }


def render_names(sections: Sequence[Section], _: Look) -> str:
    """Return a line a name: its group's id, and of one that was left how and on which day."""
    return text.together(sections, _names)


def _names(section: Section) -> str:
    found = section.data
    if found is None or section.problem is not None:
        return text.of_ending(section)
    width = max((len(each["name"]) for each in (*found["groups"], *found["left"])), default=0)
    lines = [f"{each['name']:<{width}}  {each['id']}" for each in found["groups"]]
    for each in found["left"]:
        at = datetime.fromisoformat(each["at"])
        closed = each["how"] == "closed"
        gone = tr("closed on {at:%Y-%m-%d}", at=at) if closed else tr("left on {at:%Y-%m-%d}", at=at)
        lines.append(f"{each['name']:<{width}}  {each['id']}  {gone}")
    return "".join(f"{for_terminal(line)}\n" for line in lines)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _report_of_names(number: int) -> Report:
    return _report("state list", tr_n("{n} name.", "{n} names.", number))


def _report(verb: Verb, counted: str) -> Report:
    """The document: how many there are."""
    summary = Summary(counted)
    return Report(verb=verb, verdict=str(summary), status=_RECORDED, summary=summary)


# --- state log --------------------------------------------------------------------------------------------


def told(chapters: Iterable[Chapter], redactor: Redactor, *, complete: bool) -> Told:
    """Return what there is to tell of a history, the newest run first; `complete`: whether older runs were
    looked at as well."""
    found = tuple(chapters)
    facts = once(lambda: data(found, redactor, complete=complete))
    return Told(
        report=once(lambda: _report("state log", tr_n("{n} run.", "{n} runs.", len(found)))), data=facts
    )


def data(chapters: Iterable[Chapter], redactor: Redactor, *, complete: bool = True) -> Data:
    """Return the JSON document: `{format_version, kind: "state_log", complete, runs: [{rev, at, title, run,
    by, commit, readable, names}]}`."""
    return {
        "format_version": 1,
        "kind": "state_log",
        "complete": complete,
        "runs": [_data_of_run(chapter, redactor) for chapter in chapters],
    }


def _data_of_run(chapter: Chapter, redactor: Redactor) -> Data:
    written = chapter.written
    is_commit = written.commit.removesuffix(CHANGES).isalnum()
    return {
        "rev": written.rev,
        "at": _time(written.at),
        "title": redactor.untrusted(written.title),
        "run": _address(written.run, redactor) or None,
        "by": redactor.untrusted(written.actor) or None,
        "commit": short_commit(written.commit, 64) if is_commit else None,
        "readable": chapter.names is not None,
        "names": [
            {"name": story.name, "changes": [_data_of_fact(fact, redactor) for fact in story.facts]}
            for story in chapter.names or ()
        ],
    }


def _data_of_fact(fact: Fact, redactor: Redactor) -> Data:
    found: Data = {"kind": fact.kind}
    for key, value in (("before", fact.before), ("after", fact.after)):
        if value is not None:
            found[key] = _value(fact, value, redactor)
    for key, people in (("added", fact.added), ("removed", fact.removed)):
        if people:
            found[key] = [_person(ref, redactor) for ref in people]
    return found


def _value(fact: Fact, value: str, redactor: Redactor) -> str:
    match fact.kind:
        case "bound" | "forgotten":
            return redactor.group_id(value)
        case "left":
            return redactor.group_id(value) if value == fact.before else value
        case "creating" | "given_up" | "subject" | "description":
            return redactor.untrusted(value)
        case _:
            return value[:64]


def _address(run: str, redactor: Redactor) -> str:
    """A run's address or name: its digits are those of a run, but anybody who may push can write others."""
    return run[:200] if run.startswith(("https://", "http://")) and run.isascii() else redactor.untrusted(run)


def _person(ref: str, redactor: Redactor) -> str:
    return redactor.person(ref) if ref.isdigit() else redactor.untrusted(ref)


def render_log(sections: Sequence[Section], _: Look) -> str:
    """Return a paragraph a run, the newest first; "" for none."""
    return text.together(sections, _log)


def _log(section: Section) -> str:
    found = section.data
    if found is None or section.problem is not None:
        return text.of_ending(section)
    paragraphs = ("\n".join(map(for_terminal, _lines(run))) for run in found["runs"])
    return "\n\n".join(paragraphs) + "\n"


def _lines(run: Data) -> Iterator[str]:
    yield f"{run['rev'][:_HASH]}  {moment(datetime.fromisoformat(run['at']))}  {run['title']}"
    by = f"{run['by']}, " if run["by"] else ""
    commit = tr("manifests {commit}", commit=short_commit(run["commit"], _HASH)) if run["commit"] else ""
    yield f"    {by}{run['run'] or tr('by hand')}{commit and f'  {commit}'}"
    if not run["readable"]:
        yield f"    {tr('what was recorded cannot be read')}"
    width = max((len(each["name"]) for each in run["names"]), default=0)
    for each in run["names"]:
        for index, change in enumerate(each["changes"]):
            yield f"    {'' if index else each['name']:<{width}}  {_words(change)}"


def _words(change: dict[str, Any]) -> str:
    before, after = change.get("before"), change.get("after")
    added, removed = change.get("added", ()), change.get("removed", ())
    match change["kind"]:
        case "bound":
            if before:
                return tr("bound to {after}, before to {before}", after=after, before=before)
            return tr("bound to {after}", after=after)
        case "forgotten":
            return tr("forgotten, was bound to {before}", before=before)
        case "left":
            closed = after == "closed"
            return (
                tr("closed, was {before}", before=before)
                if closed
                else tr("left, was {before}", before=before)
            )
        case "creating":
            return tr('create begun, not known to have ended: "{after}"', after=after)
        case "given_up":
            return tr('create of "{before}" given up', before=before)
        case "subject":
            return f"{tr('subject')}  {_quoted(before)} → {_quoted(after)}"
        case "description":
            return f"{tr(_FIELDS['description'])}  {_quoted(before)} → {_quoted(after)}"
        case kind if kind in PERMISSIONS:
            return f"{tr(words.LABELS[kind])}  {_permission(before)} → {_permission(after)}"
        case "icon":
            return f"{tr('icon')}  {_picture(before)} → {_picture(after)}"
        case "link_version":
            none = tr_p("of a link version", "none")
            return f"{tr('link version')}  {before or none} → {after or none}"
        case "sent":
            return tr("sent the link to {people}", people=", ".join(added))
        case kind:
            signs = [*(f"+ {person}" for person in added), *(f"- {person}" for person in removed)]
            return f"{tr(_FIELDS.get(kind, kind))}  {', '.join(signs) or tr('nobody')}"


def _quoted(subject: str | None) -> str:
    return tr("not managed") if subject is None else f'"{subject}"'


def _permission(value: str | None) -> str:
    match value:
        case None:
            return tr("not managed")
        case "true" | "false":
            return tr_p("is it so", "yes") if value == "true" else tr_p("is it so", "no")
        case _:
            return tr(words.MAY[value])


def _picture(sha256: str | None) -> str:
    match sha256:
        case None:
            return tr("not managed")
        case "":
            return tr_p("of a picture", "none")
        case _:
            return sha256[:4]
