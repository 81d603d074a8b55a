"""Changes as the lines of a diff: `- ` what is there, `+ ` what would be.

Lines hold words of outsiders as they are; each is one line once its format has escaped it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from reconciler.reports.shapes import ChangeView, PersonView, PictureView


def of_changes(changes: Iterable[ChangeView]) -> tuple[str, ...]:
    """What becomes of a group, in the order in which it is done."""
    return tuple(line for change in changes for line in _change(change))


def _change(change: ChangeView) -> Iterator[str]:
    before, after = change.before, change.after
    match change.kind:
        case "create_group":
            yield f"+ group: {words(after)}"
        case "adopt_group":
            yield f"  adopted: {words(after)}"
        case "set_subject":
            yield f"- subject: {words(before)}"
            yield f"+ subject: {words(after)}"
        case "set_icon" | "remove_icon":
            if before is not None:
                yield f"- icon: {words(before)}"
            if after is not None:
                yield f"+ icon: {words(after)}"
        case "promote":
            yield from _people("+ admin", change.people)
        case "demote":
            yield from _people("- admin", change.people)
        case "remove_participants":
            yield from _people("- member", change.people)
        case "revoke_link":
            version = "" if after is None else f" (link_version {before} → {after})"
            yield f"- invite link: revoked{version}"
        case "leave_group":
            yield "- group: the account leaves it"
        case _:
            assert_never(change.kind)


def _people(what: str, people: Iterable[PersonView]) -> Iterator[str]:
    for person in people:
        yield f"{what}: {person.who}" + (f" ({person.reason})" if person.reason else "")


def words(value: object) -> str:
    """A value in a few words; "" for none."""
    match value:
        case None:
            return ""
        case PictureView(file=file, sha256=digest):
            known = digest[:8] if digest else ""
            return f"{file} ({known})" if file and known else file or known or "a picture"
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
