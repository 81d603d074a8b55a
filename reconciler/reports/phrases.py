"""How text reports put things: changes, people, objections as rows of styled words, not yet drawn.

A field says what becomes of one part of a group. Fields are compared as data, so that a change which is
equal in several groups can be said once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.reports.shapes import ChangeView, InviteView, ObjectionView, PersonView, PictureView

if TYPE_CHECKING:
    from reconciler.reports.plan_shapes import AdminView, GroupView

Span = tuple[str, str]
"""Words, and the name of their style: add, remove, change, bad, warn, dim, strong, link, or none."""

Cell = tuple[Span, ...]
Row = tuple[Cell, ...]

LINK = "link"
"""The style of what must stay in one piece, however narrow the terminal is."""

QR = "qr"
"""The style of the lines of a QR code: light on dark whatever the terminal's colours are."""

FEW = 5  # names beside a person or a note


@dataclass(frozen=True, slots=True)
class Field:
    """A label and rows of cells, aligned in columns. `after` says what the whole will look like."""

    label: str
    rows: tuple[Row, ...] = ()
    after: Row | None = None

    @property
    def lines(self) -> tuple[Row, ...]:
        return (*self.rows, self.after) if self.after else self.rows


@dataclass(frozen=True, slots=True)
class Item:
    """A head, at its right where it belongs, and below it fields. `names` are the groups it is about, where
    it is about groups."""

    head: Cell
    place: str = ""
    fields: tuple[Field, ...] = ()
    names: tuple[str, ...] = ()


ACTIONS: dict[str, tuple[str, str, str]] = {
    "create": ("+", "create", "add"),
    "adopt": (">", "adopt", "change"),
    "update": ("~", "", "change"),
    "leave": ("-", "leave", "remove"),
    "blocked": ("!", "blocked", "bad"),
    "missing": ("!", "missing", "bad"),
    "unreadable": ("!", "unreadable", "bad"),
    "held": ("=", "on hold", "warn"),
    "orphaned": ("?", "orphaned", "warn"),
}
"""Symbol, word and style of each action that is printed."""


def plain(text: str, style: str = "") -> Cell:
    return ((text, style),)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 group`, `2 groups`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def few(names: Iterable[str], limit: int = FEW) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    more = len(found) - limit
    return ", ".join(found) if more <= 0 else f"{', '.join(found[:limit])} … and {more} more"


# --- changes ----------------------------------------------------------------------------------------------


def fields_of(
    changes: tuple[ChangeView, ...], admins_after: tuple[AdminView, ...] | None, limit: int
) -> list[Field]:
    """What becomes of each part of a group; of people the first `limit` of a kind."""
    fields: list[Field] = []
    admins: list[Row] = []
    for change in changes:
        match change.kind:
            case "create_group":
                fields.append(Field("subject", (_quoted(change.after, "add"),)))
            case "adopt_group":
                fields.append(Field("adopt", ((plain(f"{change.after}"),),)))
            case "set_subject":
                row = (*_quoted(change.before, "remove")[0], (" → ", ""), *_quoted(change.after, "add")[0])
                fields.append(Field("subject", ((row,),)))
            case "set_icon" | "remove_icon":
                fields.append(Field("icon", ((_icon(change, changes),),)))
            case "promote":
                admins += _people("+", "add", change.people, limit)
            case "demote":
                admins += _people("-", "remove", change.people, limit)
            case "remove_participants":
                rows = _people("-", "remove", change.people, limit)
                final = (("removed: ", ""), ("cannot be undone", "bad"), (", they have to join again", ""))
                fields.append(Field("members", (*rows, (final,))))
            case "revoke_link":
                version = "" if change.after is None else f" (version {change.before} → {change.after})"
                what = f"revoked{version}, the old one stops working: "
                fields.append(Field("link", (((((what, ""), ("cannot be undone", "bad")),)),)))
            case "leave_group":
                what = "the account leaves the group: "
                fields.append(Field("leave", ((((what, ""), ("cannot be undone", "bad")),),)))
    after = None if admins_after is None else (plain(f"after: {_admins(admins_after)}", "dim"),)
    if admins or after:
        fields.append(Field("admins", tuple(admins), after))
    return sorted(fields, key=lambda field: _FIELDS.index(field.label))


_FIELDS = ("adopt", "subject", "icon", "admins", "link", "members", "leave")


def brief(change: ChangeView, limit: int = FEW) -> tuple[str, Cell]:
    """One change in one line: its label and what it is about."""
    names = plain(few((person.who for person in change.people), limit))
    match change.kind:
        case "create_group":
            return "create", _quoted(change.after)[0]
        case "adopt_group":
            return "adopt", plain(f"{change.after}")
        case "set_subject":
            return "subject", (*_quoted(change.before)[0], (" → ", ""), *_quoted(change.after)[0])
        case "set_icon":
            return "icon", plain(f"{_file(change.after)}")
        case "remove_icon":
            return "icon", plain("removed")
        case "promote":
            return "promote", names
        case "demote":
            return "demote", names
        case "remove_participants":
            return "remove", names
        case "revoke_link":
            return "link", plain("revoked")
        case "leave_group":
            return "leave", plain("the group")


def _quoted(text: object, style: str = "") -> Row:
    return (((f'"{text}"', style),),)


def _icon(change: ChangeView, changes: tuple[ChangeView, ...]) -> Cell:
    before, after = change.before, change.after
    if not isinstance(after, PictureView):
        known = [_short(before), size(before)]
        return (("removed", "remove"), (f" ({', '.join(filter(None, known))})" if any(known) else "", ""))
    looks = f"{after.width}×{after.height}, {size(after)}"
    if isinstance(before, PictureView):
        hashes = f"{_short(before)} → {_short(after)}".lstrip()
        return ((f"{after.file} changed ({hashes}, {looks})", ""),)
    new = any(other.kind == "create_group" for other in changes)
    return (("" if new else "none → ", ""), (f"{after.file} ({looks})", "add"))


def _file(picture: object) -> str:
    return (picture.file or "") if isinstance(picture, PictureView) else ""


def _short(picture: object) -> str:
    return (picture.sha256 or "")[:4] if isinstance(picture, PictureView) else ""


def size(picture: object) -> str:
    """`41 KB`; empty where it is not known."""
    if not isinstance(picture, PictureView) or picture.size is None:
        return ""
    count = picture.size
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _people(sign: str, style: str, people: tuple[PersonView, ...], limit: int) -> list[Row]:
    rows: list[Row] = [
        (((f"{sign} {person.who}", style),), plain(person.reason, "dim")) for person in people[:limit]
    ]
    if len(people) > limit:
        rows.append((plain(f"{sign} … and {len(people) - limit} more", style),))
    return rows


def _admins(admins: tuple[AdminView, ...]) -> str:
    return ", ".join(f"{admin.who} (creator)" if admin.creator else admin.who for admin in admins) or "nobody"


# --- what stands beside the changes -----------------------------------------------------------------------


def joining(invites: Iterable[tuple[str, InviteView]], limit: int) -> list[Item]:
    """Who has yet to join: (group, invite) pairs as one row a person and role, the first `limit` of them."""
    found: dict[tuple[str, str], list[str]] = {}
    for group, invite in invites:
        found.setdefault((invite.person, invite.role), []).append(group)
    if not found:
        return []
    people = sorted(found.items(), key=lambda item: (item[0][0].startswith("+"), item[0]))
    rows: list[Row] = [
        (plain(person), plain(role), plain(few(groups))) for (person, role), groups in people[:limit]
    ]
    if len(people) > limit:
        rows.append((plain(f"… and {len(people) - limit} more"),))
    head = plain("Still to join (not changes)", "strong")
    return [Item(head, "next: reconciler invites", (Field("", tuple(rows)),))]


def notes(texts: Iterable[tuple[str, str]]) -> list[Item]:
    """(group, note) pairs: each note once, with the names of its groups."""
    found: dict[str, list[str]] = {}
    for group, text in texts:
        found.setdefault(text, []).append(group)
    if not found:
        return []
    rows = tuple(((((f"{few(groups)}: ", ""), (text, "dim")),) for text, groups in found.items()))
    return [Item(plain("Notes", "strong"), "", (Field("", rows),))]


def objections(found: tuple[ObjectionView, ...]) -> list[Item]:
    """What was lifted and by what, then what stands and how to lift it."""
    lifted = [_objection(objection) for objection in found if objection.lifted_by is not None]
    standing = [_objection(objection) for objection in found if objection.lifted_by is None]
    return [*lifted, *standing]


def _objection(objection: ObjectionView) -> Item:
    if objection.lifted_by is not None:
        head: Cell = (("✓ ", "warn"), (objection.code, "strong"), ("  allowed", "warn"))
        last = Field("by", ((plain(objection.lifted_by),),))
    else:
        head = (("! ", "bad"), (objection.code, "strong"), ("  refused: nothing will be applied", "bad"))
        how = (
            f"--allow {objection.code}, or an entry under `allow:` in reconciler.yaml"
            if objection.liftable
            else "nothing lifts this one"
        )
        last = Field("to lift", ((plain(how),),))
    groups = Field("groups", ((plain(", ".join(objection.groups)),),))
    message = Field("", ((plain(objection.message),),))
    return Item(head, "", (message, groups, last) if objection.groups else (message, last))


def changes(group: GroupView) -> bool:
    """Whether the API would be told anything about the group: to adopt it is bookkeeping."""
    return any(change.kind != "adopt_group" for change in group.changes)
