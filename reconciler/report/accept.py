"""What `accept` tells: the files as they would change, for the question, and what became of each group.

Manifests may hold numbers, which are masked as everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from typing import TYPE_CHECKING

from reconciler.errors import Problem
from reconciler.language import msg, tr, tr_n
from reconciler.report import words
from reconciler.report.model import Entry, Field, Report, Status, Summary, Table, Tone, Word
from reconciler.report.redact import Redactor
from reconciler.report.section import Data, Told

if TYPE_CHECKING:
    from reconciler.model.adoption import AcceptOutcome, AcceptResult, FileChange

_CONTEXT = 2  # lines around a change
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")

_STATUSES = words.by_key(
    Status("accepted", "✓", msg("accepted"), "good", "passed"),
    Status("unchanged", "=", msg("nothing to accept"), "quiet", "skipped"),
    Status("refused", "!", msg("not accepted"), "bad", "failure"),
    Status("unreadable", "!", msg("unreadable"), "bad", "error"),
    Status("declined", "–", msg("not accepted, as you said"), "warn", "skipped"),
    Status("failed", "!", msg("could not be written"), "bad", "error"),
)
_LINES: dict[str, Tone] = {"+": "good", "-": "bad", "@": "quiet"}
"""How a line of a difference is meant, by its first character."""


def told(result: AcceptResult, redactor: Redactor) -> Told:
    """Return what there is to tell of an acceptance."""
    return Told.of(lambda: data(result, redactor), report)


def data(result: AcceptResult, redactor: Redactor) -> Data:
    """Return the JSON document, as `accept` in `schemas/` says."""
    return {
        "format_version": 1,
        "kind": "accept",
        "complete": result.complete,
        "interrupted": result.interrupted,
        "groups": [_data_of_group(group, redactor) for group in result.groups],
        "files": [_data_of_file(change, redactor) for change in result.files],
        "failed": words.data_of_problem(result.failed, redactor),
        "unsaved": None,  # nothing is recorded, and a key that somebody may read stays
    }


def _data_of_group(group: AcceptOutcome, redactor: Redactor) -> Data:
    return {
        "name": group.name,
        "id": None if group.id is None else redactor.group_id(group.id),
        "status": group.status,
        "fields": list(group.fields),
        "notes": [redactor.note(note) for note in group.notes],
        "left": [redactor.note(note) for note in group.left],
        **words.error(group.problem, redactor),
    }


def _data_of_file(change: FileChange, redactor: Redactor) -> Data:
    """`diff` are the lines of a unified one, without its head; `before` and `after` are sizes in bytes."""
    picture = change.after.startswith(_PICTURES)
    lines = [] if picture else _difference(change.before or b"", change.after)
    return {
        "path": change.path,
        "new": change.before is None,
        "picture": picture,
        "diff": [redactor.line(line) for line in lines],
        "before": None if change.before is None else len(change.before),
        "after": len(change.after),
    }


def _difference(before: bytes, after: bytes) -> list[str]:
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (before, after))
    return list(unified_diff(old, new, n=_CONTEXT, lineterm=""))[2:]


# --- before the question ----------------------------------------------------------------------------------


def preview(found: Data) -> Report:
    """Return the document that is shown before the question: the files as they would change."""
    summary = Summary(tr_n("{n} file to write.", "{n} files to write.", len(found["files"])))
    return Report(
        verb="accept",
        verdict=str(summary),
        status=_STATUSES["accepted"],
        summary=summary,
        tables=(
            *map(_table, found["files"]),
            *words.notes((group["name"], group["notes"]) for group in found["groups"]),
        ),
    )


def _table(file: Data) -> Table:
    lines = tuple((Word(line, _LINES[line[0]]) if line[:1] in _LINES else line,) for line in file["diff"])
    return Table(file["path"], file["path"], (tr("Change"),), lines, lead=_picture(file), whole=True)


def _picture(file: Data) -> str:
    """Say what becomes of a picture; "" for another file."""
    if not file["picture"]:
        return ""
    size = words.of_bytes(file["after"])
    if file["before"] is None:
        return tr("new picture, {size}", size=size)
    return tr("picture replaced, {before} → {after}", before=words.of_bytes(file["before"]), after=size)


# --- the document -----------------------------------------------------------------------------------------


def report(found: Data) -> Report:
    """Return the document: what became of every group, and why something could not be written."""
    groups, failed = found["groups"], found["failed"]
    untold = failed is not None and failed not in [group.get("error") for group in groups]
    summary = _summary(found)
    return Report(
        verb="accept",
        verdict=str(summary),
        status=_STATUSES["failed" if failed else "accepted"],
        summary=summary,
        entries=tuple(map(_entry, groups)),
        banners=(words.problem_banner(failed["message"], failed["hint"]),) if untold else (),
    )


def _summary(found: Data) -> Summary:
    """Count the accepted groups, and by status the others."""
    count = Counter[str](group["status"] for group in found["groups"])
    unchanged, refused, unreadable = count["unchanged"], count["refused"], count["unreadable"]
    declined, failed = count["declined"], count["failed"]
    others = (
        tr("{groups} nothing to accept", groups=unchanged) if unchanged else "",
        tr_n("{n} not accepted", "{n} not accepted", refused) if refused else "",
        tr_n("{n} unreadable", "{n} unreadable", unreadable) if unreadable else "",
        tr_n("{n} not accepted, as you said", "{n} not accepted, as you said", declined) if declined else "",
        tr("{groups} could not be written", groups=failed) if failed else "",
    )
    head = tr_n("{n} group accepted", "{n} groups accepted", count["accepted"])
    return words.summary(head, filter(None, others))


def _entry(group: Data) -> Entry:
    return Entry(
        name=group["name"],
        status=_STATUSES[group["status"]],
        id=group["id"] or "",
        fields=tuple(_fields(group)),
        notes=(*group["notes"], *group["left"]),
    )


def _fields(group: Data) -> Iterator[Field]:
    """Yield which fields are in the files now, and why something is not."""
    if group["fields"]:
        label = tr("but for") if group["status"] == "failed" else tr("fields")
        yield Field(key="fields", label=label, said=", ".join(group["fields"]))
    if "error" in group:
        yield from words.why_not(Problem(**group["error"]))
