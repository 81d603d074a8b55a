"""The exit code is the same in every format; and what a run tells beside its output.

Run in this process, as nothing here is about starting one: a world of its own for every outcome.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.app import run
from reconciler.cli.collected import write_summary
from reconciler.cli.formats import serving
from tests.faults.support import configure, world
from tests.faults.test_exit_codes import blocked, failing, objected, refused, rename, unreadable
from tests.reports import media
from tests.support import ANA, Repo, Result

Build = Callable[[Repo], object]


class Here:
    """Runs the command in this process, in a repository."""

    def __init__(self, repo: Repo, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.repo = repo
        self._capsys = capsys
        patch.chdir(repo.path)
        for name in [name for name in os.environ if name.startswith(("RECONCILER_", "GITHUB_", "CI_"))]:
            patch.delenv(name)
        for name, value in repo.environment.items():
            patch.setenv(name, value)

    def run(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        code = run(arguments)
        out, err = self._capsys.readouterr()
        return Result(code, out, err)


def nothing(repo: Repo) -> None:
    (group,) = repo.api.seed("Nova")
    repo.group("g1", f"id: {group['id']}\nsubject: Nova\n")


def missing(repo: Repo) -> None:
    repo.group("g1", "id: 5519911112222-1\nsubject: Nova\n")


def mistake(repo: Repo) -> None:
    repo.group("g1", "subject: Nova\nadmin: [ana]\n")


def no_answer(repo: Repo) -> None:
    configure(repo, retries=0)
    repo.group("g1", "subject: Nova\n")
    repo.api.add_faults("GET /groups status=500")


def no_credentials(repo: Repo) -> None:
    repo.group("g1", "subject: Nova\n")
    repo.environment["RECONCILER_TOKEN"] = ""


MATRIX: dict[str, tuple[Build, dict[str, int]]] = {
    # what is so: exit of validate, plan, plan --detailed-exitcode, apply --yes, drift
    "nothing": (nothing, {"validate": 0, "plan": 0, "detailed": 0, "apply": 0, "drift": 0}),
    "missing": (missing, {"plan": 0, "detailed": 2, "apply": 3, "drift": 2}),
    "blocked": (blocked, {"plan": 0, "detailed": 2, "apply": 3, "drift": 2}),
    "unreadable": (unreadable, {"plan": 1, "detailed": 1, "apply": 1, "drift": 1}),
    "failing": (failing, {"detailed": 2, "apply": 3}),
    "refused": (refused, {"apply": 4}),
    "objected": (objected, {"plan": 6, "detailed": 6, "apply": 6, "drift": 2}),
    "mistake": (mistake, {"validate": 1, "plan": 1, "apply": 1, "drift": 1}),
    "no answer": (no_answer, {"plan": 1, "apply": 1, "drift": 1}),
    "no credentials": (no_credentials, {"validate": 0, "plan": 4, "apply": 4, "drift": 4}),
    "changes": (rename, {"plan": 0, "detailed": 2}),
}
VERBS = {"detailed": ("plan", "--detailed-exitcode"), "apply": ("apply", "--yes")}


@pytest.mark.parametrize("outcome", MATRIX)
def test_every_format_of_every_verb_ends_alike(
    outcome: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build, codes = MATRIX[outcome]
    with world(tmp_path / "world") as repo:
        build(repo)
        here = Here(repo, capsys, monkeypatch)
        for case, expected in codes.items():
            verb, *options = VERBS.get(case, (case,))
            for name in serving(verb):
                ended = here.run(verb, *options, "--format", name, "--report", f"{name}=report")
                assert ended.code == expected, (case, name, ended.err)
                assert "Traceback" not in ended.err


@pytest.fixture
def here(repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Here:
    return Here(repo, capsys, monkeypatch)


def test_files_hold_what_stdout_shows_and_are_their_owner_s(here: Here) -> None:
    rename(here.repo)
    for verb in ("validate", "plan", "drift"):
        for name in set(serving(verb)) - {"text"}:
            file = here.repo.path / "report"
            shown = here.run(verb, "--format", name, "--report", f"{name}=report")
            written = file.read_text()
            if name == "prometheus":  # which goes on counting
                assert stat.S_IMODE(file.stat().st_mode) == 0o644
                assert media.metrics(written).keys() == media.metrics(shown.out).keys()
            else:
                assert stat.S_IMODE(file.stat().st_mode) == 0o600
                mark = "\ufeff" if name == "csv" else ""  # for spreadsheets, which open files
                assert written == mark + shown.out
            file.unlink()


def test_a_format_that_makes_no_sense_ends_64_before_anything_is_asked(here: Here) -> None:
    rename(here.repo)
    for verb, name in (
        ("plan", "sarif"),
        ("drift", "codequality"),
        ("validate", "gitlab"),
        ("apply", "sarif"),
    ):
        for arguments in (("--format", name), ("--report", f"{name}=x")):
            wrong = here.run(verb, *arguments)
            assert wrong.code == 64
            assert f"formats of {verb}: text, json" in wrong.err
    assert here.repo.api.calls() == []


# --- GitHub -----------------------------------------------------------------------------------------------


def step(here: Here, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Make it a step of GitHub Actions: the files of outputs and of the summary."""
    output, summary = here.repo.path.parent / "output", here.repo.path.parent / "summary"
    for name, path in (("GITHUB_OUTPUT", output), ("GITHUB_STEP_SUMMARY", summary)):
        path.write_text("")
        monkeypatch.setenv(name, str(path))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    return output, summary


def test_a_step_gets_outputs_for_the_next_one(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    output, _ = step(here, monkeypatch)
    output.write_text("mine=1\n")
    rename(here.repo)
    rename(here.repo, "g2")
    assert here.run("plan", "--format", "github", "--detailed-exitcode").code == 2
    found = media.github_file(output.read_text())
    assert found["mine"] == "1", "appended"
    assert (found["changes"], found["update"], found["exitcode"], found["complete"]) == (
        "2",
        "2",
        "2",
        "true",
    )
    assert found["groups"] == "g1\ng2"
    assert len(found["digest"]) == 64
    before = output.read_text()
    assert here.run("plan").code == 0
    assert output.read_text() == before, "only with --format github"


def test_a_run_that_fails_says_so_in_annotations_and_outputs(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, _ = step(here, monkeypatch)
    mistake(here.repo)
    for verb in (("validate",), ("plan",), ("apply", "--yes"), ("drift",)):
        output.write_text("")
        ended = here.run(*verb, "--format", "github")
        assert ended.code == 1
        commands = [media.github_command(line) for line in ended.out.splitlines()]
        places = [(each.properties.get("file"), each.properties.get("line")) for each in commands if each]
        assert ("groups/g1.yaml", "2") in places
        assert media.github_file(output.read_text())["exitcode"] == "1"
    no_answer(here.repo)
    failed = here.run("drift", "--format", "github")
    (error,) = [media.github_command(line) for line in failed.out.splitlines()]
    assert error is not None
    assert (error.name, error.properties) == ("error", {"title": "reconciler drift"})
    assert media.github_file(output.read_text())["complete"] == "false"


def test_annotations_are_at_the_file_from_the_top_of_the_repository(here: Here) -> None:
    mistake(here.repo)
    (here.repo.path / "sub").mkdir()
    here.repo.write("sub/chat/groups/g2.yaml", "subject: []\n")
    found = here.run("validate", "-C", "sub/chat", "--format", "github").out
    assert "::error file=sub/chat/groups/g2.yaml,line=1,endLine=1,col=10,endColumn=10," in found


def test_outputs_that_cannot_be_written_end_1(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing(here.repo)
    monkeypatch.setenv("GITHUB_OUTPUT", str(here.repo.path / "no/such/output"))
    wrong = here.run("plan", "--format", "github")
    assert wrong.code == 1
    assert "output cannot be written" in wrong.err


def test_a_step_gets_the_report_as_its_summary(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    _, summary = step(here, monkeypatch)
    rename(here.repo)
    for verb in ("validate", "plan", "drift"):
        summary.write_text("")
        here.run(verb, "--format", "github", "--report", "markdown=report.md")
        assert summary.read_text() == (here.repo.path / "report.md").read_text()
    summary.write_text("# Mine\n")
    here.run("apply", "--yes", "--format", "github", "--report", "markdown=report.md")
    assert summary.read_text() == f"# Mine\n\n{(here.repo.path / 'report.md').read_text()}"
    no_answer(here.repo)
    summary.write_text("")
    assert here.run("plan", "--format", "github").code == 1
    assert "## Plan: failed" in summary.read_text(), "a run without a result says so there, too"


@pytest.mark.parametrize(
    ("used", "length", "kept"),
    [
        (0, 100, True),
        (0, (1 << 20) - 1, True),
        (0, 1 << 20, False),
        (1 << 19, 1 << 19, False),
        (1 << 20, 1, False),
    ],
)
def test_the_summary_keeps_to_its_limit(
    here: Here, monkeypatch: pytest.MonkeyPatch, used: int, length: int, kept: bool
) -> None:
    """With what is in it already: more than 1 MiB, and GitHub shows nothing of the step."""
    _, summary = step(here, monkeypatch)
    summary.write_bytes(b"x" * used)
    write_summary("é" * (length // 2) + "y" * (length % 2))
    written = summary.read_bytes()
    assert len(written) <= 1 << 20
    assert written.startswith(b"x" * used)
    assert (b"\xc3\xa9" in written or b"y\n" in written) is kept
    assert (b"no room for more" in written) is (not kept and used < (1 << 20) - 200)


# --- Prometheus -------------------------------------------------------------------------------------------


def test_metrics_of_a_nightly_drift(here: Here) -> None:
    """A good night, a night without an answer, and a good one again."""
    group_id = rename(here.repo)
    path = here.repo.path / "reconciler.prom"
    arguments = ("drift", "--report", "prometheus=reconciler.prom", "--report", "json=drift.json")
    success = ("reconciler_last_success_timestamp_seconds", "")
    last = ("reconciler_last_run_timestamp_seconds", "")

    def night() -> dict[tuple[str, str], float]:
        here.run(*arguments)
        return media.metrics(path.read_text())

    first = night()
    counts = json.loads((here.repo.path / "drift.json").read_text())["summary"]
    assert {label: value for (name, label), value in first.items() if name == "reconciler_groups"} == counts
    sent = len(here.repo.api.calls())
    assert first["reconciler_api_requests_total", "200"] == sent
    assert first[success] == first[last]
    here.repo.api.add_faults("GET /groups status=401")
    bad = night()
    assert bad[success] == first[success]
    assert bad[last] > first[last]
    assert bad["reconciler_api_requests_total", "401"] == 1
    here.repo.api.clear_faults()
    again = night()
    assert again[success] == again[last] > bad[last]
    assert again["reconciler_api_requests_total", "200"] == 2 * sent
    assert ANA not in path.read_text()
    assert group_id not in path.read_text()
    assert [file.name for file in here.repo.path.glob("*.prom*")] == ["reconciler.prom"]


def test_a_report_that_cannot_be_written_is_no_success(here: Here) -> None:
    """The metrics were written already when another report failed: they are written again."""
    nothing(here.repo)
    ended = here.run("plan", "--report", "prometheus=a.prom", "--report", "json=/dev/full")
    assert ended.code == 1
    found = media.metrics((here.repo.path / "a.prom").read_text())
    assert ("reconciler_last_success_timestamp_seconds", "") not in found
