"""Annotations of GitHub Actions: commands in the log that put a message beside a line of a file.

GitHub shows ten of a kind (error, warning, notice) a step, so the most important come first, and the log says
how many more there are. Words are made visible as for a terminal before they are escaped as GitHub unescapes
them (`%`, CR, LF; in properties also `:` and `,`): nobody's text begins a line, so none is a command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from reconciler.language import tr, tr_n
from reconciler.report import blocks, grouping, words
from reconciler.report.escape import for_terminal
from reconciler.report.section import ending, is_plain

if TYPE_CHECKING:
    from reconciler.errors import Complaint
    from reconciler.report.model import Banner, Entry, Report
    from reconciler.report.section import Look, Run, Section

Kind = Literal["error", "warning", "notice"]

SHOWN = 10
"""Annotations of a kind that GitHub shows of a step."""

_LINES = 40  # of one message
_FIRST_STATUS = 3  # rank of the first status of groups, behind what is about the whole run


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


def render(sections: Sequence[Section], _: Look) -> str:
    """Return errors: what could not be found out, failed, or stands in the way. Warnings: what is final, or
    was not sent. Notices: the sum, other changes, what waits; bookkeeping alone has none. Several accounts
    follow each other."""
    if is_plain(sections):
        return _section(sections[0])
    return "".join(
        f"{tr('Account {account}', account=section.account)}\n{_section(section)}" for section in sections
    )


def encode_outputs(values: Mapping[str, str], delimiter: str) -> str:
    """Return lines for `$GITHUB_OUTPUT`: `name=value`, or for several lines `name<<DELIMITER`. `delimiter` is
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


def _section(section: Section) -> str:
    report, run = section.report, section.run
    if report is None or run is None:
        return for_terminal(ending(section).rstrip("\n")) + "\n"
    return _draw(_notes(report, run), run)


def _notes(report: Report, run: Run) -> Iterator[_Note]:
    if section_ended := report.status.level == "error" and not report.counts:
        yield from (_complaint(each) for each in sorted(report.complaints))
    if section_ended and report.complaints:
        return
    if not section_ended:
        yield _Note("notice", 0, f"reconciler {run.what}", (f"{report.summary}",))
        yield from (_complaint(each) for each in sorted(report.complaints))
    yield from (_banner(banner, run) for banner in report.banners if banner.title)
    order = [count.status.key for count in report.counts]
    groups = grouping.whole(entry for entry in report.entries if entry.status.level != "passed")
    yield from (_entry(entry, order) for entry in groups if not entry.is_bookkeeping)


def _banner(banner: Banner, run: Run) -> _Note:
    """What could not be found out is about the run as a whole, and told under its name."""
    if banner.level == "error":
        return _Note("error", 0, f"reconciler {run.what}", (banner.title, *banner.lines))
    whose = f"{run.section}: " if run.section else ""
    kind: Kind = "notice" if banner.tone == "quiet" else "warning"
    if banner.level == "failure":
        kind = "error"
    return _Note(kind, 1 if kind == "error" else 2, f"{whose}{banner.title}", banner.lines)


def _entry(entry: Entry, order: Sequence[str]) -> _Note:
    """A group. What cannot be undone is a warning whatever it is, and what would merely change a notice."""
    status, outcome = entry.status, entry.outcome
    bad = outcome.level == "error" or (outcome.level == "failure" and outcome.tone == "bad")
    kind: Kind = "notice"
    if bad:
        kind = "error"
    elif outcome.tone == "warn" or (entry.is_final and entry.taken_as is None):
        kind = "warning"
    known = outcome.key in order
    rank = _FIRST_STATUS + (order.index(outcome.key) if known else len(order))
    called = f'{entry.name} "{entry.subject}"' if entry.subject else entry.name
    title = f"{called}: {status.word}"
    title += f", {outcome.word}" if outcome != status else ""
    title += f", {entry.aside}" if entry.aside else ""
    title += f", {tr(words.CANNOT_BE_UNDONE)}" if entry.is_final and not bad else ""
    commands = (
        tr("to {do}: {command}", do=each.label, command=each.words)
        for each in entry.commands
        if not each.quiet
    )
    lines = (*blocks.difference(entry), *commands)
    return _Note(kind, rank, title, lines, entry.file, entry.line)


def _complaint(found: Complaint) -> _Note:
    kind: Kind = "warning" if found.warning else "error"
    location = found.location
    lines = tuple(filter(None, (found.message, found.hint)))
    return _Note(kind, 0, found.rule, lines, location.file, location.line, location.column)


# --- drawing ----------------------------------------------------------------------------------------------


def _draw(notes: Iterable[_Note], run: Run) -> str:
    found = sorted(notes, key=lambda note: note.rank)  # a stable sort: within a rank the document's order
    out = []
    for kind in get_args(Kind):
        of_kind = [note for note in found if note.kind == kind]
        out += [_command(note, run.folder) for note in of_kind[:SHOWN]]
        if len(of_kind) > SHOWN:
            out.append(_more(kind, len(of_kind) - SHOWN))
    return "".join(f"{line}\n" for line in out)


def _more(kind: Kind, number: int) -> str:
    match kind:
        case "error":
            return tr_n("… and {n} more error.", "… and {n} more errors.", number)
        case "warning":
            return tr_n("… and {n} more warning.", "… and {n} more warnings.", number)
        case "notice":
            return tr_n("… and {n} more notice.", "… and {n} more notices.", number)


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
        lines = (*lines[:_LINES], tr_n("… and {n} more lines", "… and {n} more lines", len(lines) - _LINES))
    return f"::{note.kind} {shown}::{'%0A'.join(map(_data, lines))}"


def _data(text: str) -> str:
    """Escape a text so that the runner's UnescapeData gives it back."""
    return for_terminal(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a text so that the runner's UnescapeProperty gives it back."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
