"""The document: what a verb tells of one run, as data that every format can draw.

A document is redacted and complete. It holds no callable and no markup: how a thing is meant is its tone, and
escaping is the renderer's. Words stand where they are shown, so a format adds none about groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from reconciler.errors import Complaint, Problem

Verb = Literal[
    "validate",
    "plan",
    "apply",
    "drift",
    "list",
    "import",
    "accept",
    "invites",
    "invites --send",
    "invites --rotate",
    "send",
    "doctor",
    "state list",
    "state log",
]
"""What was run, as somebody types it; verbs with other formats are other rows."""

Tone = Literal["bad", "warn", "change", "good", "quiet"]
"""How a thing is meant. It picks a colour and never stands alone: there is a word beside it."""

Level = Literal["error", "failure", "skipped", "passed"]
"""How a machine should take it: what could not be found out, what is not as it should be, what waits for
somebody or is left alone on purpose, what is well."""


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a thing: `key` for filters and machines, a symbol and a word for people. `lead` says in
    a sentence what it means for all groups that have it. `bare`: beside a name the symbol says enough."""

    key: str
    symbol: str
    word: str
    tone: Tone
    level: Level
    lead: str = ""
    bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An icon, as far as it is known: of the files, as it is live, or as it was last applied.

    Of a live one not more than `sha256` and `size` (bytes) can be known. Of an applied one `sha256` is that
    of the file, `served` that of what the server made of it, and `size` is of the latter.
    """

    of: Literal["files", "live", "applied"]
    file: str | None = None
    sha256: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    mime: str | None = None
    served: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of a field: at most one of text (`quoted` where somebody chose the words), people, picture.

    None of them: `empty` says what that means. `no_group`: there is no group that could have a value.
    """

    text: str = ""
    quoted: bool = False
    people: tuple[str, ...] = ()
    picture: Picture | None = None
    empty: str = ""
    no_group: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.quoted or self.people or self.picture)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who comes in, or gets a right (`+`), or goes out, or loses it (`-`); and why."""

    sign: Literal["+", "-"]
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in one column of values. `sign` is its side of a difference: `-` what is there, `+` what
    should be."""

    word: str
    sign: Literal["+", "-", ""] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One part of a group: what is said of it and how that is meant, its values under the entry's columns,
    the people in question.

    `final` tells that it cannot be undone, `after` what the whole will look like, `status` and `problem` what
    became of it. `recorded`: only the own record changes, and nothing that people could see. `waits`: nothing
    is done about it for now.
    """

    key: str
    label: str
    said: str = ""
    tone: Tone = "quiet"
    since: str = ""
    values: tuple[Value, ...] = ()
    people: tuple[Person, ...] = ()
    final: bool = False
    recorded: bool = False
    waits: bool = False
    after: str = ""
    status: Status | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """What can be typed, and what for. One that is `quiet` is shown only where it takes no line."""

    label: str
    words: str
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One group, or several that are equal in what is said (`names`).

    `subject` is the one that it is to have; `aside` stands beside its status, `file` and `line` say where it
    is declared. `part` puts it under a heading of its own, with its `origin` as the key by which it can be
    looked for. `taken_as` is how a machine should take it, where that is not as its status says.
    """

    name: str
    status: Status
    names: tuple[str, ...] = ()
    id: str = ""
    subject: str = ""
    file: str = ""
    line: int = 0
    aside: str = ""
    columns: tuple[Column, ...] = ()
    fields: tuple[Field, ...] = ()
    notes: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    part: Status | None = None
    origin: str = ""
    taken_as: Status | None = None

    @property
    def outcome(self) -> Status:
        """The status by which a machine should take it."""
        return self.taken_as or self.status

    @property
    def place(self) -> str:
        """`file:line`, or ""."""
        return f"{self.file}:{self.line}" if self.file else ""

    @property
    def is_quiet(self) -> bool:
        """Whether its name is all there is to say."""
        return self.status.level == "passed" and not self.fields

    @property
    def is_bookkeeping(self) -> bool:
        """Whether all that would change is the own record."""
        return bool(self.fields) and all(field.recorded for field in self.fields)

    @property
    def is_final(self) -> bool:
        """Whether something of it cannot be undone."""
        return any(field.final for field in self.fields)


@dataclass(frozen=True, slots=True)
class Banner:
    """What nobody may overlook: a title and sentences below it.

    One that has a `name` is something that was checked, and that a machine counts: a guard, the reading.
    `suite` is what it belongs to and `kind` what sort of mishap it is. One without a title is for machines
    alone. One that is `first` goes before everything, from whichever end the report is read.
    """

    title: str
    tone: Tone
    lines: tuple[str, ...] = ()
    name: str = ""
    level: Level = "passed"
    suite: str = "reconciler"
    kind: str = ""
    first: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A cell that is meant in some way; one that is `quiet` matters less than those beside it."""

    text: str
    tone: Tone = "quiet"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Table:
    """A small table: people to invite, notes by group. `lead` is a sentence, or what to do next.

    A row of one cell belongs to the row above it. `status` is what all rows have, and `whole` tells that no
    row may be left out.
    """

    key: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | Word, ...], ...]
    lead: str = ""
    status: Status | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Many names that need no more than a line each: (name, what stands beside it)."""

    status: Status
    title: str
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many have a status. One that is no `share` is counted in something else than the others."""

    status: Status
    number: int
    share: bool = True


@dataclass(frozen=True, slots=True)
class Summary:
    """One line that sums it up: the words that matter most, and the rest of the sentence."""

    head: str
    rest: str = ""
    tone: Tone | None = None

    def __str__(self) -> str:
        return f"{self.head}{self.rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a verb tells of one run.

    `verdict` is the line that matters most, and `verdict_first` tells that a reader at a terminal begins with
    it (a plan is read from its end, where the question is). `counts` name every status, in the order in which
    they are told. `title` is for headings, `summary` unless given. `quiet`: whether an issue about it has
    nothing to tell; `digest` tells plans apart. `facts` are (label, value) beside those of the run.
    """

    verb: Verb
    verdict: str
    status: Status
    summary: Summary
    sentences: tuple[str, ...] = ()
    banners: tuple[Banner, ...] = ()
    counts: tuple[Count, ...] = ()
    entries: tuple[Entry, ...] = ()
    tables: tuple[Table, ...] = ()
    listings: tuple[Listing, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    verdict_first: bool = False
    title: str = ""
    digest: str = ""
    quiet: bool | None = None
