"""What `import` tells: which manifests were written, which were not, and why. Nobody's number is in it,
though it may be in the manifests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from reconciler.report import words
from reconciler.report.model import Banner, Problem, Report, Status, Summary, Table, Word
from reconciler.report.redact import Redactor, shown_problem
from reconciler.report.section import Data, Told, once
from reconciler.report.words import counted, some

if TYPE_CHECKING:
    from reconciler.model.adoption import ImportOutcome, ImportResult

_STATUSES = words.by_key(
    Status("imported", "+", "Written", "good", "passed"),
    Status("bound", "+", "Bound in state now", "good", "passed"),
    Status("skipped", "=", "Left as they are", "quiet", "skipped"),
    Status("failed", "!", "Not written", "bad", "failure"),
    Status("unreadable", "!", "Could not be read", "bad", "error"),
    Status("not_begun", "…", "Not begun", "warn", "skipped"),
)
"""In the order in which they are told. `bound`: manifests that an earlier run wrote."""

_DRY = {"imported": "Would be written", "bound": "Would be bound in state"}


def told(result: ImportResult, redactor: Redactor) -> Told:
    """Return what there is to tell of an import."""
    facts = once(lambda: data(result, redactor))
    return Told(report=once(lambda: report(facts())), data=facts)


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
        "unsaved": words.data_of_problem(shown_problem(result.unsaved, redactor)),
        "refused": words.data_of_problem(shown_problem(result.refused, redactor)),
        "notes": [redactor.note(note) for note in result.notes],
    }


def _data_of_group(group: ImportOutcome, redactor: Redactor) -> Data:
    problem = words.data_of_problem(shown_problem(group.problem, redactor))
    return {
        "id": redactor.group_id(group.id),
        "subject": None if group.subject is None else redactor.untrusted(group.subject),
        "status": group.status,
        "name": group.name,
        "file": group.file,
        "icon": group.icon,
        "remarks": [redactor.sentence(remark) for remark in group.remarks],
        "bound": group.bound,
        **({} if problem is None else {"error": problem}),
    }


def report(found: Data) -> Report:
    """Return the document: a table a status, and what there is to say about the whole."""
    groups: dict[str, list[Data]] = {key: [] for key in _STATUSES}
    for group in found["groups"]:
        groups["bound" if group["bound"] and group["status"] == "skipped" else group["status"]].append(group)
    notes = tuple((note,) for note in found["notes"])
    summary = _summary(found, len(groups["bound"]))
    return Report(
        verb="import",
        verdict=str(summary),
        status=_STATUSES["imported"],
        summary=summary,
        tables=(
            *(_table(key, each, dry=found["dry_run"]) for key, each in groups.items() if each),
            *([Table("notes", "Notes", ("Note",), notes, whole=True)] if notes else []),
        ),
        banners=tuple(_banners((found["refused"], found["unsaved"]))),
    )


def _summary(found: Data, bound: int) -> Summary:
    """How many manifests, and what else became of groups."""
    count, dry = found["summary"], found["dry_run"]
    others = some(
        (
            (bound, f"{'would be ' if dry else ''}bound to a manifest that was there"),
            (count["skipped"] - bound, "left as they are"),
            (count["failed"], "not written"),
            (count["unreadable"], "could not be read"),
            (count["not_begun"], "not begun: run again for the rest"),
        )
    )
    if count["contacts"]:
        others.append(f"{counted(count['contacts'], 'person', 'people')} added to {found['contacts']}")
    head = f"{counted(count['imported'], 'manifest')} {'would be written' if dry else 'written'}"
    return Summary(head, f"{' · '.join(('', *others))}.")


def _banners(problems: Iterable[Data | None]) -> Iterator[Banner]:
    for problem in problems:
        if problem is not None:
            yield Banner(problem["message"], "bad", tuple(filter(None, [problem["hint"]])))


def _table(key: str, groups: Sequence[Data], *, dry: bool) -> Table:
    status = _STATUSES[key]
    title = _DRY.get(key, status.word) if dry else status.word
    lines = tuple(line for group in groups for line in _lines(group))
    return Table(key, title, ("Manifest", "Group"), lines, status=status, whole=True)


def _lines(group: Data) -> Iterator[tuple[str | Word, ...]]:
    subject = group["id"] if group["subject"] is None else f'"{group["subject"]}"'
    name = group["file"] or group["name"]
    yield (name, subject) if name else (subject,)
    yield from ((Word(f"  {remark}"),) for remark in group["remarks"])
    if "error" in group:
        yield (Word(f"  {words.of_problem(Problem(**group['error']))}", "bad"),)
