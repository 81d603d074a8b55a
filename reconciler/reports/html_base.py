"""What a plan was compared with, on a page: what this change causes and moves, what was due before. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.reports import html_values
from reconciler.reports.html_page import Banner, Mark, Table
from reconciler.reports.phrases import brief, counted

if TYPE_CHECKING:
    from reconciler.model.plan import CauseOfChange
    from reconciler.reports.base_shapes import BaseView

PARTS: dict[CauseOfChange, tuple[Mark, str]] = {
    "this_change": (
        Mark("this_change", "Caused by this change", "change"),
        "What the manifests, contacts and configuration of this change do.",
    ),
    "before": (
        Mark("before", "Merging also makes these", "quiet"),
        "Changed by hand, or not applied yet: they were due before this change.",
    ),
}

_SETTINGS = {
    "account": "account",
    "state": "state",
    "guards": "guard",
    "allow": "allow",
    "ignore": "ignore",
    "alias": "alias",
}


def named(base: BaseView) -> str:
    """The base as a fact of the run."""
    return f"{base.ref} ({base.commit[:12]})" if base.commit else base.ref


def verdict(base: BaseView) -> tuple[str, str]:
    """The line that matters most, and a sentence about what would be done without this change as well."""
    mine, theirs = base.this_change, base.before
    also = (
        f"Merging also makes {counted(theirs.changes, 'change')} in {counted(theirs.changed, 'group')}."
        if theirs.changes
        else "Nothing else was due."
    )
    if not mine.changes:
        return "This change causes no changes", also
    return f"This change makes {counted(mine.changes, 'change')} in {counted(mine.changed, 'group')}", also


def banners(base: BaseView) -> Iterator[Banner]:
    """Settings that protect people and would change, before anything else; what is wrong with the base."""
    if base.settings:
        shown = base.settings[: html_values.LISTED]
        lines = [
            f"{_SETTINGS[each.setting]} {each.name}".rstrip()
            + f": {each.before or 'not set'} → {each.after or 'not set'}"
            for each in shown
        ]
        if len(base.settings) > len(shown):
            lines.append(f"… and {len(base.settings) - len(shown)} more")
        lead = "This plan was made without it; it holds once it is merged."
        yield Banner("bad", "This change moves what protects people", (lead, *lines))
    if base.notes:
        yield Banner("warn", f"About the base, {base.ref}", base.notes)


def dropped(base: BaseView) -> Iterator[Table]:
    """What this change calls off, one row a change."""
    rows = []
    for each in base.dropped:
        for change in each.changes:
            label, what = brief(change)
            rows.append((each.name, label, "".join(text for text, _ in what)))
    if len(rows) > html_values.LISTED:
        more = len(rows) - html_values.LISTED
        rows[html_values.LISTED :] = [(f"… and {more} more", "", "")]
    if rows:
        lead = "It was due before, and is not any more."
        yield Table("dropped", "Called off by this change", lead, ("Group", "What", "It was"), tuple(rows))
