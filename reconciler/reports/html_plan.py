"""A plan as a page: the verdict, what cannot be undone, then every group as it is and will be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from reconciler.reports import base_view, html_base, html_values
from reconciler.reports.html import NO_PICTURES, facts_of, render
from reconciler.reports.html_changes import admins_row, rows_of
from reconciler.reports.html_page import Banner, Card, Entry, Listing, Mark, Page, Section, Table
from reconciler.reports.html_values import Album, notes_table
from reconciler.reports.phrases import counted, few

if TYPE_CHECKING:
    from reconciler.model.live import Thumbnails
    from reconciler.model.plan import Action, CauseOfChange
    from reconciler.report.section import Run
    from reconciler.reports.plan_shapes import GroupView, PlanView
    from reconciler.reports.shapes import ObjectionView

COLUMNS = ("Now", "After apply")

MARKS: dict[Action, Mark] = {
    "update": Mark("update", "Update", "change"),
    "create": Mark("create", "Create", "good"),
    "adopt": Mark("adopt", "Adopt", "change"),
    "leave": Mark("leave", "Leave", "bad"),
    "blocked": Mark("blocked", "Blocked", "warn"),
    "missing": Mark("missing", "Missing", "bad"),
    "unreadable": Mark("unreadable", "Unreadable", "bad"),
    "held": Mark("held", "On hold", "quiet"),
    "orphaned": Mark("orphaned", "Orphaned", "warn"),
    "none": Mark("none", "Unchanged", "good"),
}
UNMANAGED = Mark("unmanaged", "Unmanaged", "quiet")

_LEADS: dict[Action, str] = {
    "update": "These groups would be changed.",
    "create": "These groups do not exist yet.",
    "adopt": "Found by their subject or an earlier record, and bound from now on.",
    "leave": "The account would leave these groups. That is final.",
    "blocked": "Something has to be put right first; the notes say what.",
    "missing": "These groups are gone, as far as the API says.",
    "unreadable": "The API did not say how these are, so nothing is planned for them.",
    "held": "Left alone until the hold ends.",
    "orphaned": "Bound to a name that has no manifest any more.",
    "none": "",
}


def render_plan(view: PlanView, run: Run, thumbnails: Thumbnails = NO_PICTURES) -> str:
    """The page of a plan."""
    return render(plan_page(view, facts_of(run), thumbnails))


def plan_page(view: PlanView, facts: tuple[tuple[str, str], ...], thumbnails: Thumbnails) -> Page:
    """The page of a plan; `facts` are what there is to say about the run."""
    album = Album(thumbnails)
    title, mark, sentences = _verdict(view)
    if view.base is not None:
        facts = (*facts, ("Compared with", html_base.named(view.base)))
    quiet = [group for group in view.groups if group.action == "none"]
    return Page(
        kind="Plan",
        verdict=title,
        mark=mark,
        sentences=sentences,
        banners=tuple(_banners(view)),
        facts=facts,
        cards=_cards(view),
        sections=tuple(_sections(view, album)),
        tables=(
            *(html_base.dropped(view.base) if view.base else ()),
            *joining(view.groups),
            *notes_table((group.name, group.notes) for group in quiet),
        ),
        listings=tuple(_listings(view, quiet)),
        pictures=album.drawn,
    )


def _verdict(view: PlanView) -> tuple[str, Mark, tuple[str, ...]]:
    count = view.summary
    total = len(view.groups)
    changed = sum(bool(group.changes) for group in view.groups)
    told = sum(group.notices > 0 for group in view.groups)
    are = "is" if count.unchanged == 1 else "are"
    sentences = [f"{count.unchanged} of {counted(total, 'group')} {are} as the manifests say."]
    if changed:
        sentences.append(
            f"Members will see {counted(count.notices, 'notice')} in {counted(told, 'group')}."
            if told
            else "Members will see no notices."
        )
    title = f"{counted(changed, 'group')} would change"
    if view.base is not None:
        title, also = html_base.verdict(view.base)
        sentences.insert(0, also)
    refused = [objection for objection in view.objections if objection.lifted_by is None]
    if refused:
        return (
            f"Refused: {counted(len(refused), 'guard objects', 'guards object')}",
            Mark("blocked", "Refused", "bad"),
            (f"{title}.", *sentences),
        )
    if changed:
        return title, MARKS["update"], tuple(sentences)
    if not view.complete:
        return "Not everything could be read", MARKS["unreadable"], tuple(sentences)
    if count.blocked or count.missing:
        stuck = [
            f"{number} {word}"
            for number, word in ((count.blocked, "blocked"), (count.missing, "missing"))
            if number
        ]
        return "Nothing can be applied", MARKS["blocked"], (f"{' and '.join(stuck)}.", *sentences)
    return "Nothing to change", MARKS["none"], tuple(sentences)


def _banners(view: PlanView) -> Iterator[Banner]:
    if view.base is not None:
        yield from html_base.banners(view.base)
    if not view.complete:
        unreadable = view.summary.unreadable
        more = (f"{counted(unreadable, 'group')} could not be read.",) if unreadable else ()
        yield Banner("bad", "Incomplete: not everything could be read", (*view.notes, *more))
    elif view.notes:
        yield Banner("warn", "About this run", view.notes)
    yield from map(objection, view.objections)
    final = [line for group in view.groups for line in _final(group)]
    if final:
        more = (f"… and {len(final) - 12} more",) if len(final) > 12 else ()
        yield Banner("warn", "Cannot be undone", (*final[:12], *more))


def objection(found: ObjectionView) -> Banner:
    """A guard's refusal, and how it is or was lifted."""
    groups = (f"Groups: {few(found.groups, 12)}",) if found.groups else ()
    if found.cause == "before":
        groups = (*groups, "It was there before this change.")
    if found.lifted_by is not None:
        lines = (found.message, *groups, f"Allowed by {found.lifted_by}")
        return Banner("warn", f"{found.code}: allowed", lines)
    how = (
        f"To lift it: --allow {found.code}, or an entry under `allow:` in reconciler.yaml"
        if found.liftable
        else "Nothing lifts this one."
    )
    return Banner("bad", f"{found.code}: nothing will be applied", (found.message, *groups, how))


def _final(group: GroupView) -> Iterator[str]:
    for change in group.changes:
        match change.kind:
            case "remove_participants":
                people = counted(len(change.people), "person", "people")
                yield f"{group.name}: {people} removed ({few([person.who for person in change.people])})"
            case "revoke_link":
                yield f"{group.name}: the invite link stops working"
            case "leave_group":
                yield f"{group.name}: the account leaves the group"
            case _:
                pass


def _cards(view: PlanView) -> tuple[Card, ...]:
    count = view.summary
    numbers: tuple[tuple[Action, int], ...] = (
        ("create", count.create),
        ("update", count.update),
        ("adopt", count.adopt),
        ("leave", count.leave),
        ("blocked", count.blocked),
        ("missing", count.missing),
        ("unreadable", count.unreadable),
        ("held", count.held),
        ("orphaned", count.orphaned),
        ("none", count.unchanged),
    )
    return (
        *(Card(MARKS[action], number) for action, number in numbers),
        Card(UNMANAGED, count.unmanaged, part=False),
    )


def _sections(view: PlanView, album: Album) -> Iterator[Section]:
    """By action; beside a base what this change causes comes first, then what was due before."""
    if view.base is not None:
        for cause, (mark, lead) in html_base.PARTS.items():
            groups = base_view.parts(view.groups, cause)
            if groups:
                yield Section(mark, lead, tuple(_entry(group, album, cause) for group in groups))
    for action, mark in MARKS.items():
        if action == "none" or (view.base is not None and action in ("update", "create", "adopt", "leave")):
            continue
        groups = [group for group in view.groups if group.action == action]
        if groups:
            yield Section(mark, _LEADS[action], tuple(_entry(group, album) for group in groups))


def _entry(group: GroupView, album: Album, cause: CauseOfChange | None = None) -> Entry:
    rows = rows_of(group.name, group.changes, album)
    if group.admins_after is not None and group.action != "create":
        rows = admins_row(rows, group.admins_after)
    waiting = rows_of(group.name, group.withheld, album, cause="waits")
    return Entry(
        name=group.name,
        id=group.id or "",
        place=_place(group),
        mark=MARKS[group.action],
        columns=COLUMNS,
        rows=(*rows, *waiting),
        notes=group.notes,
        origin=cause or group.cause or "",
        commands=(("Apply", f"reconciler apply --target {group.name}"),) if group.changes else (),
    )


def joining(groups: Iterable[GroupView]) -> Iterator[Table]:
    """Who has yet to join, one row a person and role."""
    found: dict[tuple[str, str], list[str]] = {}
    for group in groups:
        for invite in group.to_invite:
            found.setdefault((invite.person, invite.role), []).append(group.name)
    if not found:
        return
    people = sorted(found.items(), key=lambda item: (item[0][0].startswith("+"), item[0]))
    rows = [(person, role, few(names)) for (person, role), names in people[: html_values.LISTED]]
    if len(people) > len(rows):
        rows.append((f"… and {len(people) - len(rows)} more", "", ""))
    lead = "Not changes: people join by the link. Next: reconciler invites"
    yield Table("joining", "Still to join", lead, ("Person", "As", "Groups"), tuple(rows))


def _listings(view: PlanView, quiet: list[GroupView]) -> Iterator[Listing]:
    if quiet:
        items = tuple((group.name, " ".join(filter(None, (_place(group), group.id)))) for group in quiet)
        yield Listing("Unchanged", items, MARKS["none"])
    if view.unmanaged:
        unmanaged = tuple(
            (found.subject or found.id, found.id if found.subject else "") for found in view.unmanaged
        )
        yield Listing("Unmanaged: live, without a manifest, never touched", unmanaged, UNMANAGED)


def _place(group: GroupView) -> str:
    return "" if group.file is None else f"{group.file}:{group.line}"
