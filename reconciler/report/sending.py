"""What `invites --send`, `invites --rotate` and `send` tell. People are masked and there is no link in it: it
may stand in the log of a pipeline.

First comes who may have got nothing, each by name; then who was left out, in one line a reason; then who was
written to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from reconciler.language import msg, msg_p, tr, tr_n
from reconciler.report import words
from reconciler.report.model import Banner, Entry, Field, Report, Status, Summary, Table, Word
from reconciler.report.redact import Redactor, shown_problem
from reconciler.report.section import Data, Told, once
from reconciler.report.words import few

if TYPE_CHECKING:
    from reconciler.errors import Problem
    from reconciler.model.messages import Delivery, GroupDelivery, Message, Rotation, Rotations, Sending

_NAMES = 20  # people who are named in a line about many
_OLD_LINK = msg("the link that they had works no more")
_EARLIER = msg(
    "An earlier run had revoked it, so nothing was sent now: run it again if the new link got out too."
)

_STATUSES = words.by_key(
    Status("unknown", "?", msg_p("of a message", "unknown"), "bad", "error"),
    Status("failed", "!", msg("failed"), "bad", "failure"),
    Status("skipped", "…", msg_p("of a message", "skipped"), "warn", "skipped"),
    Status("sent", "✓", msg_p("of a message", "sent"), "good", "passed"),
)
_LINKS = words.by_key(
    Status("unknown", "?", msg("unknown"), "bad", "error"),
    Status("failed", "!", msg("failed"), "bad", "failure"),
    Status("skipped", "…", msg("not begun"), "warn", "skipped"),
    Status("done", "✓", msg("revoked"), "good", "passed"),
)


def _unsaved(problem: Problem | None, redactor: Redactor) -> tuple[Banner, ...]:
    shown = shown_problem(problem, redactor)
    if shown is None:
        return ()
    return (words.problem_banner(words.NOT_SAVED, shown.message, shown.hint),)


# --- invites --send ---------------------------------------------------------------------------------------


def told(sending: Sending, redactor: Redactor) -> Told:
    """Return what there is to tell of messages with links."""
    facts = once(lambda: data(sending, redactor))
    return Told(report=once(lambda: report(sending, facts(), redactor)), data=facts)


def data(sending: Sending, redactor: Redactor) -> Data:
    """Return the JSON document, as `sent` in `schemas/` says.

    Its summary counts messages, or for who got none, people and reasons.
    """
    ended = [entry.status for entry in sending.deliveries]
    groups = sending.found.groups
    return {
        "format_version": 1,
        "kind": "sent",
        "complete": sending.complete,
        "interrupted": sending.interrupted,
        "summary": {
            **{key: ended.count(key) for key in ("sent", "skipped", "failed", "unknown")},
            "without_link": sum(group.status != "ready" for group in groups),
        },
        "people": [_data_of_delivery(entry, redactor) for entry in sending.deliveries],
        "notes": list(_notes(sending, redactor)),
        "refused": words.data_of_problem(sending.refused, redactor),
        "unsaved": words.data_of_problem(sending.unsaved, redactor),
    }


def _data_of_delivery(entry: Delivery, redactor: Redactor) -> Data:
    return {
        "person": redactor.named(entry.person),
        "groups": list(entry.groups),
        "status": entry.status,
        **({"message": entry.message} if entry.message else {}),
        **({"new_link": list(entry.renewed)} if entry.renewed else {}),
        **words.error(entry.problem, redactor),
    }


def _notes(sending: Sending, redactor: Redactor) -> Iterator[str]:
    """Yield the notes on the reading, then those on groups that have no link."""
    found = sending.found
    yield from map(redactor.note, found.notes)
    for group in found.groups:
        if group.status not in ("ready", "failed"):
            yield from (f"{group.name}: {redactor.note(note)}" for note in group.notes)
    for group in found.groups:
        if group.problem is not None:
            yield f"{group.name}: {redactor.sentence(group.problem.message)}"


def preview(messages: Sequence[Message], others: Iterable[Delivery], redactor: Redactor) -> Report:
    """Return the document that is shown before the question: who is about to be written to, and how many
    are left out. People are counted as who they are: masked, two may look the same."""
    left_out = len({entry.person for entry in others})
    rows: list[tuple[str | Word, ...]] = [
        (
            redactor.named(message.person),
            few(message.groups),
            Word(f"{tr(_OLD_LINK)}: {few(sorted(message.renewed))}" if message.renewed else ""),
        )
        for message in messages
    ]
    summary = words.summary(
        tr(
            "{messages} to {people}",
            messages=tr_n("{n} message", "{n} messages", len(messages)),
            people=tr_n("{n} person", "{n} people", len({message.ref for message in messages})),
        ),
        [tr_n("{n} left out", "{n} left out", left_out)] if left_out else [],
    )
    table = Table("messages", tr("To be sent"), (tr("Person"), tr("Groups"), tr("Why")), tuple(rows))
    return Report(
        verb="invites --send",
        verdict=str(summary),
        status=_STATUSES["sent"],
        summary=summary,
        tables=(table,) if rows else (),
    )


def report(sending: Sending, found: Data, redactor: Redactor) -> Report:
    """Return the document of messages with links."""
    entries = list(zip(sending.deliveries, found["people"], strict=True))
    skipped: dict[str, list[tuple[Delivery, Data]]] = {}
    sent: dict[str, list[tuple[Delivery, Data]]] = {}
    for delivery, each in entries:
        if delivery.status == "skipped" and "error" in each:
            skipped.setdefault(each["error"]["message"], []).append((delivery, each))
        elif delivery.status == "sent":
            title = tr(_STATUSES["sent"].word)
            if delivery.renewed:
                title = tr("sent, because the link that they had works no more")
            sent.setdefault(title, []).append((delivery, each))
    return Report(
        verb="invites --send",
        verdict=str(_summary(found)),
        status=_STATUSES["sent" if found["complete"] else "failed"],
        summary=_summary(found),
        tables=(
            *_doubtful([each for _, each in entries if each["status"] in ("unknown", "failed")]),
            *(_many("skipped", title, each) for title, each in skipped.items()),
            *(_many("sent", title, each) for title, each in sorted(sent.items())),
            *words.note_table(found["notes"]),
        ),
        banners=_unsaved(sending.unsaved, redactor),
    )


def _summary(found: Data) -> Summary:
    count = found["summary"]
    skipped, failed, unknown = count["skipped"], count["failed"], count["unknown"]
    without_link = count["without_link"]
    parts = (
        tr_n("{messages} skipped", "{messages} skipped", skipped, messages=skipped) if skipped else "",
        tr_n("{messages} failed", "{messages} failed", failed, messages=failed) if failed else "",
        tr_n("{messages} unknown", "{messages} unknown", unknown, messages=unknown) if unknown else "",
        tr_n("{n} group without a link", "{n} groups without a link", without_link) if without_link else "",
        tr("interrupted") if found["interrupted"] else "",
    )
    sent = count["sent"]
    head = tr_n("{n} message sent", "{n} messages sent", sent) if sent else tr("Nothing sent")
    return words.summary(head, filter(None, parts))


def _doubtful(entries: Iterable[Data]) -> Iterator[Table]:
    """Yield tables that name every person; people with the same reason share one."""
    found: dict[tuple[str, str, str], list[Data]] = {}
    for entry in entries:
        error = entry.get("error", {"message": "", "hint": ""})
        found.setdefault((entry["status"], error["message"], error["hint"]), []).append(entry)
    for (status, message, hint), people in sorted(found.items(), key=lambda item: item[0][0] != "unknown"):
        rows: list[tuple[str | Word, ...]] = [
            (entry["person"], few(entry["groups"]), Word(entry.get("message", ""))) for entry in people
        ]
        if hint:
            rows.append((Word(hint),))
        head = (tr("Person"), tr("Groups"), tr("Message"))
        title = f"{tr(_STATUSES[status].word)}: {message}"
        yield Table(status, title, head, tuple(rows), status=_STATUSES[status], whole=True)


def _many(status: str, title: str, entries: Iterable[tuple[Delivery, Data]]) -> Table:
    """People who share a fate, in one line."""
    people = {delivery.person: each["person"] for delivery, each in entries}
    row = (few(people.values(), _NAMES),)
    return Table(status, f"{title} ({len(people)})", (tr("People"),), (row,), status=_STATUSES[status])


# --- invites --rotate -------------------------------------------------------------------------------------


def told_of_links(found: Rotations, redactor: Redactor) -> Told:
    """Return what there is to tell of links that were revoked."""
    return Told(
        report=once(lambda: report_of_links(found, redactor)),
        data=once(lambda: data_of_links(found, redactor)),
    )


def data_of_links(found: Rotations, redactor: Redactor) -> Data:
    """Return the JSON document, as `rotated` in `schemas/` says."""
    return {
        "format_version": 1,
        "kind": "rotated",
        "interrupted": found.interrupted,
        "groups": [
            {
                "name": group.name,
                "id": redactor.group_id(group.id),
                "status": group.status,
                "pending": group.pending,
                **({"earlier": True} if group.earlier else {}),
                **words.error(group.problem, redactor),
            }
            for group in found.groups
        ],
        "unsaved": words.data_of_problem(found.unsaved, redactor),
    }


def report_of_links(found: Rotations, redactor: Redactor) -> Report:
    """Return the document: what became of each link, and who is due for the new one."""
    done = [group for group in found.groups if group.status == "done"]
    pending = sum(group.pending for group in done)
    left = len(found.groups) - len(done)
    rest = [tr_n("{links} not", "{links} not", left, links=left)] if left else []
    if pending:
        rest.append(
            tr_n(
                "{n} person to be sent the new link: reconciler invites --send",
                "{n} people to be sent the new link: reconciler invites --send",
                pending,
            )
        )
    summary = words.summary(tr_n("{n} link revoked", "{n} links revoked", len(done)), rest)
    return Report(
        verb="invites --rotate",
        verdict=str(summary),
        status=_LINKS["done" if len(done) == len(found.groups) else "failed"],
        summary=summary,
        entries=tuple(_entry(group, redactor) for group in found.groups),
        banners=_unsaved(found.unsaved, redactor),
    )


def _entry(group: Rotation, redactor: Redactor) -> Entry:
    fields = []
    if group.status == "done":
        said = tr("the old one works no more")
        if group.pending:
            due = tr_n("{n} person due for the new one", "{n} people due for the new one", group.pending)
            said = f"{said}; {due}"
        fields.append(Field(key="link", label=tr("link"), said=said))
    fields += words.why_not(shown_problem(group.problem, redactor))
    return Entry(
        name=group.name,
        status=_LINKS[group.status],
        aside=redactor.group_id(group.id),
        fields=tuple(fields),
        notes=(_EARLIER,) if group.earlier else (),
    )


# --- send -------------------------------------------------------------------------------------------------


def told_of_message(sent: GroupDelivery, redactor: Redactor) -> Told:
    """Return what there is to tell of a message to a group."""
    return Told(
        report=once(lambda: report_of_message(sent, redactor)),
        data=once(lambda: data_of_message(sent, redactor)),
    )


def data_of_message(sent: GroupDelivery, redactor: Redactor) -> Data:
    """Return the JSON document, as `message` in `schemas/` says. The subject is the live one, which any admin
    may have written."""
    return {
        "format_version": 1,
        "kind": "message",
        "group": {
            "name": sent.name,
            "id": redactor.group_id(sent.id),
            "subject": redactor.untrusted(sent.subject),
        },
        "people": sent.people,
        "status": sent.status,
        "message": None if sent.message_id is None else redactor.message_id(sent.message_id),
        **words.error(sent.problem, redactor),
    }


def report_of_message(sent: GroupDelivery, redactor: Redactor) -> Report:
    """Return the document: whether the message was sent, and if not, why."""
    subject, status = f'"{redactor.untrusted(sent.subject)}"', _STATUSES[sent.status]
    match sent.status:
        case "sent":
            people = tr_n("{n} person", "{n} people", sent.people)
            summary = Summary(
                tr("Sent to {name}, {subject}", name=sent.name, subject=subject), f" ({people})."
            )
        case "unknown":
            summary = Summary(tr("It is not known whether it was sent."))
        case "failed" | "skipped":
            summary = Summary(tr("Nothing was sent."))
    why = words.why_not(shown_problem(sent.problem, redactor))
    return Report(
        verb="send",
        verdict=str(summary),
        status=status,
        summary=summary,
        entries=(Entry(name=sent.name, status=status, aside=subject, fields=why),),
    )
