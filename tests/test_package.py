"""What is shipped: the wheel in a clean environment, and what starting up costs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import venv
from functools import partial
from pathlib import Path

import pytest

from tests.support import Repo

ROOT = Path(__file__).parent.parent
SLOW = {"requests", "urllib3", "deepdiff", "PIL", "jinja2", "starlette", "uvicorn", "rich"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel, and of the rest of the world only the
    libraries that it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv/bin/python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)],
        check=True,
        capture_output=True,
    )
    libraries = sysconfig.get_paths()["purelib"]
    (site,) = (folder / "venv/lib").glob("python*/site-packages")
    (site / "libraries.pth").write_text(f"{libraries}\n")
    return folder / "venv/bin"


def run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), *arguments], cwd=cwd, capture_output=True, text=True)


def test_the_wheel_runs_and_is_itself(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import reconciler; print(reconciler.__file__)", cwd=tmp_path)
    assert str(installed.parent) in where.stdout, where.stderr
    for name in ("reconciler", "group-reconciler"):  # the second for `uvx` and `pipx run`
        assert run(installed / name, "--version", cwd=tmp_path).stdout.startswith("reconciler 0.")


def test_links_of_the_description_lead_out_of_the_package(installed: Path, tmp_path: Path) -> None:
    code = "from importlib.metadata import metadata; print(metadata('group-reconciler').get_payload())"
    text = run(installed / "python", "-c", code, cwd=tmp_path).stdout
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert any("/raw/v" in link and link.endswith("docs/session.svg") for link in links)
    assert any("/blob/v" in link and "/docs/" in link for link in links)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.json")), ids=lambda path: path.name)
def test_every_schema_is_in_the_wheel_as_it_stands(installed: Path, tmp_path: Path, path: Path) -> None:
    name = path.name.removesuffix(".schema.json")
    assert (
        run(installed / "reconciler", "schema", name, cwd=tmp_path).stdout.strip() == path.read_text().strip()
    )


COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOBODY_KNOWS = "0" * 40


@pytest.mark.parametrize(
    ("version", "built", "origin", "pinned", "said"),
    [
        ("9.8.7", COMMIT, None, COMMIT, "v9.8.7"),  # of an index
        ("9.8.7rc1", COMMIT, None, COMMIT, "v9.8.7rc1"),
        ("9.8.7", None, None, "v9.8.7", ""),
        ("9.8.7", "no commit", None, "v9.8.7", ""),
        ("9.8.7.dev12", COMMIT, None, NOBODY_KNOWS, ""),
        (
            "9.8.7",
            "f" * 40,
            {"url": "https://example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            COMMIT,
            "",
        ),
        ("9.8.7", COMMIT, {"url": "file:///x.whl", "archive_info": {}}, NOBODY_KNOWS, ""),
    ],
    ids=["released", "candidate", "without git", "no commit", "under way", "commit", "unknown"],
)
def test_the_wheel_begins_a_repository_with_what_it_is(
    installed: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    version: str,
    built: str | None,
    origin: dict[str, object] | None,
    pinned: str,
    said: str,
) -> None:
    (told,) = installed.parent.glob("lib/python*/site-packages/group_reconciler-*.dist-info/METADATA")
    program = told.parents[1] / "reconciler/__init__.py"
    for file, line in ((told, f"Version: {version}"), (program, f'__version__ = "{version}"')):
        begin = line.partition(version)[0]
        text = re.sub(f"(?m)^{begin}.*", line, file.read_text(), count=1)
        request.addfinalizer(partial(file.write_text, file.read_text()))
        file.write_text(text)
    written = told.with_name("direct_url.json")
    written.unlink(missing_ok=True)
    if origin is not None:
        written.write_text(json.dumps(origin))
    file = program.with_name("commit")
    file.unlink(missing_ok=True)
    if built is not None:
        file.write_text(f"{built}\n")
    done = run(installed / "reconciler", "init", "--yes", "--ci", "github", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    comment = f" # {said}\n" if said else " # fill in" if pinned == NOBODY_KNOWS else "\n"
    uses = f"uses: group-reconciler/group-reconciler@{pinned}{comment}"
    for name in ("pull-request", "apply", "ready", "drift"):
        text = (tmp_path / f".github/workflows/groups-{name}.yml").read_text()
        assert uses in text
        assert text.count("group-reconciler@") == text.count(uses)
    hook = f'rev: "{pinned}" # frozen: {said}\n' if said else f'rev: "{pinned}"\n'
    assert hook in (tmp_path / ".pre-commit-config.yaml").read_text()
    assert ("Which release runs is not known here" in done.stdout) is (pinned == NOBODY_KNOWS)
    assert ("No release runs here" in done.stdout) is (pinned == COMMIT and not said)
    assert run(installed / "reconciler", "validate", cwd=tmp_path).returncode == 0


def test_the_wheel_validates_plans_and_applies(installed: Path, repo: Repo) -> None:
    repo.group("vendas", "subject: Vendas\n")
    commands = (
        ["validate"],
        ["plan", "--report", "html=page.html"],  # its templates are in the wheel
        ["apply", "--yes"],
        ["plan", "--detailed-exitcode"],
    )
    for arguments in commands:
        done = subprocess.run(
            [installed / "reconciler", *arguments],
            cwd=repo.path,
            env=repo.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert len(repo.api.groups()) == 1


def loaded_by(cwd: Path, *arguments: str) -> set[str]:
    """Top-level modules in memory after a run of the command line."""
    code = (
        "import sys, json; from reconciler.cli import main\n"
        f"try: main({list(arguments)!r})\n"
        "except SystemExit: pass\n"
        "print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["sandbox", "--help"], ["--version"]])
def test_help_pays_for_click_alone(tmp_path: Path, arguments: list[str]) -> None:
    assert not loaded_by(tmp_path, *arguments) & (SLOW | {"yaml", "jsonschema"})


def test_validate_and_schema_pay_for_neither_http_nor_diffs_nor_pictures(repo: Repo) -> None:
    repo.group("vendas", "subject: Vendas\nicon: null\n")
    assert not loaded_by(repo.path, "validate", "--format", "json") & SLOW
    assert not loaded_by(repo.path, "validate") & (SLOW - {"rich"})
    assert not loaded_by(repo.path, "schema", "group") & SLOW
