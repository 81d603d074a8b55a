"""Invitations as a sheet to print: one self-contained page, group after group with its QR code.

It loads nothing and runs nothing, as its CSP says; every word is escaped by Jinja2, and what hides or acts is
made visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from reconciler.report.escape import for_terminal
from reconciler.reports.invites_layout import NO_SHEET, STATUSES, WARNING, history
from reconciler.reports.phrases import counted
from reconciler.reports.qr import as_data_uri

if TYPE_CHECKING:
    from jinja2 import Environment

    from reconciler.reports.invites_shapes import GroupInvitesView, InviteeView, InvitesView


@dataclass(frozen=True, slots=True)
class _Guest:
    number: str
    who: str
    role: str
    history: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One group: `code` is its QR code as a `data:` URL; it and `link` are "" where there is no link."""

    title: str
    name: str
    word: str
    link: str
    code: str
    notes: tuple[str, ...]
    people: tuple[_Guest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    summary: str
    warning: str
    all_read: bool
    notes: tuple[str, ...]
    entries: tuple[_Entry, ...]


def render_invites(view: InvitesView) -> str:
    """The sheet: groups with a link first, then those without one, and why."""
    count = view.summary
    people = counted(count.people, "person", "people")
    summary = (
        f"{people} to invite to {counted(count.groups, 'group')}." if count.groups else "Nobody to invite."
    )
    if count.left_out:
        have = "1 has" if count.left_out == 1 else f"{count.left_out} have"
        summary += f" {have} joined and left (--include-left)."
    entries = sorted(map(_entry, view.groups), key=lambda entry: not entry.link)
    sheet = _Sheet(
        summary=summary, warning=WARNING, all_read=view.all_read, notes=view.notes, entries=tuple(entries)
    )
    return _environment().get_template("sheet.html").render(sheet=sheet)


def render_failure(message: str, hint: str) -> str:
    """The sheet of a run that ended with an error: nobody is to go on with what stood here before."""
    notes = (message, hint) if hint else (message,)
    sheet = _Sheet(summary=NO_SHEET, warning="", all_read=True, notes=notes, entries=())
    return _environment().get_template("sheet.html").render(sheet=sheet)


def _entry(group: GroupInvitesView) -> _Entry:
    return _Entry(
        title=group.subject or group.name,
        name=group.name,
        word=STATUSES[group.status][1],
        link=group.link or "",
        code=as_data_uri(group.link) if group.link else "",
        notes=group.notes,
        people=tuple(map(_guest, group.people)),
    )


def _guest(person: InviteeView) -> _Guest:
    who = " ".join(filter(None, (person.name, f"({person.contact})" if person.contact else "")))
    return _Guest(person.number, who, person.role, history(person))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("reconciler.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: for_terminal(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
