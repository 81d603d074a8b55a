"""What a text report says of a drift from top to bottom: the verdict, then the groups. Pure, not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.reports import phrases
from reconciler.reports.phrases import Cell, Field, Item, Row, counted, few, plain
from reconciler.reports.shapes import PictureView

if TYPE_CHECKING:
    from reconciler.model.drift import Cause, DriftStatus, FieldName
    from reconciler.reports.drift_shapes import DriftView, FieldDriftView, GroupDriftView, PersonDriftView

STATUSES: dict[DriftStatus, tuple[str, str, str]] = {
    "drifted": ("~", "drifted", "bad"),
    "missing": ("!", "missing", "bad"),
    "blocked": ("!", "blocked", "bad"),
    "unreadable": ("!", "unreadable", "bad"),
    "pending": ("…", "not applied yet", "change"),
    "held": ("=", "on hold", "warn"),
    "in_sync": ("✓", "in sync", "add"),
}
"""Symbol, word and style of each status."""

CAUSES: dict[Cause, tuple[str, str]] = {
    "edited_outside": ("changed outside since it was last applied", "bad"),
    "not_applied": ("not applied yet", "change"),
    "both": ("changed outside, and something was not applied yet", "bad"),
    "unknown": ("differs, and nothing on record says who changed it", "bad"),
}

_CAUSES_OF_PEOPLE: dict[Cause, str] = {
    "edited_outside": "changed outside",
    "not_applied": "not applied yet",
    "both": "changed outside, and in the files",
    "unknown": "nothing on record",
}

_CHANGES = {
    "promote": ("+", "add", "should be admin"),
    "demote": ("-", "remove", "should not be admin"),
    "remove": ("-", "remove", "should not be in the group"),
}

SHOWN = 8  # names in a list of desired, last applied or live people

_LABELS: dict[FieldName, str] = {
    "ensure": "ensure",
    "admins": "admins",
    "members": "members",
    "link_version": "link",
    "subject": "subject",
    "icon": "icon",
}


def drift_items(view: DriftView, limit: int) -> list[Item]:
    """The verdict, the groups that are not in sync as they stand, notes; of people the first `limit`."""
    quiet = [group for group in view.groups if group.status == "in_sync"]
    verdict, *more = _verdict(view)
    texts = [*more, *(plain(note) for note in view.notes)]
    return [
        Item(verdict, "", tuple(Field("", ((text,),)) for text in texts)),
        *(_group(group, limit) for group in view.groups if group.status != "in_sync"),
        *phrases.notes((group.name, note) for group in quiet for note in group.notes),
    ]


def drift_summary(view: DriftView) -> Cell:
    """One line: groups by status."""
    count = view.summary
    others = [
        f"{number} {word}"
        for number, word in (
            (count.missing, "missing"),
            (count.blocked, "blocked"),
            (count.unreadable, "unreadable"),
            (count.pending, "not applied yet"),
            (count.held, "on hold"),
            (count.unmanaged, "unmanaged"),
        )
        if number
    ]
    found = f"{count.drifted} drifted"
    return ((found, "strong"), (f" · {' · '.join((f'{count.in_sync} in sync', *others))}.", ""))


def _verdict(view: DriftView) -> list[Cell]:
    """The one line that matters most, and what else nobody may overlook."""
    count = view.summary
    found = [
        f"{number} {word}"
        for number, word in (
            (count.drifted, "drifted"),
            (count.missing, "missing"),
            (count.blocked, "blocked"),
        )
        if number
    ]
    verdicts = [plain(f"Drift: {', '.join(found)}.", "bad")] if found else []
    if not view.complete:
        unread = "Not everything could be read, so nobody knows whether all is in sync."
        verdicts.append(plain(unread, "bad"))
    if verdicts:
        return verdicts
    if count.pending:
        return [(("No drift", "add"), (f"; {counted(count.pending, 'group')} not applied yet.", ""))]
    if not view.in_sync:
        return [(("No drift", "add"), (", but what is on hold differs.", ""))]
    return [(("In sync", "add"), (": everything is as the manifests say.", ""))]


def _group(group: GroupDriftView, limit: int) -> Item:
    symbol, word, style = STATUSES[group.status]
    since = "" if group.since is None else f", {_first_seen(group.since)}"
    head: Cell = ((f"{symbol} ", style), (group.name, "strong"), (f"  {word}", style), (since, "dim"))
    absent = group.id is None
    fields = [Field("", ((plain("to be created"),),))] if absent and group.status == "pending" else []
    fields += [_wanted(field) if absent else _field(field, limit) for field in group.fields]
    fields += [Field("", ((plain(note),),)) for note in group.notes]
    if group.restore is not None:
        label = "restore" if group.status == "drifted" else "apply"
        fields.append(Field(label, ((plain(group.restore),),)))
    if group.accept is not None:
        fields.append(Field("keep", ((plain(group.accept),),)))
    return Item(
        head, "" if group.file is None else f"{group.file}:{group.line}", tuple(fields), (group.name,)
    )


def _wanted(field: FieldDriftView) -> Field:
    """A field of a group that there is not."""
    return Field(_LABELS[field.field], ((plain(_words(field.desired, field.field)),),))


def _field(field: FieldDriftView, limit: int) -> Field:
    words, style = CAUSES[field.cause]
    since = "" if field.since is None else f", {_first_seen(field.since)}"
    last = _words(field.last_applied, field.field)
    if not field.recorded:
        last = "nothing on record" if field.cause == "unknown" else "not managed then"
    live = _words(field.live, field.field)
    if field.field == "link_version":
        live = "not known: to ask for the link may make one"
    values = [("desired", _words(field.desired, field.field)), ("last applied", last), ("live", live)]
    if field.field == "ensure":
        del values[1]  # nothing stays on record of a group that was left
    return Field(
        _LABELS[field.field],
        (
            (((words, style), (since, "dim")),),
            *_people(field, limit),
            *((plain(name, "dim"), plain(value)) for name, value in values),
        ),
    )


def _people(field: FieldDriftView, limit: int) -> Iterator[Row]:
    several = len({each.cause for each in field.people}) > 1
    for each in field.people[:limit]:
        sign, style, should = _CHANGES[each.change]
        yield ((f"{sign} {each.who}", style),), plain(_why(each, should, several), "dim")
    if len(field.people) > limit:
        yield (plain(f"… and {len(field.people) - limit} more"),)


def _why(person: PersonDriftView, should: str, several: bool) -> str:
    words = [should, person.reason if person.reason.startswith("left") else ""]
    words += [_CAUSES_OF_PEOPLE[person.cause]] if several else []
    return ", ".join(filter(None, words))


def _words(value: object, field: FieldName) -> str:
    match value:
        case None:
            return "none" if field == "icon" else "not managed"
        case tuple():
            return few(value, SHOWN) or "nobody"
        case PictureView():
            return _picture(value)
        case str() if field == "subject":
            return f'"{value}"'
        case _:
            return f"{value}"


def _picture(picture: PictureView) -> str:
    size = "" if picture.size is None or picture.served else phrases.size(picture)
    known = ", ".join(filter(None, ((picture.sha256 or "")[:4], size)))
    if picture.file is not None:
        return f"{picture.file} ({known})"
    return known or "another picture"


def _first_seen(at: datetime) -> str:
    return f"first seen {at:%Y-%m-%d %H:%M} UTC"
