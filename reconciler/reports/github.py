"""Annotations of GitHub Actions: commands in the log that put a message beside a line of a file.

GitHub shows ten of a kind (error, warning, notice) a step, so the most important come first, and the log says
how many more there are. Words are made visible as for a terminal before they are escaped as GitHub unescapes
them (`%`, CR, LF; in properties also `:` and `,`): nobody's text begins a line, so none is a command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from reconciler.report.escape import for_terminal
from reconciler.reports import difflines
from reconciler.reports.phrases import Cell, changes, counted

if TYPE_CHECKING:
    from reconciler.report.section import Run
    from reconciler.reports.base_shapes import BaseView
    from reconciler.reports.plan_shapes import GroupView, PlanView
    from reconciler.reports.shapes import ObjectionView

Kind = Literal["error", "warning", "notice"]

SHOWN = 10
"""Annotations of a kind that GitHub shows of a step."""

_LINES = 40  # of one message
_FINAL = frozenset({"leave_group", "remove_participants", "revoke_link"})


@dataclass(frozen=True, slots=True)
class _Note:
    """One annotation; of two of a kind the one with the lower `rank` comes first."""

    kind: Kind
    rank: int
    title: str
    lines: tuple[str, ...]
    file: str = ""
    line: int = 0
    column: int = 0


def render_plan(view: PlanView, run: Run) -> str:
    """Errors: what stands in the way. Warnings: what cannot be undone, and with a base what protects people
    and is moved. Notices: the sum, other changes, and last what would be done without this change as well."""
    from reconciler.reports import plan_layout

    return _draw(
        (
            _sum(plan_layout.plan_summary(view), run),
            *_run(view.complete, view.notes),
            *_base(view.base),
            *_objections(view.objections),
            *(note for group in view.groups for note in _planned(group)),
        ),
        run,
    )


def _lines(*texts: str) -> tuple[str, ...]:
    return tuple(filter(None, texts))


def _sum(summary: Cell, run: Run) -> _Note:
    return _Note("notice", 0, f"reconciler {run.what}", ("".join(text for text, _ in summary),))


def _run(complete: bool, notes: tuple[str, ...]) -> Iterator[_Note]:
    if not complete:
        yield _Note(
            "error", 0, "not everything could be read", notes or ("so nobody knows whether this is all",)
        )
    else:
        yield from (_Note("warning", 0, "note", (note,)) for note in notes)


def _base(base: BaseView | None) -> Iterator[_Note]:
    if base is not None:
        for each in base.settings:
            moved = f"{each.before or 'not set'} → {each.after or 'not set'}"
            where = "this plan was made without it; it holds once it is merged"
            yield _Note("warning", 0, f"{each.setting} {each.name}".rstrip(), (moved, where))
        yield from (_Note("warning", 1, f"about the base, {base.ref}", (note,)) for note in base.notes)
        for called_off in base.dropped:
            lines = difflines.of_changes(called_off.changes)
            yield _Note("notice", 2, f"{called_off.name}: called off by this change", lines)


def _objections(objections: Iterable[ObjectionView]) -> Iterator[_Note]:
    for found in objections:
        groups = f"groups: {', '.join(found.groups)}" if found.groups else ""
        if found.lifted_by is not None:
            lines = _lines(found.message, groups, f"lifted by {found.lifted_by}")
            yield _Note("warning", 2, f"{found.code}, allowed", lines)
        else:
            lift = f"to lift it: --allow {found.code}" if found.liftable else "nothing lifts this one"
            yield _Note("error", 1, f"{found.code}, refused", _lines(found.message, groups, lift))


def _planned(group: GroupView) -> Iterator[_Note]:
    lines = (*group.notes, *difflines.of_changes(group.changes))
    place = (group.file or "", group.line or 0)
    if group.cause == "before" and group.action != "unreadable":
        what = "to change" if changes(group) else group.action
        yield _Note("notice", 3, f"{group.name}: {what}, without this change as well", lines, *place)
        return
    match group.action:
        case "unreadable" | "missing" | "blocked":
            rank = ("unreadable", "missing", "blocked").index(group.action)
            yield _Note("error", 2 + rank, f"{group.name}: {group.action}", lines, *place)
        case "held" | "orphaned":
            word = "on hold" if group.action == "held" else group.action
            yield _Note("notice", 2, f"{group.name}: {word}", lines, *place)
        case "create" | "adopt" | "update" | "leave":
            if _FINAL & {change.kind for change in group.changes}:
                yield _Note("warning", 1, f"{group.name}: cannot be undone", lines, *place)
            elif changes(group):
                yield _Note("notice", 1, f"{group.name}: to {group.action}", lines, *place)
        case "none":
            pass


# --- drawing ----------------------------------------------------------------------------------------------


def _draw(notes: Iterable[_Note], run: Run) -> str:
    found = sorted(notes, key=lambda note: note.rank)  # a stable sort: within a rank the order of the view
    out = []
    for kind in get_args(Kind):
        of_kind = [note for note in found if note.kind == kind]
        out += [_command(note, run.folder) for note in of_kind[:SHOWN]]
        if len(of_kind) > SHOWN:
            out.append(f"… and {counted(len(of_kind) - SHOWN, f'more {kind}', f'more {kind}s')}.")
    return "".join(f"{line}\n" for line in out)


def _command(note: _Note, folder: str) -> str:
    properties: dict[str, object] = {}
    if note.file:
        properties |= {"file": folder + note.file, "line": note.line, "endLine": note.line}
    if note.file and note.column:
        properties |= {"col": note.column, "endColumn": note.column}
    properties["title"] = note.title
    shown = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    lines = note.lines if any(note.lines) else (note.title,)  # without words nothing would be shown
    if len(lines) > _LINES:
        lines = (*lines[:_LINES], f"… and {len(lines) - _LINES} more lines")
    return f"::{note.kind} {shown}::{'%0A'.join(map(_data, lines))}"


def _data(text: str) -> str:
    """As the runner's UnescapeData undoes it."""
    return for_terminal(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """As the runner's UnescapeProperty undoes it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
