"""Reports as one page of HTML that asks nobody for anything: styles, script and pictures are inside.

Jinja2 escapes every value, and before that `escape.visible` shows characters that act or hide. The page's own
policy lets nothing be loaded, and one script run: the one that has the nonce. The nonce is a digest of the
page's body, so that no text in that body can name it, and the same document gives the same page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from reconciler.language import decimal, msg, spoken, tr, tr_p
from reconciler.model.record import short_commit
from reconciler.report import grouping, words
from reconciler.report.escape import visible
from reconciler.report.model import Entry, Listing, Picture, Report, Status, Table, Tone

if TYPE_CHECKING:
    from jinja2 import Environment

    from reconciler.errors import Complaint
    from reconciler.model.live import Thumbnail, Thumbnails
    from reconciler.report.section import Look, Run, Section

ENTRIES = 1000
"""Groups that a page shows in full: some 3 MB, without their pictures."""

MANY = 100
"""Groups from which on a browser draws only what is looked at."""

_ORDERS = re.compile(r"(?<=:):|(?<=#)#(?=[a-z]*\[)")
_ALT = {
    "files": msg("icon in the files"),
    "live": msg("icon as it is live"),
    "applied": msg("icon last applied"),
}


def render(sections: Sequence[Section], look: Look) -> str:
    """Return the page of one run, with the nonce of its own body; several accounts have a page each."""
    from markupsafe import Markup

    (section,) = sections
    report, run = section.report, section.run
    if report is None or run is None:
        raise ValueError("an account whose run was not begun has no page")
    page = _page(report, run, look)
    environment = _environment()
    body = environment.get_template("body.html").render(page=page)
    # A log that the page is printed to must not take a line of it for an order; a browser shows the same.
    body = _ORDERS.sub(lambda found: f"&#{ord(found[0])};", body)
    nonce = base64.urlsafe_b64encode(hashlib.sha256(body.encode()).digest()[:18]).decode()
    return environment.get_template("page.html").render(page=page, body=Markup(body), nonce=nonce)  # noqa: S704


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reconciler.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"spoken": spoken, "tr": tr, "verbs": words.VERBS}
    environment.filters["capital"] = lambda text: f"{text[:1].upper()}{text[1:]}".replace("_", " ")
    return environment


def _finalize(value: object) -> object:
    """Make what hides or acts visible in every value that a template prints; markup is the templates' own."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


# --- the page ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """Groups under one heading, and how many further ones are only named."""

    status: Status
    entries: tuple[Entry, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class _Choice:
    """One button of a filter."""

    key: str
    word: str
    count: int
    tone: Tone = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What the template lays out beside the document: facts, groups under headings, names, pictures."""

    report: Report
    facts: tuple[tuple[str, str], ...]
    parts: tuple[_Part, ...]
    tables: tuple[Table, ...]
    listings: tuple[Listing, ...]
    album: _Album

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for part in self.parts for entry in part.entries)

    @property
    def many(self) -> bool:
        """Whether there is so much of it that a browser should draw only what is looked at."""
        return len(self.entries) > MANY

    @property
    def targets(self) -> frozenset[str]:
        """The keys of what a count can lead to."""
        return frozenset(
            (*(part.status.key for part in self.parts), *(each.status.key for each in self.listings))
        )

    @property
    def statuses(self) -> tuple[_Choice, ...]:
        """Return the statuses to filter by."""
        found = [*Counter(entry.status for entry in self.entries).items()]
        found += [(listing.status, len(listing.items)) for listing in self.listings]
        return tuple(_Choice(status.key, status.word, count, status.tone) for status, count in found)

    @property
    def origins(self) -> tuple[_Choice, ...]:
        """Return the origins to filter by, where any is known."""
        known = {entry.origin: entry.part.word for entry in self.entries if entry.origin and entry.part}
        counts = Counter(entry.origin for entry in self.entries)
        return tuple(_Choice(key, word, counts[key]) for key, word in known.items())

    @property
    def fields(self) -> tuple[_Choice, ...]:
        """Return the fields to filter by, each with how many groups it concerns."""
        labels = [{field.key: field.label for field in entry.fields} for entry in self.entries]
        counts = Counter(key for found in labels for key in found)
        known = {key: label for found in labels for key, label in found.items()}
        return tuple(_Choice(key, label, counts[key]) for key, label in known.items())


def _page(report: Report, run: Run, look: Look) -> _Page:
    parts, rest = _shortened(list(_parts(report)))
    return _Page(
        report=report,
        facts=(*_facts(run), *report.facts),
        parts=parts,
        tables=(*_complaints(report.complaints), *grouping.tables(report)),
        listings=(*rest, *_quiet(report.entries), *report.listings),
        album=_Album.of((entry for part in parts for entry in part.entries), look.thumbnails),
    )


def _facts(run: Run) -> tuple[tuple[str, str], ...]:
    """Return the facts of a run as (label, value)."""
    sent = sum(number for _, number in run.requests)
    account = run.account or (tr_p("of the account", "not set") if run.api else "")
    whole = tr_p("of the reading", "complete") if run.complete else tr_p("of the reading", "incomplete")
    facts = (
        (tr("Commit"), short_commit(run.commit or "", 12) or tr_p("of a commit", "unknown")),
        (tr("Account"), " ".join(filter(None, (run.section, account)))),
        ("API", run.api.removeprefix("https://")),
        (tr("Version"), f"reconciler {run.version}"),
        (tr("Started"), tr("{at:%Y-%m-%d %H:%M:%S} UTC", at=run.started)),
        (tr("Duration"), f"{decimal(run.duration, 1)} s"),
        (tr("Requests"), f"{sent}" if run.requests else ""),
        (tr("Reading"), whole if run.api else ""),
    )
    return tuple((label, value) for label, value in facts if value)


def _parts(report: Report) -> Iterator[_Part]:
    """Groups under the heading that they name, else under that of their status."""
    shown = [entry for entry in report.entries if not entry.is_quiet]
    headed = ((part, found) for part, found in grouping.in_parts(shown) if part is not None)
    yield from (_Part(part, found) for part, found in headed)
    others = [entry for entry in shown if entry.part is None]
    known = dict.fromkeys((*(count.status for count in report.counts), *(each.status for each in others)))
    for status in known:
        found = tuple(entry for entry in others if entry.status == status)
        if found:
            yield _Part(status, found)


def _shortened(parts: Sequence[_Part], limit: int = ENTRIES) -> tuple[tuple[_Part, ...], tuple[Listing, ...]]:
    """The first `limit` groups in full, and a list of the names of the others."""
    kept, items, left = [], [], limit
    for part in parts:
        shown, cut = part.entries[:left], part.entries[left:]
        left -= len(shown)
        kept.append(replace(part, entries=shown, more=len(cut)))
        items += [(entry.name, f"{entry.status.word} {entry.place}".rstrip()) for entry in cut]
    status = Status("more", "…", tr("not shown in full"), "quiet", "passed")
    return tuple(kept), (Listing(status, tr("Not shown in full"), tuple(items)),) if items else ()


def _quiet(entries: Iterable[Entry]) -> Iterator[Listing]:
    """The groups whose name is all there is to say, by status."""
    found: dict[Status, list[tuple[str, str]]] = {}
    for entry in entries:
        if entry.is_quiet:
            beside = " ".join(filter(None, (entry.place, entry.id)))
            found.setdefault(entry.status, []).append((entry.name, beside))
    for status, items in found.items():
        yield Listing(status, status.word, tuple(items))


def _complaints(found: Iterable[Complaint]) -> Iterator[Table]:
    """Mistakes first, then by place."""
    ordered = sorted(found, key=lambda each: (each.warning, each))
    if ordered:
        rows = tuple(
            (f"{each.location}", tr("warning") if each.warning else tr("mistake"), each.message, each.hint)
            for each in ordered
        )
        head = (tr("Where"), tr("What"), tr("It says"), tr("To mend it"))
        yield Table("complaints", tr("In the files"), head, rows)


# --- pictures ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shown:
    """An icon beside a group. `key` finds its bytes; "" where there are none to show, and then `absent` may
    say why."""

    caption: str
    alt: str
    file: str
    key: str
    absent: str


@dataclass(frozen=True, slots=True)
class _Album:
    """The pictures of one page. What is equal is held once, and it is counted how often it is shown."""

    shown: Mapping[tuple[str, Picture], _Shown]
    sources: dict[str, str] = field(default_factory=dict)
    uses: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, entries: Iterable[Entry], thumbnails: Thumbnails | None) -> _Album:
        """Return the album of all icons that are values of these groups."""
        album = cls({}, {}, Counter())
        shown = {}
        for entry in entries:
            for each in (value for found in entry.fields for value in found.values):
                if each.picture is not None:
                    shown[entry.name, each.picture] = album._picture(each.picture, entry.name, thumbnails)
        return replace(album, shown=shown)

    def _picture(self, picture: Picture, name: str, thumbnails: Thumbnails | None) -> _Shown:
        found, why = _thumbnail(picture, name, thumbnails) if thumbnails else (None, "")
        if found is not None and picture.of == "live":
            known = replace(picture, sha256=found.sha256, size=found.size)
            picture = replace(known, width=found.width, height=found.height)
        caption = _caption(picture) or (tr("another picture") if picture.of == "live" else "")
        return _Shown(caption, tr(_ALT[picture.of]), picture.file or "", self._key(found), tr(why))

    def _key(self, thumbnail: Thumbnail | None) -> str:
        if thumbnail is None:
            return ""
        key = hashlib.sha256(thumbnail.data).hexdigest()[:12]
        data = base64.b64encode(thumbnail.data).decode()
        self.sources.setdefault(key, f"data:{thumbnail.mime};base64,{data}")
        self.uses[key] += 1
        return key


def _thumbnail(picture: Picture, name: str, thumbnails: Thumbnails) -> tuple[Thumbnail | None, str]:
    """The small picture of an icon, and why there is none. The one last applied can be shown where it is
    still in the files, or still live."""
    digest = picture.sha256 or ""
    live = thumbnails.live.get(name)
    match picture.of:
        case "files":
            found = thumbnails.files.get(digest)
            return found, "" if found else thumbnails.absent.get(digest, "")
        case "live":
            return live, "" if live else thumbnails.absent.get(name, "")
        case "applied":
            served = live if live is not None and live.sha256 == picture.served else None
            return thumbnails.files.get(digest) or served, ""


def _caption(picture: Picture) -> str:
    known = (words.pixels(picture), words.size(picture), (picture.sha256 or "")[:7])
    return " · ".join(filter(None, known))
