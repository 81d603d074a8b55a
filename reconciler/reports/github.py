"""Annotations of GitHub Actions: commands in the log that put a message beside a line of a file.

GitHub shows ten of a kind (error, warning, notice) a step, so the most important come first, and the log says
how many more there are. Words are made visible as for a terminal before they are escaped as GitHub unescapes
them (`%`, CR, LF; in properties also `:` and `,`): nobody's text begins a line, so none is a command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from reconciler.reports import difflines
from reconciler.reports.escape import for_terminal
from reconciler.reports.phrases import Cell, counted
from reconciler.reports.values import changes

if TYPE_CHECKING:
    from reconciler.errors import Complaint
    from reconciler.reports.apply_shapes import ApplyView, GroupOutcomeView
    from reconciler.reports.base_shapes import BaseView
    from reconciler.reports.drift_shapes import DriftView, GroupDriftView
    from reconciler.reports.plan_shapes import GroupView, PlanView
    from reconciler.reports.run import Run
    from reconciler.reports.shapes import ObjectionView
    from reconciler.reports.validate_shapes import FailureView, ValidationView

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


def render_apply(view: ApplyView, run: Run) -> str:
    """Errors: what failed or is unknown, and what stands in the way. Warnings: what was skipped."""
    from reconciler.reports import apply_layout

    return _draw(
        (
            _sum(apply_layout.apply_summary(view), run),
            *_unsaved(view),
            *_run(view.complete, view.notes),
            *_objections(view.objections),
            *(note for group in view.groups for note in _applied(group)),
        ),
        run,
    )


def render_drift(view: DriftView, run: Run) -> str:
    """Errors: what drifted, is missing, blocked, unreadable. Notices: what is not applied yet, or on hold."""
    from reconciler.reports import drift_layout

    return _draw(
        (
            _sum(drift_layout.drift_summary(view), run),
            *_run(view.complete, view.notes),
            *(note for group in view.groups for note in _drifted(group)),
        ),
        run,
    )


def render_validation(view: ValidationView, run: Run) -> str:
    """An annotation a complaint, at its line and column."""
    mistakes = sum(not complaint.warning for complaint in view.complaints)
    count = counted(mistakes, "mistake") if view.groups is None else counted(view.groups, "group")
    summary = _Note("notice", 0, f"reconciler {run.what}", (f"{count}.",))
    return _draw((summary, *_complaints(view.complaints)), run)


def render_failure(view: FailureView, run: Run) -> str:
    """The error that ended the run; for mistakes in files one a mistake."""
    if view.complaints:
        return _draw(_complaints(view.complaints), run)
    return _draw((_Note("error", 0, f"reconciler {run.what}", _lines(view.message, view.hint)),), run)


def encode_outputs(values: Mapping[str, str], delimiter: str) -> str:
    """Lines for `$GITHUB_OUTPUT`: `name=value`, or for several lines `name<<DELIMITER`. `delimiter` is
    random; raises `ValueError` where a value holds it all the same."""
    found = []
    for name, value in values.items():
        if "\n" not in value and "\r" not in value:
            found.append(f"{name}={value}\n")
        elif delimiter in value:
            raise ValueError("the delimiter stands in a value")
        else:
            found.append(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")
    return "".join(found)


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


def _unsaved(view: ApplyView) -> Iterator[_Note]:
    if view.unsaved is not None:
        bind = (f"reconciler state bind {name} {id}" for name, id in view.bind)
        lines = _lines(view.unsaved.message, view.unsaved.hint, *bind)
        yield _Note("error", 0, "the state could not be saved", lines)


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


def _applied(group: GroupOutcomeView) -> Iterator[_Note]:
    place = (group.file or "", group.line or 0)
    bad = {outcome.status for outcome in group.outcomes} - {"done"}
    if bad:
        lines = []
        for outcome in group.outcomes:
            if outcome.status != "done":
                problem = outcome.problem
                why = f": {problem.message}" if problem else ""
                lines += [
                    f"{outcome.change.kind} {outcome.status}{why}",
                    *_lines(problem.hint if problem else ""),
                ]
        words = ", ".join(status for status in ("failed", "unknown", "skipped") if status in bad)
        kind: Kind = "warning" if bad == {"skipped"} else "error"
        yield _Note(kind, 2, f"{group.name}: {words}", tuple(lines), *place)
    elif group.action in ("unreadable", "missing", "blocked"):
        rank = ("unreadable", "missing", "blocked").index(group.action)
        yield _Note("error", 3 + rank, f"{group.name}: {group.action}", group.notes, *place)
    elif group.action in ("held", "orphaned"):
        word = "on hold" if group.action == "held" else group.action
        yield _Note("notice", 2, f"{group.name}: {word}", group.notes, *place)


def _drifted(group: GroupDriftView) -> Iterator[_Note]:
    how = "to apply it" if group.status == "pending" else "to restore it"
    restore = f"{how}: {group.restore}" if group.restore else ""
    keep = f"to keep it: {group.accept}" if group.accept else ""
    lines = _lines(*group.notes, *difflines.of_drift(group.fields), restore, keep)
    place = (group.file or "", group.line or 0)
    match group.status:
        case "drifted" | "missing" | "blocked" | "unreadable":
            rank = ("unreadable", "drifted", "missing", "blocked").index(group.status)
            yield _Note("error", 1 + rank, f"{group.name}: {group.status}", lines, *place)
        case "pending":
            yield _Note("notice", 1, f"{group.name}: not applied yet", lines, *place)
        case "held":
            yield _Note("notice", 2, f"{group.name}: on hold", lines, *place)
        case "in_sync":
            pass


def _complaints(complaints: Iterable[Complaint]) -> Iterator[_Note]:
    for found in sorted(complaints):
        kind: Kind = "warning" if found.warning else "error"
        mark = found.mark
        lines = _lines(found.message, found.hint)
        yield _Note(kind, 0, found.rule, lines, mark.file, mark.line, mark.column)


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
