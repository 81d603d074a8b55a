"""What starting pays for: libraries that are loaded, and the time it takes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("requests", "urllib3", "deepdiff", "PIL", "rich", "jinja2", "jsonschema", "phonenumbers")
OF_FILES = {"yaml", "fastjsonschema"}
# The lines that were written, then the exit code and the modules at the end.
_RUN = """
import sys
from reconciler.cli import main
code = main(sys.argv[1:])
print(code, *sys.modules, file=sys.stderr)
"""


def imported(folder: Path, *arguments: str, code: int = 0) -> set[str]:
    """The packages that a run has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    ended, *modules = done.stderr.splitlines()[-1].split()
    assert ended == str(code), done.stdout
    return {name.partition(".")[0] for name in modules}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository as it may be: contacts, settings, an icon that is not to be there."""
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "a.yaml").write_text(
        "subject: Café ☕\nicon: null\nadmins: [ana]\nlink_version: 1\n"
    )
    (tmp_path / "contacts.yaml").write_text('people: {ana: {numbers: ["+55 19 90000-0001"]}}\n')
    (tmp_path / "reconciler.yaml").write_text(
        "api: {concurrency: 16, rate: 2.5}\ndefaults: {members: [ana]}\n"
        "allow: [{code: demote-many, max: 41, until: 2026-11-28, reason: new team}]\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("plan", "--help"), ("--version",), ("schema", "group")],
    ids=" ".join,
)
def test_nothing_heavy_and_no_yaml(arguments: tuple[str, ...], folder: Path) -> None:
    assert not imported(folder, *arguments) & {*HEAVY, *OF_FILES}


@pytest.mark.parametrize("format", ["text", "json"])
def test_validate_pays_for_yaml_and_a_fast_validator_alone(format: str, folder: Path) -> None:
    modules = imported(folder, "validate", "--format", format)
    assert modules >= OF_FILES
    assert not modules & set(HEAVY)


def test_numbers_that_our_table_does_not_know_pay_for_their_library(folder: Path) -> None:
    (folder / "groups" / "b.yaml").write_text(
        "subject: B\nadmins: ['+55 19 90000-0002', '+1 415 555 0100']\n"
    )
    assert "phonenumbers" not in imported(folder, "validate")
    (folder / "groups" / "c.yaml").write_text("subject: C\nadmins: ['+49 170 1234567']\n")
    assert imported(folder, "validate") & set(HEAVY) == {"phonenumbers"}


def test_a_mistake_pays_for_jsonschema_which_says_what_it_is(folder: Path) -> None:
    (folder / "groups" / "b.yaml").write_text("subject: B\nadmins: ana\n")
    modules = imported(folder, "validate", code=1)
    assert "jsonschema" in modules
    assert not modules & set(HEAVY) - {"jsonschema"}


@pytest.mark.parametrize("verb", ["plan", "apply", "drift"])
def test_a_report_pays_for_no_library_that_only_others_need(verb: str, folder: Path) -> None:
    """The sandbox, which serves here, has its own."""
    sure = ("--yes",) if verb == "apply" else ()
    reports = [f"--report={name}={name}.out" for name in ("text", "markdown", "github", "junit", "csv")]
    (folder / "groups" / "a.yaml").write_text("subject: A\n")  # rich knows how wide other letters are
    modules = imported(folder, verb, "--sandbox", "--quiet", *sure, "--format=json", *reports)
    assert not modules & {"jsonschema", "deepdiff", "rich", "phonenumbers"}


def seconds(*arguments: str) -> float:
    """Processor time of a Python process, in seconds: the least of several, as others share the machine."""
    found = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def test_help_comes_at_once() -> None:
    """The budget is 120 ms over bare Python; twice that here, where machines differ."""
    assert seconds("-m", "reconciler", "--help") - seconds("-c", "pass") < 0.24
