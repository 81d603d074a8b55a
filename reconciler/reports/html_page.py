"""What stands on a page, whatever it reports: data that the template lays out, with nothing left to decide.

A tone is how a thing is meant, and picks its colour. It never stands alone: a mark has its word as well, and
a shape that its key picks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Tone = Literal["bad", "warn", "change", "good", "quiet"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A status or action: its key (for filters and shapes), word and tone."""

    key: str
    word: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Card:
    """One count of the summary; it leads to the section of its key, where there is one.

    `part` is False for what is no share of the groups that the page is about.
    """

    mark: Mark
    count: int
    part: bool = True


@dataclass(frozen=True, slots=True)
class Banner:
    """What nobody may overlook. `lines` are sentences below the title."""

    tone: Tone
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as a `data:` URL, and how often the page shows it."""

    source: str
    uses: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An icon in a value. `key` finds it among the page's pictures; "" where there is none to show, and then
    `absent` may say why."""

    caption: str
    alt: str
    file: str = ""
    key: str = ""
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value in a table: at most one of text (`quoted` where somebody chose the words), people, picture;
    none of them: `empty` says what that means."""

    text: str = ""
    quoted: bool = False
    people: tuple[str, ...] = ()
    more: int = 0
    picture: Picture | None = None
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Someone:
    """A line in a plus or minus list."""

    sign: Literal["+", "−"]
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field of a group: its values under the page's columns, who is in question, and the cause.

    `final` says that it cannot be undone; `after` what the whole will look like.
    """

    field: str
    label: str
    values: tuple[Value, ...] = ()
    cause: str = ""
    tone: Tone = "quiet"
    since: str = ""
    people: tuple[Someone, ...] = ()
    more: int = 0
    says: str = ""
    final: bool = False
    after: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One group. `commands` are (what it is for, the command)."""

    name: str
    id: str
    place: str
    mark: Mark
    since: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    origin: str = ""

    @property
    def has_values(self) -> bool:
        """Whether anything stands under the columns."""
        return any(row.values for row in self.rows)

    @property
    def fields(self) -> str:
        """The fields that are in question, for the filter."""
        return " ".join(dict.fromkeys(row.field for row in self.rows))


@dataclass(frozen=True, slots=True)
class Section:
    """Groups of one status or action. `lead` says in a sentence what that means; `more` is how many further
    ones are only named."""

    mark: Mark
    lead: str
    entries: tuple[Entry, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """Many names that need no more than a line each; (name, what stands beside it)."""

    title: str
    items: tuple[tuple[str, str], ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Table:
    """A small table: people to invite, notes by group."""

    key: str
    title: str
    lead: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of a filter."""

    key: str
    word: str
    count: int
    tone: Tone = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All of it, top to bottom. `facts` are (label, value); `pictures` are by key."""

    kind: str
    verdict: str
    mark: Mark
    sentences: tuple[str, ...]
    banners: tuple[Banner, ...]
    facts: tuple[tuple[str, str], ...]
    cards: tuple[Card, ...]
    sections: tuple[Section, ...]
    tables: tuple[Table, ...]
    listings: tuple[Listing, ...]
    pictures: Mapping[str, Drawn]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for section in self.sections for entry in section.entries)

    @property
    def statuses(self) -> tuple[Choice, ...]:
        """What can be filtered by status or action."""
        counts = Counter(entry.mark for entry in self.entries)
        found = [*counts.items(), *((listing.mark, len(listing.items)) for listing in self.listings)]
        return tuple(Choice(mark.key, mark.word, count, mark.tone) for mark, count in found)

    @property
    def many(self) -> bool:
        """Whether there is so much of it that a browser should draw only what is looked at."""
        return len(self.entries) > MANY

    @property
    def targets(self) -> frozenset[str]:
        """The keys of what a card can lead to."""
        marks = [*(section.mark for section in self.sections), *(listing.mark for listing in self.listings)]
        return frozenset(mark.key for mark in marks)

    @property
    def origins(self) -> tuple[Choice, ...]:
        """What can be filtered by who caused it, where that is known."""
        counts = Counter(entry.origin for entry in self.entries if entry.origin)
        return tuple(Choice(key, word, counts[key]) for key, word in ORIGINS.items() if key in counts)

    @property
    def fields(self) -> tuple[Choice, ...]:
        """What can be filtered by field, with how many groups it concerns."""
        labels = [{row.field: row.label for row in entry.rows} for entry in self.entries]
        counts = Counter(field for found in labels for field in found)
        words = {field: label for found in labels for field, label in found.items()}
        return tuple(Choice(field, words[field], counts[field]) for field in FIELDS if field in counts)


ORIGINS = {"this_change": "This change", "before": "There before"}
"""Who caused a change, in a plan that was compared with a base."""

MANY = 100

FIELDS = ("adopt", "ensure", "admins", "members", "link", "subject", "icon")
"""Access before looks."""

ENTRIES = 1000
"""Groups that a page shows in full: some 3 MB, without their pictures."""


def shortened(page: Page, limit: int = ENTRIES) -> Page:
    """The page with the first `limit` groups in full, and a list of the names of the others."""
    sections, names, left = [], [], limit
    for section in page.sections:
        kept, cut = section.entries[:left], section.entries[left:]
        left -= len(kept)
        sections.append(replace(section, entries=kept, more=len(cut)))
        names += [(entry.name, f"{entry.mark.word.lower()} {entry.place}".rstrip()) for entry in cut]
    if not names:
        return page
    rest = Listing("Not shown in full", tuple(names), Mark("more", "Not shown in full", "quiet"))
    return replace(page, sections=tuple(sections), listings=(rest, *page.listings))
