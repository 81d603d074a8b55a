"""Invitations as Markdown: a list to tick off, for whoever carries the links to people.

Words that somebody else chose stand in code spans, in which nothing acts: no markup, no HTML, no @mention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.report.markdown_text import code
from reconciler.reports.invites_layout import NO_SHEET, STATUSES, WARNING, history
from reconciler.reports.phrases import counted

if TYPE_CHECKING:
    from reconciler.reports.invites_shapes import GroupInvitesView, InviteeView, InvitesView


def render_invites(view: InvitesView) -> str:
    """Every group with its link and people; then those that have no link, and why."""
    count = view.summary
    ready = [group for group in view.groups if group.link is not None]
    others = [group for group in view.groups if group.link is None]
    people = counted(count.people, "person", "people")
    parts = [
        "## Invitations",
        f"> **{WARNING}**",
        f"{people} to invite to {counted(count.groups, 'group')}." if ready else "Nobody to invite.",
        *([] if view.all_read else ["**Not everything could be read: somebody may be missing here.**"]),
        *(f"- {code(note)}" for note in view.notes),
        *map(_group, (*ready, *others)),
    ]
    if count.left_out:
        have = "1 has" if count.left_out == 1 else f"{count.left_out} have"
        parts.append(f"{have} joined and left (`--include-left`).")
    return "\n\n".join(parts) + "\n"


def render_failure(message: str, hint: str) -> str:
    """What stands in the file after a run that ended with an error."""
    notes = [f"- {code(note)}" for note in (message, hint) if note]
    return "\n\n".join(("## Invitations", f"**{NO_SHEET}**", *notes)) + "\n"


def _group(group: GroupInvitesView) -> str:
    word = STATUSES[group.status][1]
    subject = "" if group.subject is None else f": {code(group.subject)}"
    lines = [f"### {code(group.name)}{subject}{f' ({word})' if word else ''}", ""]
    if group.link is not None:
        lines += [f"<{group.link}>", ""]
    lines += [f"- {code(note)}" for note in group.notes]
    lines += map(_person, group.people)
    return "\n".join(lines).rstrip()


def _person(person: InviteeView) -> str:
    who = " ".join(code(words) for words in (person.name, person.contact) if words)
    told = history(person)
    return f"- [ ] {person.number} {f'{who} ' if who else ''}{person.role}{f' ({told})' if told else ''}"
