from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reconciler.model.change import (
    Affected,
    CreateGroup,
    Demote,
    LeaveGroup,
    Promote,
    RemoveParticipants,
    SetSubject,
)
from reconciler.model.live import LiveGroup, Problem
from reconciler.model.plan import ApplyResult, Note, Plan
from reconciler.report import apply
from reconciler.report.redact import Redactor
from reconciler.reports import plan_json, plan_text
from reconciler.reports.plan_view import admins_after, plan_view

from . import samples
from .runs import Look, render
from .samples import ACCOUNT, ANA, BRUNO, CARLOS, DORA, DORA_OLD, OPEN_REDACTOR, REDACTOR, STRANGER

LINK = "https://chat.whatsapp.com/AbCdEfGh123"


def test_people_are_aliases_whatever_form_their_number_has() -> None:
    assert [REDACTOR.person(wa_id) for wa_id in (ANA, BRUNO, "5519990000002", ACCOUNT, STRANGER)] == [
        "ana",
        "bruno",
        "bruno",
        "account",
        "+55 19 •••• 7777",
    ]
    assert OPEN_REDACTOR.person(STRANGER) == f"+{STRANGER}"
    assert OPEN_REDACTOR.person(ANA) == "ana"


def test_what_is_no_number_is_taken_for_words() -> None:
    assert REDACTOR.person("") == "somebody unknown"
    assert REDACTOR.person("tel +55 19 98888-7777") == "tel ••••77"


def test_an_id_shows_the_account_s_number_only() -> None:
    own, other, new = f"{ACCOUNT}-1513616971", f"{STRANGER}-1513616971", "120363000000000001"
    assert [REDACTOR.group_id(each) for each in (own, other, new)] == [own, "…-1513616971", new]
    assert OPEN_REDACTOR.group_id(other) == other


def test_outsiders_words_are_cut_and_lose_numbers_and_links() -> None:
    words = f"call 19 98888-7777 or {LINK}/?x=1 now"
    assert REDACTOR.untrusted(words) == "call ••••77 or https://chat.whatsapp.com/•••• now"
    assert OPEN_REDACTOR.untrusted(words) == "call 19 98888-7777 or https://chat.whatsapp.com/•••• now"
    for redactor in (REDACTOR, OPEN_REDACTOR):
        assert redactor.untrusted("x" * 300) == "x" * 199 + "…"
        assert LINK not in redactor.sentence(f"CHAT.whatsapp.com/AbCdEfGh123 and {LINK}")
    assert REDACTOR.untrusted("cHaT.WhatsApp.com/AbCdEfGh123") == "cHaT.WhatsApp.com/••••"


def test_notes_are_filled_once_and_never_formatted() -> None:
    note = Note(
        "{ids} {ids[0]} {people[0]} {texts[0]} {texts[7]} {ids!r} {people.__class__} {0} {",
        ids=("g1", "g2"),
        people=(ANA,),
        texts=("{people} {ids[1]}",),
    )
    assert REDACTOR.note(note) == (
        "g1, g2 g1 ana {people} {ids[1]} {texts[7]} {ids!r} {people.__class__} {0} {"
    )


def test_a_note_with_a_masked_id_says_how_to_see_it_whole() -> None:
    note = Note("write id: {ids[0]}", ids=(f"{STRANGER}-15",))
    assert REDACTOR.note(note) == "write id: …-15 (whole ids: --show-numbers)"
    assert OPEN_REDACTOR.note(note) == f"write id: {STRANGER}-15"


def test_admins_after_go_by_person_not_by_spelling() -> None:
    live = LiveGroup("g", "S", ACCOUNT, ("551990000002", CARLOS, ACCOUNT))
    changes = (
        Promote((Affected(ANA), Affected("5519990000002"))),
        Demote((Affected(CARLOS),)),
    )
    assert admins_after(live, changes) == ("551990000002", ACCOUNT, ANA)
    assert admins_after(live, (RemoveParticipants((Affected("5519990000002"),)),)) == (CARLOS, ACCOUNT)
    assert admins_after(None, ()) == ()


def test_admins_after_are_said_where_they_change() -> None:
    assert {
        group.name: tuple(admin.who for admin in group.admins_after)
        for group in plan_view(samples.EVERYTHING, REDACTOR).groups
        if group.admins_after is not None
    } == {
        "suporte-campinas": ("ana", "bruno", "account"),
        "comunidade-cafe": ("account",),
        "vendas-interno": ("ana", "account"),
        "vendas-sudeste": ("dora (+55 11 •••• 0003)", "account"),
    }


def test_nobody_left_is_said_too() -> None:
    plan = Plan(
        groups=(samples.group("g", "update", Demote((Affected(ANA),)), found=samples.live("g1", ANA)),)
    )
    assert plan_view(plan, REDACTOR).groups[0].admins_after == ()
    assert "after: nobody" in plan_text.render_plan(plan_view(plan, REDACTOR), color=False)


def test_a_creator_without_an_account_is_masked() -> None:
    redactor = Redactor(REDACTOR.aliases)
    view = plan_view(Plan(groups=(samples.SUPPORT, samples.CREATED)), redactor)
    support, created = view.groups
    assert support.admins_after is not None
    assert [(admin.who, admin.creator) for admin in support.admins_after] == [
        ("ana", False),
        ("bruno", False),
        ("+55 19 •••• 2222", True),
    ]
    assert created.admins_after is not None
    assert [(admin.who, admin.creator) for admin in created.admins_after] == [("account", True)]


def test_two_numbers_of_one_person_are_told_apart_only_where_both_are_named() -> None:
    promote, demote = Promote((Affected(DORA),)), Demote((Affected(DORA_OLD),))
    both = samples.group("a", "update", promote, demote, found=samples.live("g1", DORA_OLD, others=(DORA,)))
    one = samples.group("b", "update", promote, found=samples.live("g2", ACCOUNT, others=(DORA,)))
    first, second = plan_view(Plan(groups=(both, one)), REDACTOR).groups
    assert [change.people[0].who for change in first.changes] == [
        "dora (+55 11 •••• 0003)",
        "dora (+55 19 •••• 0004)",
    ]
    assert second.changes[0].people[0].who == "dora"


def test_the_summary_counts_groups_invites_and_notices() -> None:
    summary = plan_view(samples.EVERYTHING, REDACTOR).summary
    counts = (summary.create, summary.adopt, summary.update, summary.leave, summary.unchanged)
    assert counts == (1, 1, 4, 2, 1)
    stuck = (summary.blocked, summary.missing, summary.orphaned, summary.held, summary.unreadable)
    assert stuck == (1, 1, 1, 1, 1)
    assert (summary.unmanaged, summary.invites) == (2, 4)
    assert summary.notices == sum(group.notices for group in samples.EVERYTHING.groups) == 41


def test_the_summary_of_an_apply_counts_changes_and_stuck_groups() -> None:
    assert list(apply.data(samples.MIXED, REDACTOR)["summary"].values()) == [8, 1, 3, 1, 1, 1, 1]


PLANS = [samples.EVERYTHING, samples.CUSTOMERS, samples.ONE_AS_WANTED]
IDS = re.compile(r"\b120363[0-9]{12}\b|\b5519911112222-[0-9]+|…-[0-9]+|\"sha256\": \"[0-9a-f]+\"")


def rendered(plan: Plan, result: ApplyResult, redactor: Redactor) -> list[str]:
    plan_seen, applied = plan_view(plan, redactor), apply.told(result, redactor)
    return [
        plan_text.render_plan(plan_seen, color=False, limit=1000),
        render("text", "apply", applied, look=Look(limit=1000)),
        plan_json.render_plan(plan_seen),
        render("json", "apply", applied),
    ]


@pytest.mark.parametrize("plan", PLANS)
def test_masked_output_holds_no_number_and_no_link(plan: Plan) -> None:
    for output in rendered(plan, samples.MIXED, REDACTOR):
        rest = IDS.sub("", output).replace("2026-12-01", "")
        assert not re.findall(r"[0-9](?:[ .\-()]?[0-9]){7,}", rest)
        assert "cdn.example" not in output


def test_a_link_that_slipped_into_a_text_is_shown_to_nobody() -> None:
    note = Note("see {texts[0]}", texts=(LINK,))
    plan = replace(
        samples.EVERYTHING,
        groups=(*samples.EVERYTHING.groups, samples.group("z", "create", CreateGroup(f"Grupo {LINK}"))),
        notes=(note,),
        unmanaged=(replace(samples.EVERYTHING.unmanaged[1], subject=LINK),),
    )
    result = replace(samples.MIXED, plan=plan, unsaved=Problem("state", f"no {LINK}", f"try {LINK}"))
    for redactor in (REDACTOR, OPEN_REDACTOR):
        for output in rendered(plan, result, redactor):
            assert "AbCdEfGh" not in output
            assert "chat.whatsapp.com/••••" in output or "chat.whatsapp.com" not in output


@pytest.mark.parametrize("words", ["Ligue 19 98888-7777", "Tel +5519988887777"])
def test_subjects_lose_their_numbers_on_both_sides_of_a_change(words: str) -> None:
    for before, after in ((words, "Novo"), ("Velho", words)):
        changed = samples.group("g", "update", SetSubject(before, after), found=samples.live("i", ACCOUNT))
        view = plan_view(Plan(groups=(changed,)), REDACTOR)
        for output in (plan_text.render_plan(view, color=False), plan_json.render_plan(view)):
            assert "7777" not in output
            assert "••••77" in output
        shown = plan_view(Plan(groups=(changed,)), OPEN_REDACTOR).groups[0].changes[0]
        assert (shown.before, shown.after) == (before, after)


def test_numbers_are_shown_when_asked_for() -> None:
    plan_text, _, plan_json, _ = rendered(samples.EVERYTHING, samples.MIXED, OPEN_REDACTOR)
    for output in (plan_text, plan_json):
        assert f"+{STRANGER}" in output
        assert "Família 19988887777" in plan_json
        assert f"{STRANGER}-1513616971" in output


def test_leaving_says_nothing_about_admins() -> None:
    left = samples.group(
        "g", "leave", RemoveParticipants((Affected(ANA),)), LeaveGroup(), found=samples.live("g1", ANA)
    )
    assert plan_view(Plan(groups=(left,)), REDACTOR).groups[0].admins_after is None
