from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from reconciler.errors import Complaint, Location
from reconciler.model.change import Affected, ChangePeople, Invite, RevokeLink, SetIcon, SetValue
from reconciler.model.live import IconMeta, LiveIcon
from reconciler.model.outcome import ApplyResult, GroupOutcome
from reconciler.model.plan import GroupPlan, Note, Plan
from reconciler.report import apply, text, validate, words
from reconciler.report.escape import for_terminal
from reconciler.report.model import Report, Summary, Table

from . import samples
from .runs import Look, draw_plan, render
from .samples import ACCOUNT, CARLOS, LOGO, OLD_ICON, REDACTOR

SGR = re.compile(r"\x1b\[[0-9;]*m")


def plan(*groups: GroupPlan) -> str:
    return draw_plan("text", Plan(groups=groups))


def validation(complaints: list[Complaint], groups: int | None) -> str:
    return render("text", "validate", validate.told(complaints, groups))


def demoting(count: int) -> list[GroupPlan]:
    return [
        samples.group(
            f"g{n}",
            "update",
            ChangePeople("demote", (Affected(CARLOS, "left (contacts.yaml:14)"),)),
            found=samples.live(f"id{n}", ACCOUNT, CARLOS),
        )
        for n in range(count)
    ]


def test_an_equal_change_in_four_groups_is_said_once() -> None:
    three, four = plan(*demoting(3)), plan(*demoting(4))
    assert three.count("- carlos") == 3
    assert "groups/g2.yaml:1" in three
    assert four.count("- carlos") == 1
    assert "~ 4 groups\n    g0, g1, g2, g3\n" in four
    assert four.count("after: account (creator)") == 1


def test_what_groups_would_look_like_is_left_out_where_it_differs() -> None:
    groups = demoting(4)
    groups[2] = replace(groups[2], live=samples.live("id2", ACCOUNT, CARLOS, samples.ANA))
    output = plan(*groups)
    assert output.count("- carlos") == 1
    assert "after:" not in output


def test_a_group_with_more_changes_points_to_the_shared_one() -> None:
    groups = demoting(4)
    groups[1] = replace(groups[1], changes=(SetValue("subject", "A", "B"), *groups[1].changes))
    output = plan(*groups)
    assert '~ g1, admins as above                   groups/g1.yaml:1\n    subject  "A" → "B"\n' in output
    assert output.count("- carlos") == 1


def test_equal_icons_of_created_and_updated_groups_stay_apart() -> None:
    updates = [
        samples.group(f"u{n}", "update", SetIcon(OLD_ICON, LOGO), found=samples.live(f"i{n}", ACCOUNT))
        for n in range(3)
    ]
    output = plan(*updates, samples.CREATED)
    assert "~ 3 groups" not in output
    assert "4 groups" not in output


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("color", [False, True])
def test_lines_keep_to_the_width(width: int, color: bool) -> None:
    long = samples.group(
        "n" * 70,
        "blocked",
        notes=(Note("{texts[0]}", texts=("日本語" * 30 + "👍" * 40,)), Note("x" * 150)),
    )
    look = Look(color=color, width=width)
    made = replace(samples.EVERYTHING, groups=(*samples.EVERYTHING.groups, long))
    outputs = [draw_plan("text", made, look=look), render("text", "apply", look=look)]
    for output in outputs:
        for line in SGR.sub("", output).splitlines():
            assert cell_len(line) <= width, line
            assert line == line.rstrip()


def test_nothing_is_lost_by_wrapping() -> None:
    def words(output: str) -> str:
        return re.sub(r"\s", "", output)

    wide, narrow = (render("text", "plan", look=Look(width=width)) for width in (500, 40))
    assert words(narrow) == words(wide)


def test_colour_adds_nothing_but_colour() -> None:
    for made in (samples.EVERYTHING, samples.CUSTOMERS):
        plain, coloured = (draw_plan("text", made, look=Look(color=color)) for color in (False, True))
        assert SGR.sub("", coloured) == plain
        assert "\x1b" not in plain
        assert "\x1b[" in coloured
    complaints = samples.COMPLAINTS
    assert SGR.sub("", text.render_complaints(complaints, color=True)) == text.render_complaints(
        complaints, color=False
    )


def test_what_cannot_be_undone_stands_out() -> None:
    output = render("text", "plan", look=Look(color=True))
    assert output.count("\x1b[1;31mcannot be undone\x1b[0m") == 6
    assert SGR.sub("", output).count("cannot be undone") == 6


def test_emoji_are_measured_as_they_are_wide() -> None:
    people = (Affected("5511977770001", "a"), Affected("5511977770002", "b"))
    redactor = replace(REDACTOR, aliases={"551177770001": "zoé☕☕", "551177770002": "li"})
    group = samples.group("g", "update", ChangePeople("demote", people), found=samples.live("i", ACCOUNT))
    lines = draw_plan("text", Plan(groups=(group,)), redactor=redactor).splitlines()
    first, second = (line for line in lines if "zoé" in line or "- li" in line)
    assert cell_len(first[: first.rindex(" a")]) == cell_len(second[: second.rindex(" b")])


def test_lists_of_people_end() -> None:
    output = draw_plan("text", samples.CUSTOMERS, look=Look(limit=4))
    assert "    … and 27 more\n" in output
    output = draw_plan("text", samples.EVERYTHING, look=Look(limit=4))
    assert "             … and 21 more\n" in output


def test_one_person_in_several_groups_is_one_row() -> None:
    groups = [
        samples.group(f"g{n}", "none", to_invite=(Invite(samples.PEOPLE["ana"], "admin"),)) for n in range(7)
    ]
    output = plan(*groups)
    assert "    ana  admin  g0, g1, g2, g3, g4 … and 2 more\n" in output
    assert output.endswith("No changes. 7 groups are as the manifests say · 7 to invite (7 as admin).\n")


def test_summaries() -> None:
    last = draw_plan("text", samples.CUSTOMERS).splitlines()[-1]
    assert last == (
        "5 to create, 12 to update, 0 to leave · 8 unchanged. Members will see 25 notices in 12 groups."
    )
    assert plan(samples.CREATED).endswith(
        "1 to create, 0 to update, 0 to leave · 0 unchanged. Members will see no notices.\n"
    )
    one = demoting(1)[0]
    assert plan(one).endswith("· 0 unchanged. Members will see 1 notice in 1 group.\n")


def test_applies_end_with_their_counts() -> None:
    done = render("text", "apply", apply.told(samples.ALL_DONE, REDACTOR))
    assert done.endswith("6 done, 0 failed, 0 skipped.\n")
    nothing = render("text", "apply", apply.told(samples.NOTHING_DONE, REDACTOR))
    assert nothing == "Nothing to do. 5 groups are as the manifests say.\n"


def test_an_error_that_stopped_several_changes_is_said_once() -> None:
    output = render("text", "apply")
    renamed = output[output.index("– vendas-sudeste") : output.index("! cliente-gama")]
    assert renamed.count("interrupted before it was sent") == 1
    assert renamed.count("–") == 3


def test_complaints_are_sorted_counted_and_readable_by_machines() -> None:
    output = text.render_complaints(samples.COMPLAINTS, color=False)
    assert [line.split(" ")[0] for line in output.splitlines() if not line.startswith(" ")] == [
        "contacts.yaml:4:12:",
        "groups/a.yaml:10:3:",
        "groups/b.yaml:2:1:",
        "2",
    ]
    assert output.endswith("2 mistakes and 1 warning in 3 files.\n")
    warning = Complaint(Location("a.yaml"), "small", warning=True)
    assert text.render_complaints([warning], color=False).endswith("\n1 warning in 1 file.\n")
    assert text.render_complaints([], color=False) == ""


def test_an_emoji_made_of_several_stays_one_and_a_lone_joiner_shows() -> None:
    assert for_terminal("Suporte 👩\u200d💻") == "Suporte 👩\u200d💻"
    assert for_terminal("a\u200db\u200d") == "a\\u200db\\u200d"


def test_a_validation_says_what_is_wrong_or_that_nothing_is() -> None:
    wrong = Complaint(Location("groups/a.yaml", 3, 5), "`admin` is not a key", "did you mean `admins`?")
    assert validation([wrong], None).startswith("groups/a.yaml:3:5: error: `admin`")
    assert validation([], 1) == "No mistakes in 1 group.\n"
    doubt = Complaint(Location("groups/a.yaml", 3, 5), "the hold ended", warning=True)
    assert validation([doubt], 2) == (
        "groups/a.yaml:3:5: warning: the hold ended\nNo mistakes in 2 groups, 1 warning.\n"
    )


def test_a_picture_that_goes_is_called_removed() -> None:
    found = LiveIcon(IconMeta("https://cdn.example/a.jpeg", 2500))
    assert "    icon     removed (2 KB)\n" in plan(samples.group("g1", "update", SetIcon(found, None)))
    unknown = LiveIcon(IconMeta("https://cdn.example/a.jpeg", None))
    assert "    icon     removed\n" in plan(samples.group("g1", "update", SetIcon(unknown, None)))


def test_one_link_stops_and_two_stop_working() -> None:
    one, two = (samples.group(name, "update", RevokeLink(1, 2)) for name in ("g1", "g2"))
    assert "    1 invite link revoked, which stops working: g1\n" in plan(one)
    assert "    2 invite links revoked, which stop working: g1, g2\n" in plan(one, two)


def test_where_nothing_could_be_applied_both_verbs_say_so() -> None:
    stuck = samples.group("g1", "blocked", notes=(Note("two groups"),))
    assert "Nothing can be applied. 0 groups are as the manifests say · 1 blocked.\n" in plan(stuck)
    group = GroupOutcome(name="g1", action="blocked", outcomes=(), plan=stuck)
    found = apply.told(ApplyResult(plan=Plan(groups=(stuck,)), groups=(group,)), REDACTOR)
    assert "Nothing could be applied. 0 groups" in render("text", "apply", found)
    assert "<h1>Nothing could be applied</h1>" in render("html", "apply", found)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_one_long_cell_costs_a_table_none_of_its_columns(width: int) -> None:
    long = "Comunidade das mães, pais e amigos da escola nova de Campinas e região 2026"
    rows = [('"Alfa"', "admin", "3 people", "alfa"), (f'"{long}"', "not admin", "40 people", "unmanaged")]
    rows.append(('"Beta"', "admin", "3 people", "comunidade-do-cafe-de-campinas"))
    table = Table("groups", "Groups", ("Subject", "Account", "People", "Manifest"), tuple(rows), whole=True)
    summary = Summary("2 groups")
    report = Report(verb="list", verdict="", status=words.HELD, summary=summary, tables=(table,))
    lines = text.of_report(report, Look(width=width)).splitlines()
    first, second = (next(line for line in lines if word in line) for word in ("Alfa", "not admin"))
    for short, wide in zip(rows[0][1:], rows[1][1:], strict=True):
        assert first.index(f" {short}") == second.index(f" {wide}")
    assert max(map(len, lines)) <= width
    shown = "".join("".join(line[4 : first.index("admin")].split()) for line in lines[2:-2])
    assert f'"{long}"'.replace(" ", "") in shown
    assert ("comunidade-do-cafe-de-campinas" in "".join(lines)) is (width > 60)


def test_a_long_name_leaves_the_other_columns_of_who_has_yet_to_join() -> None:
    people = [(("x" * 50), "admin", "a, b"), ("ana", "member", "c")]
    table = Table("joining", "Still to join", ("Person", "As", "Groups"), tuple(people))
    report = Report(verb="plan", verdict="", status=words.HELD, summary=Summary("x"), tables=(table,))
    lines = text.of_report(report, Look(width=60)).splitlines()
    first, second = (next(line for line in lines if word in line) for word in ("admin", "member"))
    assert first.index("admin") == second.index("member")


def test_a_long_label_moves_what_stands_beside_all_of_them() -> None:
    changes = (SetValue("subject", "A", "B"), SetValue("approve_members", False, True))
    assert ('    subject          "A" → "B"\n    approve_members  no → yes\n') in plan(
        samples.group("g1", "update", *changes)
    )


def test_a_text_of_several_lines_is_one_line() -> None:
    change = SetValue("description", "", "Das 8h\nàs 18h")
    assert 'description  none → "Das 8h\\nàs 18h"\n' in plan(samples.group("g1", "update", change))
