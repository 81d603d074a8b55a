"""What `list` tells: every live group, who is in it, what the account is there, and whose manifest it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.language import msg, tr, tr_n
from reconciler.report import words
from reconciler.report.model import Report, Status, Table, Tone, Word
from reconciler.report.redact import Redactor, labels
from reconciler.report.section import Data, Rows, Told
from reconciler.report.words import few

if TYPE_CHECKING:
    from reconciler.model.adoption import ListedGroup, Listing, Role

_ROLES: dict[Role | None, tuple[str, Tone]] = {
    "admin": (msg("admin"), "good"),
    "member": (msg("not admin"), "warn"),
    "absent": (msg("not in it"), "bad"),
    None: ("?", "warn"),
}
_LISTED = Status("listed", "✓", msg("listed"), "good", "passed")


def told(found: Listing, redactor: Redactor) -> Told:
    """Return what there is to tell of the live groups."""
    return Told.of(lambda: data(found, redactor), report, rows)


def data(found: Listing, redactor: Redactor) -> Data:
    """Return the JSON document, as `list` in `schemas/` says. `total` counts the groups that are not shown as
    well."""
    account = None if found.account is None else redactor.number(found.account)
    return {
        "format_version": 1,
        "kind": "list",
        "complete": found.complete,
        "account": None if account is None else {"number": account, "guessed": found.guessed},
        "summary": {
            "total": found.total,
            "shown": len(found.groups),
            "unmanaged": sum(not group.managed for group in found.groups),
            "not_admin": sum(group.role in ("member", "absent") for group in found.groups),
            "unreadable": sum(group.live is None for group in found.groups),
        },
        "groups": [_data_of_group(group, redactor) for group in found.groups],
        "notes": [redactor.note(note) for note in found.notes],
    }


def _data_of_group(group: ListedGroup, redactor: Redactor) -> Data:
    live, owner = group.live, group.owner
    label = labels(redactor, live.participants if live else ())
    at = owner.location if owner else None
    notes = []
    if group.problem is not None:
        notes.append(redactor.sentence(tr("could not be read: {why}", why=group.problem.message)))
    if owner is not None and at is None:
        notes.append(tr("its manifest is gone; state knows it as {name}", name=owner.name))
    return {
        "id": redactor.group_id(group.id),
        "subject": None if live is None else redactor.untrusted(live.subject),
        "people": sorted(map(label, live.participants)) if live else [],
        "admins": sorted(map(label, live.admins)) if live else [],
        "role": group.role,
        "can_promote": sorted(map(label, group.can_promote)),
        "name": None if owner is None else owner.name,
        "manifest": words.data_of_manifest(at),
        "status": "unreadable" if live is None else "read",
        "notes": notes,
    }


def report(found: Data) -> Report:
    """Return the document: a table of all groups, and what there is to say about the whole of it."""
    count, groups = found["summary"], found["groups"]
    total, unmanaged = count["total"], count["unmanaged"]
    not_admin, unreadable = count["not_admin"], count["unreadable"]
    shown = tr_n("{n} group", "{n} groups", total)
    if count["shown"] < total:
        shown = tr_n("{shown} of {n} group", "{shown} of {n} groups", total, shown=count["shown"])
    others = (
        tr_n("{n} unmanaged", "{n} unmanaged", unmanaged) if unmanaged else "",
        tr_n("{n} where the account is no admin", "{n} where the account is no admin", not_admin)
        if not_admin
        else "",
        tr_n("{n} unreadable", "{n} unreadable", unreadable) if unreadable else "",
    )
    lines = tuple(row for group in groups for row in _lines(group))
    head = (tr("Subject"), tr("Account"), tr("People"), tr("Manifest"))
    table = Table("groups", tr("Groups"), head, lines, whole=True)
    return Report(
        verb="list",
        verdict=shown,
        status=_LISTED,
        summary=words.summary(shown, filter(None, others)),
        tables=(
            *([table] if groups else []),
            *words.note_table(_notes(found)),
        ),
    )


def _lines(group: Data) -> Iterator[tuple[str | Word, ...]]:
    """Two lines a group, and what hinders."""
    owner = group["name"] or Word(tr("unmanaged"))
    if group["subject"] is None:
        yield Word(tr("unreadable"), "bad"), "", "", owner
        yield (Word(f"  {group['id']}"),)
    else:
        people = tr_n("{n} person", "{n} people", len(group["people"]))
        yield f'"{group["subject"]}"', Word(*_ROLES[group["role"]]), people, owner
        admins = tr("admins: {names}", names=few(group["admins"]) or tr("nobody"))
        yield (Word(f"  {group['id']}  {admins}"),)
    for note in group["notes"]:
        yield (Word(f"  {note}", "warn"),)
    if group["can_promote"]:
        helpers = tr("can make it admin: {names}", names=few(group["can_promote"]))
        yield (Word(f"  {helpers}", "warn"),)


def _notes(found: Data) -> Iterator[str | Word]:
    """Yield the notes on the list as a whole."""
    account = found["account"]
    yield from found["notes"]
    if found["groups"] and account is None:
        yield Word(tr("`account` is not set, so it is not known where we are admin."), "warn")
    elif found["groups"] and account["guessed"]:
        yield Word(tr("`account` is not set; it is probably {account}.", account=account["number"]), "warn")
    if any(group["id"].startswith("…") for group in found["groups"]):
        yield Word(tr("Whole ids: --show-numbers"))


def rows(found: Data) -> Rows:
    """Return a row a group: `people` is a count, `role` the account's. Columns are a contract."""
    columns = ("subject", "id", "people", "admins", "role", "manifest", "file", "notes")
    return Rows(
        columns,
        tuple(
            (
                group["subject"],
                group["id"],
                None if group["subject"] is None else len(group["people"]),
                ", ".join(group["admins"]),
                group["role"],
                group["name"],
                group["manifest"]["file"] if group["manifest"] else None,
                " ".join(group["notes"]),
            )
            for group in found["groups"]
        ),
    )
