"""What a text report says of a plan from top to bottom: items, not yet drawn. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.reports import phrases
from reconciler.reports.layout import awaited, head_of, incomplete, nobody, nothing
from reconciler.reports.phrases import ACTIONS, Cell, Field, Item, Row, counted, plain

if TYPE_CHECKING:
    from reconciler.reports.base_shapes import BaseView, ShareView
    from reconciler.reports.plan_shapes import GroupView, PlanSummary, PlanView

SHARED = 4  # groups in which an equal change is said once
IN_A_ROW = 5  # names in a row of a list that is not wrapped

_Key = tuple[str, Field]


def plan_items(view: PlanView, limit: int, joining: bool = True) -> list[Item]:
    """Changes, groups that are stuck, notes, people to join (unless they are told of elsewhere), what is
    incomplete, objections; lists of people end after `limit`."""
    changed = [group for group in view.groups if group.changes]
    stuck = [group for group in view.groups if not group.changes and group.action != "none"]
    unchanged = [group for group in view.groups if group.action == "none"]
    return [
        *(change_items(changed, limit) if view.base is None else _attributed(view.base, changed, limit)),
        *(stuck_item(group, limit) for group in stuck),
        *phrases.notes((group.name, note) for group in unchanged for note in group.notes),
        *(phrases.joining(awaited(view.groups), limit) if joining else ()),
        *incomplete(view.complete, view.notes, view.summary.unreadable),
        *phrases.objections(view.objections),
    ]


def _attributed(base: BaseView, changed: Sequence[GroupView], limit: int) -> list[Item]:
    """Settings that change, what this change causes, what would be done without it as well, and what it calls
    off."""
    from reconciler.reports import base_layout, base_view

    items = base_layout.settings(base)
    mine = base_view.parts(changed, "this_change")
    if mine:
        items.append(Item(plain("Caused by this change", "strong"), f"since {base.ref}"))
        items += change_items(mine, limit)
    theirs = base_view.parts(changed, "before")
    if theirs:
        items.append(Item(plain("Merging also makes these: they were due before", "strong")))
        items += change_items(theirs, limit)
    return [*items, *base_layout.dropped(base.dropped, limit)]


def plan_summary(view: PlanView) -> Cell:
    """One line: counts by action, and what the members will notice; with a base, of what this change causes,
    and how much there is besides."""
    count = view.summary
    others = [
        f"{number} {word}"
        for number, word in (
            (count.blocked, "blocked"),
            (count.missing, "missing"),
            (count.unreadable, "unreadable"),
            (count.held, "on hold"),
            (count.orphaned, "orphaned"),
            (count.unmanaged, "unmanaged"),
        )
        if number
    ]
    if not any(group.changes for group in view.groups):
        if view.ready_only:
            return nobody(len(view.groups), others)
        stuck = count.blocked or count.missing or count.unreadable
        return nothing("Nothing can be applied." if stuck else "No changes.", count.unchanged, others)
    told = sum(group.notices > 0 for group in view.groups)
    notices = (
        f"Members will see {counted(count.notices, 'notice')} in {counted(told, 'group')}."
        if told
        else "Members will see no notices."
    )
    tail = " · ".join((f"{count.unchanged} unchanged", *others))
    if view.base is not None:
        mine, also = attributed(view.base)
        return ((mine, "strong"), (f" {also} {tail[0].upper()}{tail[1:]}. {notices}", ""))
    return ((actions(count), "strong"), (f" · {tail}. {notices}", ""))


def attributed(base: BaseView) -> tuple[str, str]:
    """A sentence about what this change causes, and one about what would be done without it as well."""
    mine, theirs = base.this_change, base.before
    also = (
        f"Merging also makes {counted(theirs.changes, 'change')} in {counted(theirs.changed, 'group')}."
        if theirs.changes
        else "Nothing else was due."
    )
    return f"This change: {actions(mine)}." if mine.changes else "This change causes no changes.", also


def actions(count: PlanSummary | ShareView) -> str:
    """`1 to create, 2 to update, 0 to leave`."""
    found = [f"{count.create} to create", f"{count.update} to update", f"{count.leave} to leave"]
    if count.adopt:
        found.insert(1, f"{count.adopt} to adopt")
    return ", ".join(found)


def change_items(groups: Sequence[GroupView], limit: int, most: int | None = None) -> list[Item]:
    """Group by group; what is equal in `SHARED` groups or more follows once, with their names: all of them,
    or the first `most`."""
    fields = {group.name: _fields(group, limit) for group in groups}
    owners: dict[_Key, list[str]] = {}
    for group in groups:
        for field in fields[group.name]:
            owners.setdefault(_key(group, field), []).append(group.name)
    shared = {key: names for key, names in owners.items() if len(names) >= SHARED}
    items = []
    for group in groups:
        own = [field for field in fields[group.name] if _key(group, field) not in shared]
        if own:
            also = [field for field in fields[group.name] if _key(group, field) in shared]
            items.append(Item(head_of(group), _place(group), (*own, *_also(also)), (group.name,)))
    together: dict[tuple[str, tuple[str, ...]], list[Field]] = {}
    for (action, field), names in shared.items():
        afters = {found.after for name in names for found in fields[name] if _bare(found) == _bare(field)}
        common = replace(field, after=afters.pop() if len(afters) == 1 else None)
        together.setdefault((action, tuple(names)), []).append(common)
    items += [_together(action, names, found, most) for (action, names), found in together.items()]
    return items


def _fields(group: GroupView, limit: int) -> list[Field]:
    # In a group that is only being created nobody but the account is admin, which says nothing.
    admins_after = None if group.action == "create" else group.admins_after
    fields = phrases.fields_of(group.changes, admins_after, limit)
    return fields + [Field("note", ((plain(note, "dim"),),)) for note in group.notes]


def _bare(field: Field) -> Field:
    """What makes two fields equal: where there are rows, the admins afterwards may differ."""
    return replace(field, after=None) if field.rows else field


def _key(group: GroupView, field: Field) -> _Key:
    return group.action, _bare(field)


def _also(fields: Iterable[Field]) -> list[Field]:
    labels = ", ".join(dict.fromkeys(field.label for field in fields))
    return [Field("also", ((plain(f"{labels}: below, with other groups", "dim"),),))] if labels else []


def _together(action: str, names: tuple[str, ...], fields: list[Field], most: int | None) -> Item:
    symbol, word, style = ACTIONS[action]
    head = ((f"{symbol} ", style), (f"{len(names)} groups", "strong"), (f"  {word}" if word else "", style))
    return Item(head, "", (Field("", _listed(names, most)), *fields), names)


def _listed(names: tuple[str, ...], most: int | None) -> tuple[Row, ...]:
    """All names in one row, which is wrapped; or the first `most`, some to a row."""
    if most is None:
        return ((plain(", ".join(names)),),)
    rows = [names[start : start + IN_A_ROW] for start in range(0, min(len(names), most), IN_A_ROW)]
    more = [plain(f"… and {len(names) - most} more")] if len(names) > most else []
    return tuple((cell,) for cell in (*(plain(", ".join(row)) for row in rows), *more))


def _place(group: GroupView) -> str:
    return "" if group.file is None else f"{group.file}:{group.line}"


def stuck_item(group: GroupView, limit: int) -> Item:
    """Blocked, missing, unreadable, on hold, orphaned: why, and what waits."""
    fields = [Field("", ((plain(note),),)) for note in group.notes]
    rows: list[Row] = []
    for change in group.withheld:
        label, what = phrases.brief(change, limit)
        rows.append((plain(label, "dim"), tuple((text, "dim") for text, _ in what)))
    if rows:
        fields.append(Field("waiting", tuple(rows)))
    return Item(head_of(group), _place(group), tuple(fields), (group.name,))
