"""An output is never a file that is read: refused before the first call, and nothing is written over. Nor is
the output of an earlier run, by half of another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ANA, CONTACTS, Repo, picture

ROOT = Path(__file__).parents[2]


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_refused(repo: Repo, *arguments: str, what: str, **environment: str) -> None:
    repo.api.clear_calls()
    before = everything(repo.path)
    done = repo.run(*arguments, **environment)
    assert done.code == 64, done.out + done.err
    assert f"would write over {what}" in done.err
    assert repo.api.calls() == []
    assert everything(repo.path) == before


@pytest.fixture
def applied(repo: Repo) -> Repo:
    repo.group("a", "subject: A\nadmins: [ana]\n")
    assert repo.apply().code == 0
    return repo


COMMANDS = {
    "validate": ["validate"],
    "plan": ["plan"],
    "apply": ["apply", "--yes"],
    "drift": ["drift"],
    "list": ["list"],
    "invites": ["invites"],
    "invites --send": ["invites", "--send", "--yes"],
    "import": ["import", "--all"],
    "accept": ["accept", "a", "--yes"],
    "state list": ["state", "list"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_report_is_the_state(applied: Repo, command: str) -> None:
    report = "json=.reconciler/state.json"
    assert_refused(applied, *COMMANDS[command], "--report", report, what="the state")


READ = {
    ".reconciler/state.json": "the state",
    ".reconciler/state.json.lock": "the lock of the state",
    "./x/../.reconciler/../.reconciler/state.json": "the state",
    "groups/a.yaml": "a manifest",
    "groups/new.yaml": "a manifest",
    "groups/deep/er/new.YML": "a manifest",
    "shared/s.yaml": "a manifest",
    "elsewhere/e.yaml": "a manifest",
    "contacts.yaml": "the contacts",
    "contacts.yml": "the contacts",
    "reconciler.yaml": "the configuration",
    "reconciler.yml": "the configuration",
    "link.json": "the contacts",
}


@pytest.mark.parametrize("option", ["plan --out=", "drift --record=", "apply --yes --report=json="])
def test_no_output_is_what_is_read(applied: Repo, option: str) -> None:
    applied.write("shared/s.yaml", "subject: S\n")
    applied.write("elsewhere/e.yaml", "subject: E\n")
    (applied.path / "groups/linked").symlink_to("../shared")
    (applied.path / "groups/e.yaml").symlink_to("../elsewhere/e.yaml")
    (applied.path / "link.json").symlink_to("contacts.yaml")
    for path, what in READ.items():
        assert_refused(applied, *f"{option}{path}".split(), what=what)


def test_elsewhere_by_configuration_and_environment(applied: Repo) -> None:
    applied.write("conf/r.yml", "manifests: m\ncontacts: c.yaml\nstate: file:s.json\n")
    applied.write("conf/c.yaml", CONTACTS)
    applied.write("conf/m/b.yaml", "subject: B\n")
    for path, what in (
        ("conf/r.yml", "the configuration"),
        ("conf/r.yaml", "the configuration"),
        ("conf/c.yml", "the contacts"),
        ("conf/m/x.yaml", "a manifest"),
        ("conf/s.json", "the state"),
    ):
        assert_refused(applied, "plan", "--config", "conf/r.yml", "--report", f"json={path}", what=what)
    own = {"RECONCILER_STATE": "file:my/own.json"}
    assert_refused(applied, "plan", "--report", "json=my/own.json", what="the state", **own)
    sandbox = ".reconciler/sandbox-state.json"
    assert_refused(applied, "plan", "--sandbox", "--report", f"json={sandbox}", what="the state")


def test_files_with_mistakes_are_not_written_over_either(applied: Repo) -> None:
    """The mistakes are told in the report: the very file that has them."""
    applied.group("a", "subject: [\n")
    for command in (["validate"], ["plan"], ["apply", "--yes"]):
        assert_refused(applied, *command, "--report", "json=groups/a.yaml", what="a manifest")
    applied.write("reconciler.yaml", "manifests: [\n")
    assert_refused(applied, "validate", "--report", "json=reconciler.yaml", what="the configuration")
    assert_refused(applied, "validate", "--report", "json=contacts.yaml", what="the contacts")


def test_outputs_beside_them_are_written(applied: Repo) -> None:
    applied.api.join(applied.live("A")["id"], ANA)
    for path in ("groups/report.json", "report.yaml", ".reconciler/report.json", "contacts.json"):
        assert applied.run("plan", "--report", f"json={path}", "--out", "saved.json").code == 0
        assert (applied.path / path).read_text().startswith("{")


@pytest.mark.parametrize(("name", "kind"), [("groups/icons/a.png", "PNG"), ("brand/logo", "JPEG")])
def test_no_output_is_a_picture(applied: Repo, name: str, kind: str) -> None:
    applied.write(name, picture(kind=kind))
    assert_refused(applied, "plan", "--report", f"json={name}", what="a picture")
    assert_refused(applied, "drift", "--record", name, what="a picture")


def test_a_report_that_finds_no_room_is_not_begun(applied: Repo) -> None:
    """The page of an earlier run stays whole, and nothing lies beside it."""
    applied.write("out/page.html", "of an earlier run")
    limited = ["bash", "-c", 'ulimit -f 8; exec "$@"', "-"]
    done = subprocess.run(
        [*limited, sys.executable, "-m", "reconciler", "validate", "--report", "html=out/page.html"],
        cwd=applied.path,
        env=applied.environment | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert "out/page.html cannot be written: File too large" in done.stderr
    assert [path.name for path in (applied.path / "out").iterdir()] == ["page.html"]
    assert (applied.path / "out/page.html").read_text() == "of an earlier run"


# An output's folder is looked at before anything is done


PLACES = {
    "out/a.json": "there is no folder out\n  make it first: mkdir -p out\n",
    "out/deep er/a.json": "there is no folder out/deep er\n  make it first: mkdir -p 'out/deep er'\n",
    "plain/a.json": "plain is no folder",
    "plain/b/a.json": "plain is no folder",
    "folder": "it is a folder",
    "dangling/a.json": "there is no folder nowhere",
    "dangling.json": "there is no folder nowhere",
    "/proc/sys/no/such/a.json": "there is no folder",
    f"{'x' * 300}.json": "File name too long",
}
WRITE = [
    "apply --yes --report json=",
    "apply --yes --report junit=r.xml --report json=",
    "apply --report text=",
    "plan --out ",
    "plan --report html=",
    "drift --record ",
    "drift --report prometheus=",
    "validate --report sarif=",
    "list --report csv=",
    "invites --send --yes --report json=",
    "invites --rotate a --yes --report json=",
    "accept a --yes --report json=",
    "import --all --report json=",
]


def assert_told_once(repo: Repo, *arguments: str, why: str, **environment: str) -> None:
    repo.api.clear_calls()
    before = everything(repo.path)
    done = repo.run(*arguments, **environment)
    assert (done.code, done.err.count("cannot be written")) == (1, 1), done.err
    assert why in done.err
    assert repo.api.calls() == []
    assert everything(repo.path) == before


@pytest.mark.parametrize("option", WRITE)
def test_a_folder_is_looked_at_before_anything_is_done(applied: Repo, option: str) -> None:
    applied.group("b", "subject: B\n")
    applied.write("plain", "a file\n")
    applied.write("folder/x", "")
    (applied.path / "dangling").symlink_to("nowhere")
    (applied.path / "dangling.json").symlink_to("nowhere/b.json")
    for place, why in PLACES.items():
        *words, last = option.split(" ")
        assert_told_once(applied, *words, *[f"{last}{place}"], why=why)


def test_of_several_accounts_it_is_told_once(repo: Repo) -> None:
    repo.write(
        "reconciler.yaml",
        "accounts:\n  sales: {account: '+5519911112222', manifests: groups/sales}\n"
        "  support: {account: '+5519911113333', manifests: groups/support}\n",
    )
    own = {}
    for name in ("sales", "support"):
        repo.group(f"{name}/{name}", f"subject: {name}\n")
        own |= {f"RECONCILER_{name.upper()}_USERNAME": "u", f"RECONCILER_{name.upper()}_TOKEN": "t"}
    for words in ("apply --yes --report html=out/a.html", "drift --record out/d.json"):
        assert_told_once(repo, *words.split(), why="there is no folder out", **own)


def test_what_github_is_told_is_looked_at_too(applied: Repo) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        assert_told_once(applied, "plan", "--format", "github", why=f"{name}: no/x cannot", **{name: "no/x"})


def test_a_folder_that_goes_meanwhile_is_told_once(applied: Repo) -> None:
    (applied.path / "out").mkdir()
    applied.group("b", "subject: B\n")
    applied.api.add_faults("GET /groups delay=1 nth=1")
    process = applied.start("apply", "--yes", "--report", "junit=out/a.xml")
    applied.api.wait_for_call("GET", "/groups", nth=1)
    (applied.path / "out").rmdir()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.count("cannot be written")) == (1, 1), err


def test_devices_and_pipes_are_written_as_they_are(applied: Repo) -> None:
    assert applied.run("plan", "--report", "json=/dev/null", "--report", "json=/dev/stdout").code == 0
