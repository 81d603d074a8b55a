"""A drift as a page: the verdict, then every group that differs, with three values a field. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.reports import html_values
from reconciler.reports.html import NO_PICTURES, facts_of, render
from reconciler.reports.html_page import (
    Banner,
    Card,
    Entry,
    Listing,
    Mark,
    Page,
    Row,
    Section,
    Someone,
    Tone,
    Value,
)
from reconciler.reports.html_values import Album, notes_table
from reconciler.reports.phrases import counted
from reconciler.reports.shapes import PictureView

if TYPE_CHECKING:
    from reconciler.model.drift import Cause, DriftStatus, FieldName
    from reconciler.model.thumbnail import Thumbnails
    from reconciler.reports.drift_shapes import DriftView, FieldDriftView, GroupDriftView, PersonDriftView
    from reconciler.reports.run import Run

COLUMNS = ("Desired", "Last applied", "Live")

MARKS: dict[DriftStatus, Mark] = {
    "drifted": Mark("drifted", "Drifted", "bad"),
    "missing": Mark("missing", "Missing", "bad"),
    "blocked": Mark("blocked", "Blocked", "warn"),
    "unreadable": Mark("unreadable", "Unreadable", "bad"),
    "pending": Mark("pending", "Not applied yet", "change"),
    "held": Mark("held", "On hold", "quiet"),
    "in_sync": Mark("in_sync", "In sync", "good"),
}
UNMANAGED = Mark("unmanaged", "Unmanaged", "quiet")

_LEADS: dict[DriftStatus, str] = {
    "drifted": "Somebody changed these outside the manifests, or nobody knows who did.",
    "missing": "These groups are gone, as far as the API says.",
    "blocked": "Something has to be put right first; the notes say what.",
    "unreadable": "The API did not say how these are, so nobody knows whether they are in sync.",
    "pending": "The manifests want something that has not been applied yet. That is no drift.",
    "held": "Read and reported, and left alone until the hold ends.",
    "in_sync": "",
}

_CAUSES: dict[Cause, tuple[str, Tone]] = {
    "edited_outside": ("edited outside", "bad"),
    "not_applied": ("not yet applied", "change"),
    "both": ("edited outside, and not yet applied", "bad"),
    "unknown": ("nothing on record says who", "warn"),
}

_LABELS: dict[FieldName, tuple[str, str]] = {
    "ensure": ("ensure", "Ensure"),
    "admins": ("admins", "Admins"),
    "members": ("members", "Members"),
    "link_version": ("link", "Link"),
    "subject": ("subject", "Subject"),
    "icon": ("icon", "Icon"),
}


def render_drift(view: DriftView, run: Run, thumbnails: Thumbnails = NO_PICTURES) -> str:
    """The page of a drift."""
    return render(drift_page(view, facts_of(run), thumbnails))


def drift_page(view: DriftView, facts: tuple[tuple[str, str], ...], thumbnails: Thumbnails) -> Page:
    """The page of a drift; `facts` are what there is to say about the run."""
    album = Album(thumbnails)
    title, mark, sentences = _verdict(view)
    quiet = [group for group in view.groups if group.status == "in_sync"]
    return Page(
        kind="Drift",
        verdict=title,
        mark=mark,
        sentences=sentences,
        banners=_banners(view),
        facts=facts,
        cards=_cards(view),
        sections=tuple(_sections(view, album)),
        tables=tuple(notes_table((group.name, group.notes) for group in quiet)),
        listings=tuple(_listings(view, quiet)),
        pictures=album.drawn,
    )


def _verdict(view: DriftView) -> tuple[str, Mark, tuple[str, ...]]:
    """The one line that matters most, and sentences below it."""
    count = view.summary
    total = len(view.groups)
    found = [(count.drifted, "drifted"), (count.missing, "missing"), (count.blocked, "blocked")]
    bad = [f"{number} {word}" for number, word in found if number]
    rest = [f"{count.pending} not applied yet"] if count.pending else []
    rest += [f"{count.held} on hold"] if count.held else []
    of_all = (
        f"{count.in_sync} of {counted(total, 'group')} in sync" + "".join(f", {each}" for each in rest) + ".",
    )
    if bad:
        verdict = _listed(bad)
        return verdict if view.complete else f"At least {verdict}", MARKS["drifted"], of_all
    if not view.complete:
        return "Nobody knows whether all is in sync", MARKS["unreadable"], of_all
    if count.pending:
        return "No drift", MARKS["pending"], of_all
    if not view.in_sync:
        return "No drift, but what is on hold differs", MARKS["held"], of_all
    everything = "Everything is in sync"
    return (
        everything,
        MARKS["in_sync"],
        (f"All of {counted(total, 'group')} are as the manifests say.",) if total > 1 else of_all,
    )


def _listed(words: list[str]) -> str:
    """`1 drifted, 2 missing and 3 blocked`, with the first said in full."""
    number, _, word = words[0].partition(" ")
    first = f"{counted(int(number), 'group')} {word}"
    if len(words) == 1:
        return first
    return f"{', '.join((first, *words[1:-1]))} and {words[-1]}"


def _banners(view: DriftView) -> tuple[Banner, ...]:
    if view.complete:
        return (Banner("warn", "About this run", view.notes),) if view.notes else ()
    lines = list(view.notes)
    if view.summary.unreadable:
        lines.append(f"{counted(view.summary.unreadable, 'group')} could not be read.")
    return (Banner("bad", "Incomplete: not everything could be read", tuple(lines)),)


def _cards(view: DriftView) -> tuple[Card, ...]:
    count = view.summary
    numbers: tuple[tuple[DriftStatus, int], ...] = (
        ("drifted", count.drifted),
        ("missing", count.missing),
        ("blocked", count.blocked),
        ("unreadable", count.unreadable),
        ("pending", count.pending),
        ("held", count.held),
        ("in_sync", count.in_sync),
    )
    return (
        *(Card(MARKS[status], number) for status, number in numbers),
        Card(UNMANAGED, count.unmanaged, part=False),
    )


def _sections(view: DriftView, album: Album) -> Iterable[Section]:
    for status, mark in MARKS.items():
        groups = [group for group in view.groups if group.status == status]
        if groups and status != "in_sync":
            yield Section(mark, _LEADS[status], tuple(_entry(group, album) for group in groups))


def _entry(group: GroupDriftView, album: Album) -> Entry:
    commands = []
    if group.restore is not None:
        commands.append(("Restore" if group.status == "drifted" else "Apply", group.restore))
    if group.accept is not None:
        commands.append(("Keep", group.accept))
    absent = group.id is None
    notes = (
        ("There is no such group yet.", *group.notes) if absent and group.status == "pending" else group.notes
    )
    return Entry(
        name=group.name,
        id=group.id or "",
        place=_place(group),
        mark=MARKS[group.status],
        since="" if group.since is None else f"first seen {group.since:%Y-%m-%d %H:%M} UTC",
        columns=COLUMNS,
        rows=tuple(_row(field, group, album) for field in group.fields),
        notes=notes,
        commands=tuple(commands),
    )


def _row(field: FieldDriftView, group: GroupDriftView, album: Album) -> Row:
    key, label = _LABELS[field.field]
    cause, tone = _CAUSES[field.cause]
    several = len({each.cause for each in field.people}) > 1
    return Row(
        field=key,
        label=label,
        cause=cause,
        tone=tone,
        since="" if field.since is None else f"first seen {field.since:%Y-%m-%d %H:%M} UTC",
        values=_values(field, group, album),
        people=tuple(_someone(each, several) for each in field.people[: html_values.LISTED]),
        more=max(0, len(field.people) - html_values.LISTED),
    )


def _values(field: FieldDriftView, group: GroupDriftView, album: Album) -> tuple[Value, ...]:
    desired = _value(field, field.desired, group.name, album, "desired")
    live = _value(field, field.live, group.name, album, "live")
    last = _value(field, field.last_applied, group.name, album, "applied")
    if field.field == "ensure":
        last = Value(empty="nothing stays on record")
    elif not field.recorded:
        last = Value(empty="nothing on record" if field.cause == "unknown" else "not managed then")
    if group.id is None:
        live = Value(empty="no group")
    elif field.field == "link_version":
        live = Value(empty="not known: to ask for the link may make one")
    return desired, last, live


def _value(
    field: FieldDriftView,
    value: str | int | tuple[str, ...] | PictureView | None,
    name: str,
    album: Album,
    column: str,
) -> Value:
    match value:
        case None:
            return Value(empty="no icon" if field.field == "icon" else "not managed")
        case tuple():
            return html_values.people(value)
        case PictureView():
            show = {
                "desired": lambda: album.file(value),
                "applied": lambda: album.applied(name, value),
                "live": lambda: album.live(name, value),
            }
            return Value(picture=show[column]())
        case str() if field.field == "subject":
            return html_values.words(value)
        case _:
            return Value(text=f"{value}")


def _someone(person: PersonDriftView, several: bool) -> Someone:
    should = {
        "promote": "should be admin",
        "demote": "should not be admin",
        "remove": "should not be in the group",
    }[person.change]
    reason = person.reason if person.reason.startswith("left") else ""
    why = [should, reason, _CAUSES[person.cause][0] if several else ""]
    return Someone("+" if person.change == "promote" else "−", person.who, ", ".join(filter(None, why)))


def _listings(view: DriftView, quiet: list[GroupDriftView]) -> Iterable[Listing]:
    if quiet:
        items = tuple((group.name, " ".join(filter(None, (_place(group), group.id)))) for group in quiet)
        yield Listing("In sync", items, MARKS["in_sync"])
    if view.unmanaged:
        unmanaged = tuple(
            (found.subject or found.id, found.id if found.subject else "") for found in view.unmanaged
        )
        yield Listing("Unmanaged: live, without a manifest, never touched", unmanaged, UNMANAGED)


def _place(group: GroupDriftView) -> str:
    return "" if group.file is None else f"{group.file}:{group.line}"
