"""Markdown for comments in pull requests, step summaries and issues: what matters first, the rest unfolded on
demand, and never more than a comment takes.

The first line is a hidden marker, by which the next run finds its comment and replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.reports import base_layout, base_view, drift_layout, layout, phrases
from reconciler.reports.markdown_page import BUDGET, Page, Section, item_block, page, sentences
from reconciler.reports.markdown_text import code, length, marker, names, prose
from reconciler.reports.phrases import ACTIONS, Cell, Item, counted
from reconciler.reports.run import FailureView, Run, ValidationView
from reconciler.reports.shapes import (
    ApplyView,
    BaseView,
    DriftView,
    GroupOutcomeView,
    GroupView,
    InviteView,
    ObjectionView,
    PlanSummary,
    PlanView,
    ShareView,
)

PEOPLE = 20  # of one kind of change in one group
NAMES = 15  # groups in a short list
MANY_NAMES = 200  # groups of which one thing is said together
STUCK = 20  # groups that are stuck, and settings that change
COMPLAINTS = 1000
_AROUND = 600  # characters for what stands around several reports in one, and around each of them

_DOING = ("create", "adopt", "update", "leave")
_STUCK = ("blocked", "missing", "unreadable", "held", "orphaned")


def budget(run: Run) -> int:
    """Characters for a run's report: all that a comment takes, or its share of that."""
    return BUDGET if run.share == 1 else max(_AROUND, (BUDGET - _AROUND) // run.share - _AROUND)


def render_plan(view: PlanView, run: Run, *, budget: int = BUDGET) -> str:
    """The plan: the verdict with both counts where there is a base, settings that change, what cannot be
    undone and what stands in the way, and group by group what would be done."""
    changed = [group for group in view.groups if group.changes]
    base = view.base
    top = [f"## {_about_whom('Plan', run)}: {_plan_title(view)}"]
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
        bottom += [_listed(base_layout.dropped(base.dropped, STUCK))]
    bottom += [_listed(phrases.joining(_joining(view.groups), PEOPLE)), _footer(run)]
    made = page(top, sections, bottom, budget - length(_marked(run, view.digest, Page("", 10**6, True))) - 1)
    return _whole(made, run, view.digest)


def render_apply(view: ApplyView, run: Run, *, budget: int = BUDGET) -> str:
    """What became of each change: what failed first."""
    groups = layout.apply_items(view, PEOPLE)
    joining = phrases.joining(_joining(view.groups), PEOPLE)
    worked = [item for item in groups if item.names]
    others = [item for item in groups if not item.names and item not in joining]
    good = {
        group.name
        for group in view.groups
        if group.outcomes and all(each.status == "done" for each in group.outcomes)
    }
    top = [
        f"## {_about_whom('Apply', run)}: {_title(layout.apply_summary(view))}",
        *(_listed([item]) for item in others),
    ]
    bad = tuple(item for item in worked if not good.issuperset(item.names))
    done = tuple(item for item in worked if good.issuperset(item.names))
    sections = [Section("", (), bad, "What was not done"), Section("", (), done, "What was done")]
    return _bounded(top, sections, run, budget, bottom=_listed(joining))


def render_drift(view: DriftView, run: Run, *, budget: int = BUDGET) -> str:
    """The verdict, and group by group what is wanted, was last applied and is there."""
    verdict, *items = drift_layout.drift_items(view, PEOPLE)
    summary = _title(drift_layout.drift_summary(view))
    # The title has these counts already; the other verdicts say more.
    verdicts = [text for text in _texts(verdict) if not text.startswith("Drift: ")]
    top = [f"## {_about_whom('Drift', run)}: {summary}", *(prose(text) for text in verdicts)]
    notes = [item for item in items if not item.names]
    section = Section("", (), tuple(item for item in items if item.names), "Group by group")
    count = view.summary
    quiet = view.complete and not (count.drifted or count.missing or count.blocked)
    return _bounded([*top, *(_listed([item]) for item in notes)], [section], run, budget, quiet=quiet)


def render_validation(view: ValidationView, run: Run, *, budget: int = BUDGET) -> str:
    """The verdict on the files, and every complaint with its place and its mend."""
    errors = sum(not complaint.warning for complaint in view.complaints)
    warnings = len(view.complaints) - errors
    if view.groups is None:
        title = counted(errors, "mistake")
    else:
        title = f"no mistakes in {counted(view.groups, 'group')}"
    title += f", {counted(warnings, 'warning')}" if warnings else ""
    return _bounded([f"## Files: {title}"], [_complaints(view)], run, budget)


def render_failure(view: FailureView, run: Run, *, budget: int = BUDGET) -> str:
    """Why there is no result."""
    top = [f"## {_about_whom(run.verb.capitalize(), run)} failed", f"**Error:** {prose(view.message[:1000])}"]
    top += [prose(view.hint[:1000])] if view.hint else []
    section = _complaints(ValidationView(view.complaints, None))
    return _bounded(top, [section], run, budget, quiet=False)


# --- plans ------------------------------------------------------------------------------------------------


def _about_whom(verb: str, run: Run) -> str:
    """The verb, and the account where the page is about one of several."""
    return f"{verb} ({code(run.section)})" if run.section and run.share == 1 else verb


def _plan_title(view: PlanView) -> str:
    if not any(group.changes for group in view.groups):
        return _title(layout.plan_summary(view), first=True)
    base = view.base
    if base is None:
        return prose(layout.actions(view.summary))
    mine = prose(layout.actions(base.this_change)) if base.this_change.changes else "no changes"
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
    items = layout.change_items(groups, PEOPLE, MANY_NAMES)
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
    items = [sentences(layout.stuck_item(group, PEOPLE)) for group in found[:STUCK]]
    if len(found) > STUCK:
        items.append(f"- and {len(found) - STUCK} more")
    return "\n".join((f"**{counted(len(found), 'group')} that nothing is done about**", "", *items))


def _joining(groups: Iterable[GroupView | GroupOutcomeView]) -> Iterable[tuple[str, InviteView]]:
    return ((group.name, invite) for group in groups for invite in group.to_invite)


# --- what all have in common ------------------------------------------------------------------------------


def _title(summary: Cell, *, first: bool = False) -> str:
    return " ".join(prose(text.strip()) for text, _ in summary[: 1 if first else None] if text.strip())


def _texts(item: Item) -> list[str]:
    """A head and sentences, as they would be printed."""
    rows = [row for field in item.fields for row in field.lines]
    lines = ["".join(text for text, _ in item.head)]
    return lines + ["".join(text for text, _ in cell) for row in rows for cell in row]


def _listed(items: Sequence[Item]) -> str:
    """Items that are about the whole run, each as a block."""
    return "\n\n".join(item_block(item) for item in items)


def _complaints(view: ValidationView) -> Section:
    found = sorted(view.complaints, key=lambda complaint: (complaint.warning, complaint))
    items = tuple(
        Item(
            (
                ("warning" if complaint.warning else "error", ""),
                (f"{complaint.mark}", "strong"),
                (complaint.message, ""),
                (f"({complaint.hint})" if complaint.hint else "", ""),
            ),
            names=(f"{number}",),
        )
        for number, complaint in enumerate(found[:COMPLAINTS])
    )
    return Section("", (), items, counted(len(found), "complaint"), "complaint")


def _footer(run: Run) -> str:
    facts = [f"reconciler {run.version}"]
    facts += [f"account {run.section}"] if run.section else []
    facts += [f"commit {run.commit[:12]}"] if run.commit else []
    facts += [f"API {run.api}"] if run.api else []
    return " · ".join(map(code, facts))


def _bounded(
    top: Sequence[str],
    sections: Sequence[Section],
    run: Run,
    budget: int,
    *,
    bottom: str = "",
    quiet: bool | None = None,
) -> str:
    """A page without a digest; `quiet` tells an issue whether there is anything to be told."""
    room = budget - length(_marked(run, "", Page("", 10**6, True), quiet)) - 1
    return _whole(page(top, sections, [bottom, _footer(run)], room), run, "", quiet)


def _marked(run: Run, digest: str, made: Page, quiet: bool | None = None) -> str:
    facts: dict[str, object] = {"kind": run.what, "digest": digest[:128], "truncated": made.truncated}
    facts |= {"cut": made.cut} if made.cut else {}
    return marker(facts | ({} if quiet is None else {"quiet": quiet}))


def _whole(made: Page, run: Run, digest: str, quiet: bool | None = None) -> str:
    return f"{_marked(run, digest, made, quiet)}\n{made.text}\n"
