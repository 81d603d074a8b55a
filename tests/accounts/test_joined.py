"""Every format holds all accounts: as one document, or, where it cannot, as one for each."""

from __future__ import annotations

import csv
import io
import json
import signal
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.cli.accounts import _Runs
from reconciler.cli.collected import Account, Collected
from reconciler.cli.common import Common
from reconciler.cli.formats import TABLE
from reconciler.errors import (
    CredentialsError,
    Exit,
    Interrupted,
    LockedError,
    ObjectionError,
    Problem,
    ReconcilerError,
    UsageError,
)
from reconciler.model.drift import Drift
from reconciler.publish.comments import checked, facts_of, kind_of
from reconciler.report import drift, markdown, values
from reconciler.report.markdown import BUDGET
from reconciler.report.section import PLAIN, Section, closing
from tests.accounts.conftest import NAMES, Three, variable
from tests.reports import drifts, runs
from tests.reports.samples import REDACTOR


@pytest.fixture
def ended(three: Three) -> Three:
    """After an apply in every format in which one account was refused, and one had two groups."""
    three.want("field-ops", "=cmd", "name: second\nsubject: '=1+1'\n")
    reports = [f"--report={name}=out/{name}" for name in TABLE["apply"]]
    (three.path / "out").mkdir()
    github = {"GITHUB_OUTPUT": str(three.path / "output"), "GITHUB_STEP_SUMMARY": str(three.path / "summary")}
    done = three.run(
        "apply", "--yes", "--format", "github", *reports, **github, **{variable("support", "TOKEN"): "wrong"}
    )
    assert done.code == 4, done.err
    (three.path / "out/stdout").write_text(done.out)
    return three


def heads(text: str, begin: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(begin)]


def test_documents_of_an_apply(ended: Three) -> None:
    """One test, because one run says it all."""

    def read(name: str) -> str:
        return (ended.path / "out" / name).read_text()

    rows = list(csv.reader(io.StringIO(read("csv").removeprefix("\ufeff"))))
    assert rows[0][:3] == ["account", "group", "action"]
    assert [row[0] for row in rows[1:]] == ["sales", "field-ops", "field-ops"]
    assert "'=1+1" in [cell for row in rows for cell in row]  # still no formula

    assert json.loads(read("gitlab")) == {"create": 3, "update": 0, "delete": 0}

    dotenv = dict(line.split("=", 1) for line in read("dotenv").splitlines())
    assert (dotenv["RECONCILER_RESULT_EXITCODE"], dotenv["RECONCILER_RESULT_DONE"]) == ("4", "3")
    assert dotenv["RECONCILER_RESULT_COMPLETE"] == "false"  # one account was not read

    suites = ElementTree.fromstring(read("junit"))
    assert [suite.get("name") for suite in suites] == [f"reconciler apply {name}" for name in NAMES]
    assert {name: suites.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "4", "failures": "0", "errors": "1"
    }  # fmt: skip

    families = {family.name: family for family in text_string_to_metric_families(read("prometheus"))}
    ran = families["reconciler_last_run_timestamp_seconds"].samples
    assert [sample.labels for sample in ran] == [{"account": name} for name in NAMES]
    good = families["reconciler_last_success_timestamp_seconds"].samples
    assert [sample.labels["account"] for sample in good] == ["sales", "field-ops"]
    groups = families["reconciler_groups"].samples
    done = {each.labels["account"]: each.value for each in groups if each.labels["status"] == "done"}
    assert done == {"sales": 1, "field-ops": 2}

    markdown = read("markdown")
    assert checked(markdown, "it")
    assert kind_of(markdown) == "apply"
    assert markdown.count("<!-- reconciler") == 1
    verdict = "## Apply of 3 accounts: support 4 (credentials refused or missing); ok: sales, `field-ops`."
    assert markdown.splitlines()[1] == verdict
    assert heads(markdown, "# ") == [f"# `{name}`" for name in NAMES]

    text = read("text")
    assert heads(text, "==") == [f"== {name} ==" for name in NAMES]
    assert text.splitlines()[-1] == closing(
        [Section("sales", 0), Section("support", 4), Section("field-ops", 0)]
    )

    assert {each["name"] for each in json.loads(read("json"))["accounts"]} == set(NAMES)

    pages = sorted(path.name for path in (ended.path / "out").iterdir() if path.name.startswith("html"))
    assert pages == ["html-field-ops", "html-sales", "html-support"]
    assert all(page.removeprefix("html-") in read(page) for page in pages)

    log = read("stdout")
    assert heads(log, "Account ") == [f"Account {name}" for name in NAMES]
    assert "::error title=reconciler apply support::" in log
    assert "::notice title=reconciler apply field-ops::" in log
    outputs = (ended.path / "output").read_text()
    assert outputs.count("exitcode=") == 1
    assert "exitcode=4\n" in outputs
    assert "sales/team" in outputs
    assert "field-ops/second" in outputs
    summary = (ended.path / "summary").read_text()
    assert heads(summary, "# ") == [f"# `{name}`" for name in NAMES]
    for path in (ended.path / "out").iterdir():
        if path.name not in ("stdout", "prometheus"):
            assert path.stat().st_mode & 0o777 == 0o600, path.name


def test_metrics_of_accounts_that_were_not_looked_at_stay(three: Three) -> None:
    assert three.apply("--report", "prometheus=m.prom").code == 0
    first = (three.path / "m.prom").read_text()
    three.want("support", "night", "subject: Night\n")
    assert three.plan("--target", "night", "--report", "prometheus=m.prom").code == 0
    second = (three.path / "m.prom").read_text()
    success = "reconciler_last_success_timestamp_seconds"

    def samples(text: str) -> dict[str, str]:
        found = (line.split(" ") for line in text.splitlines() if line.startswith(success))
        return {name.split('"')[1]: value for name, value in found}

    assert samples(second).keys() == samples(first).keys() == set(NAMES)
    assert {name for name in NAMES if samples(first)[name] != samples(second)[name]} == {"support"}
    counted = [line for line in second.splitlines() if line.startswith("reconciler_api_requests_total")]
    assert len(counted) == 3
    list(text_string_to_metric_families(second))
    three.want("support", "night", "subject: ''\n")
    assert three.plan("--report", "prometheus=m.prom").code == 1
    assert samples((three.path / "m.prom").read_text()) == samples(second)


def raising(error: BaseException) -> Callable[[], int]:
    def body() -> int:
        raise error

    return body


ENDS: dict[Exit, Callable[[], int]] = {
    Exit.OK: lambda: 0,
    Exit.CHANGES: lambda: 2,
    Exit.PARTIAL: lambda: 3,
    Exit.CREDENTIALS: raising(CredentialsError("refused")),
    Exit.LOCKED: raising(LockedError("locked")),
    Exit.ERROR: raising(ReconcilerError("unreadable")),
    Exit.OBJECTION: raising(ObjectionError("objected")),
    Exit.USAGE: raising(UsageError("no state")),
    Exit.INTERRUPTED: raising(Interrupted("stopped")),
    Exit.BUG: raising(ZeroDivisionError()),
}
ORDER = (70, 130, 64, 4, 5, 1, 6, 3, 2, 0)


def end(ends: Sequence[Callable[[], int]], capsys: pytest.CaptureFixture[str]) -> int:
    bodies = iter(ends)
    runs = _Runs(Common(quiet=True, format="json"), Collected(), lambda _: next(bodies)())
    for index in range(len(ends)):
        runs.run(Common(only=Account(f"a{index}")), stop=False)
    try:
        return runs.end("plan")
    except UsageError as error:
        return error.exit_code
    finally:
        capsys.readouterr()


def test_codes_are_combined_by_the_order_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(ORDER) == set(Exit) == ENDS.keys()
    for codes in product(Exit, repeat=2):
        begun = codes[:1] if codes[0] in (Exit.INTERRUPTED, Exit.BUG) else codes  # the others are not begun
        expected = next(code for code in ORDER if code in begun or (code == 130 and len(begun) < 2))
        assert end([ENDS[code] for code in codes], capsys) == expected, codes
    assert end([raising(click.Abort()), ENDS[Exit.OK]], capsys) == 130
    assert end([raising(KeyboardInterrupt()), ENDS[Exit.OK]], capsys) == 130


def test_one_usage_error_of_all_is_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    runs = _Runs(Common(), Collected(), lambda _: raising(UsageError("no such format"))())
    for name in NAMES:
        runs.run(Common(only=Account(name)), stop=False)
    with pytest.raises(UsageError, match="no such format"):
        runs.end("plan")
    assert capsys.readouterr() == ("", "")


def test_a_report_that_cannot_be_written_does_not_hide_the_others(three: Three, tmp_path: Path) -> None:
    done = three.plan("--report", "json=/dev/full", "--report", "text=report.txt")
    assert done.code == 1
    assert "/dev/full cannot be written" in done.err
    assert "3 accounts" in (three.path / "report.txt").read_text()
    assert done.json["exit_code"] == 0  # what the accounts ended with


def test_what_counts_more_is_told_first() -> None:
    ended = [Section(f"a{code}", code) for code in (0, 3, 1, 4, 130, 2, 0)]
    assert [word.split()[0] for word in closing(ended).removeprefix("7 accounts: ").split("; ")] == [
        "a130", "a4", "a1", "a3", "a2", "ok:",
    ]  # fmt: skip


def sections(*found: Drift) -> list[Section]:
    """A drift an account, `a0`, `a1` …"""
    return [runs.section(drift.told(each, REDACTOR), account=f"a{index}") for index, each in enumerate(found)]


def drifts_of(count: int) -> Drift:
    """A drift of so many groups, each in another way."""
    groups = (
        drifts.group(f"g{n}", "drifted", drifts.subject("edited_outside", f"A{n}", f"A{n}", "x" * 90))
        for n in range(count)
    )
    return Drift(groups=tuple(groups))


@pytest.mark.parametrize(("accounts", "groups"), [(3, 2), (3, 150), (200, 1), (200, 10)])
def test_markdown_of_many_accounts_fits_into_a_comment(accounts: int, groups: int) -> None:
    text = markdown.render(sections(*[drifts_of(groups)] * accounts), PLAIN)
    assert len(checked(text, "it")) <= BUDGET
    facts = json.loads(text.partition("\n")[0].removeprefix("<!-- reconciler ").removesuffix(" -->"))
    assert facts["truncated"] is (accounts * groups > 10)
    assert all(f"# `a{index}`" in text for index in range(accounts))
    assert text.count("```diff") == text.count("\n```\n")


def test_values_are_added_up() -> None:
    both = sections(drifts.EVERYTHING, drifts.IN_SYNC)
    merged = values.of_sections(both)
    assert (merged["drifted"], merged["in_sync"], merged["complete"]) == ("3", "false", "false")
    assert merged["exitcode"] == "1"
    assert values.names(both).splitlines()[:2] == ["a0/suporte-campinas", "a0/cliente-delta"]
    ended = [*sections(drifts.IN_SYNC), Section("b", 4)]
    assert values.of_sections(ended)["exitcode"] == "4"
    assert values.of_sections(ended)["in_sync"] == "false"


def test_a_digest_is_one_account_s() -> None:
    plans = [runs.section(runs.FULL["plan"], account=name) for name in ("a", "b")]
    merged = values.of_sections(plans)
    assert merged["changes"] == str(2 * int(values.of_sections(plans[:1])["changes"]))
    assert "digest" not in merged


def test_an_account_that_was_not_begun_is_an_error_everywhere() -> None:
    """There is no report of it, and nothing is green."""
    why = Problem("interrupted", "not begun: a stop was asked for")
    given = [*sections(drifts.IN_SYNC), Section("b", 130, problem=why)]
    shown = {
        name: runs.draw(name, given) for name in ("text", "markdown", "github", "json", "junit", "dotenv")
    }
    for name in ("text", "github", "json", "junit"):
        assert why.message in shown[name]
    root = ElementTree.fromstring(shown["junit"])
    assert root.get("errors") == "1"
    assert [case.get("name") for case in root.iter("testcase") if case.find("error") is not None] == ["run"]
    assert "130 (interrupted)" in shown["markdown"]
    assert json.loads(shown["json"])["exit_code"] == 130
    found = dict(line.split("=") for line in shown["dotenv"].splitlines())
    assert found["RECONCILER_RESULT_EXITCODE"] == "130"
    assert found["RECONCILER_RESULT_COMPLETE"] == found["RECONCILER_RESULT_IN_SYNC"] == "false"


@pytest.mark.parametrize(
    ("found", "quiet"),
    [
        ((drifts.IN_SYNC, drifts.PENDING), True),
        ((drifts.IN_SYNC, drifts.EVERYTHING), False),
        ((drifts.IN_SYNC, None), False),
    ],
)
def test_an_issue_has_nothing_to_tell_when_no_account_has(
    found: tuple[Drift | None, ...], quiet: bool
) -> None:
    given = [*sections(*(each for each in found if each)), *(Section("b", 1) for each in found if not each)]
    assert (facts_of(markdown.render(given, PLAIN)) or {}).get("quiet") is quiet


def test_a_comment_about_one_account_is_its_own(three: Three) -> None:
    """A pipeline that plans each account in a job of its own posts a comment for each."""
    kinds = set()
    for name in ("sales", "support"):
        assert three.plan("--account", name, "--report", "markdown=plan.md").code == 0
        text = (three.path / "plan.md").read_text()
        kinds.add(kind_of(text))
        assert text.splitlines()[1].startswith(f"## Plan (`{name}`): ")
    assert kinds == {"plan sales", "plan support"}


def refused(three: Three) -> None:
    three.environment[variable("support", "TOKEN")] = "wrong"


def unreadable(three: Three) -> None:
    three.apis["support"].add_faults("GET /groups status=400")


def locked_out(three: Three) -> None:
    del three.environment[variable("support", "USERNAME")]


def mistaken(three: Three) -> None:
    """Of one account; a mistake in the files ends all of them."""
    three.want("sales", "team", "subject: ''\n")


@pytest.mark.parametrize("befalls", [refused, unreadable, locked_out, mistaken])
def test_a_sheet_of_links_does_not_outlive_the_run_that_was_to_renew_it(
    three: Three, befalls: Callable[[Three], None]
) -> None:
    for name in NAMES:
        three.want(name, "team", f"subject: Team {name}\nmembers: [dora]\n")
    assert three.apply().code == 0
    reports = ("--report", "html=sheet.html", "--report", "markdown=list.md")
    assert three.run("invites", *reports).code == 0
    sheets = {name: three.path / f"sheet-{name}.html" for name in NAMES}
    before = {name: sheet.read_text() for name, sheet in sheets.items()}
    assert all("https://chat.whatsapp.com/" in text for text in before.values())
    befalls(three)
    done = three.run("invites", *reports)
    assert done.code in (1, 4)
    failed = NAMES if befalls is mistaken else ("support",)
    for name, sheet in sheets.items():
        text = sheet.read_text()
        assert ("https://chat.whatsapp.com/" in text) is (name not in failed)
        assert ("There are no invitations here" in text) is (name in failed)
        assert sheet.stat().st_mode & 0o077 == 0
    assert (three.path / "list.md").read_text().count("https://chat.whatsapp.com/") == 3 - len(failed)


def test_an_account_that_was_not_begun_has_no_sheet_of_an_earlier_run(three: Three) -> None:
    three.want("sales", "team", "subject: Team sales\nmembers: [dora]\n")
    three.want("field-ops", "team", "subject: Team field-ops\nmembers: [dora]\n")
    assert three.apply().code == 0
    assert three.run("invites", "--report", "html=sheet.html").code == 0
    three.apis["sales"].clear_calls()
    three.apis["sales"].add_faults("GET /groups delay=2")
    process = three.start("invites", "--report", "html=sheet.html")
    three.apis["sales"].wait_for_call("GET", "/groups", timeout=60, pending=True)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert "not begun: a stop was asked for" in (three.path / "sheet-field-ops.html").read_text()
    assert "https://" not in (three.path / "sheet-field-ops.html").read_text()
