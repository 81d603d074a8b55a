"""Changes and drifts as the lines of a diff: `- ` what is there, `+ ` what would be.

Lines hold words of outsiders as they are; each is one line once its format has escaped it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, assert_never

from reconciler.reports.shapes import ChangeView, PersonView, PictureView

if TYPE_CHECKING:
    from reconciler.model.drift import Cause
    from reconciler.reports.drift_shapes import FieldDriftView

CAUSES: dict[Cause, str] = {
    "edited_outside": "changed outside",
    "not_applied": "not applied yet",
    "both": "changed outside, and not applied yet",
    "unknown": "nothing on record says who changed it",
}


def of_changes(changes: Iterable[ChangeView]) -> tuple[str, ...]:
    """What becomes of a group, in the order in which it is done."""
    return tuple(line for change in changes for line in _change(change))


def of_drift(fields: Iterable[FieldDriftView]) -> tuple[str, ...]:
    """How a group differs, field by field: below the name and the cause, live and then what is wanted."""
    return tuple(line for field in fields for line in _field(field))


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


def _field(field: FieldDriftView) -> Iterator[str]:
    yield f"  {field.field}: {CAUSES[field.cause]}"
    if field.people:
        for each in field.people:
            what = {"promote": "+ admin", "demote": "- admin", "remove": "- member"}[each.change]
            yield f"{what}: {each.who}" + (f" ({CAUSES[each.cause]})" if each.cause != field.cause else "")
        return
    if field.live is not None:
        yield f"- {field.field}: {words(field.live)}"
    if field.desired is not None:
        yield f"+ {field.field}: {words(field.desired)}"


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
