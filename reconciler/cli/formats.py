"""The table of formats: what each renders. The only place that names concrete renderers."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from reconciler.cli.places import check_inside
from reconciler.errors import Complaint, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.reports.shapes import ApplyView, DriftView, InvitesView, ListView, PlanView

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """What a terminal format has to know: whether there are colours, how many columns; `joining` whether a
    plan says who has yet to join."""

    color: bool
    width: int
    joining: bool = True


PLAIN = Look(color=False, width=100)
"""How a file looks."""


@dataclass(frozen=True, slots=True)
class Format:
    """One row: how a plan, an apply, a drift and a validation (complaints, and the count of groups when there
    is no mistake) are rendered."""

    plan: Callable[[PlanView, Look], str]
    apply: Callable[[ApplyView, Look], str]
    drift: Callable[[DriftView, Look], str]
    validation: Callable[[Sequence[Complaint], int | None, Look], str]


def _text_plan(view: PlanView, look: Look) -> str:
    from reconciler.reports import text

    return text.render_plan(view, color=look.color, width=look.width, joining=look.joining)


def _text_apply(view: ApplyView, look: Look) -> str:
    from reconciler.reports import text

    return text.render_apply(view, color=look.color, width=look.width)


def _json_plan(view: PlanView, _: Look) -> str:
    from reconciler.reports import json

    return json.render_plan(view)


def _json_apply(view: ApplyView, _: Look) -> str:
    from reconciler.reports import json

    return json.render_apply(view)


def _text_drift(view: DriftView, look: Look) -> str:
    from reconciler.reports import text

    return text.render_drift(view, color=look.color, width=look.width)


def _json_drift(view: DriftView, _: Look) -> str:
    from reconciler.reports import json

    return json.render_drift(view)


def _text_validation(complaints: Sequence[Complaint], groups: int | None, look: Look) -> str:
    from reconciler.reports import text

    return text.render_validation(complaints, groups, color=look.color)


def _json_validation(complaints: Sequence[Complaint], groups: int | None, _: Look) -> str:
    from reconciler.reports import json

    return json.render_validation(complaints, groups)


FORMATS = {
    "text": Format(_text_plan, _text_apply, _text_drift, _text_validation),
    "json": Format(_json_plan, _json_apply, _json_drift, _json_validation),
}


def _text_invites(view: InvitesView, look: Look) -> str:
    from reconciler.reports import text

    return text.render_invites(view, color=look.color, width=look.width)


def _json_invites(view: InvitesView, _: Look) -> str:
    from reconciler.reports import json

    return json.render_invites(view)


def _csv_invites(view: InvitesView, _: Look) -> str:
    from reconciler.reports import csv

    return csv.render_invites(view)


InvitesFormat = Callable[["InvitesView", Look], str]

INVITES: dict[str, InvitesFormat] = {"text": _text_invites, "json": _json_invites, "csv": _csv_invites}
"""The formats of `invites`, whose table of people goes where no plan does."""


def _text_list(view: ListView, look: Look) -> str:
    from reconciler.reports import text

    return text.render_list(view, color=look.color, width=look.width)


def _json_list(view: ListView, _: Look) -> str:
    from reconciler.reports import json

    return json.render_list(view)


def _csv_list(view: ListView, _: Look) -> str:
    from reconciler.reports import csv

    return csv.render_list(view)


ListFormat = Callable[["ListView", Look], str]

LIST: dict[str, ListFormat] = {"text": _text_list, "json": _json_list, "csv": _csv_list}
"""The formats of `list`."""


def list_named(name: str) -> ListFormat:
    """The format of `list` of a name; raises `UsageError` naming the others."""
    return _row(LIST, name)


def list_files(given: tuple[str, ...]) -> tuple[ReportFile[ListFormat], ...]:
    """Every `--report` of `list`, checked before anything is done; raises `UsageError`."""
    return _files(LIST, given)


def named(name: str) -> Format:
    """The format of a name; raises `UsageError` naming the others."""
    return _row(FORMATS, name)


def invites_named(name: str) -> InvitesFormat:
    """The format of `invites` of a name; raises `UsageError` naming the others."""
    return _row(INVITES, name)


def _row(table: Mapping[str, T], name: str) -> T:
    if name not in table:
        raise UsageError(f"there is no format {name!r:.40}", f"formats: {', '.join(table)}")
    return table[name]


@dataclass(frozen=True, slots=True)
class ReportFile(Generic[T]):
    """One `--report FORMAT=FILE`."""

    format: T
    path: str


def report_files(given: tuple[str, ...]) -> tuple[ReportFile[Format], ...]:
    """Every `--report`, checked before anything is done; raises `UsageError`."""
    return _files(FORMATS, given)


def invites_files(given: tuple[str, ...]) -> tuple[ReportFile[InvitesFormat], ...]:
    """Every `--report` of `invites`, checked before anything is done; raises `UsageError`."""
    return _files(INVITES, given)


def _files(table: Mapping[str, T], given: tuple[str, ...]) -> tuple[ReportFile[T], ...]:
    files = []
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or not path:
            raise UsageError("--report takes FORMAT=FILE", "for example: --report json=plan.json")
        files.append(ReportFile(_row(table, name), path))
    return tuple(files)


def write_private(path: str, text: str) -> None:
    """Write a file that only its owner may read (0600), also where it was there before.

    Raises `ReconcilerError` when it cannot be written, and when a link leads it out of the repository.
    """
    check_inside(Path(path))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # root would close /dev/null to everybody
                os.fchmod(file.fileno(), 0o600)
            file.write(text if text.endswith("\n") else f"{text}\n")
    except OSError as error:
        raise ReconcilerError(f"{path} cannot be written: {error.strerror}") from None


def read_text(path: str, limit: int = 64 * 1024 * 1024) -> str:
    """The text of a file that the command line names; raises `ReconcilerError` when it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(limit + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ReconcilerError(f"{path} cannot be read: {reason}") from None
    if len(text) > limit:
        raise ReconcilerError(f"{path} is too large")
    return text
