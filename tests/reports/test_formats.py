"""The table of formats: what it promises without importing a renderer, and what the renderers are."""

from __future__ import annotations

import inspect
import os
import stat
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.app import program
from reconciler.cli.clock import SystemClock
from reconciler.cli.common import Common
from reconciler.cli.files import write_private
from reconciler.cli.formats import FORMATS, TABLE, load, named, serving
from reconciler.cli.outputs import Outputs
from reconciler.errors import ReconcilerError, UsageError

VERBS = ("validate", "plan", "apply", "drift")


def test_every_function_of_the_table_is_there_and_has_one_signature() -> None:
    for verb, table in TABLE.items():
        for name in table:
            assert name in FORMATS
            assert len(inspect.signature(load(verb, name)).parameters) == 2


def test_a_format_that_makes_no_sense_names_those_that_do() -> None:
    for verb in VERBS:
        for name, row in FORMATS.items():
            if name in TABLE[verb]:
                assert named(name, verb) is row  # type: ignore[arg-type]
                continue
            with pytest.raises(UsageError) as refused:
                named(name, verb)  # type: ignore[arg-type]
            assert name in refused.value.message
            assert all(other in refused.value.hint for other in serving(verb))
        with pytest.raises(UsageError) as unknown:
            named("nonsense", verb)  # type: ignore[arg-type]
        assert unknown.value.hint == f"formats: {', '.join(serving(verb))}"


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_the_formats_of_its_verb(verb: str) -> None:
    shown = CliRunner().invoke(program, [verb, "--help"]).output
    listed = shown.partition("\nFormats:\n")[2]
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "] == [
        *serving(verb)
    ]


def test_a_report_is_replaced_whole(tmp_path: Path) -> None:
    """Whoever reads at any moment sees the old text or the new one."""
    path = tmp_path / "report.txt"
    texts = {f"{letter * 200_000}\n" for letter in "ab"}
    write_private(str(path), "a" * 200_000)
    path.chmod(0o666)
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(40):
        write_private(str(path), "b" * 200_000)
        write_private(str(path), "a" * 200_000)
    done.set()
    reader.join()
    assert seen <= texts
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["report.txt"]


def test_a_pipe_is_written_by_its_descriptor() -> None:
    """`--report json=/dev/stdout | jq`, and `>(…)` of a shell: what it leads to has no name to be opened."""
    ours, theirs = os.pipe()
    write_private(f"/dev/fd/{theirs}", "x")
    os.close(theirs)
    with open(ours, "rb") as end:
        assert end.read() == b"x\n"


def test_a_device_is_written_and_stays_one(tmp_path: Path) -> None:
    write_private("/dev/null", "x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(ReconcilerError, match="cannot be written: No such file"):
        write_private(str(tmp_path / "no/such/folder"), "x")
    with pytest.raises(ReconcilerError, match="cannot be written: Is a directory"):
        write_private(str(tmp_path), "x")


def test_facts_of_a_run_that_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a/b")
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    run = Outputs(Common(format="html"), "validate", SystemClock()).run(
        ReconcilerError.exit_code, complete=True
    )
    assert (run.folder, run.commit, run.exit_code, run.api, run.account) == ("a/b/", "c0ffee", 1, "", "")
    assert run.started.tzinfo is not None
    assert 0 <= run.duration < 60
    monkeypatch.chdir(tmp_path)
    assert Outputs(Common(), "plan", SystemClock()).run(ReconcilerError.exit_code, complete=True).folder == ""


def test_the_page_on_formats_has_every_format_and_every_verb() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/formats.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| `") and line.count("|") == 7
    ]
    documented = {
        row[0].strip("`"): tuple(verb for verb, cell in zip(VERBS, row[1:5], strict=True) if cell != "–")
        for row in rows
        if len(row[5]) > 0
    }
    assert {name: verbs for name, verbs in documented.items() if name in FORMATS} == {
        name: tuple(verb for verb in VERBS if name in TABLE[verb]) for name in FORMATS
    }
