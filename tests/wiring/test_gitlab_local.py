"""The GitLab component, run by gitlab-ci-local without containers: merge request, fork, push and schedule."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.publish.host import CodeHost
from tests.support import ANA, Repo
from tests.wiring.conftest import ROOT, WHEELS, committed, git
from tests.wiring.test_files import simulator

MERGE_REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_MERGE_REQUEST_IID": "12",
    "CI_MERGE_REQUEST_PROJECT_ID": "77",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "77",
    "CI_PROJECT_ID": "77",
    "GROUPS_COMMENT_TOKEN": "forge-token",
}


@dataclass(frozen=True)
class Ended:
    """A pipeline: its log, and what became of each job that it had."""

    log: str
    jobs: dict[str, str]


class Project:
    """A project on GitLab that includes the component."""

    def __init__(self, repo: Repo, release: Path, home: Path) -> None:
        self.repo = repo
        self.remote = home / "remote.git"
        self._home = home
        self._program = simulator("gitlab-ci-local")
        repo.settle_soon()
        self._variables = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(release.parent / WHEELS),
            "RECONCILER_PAUSE": "0",
            "CI_DEFAULT_BRANCH": "main",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.remote}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://gitlab.example/acme/groups.git",
        }
        (repo.path / "templates").mkdir()
        shutil.copy(ROOT / "templates/reconciler.yml", repo.path / "templates")
        head = git(release, "rev-parse", "HEAD")
        (repo.path / ".gitlab-ci.yml").write_text(
            "include:\n  - local: templates/reconciler.yml\n"
            f"    inputs: {{version: {head}, source: '{release}', state: 'git:origin/reconciler-state'}}\n"
        )
        (repo.path / ".gitignore").write_text(".gitlab-ci-local/\nreconciler-report/\n")
        (repo.path / ".git").rmdir()
        committed(repo.path)
        git(repo.path, "branch", "--move", "main")
        git(repo.path, "remote", "add", "origin", "https://gitlab.example/acme/groups.git")
        git(home, "clone", "--quiet", "--bare", str(repo.path), str(self.remote))

    def push(self, groups: dict[str, str]) -> str:
        """Commit these manifests, and push them; the commit before."""
        before = git(self.repo.path, "rev-parse", "HEAD")
        for name, text in groups.items():
            self.repo.group(name, text)
        git(self.repo.path, "add", "--all")
        git(self.repo.path, "commit", "--quiet", "--message", "Change")
        git(self.repo.path, "push", "--quiet", str(self.remote), "HEAD:main")
        return before

    def jobs(self, **variables: str) -> list[str]:
        """The names of the jobs that these variables start."""
        listed = json.loads(self._run("--list-json", **variables).stdout)
        return [job["name"] for job in listed if job["when"] != "never"]

    def pipeline(self, *jobs: str, **variables: str) -> Ended:
        """Run what these variables start, or of it these jobs alone; nothing is left of earlier pipelines."""
        for left in (".gitlab-ci-local/artifacts", "reconciler-report"):
            shutil.rmtree(self.repo.path / left, ignore_errors=True)
        done = self._run("--shell-isolation", *jobs, **variables)
        log = done.stdout + done.stderr
        ends = re.findall(r"^ *(PASS|FAIL) +(reconciler-\S+)", log, re.MULTILINE)
        return Ended(log, {name: "passed" if end == "PASS" else "failed" for end, name in ends})

    def _run(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        given = {**self._variables, **variables}
        return subprocess.run(
            [self._program, "--force-shell-executor", "--no-color", *options]
            + [f"--ignore-predefined-vars={','.join(given)}"]
            + [word for name, value in given.items() for word in ("--variable", f"{name}={value}")],
            cwd=self.repo.path,
            env={
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self._home),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture
def project(repo: Repo, release: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    simulator("rsync")
    repo.group("suporte", "subject: Suporte\nhold: {reason: campaign}\n")
    return Project(repo, release, tmp_path_factory.mktemp("gitlab"))


def credentials(repo: Repo) -> dict[str, str]:
    return {name: value for name, value in repo.environment.items() if name.startswith("RECONCILER_")}


def test_a_merge_request_then_a_push_that_is_wrong(project: Project) -> None:
    """The plan is a comment; after a push whose files are wrong the comment says that it is an old one."""
    repo = project.repo
    with CodeHost(user_status=200) as host:
        job = MERGE_REQUEST | credentials(repo) | {"CI_API_V4_URL": host.url}
        base = project.push(groups={"vendas": "subject: Vendas\nadmins: [ana]\n"})
        planned = project.pipeline(**job, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
        assert planned.jobs == dict.fromkeys(
            ("reconciler-validate", "reconciler-plan", "reconciler-comment"), "passed"
        ), planned.log
        (note,) = host.notes
        assert "1 to create" in note.body
        assert repo.writes() == []

        project.push(groups={"vendas": "subject: Vendas\nadmns: [ana]\n"})
        wrong = project.pipeline(**job, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
        assert wrong.jobs["reconciler-validate"] == "failed", wrong.log
        assert "reconciler-plan" not in wrong.jobs
        # GitLab goes on with it, which is `when: always`; gitlab-ci-local has ended
        said = project.pipeline("reconciler-comment", **job)
        assert said.jobs == {"reconciler-comment": "passed"}, said.log
        assert "overtaken this plan" in note.body
        assert len(host.notes) == 1
        assert all("forge-token" in str(seen.headers) for seen in host.seen)
        assert all(repo.environment["RECONCILER_TOKEN"] not in str(seen) for seen in host.seen)


def test_a_fork_gets_its_files_checked_and_nothing_else(project: Project) -> None:
    """Its pipeline runs in the fork, whose number is the source's and the running project's."""
    fork = MERGE_REQUEST | {"CI_PROJECT_ID": "9", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "9"}
    assert project.jobs(**fork) == ["reconciler-validate"]
    in_ours = MERGE_REQUEST | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "9"}
    assert project.jobs(**in_ours) == ["reconciler-validate"]
    assert project.jobs(**MERGE_REQUEST) == ["reconciler-validate", "reconciler-plan", "reconciler-comment"]


def test_a_push_is_applied_and_schedules_look_and_promote(project: Project) -> None:
    repo = project.repo
    project.push(groups={"vendas": "subject: Vendas\nadmins: [ana]\n"})
    repo.api.add_faults("POST /groups status=500 times=1")
    merged = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
    applied = project.pipeline(**merged, **credentials(repo))
    assert applied.jobs == {"reconciler-apply": "passed"}, applied.log
    assert "Once more" in applied.log
    group = repo.live("Vendas")
    assert "reconciler-state" in git(project.remote, "branch", "--list")

    repo.api.set_subject(group["id"], "OFERTAS")
    nightly = {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main", "GROUPS_JOB": "drift"}
    drifted = project.pipeline(**nightly, **credentials(repo))
    assert drifted.jobs == {"reconciler-drift": "failed"}, drifted.log
    assert "changed outside" in drifted.log

    repo.api.join(group["id"], ANA)
    ready = project.pipeline(**nightly | {"GROUPS_JOB": "ready"}, **credentials(repo))
    assert ready.jobs == {"reconciler-ready": "passed"}, ready.log
    assert ANA in str(repo.live("OFERTAS")["participants"])
    for ended in (applied, drifted, ready):
        assert ANA not in ended.log
