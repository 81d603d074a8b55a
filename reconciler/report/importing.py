"""What `import` tells: which manifests were written, which were not, and why. Nobody's number is in it,
though it may be in the manifests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reconciler.errors import Problem
from reconciler.language import msg, tr, tr_n
from reconciler.report import words
from reconciler.report.model import Banner, Report, Status, Summary, Table, Word
from reconciler.report.redact import Redactor
from reconciler.report.section import Data, Told

if TYPE_CHECKING:
    from reconciler.model.adoption import ImportOutcome, ImportResult

_STATUSES = words.by_key(
    Status("imported", "+", msg("Written"), "good", "passed"),
    Status("bound", "+", msg("Bound in state now"), "good", "passed"),
    Status("skipped", "=", msg("Left as they are"), "quiet", "skipped"),
    Status("failed", "!", msg("Not written"), "bad", "failure"),
    Status("unreadable", "!", msg("Unreadable"), "bad", "error"),
    Status("not_begun", "…", msg("Not begun"), "warn", "skipped"),
)
"""In the order in which they are told. `bound`: manifests that an earlier run wrote."""

_DRY = {"imported": msg("Would be written"), "bound": msg("Would be bound in state")}


def told(result: ImportResult, redactor: Redactor) -> Told:
    """Return what there is to tell of an import."""
    return Told.of(lambda: data(result, redactor), report)


def data(result: ImportResult, redactor: Redactor) -> Data:
    """Return the JSON document, as `import` in `schemas/` says."""
    count = Counter[str](group.status for group in result.groups)
    statuses = ("imported", "skipped", "failed", "unreadable", "not_begun")
    return {
        "format_version": 1,
        "kind": "import",
        "complete": not any(count[key] for key in statuses[2:]) and result.unsaved is None,
        "dry_run": result.dry_run,
        "interrupted": result.interrupted,
        "summary": {**{key: count[key] for key in statuses}, "contacts": result.contacts},
        "groups": [_data_of_group(group, redactor) for group in result.groups],
        "contacts": result.contacts_file,
        "unsaved": words.data_of_problem(result.unsaved, redactor),
        "refused": words.data_of_problem(result.refused, redactor),
        "notes": [redactor.note(note) for note in result.notes],
    }


def _data_of_group(group: ImportOutcome, redactor: Redactor) -> Data:
    return {
        "id": redactor.group_id(group.id),
        "subject": None if group.subject is None else redactor.untrusted(group.subject),
        "status": group.status,
        "name": group.name,
        "file": group.file,
        "icon": group.icon,
        "remarks": [redactor.sentence(remark) for remark in group.remarks],
        "bound": group.bound,
        **words.error(group.problem, redactor),
    }


def report(found: Data) -> Report:
    """Return the document: a table a status, and what there is to say about the whole."""
    groups: dict[str, list[Data]] = {key: [] for key in _STATUSES}
    for group in found["groups"]:
        groups["bound" if group["bound"] and group["status"] == "skipped" else group["status"]].append(group)
    summary = _summary(found, len(groups["bound"]))
    return Report(
        verb="import",
        verdict=str(summary),
        status=_STATUSES["imported"],
        summary=summary,
        tables=(
            *(_table(key, each, dry=found["dry_run"]) for key, each in groups.items() if each),
            *words.note_table(found["notes"]),
        ),
        banners=tuple(_banners(found["refused"], found["unsaved"])),
    )


def _banners(refused: Data | None, unsaved: Data | None) -> Iterator[Banner]:
    if refused is not None:
        yield words.problem_banner(refused["message"], refused["hint"])
    if unsaved is not None:
        yield words.problem_banner(words.NOT_SAVED, unsaved["message"], unsaved["hint"])


def _summary(found: Data, bound: int) -> Summary:
    """Count the manifests, and what else became of groups."""
    count, dry = found["summary"], found["dry_run"]
    left = count["skipped"] - bound
    failed, unreadable, not_begun = count["failed"], count["unreadable"], count["not_begun"]
    others = []
    if bound and dry:
        others.append(
            tr_n(
                "{n} would be bound to a manifest that was there",
                "{n} would be bound to a manifest that was there",
                bound,
            )
        )
    elif bound:
        others.append(
            tr_n("{n} bound to a manifest that was there", "{n} bound to a manifest that was there", bound)
        )
    if left:
        others.append(tr_n("{n} left as they are", "{n} left as they are", left))
    if failed:
        others.append(tr_n("{n} not written", "{n} not written", failed))
    if unreadable:
        others.append(tr_n("{n} unreadable", "{n} unreadable", unreadable))
    if not_begun:
        others.append(
            tr_n("{n} not begun: run again for the rest", "{n} not begun: run again for the rest", not_begun)
        )
    if count["contacts"]:
        others.append(
            tr_n(
                "{n} person added to {file}",
                "{n} people added to {file}",
                count["contacts"],
                file=found["contacts"],
            )
        )
    written = count["imported"]
    head = (
        tr_n("{n} manifest would be written", "{n} manifests would be written", written)
        if dry
        else tr_n("{n} manifest written", "{n} manifests written", written)
    )
    return words.summary(head, others)


def _table(key: str, groups: Sequence[Data], *, dry: bool) -> Table:
    status = _STATUSES[key]
    title = _DRY.get(key, status.word) if dry else status.word
    lines = tuple(line for group in groups for line in _lines(group))
    return Table(key, title, (tr("Manifest"), tr("Group")), lines, status=status, whole=True)


def _lines(group: Data) -> Iterator[tuple[str | Word, ...]]:
    subject = group["id"] if group["subject"] is None else f'"{group["subject"]}"'
    name = group["file"] or group["name"]
    yield (name, subject) if name else (subject,)
    yield from ((Word(f"  {remark}"),) for remark in group["remarks"])
    if "error" in group:
        yield (Word(f"  {words.of_problem(Problem(**group['error']))}", "bad"),)
