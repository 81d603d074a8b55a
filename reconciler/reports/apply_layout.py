"""What a text report says of an apply from top to bottom: items, not yet drawn. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.reports import phrases
from reconciler.reports.layout import awaited, head_of, incomplete, nobody, nothing
from reconciler.reports.phrases import ACTIONS, Cell, Field, Item, Row, plain

if TYPE_CHECKING:
    from reconciler.reports.apply_shapes import ApplyView, GroupOutcomeView, OutcomeView
    from reconciler.reports.shapes import ProblemView

OUTCOMES = {"done": ("✓", "add"), "failed": ("✗", "bad"), "skipped": ("–", "warn"), "unknown": ("?", "bad")}
"""Symbol and style of what became of a change."""


def apply_items(view: ApplyView, limit: int) -> list[Item]:
    """What became of each change, groups that are stuck, people to join, what was not saved."""
    worked = [group for group in view.groups if group.outcomes]
    stuck = [group for group in view.groups if not group.outcomes and group.action != "none"]
    unreadable = sum(group.action == "unreadable" for group in view.groups)
    return [
        *(_ended(group, limit) for group in worked),
        *(_stuck(group) for group in stuck),
        *phrases.joining(awaited(view.groups), limit),
        *incomplete(view.complete, view.notes, unreadable),
        *phrases.objections(view.objections),
        *_unsaved(view.unsaved, view.bind),
        *_interrupted(view.interrupted),
    ]


def apply_summary(view: ApplyView) -> Cell:
    """One line: changes by what became of them, and the groups that are stuck."""
    count = view.summary
    unreadable = sum(group.action == "unreadable" for group in view.groups)
    stuck = [
        f"{number} {word}"
        for number, word in (
            (count.blocked, "blocked"),
            (count.missing, "missing"),
            (unreadable, "unreadable"),
            (count.held, "on hold"),
        )
        if number
    ]
    unchanged = sum(group.action == "none" for group in view.groups)
    if not any(group.outcomes for group in view.groups):
        if view.ready_only:
            return nobody(len(view.groups), stuck)
        return nothing("Nothing to do.", unchanged, stuck)
    ended = [f"{count.done} done", f"{count.failed} failed", f"{count.skipped} skipped"]
    if count.unknown:
        ended.append(f"{count.unknown} unknown")
    tail = "".join(f" · {each}" for each in ([f"{unchanged} unchanged"] if unchanged else []) + stuck)
    good = not (count.failed or count.skipped or count.unknown)
    return (
        (", ".join(ended), "add" if good else "bad"),
        (f"{tail}.", ""),
    )


def _ended(group: GroupOutcomeView, limit: int) -> Item:
    symbol, style = OUTCOMES[_worst(group.outcomes)]
    _, word, action_style = ACTIONS[group.action]
    head = ((f"{symbol} ", style), (group.name, "strong"), (f"  {word}" if word else "", action_style))
    fields: list[Field] = []
    following = [outcome for _, outcome in pairwise((*group.outcomes, None))]
    for outcome, after in zip(group.outcomes, following, strict=True):
        symbol, style = OUTCOMES[outcome.status]
        label, what = phrases.brief(outcome.change, limit)
        rows: list[Row] = [((*plain(f"{symbol} ", style), *plain(f"{label:<8} "), *what),)]
        if outcome.problem and not (after and after.problem == outcome.problem):
            rows += _problem(outcome.problem)
        fields.append(Field("", tuple(rows)))
    return Item(head, "", tuple(fields), (group.name,))


def _stuck(group: GroupOutcomeView) -> Item:
    """Blocked, missing, unreadable, on hold: why."""
    fields = tuple(Field("", ((plain(note),),)) for note in group.notes)
    return Item(head_of(group), "", fields, (group.name,))


def _worst(outcomes: tuple[OutcomeView, ...]) -> str:
    found = {outcome.status for outcome in outcomes}
    return next(status for status in ("failed", "unknown", "skipped", "done") if status in found)


def _problem(problem: ProblemView) -> list[Row]:
    """An error under the change that it stopped; equal ones in a row are said once, after the last."""
    rows: list[Row] = [(plain("  "), plain(problem.message, "bad"))]
    if problem.hint:
        rows.append((plain("  "), plain(problem.hint, "dim")))
    return rows


def _unsaved(problem: ProblemView | None, bind: tuple[tuple[str, str], ...]) -> list[Item]:
    if problem is None:
        return []
    fields = [Field("", ((plain(text),),)) for text in (problem.message, problem.hint) if text]
    if bind:
        fields.append(Field("", ((plain("Once it can be written, bind what was created:"),),)))
        fields += [Field("", ((plain(f"reconciler state bind {name} {id}"),),)) for name, id in bind]
    return [Item((("! ", "bad"), ("The state could not be saved", "bad")), "", tuple(fields))]


def _interrupted(interrupted: bool) -> list[Item]:
    if not interrupted:
        return []
    text = "Calls in flight were finished. Run apply again: it does exactly the rest."
    return [Item((("! ", "warn"), ("Interrupted", "warn")), "", (Field("", ((plain(text),),)),))]
