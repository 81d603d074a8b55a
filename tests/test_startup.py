"""What starting up pays for: libraries are imported by whoever needs them. Held by names of modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import reconciler

PACKAGE = Path(reconciler.__file__).parent
HEAVY = ("requests", "urllib3", "deepdiff", "PIL", "rich", "jinja2", "jsonschema", "phonenumbers")
# The lines that were written, then the exit code and the modules at the end.
_RUN = """
import sys
from reconciler.cli import main
code = main(sys.argv[1:])
print(code, *sys.modules, file=sys.stderr)
"""

# What a plan needs of those packages whose modules are about one verb or format each.
OF_A_PLAN = {
    "reports": {
        "change_view", "escape", "layout", "phrases", "plan_layout", "plan_shapes", "plan_view", "run",
        "shapes", "view",
    },
    "model": {
        "change", "desired", "group", "link", "live", "number", "plan", "record", "settings",
    },
}  # fmt: skip
WRITTEN_WITH = {"text": {"text", "plan_text"}, "json": {"json", "plan_json"}}


def loaded(folder: Path, *arguments: str, code: int = 0) -> set[str]:
    """The modules that a run has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    ended, *modules = done.stderr.splitlines()[-1].split()
    assert ended == str(code), done.stdout
    return set(modules)


def imported(folder: Path, *arguments: str, code: int = 0) -> set[str]:
    """The packages that a run has imported when it ends."""
    return {name.partition(".")[0] for name in loaded(folder, *arguments, code=code)}


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
    assert not imported(folder, *arguments) & {*HEAVY, "yaml"}


@pytest.mark.parametrize("format", ["text", "json"])
def test_validate_pays_for_yaml_alone(format: str, folder: Path) -> None:
    modules = imported(folder, "validate", "--format", format)
    assert "yaml" in modules
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


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_plan_pays_for_no_other_verb_and_format(format: str, folder: Path) -> None:
    modules = loaded(folder, "plan", "--sandbox", "--quiet", "--format", format)
    for package, needed in OF_A_PLAN.items():
        there = {path.stem for path in (PACKAGE / package).glob("*.py")}
        others = there - needed - {"__init__"} - (WRITTEN_WITH[format] if package == "reports" else set())
        assert len(others) >= 10  # a list that names all there is would hold nothing
        assert not {f"reconciler.{package}.{name}" for name in others} & modules
    assert f"reconciler.reports.plan_{format}" in modules
    tables = {name for name in modules if name.startswith("reconciler.cli.") and name.endswith("formats")}
    assert tables == {"reconciler.cli.formats", "reconciler.cli.plan_formats"}
