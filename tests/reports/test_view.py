from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reconciler.errors import Problem
from reconciler.model.change import Affected, ChangePeople, CreateGroup, LeaveGroup, SetValue
from reconciler.model.live import LiveGroup
from reconciler.model.outcome import ApplyResult
from reconciler.model.plan import GroupPlan, Note, Plan
from reconciler.report import apply, plan
from reconciler.report.redact import Redactor

from . import samples
from .runs import Look, draw_plan, render
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


def test_lines_of_our_files_lose_numbers_and_links_and_keep_days() -> None:
    line = f"+admins: [+55 19 98888-7777]  # until 2026-12-01, {LINK}"
    assert (
        REDACTOR.line(line)
        == "+admins: [+55 19 •••• 7777]  # until 2026-12-01, https://chat.whatsapp.com/••••"
    )
    for redactor in (REDACTOR, OPEN_REDACTOR):
        assert LINK not in redactor.line(line)
        assert redactor.line("x" * 3000) == "x" * 999 + "…"


def test_ids_of_messages_are_whole_and_may_be_somebody_s_words() -> None:
    for ours in ("12345678-1234-1234-1234-123456789012", f"inv-{'0123456789' * 2}"):
        assert REDACTOR.message_id(ours) == ours
        assert STRANGER not in REDACTOR.message_id(f"{ours} {STRANGER}")
        assert LINK not in REDACTOR.message_id(f"{LINK} {ours}")


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


def after(*groups: GroupPlan, redactor: Redactor = REDACTOR) -> dict[str, list[str]]:
    """Who is said to be admin afterwards, by group; without those of which nothing is said."""
    found = plan.data(Plan(groups=groups), redactor)["groups"]
    return {group["name"]: group["after"]["admins"] for group in found if "after" in group}


def test_admins_after_go_by_person_not_by_spelling() -> None:
    live = LiveGroup("g", "S", ACCOUNT, ("551990000002", CARLOS, ACCOUNT), ())
    promoted = ChangePeople("promote", (Affected(ANA), Affected("5519990000002")))
    removed = ChangePeople("remove_participants", (Affected("5519990000002"),))
    one = samples.group("one", "update", promoted, ChangePeople("demote", (Affected(CARLOS),)), found=live)
    other = samples.group("other", "update", removed, found=live)
    assert after(one, other) == {"one": ["ana", "bruno", "account"], "other": ["carlos", "account"]}


def test_admins_after_are_said_where_they_change() -> None:
    assert after(*samples.EVERYTHING.groups) == {
        "suporte-campinas": ["ana", "bruno", "account"],
        "comunidade-cafe": ["account"],
        "vendas-interno": ["ana", "account"],
        "vendas-sudeste": ["dora (+55 11 •••• 0003)", "account"],
    }


def test_nobody_left_is_said_too() -> None:
    left = samples.group(
        "g", "update", ChangePeople("demote", (Affected(ANA),)), found=samples.live("g1", ANA)
    )
    assert after(left) == {"g": []}
    assert "after: nobody" in draw_plan("text", Plan(groups=(left,)))


def test_a_creator_without_an_account_is_masked() -> None:
    redactor = Redactor(REDACTOR.aliases)
    found = after(samples.SUPPORT, samples.CREATED, redactor=redactor)
    assert found == {"suporte-campinas": ["ana", "bruno", "+55 19 •••• 2222"], "comunidade-cafe": ["account"]}
    shown = draw_plan("text", Plan(groups=(samples.SUPPORT,)), redactor=redactor)
    assert "after: ana, bruno, +55 19 •••• 2222 (creator)" in shown


def test_two_numbers_of_one_person_are_told_apart_only_where_both_are_named() -> None:
    promote, demote = (
        ChangePeople("promote", (Affected(DORA),)),
        ChangePeople("demote", (Affected(DORA_OLD),)),
    )
    both = samples.group("a", "update", promote, demote, found=samples.live("g1", DORA_OLD, others=(DORA,)))
    one = samples.group("b", "update", promote, found=samples.live("g2", ACCOUNT, others=(DORA,)))
    first, second = plan.data(Plan(groups=(both, one)), REDACTOR)["groups"]
    assert [change["people"] for change in first["changes"]] == [
        ["dora (+55 11 •••• 0003)"],
        ["dora (+55 19 •••• 0004)"],
    ]
    assert second["changes"][0]["people"] == ["dora"]


def test_the_summary_counts_groups_invites_and_notices() -> None:
    summary = plan.data(samples.EVERYTHING, REDACTOR)["summary"]
    assert list(summary.values()) == [1, 1, 4, 2, 1, 1, 1, 1, 1, 1, 2, 4, 41]
    assert summary["notices"] == sum(group.notices for group in samples.EVERYTHING.groups)


def test_the_summary_of_an_apply_counts_changes_and_stuck_groups() -> None:
    assert list(apply.data(samples.MIXED, REDACTOR)["summary"].values()) == [8, 1, 3, 1, 1, 1, 1]


PLANS = [samples.EVERYTHING, samples.CUSTOMERS, samples.ONE_AS_WANTED]
IDS = re.compile(r"\b120363[0-9]{12}\b|\b5519911112222-[0-9]+|…-[0-9]+|\"sha256\": \"[0-9a-f]+\"")


def rendered(made: Plan, result: ApplyResult, redactor: Redactor) -> list[str]:
    look, applied = Look(limit=1000), apply.told(result, redactor)
    return [
        *(draw_plan(name, made, redactor=redactor, look=look) for name in ("text", "json")),
        *(render(name, "apply", applied, look=look) for name in ("text", "json")),
    ]


@pytest.mark.parametrize("made", PLANS)
def test_masked_output_holds_no_number_and_no_link(made: Plan) -> None:
    for output in rendered(made, samples.MIXED, REDACTOR):
        rest = IDS.sub("", output).replace("2026-12-01", "")
        assert not re.findall(r"[0-9](?:[ .\-()]?[0-9]){7,}", rest)
        assert "cdn.example" not in output


def test_a_link_that_slipped_into_a_text_is_shown_to_nobody() -> None:
    note = Note("see {texts[0]}", texts=(LINK,))
    made = replace(
        samples.EVERYTHING,
        groups=(*samples.EVERYTHING.groups, samples.group("z", "create", CreateGroup(f"Grupo {LINK}"))),
        notes=(note,),
        unmanaged=(replace(samples.EVERYTHING.unmanaged[1], subject=LINK),),
    )
    result = replace(samples.MIXED, plan=made, unsaved=Problem("state", f"no {LINK}", f"try {LINK}"))
    for redactor in (REDACTOR, OPEN_REDACTOR):
        for output in rendered(made, result, redactor):
            assert "AbCdEfGh" not in output
            assert "chat.whatsapp.com/••••" in output or "chat.whatsapp.com" not in output


@pytest.mark.parametrize("words", ["Ligue 19 98888-7777", "Tel +5519988887777"])
def test_subjects_lose_their_numbers_on_both_sides_of_a_change(words: str) -> None:
    for before, wanted in ((words, "Novo"), ("Velho", words)):
        changed = samples.group(
            "g", "update", SetValue("subject", before, wanted), found=samples.live("i", ACCOUNT)
        )
        made = Plan(groups=(changed,))
        for output in (draw_plan(name, made) for name in ("text", "json")):
            assert "7777" not in output
            assert "••••77" in output
        shown = plan.data(made, OPEN_REDACTOR)["groups"][0]["changes"][0]
        assert (shown["before"], shown["after"]) == (before, wanted)


def test_numbers_are_shown_when_asked_for() -> None:
    in_text, in_json, *_ = rendered(samples.EVERYTHING, samples.MIXED, OPEN_REDACTOR)
    assert "Família 19988887777" in in_json
    for output in (in_text, in_json):
        assert f"+{STRANGER}" in output
        assert f"{STRANGER}-1513616971" in output


def test_leaving_says_nothing_about_admins() -> None:
    left = samples.group(
        "g",
        "leave",
        ChangePeople("remove_participants", (Affected(ANA),)),
        LeaveGroup(),
        found=samples.live("g1", ANA),
    )
    assert after(left) == {}
