"""A repository that begins: what `init` writes works as it is, and what was there stays as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import BACKENDS
from reconciler.sandbox import Server
from tests import gitrepo
from tests.faults.test_folders import _AS_ANYBODY
from tests.faults.test_options import Terminal
from tests.support import ACCOUNT, Repo, Result

ROOT = Path(__file__).resolve().parents[2]
HOME = "group-reconciler/group-reconciler"
TYPED = "+55 19 91111-2222"
CHECK = (sys.executable, "-m", "check_jsonschema")
ALWAYS = {
    "reconciler.yaml",
    "contacts.yaml",
    "groups/first-group.yaml",
    ".gitignore",
    ".pre-commit-config.yaml",
    *(f"schemas/{name}.schema.json" for name in ("group", "contacts", "config")),
}
WORKFLOWS = {f".github/workflows/groups-{name}.yml" for name in ("apply", "drift", "pull-request", "ready")}
PIPELINES = {"github": WORKFLOWS, "gitlab": {".gitlab-ci.yml"}, "none": set[str]()}


@pytest.fixture
def empty(tmp_path: Path, serve: Callable[..., Server]) -> Repo:
    """An empty folder, and a service that nobody has written to."""
    return emptied(Repo(tmp_path / "place", serve()))


def emptied(repo: Repo) -> Repo:
    shutil.rmtree(repo.path)
    repo.path.mkdir()
    repo.environment["PYTHONPATH"] = str(ROOT)
    return repo


def files(folder: Path) -> set[str]:
    """The files below a folder, without Git's and our own hidden ones."""
    there = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    found = {path.relative_to(folder).as_posix() for path in there}
    return {path for path in found if not {".git", ".reconciler"} & {*Path(path).parts[:-1]}}


def snapshot(folder: Path) -> dict[str, object]:
    """What is at each path: bytes, where a link leads, or that it is a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            os.readlink(path) if path.is_symlink() else "folder" if path.is_dir() else path.read_bytes()
        )
        for path in folder.rglob("*")
    }


def init(repo: Repo, *arguments: str) -> Result:
    done = repo.run("init", "--yes", *arguments)
    assert ACCOUNT[4:] not in "".join(char for char in done.out + done.err if char.isdigit())
    return done


def works(repo: Repo) -> None:
    """Hold the files to what a newcomer does first: nothing is wrong, and nothing would be written."""
    validated = repo.run("validate")
    assert (validated.code, validated.out) == (0, "No mistakes in 1 group.\n"), validated.err
    planned = repo.plan("--sandbox", "--detailed-exitcode")
    assert planned.code == 0, planned.err
    assert [group["action"] for group in planned.json["groups"]] == ["held"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("host", PIPELINES)
def test_an_empty_repository(empty: Repo, backend: str, host: str) -> None:
    gitrepo.start(empty.path)
    gitrepo.git(empty.path, "remote", "add", "origin", "https://git.example.org/groups.git")
    done = init(empty, "--backend", backend, "--account", TYPED, "--ci", host)
    assert done.code == 0, done.err
    assert files(empty.path) == ALWAYS | PIPELINES[host]
    assert all(path in done.out for path in files(empty.path))
    works(empty)
    config = yaml.safe_load((empty.path / "reconciler.yaml").read_text())
    assert config == {
        "backend": backend,
        "account": f"+{ACCOUNT}",
        **({"state": "git:origin/reconciler-state"} if host != "none" else {}),
    }
    written = {each for each in files(empty.path) if not each.startswith("schemas/")}  # they have examples
    assert [each for each in written if ACCOUNT in (empty.path / each).read_text()] == ["reconciler.yaml"]
    assert ("RECONCILER_BASE_URL" in done.out) is (backend != "sinch")


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_apply_writes_nothing_on_the_service(empty: Repo, backend: str) -> None:
    empty.environment["RECONCILER_USERNAME"] = "default"
    assert init(empty, "--backend", backend, "--account", TYPED).code == 0
    applied = empty.apply()
    assert applied.code == 0, applied.err
    assert applied.json["summary"]["held"] == 1
    assert empty.writes() == []


def test_pipelines_hold_the_release_and_no_placeholder(empty: Repo) -> None:
    gitrepo.start(empty.path)
    assert init(empty, "--ci", "github").code == 0
    unknown = "0" * 40  # in a copy of the tree without its history
    commit = gitrepo.git(ROOT, "rev-parse", "HEAD") if (ROOT / ".git").exists() else unknown
    for path in WORKFLOWS:
        text = (empty.path / path).read_text()
        assert (text.count(f"uses: {HOME}@{commit}"), unknown in text, "your-" in text) == (
            text.count("group-reconciler@"),
            commit == unknown,
            False,
        )
        source = (ROOT / "docs/pipelines/github" / Path(path).name).read_text()
        assert len(text.splitlines()) == len(source.splitlines())
    (hook,) = yaml.safe_load((empty.path / ".pre-commit-config.yaml").read_text())["repos"]
    assert (hook["repo"], hook["rev"]) == (f"https://github.com/{HOME}", commit)
    subprocess.run(
        [
            *CHECK,
            "--builtin-schema",
            "vendor.github-workflows",
            *(str(empty.path / each) for each in WORKFLOWS),
        ],
        check=True,
    )
    gitlab = emptied(empty)
    assert init(gitlab, "--ci", "gitlab").code == 0
    pipeline = str(gitlab.path / ".gitlab-ci.yml")
    subprocess.run([*CHECK, "--builtin-schema", "vendor.gitlab-ci", pipeline], check=True)
    (include,) = yaml.safe_load((gitlab.path / ".gitlab-ci.yml").read_text())["include"]
    assert include["inputs"] == {"version": commit, "state": "git:origin/reconciler-state"}
    assert include["component"] == f"$CI_SERVER_FQDN/{HOME}/reconciler@{commit}"


def test_workflows_go_by_the_branch_and_the_folder_that_there_are(empty: Repo) -> None:
    gitrepo.start(empty.path)
    gitrepo.git(empty.path, "checkout", "--quiet", "-b", "trunk")
    empty.write("reconciler.yaml", "manifests: grupos\ncontacts: gente/contatos.yml\n")
    assert init(empty, "--ci", "github").code == 0
    workflow = yaml.safe_load((empty.path / ".github/workflows/groups-apply.yml").read_text())
    assert workflow[True]["push"]["branches"] == ["trunk"]
    assert workflow[True]["push"]["paths"] == ["grupos/**", "gente/contatos.y*ml", "reconciler.y*ml"]
    assert {"grupos/first-group.yaml", "gente/contatos.yml"} <= files(empty.path)
    works(empty)


@pytest.mark.parametrize(
    ("remote", "there", "host"),
    [
        ("git@github.com:acme/groups.git", "", "github"),
        ("https://somebody:secret@gitlab.example.org/groups.git", "", "gitlab"),
        ("https://git.example.org/groups.git", ".gitlab-ci.yml", "gitlab"),
        ("", ".github/CODEOWNERS", "github"),
        ("", "", "none"),
    ],
)
def test_the_code_host_is_guessed(empty: Repo, remote: str, there: str, host: str) -> None:
    gitrepo.start(empty.path)
    if remote:
        gitrepo.git(empty.path, "remote", "add", "origin", remote)
    if there:
        empty.write(there, "stages: [test]\n")
    done = init(empty)
    assert done.code == 0, done.err
    assert files(empty.path) == ALWAYS | PIPELINES[host] | ({there} if there else set())
    assert "secret" not in done.out + done.err
    if there == ".gitlab-ci.yml":
        assert "is there already; add what includes the component" in done.out


def test_a_folder_is_made_and_one_below_the_top_gets_no_pipelines(empty: Repo) -> None:
    gitrepo.start(empty.path)
    refused = init(empty, "teams/sales", "--ci", "github")
    assert (refused.code, files(empty.path)) == (64, set())
    done = init(empty, "teams/sales")
    assert done.code == 0, done.err
    assert {each.removeprefix("teams/sales/") for each in files(empty.path)} == ALWAYS - {
        ".pre-commit-config.yaml"
    }
    assert "top of the repository alone" in done.out
    assert f"cd {empty.path.resolve() / 'teams/sales'}" in done.out
    below = emptied(empty)
    assert init(below, "-C", str(below.path), "new").code == 0
    assert {each.removeprefix("new/") for each in files(below.path)} == ALWAYS


def test_what_is_there_is_told_with_what_it_lacks(empty: Repo) -> None:
    empty.write(".gitignore", "*.log\n")
    empty.write("contacts.yml", "people: {}\n")
    empty.write("groups/vendas/norte.yml", "subject: Norte\n")
    empty.write("schemas/group.schema.json", "{}\n")
    done = init(empty)
    assert done.code == 0, done.err
    left = done.out.partition("Left as it is:")[2].partition("Next:")[0]
    rows = dict(" ".join(line.split()).split(" ", 1) for line in left.strip().splitlines())
    assert rows == {
        "contacts.yml": "is there already",
        "groups/": "has manifests already, so no example is added",
        "schemas/group.schema.json": "is there already; differs from this version's; to renew it: "
        "reconciler schema group > schemas/group.schema.json",
        ".gitignore": "is there already; add the line .reconciler/ to it: state names people",
    }
    assert not {"contacts.yaml", "groups/first-group.yaml"} & files(empty.path)
    before = snapshot(empty.path)
    again = init(empty)
    assert (again.code, "Written" in again.out) == (0, False)
    assert snapshot(empty.path) == before


@pytest.mark.parametrize(
    ("config", "arguments", "told"),
    [
        ("backend: waha\n", ("--backend", "sinch"), "the configuration says waha"),
        ("backend: waha\n", ("--account", TYPED), "does not name this number"),
        ("", ("--account", "sales"), "give a number"),
        ("", ("--account", "+55 (0)19 91111-2222"), "leave it out"),
        ("", ("--account", "19 91111-2222"), "write it in front, such as +55"),
        ("", ("--format", "json"), "--format means nothing here"),
        ("", ("--sandbox",), "--sandbox means nothing here"),
        ("", ("--config", "other.yaml"), "--config means nothing here"),
    ],
)
def test_options_that_do_not_fit(empty: Repo, config: str, arguments: tuple[str, ...], told: str) -> None:
    if config:
        empty.write("reconciler.yaml", config)
    before = snapshot(empty.path)
    done = init(empty, *arguments)
    assert (done.code, snapshot(empty.path)) == (64, before), done.err
    assert told in done.err


def test_a_configuration_goes_on(empty: Repo) -> None:
    """Options that say the same are fine, and several accounts have folders of their own."""
    empty.write("reconciler.yaml", f"backend: waha\naccount: '+{ACCOUNT}'\n")
    assert init(empty, "--backend", "waha", "--account", TYPED).code == 0
    works(empty)
    several = emptied(empty)
    several.write("reconciler.yaml", f"accounts: {{sales: {{account: '+{ACCOUNT}'}}, support: {{}}}}\n")
    done = init(several, "--account", "sales", "--ci", "github")
    assert done.code == 0, done.err
    assert files(several.path) == ALWAYS - {"contacts.yaml", "groups/first-group.yaml"}
    assert "have a folder for each: groups/sales/, groups/support/" in done.out
    assert "`RECONCILER_SALES_USERNAME` and `RECONCILER_SALES_TOKEN`" in done.out
    several.write("reconciler.yaml", "acount: 1\n")
    wrong = init(several)
    assert (wrong.code, "reconciler.yaml:1:1" in wrong.err) == (1, True)


def test_another_configuration_of_the_environment_is_refused(empty: Repo) -> None:
    done = empty.run("init", "--yes", RECONCILER_CONFIG="other.yaml")
    assert (done.code, files(empty.path)) == (64, set())


def test_without_a_terminal_it_wants_a_yes(empty: Repo) -> None:
    done = empty.run("init", "--backend", "sinch", "--account", TYPED, "--ci", "none")
    assert (done.code, "--yes" in done.err, files(empty.path)) == (64, True, set())


@pytest.mark.parametrize("link", ["groups", "schemas", ".github"])
def test_no_link_leads_out(empty: Repo, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (empty.path / link).symlink_to(outside)
    done = init(empty, "--ci", "github")
    assert (done.code, "leads out" in done.err, link in done.err) == (1, True, True), done.err
    assert list(outside.iterdir()) == []
    assert files(empty.path) == {link}, "it is seen before anything is written"


def test_half_a_run_is_gone_on_with(empty: Repo) -> None:
    empty.write("schemas", "a file where a folder should be")
    done = init(empty, "--backend", "waha")
    assert (done.code, "schemas/group.schema.json cannot be written" in done.err) == (1, True), done.err
    assert "reconciler.yaml" in done.out.partition("Written")[2]
    (empty.path / "schemas").unlink()
    assert init(empty).code == 0
    assert files(empty.path) == ALWAYS
    works(empty)
    assert "backend: waha" in (empty.path / "reconciler.yaml").read_text()


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which(_AS_ANYBODY[0]) is None, reason="root, without setpriv"
)
def test_a_folder_that_may_not_be_written_to(empty: Repo) -> None:
    as_anybody = _AS_ANYBODY if os.geteuid() == 0 else ()
    empty.path.chmod(0o555)
    try:
        done = subprocess.run(
            [*as_anybody, sys.executable, "-P", "-m", "reconciler", "init", "--yes"],
            cwd=empty.path,
            env=empty.environment,
            capture_output=True,
            text=True,
        )
    finally:
        empty.path.chmod(0o755)
    assert (done.returncode, "reconciler.yaml cannot be written" in done.stderr) == (1, True), done.stderr
    assert files(empty.path) == set()


# The questions


def test_it_asks_and_shows_before_it_writes(empty: Repo) -> None:
    gitrepo.start(empty.path)
    terminal = Terminal(empty, "init")
    for words, typed in (
        ("The service of the groups (sinch, waha, evolution) [sinch]: ", "wahaa"),
        ("did you mean `waha`?", "WAHA"),
        ("own number", "+55 (0)19 91111-2222"),
        ("leave it out", "19 91111-2222"),
        ("write it in front, such as +55", TYPED),
        ("Pipelines for (github, gitlab, none) [none]: ", "github"),
    ):
        terminal.until(words)
        assert files(empty.path) == set()
        terminal.type(f"{typed}\n")
    terminal.until("Only 'yes' is a yes")
    assert "To be written" in terminal.seen
    assert all(path in terminal.seen for path in ALWAYS | WORKFLOWS)
    assert files(empty.path) == set()
    terminal.type("yes\n")
    assert terminal.end() == 0, terminal.seen
    assert files(empty.path) == ALWAYS | WORKFLOWS
    config = yaml.safe_load((empty.path / "reconciler.yaml").read_text())
    assert config == {"backend": "waha", "account": f"+{ACCOUNT}"}
    works(empty)
    again = Terminal(empty, "init", "--ci", "github")  # nothing is missing, so there is nothing to ask
    assert (again.end(), "[" in again.seen) == (0, False), again.seen


def test_defaults_and_a_file_that_appears_meanwhile(empty: Repo) -> None:
    terminal = Terminal(empty, "init", "--backend", "sinch")
    terminal.until("[later]: ")
    terminal.type("\n")
    terminal.until("[none]: ")
    terminal.type("\n")
    terminal.until("Only 'yes' is a yes")
    empty.write("contacts.yaml", "people: {}  # mine\n")
    terminal.type("yes\n")
    assert terminal.end() == 1, terminal.seen
    assert "contacts.yaml is there already" in terminal.seen
    assert (empty.path / "contacts.yaml").read_text() == "people: {}  # mine\n"
    assert init(empty).code == 0
    works(empty)
    assert (empty.path / "contacts.yaml").read_text() == "people: {}  # mine\n"


@pytest.mark.parametrize(("typed", "code"), [("no\n", 3), ("\x04", 3)])
def test_no_yes_writes_nothing(empty: Repo, typed: str, code: int) -> None:
    terminal = Terminal(empty, "init", "--backend", "sinch", "--account", TYPED, "--ci", "none")
    terminal.until("Only 'yes' is a yes")
    terminal.type(typed)
    assert (terminal.end(), files(empty.path)) == (code, set()), terminal.seen


def test_leaving_a_question(empty: Repo) -> None:
    terminal = Terminal(empty, "init")
    terminal.until("[sinch]: ")
    terminal.type("\x04")
    assert (terminal.end(), files(empty.path)) == (130, set()), terminal.seen
    assert "Traceback" not in terminal.seen


# Whatever is there stays

PATHS = sorted(
    ALWAYS
    | WORKFLOWS
    | {
        ".gitlab-ci.yml",
        "contacts.yml",
        "reconciler.yml",
        "groups/a.yml",
        "groups",
        "schemas",
        ".github",
        "x",
    }
)
THINGS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"", b"people: {}\n", b"subject: A\n", b"account: null\n", b".reconciler/\n"]),
    st.sampled_from(["folder", "dangling", "outside", "inside"]),
)


@given(
    st.dictionaries(st.sampled_from(PATHS), THINGS, max_size=6),
    st.sampled_from(BACKENDS),
    st.sampled_from(list(PIPELINES)),
)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_what_was_there_is_the_same_after(there: dict[str, bytes | str], backend: str, host: str) -> None:
    with TemporaryDirectory() as name:
        outside = Path(name) / "outside"
        outside.mkdir()
        (outside / "theirs").write_bytes(b"theirs")
        repo = Bare(Path(name) / "place")
        for path, thing in there.items():
            put(repo.path / path, thing, outside)
        before, beyond = snapshot(repo.path), snapshot(outside)
        done = Repo.run(repo, "init", "--yes", "--backend", backend, "--ci", host)
        assert done.code in (0, 1, 64), done.err
        after = snapshot(repo.path)
        assert {path: after.get(path) for path in before} == before
        assert snapshot(outside) == beyond
        if done.code == 64:
            assert after == before
        if done.code == 0:
            again = Repo.run(repo, "init", "--yes", "--ci", host)
            assert (again.code, "Written" in again.out) == (0, False), again.err
            assert snapshot(repo.path) == after


class Bare(Repo):
    """A folder without a service."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path = path
        self.environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def put(path: Path, thing: bytes | str, outside: Path) -> None:
    """Put bytes, a folder or a link at a path, where nothing is in the way."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(thing, bytes):
            if not path.is_symlink():
                path.write_bytes(thing)
        elif thing == "folder":
            path.mkdir(exist_ok=True)
        else:
            path.symlink_to({"dangling": "nowhere", "outside": outside / "theirs", "inside": "x"}[thing])
    except OSError:
        return
