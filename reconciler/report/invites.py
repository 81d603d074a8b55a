"""What `invites` shows: the one place with links and full numbers, for those who carry them to people.

Only what is needed for that is shown in full; what others wrote, and notes, are as everywhere. Its data is
drawn here, and not as a document: no other verb may have such words, and no other format shows a QR code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from reconciler.language import msg, said, spoken, tr, tr_n
from reconciler.model import number
from reconciler.model.link import sandbox_page
from reconciler.report import qr, text, words
from reconciler.report.blocks import Block, Cell, Lines, Row, plain, sentence
from reconciler.report.escape import for_terminal
from reconciler.report.markdown_text import code, prose
from reconciler.report.model import Report, Status, Summary
from reconciler.report.section import Data, Rows, Told, closing, is_plain

if TYPE_CHECKING:
    from jinja2 import Environment

    from reconciler.model.messages import GroupInvites, Invitations, Invitee
    from reconciler.report.redact import Redactor
    from reconciler.report.section import Look, Section

_STATUSES = words.by_key(
    Status("ready", "", "", "good", "passed"),
    Status("failed", "!", msg("no link"), "bad", "error"),
    Status("revoke", "…", msg("link about to be revoked"), "warn", "skipped"),
    Status("create", "…", msg("not created yet"), "warn", "skipped"),
    words.BLOCKED,
    words.HELD,
    words.MISSING,
    words.UNREADABLE,
)
_NO_SHEET = msg("There are no invitations here: the run that was to name them ended with an error.")
_ROLES = {"admin": msg("admin"), "member": msg("member")}
_WARNING = msg("This holds invite links and full numbers: keep it private. Whoever has a link can join.")
_INCOMPLETE = msg("Not everything could be read: somebody may be missing here.")


def of_the_sandbox(pages: str) -> str:
    """Return what to do with links that a sandbox made up; `pages` as for `section.Run`."""
    page = sandbox_page(tr("CODE"), pages)
    if pages:
        return tr(
            "These links are the sandbox's, and lead to no group on WhatsApp: open {page} instead, "
            "with the code that ends a link.",
            page=page,
        )
    return tr(
        "These links are the sandbox's, and lead to no group on WhatsApp: start `reconciler sandbox`, "
        "and open {page} there, with the code that ends a link.",
        page=page,
    )


def told(found: Invitations, redactor: Redactor) -> Told:
    """Return what there is to tell of invitations. The document is about how many there are alone."""
    return Told.of(lambda: data(found, redactor), report, rows)


# --- plain data: `invites` in `schemas/` ------------------------------------------------------------------


def data(found: Invitations, redactor: Redactor) -> Data:
    """Return the JSON document, as `invites` in `schemas/` says: links and people, in full.

    `people` counts who is to be invited to `groups` that have a link, `left_out` how often somebody joined a
    group, left it, and is not named for that.
    """
    ready = [group for group in found.groups if group.link is not None]
    return {
        "format_version": 1,
        "kind": "invites",
        "complete": found.complete,
        "summary": {
            "people": len({_number(person) for group in ready for person in group.people}),
            "groups": len(ready),
            "without_link": len(found.groups) - len(ready),
            "left_out": found.left_out,
        },
        "groups": [_data_of_group(group, redactor) for group in found.groups],
        "notes": [redactor.note(note) for note in found.notes],
    }


def _data_of_group(group: GroupInvites, redactor: Redactor) -> Data:
    notes = [redactor.note(note) for note in group.notes]
    if group.problem is not None:
        hint = redactor.sentence(group.problem.hint)
        notes.append(redactor.sentence(group.problem.message) + (f" ({hint})" if hint else ""))
    return {
        "name": group.name,
        "id": group.id,
        "subject": None if group.subject is None else redactor.untrusted(group.subject),
        "link": group.link,
        "people": [_data_of_person(person) for person in group.people],
        "status": group.status,
        "notes": notes,
    }


def _data_of_person(invitee: Invitee) -> Data:
    person, sent = invitee.invite.person, invitee.sent
    found: dict[str, Any] = {"number": _number(invitee)}
    if person.alias is not None:
        found["contact"] = person.alias
    found["as"] = invitee.invite.role
    if person.name is not None:
        found["name"] = person.name
    if invitee.left:
        found["left"] = True
    if invitee.since is not None:
        found["since"] = words.data_of_time(invitee.since)
    if sent is not None:
        found["sent"] = {"at": words.data_of_time(sent.at), "times": sent.times, "status": sent.status}
    return found


def _number(invitee: Invitee) -> str:
    return f"+{invitee.invite.person.numbers[0]}"


def rows(found: Data) -> Rows:
    """Return a row a person and group that has a link, for a mail merge. Columns are a contract."""
    columns = (
        "group", "subject", "link", "contact", "name", "number", "as", "left", "missing_since", "last_sent",
        "times_sent",
    )  # fmt: skip
    return Rows(
        columns,
        tuple(
            (
                group["name"],
                group["subject"],
                group["link"],
                person.get("contact"),
                person.get("name"),
                number.written(person["number"].removeprefix("+")),
                person["as"],
                "yes" if person.get("left") else "",
                _day(person.get("since", "")),
                _day(person["sent"]["at"] if "sent" in person else ""),
                person["sent"]["times"] if "sent" in person else 0,
            )
            for group in found["groups"]
            if group["link"] is not None
            for person in group["people"]
        ),
    )


def _day(at: str) -> str:
    """The day of a time, which is in UTC."""
    return at[:10]


def _told_day(at: str) -> str:
    """The day of a time as it is written where the language is spoken."""
    return tr("{at:%Y-%m-%d}", at=datetime.fromisoformat(at))


# --- words ------------------------------------------------------------------------------------------------


def report(found: Data) -> Report:
    """Return the document: how many people in how many groups, and who is not among them."""
    summary = _summary(found)
    return Report(verb="invites", verdict=str(summary), status=_STATUSES["ready"], summary=summary)


def _summary(found: Data) -> Summary:
    count, others = found["summary"], []
    if count["without_link"]:
        others.append(tr_n("{n} group without a link", "{n} groups without a link", count["without_link"]))
    if count["left_out"]:
        others.append(f"{_left_out(count)} (--include-left)")
    return words.summary(_to_invite(count), others)


def _to_invite(count: Data) -> str:
    if not count["groups"]:
        return tr("Nobody to invite")
    return tr(
        "{people} to invite to {groups}",
        people=tr_n("{n} person", "{n} people", count["people"]),
        groups=tr_n("{n} group", "{n} groups", count["groups"]),
    )


def _left_out(count: Data) -> str:
    return tr_n("{n} has joined and left", "{n} have joined and left", count["left_out"])


def _history(person: Data) -> str:
    """Say in a few words what is known of somebody who is invited."""
    said = [tr("joined before, and left")] if person.get("left") else []
    if "since" in person:
        said.append(tr("missing since {day}", day=_told_day(person["since"])))
    if "sent" in person:
        day, times = _told_day(person["sent"]["at"]), person["sent"]["times"]
        match person["sent"]["status"]:
            case "reset":
                said.append(tr("sent the old link {day}", day=day))
            case "sending" | "unknown":
                said.append(tr("sent {day}, nobody knows whether it arrived", day=day))
            case _ if times > 1:
                said.append(tr("sent {day}, {times} times", day=day, times=times))
            case _:
                said.append(tr("sent {day}", day=day))
    return ", ".join(said)


def _ordered(found: Data) -> list[Data]:
    """Groups that have a link, then those without one."""
    return sorted(found["groups"], key=lambda group: group["link"] is None)


def _all_read(section: Section) -> bool:
    return section.run is None or section.run.complete


def _pages(section: Section) -> str | None:
    """Where the pages of the sandbox are, which stand for its links; see `section.Run`."""
    return None if section.run is None else section.run.pages


# --- text -------------------------------------------------------------------------------------------------


def render_text(sections: Sequence[Section], look: Look) -> str:
    """Return group by group the link (where the look says so as a QR code too) and the people, in full; then
    the groups that have no link, and why. Nobody is left out of a list."""
    return text.together(sections, lambda section: _as_text(section, look))


def _as_text(section: Section, look: Look) -> str:
    found = section.data
    if found is None or section.problem is not None:
        return text.of_ending(section)
    blocks = [_block(group, _pages(section), codes=look.codes) for group in _ordered(found)]
    if not _all_read(section):
        head: Cell = (("! ", "bad"), (tr(_INCOMPLETE), "bad"))
        blocks.append(Block(head, "", tuple(map(sentence, found["notes"]))))
    summary = _summary(found)
    last: Cell = ((summary.head, "strong"), (summary.rest, ""))
    return text.draw(blocks, last, color=look.color, width=look.width)


def _block(group: Data, pages: str | None, *, codes: bool) -> Block:
    status, link = _STATUSES[group["status"]], group["link"]
    symbol: Cell = ((f"{status.symbol} ", status.tone),) if status.symbol else ()
    word: Cell = ((f"  {tr(status.word)}", status.tone),) if status.word else ()
    lines = list(map(sentence, group["notes"]))
    if link is not None:
        lines.append(Lines(tr("link"), ((plain(link, text.LINK),),)))
        if pages is not None:
            where = plain(tr("of `reconciler sandbox`") if not pages else tr("of the sandbox"), "dim")
            lines.append(Lines(tr("page"), ((plain(sandbox_page(link, pages), text.LINK), where),)))
        if codes:
            code_lines = qr.for_terminal(link, pages)
            lines.append(Lines("", tuple((plain(line, text.QR),) for line in code_lines)))
    if group["people"]:
        label = tr("people") if link is not None else tr("waiting")
        lines.append(Lines(label, tuple(map(_person, group["people"]))))
    place = "" if group["subject"] is None else f'"{group["subject"]}"'
    return Block((*symbol, (group["name"], "strong"), *word), place, tuple(lines))


def _person(person: Data) -> Row:
    history = _history(person)
    last = (*plain(tr(_ROLES[person["as"]])), *plain(f"  {history}" if history else "", "dim"))
    return plain(person["number"]), plain(_called(person)), last


def _called(person: Data) -> str:
    contact = person.get("contact")
    return " ".join(filter(None, (person.get("name"), f"({contact})" if contact else "")))


# --- Markdown ---------------------------------------------------------------------------------------------


def render_markdown(sections: Sequence[Section], _: Look) -> str:
    """Return a list to tick off, for those who carry the links to people.

    Words that somebody else chose stand in code spans, in which nothing acts: no markup, no HTML, no mention.
    """
    if is_plain(sections):
        return _page(sections[0])
    bodies = [f"# {code(section.account)}\n\n{_page(section).rstrip()}" for section in sections]
    title = tr("Invites of {accounts}", accounts=prose(closing(sections)))
    return "\n\n".join((f"## {title}", *bodies)) + "\n"


def _page(section: Section) -> str:
    found, problem = section.data, section.problem
    head = f"## {tr('Invitations')}"
    if found is None or problem is not None:
        notes = [] if problem is None else [said(problem.message), said(problem.hint)]
        parts = [head, f"**{tr(_NO_SHEET)}**", *(f"- {code(note)}" for note in notes if note)]
        return "\n\n".join(parts) + "\n"
    count, pages = found["summary"], _pages(section)
    parts = [
        head,
        f"> **{tr(_WARNING)}**",
        *([] if pages is None else [f"> **{of_the_sandbox(pages)}**"]),
        f"{_to_invite(count)}.",
        *([] if _all_read(section) else [f"**{tr(_INCOMPLETE)}**"]),
        *(f"- {code(note)}" for note in found["notes"]),
        *(_listed(group, pages) for group in _ordered(found)),
    ]
    if count["left_out"]:
        parts.append(f"{_left_out(count)} (`--include-left`).")
    return "\n\n".join(parts) + "\n"


def _listed(group: Data, pages: str | None) -> str:
    """A group with its link and people, or why it has no link."""
    word = tr(_STATUSES[group["status"]].word)
    subject = "" if group["subject"] is None else f": {code(group['subject'])}"
    lines = [f"### {code(group['name'])}{subject}{f' ({word})' if word else ''}", ""]
    if group["link"] is not None:
        lines += [_link(group["link"], pages), ""]
    lines += [f"- {code(note)}" for note in group["notes"]]
    lines += map(_to_tick_off, group["people"])
    return "\n".join(lines).rstrip()


def _link(link: str, pages: str | None) -> str:
    """A link to open; of the sandbox the page, and its link only to read."""
    if pages is None:
        return f"<{link}>"
    page = sandbox_page(link, pages)
    return tr("{link}, page {page}", link=code(link), page=f"<{page}>" if pages else code(page))


def _to_tick_off(person: Data) -> str:
    names = [code(name) for name in (person.get("name"), person.get("contact")) if name]
    history = _history(person)
    told = f" ({history})" if history else ""
    return f"- [ ] {' '.join((person['number'], *names, tr(_ROLES[person['as']])))}{told}"


# --- a sheet to print -------------------------------------------------------------------------------------


def render_html(sections: Sequence[Section], _: Look) -> str:
    """Return a sheet to print: one self-contained page, group after group with its QR code.

    It loads nothing and runs nothing, as its CSP says; every word is escaped by Jinja2, and what hides or
    acts is made visible.
    """
    (section,) = sections
    found, problem = section.data, section.problem
    if found is None or problem is not None:
        notes = () if problem is None else tuple(filter(None, (said(problem.message), said(problem.hint))))
        sheet: Data = {
            "summary": tr(_NO_SHEET),
            "warning": "",
            "sandbox": "",
            "incomplete": "",
            "notes": notes,
            "groups": (),
        }
    else:
        sheet = {
            "summary": " ".join(_sentences(found["summary"])),
            "warning": tr(_WARNING),
            "sandbox": "" if _pages(section) is None else of_the_sandbox(_pages(section) or ""),
            "incomplete": "" if _all_read(section) else tr(_INCOMPLETE),
            "notes": found["notes"],
            "groups": [_on_the_sheet(group, _pages(section)) for group in _ordered(found)],
        }
    return _environment().get_template("sheet.html").render(sheet=sheet)


def _sentences(count: Data) -> Iterator[str]:
    yield f"{_to_invite(count)}."
    if count["left_out"]:
        yield f"{_left_out(count)} (--include-left)."


def _on_the_sheet(group: Data, pages: str | None) -> Data:
    """A group as the template lays it out: `code` is its QR code as a `data:` URL; it and `link` are "" where
    there is no link. `page` stands for a link of the sandbox, and `opens` is the address of the two that can
    be opened."""
    link = group["link"] or ""
    page = sandbox_page(link, pages) if link and pages is not None else ""
    return {
        "title": group["subject"] or group["name"],
        "name": group["name"],
        "word": tr(_STATUSES[group["status"]].word),
        "link": link,
        "page": page,
        "opens": page if pages else "" if page else link,
        "code": qr.as_data_uri(link, pages) if link else "",
        "notes": group["notes"],
        "people": [
            {
                "number": person["number"],
                "who": _called(person),
                "role": tr(_ROLES[person["as"]]),
                "history": _history(person),
            }
            for person in group["people"]
        ],
    }


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reconciler.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: for_terminal(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"spoken": spoken, "tr": tr}
    return environment
