"""What a renderer is handed: one section an account, and how the output should look.

One section is the plain case. Of several accounts a format makes one document, or, where it cannot, is
called once for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.errors import Exit, first_exit
from reconciler.language import msg, msg_p, said, spoken, tr, tr_n
from reconciler.report.words import of_problem

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.errors import Problem
    from reconciler.model.live import Thumbnails
    from reconciler.report.model import Report, Verb

T = TypeVar("T")

Data = dict[str, Any]
"""The JSON document of a run, as plain data."""

Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Rows:
    """A table for spreadsheets: names of columns, and rows as wide."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Facts of one run, as it will end: reports are written last, so `exit_code` is what it ends with.

    `started` has its zone (UTC), `duration` is in seconds up to the writing of reports. `complete`: whether
    everything was read. `commit` is that of the manifests, followed by `+changes` where the files are not as
    it has them; None where it is not known, or no format says it. `account` is masked unless numbers are
    shown, "" where it is not set. `api` is the origin that was asked, or `sandbox`; "" for a run that asks
    nobody. `requests` counts what was sent to it, by HTTP status or, without an answer, error code. `folder`
    leads from the top of the repository to where the run works ("" or `a/b/`), for formats that name files
    from the top. `section` names the account that the run is about, where there are several. `link` leads to
    the pipeline's run, `artifacts` to the page of this run among its files; "" where there is none.
    `pages` is where the pages of the sandbox that was asked are, "" where it ended with the run; None for any
    other API.
    """

    verb: Verb
    version: str
    started: datetime
    duration: float
    exit_code: int
    complete: bool
    commit: str | None = None
    account: str = ""
    api: str = ""
    requests: tuple[tuple[str, int], ...] = ()
    folder: str = ""
    section: str = ""
    link: str = ""
    artifacts: str = ""
    pages: str | None = None

    @property
    def what(self) -> str:
        """The verb, and the account where there are several."""
        return f"{self.verb} {self.section}".rstrip()


@dataclass(frozen=True, slots=True)
class Told:
    """What a verb has to tell, made when a format asks for it, and once: the document, the JSON data, the
    table for spreadsheets. A run that ended in an error has a document alone."""

    report: Callable[[], Report]
    data: Callable[[], Data] | None = None
    rows: Callable[[], Rows] | None = None

    @classmethod
    def of(
        cls,
        data: Callable[[], Data],
        report: Callable[[Data], Report],
        rows: Callable[[Data], Rows] | None = None,
    ) -> Told:
        """Return what is told of data alone: document and table are made of it."""
        facts = once(data)
        table = None if rows is None else once(lambda: rows(facts()))
        return cls(once(lambda: report(facts())), facts, table)


def once(make: Callable[[], T]) -> Callable[[], T]:
    """Return a function that makes a thing when it is called first, and gives the same again: one for each
    language."""
    made = cache(lambda _: make())
    return lambda: made(spoken())


@dataclass(frozen=True, slots=True)
class Section:
    """One account's run: its name ("" where a run stands for itself), what it ended with, its facts, and
    what it tells. `problem` is the error that ended it. An account whose run was not begun has neither `run`
    nor `told`, only the `command` that was to be run."""

    account: str
    exit_code: int
    run: Run | None = None
    told: Told | None = None
    problem: Problem | None = None
    command: str = ""

    @property
    def report(self) -> Report | None:
        """The document in the language that is spoken, where there is one."""
        return None if self.told is None else said(self.told.report())

    @property
    def data(self) -> Data | None:
        """The data of JSON, where the run came to a result."""
        return None if self.told is None or self.told.data is None else self.told.data()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How an output should look: colours, columns of the terminal, people in one list; `tables`: whether
    text says what stands beside the groups (notes, who has yet to join); `codes`: links are shown as QR codes
    as well; `thumbnails` are the icons, where a format shows them. `before` is what the report's file held
    until now."""

    color: bool = False
    width: int = 100
    limit: int = 20
    tables: bool = True
    codes: bool = False
    thumbnails: Thumbnails | None = field(default=None, compare=False)
    before: str = field(default="", compare=False)


PLAIN = Look()
"""How a file looks."""

Render = Callable[[Sequence[Section], Look], str]

ENDS = {
    Exit.OK: msg_p("how a run ends", "done"),
    Exit.ERROR: msg("an error"),
    Exit.CHANGES: msg("something is to be done"),
    Exit.PARTIAL: msg("done in part"),
    Exit.CREDENTIALS: msg("credentials refused or missing"),
    Exit.LOCKED: msg("its state is locked"),
    Exit.OBJECTION: msg("a guard objects"),
    Exit.USAGE: msg("cannot be carried out"),
    Exit.BUG: msg("a bug"),
    Exit.INTERRUPTED: msg("interrupted"),
}
"""What an exit code means, in words."""


def is_plain(sections: Sequence[Section]) -> bool:
    """Return whether this is one run that stands for itself, and not one of several accounts."""
    return len(sections) == 1 and not sections[0].account


def exit_code(sections: Iterable[Section]) -> Exit:
    """Return what all of them together end with."""
    return first_exit(Exit(section.exit_code) for section in sections)


def heading(account: str) -> str:
    """Return the line above what is an account's."""
    return f"== {account} ==\n"


def closing(sections: Sequence[Section]) -> str:
    """Return one line: how each account ended, those that did not end well first."""
    order = list(map(int, Exit))
    bad = sorted((each for each in sections if each.exit_code), key=lambda each: order.index(each.exit_code))
    words = [f"{each.account} {each.exit_code} ({tr(ENDS[Exit(each.exit_code)])})" for each in bad]
    good = [each.account for each in sections if not each.exit_code]
    words += [tr("ok: {accounts}", accounts=", ".join(good))] if good else []
    words = words or [tr("nothing to do")]
    accounts = tr_n("{n} account", "{n} accounts", len(sections))
    return f"{accounts}: {'; '.join(words)}."


def ending(section: Section) -> str:
    """Return why an account has nothing to report, as a line."""
    problem = section.problem
    if problem is None:
        return f"{tr(ENDS[Exit(section.exit_code)])}\n"
    return tr("Error: {problem}", problem=of_problem(problem)) + "\n"
