"""Changes as rows of a table: what a part of a group is and will be, who is let in and put out. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.reports import html_values
from reconciler.reports.html_page import FIELDS, Row, Someone, Value
from reconciler.reports.shapes import ChangeView, PersonView, PictureView

if TYPE_CHECKING:
    from reconciler.reports.html_values import Album
    from reconciler.reports.plan_shapes import AdminView


def rows_of(name: str, changes: tuple[ChangeView, ...], album: Album, cause: str = "") -> tuple[Row, ...]:
    """The rows of one group's changes, access before looks; `name` is the group's, `cause` said of each."""
    created = any(change.kind == "create_group" for change in changes)
    rows: dict[str, Row] = {}
    for change in changes:
        row = row_of(name, change, album, created=created)
        if row.field in rows:  # promote and demote are both about admins
            earlier = rows[row.field]
            row = replace(earlier, people=(*earlier.people, *row.people), more=earlier.more + row.more)
        rows[row.field] = replace(row, cause=cause)
    return tuple(sorted(rows.values(), key=lambda row: FIELDS.index(row.field)))


def admins_row(rows: tuple[Row, ...], admins: tuple[AdminView, ...]) -> tuple[Row, ...]:
    """The rows, with who will be admin afterwards."""
    named = [f"{admin.who} (creator)" if admin.creator else admin.who for admin in admins]
    after = ", ".join(named) or "nobody"
    if not any(row.field == "admins" for row in rows):
        rows = tuple(
            sorted((*rows, Row(field="admins", label="Admins")), key=lambda row: FIELDS.index(row.field))
        )
    return tuple(replace(row, after=after) if row.field == "admins" else row for row in rows)


def row_of(name: str, change: ChangeView, album: Album, *, created: bool) -> Row:
    """One change; `created`: the group is yet to be created."""
    match change.kind:
        case "create_group":
            return Row(
                field="subject",
                label="Subject",
                values=(Value(empty="no group"), html_values.words(change.after)),
            )
        case "adopt_group":
            was = f', was "{change.before}"' if change.before else ""
            return Row(field="adopt", label="Adopt", says=f"{change.after}{was}")
        case "set_subject":
            values = (html_values.words(change.before), html_values.words(change.after))
            return Row(field="subject", label="Subject", values=values)
        case "set_icon" | "remove_icon":
            before = Value(empty="no group" if created else "no icon")
            if isinstance(change.before, PictureView):
                before = Value(picture=album.live(name, change.before))
            after = Value(empty="no icon")
            if isinstance(change.after, PictureView):
                after = Value(picture=album.file(change.after))
            return Row(field="icon", label="Icon", values=(before, after))
        case "promote":
            return _people("admins", "Admins", "+", change.people)
        case "demote":
            return _people("admins", "Admins", "−", change.people)
        case "remove_participants":
            row = _people("members", "Members", "−", change.people)
            return replace(row, says="Removed; they have to join again by the link.", final=True)
        case "revoke_link":
            versions = (
                ()
                if change.after is None
                else (Value(text=f"version {change.before}"), Value(text=f"version {change.after}"))
            )
            return Row(
                field="link",
                label="Link",
                values=versions,
                says="Revoked: the old link stops working.",
                final=True,
            )
        case "leave_group":
            return Row(field="ensure", label="Leave", says="The account leaves the group.", final=True)


def _people(field: str, label: str, sign: str, people: tuple[PersonView, ...]) -> Row:
    shown = people[: html_values.LISTED]
    return Row(
        field=field,
        label=label,
        people=tuple(Someone("+" if sign == "+" else "−", person.who, person.reason) for person in shown),
        more=len(people) - len(shown),
    )
