"""What `apply` tells: what became of every change, what stopped the rest, and what was not saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import Problem
from reconciler.language import msg, msg_p, tr, tr_n
from reconciler.model.change import ChangePeople, CreateGroup, SetValue
from reconciler.report import changes, words
from reconciler.report.changes import ACTIONS
from reconciler.report.model import Banner, Column, Count, Entry, Field, Report, Status, Summary
from reconciler.report.redact import Redactor, labels, shown_problem
from reconciler.report.section import Cell, Data, Rows, Told, once

if TYPE_CHECKING:
    from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome, PersonOutcome, PersonStatus

COLUMNS = (
    Column(msg_p("a column of values", "before"), "-"),
    Column(msg_p("a column of values", "after"), "+"),
)

STATUSES = words.by_key(
    Status(
        "failed",
        "✗",
        msg_p("what became of a change", "failed"),
        "bad",
        "failure",
        msg("Something could not be done here."),
    ),
    Status(
        "unknown",
        "?",
        msg_p("what became of a change", "unknown"),
        "bad",
        "failure",
        msg("It is not known yet whether everything took effect; the next run looks first."),
    ),
    Status(
        "skipped",
        "–",
        msg_p("what became of a change", "skipped"),
        "warn",
        "skipped",
        msg("Not everything was sent."),
    ),
    Status(
        "done",
        "✓",
        msg_p("what became of a change", "done"),
        "good",
        "passed",
        msg("Done, and seen by reading the groups again."),
    ),
)
"""What became of a change, and of a group: the worst of its changes, in this order."""

_CHANGES: Mapping[str, Callable[[int], str]] = {
    "done": lambda n: tr_n("{n} done", "{n} done", n),
    "failed": lambda n: tr_n("{n} failed", "{n} failed", n),
    "skipped": lambda n: tr_n("{n} skipped", "{n} skipped", n),
    "unknown": lambda n: tr_n("{n} unknown", "{n} unknown", n),
}
"""How a number of changes is told, by what became of them."""

_ENDED: Mapping[PersonStatus, str] = {
    "done": msg("added"),
    "invite": msg("does not want to be added by others: is to be invited"),
    "left": msg("has left, which is their decision"),
    "failed": msg("could not be added"),
}
"""What became of somebody who was to be added."""
_STUCK = ("unreadable", "missing", "blocked", "held", "orphaned")


def told(result: ApplyResult, redactor: Redactor) -> Told:
    """Return what there is to tell of an apply."""
    return Told(
        report=once(lambda: report(result, redactor)),
        data=once(lambda: data(result, redactor)),
        rows=once(lambda: rows(result, redactor)),
    )


# --- the document -----------------------------------------------------------------------------------------


def report(result: ApplyResult, redactor: Redactor) -> Report:
    """Return the document of an apply, group by group in the plan's order."""
    ended = Counter[str](outcome.status for group in result.groups for outcome in group.outcomes)
    stuck = Counter[str](group.action for group in result.groups if not group.outcomes)
    verdict, status = _verdict(result, ended)
    worked = sum(bool(group.outcomes) for group in result.groups)
    return Report(
        verb="apply",
        verdict=verdict,
        status=status,
        sentences=(
            tr_n(
                "Worked on {worked} of {n} group.",
                "Worked on {worked} of {n} groups.",
                len(result.groups),
                worked=worked,
            ),
        ),
        summary=_summary(result, ended),
        banners=_banners(result, redactor),
        counts=(
            *(Count(status, ended[key]) for key, status in STATUSES.items()),
            *(Count(ACTIONS[key], stuck[key], share=False) for key in (*_STUCK, "none")),
        ),
        entries=tuple(_entry(group, redactor) for group in result.groups),
        tables=changes.joining(
            changes.Joining(group.name, redactor.named(invite.person), invite.role)
            for group in result.groups
            for invite in group.joining
        ),
    )


def _verdict(result: ApplyResult, ended: Counter[str]) -> tuple[str, Status]:
    """The line that matters most, and how it is meant."""
    done = _CHANGES["done"](ended["done"])
    if failed := ended["failed"]:
        verdict = tr_n("{n} change failed, {done}", "{n} changes failed, {done}", failed, done=done)
        return verdict, STATUSES["failed"]
    if unknown := ended["unknown"]:
        verdict = tr_n("{n} change unknown, {done}", "{n} changes unknown, {done}", unknown, done=done)
        return verdict, STATUSES["unknown"]
    if skipped := ended["skipped"]:
        verdict = tr_n("{n} change skipped, {done}", "{n} changes skipped, {done}", skipped, done=done)
        return verdict, STATUSES["skipped"]
    actions = {group.action for group in result.groups}
    if actions & {"blocked", "missing"} or not result.complete:
        if not ended["done"]:
            return tr("Nothing could be applied"), ACTIONS["blocked"]
        verdict = tr_n("{n} change done, not all groups", "{n} changes done, not all groups", ended["done"])
        return verdict, ACTIONS["blocked"]
    if not ended["done"]:
        return tr("Nobody to promote") if result.plan.ready_only else tr("Nothing to do"), ACTIONS["none"]
    return tr_n("{n} change done", "{n} changes done", ended["done"]), STATUSES["done"]


def _summary(result: ApplyResult, ended: Counter[str]) -> Summary:
    """Changes by what became of them, and the groups that are stuck."""
    actions = Counter[str](group.action for group in result.groups)
    stuck = words.of_groups(actions, ("blocked", "missing", "unreadable", "held"))
    if not any(group.outcomes for group in result.groups):
        if result.plan.ready_only:
            return changes.nobody(len(result.groups), stuck)
        could_not = actions["blocked"] or actions["missing"] or actions["unreadable"]
        verdict = tr("Nothing could be applied.") if could_not else tr("Nothing to do.")
        return changes.nothing(verdict, actions["none"], stuck)
    told = ("done", "failed", "skipped", *(["unknown"] if ended["unknown"] else []))
    found = [_CHANGES[key](ended[key]) for key in told]
    others = [*words.of_groups(actions, ("none",)), *stuck]
    good = not (ended["failed"] or ended["skipped"] or ended["unknown"])
    return Summary(
        ", ".join(found), f"{''.join(f' · {each}' for each in others)}.", "good" if good else "bad"
    )


def _banners(result: ApplyResult, redactor: Redactor) -> tuple[Banner, ...]:
    unreadable = sum(group.action == "unreadable" for group in result.groups)
    notes = tuple(map(redactor.note, result.plan.notes))
    return (
        *words.reading(complete=result.complete, notes=notes, unreadable=unreadable),
        *changes.objections(result.plan.objections, redactor),
        *_unsaved(shown_problem(result.unsaved, redactor), result.bind),
        *_interrupted(interrupted=result.interrupted),
    )


def _unsaved(problem: Problem | None, bind: tuple[tuple[str, str], ...]) -> Iterator[Banner]:
    """Say why the state was not saved, and how to find again what only it would know."""
    if problem is not None:
        lines = [problem.message, *filter(None, [problem.hint])]
        if bind:
            lines.append(tr("Once it can be written, bind what was created:"))
            lines += [f"reconciler state bind {name} {group_id}" for name, group_id in bind]
        yield Banner(words.NOT_SAVED, "bad", tuple(lines), name="state", level="error", kind=problem.code)


def _interrupted(*, interrupted: bool) -> Iterator[Banner]:
    if interrupted:
        text = tr("Calls in flight were finished. Run apply again: it does exactly the rest.")
        yield Banner(tr("Interrupted"), "warn", (text,))


def _entry(group: GroupOutcome, redactor: Redactor) -> Entry:
    label = labels(redactor, changes.people_of(outcome.change for outcome in group.outcomes))
    created = any(isinstance(outcome.change, CreateGroup) for outcome in group.outcomes)
    location = group.plan.location if group.plan else None
    desired = group.plan.desired if group.plan else None
    return Entry(
        name=group.name,
        status=_status(group),
        id="" if group.id is None else redactor.group_id(group.id),
        subject=redactor.untrusted((desired and desired.subject) or ""),
        file=location.file if location else "",
        line=location.line if location else 0,
        aside=tr("new group") if created else "",
        columns=COLUMNS,
        fields=tuple(
            _field(outcome, changes.field_of(outcome.change, redactor, label, created=created), redactor)
            for outcome in group.outcomes
        ),
        notes=tuple(map(redactor.note, group.notes)),
    )


def _status(group: GroupOutcome) -> Status:
    """The worst that became of a group's changes; of one without any, what is done about it."""
    found = {outcome.status for outcome in group.outcomes}
    worst = next((status for key, status in STATUSES.items() if key in found), None)
    return worst or ACTIONS[group.action]


def _field(outcome: Outcome, field: Field, redactor: Redactor) -> Field:
    status = STATUSES[outcome.status]
    ended = {each.person.key: each for each in outcome.people}
    if ended and isinstance(outcome.change, ChangePeople):
        shown = (
            replace(person, why=_why(ended[each.key], outcome)) if each.key in ended else person
            for each, person in zip(outcome.change.people, field.people, strict=True)
        )
        field = replace(field, people=tuple(shown))
    return replace(field, status=status, tone=status.tone, problem=shown_problem(outcome.problem, redactor))


# --- plain data: `apply` in `schemas/` --------------------------------------------------------------------


def _why(ended: PersonOutcome, outcome: Outcome) -> str:
    """Return what became of one person; the reason as well, where it is not the one given for all."""
    why = tr(_ENDED[ended.status])
    return why if ended.problem in (None, outcome.problem) else f"{why}: {tr(ended.problem.message)}"


def data(result: ApplyResult, redactor: Redactor) -> Data:
    """Return the JSON document of an apply, as `apply` in `schemas/` says."""
    ended = Counter[str](outcome.status for group in result.groups for outcome in group.outcomes)
    actions = Counter[str](group.action for group in result.groups)
    return {
        "format_version": 1,
        "kind": "apply",
        "complete": result.complete,
        "interrupted": result.interrupted,
        "summary": {
            **{key: ended[key] for key in ("done", "failed", "skipped", "unknown")},
            **{key: actions[key] for key in ("blocked", "missing", "held")},
        },
        "groups": [_data_of_group(group, redactor) for group in result.groups],
        "objections": [changes.data_of_objection(each, redactor) for each in result.plan.objections],
        "notes": [redactor.note(note) for note in result.plan.notes],
        "unsaved": words.data_of_problem(result.unsaved, redactor),
        "bind": [{"name": name, "id": group_id} for name, group_id in result.bind],
        "ready_only": result.plan.ready_only,
    }


def _data_of_group(group: GroupOutcome, redactor: Redactor) -> Data:
    return {
        "name": group.name,
        "id": None if group.id is None else redactor.group_id(group.id),
        "action": group.action,
        "outcomes": [_data_of_outcome(outcome, redactor) for outcome in group.outcomes],
        "to_invite": [changes.data_of_invite(invite, redactor) for invite in group.to_invite],
        "notes": [redactor.note(note) for note in group.notes],
    }


def _data_of_outcome(outcome: Outcome, redactor: Redactor) -> Data:
    change = outcome.change
    found: Data = {"kind": change.kind, "status": outcome.status}
    if isinstance(change, SetValue) and change.setting:
        found["setting"] = change.setting
    if outcome.people:
        found["people"] = [
            {
                "person": redactor.person(each.person.shown),
                "status": each.status,
                **words.error(each.problem, redactor),
            }
            for each in outcome.people
        ]
    return found | words.error(outcome.problem, redactor)


# --- the table --------------------------------------------------------------------------------------------


def rows(result: ApplyResult, redactor: Redactor) -> Rows:
    """Return a row a change with what became of it; a group that was not worked on has a row as well.

    Columns are a contract; values and people of a change are not in the JSON document.
    """
    columns = (
        "group", "action", "change", "before", "after", "people", "status", "code", "message", "hint", "file",
        "line", "setting",
    )  # fmt: skip
    return Rows(columns, tuple(row for group in result.groups for row in _rows_of(group, redactor)))


def _rows_of(group: GroupOutcome, redactor: Redactor) -> Iterator[tuple[Cell, ...]]:
    label = labels(redactor, changes.people_of(outcome.change for outcome in group.outcomes))
    location = group.plan.location if group.plan else None
    place = (location.file, location.line) if location else (None, None)
    for outcome in group.outcomes:
        change = changes.data_of_change(outcome.change, redactor, label)
        for people, status, problem in _ends(outcome, change, redactor, label):
            values = (words.in_a_cell(change.get(side)) for side in ("before", "after"))
            ended = (problem.code, problem.message, problem.hint) if problem else ("", "", "")
            kind, setting = change["kind"], change.get("setting")
            yield (group.name, group.action, kind, *values, people, status, *ended, *place, setting)
    if not group.outcomes:
        notes = " ".join(map(redactor.note, group.notes))
        yield (group.name, group.action, "", "", "", "", "", "", notes, "", *place, None)


def _ends(
    outcome: Outcome, change: Data, redactor: Redactor, label: changes.Label
) -> Iterator[tuple[Cell, str, Problem | None]]:
    """Return people, what became of them, and why: one by one where they ended one by one."""
    for each in outcome.people:
        yield label(each.person.shown), each.status, shown_problem(each.problem, redactor)
    if not outcome.people:
        people = words.in_a_cell(change.get("people"))
        yield people, outcome.status, shown_problem(outcome.problem, redactor)
