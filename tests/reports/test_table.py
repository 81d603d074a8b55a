"""Every format in the table: whole outputs that somebody read, judged by what is to read them.

After a wanted change: `RENEW_GOLDEN=1 pytest tests/reports/test_table.py`, then read the difference in Git.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from reconciler import language
from reconciler.cli.formats import FORMATS, TABLE
from reconciler.errors import Complaint, Location
from reconciler.model.change import AdoptGroup, ChangeKind, SetValue
from reconciler.model.drift import Drift, DriftStatus
from reconciler.model.outcome import ApplyResult, GroupOutcome
from reconciler.model.plan import Plan
from reconciler.report import apply, drift, failure, github, plan, validate, values
from reconciler.report.sarif import MOST

from . import based, drifts, goldens, media, samples
from .runs import COMPLAINTS, FULL, PROBLEM, QUIET, RUN, VERBS, Look, draw_plan, render, section, served
from .samples import ANA, OPEN_REDACTOR, REDACTOR, STRANGER

GOLDEN = Path(__file__).parent / "golden_table"
MINE = ("csv", "github", "gitlab", "codequality", "dotenv", "junit", "sarif", "prometheus")
CASES = [(name, verb) for name in MINE for verb in served(name)]


@pytest.mark.parametrize("tag", goldens.LANGUAGES)
@pytest.mark.parametrize(("name", "verb"), CASES, ids=[f"{verb}.{name}" for name, verb in CASES])
def test_output(name: str, verb: str, tag: str) -> None:
    goldens.compare(GOLDEN, f"{verb}.{name}", tag, lambda: render(name, verb))


def test_no_file_is_left_over() -> None:
    goldens.check_none_is_left_over(GOLDEN, [f"{verb}.{name}" for name, verb in CASES])


def test_numbers_stay_out_of_every_format() -> None:
    """Each view once more with all that it may show: no format masks or unmasks by itself."""
    for name in FORMATS:
        for verb in served(name):
            for digits in (ANA, STRANGER, STRANGER[2:], "98888-7777", "19988887777"):
                assert digits not in render(name, verb), (name, verb)
    shown = render("csv", "plan", plan.told(samples.EVERYTHING, OPEN_REDACTOR))
    assert STRANGER in shown


def names_of(verb: str) -> set[str]:
    """The groups of what holds everything."""
    return {group["name"] for group in json.loads(render("json", verb))["groups"]}


# --- GitHub -----------------------------------------------------------------------------------------------


def commands(text: str) -> list[media.Command]:
    """Every annotation in a log, in order; other lines must be the one plain sentence."""
    found = []
    for line in text.splitlines():
        command = media.github_command(line)
        if command is None:
            assert re.fullmatch(r"… and \d+ more (error|warning|notice)s?\.", line)
        else:
            assert command.name in ("error", "warning", "notice")
            found.append(command)
    return found


def test_an_annotation_stands_at_its_line_and_column() -> None:
    found = commands(render("github", "validate", run=replace(RUN, folder="chat/")))
    first = next(command for command in found if command.properties.get("file") == "chat/groups/b.yaml")
    assert first.name == "error"
    assert first.properties == {
        "file": "chat/groups/b.yaml", "line": "2", "endLine": "2", "col": "1", "endColumn": "1",
        "title": "unknown-key",
    }  # fmt: skip
    assert first.data == "`admin` is not a key\ndid you mean `admins`?"
    assert [command.name for command in found] == ["error"] * 3 + ["warning", "notice"]


def test_annotations_unescape_to_what_was_meant() -> None:
    mark = Location("groups/50%,a:b.yaml", 3, 5)
    complaint = Complaint(mark, "100% wrong: a, b%0Ac", "50%25", "a:b,c")
    text = render("github", "validate", validate.told((complaint,), None))
    assert (
        "::error file=groups/50%25%2Ca%3Ab.yaml,line=3,endLine=3,col=5,endColumn=5,title=a%3Ab%2Cc::" in text
    )
    command = commands(text)[0]
    assert command.properties["file"] == mark.file
    assert command.properties["title"] == "a:b,c"
    assert command.data == "100% wrong: a, b%0Ac\n50%25"


def test_ten_of_a_kind_the_most_important_first() -> None:
    many = tuple(
        Complaint(Location("a.yaml", n), f"no {n}", rule="x", warning=warning)
        for n in range(1, 16)
        for warning in (False, True)
    )
    lines = render("github", "validate", validate.told(many, None)).splitlines()
    assert [line.partition(" ")[0] for line in lines] == (
        ["::error"] * 10 + ["…"] + ["::warning"] * 10 + ["…"] + ["::notice"]
    )
    assert lines[10] == "… and 5 more errors."
    stuck = [samples.group(f"b{n}", "blocked") for n in range(12)]
    final = samples.group("z", "unreadable", group_id="g")
    made = Plan(groups=(*stuck, final), objections=samples.EVERYTHING.objections, complete=False)
    titles = [
        command.properties["title"]
        for command in commands(draw_plan("github", made))
        if command.name == "error"
    ]
    assert titles[:4] == [
        "reconciler plan", "demote-many refused: nothing will be applied",
        "no-account refused: nothing will be applied", "z: unreadable",
    ]  # fmt: skip
    assert len(titles) == 10


def test_what_cannot_be_undone_is_a_warning() -> None:
    found = {command.properties["title"]: command.name for command in commands(render("github", "plan"))}
    assert found["Cannot be undone"] == "warning"
    assert found['projeto-2025 "Suporte Cps": leave, cannot be undone'] == "warning"
    assert found['vendas-interno "Suporte Cps": update, cannot be undone'] == "warning"
    assert found['suporte-campinas "Suporte Cps": update'] == "notice"
    assert found["cliente-acme: blocked"] == "error"


def test_what_is_merely_adopted_is_no_notice() -> None:
    """Nothing of the group changes, so there is nothing to look at; beside another change it is told."""
    adopt = AdoptGroup("g1", "subject", None)
    renamed = samples.group("b", "adopt", adopt, SetValue("subject", "A", "B"))
    made = Plan(groups=(samples.group("a", "adopt", adopt), renamed))
    found = commands(draw_plan("github", made))
    assert [command.properties["title"] for command in found] == ["reconciler plan", "b: adopt"]
    assert "adopt: " in found[1].data


def test_a_mistake_that_ends_a_run_is_told_at_its_line() -> None:
    view = failure.told("plan", PROBLEM, COMPLAINTS)
    found = commands(render("github", "failure", view))
    assert [command.properties["file"] for command in found] == [
        "contacts.yaml", "groups/b.yaml", "groups/b.yaml", "groups/a.yaml"
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["", "3", "a\nb", "a<<b", "x=y", "a\r\nb", "line\n\nlast\n"])
def test_outputs_are_read_as_they_were_meant(value: str) -> None:
    text = github.encode_outputs({"one": "1", "value": value, "two": "2"}, "end-1234")
    found = media.github_file(text)
    assert found == {"one": "1", "value": value.replace("\r\n", "\n"), "two": "2"}


def test_nobody_ends_an_output_early() -> None:
    with pytest.raises(ValueError, match="delimiter"):
        github.encode_outputs({"a": "x\nend-1234\nchanges=0"}, "end-1234")


def named(told: Any) -> list[str]:
    """The groups that it is about, as `groups` of a step's outputs names them."""
    return values.names([section(told)]).splitlines()


def test_values_are_those_of_the_summary() -> None:
    found = media.dotenv(render("dotenv", "plan"))
    wanted = {"CHANGES": "8", "CREATE": "1", "OBJECTIONS": "2", "COMPLETE": "false", "EXITCODE": "1"}
    assert {name: found[f"RECONCILER_RESULT_{name}"] for name in wanted} == wanted
    assert found["RECONCILER_RESULT_DIGEST"] == "a1b2c3"
    assert values.of_sections([section(FULL["drift"])])["in_sync"] == "false"
    assert values.of_sections([section(QUIET["drift"])])["in_sync"] == "true"
    assert (len(named(FULL["drift"])), named(QUIET["drift"])) == (6, [])
    assert values.of_sections([section(FULL["apply"])])["failed"] == "1"
    assert "cliente-acme" not in named(FULL["apply"])
    wanted = {"mistakes": "3", "warnings": "1", "valid": "false", "groups": "0"}
    assert {name: values.of_sections([section(FULL["validate"])])[name] for name in wanted} == wanted


def test_with_a_base_only_what_this_change_causes_counts() -> None:
    told = plan.told(samples.EVERYTHING, REDACTOR, based.BASE)
    causes = {
        group["name"]: group.get("cause")
        for group in plan.data(samples.EVERYTHING, REDACTOR, based.BASE)["groups"]
    }
    found, due = values.of_sections([section(told)]), named(told)
    assert (int(found["changes"]), int(found["changes_before"])) == (len(due), 8 - len(due))
    assert {causes[name] for name in due} == {"this_change"}
    assert sum(media.terraform(render("gitlab", "plan", told)).values()) == int(found["changes"])
    titles = {command.properties["title"]: command for command in commands(render("github", "plan", told))}
    moved = titles["This change moves what protects people"]
    assert (moved.name, "guard demote_share: 0.25 → 0.9" in moved.data.splitlines()) == ("warning", True)
    waits = 'antigo "Suporte Cps": leave, without this change as well, cannot be undone'
    assert titles[waits].name == "notice", "whatever it does"
    assert titles["Called off by this change"].data.endswith("suporte-campinas: admins - bruno")
    (suite,) = media.junit(render("junit", "plan", told))
    cases = [case.get("name") for case in suite if case.get("name") in causes]
    assert cases == list(causes), "a case a group, also of one with two causes"
    before = {name for name, cause in causes.items() if cause == "before"}
    assert {case.get("name") for case in suite if case.find("skipped[@type='before']") is not None} == before
    head, *rows = media.csv_rows(render("csv", "plan", told))
    cause = head.index("cause")
    assert {row[cause] for row in rows if row[0] == "suporte-campinas"} == {"before", "this_change"}


# --- GitLab -----------------------------------------------------------------------------------------------


def test_the_widget_has_its_three_keys_in_every_case() -> None:
    stuck = Plan(groups=(samples.BLOCKED, samples.MISSING, samples.UNREADABLE, samples.HELD), complete=False)
    bookkeeping = Plan(groups=(samples.group("a", "adopt", samples.RENAMED.changes[0]),))
    nothing = {"create": 0, "update": 0, "delete": 0}
    cases: dict[str, tuple[str, Any, dict[str, int]]] = {
        "everything": ("plan", FULL["plan"], {"create": 1, "update": 5, "delete": 2}),
        "nothing": ("plan", QUIET["plan"], nothing),
        "no group": ("plan", plan.told(Plan(groups=()), REDACTOR), nothing),
        "stuck": ("plan", plan.told(stuck, REDACTOR), nothing),
        "adopted only": ("plan", plan.told(bookkeeping, REDACTOR), nothing),
        "applied": ("apply", FULL["apply"], {"create": 1, "update": 2, "delete": 0}),
        "nothing applied": ("apply", QUIET["apply"], nothing),
        "drifted": ("drift", FULL["drift"], {"create": 0, "update": 3, "delete": 0}),
        "in sync": ("drift", QUIET["drift"], nothing),
    }
    data = drift.data(drifts.EVERYTHING, REDACTOR)
    huge = replace(FULL["drift"], data=lambda: data | {"summary": {"drifted": 2_000_000}})
    cases["more than it can show"] = ("drift", huge, {"create": 0, "update": 999_999, "delete": 0})
    for case, (verb, view, expected) in cases.items():
        assert media.terraform(render("gitlab", verb, view)) == expected, case


def test_code_quality_tells_equal_complaints_apart_and_moved_ones_not() -> None:
    first = media.codequality(render("codequality", "validate", run=replace(RUN, folder="chat/")))
    assert [issue["location"]["path"] for issue in first] == [
        "chat/contacts.yaml", "chat/groups/a.yaml", "chat/groups/b.yaml", "chat/groups/b.yaml"
    ]  # fmt: skip
    assert [issue["severity"] for issue in first] == ["major", "minor", "major", "major"]
    moved = tuple(
        replace(found, location=replace(found.location, line=found.location.line + 3)) for found in COMPLAINTS
    )
    again = media.codequality(render("codequality", "validate", validate.told(moved, None)))
    assert {issue["fingerprint"] for issue in again} == {issue["fingerprint"] for issue in first}
    assert media.codequality(render("codequality", "validate", QUIET["validate"])) == []


@pytest.mark.parametrize("verb", served("dotenv"))
def test_dotenv_is_what_gitlab_takes(verb: str) -> None:
    found = media.dotenv(render("dotenv", verb))
    assert found["RECONCILER_RESULT_EXITCODE"] == "1"


# --- JUnit and SARIF --------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", served("junit"))
def test_a_case_is_called_the_same_in_every_language(verb: str) -> None:
    """What keeps the history of a case finds it by its names and types."""
    called = []
    for tag in goldens.LANGUAGES:
        language.use(tag)
        root = media.junit(render("junit", verb))
        called.append([each.get(name) for each in root.iter() for name in ("name", "classname", "type")])
    assert all(each == called[0] for each in called)


@pytest.mark.parametrize("verb", served("junit"))
def test_junit_keeps_to_its_schema_and_counts_right(verb: str) -> None:
    for view in (FULL[verb], QUIET.get(verb, FULL[verb])):
        root = media.junit(render("junit", verb, view))
        (suite,) = root
        assert int(suite.get("tests")) == len(suite)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{tag}"))


def test_a_test_case_a_group_and_the_diff_is_its_text() -> None:
    (suite,) = media.junit(render("junit", "plan"))
    cases = {case.get("name"): case for case in suite if case.get("classname") != "objections"}
    assert set(cases) == names_of("plan") | {"reading"}
    assert cases["suporte-campinas"].find("failure").text.splitlines() == [
        "  subject: changed outside: this takes it back",
        '- subject: "Suporte Cps"',
        '+ subject: "Suporte Campinas"',
        "- icon: a1f3, 2 KB",
        "+ icon: icons/marca.png (9c07, 640×640, 41 KB)",
        "+ admins: ana (has joined)",
        "- admins: carlos (left (contacts.yaml:14), stays in the group)",
    ]
    assert cases["tranquilo"].find("failure") is None
    assert cases["cliente-gama"].find("error") is not None
    (quiet,) = media.junit(render("junit", "plan", QUIET["plan"]))
    assert not quiet.findall("testcase/*")


def test_a_group_that_is_left_alone_says_why_where_only_the_message_is_shown() -> None:
    (suite,) = media.junit(render("junit", "plan"))
    held = next(case for case in suite if case.get("name") == samples.HELD.name)
    assert held.find("skipped").get("message") == "on hold until 2026-12-01: Black Friday"


def test_a_drift_that_only_waits_fails_nothing() -> None:
    (suite,) = media.junit(render("junit", "drift", drift.told(drifts.PENDING, REDACTOR)))
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "1")


def test_sarif_keeps_to_its_schema() -> None:
    (run,) = media.sarif(render("sarif", "validate", run=replace(RUN, folder="sub dir/")))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["icon", "number", "unknown-key"]
    assert [result["level"] for result in run["results"]] == ["error", "error", "error", "warning"]
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "sub%20dir/groups/b.yaml"
    assert place["region"] == {"startLine": 2, "startColumn": 1}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert r"\[+55 19 …\](x)" in run["results"][0]["message"]["text"], "no link of somebody's making"
    (quiet,) = media.sarif(render("sarif", "validate", QUIET["validate"]))["runs"]
    assert quiet["results"] == []


def test_sarif_keeps_to_the_number_of_results_that_github_takes() -> None:
    warnings = [Complaint(Location("a.yaml", n), "w", rule="w", warning=True) for n in range(1, MOST + 2)]
    wrong = Complaint(Location("z.yaml", 1), "e", rule="e")
    text = render("sarif", "validate", validate.told((*warnings, wrong), None))
    results = media.json.loads(text)["runs"][0]["results"]
    assert len(results) == MOST
    assert results[0]["ruleId"] == "e", "what is cut is the least important"


# --- Prometheus -------------------------------------------------------------------------------------------

SUCCESS = ("reconciler_last_success_timestamp_seconds", "")
LAST = ("reconciler_last_run_timestamp_seconds", "")
ENDED = RUN.started.timestamp() + RUN.duration


def test_metrics_of_a_drift() -> None:
    found = media.metrics(render("prometheus", "drift"))
    groups = {label: value for (name, label), value in found.items() if name == "reconciler_groups"}
    assert set(groups) == {*get_args(DriftStatus), "unmanaged"}
    assert (groups["drifted"], groups["pending"], groups["unmanaged"], groups["in_sync"]) == (3, 4, 2, 1)
    kinds = {label: value for (name, label), value in found.items() if name == "reconciler_drift_changes"}
    assert set(kinds) == set(get_args(ChangeKind))
    assert (kinds["set_subject"], kinds["promote"], kinds["demote"]) == (3, 1, 2)
    assert (kinds["set_icon"], kinds["remove_icon"], kinds["revoke_link"]) == (2, 1, 0)
    assert found[LAST] == pytest.approx(ENDED, abs=0.001)
    assert found["reconciler_run_duration_seconds", ""] == 12.346
    assert found["reconciler_api_requests_total", "timeout"] == 1
    assert SUCCESS not in found, "not everything was read"


def test_groups_are_counted_once_each() -> None:
    for verb in ("plan", "apply"):
        found = media.metrics(render("prometheus", verb))
        groups = {label: value for (name, label), value in found.items() if name == "reconciler_groups"}
        expected = len(names_of(verb)) + (len(samples.EVERYTHING.unmanaged) if verb == "plan" else 0)
        assert sum(groups.values()) == expected
    assert (groups["failed"], groups["unknown"], groups["done"], groups["skipped"]) == (1, 1, 2, 1)


def test_the_last_success_survives_a_run_that_failed() -> None:
    good = replace(RUN, exit_code=2, complete=True)
    first = render("prometheus", "drift", run=good)
    assert media.metrics(first)[SUCCESS] == pytest.approx(ENDED, abs=0.001)
    later, held = replace(RUN, started=RUN.started.replace(day=22)), Look(before=first)
    for verb in ("drift", "failure"):
        failed = media.metrics(render("prometheus", verb, run=later, look=held))
        assert failed[SUCCESS] == pytest.approx(ENDED, abs=0.001)
        assert failed[LAST] > failed[SUCCESS]
        assert failed["reconciler_api_requests_total", "200"] == 82, "a counter goes on counting"
    assert not any(name == "reconciler_groups" for name, _ in failed), "nobody knows"
    for code, well in ((0, True), (2, True), (1, False), (3, False), (4, False), (6, False), (130, False)):
        run = replace(later, exit_code=code, complete=True)
        assert (media.metrics(render("prometheus", "drift", run=run, look=held))[SUCCESS] > ENDED + 1) is well


def test_a_code_of_any_kind_is_a_label_that_the_next_run_reads() -> None:
    odd = replace(RUN, requests=(('no "such"} 9\nhost', 1), ("x" * 80, 2)))
    first = render("prometheus", "plan", run=odd)
    found = media.metrics(render("prometheus", "plan", run=odd, look=Look(before=first)))
    codes = {
        label: value for (name, label), value in found.items() if name == "reconciler_api_requests_total"
    }
    assert codes == {"no__such___9_host": 2, "x" * 40: 4}


@pytest.mark.parametrize("before", ["", "garbage", "\0" * 100, f"{SUCCESS[0]} NaN\n", f"{SUCCESS[0]} -1\n"])
def test_what_stood_there_before_need_not_be_ours(before: str) -> None:
    found = media.metrics(render("prometheus", "failure", look=Look(before=before)))
    assert SUCCESS not in found
    assert found["reconciler_api_requests_total", "200"] == 41


@pytest.mark.parametrize("verb", served("prometheus"))
def test_promtool_finds_nothing(verb: str) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        if os.environ.get("REQUIRE_TOOLS"):
            pytest.fail("promtool is missing: apt-get install prometheus")
        pytest.skip("promtool is not installed (Debian package prometheus)")
    good = replace(RUN, exit_code=0, complete=True)
    for run in (RUN, good):
        checked = subprocess.run(
            [tool, "check", "metrics"],
            input=render("prometheus", verb, run=run),
            text=True,
            capture_output=True,
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


# --- tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", served("csv"))
def test_tables_have_a_head_and_rows_of_its_length(verb: str) -> None:
    head, *rows = media.csv_rows(render("csv", verb))
    assert len(set(head)) == len(head)
    assert rows
    if verb != "validate":
        assert {row[0] for row in rows} == names_of(verb)
    assert len(media.csv_rows(render("csv", verb, QUIET[verb]))) >= 1


def test_every_person_of_a_change_has_a_row() -> None:
    head, *rows = media.csv_rows(render("csv", "plan"))
    closed = [dict(zip(head, row, strict=True)) for row in rows if row[0] == "projeto-2025"]
    assert sum(row["change"] == "remove_participants" for row in closed) == 25
    head, *rows = media.csv_rows(render("csv", "apply"))
    failed = [dict(zip(head, row, strict=True)) for row in rows if "failed" in row]
    assert failed[0]["code"] == "http_400"


def test_empty_views_are_no_special_case() -> None:
    empty: dict[str, Any] = {
        "plan": plan.told(Plan(groups=()), REDACTOR),
        "apply": apply.told(ApplyResult(plan=Plan(groups=()), groups=()), REDACTOR),
        "drift": drift.told(Drift(groups=()), REDACTOR),
        "validate": validate.told((), 0),
    }
    for name in FORMATS:
        for verb in (each for each in VERBS if name in TABLE[each]):
            assert render(name, verb, empty[verb]).endswith("\n")
    lone = GroupOutcome(name="a", action="none", plan=None)
    view = apply.told(ApplyResult(plan=Plan(groups=()), groups=(lone,)), REDACTOR)
    assert media.csv_rows(render("csv", "apply", view))[1][0] == "a"
