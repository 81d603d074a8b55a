"""Words that somebody may have chosen, and what verbs tell with them in every place where one can come in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import get_args

from reconciler.errors import Complaint, Location, Problem
from reconciler.model.adoption import (
    AcceptOutcome,
    AcceptResult,
    AcceptStatus,
    FileChange,
    Finding,
    ImportOutcome,
    ImportResult,
    ImportStatus,
    ListedGroup,
    Listing,
    Owner,
)
from reconciler.model.attribution import Base, Dropped
from reconciler.model.change import AdoptGroup, Affected, ChangePeople, Invite, SetIcon, SetValue
from reconciler.model.desired import Person
from reconciler.model.drift import Drift, FieldDrift, PersonDrift
from reconciler.model.history import Chapter, Fact, NameStory, Written
from reconciler.model.messages import (
    Delivery,
    DeliveryStatus,
    GroupDelivery,
    Invitations,
    Invitee,
    Rotation,
    Rotations,
    RotationStatus,
    Sending,
)
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome
from reconciler.model.plan import Note, Objection, Plan, Unmanaged
from reconciler.planning.attribution import attribute
from reconciler.report import accept, doctor, importing, listing, state
from reconciler.report import sending as sending_report
from reconciler.report.model import Verb
from reconciler.report.section import Told

from . import based, drifts, invitations, samples
from .samples import ANA, LOGO, OLD_ICON, REDACTOR, STRANGER

SGR = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = {
    "colour": "a\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "C1": "a\x9b31mb",
    "cursor": "ok\r\x1b[2K! approved\x08\x08",
    "lines": "a\nb\u2028c\u2029d\x0be\x85f",
    "bidi": "evil\u202egnp.exe\u2066x\u2069\u200f",
    "zero width": "ad\u200bmin\u2060\ufeff\u00ad\u200d",
    "filler": "a\u3164\u115f\u2800b",
    "tags": "flag\U000e0041\U000e007f",
    "half a pair": "x\ud800y\udfff",
    "NUL": "a\0b",
    "markup": "[bold red]no[/] [link=https://evil.example]x[/link] [/]",
    "backslash": "a\\[bold]\\x1b",
    "format": "{ids} {people[0]} %s {0} {texts}",
    "html": "<script>alert(1)</script>",
    "workflow": "::error::x\n::stop-commands::y",
    "quotes": "\"a\" 'b' `c`",
    "long": "w" * 5000,
    "wide": "日本" * 200,
    "no-break space": "a\u00a0b\u3000c",
    "empty": "",
}


FOR_MARKDOWN = {
    "mention": "hi @octocat and @acme/admins",
    "email": "mail a.b@evil.example now",
    "issue": "see #123, GH-12, acme/repo#9, !7, $3, ~bug, %2, &4",
    "commit": "fixes deadbeefcafe and 0123456",
    "emoji": ":warning: :+1:",
    "autolink": "www.evil.example https://evil.example <https://evil.example> <a@b.example>",
    "markdown link": "[x](https://evil.example) [x][1] ![i](https://evil.example/i.png) [1]: https://evil.example",
    "reference": "]: <javascript:alert(1)>",
    "html": "<img src=x onerror=alert(1)> <details open> </details> <!-- x --> <b>&amp;&lt;",
    "marker": '--> <!-- reconciler {"kind": "plan"} -->',
    "fence": "``` ```` ~~~~ `````diff",
    "backticks": "` `` ``` `a` ``b``",
    "table": "| a | b |",
    "heading": "# one",
    "setext": "=== ---",
    "list": "- a * b + c 1. d 2) e",
    "task": "[ ] [x] do",
    "quote": "> no",
    "emphasis": "*a* _b_ **c** ~~d~~ __e__",
    "slash": "/close /merge /approve",
    "entity": "&#64;octocat &commat;octocat",
    "backslash": "\\@octocat \\",
    "spaces": "  a  b  ",
    "math": "$$x$$ $`x`$",
    "footnote": "[^1] [^1]: no",
}

FOR_MACHINES = {
    "mention": "@everyone @org/team",
    "table": "a | b | c",
    "fence": "```\n# x\n```",
    "image": "![x](https://evil.example/a.png) [x](javascript:alert(1))",
    "our marker": '<!-- reconciler {"digest":"x"} --> -->',
    "cdata": "]]> <![CDATA[ &lt; &#x0; &amp; <failure/>",
    "no character": "a\ufffeb\uffffc",
    "formula": '=HYPERLINK("https://evil.example";"x")',
    "formula after a separator": "a;=1+1;+2;-3;@SUM(A1)",
    "label": 'x"} 1\nreconciler_groups{status="y"} 2\\',
    "properties": "a,line=99,file=/etc/passwd::b%0A::error::c",
    "percent": "%0A::set-output name=x::y%25",
    "heredoc": "EOF\nchanges=0",
    "older commands": "##[error]x ##[set-env name=A]b ##vso[task.complete]x ##teamcity[x]",
    "equals": "A=b\nB=c",
    "uri": "..\\..\\a b?c#d%2e%2e",
}
WORDS = HOSTILE | FOR_MARKDOWN | FOR_MACHINES


def plan_with(words: str) -> Plan:
    changed = samples.group(
        words or "x",
        "adopt",
        AdoptGroup("g1", "subject", words),
        SetValue("subject", words, words),
        SetIcon(samples.OLD_ICON, replace(samples.LOGO, path=words)),
        ChangePeople("demote", (Affected(samples.CARLOS, words), Affected(samples.STRANGER, words))),
        found=replace(samples.live("g1", samples.CARLOS), subject=words),
        notes=(Note("said: {texts[0]}", texts=(words,)), Note(words)),
        to_invite=(Invite(Person((samples.STRANGER,), words or None), "member"),),
    )
    held = samples.group("held", "held", notes=(Note(words),), withheld=(SetValue("subject", words, words),))
    return Plan(
        groups=(
            replace(changed, location=Location(words or "f", 1)),
            replace(changed, name="b", action="blocked", changes=(), location=Location(words or "f", 1)),
            replace(changed, name="c", action="none", changes=()),
            held,
        ),
        objections=(
            Objection("demote-many", Note("{texts}", texts=(words,)), (words,), 1),
            Objection("leave-many", Note(words), (words,), 1, words or "x"),
        ),
        unmanaged=(Unmanaged("g9", words),),
        notes=(Note(words),),
        complete=False,
        digest=words,
    )


def base_with(words: str) -> Base:
    """What `plan_with` of the same words is compared with: some of it was due before."""
    plan = plan_with(words)
    dropped = Dropped(name=words, action="update", changes=(SetValue("subject", words, words),))
    return replace(
        based.BASE,
        ref=words,
        attribution=replace(attribute(plan, Plan(groups=plan.groups[:1])), dropped=(dropped,)),
        problem=words,
        settings=(*(replace(each, name=words, after=(words,)) for each in based.SETTINGS),),
        warnings=(words,),
    )


def result_with(words: str) -> ApplyResult:
    plan = plan_with(words)
    problem = Problem(words, words, words)
    groups = tuple(
        GroupOutcome(
            name=group.name,
            action=group.action,
            id=group.id,
            outcomes=tuple(Outcome(change, "failed", problem) for change in group.changes),
            notes=group.notes,
            plan=group,
        )
        for group in plan.groups
    )
    return ApplyResult(plan=plan, groups=groups, unsaved=problem, bind=((words, "g1"),))


def complaints_with(words: str) -> list[Complaint]:
    return [
        Complaint(Location(words or "f", 1, 1), words, words),
        Complaint(Location(f"{words}a"), words, warning=True),
    ]


def drift_with(words: str) -> Drift:
    people = FieldDrift(
        field="admins",
        desired=(ANA,),
        last_applied=(words, "ana"),
        live=(ANA, STRANGER),
        cause="edited_outside",
        people=(PersonDrift(STRANGER, "demote", f"left {words}", "edited_outside"),),
    )
    subject = drifts.subject("edited_outside", words, words, words)
    icon = FieldDrift(
        field="icon",
        desired=replace(LOGO, path=words),
        last_applied=drifts.RECORDED,
        live=OLD_ICON,
        cause="both",
    )
    note = Note("said: {texts[0]}", texts=(words,))
    drifted = drifts.group("a", "drifted", people, subject, icon, notes=(note, Note(words)))
    return Drift(
        groups=(
            replace(drifted, name=words or "x", location=Location(words or "f", 1)),
            drifts.group("b", "blocked", subject, notes=(note,)),
            drifts.group("c", "pending", subject, group_id=None),
            drifts.group("d", "in_sync", notes=(note,)),
        ),
        unmanaged=(Unmanaged("g9", words),),
        notes=(note, Note(words)),
        complete=False,
    )


def invitations_with(words: str) -> Invitations:
    person = Invitee(Invite(Person((STRANGER,), alias=words or None, name=words or None), "member"))
    note = Note("said: {texts[0]}", texts=(words,))
    ready, failed = invitations.EVERYTHING.groups[6], invitations.EVERYTHING.groups[7]
    return Invitations(
        groups=(
            replace(ready, name=words or "x", subject=words, people=(person, person)),
            replace(failed, name=words or "y", subject=words, problem=Problem(words, words or "z", words)),
            replace(invitations.EVERYTHING.groups[4], notes=(note, Note(words))),
        ),
        all_read=False,
        notes=(note, Note(words)),
    )


def short_with(words: str) -> dict[Verb, Told]:
    """What the verbs that have few formats tell."""
    note, problem = Note("said: {texts[0]}", texts=(words,)), Problem(words, words, words)
    live = replace(samples.live("g1", samples.CARLOS, STRANGER), subject=words)
    nobody = Person((STRANGER,))
    listed = Listing(
        groups=(
            ListedGroup(id=f"{STRANGER}-1", live=live, owner=Owner(words or "x"), role="member"),
            ListedGroup(id="g2", live=None, problem=problem),
        ),
        total=2,
        account=STRANGER,
        guessed=True,
        notes=(note,),
    )
    imported = ImportResult(
        groups=tuple(
            ImportOutcome(
                id="g1", status=status, subject=words, file=words, remarks=(words,), problem=problem
            )
            for status in get_args(ImportStatus)
        ),
        notes=(note,),
        unsaved=problem,
        refused=problem,
    )
    accepted = AcceptResult(
        groups=tuple(
            AcceptOutcome(
                name=words or "x", status=status, fields=("subject",), notes=(note,), problem=problem
            )
            for status in get_args(AcceptStatus)
        ),
        files=(FileChange(words or "x", b"subject: old\n", f"subject: {words}\n".encode(errors="replace")),),
        failed=problem,
    )
    sending = Sending(
        found=Invitations(groups=(), notes=(note,)),
        deliveries=tuple(
            Delivery(person=nobody, groups=("a",), status=status, problem=problem)
            for status in get_args(DeliveryStatus)
        ),
        unsaved=problem,
    )
    rotations = Rotations(
        groups=tuple(
            Rotation(name="a", id=f"{STRANGER}-1", status=status, problem=problem)
            for status in get_args(RotationStatus)
        ),
        unsaved=problem,
    )
    message = GroupDelivery(
        name="a", id="g1", subject=words, people=2, status="failed", problem=problem, message_id=words
    )
    written = Written("a" * 40, drifts.FIRST_SEEN, words, words, words, words, before=None, after=None)
    facts = (Fact(kind="subject", before=words, after=words), Fact(kind="admins", added=(words,)))
    return {
        "list": listing.told(listed, REDACTOR),
        "import": importing.told(imported, REDACTOR),
        "accept": accept.told(accepted, REDACTOR),
        "invites --send": sending_report.told(sending, REDACTOR),
        "invites --rotate": sending_report.told_of_links(rotations, REDACTOR),
        "send": sending_report.told_of_message(message, REDACTOR),
        "doctor": doctor.told([Finding("files", "problem", note, words)], REDACTOR),
        "state log": state.told([Chapter(written, (NameStory("a", facts),))], REDACTOR, complete=True),
    }


def acts(character: str) -> bool:
    """Whether a character acts or hides instead of being shown, by its Unicode category."""
    return character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def assert_harmless(name: str, output: str) -> None:
    shown = SGR.sub("", output) if "colour" in name else output
    assert not [character for character in shown if acts(character)]
    output.encode("utf-8")
