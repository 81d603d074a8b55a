"""How things are called, each in one place: numbers of things, names, values, pictures, tables that several
verbs have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.errors import Problem
from reconciler.language import decimal, moment, msg, msg_p, said, tr, tr_n, tr_p
from reconciler.model.group import PERMISSIONS
from reconciler.report.model import Banner, Field, Listing, Picture, Status, Summary, Table, Value
from reconciler.report.redact import shown_problem

if TYPE_CHECKING:
    from reconciler.errors import Location, Problem
    from reconciler.model.change import Affected, Cause, ChangeKind, Invite
    from reconciler.model.desired import Icon
    from reconciler.model.group import Value as GroupValue
    from reconciler.model.group import ValueName
    from reconciler.model.live import LiveIcon
    from reconciler.model.plan import Unmanaged
    from reconciler.report.model import Verb, Word
    from reconciler.report.redact import Redactor

FEW = 5
"""Names beside a person or a note."""

UNREADABLE = Status(
    "unreadable",
    "!",
    msg_p("of a group", "unreadable"),
    "bad",
    "error",
    msg("The service did not say how these are."),
)
MISSING = Status(
    "missing",
    "!",
    msg_p("of a group", "missing"),
    "bad",
    "failure",
    msg("These groups are gone, as far as the service says."),
)
BLOCKED = Status(
    "blocked",
    "!",
    msg_p("of a group", "blocked"),
    "bad",
    "failure",
    msg("Something has to be put right first; the notes say what."),
)
HELD = Status(
    "held", "=", msg("on hold"), "quiet", "skipped", msg("Read and left alone until the hold ends.")
)
UNMANAGED = Status("unmanaged", "·", msg_p("of a group", "unmanaged"), "quiet", "passed")
FAILED_RUN = Status("failed", "!", msg_p("of a run", "failed"), "bad", "error")


TAKEN_BACK: dict[Cause | None, str] = {
    "edited_outside": msg("changed outside: this takes it back"),
    "both": msg("changed outside, and the files have changed as well"),
}
"""What is said of a change that undoes what somebody did to the group, by its origin."""

DONE_OUTSIDE: dict[ChangeKind, str] = {
    "promote": msg("demoted outside"),
    "demote": msg("made admin outside"),
    "remove_participants": msg("came in outside"),
}
"""What was done to somebody, by the change that takes it back."""

GROUPS: Mapping[str, Callable[[int], str]] = {
    "drifted": lambda n: tr_n("{n} drifted", "{n} drifted", n),
    "in_sync": lambda n: tr_n("{n} in sync", "{n} in sync", n),
    "pending": lambda n: tr_n("{n} not applied yet", "{n} not applied yet", n),
    "none": lambda n: tr_n("{n} unchanged", "{n} unchanged", n),
    "blocked": lambda n: tr_n("{n} blocked", "{n} blocked", n),
    "missing": lambda n: tr_n("{n} missing", "{n} missing", n),
    "unreadable": lambda n: tr_n("{n} unreadable", "{n} unreadable", n),
    "held": lambda n: tr_n("{n} on hold", "{n} on hold", n),
    "orphaned": lambda n: tr_n("{n} orphaned", "{n} orphaned", n),
    "unmanaged": lambda n: tr_n("{n} unmanaged", "{n} unmanaged", n),
}
"""How a number of groups is told, by the key of their status."""

LABELS: Mapping[str, str] = {
    "subject": msg_p("part of a group", "subject"),
    "description": msg_p("part of a group", "description"),
    "icon": msg_p("part of a group", "icon"),
    "admins": msg_p("part of a group", "admins"),
    "members": msg_p("part of a group", "members"),
    "link": msg_p("part of a group", "link"),
    "ensure": msg_p("part of a group", "ensure"),
    "send_messages": msg_p("part of a group", "send_messages"),
    "edit_info": msg_p("part of a group", "edit_info"),
    "add_members": msg_p("part of a group", "add_members"),
    "approve_members": msg_p("part of a group", "approve_members"),
}
"""What the parts of a group are called, by their keys."""

MAY = {"admins": msg_p("who may do it", "admins"), "everyone": msg_p("who may do it", "everyone")}


def by_key(*statuses: Status) -> dict[str, Status]:
    """Return statuses by their keys, in this order."""
    return {status.key: status for status in statuses}


NO_PICTURE = Value(empty=msg_p("a picture", "none"))
NO_GROUP = Value(empty=msg("no group"), no_group=True)
CANNOT_BE_UNDONE = msg("cannot be undone")
NOT_SAVED = msg("The state could not be saved")


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 group`, `2 groups`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def few(names: Iterable[str], limit: int = FEW) -> str:
    """Return the first names, and how many more there are."""
    found = list(names)
    more = len(found) - limit
    if more <= 0:
        return ", ".join(found)
    return tr_n("{names} … and {n} more", "{names} … and {n} more", more, names=", ".join(found[:limit]))


def and_more(number: int) -> str:
    """Return `… and 3 more`."""
    return tr_n("… and {n} more", "… and {n} more", number)


def both(texts: Iterable[str]) -> str:
    """Return `1 mistake and 2 warnings`."""
    return tr(" and ").join(texts)


def of_groups(count: Mapping[str, int], keys: Iterable[str]) -> list[str]:
    """Return `3 blocked` for every status, by its key, whose number is not zero."""
    return [GROUPS[key](count[key]) for key in keys if count[key]]


def some(numbers: Iterable[tuple[int, str]]) -> list[str]:
    """Return `3 blocked` for every number that is not zero."""
    return [f"{number} {word}" for number, word in numbers if number]


def to_invite(invites: Sequence[Invite]) -> str:
    """Return `3 to invite (1 as admin)`; "" for nobody."""
    number, admins = len(invites), sum(each.role == "admin" for each in invites)
    if not admins:
        return tr_n("{n} to invite", "{n} to invite", number) if number else ""
    if number == 1:
        return tr("1 to invite (as admin)")
    return tr_n(
        "{n} to invite ({admins} as admin)", "{n} to invite ({admins} as admin)", number, admins=admins
    )


def summary(head: str, others: Iterable[str]) -> Summary:
    """Return `2 groups accepted · 1 refused.`"""
    return Summary(head, f"{' · '.join(('', *others))}.")


def first_seen(at: datetime | None) -> str:
    """Return when something was first seen, to the minute; "" where that is not known."""
    return "" if at is None else tr("first seen {moment}", moment=moment(at))


def why(kind: ChangeKind, person: Affected) -> str:
    """Return why somebody gets a right or a place, or loses it: what was done outside says more than that the
    manifest says otherwise."""
    if person.origin != "edited_outside":
        return said(person.reason)
    left = [said(person.reason)] if person.has_left else []
    return ", ".join((tr(DONE_OUTSIDE[kind]), *left))


# --- values -----------------------------------------------------------------------------------------------


def quoted(text: str) -> Value:
    """Return what somebody chose to write, as a value."""
    return Value(text=text, quoted=True)


def value(name: ValueName, found: GroupValue | None, redactor: Redactor) -> Value:
    """Return a text or a permission of a group, as a value."""
    match found:
        case None:
            return Value(empty=tr("not told"))
        case bool():
            return Value(text=tr_p("is it so", "yes") if found else tr_p("is it so", "no"))
        case "" if name == "description":
            return Value(empty=tr_p("a description", "none"))
        case "admins" | "everyone" if name in PERMISSIONS:
            return Value(text=tr(MAY[found]))
        case _:
            return Value(text=redactor.untrusted(found), quoted=name in ("subject", "description"))


def data_of_value(found: GroupValue | None, redactor: Redactor) -> str | bool | None:
    """Return a text or a permission as JSON says it; no description is null."""
    return (redactor.untrusted(found) or None) if isinstance(found, str) else found


def file_picture(icon: Icon) -> Picture:
    """Return an icon as the files have it."""
    return Picture(
        of="files",
        file=icon.path,
        sha256=icon.sha256,
        size=icon.size,
        width=icon.width,
        height=icon.height,
        mime=icon.mime,
    )


def seen_picture(seen: LiveIcon | None) -> Picture | None:
    """Return what is known of a live icon; None for none."""
    if seen is None or seen.meta is None:
        return None
    return Picture(of="live", sha256=seen.sha256, size=seen.meta.length)


def size(picture: Picture) -> str:
    """Return `41 KB`; "" where it is not known, or is not that of the file that is meant."""
    return "" if picture.size is None or picture.served is not None else of_bytes(picture.size)


def of_bytes(count: int) -> str:
    """Return `41 KB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} KB" if count < 1_000_000 else f"{decimal(count / 1_000_000, 1)} MB"


def pixels(picture: Picture) -> str:
    """Return `640×480`; "" where it is not known."""
    return f"{picture.width}×{picture.height}" if picture.width and picture.height else ""


def of_picture(picture: Picture) -> str:
    """Return a picture in words: `icons/a.png (9c07, 640×640, 41 KB)`, or as much of it as is known."""
    known = ", ".join(filter(None, ((picture.sha256 or "")[:4], pixels(picture), size(picture))))
    if picture.file is not None:
        return f"{picture.file} ({known})"
    if picture.sha256:
        return known
    return tr("a picture of {known}", known=known) if known else tr("another picture")


def change_of_picture(before: Picture, after: Picture | None) -> str:
    """Return what becomes of a picture: `icons/a.png changed (a1f3 → 9c07, 640×640, 41 KB)`, `removed (41
    KB)`."""
    if after is None:
        known = ", ".join(filter(None, ((before.sha256 or "")[:4], size(before))))
        return tr("removed ({known})", known=known) if known else tr_p("a picture", "removed")
    hashes = f"{(before.sha256 or '')[:4]} → {(after.sha256 or '')[:4]}".lstrip()
    known = ", ".join(filter(None, (hashes, pixels(after), size(after))))
    if after.file is None:
        return tr("the picture changed ({known})", known=known)
    return tr("{file} changed ({known})", file=after.file, known=known)


def of_value(value: Value, limit: int) -> str:
    """Return a value in words, of people the first `limit`."""
    if value.picture is not None:
        return of_picture(value.picture)
    if value.people:
        return few(value.people, limit)
    if value.quoted:
        return f'"{value.text}"'
    return value.text or tr(value.empty)


def of_problem(problem: Problem) -> str:
    """Return what went wrong in one line, with the mend."""
    message = said(problem.message)
    return f"{message} ({said(problem.hint)})" if problem.hint else message


def of_field(field: Field) -> str:
    """Return what becomes of one part of a group, in a line: `admins + ana, - bruno`."""
    told = [said(field.said)] if field.said else []
    if field.people:
        told.append(few(f"{person.sign} {person.who}" for person in field.people))
    known = [value for value in field.values if not value.no_group]
    if known:
        told.append(" → ".join(of_value(value, FEW) for value in known))
    return f"{tr(field.label)} {': '.join(told)}".rstrip()


# --- what several verbs say -------------------------------------------------------------------------------

VERBS: dict[Verb, str] = {
    "validate": msg("Validate"),
    "plan": msg("Plan"),
    "apply": msg("Apply"),
    "drift": msg("Drift"),
    "list": msg("List"),
    "import": msg("Import"),
    "accept": msg("Accept"),
    "invites": msg("Invites"),
    "invites --send": msg("Invites --send"),
    "invites --rotate": msg("Invites --rotate"),
    "send": msg("Send"),
    "doctor": msg("Doctor"),
    "state list": msg("State list"),
    "state log": msg("State log"),
}
"""What was run, as a heading."""


def notes(found: Iterable[tuple[str, Iterable[str]]]) -> tuple[Table, ...]:
    """Return the notes on groups of which there is nothing else to say: each once, with its groups' names."""
    groups: dict[str, list[str]] = {}
    for name, texts in found:
        for text in texts:
            groups.setdefault(text, []).append(name)
    if not groups:
        return ()
    rows = tuple((few(names), text) for text, names in groups.items())
    return (Table("notes", tr("Notes"), (tr("Group"), tr("Note")), rows),)


def note_table(texts: Iterable[str | Word]) -> tuple[Table, ...]:
    """Return the notes on a run as a whole."""
    rows = tuple((text,) for text in texts)
    return (Table("notes", tr("Notes"), (tr("Note"),), rows, whole=True),) if rows else ()


def why_not(problem: Problem | None) -> tuple[Field, ...]:
    """Return what went wrong with something that is no change, as a field; nothing where nothing did."""
    return () if problem is None else (Field(key="error", label=tr("why"), problem=problem),)


def problem_banner(title: str, *lines: str) -> Banner:
    """Return a mishap of a whole run, and below it those lines that say something."""
    return Banner(title, "bad", tuple(filter(None, lines)))


def unmanaged(found: Iterable[Unmanaged], redactor: Redactor) -> tuple[Listing, ...]:
    """Return the live groups without a manifest, by subject where that is known."""
    items = []
    for each in found:
        group_id = redactor.group_id(each.id)
        items.append((group_id, "") if each.subject is None else (redactor.untrusted(each.subject), group_id))
    title = tr("Unmanaged: live, without a manifest, never touched")
    return (Listing(UNMANAGED, title, tuple(items)),) if items else ()


def reading(*, complete: bool, notes: tuple[str, ...], unreadable: int) -> tuple[Banner, ...]:
    """Return what there is to say about the reading; nothing where all was read without a note."""
    lines = notes
    if unreadable:
        lines += (tr_n("{n} group could not be read.", "{n} groups could not be read.", unreadable),)
    if not complete:
        title = tr("Not everything could be read")
        return (Banner(title, "bad", lines, name="reading", level="error", kind="incomplete"),)
    return (Banner(tr("About this run"), "warn", lines),) if lines else ()


# --- plain data -------------------------------------------------------------------------------------------


def data_of_picture(picture: Picture | None) -> dict[str, Any] | None:
    """Return what JSON says of a picture: all about a file, or what is known of another."""
    if picture is None:
        return None
    if picture.of == "files":
        return {
            "file": picture.file,
            "sha256": picture.sha256,
            "bytes": picture.size,
            "width": picture.width,
            "height": picture.height,
            "mime": picture.mime,
        }
    found: dict[str, Any] = {"sha256": picture.sha256, "bytes": picture.size}
    return found if picture.served is None else found | {"served": picture.served}


def data_of_problem(problem: Problem | None, redactor: Redactor) -> dict[str, Any] | None:
    """Return what went wrong, as JSON says it; None for nothing."""
    shown = shown_problem(problem, redactor)
    if shown is None:
        return None
    return {"code": shown.code, "message": shown.message, "hint": shown.hint, "retry": shown.retry}


def error(problem: Problem | None, redactor: Redactor) -> dict[str, Any]:
    """Return the key `error` of a JSON object, which is there only where something went wrong."""
    found = data_of_problem(problem, redactor)
    return {} if found is None else {"error": found}


def data_of_manifest(at: Location | None) -> dict[str, Any] | None:
    """Return where a group is declared, as JSON says it; None where it is nowhere."""
    return None if at is None else {"file": at.file, "line": at.line}


def declared(group: dict[str, Any], part: dict[str, Any] | None = None) -> tuple[str | None, int | None]:
    """Return the file and line of a group of JSON, or of one part of it that has a line, for a table."""
    manifest = group["manifest"]
    return (manifest["file"], (part or {}).get("line", manifest["line"])) if manifest else (None, None)


def data_of_time(at: datetime) -> str:
    """Return a time in UTC, to the second, with `Z`."""
    return at.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def data_of_unmanaged(found: Unmanaged, redactor: Redactor) -> dict[str, Any]:
    """Return a live group without a manifest; the subject where it is known."""
    data: dict[str, Any] = {"id": redactor.group_id(found.id)}
    return data if found.subject is None else data | {"subject": redactor.untrusted(found.subject)}


def in_a_cell(value: object) -> str:
    """Return a value of JSON in a few words, for a table; "" for none."""
    match value:
        case None:
            return ""
        case {"sha256": digest, **rest}:
            file, known = rest.get("file"), str(digest)[:8] if digest else ""
            return f"{file} ({known})" if file and known else f"{file or ''}" or known or "a picture"
        case list():
            return ", ".join(map(str, value))
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
