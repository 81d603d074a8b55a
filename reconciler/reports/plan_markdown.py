"""A plan in Markdown: what matters first, the rest unfolded on demand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reconciler.report.markdown_text import code, length, names, prose
from reconciler.reports import base_layout, base_view, phrases, plan_layout
from reconciler.reports.layout import awaited
from reconciler.reports.markdown import PEOPLE, about_whom, footer, listed, marked, title_of, whole
from reconciler.reports.markdown_page import BUDGET, Page, Section, page, sentences
from reconciler.reports.phrases import ACTIONS, counted
from reconciler.reports.plan_shapes import GroupView, PlanSummary, PlanView

if TYPE_CHECKING:
    from reconciler.report.section import Run
    from reconciler.reports.base_shapes import BaseView, ShareView
    from reconciler.reports.shapes import ObjectionView

NAMES = 15  # groups in a short list
MANY_NAMES = 200  # groups of which one thing is said together
STUCK = 20  # groups that are stuck, and settings that change
_DOING = ("create", "adopt", "update", "leave")
_STUCK = ("blocked", "missing", "unreadable", "held", "orphaned")


def render_plan(view: PlanView, run: Run, *, budget: int = BUDGET) -> str:
    """The plan: the verdict with both counts where there is a base, settings that change, what cannot be
    undone and what stands in the way, and group by group what would be done."""
    changed = [group for group in view.groups if group.changes]
    base = view.base
    top = [f"## {about_whom('Plan', run)}: {_plan_title(view)}"]
    if base is not None:
        top += [_settings(base), _about(base)]
    top += [_final(changed)]
    top += [_objection(objection) for objection in view.objections]
    top += [_incomplete(view.complete, view.notes, view.summary.unreadable)]
    if base is None:
        sections = [_changes("", changed, view.summary)]
    else:
        sections = [
            _changes("### Caused by this change", base_view.parts(changed, "this_change"), base.this_change),
            _changes(
                "### Merging also makes these",
                base_view.parts(changed, "before"),
                base.before,
                "Changed by hand, or not applied yet: they were due before this change.",
            ),
        ]
    sections = [section for section in sections if section.items or base is None]
    bottom = [_stuck(view.groups)]
    if base is not None:
        bottom += [listed(base_layout.dropped(base.dropped, STUCK))]
    bottom += [listed(phrases.joining(awaited(view.groups), PEOPLE)), footer(run)]
    made = page(top, sections, bottom, budget - length(marked(run, view.digest, Page("", 10**6, True))) - 1)
    return whole(made, run, view.digest)


def _plan_title(view: PlanView) -> str:
    if not any(group.changes for group in view.groups):
        return title_of(plan_layout.plan_summary(view), first=True)
    base = view.base
    if base is None:
        return prose(plan_layout.actions(view.summary))
    mine = prose(plan_layout.actions(base.this_change)) if base.this_change.changes else "no changes"
    also = f"{counted(base.before.changes, 'change')} in {counted(base.before.changed, 'group')}"
    return f"{mine} by this change" + (f" · {also} due before" if base.before.changes else "")


def _settings(base: BaseView) -> str:
    """What this change moves that protects people, before anything else."""
    if not base.settings:
        return ""
    lines = [
        f"> - {each.setting}{f' {code(each.name)}' if each.name else ''}: "
        f"{_value(each.before)} → {_value(each.after)}"
        for each in base.settings[:STUCK]
    ]
    if len(base.settings) > STUCK:
        lines.append(f"> - and {len(base.settings) - STUCK} more")
    head = "> **This change moves what protects people.** The plan was made without it; it holds once merged."
    return "\n".join((head, ">", *lines))


def _value(text: str) -> str:
    return code(text[:300]) if text else "not set"


def _about(base: BaseView) -> str:
    """What is wrong with the base, and what it is."""
    lines = [f"> - {prose(note)}" for note in base.notes]
    if not lines:
        return ""
    return "\n".join((f"> **About the base**, {code(base.ref)} ({code(base.commit[:12])})", ">", *lines))


def _changes(
    heading: str, groups: Sequence[GroupView], count: PlanSummary | ShareView, note: str = ""
) -> Section:
    """Names by action, and the groups one by one."""
    lists = []
    for action in _DOING:
        found = [group.name for group in groups if group.action == action]
        if found:
            symbol = ACTIONS[action][0]
            lists.append(f"- {code(symbol)} **{action}** ({len(found)}): {names(found, NAMES)}")
    told = sum(group.notices for group in groups) if isinstance(count, PlanSummary) else 0
    notices = [f"Members will see {counted(told, 'notice')}."] if told else []
    items = plan_layout.change_items(groups, PEOPLE, MANY_NAMES)
    intro = (note, "\n".join(lists), *notices)
    return Section(heading, intro, tuple(items), f"{counted(len(groups), 'group')}, change by change")


def _final(groups: Iterable[GroupView]) -> str:
    """What nobody can take back, before anything else."""
    left: list[str] = []
    revoked: list[str] = []
    removed: dict[str, int] = {}
    for group in groups:
        for change in group.changes:
            match change.kind:
                case "leave_group":
                    left.append(group.name)
                case "revoke_link":
                    revoked.append(group.name)
                case "remove_participants":
                    removed[group.name] = removed.get(group.name, 0) + len(change.people)
                case _:  # the others can be made undone by another change
                    pass
    lines = []
    if left:
        lines.append(f"{counted(len(left), 'group')} left for good: {names(left, NAMES)}")
    if removed:
        people = counted(sum(removed.values()), "person", "people")
        lines.append(f"{people} removed, who would have to join again: {names(removed, NAMES)}")
    if revoked:
        links = counted(len(revoked), "invite link")
        lines.append(f"{links} revoked, which stop working: {names(revoked, NAMES)}")
    if not lines:
        return ""
    return "\n".join(("> **Cannot be undone**", ">", *(f"> - {line}" for line in lines)))


def _objection(objection: ObjectionView) -> str:
    word = "**Refused**" if objection.lifted_by is None else "**Allowed**"
    cause = ", and was before this change" if objection.cause == "before" else ""
    lines = [f"> {word}: {code(objection.code)}{cause}", ">", f"> - {prose(objection.message[:1000])}"]
    if objection.groups:
        lines.append(f"> - in {names(objection.groups, NAMES)}")
    if objection.lifted_by is not None:
        lines.append(f"> - by {prose(objection.lifted_by[:300])}")
    return "\n".join(lines)


def _incomplete(complete: bool, notes: Sequence[str], unreadable: int) -> str:
    lines = [f"> - {prose(note)}" for note in notes[:STUCK]]
    if unreadable:
        lines.append(f"> - {counted(unreadable, 'group')} could not be read.")
    if complete and not lines:
        return ""
    head = "> **Notes**" if complete else "> **Incomplete:** not everything could be read."
    return "\n".join((head, ">", *lines) if lines else (head,))


def _stuck(groups: Sequence[GroupView]) -> str:
    """Groups that nothing is done about, and why; those that this change made so come first."""
    found = [group for group in groups if group.action in _STUCK]
    found.sort(key=lambda group: (group.cause == "before", _STUCK.index(group.action)))
    if not found:
        return ""
    items = [sentences(plan_layout.stuck_item(group, PEOPLE)) for group in found[:STUCK]]
    if len(found) > STUCK:
        items.append(f"- and {len(found) - STUCK} more")
    return "\n".join((f"**{counted(len(found), 'group')} that nothing is done about**", "", *items))
