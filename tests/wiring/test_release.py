"""How a release is made: the changelog's cut, the workflows, and the release's own run with stand-ins for
what is outside (package index, registry, signatures, host), each of which writes down what it was given."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.wiring.conftest import ROOT, committed, git
from tests.wiring.test_files import CHECK, PINNED, loaded, passes, simulator, tool

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
REPOSITORY = "acme/reconciler"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The files of the project, as a commit of all would have them, also in a copy that is no clone."""
    empty = tmp_path_factory.mktemp("empty")
    git(empty, "init", "--quiet")
    where = (f"--git-dir={empty}/.git", f"--work-tree={ROOT}")
    return git(ROOT, *where, "ls-files", "--others", "--exclude-standard").splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the script that cuts a release reads and writes, in a copy."""
    folder = tmp_path / "project"
    for name in (
        "CHANGELOG.md",
        "pyproject.toml",
        "hatch_build.py",
        "reconciler/__init__.py",
        ".ci/release.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def release(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ".ci/release.py", *arguments], cwd=project, capture_output=True, text=True
    )


def test_the_changelog_is_cut_once_and_its_notes_lead_to_the_tag(project: Path) -> None:
    before = (project / "CHANGELOG.md").read_text()
    assert release(project, "cut", "7.0.0").returncode == 0
    after = (project / "CHANGELOG.md").read_text()
    assert re.search(r"\n## \[Unreleased\]\n\n## \[7\.0\.0\] - \d{4}-\d\d-\d\d\n", after)
    assert [line for line in after.splitlines() if line not in before.splitlines()] == [
        line for line in after.splitlines() if line.startswith("## [7.0.0]")
    ]
    assert '\n__version__ = "7.0.0"\n' in (project / "reconciler/__init__.py").read_text()
    assert release(project, "check", "v7.0.0").returncode == 0

    notes = release(project, "notes").stdout
    assert "## [" not in notes
    assert notes.strip().splitlines()[0].startswith("### ")
    links = re.findall(r"\]\(([^)#]+)\)", notes)
    assert any("/blob/v7.0.0/docs/glossary.md" in link for link in links)
    assert all(link.startswith("https://") for link in links)

    assert release(project, "begin", "7.1.0").returncode == 0
    assert '\n__version__ = "7.1.0.dev0"\n' in (project / "reconciler/__init__.py").read_text()


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        (["check v0.0.1"], "the tag is v0.0.1"),
        (["cut 7.0.0", "check 7.0.0"], "the tag is 7.0.0"),
        (["begin 7.0.0", "check v7.0.0.dev0"], "the tag is v7.0.0.dev0"),
        (["cut 7"], "not a version"),
        (["cut 7.0.0", "cut 7.1.0"], "nothing under [Unreleased]"),
        (["cut 7.0.0", "line", "cut 7.0.0"], "a section of 7.0.0 already"),
        (["cut 7.0.0", "line", "check v7.0.0"], "lines under [Unreleased]"),
        (["begin 7.0.0", "notes"], "no section of 7.0.0.dev0"),
    ],
)
def test_a_release_that_does_not_agree_with_itself_is_refused(
    project: Path, commands: list[str], said: str
) -> None:
    *before, last = commands
    for command in before:
        if command == "line":
            changelog = project / "CHANGELOG.md"
            changelog.write_text(
                changelog.read_text().replace("[Unreleased]\n", "[Unreleased]\n\n- More\n", 1)
            )
        else:
            assert release(project, *command.split()).returncode == 0, command
    refused = release(project, *last.split())
    assert refused.returncode == 1
    assert said in refused.stderr


def test_the_workflows_and_forms_pass_their_linters() -> None:
    passes(*CHECK, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    passes(*CHECK, "--builtin-schema", "vendor.dependabot", ROOT / ".github/dependabot.yml")
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    passes(*CHECK, "--builtin-schema", "vendor.github-issue-config", forms.pop(-2))
    passes(*CHECK, "--builtin-schema", "vendor.github-issue-forms", *forms)
    passes(tool("zizmor"), "--offline", "--persona", "pedantic", ROOT / ".github")
    lint = subprocess.run([tool("actionlint"), *WORKFLOWS], cwd=ROOT, capture_output=True, text=True)
    # the linter that can be had as a package is older than this permission
    found = [
        line for line in lint.stdout.splitlines() if 'unknown permission scope "attestations"' not in line
    ]
    assert found == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_few_rights_and_name_what_is_there(path: Path, files: list[str]) -> None:
    """Rights by job, actions by commit, no expression in a script, scripts that are files of the project."""
    workflow = loaded(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"] != "write-all"
        for step in job.get("steps", []):
            assert "uses" not in step or PINNED.match(step["uses"])
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            script = step.get("run", "")
            assert "${{" not in script
            assert set(re.findall(r"(?<![\w/])\.ci/[\w.-]+", script)) <= set(files)
            passes("bash", "-n", "-c", script)


def test_nobody_who_uploads_or_signs_runs_what_was_not_released() -> None:
    """Rights to upload and to write the release are in jobs that have no checkout and install nothing."""
    jobs = loaded(ROOT / ".github/workflows/release.yml")["jobs"]
    for name in ("pypi", "release"):
        assert "id-token" in jobs[name]["permissions"]
        assert not any("checkout" in step.get("uses", "") for step in jobs[name]["steps"])
        assert "pip" not in json.dumps([step.get("run") for step in jobs[name]["steps"]])
    for job in ("ci", "build"):
        assert jobs[job]["permissions"] == {"contents": "read"}
        assert job in jobs["pypi"]["needs"]
    assert jobs["image"]["needs"] == ["pypi"], "the image is pushed once somebody has approved the upload"


def test_the_projects_address_is_the_same_everywhere(files: list[str]) -> None:
    """`[project.urls]` has it; pages that people copy from repeat it."""
    (home,) = re.findall(
        r'^Repository = "https://github\.com/(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M
    )
    pages = [
        name for name in files if re.fullmatch(r"[^/]*\.md|docs/[^/]*\.md|\.github/.*|action\.yml", name)
    ]
    for name in pages:
        for found in re.findall(
            r"(?:github\.com|ghcr\.io)/([\w.-]+/group-reconciler)", (ROOT / name).read_text()
        ):
            assert found == home, name


STAND_IN = r"""#!/bin/sh
printf '%s' "$(basename "$0")" >>"$RECORD"
for each in "$@"; do printf ' %s' "$each" >>"$RECORD"; done
echo >>"$RECORD"
while [ $# -gt 0 ]; do
  if [ "$1" = --digestfile ]; then printf sha256:0123 >"$2"; fi
  shift
done
"""
UPLOAD = 'mkdir -p "$STORE" && rm -rf "$STORE/$NAME" && cp -r "$FOLDER" "$STORE/$NAME"'
DOWNLOAD = 'mkdir -p "$FOLDER" && cp -r "$STORE/$NAME/." "$FOLDER"'
RECORDED = 'printf "%s %s\\n" "$ACTION" "$INPUTS" >>"$RECORD"'


def stub(folder: Path, script: str) -> Path:
    """An action that stands in for one of somebody else's: it sees the inputs, and runs the script."""
    names = (
        "name",
        "path",
        "packages-dir",
        "subject-path",
        "subject-name",
        "subject-digest",
        "push-to-registry",
    )
    step = {
        "shell": "bash",
        "run": script,
        "env": {
            "ACTION": folder.name,
            "NAME": "${{ inputs.name }}",
            "FOLDER": "${{ inputs.path }}",
            "INPUTS": " ".join(f"${{{{ inputs.{name} }}}}" for name in names[2:]),
        },
    }
    inputs = {
        name: {"required": False, "default": ""} for name in (*names, "python-version", "if-no-files-found")
    }
    about = {"name": folder.name, "inputs": inputs, "runs": {"using": "composite", "steps": [step]}}
    folder.mkdir(parents=True)
    (folder / "action.yml").write_text(yaml.safe_dump(about, sort_keys=False))
    return folder


@pytest.mark.parametrize("tag", ["v7.0.0", "v7.0.1"])
def test_a_tag_releases_what_it_names_and_nothing_else(files: list[str], tmp_path: Path, tag: str) -> None:
    """`act` runs release.yml from tag to release; with a tag that is not the version nothing is uploaded."""
    act = simulator("act")
    clone = tmp_path / "clone"
    for name in files:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    assert release(clone, "cut", "7.0.0").returncode == 0
    # the tests, and the package's own, have jobs of their own
    (clone / ".github/workflows/ci.yml").write_text(
        "on: {workflow_call: }\njobs: {none: {runs-on: ubuntu-latest, steps: [{run: echo tested}]}}\n"
    )
    (clone / ".ci/package").write_text(
        'python3 -m hatchling build --directory "$1/dist" && echo "{}" >"$1/sbom.cdx.json"\n'
    )
    committed(clone)

    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("buildah", "cosign", "gh", "pip", "sudo"):
        (bin_ / name).write_text(STAND_IN)
        (bin_ / name).chmod(0o755)
    scripts = {"actions/upload-artifact": UPLOAD, "actions/download-artifact": DOWNLOAD}
    used = set(
        re.findall(r"uses: ([\w./-]+@[0-9a-f]{40})", (clone / ".github/workflows/release.yml").read_text())
    )
    locals_ = []
    for uses in used:
        action = uses.partition("@")[0]
        folder = stub(tmp_path / "actions" / action.replace("/", "-"), scripts.get(action, RECORDED))
        locals_ += ["--local-repository", f"{uses}={folder}"]
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"ref": f"refs/tags/{tag}", "repository": {"full_name": REPOSITORY}}))
    record = tmp_path / "record"
    record.write_text("")
    path = f"{bin_}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    options = {
        "--workflows": ".github/workflows/release.yml",
        "--eventpath": event,
        "--platform": "ubuntu-latest=-self-hosted",
        "--action-cache-path": tmp_path / "cache",
        "--secret": "GITHUB_TOKEN=stand-in",
    }
    variables = {"RECORD": record, "STORE": tmp_path / "store", "GITHUB_REPOSITORY": REPOSITORY}
    given = [word for pair in options.items() for word in pair]
    given += [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    done = subprocess.run(
        [act, "push", "--no-cache-server", *given, *locals_],
        cwd=clone,
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = record.read_text()
    if tag != "v7.0.0":
        assert done.returncode != 0
        assert "the tag is v7.0.1" in done.stdout
        assert not re.search("^(gh|cosign|buildah|pypa)", said, re.M), said
        return
    assert done.returncode == 0, done.stdout + done.stderr
    built = {"group_reconciler-7.0.0-py3-none-any.whl", "group_reconciler-7.0.0.tar.gz"}
    assert {path.name for path in (tmp_path / "store/release/dist").iterdir()} == built
    assert "pypa-gh-action-pypi-publish release/dist" in said
    assert f"docker://ghcr.io/{REPOSITORY}:7.0.0" in said
    assert f"cosign sign --yes --recursive ghcr.io/{REPOSITORY}@sha256:0123" in said
    assert f"actions-attest-build-provenance   ghcr.io/{REPOSITORY} sha256:0123 true" in said
    *_, last = said.strip().splitlines()
    assert last.startswith("gh release create v7.0.0 ")
    assert "--prerelease" not in last
    assert built <= {Path(word).name for word in last.split()}
    assert (tmp_path / "store/release/notes.md").read_text().startswith("### ")
