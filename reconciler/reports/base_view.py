"""The view of what a plan was compared with: counts of both causes, settings that change, what is called
off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.report.redact import labels
from reconciler.reports.base_shapes import BaseView, DroppedView, SettingView, ShareView
from reconciler.reports.change_view import change_view, people_of

if TYPE_CHECKING:
    from reconciler.model.change import ChangeKind
    from reconciler.model.plan import Action, Base, CauseOfChange, SettingChange
    from reconciler.report.redact import Redactor
    from reconciler.reports.plan_shapes import GroupView

_STUCK = ("blocked", "missing", "orphaned", "held", "unreadable")
_WHOLE: dict[ChangeKind, Action] = {"create_group": "create", "adopt_group": "adopt", "leave_group": "leave"}


def base_view(base: Base, groups: Iterable[GroupView], redactor: Redactor) -> BaseView:
    """The view of a base; `groups` are the views of the plan's groups, with their causes."""
    groups = tuple(groups)
    notes = [redactor.sentence(text) for text in base.warnings]
    if base.problem:
        notes.insert(0, redactor.sentence(base.problem))
    return BaseView(
        ref=redactor.untrusted(base.ref),
        commit=base.commit,
        loaded=not base.problem,
        this_change=_share(groups, "this_change"),
        before=_share(groups, "before"),
        settings=tuple(_setting(change, redactor) for change in base.settings),
        dropped=_dropped(base, redactor),
        notes=tuple(notes),
    )


def _dropped(base: Base, redactor: Redactor) -> tuple[DroppedView, ...]:
    return tuple(
        DroppedView(each.name, tuple(change_view(change, redactor, label) for change in each.changes))
        for each in base.attribution.dropped
        for label in (labels(redactor, people_of(each.changes)),)
    )


def part(group: GroupView, cause: CauseOfChange) -> Action | None:
    """What one cause does to a group: `create`, `adopt`, `update`, `leave`, or None for nothing."""
    kinds = [change.kind for change in group.changes if change.cause == cause]
    if not kinds:
        return None
    return next((action for kind, action in _WHOLE.items() if kind in kinds), "update")


def parts(groups: Iterable[GroupView], cause: CauseOfChange) -> list[GroupView]:
    """Groups with the changes of one cause alone, and with the action that these amount to. What the whole
    group will look like, and its notes, stand where this change's part is, or else with the other."""
    found = []
    for group in groups:
        changes = tuple(change for change in group.changes if change.cause == cause)
        action = part(group, cause)
        if changes and action:
            whole = cause == group.cause
            found.append(
                replace(
                    group,
                    action=action,
                    changes=changes,
                    admins_after=group.admins_after if whole else None,
                    notes=group.notes if whole else (),
                )
            )
    return found


def _share(groups: tuple[GroupView, ...], cause: CauseOfChange) -> ShareView:
    count = Counter(action for group in groups if (action := part(group, cause)))
    count.update(group.action for group in groups if group.action in _STUCK and group.cause == cause)
    return ShareView(
        create=count["create"],
        adopt=count["adopt"],
        update=count["update"],
        leave=count["leave"],
        blocked=count["blocked"],
        missing=count["missing"],
        orphaned=count["orphaned"],
        held=count["held"],
        unreadable=count["unreadable"],
        changes=sum(change.cause == cause for group in groups for change in group.changes),
        invites=sum(invite.cause == cause for group in groups for invite in group.to_invite),
    )


def _setting(change: SettingChange, redactor: Redactor) -> SettingView:
    shown = {"account": redactor.number, "alias": redactor.number, "ignore": redactor.group_id}.get(
        change.setting
    )
    before, after = (
        ", ".join(map(shown or redactor.untrusted, side)) for side in (change.before, change.after)
    )
    if before == after and before:  # masked, two numbers may look alike
        after += " (another number)"
    return SettingView(change.setting, redactor.untrusted(change.name), before, after)
