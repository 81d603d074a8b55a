"""GitHub's workflows, run by act on this machine: pull request, fork, push, schedule and by hand.

Actions of others are stood in for: `checkout` clones, `setup-python` and `cache` do nothing, and artefacts
are folders.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.publish.host import CodeHost
from tests.support import ANA, Repo
from tests.wiring.conftest import ROOT, WHEELS, committed, git
from tests.wiring.test_files import WORKFLOWS, simulator

STAND_INS = {
    "checkout": 'git clone --quiet "$REMOTE" .',
    "setup-python": "true",
    "cache": "true",
    "upload-artifact": 'mkdir -p "$ARTIFACTS" && cp -r "$SOURCE" "$ARTIFACTS/$NAME"',
    "download-artifact": 'mkdir -p "$SOURCE" && cp -r "$ARTIFACTS/$NAME/." "$SOURCE"',
}


def stand_in(folder: Path, script: str) -> Path:
    """An action that runs this script, in a repository of its own."""
    step = {
        "shell": "bash",
        "run": script,
        "env": {"NAME": "${{ inputs.name }}", "SOURCE": "${{ inputs.path }}"},
    }
    names = (
        "name path ref fetch-depth persist-credentials python-version key if-no-files-found retention-days"
    )
    action = {
        "name": folder.name,
        "description": "A stand-in",
        "inputs": {name: {"description": name, "default": ""} for name in names.split()},
        "runs": {"using": "composite", "steps": [step]},
    }
    folder.mkdir(parents=True)
    (folder / "action.yml").write_text(yaml.safe_dump(action))
    committed(folder)
    return folder


@dataclass(frozen=True)
class Ended:
    """A run: its log, and how each job that it had ended."""

    log: str
    jobs: dict[str, str]


class Project:
    """A repository on GitHub with the workflows as the page says to copy them."""

    def __init__(self, repo: Repo, release: Path, home: Path) -> None:
        self.repo = repo
        self.remote = home / "remote.git"
        self._home = home
        self._release = release
        self._program = simulator("act")
        repo.settle_soon()
        workflows = repo.path / ".github/workflows"
        shutil.copytree(ROOT / "docs/pipelines/github", workflows)
        (repo.path / ".git").rmdir()
        committed(repo.path)
        git(repo.path, "branch", "--move", "main")
        git(home, "clone", "--quiet", "--bare", str(repo.path), str(self.remote))
        git(repo.path, "remote", "add", "origin", str(self.remote))
        self._replaced = []
        used = re.findall(
            r"uses: ([\w-]+/([\w-]+)@\S+)",
            "".join(each.read_text() for each in (*WORKFLOWS, ROOT / "action.yml")),
        )
        for used_as, name in sorted(set(used)):
            folder = release
            if name != "group-reconciler":
                folder = stand_in(home / name, STAND_INS[name])
            self._replaced.append(f"--local-repository=https://github.com/{used_as}={folder}")

    def push(self, **groups: str) -> None:
        """Commit these manifests, and push them."""
        for name, text in groups.items():
            self.repo.group(name, text)
        git(self.repo.path, "add", "--all")
        git(self.repo.path, "commit", "--quiet", "--message", "Change")
        git(self.repo.path, "push", "--quiet", "origin", "HEAD:main")

    def run(self, workflow: str, event: str, told: dict[str, Any], **environment: str) -> Ended:
        """Run a workflow for an event, of which `told` is told."""
        shutil.rmtree(self._home / "artifacts", ignore_errors=True)
        payload = self._home / "event.json"
        payload.write_text(
            json.dumps({"repository": {"full_name": "acme/groups", "default_branch": "main"}, **told})
        )
        given = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self._release.parent / WHEELS),
            "RECONCILER_PAUSE": "0",
            "REMOTE": str(self.remote),
            "ARTIFACTS": str(self._home / "artifacts"),
            "GITHUB_REPOSITORY": "acme/groups",
            **environment,
        }
        secrets = {
            "RECONCILER_USERNAME": "tester",
            "RECONCILER_TOKEN": self.repo.environment["RECONCILER_TOKEN"],
            "GITHUB_TOKEN": "forge-token",
        }
        done = subprocess.run(
            [self._program, event, "--workflows", f".github/workflows/{workflow}.yml", "--no-skip-checkout"]
            + ["--platform", "ubuntu-latest=-self-hosted", "--eventpath", str(payload), "--no-cache-server"]
            + ["--action-cache-path", str(self._home / "cache"), *self._replaced]
            + [f"--env={name}={value}" for name, value in given.items()]
            + [f"--var=RECONCILER_BASE_URL={self.repo.environment['RECONCILER_BASE_URL']}"]
            + [f"--secret={name}={value}" for name, value in secrets.items()],
            cwd=self.repo.path,
            env={
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self._home),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        log = done.stdout + done.stderr
        ends = re.findall(r"^\[[\w-]+/([^\]]+?) *\].*Job (succeeded|failed)", log, re.MULTILINE)
        return Ended(log, dict(ends))


@pytest.fixture
def project(repo: Repo, release: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    repo.group("suporte", "subject: Suporte\nhold: {reason: campaign}\n")
    return Project(repo, release, tmp_path_factory.mktemp("github"))


def pull_request(head: str = "acme/groups") -> dict[str, Any]:
    return {"pull_request": {"number": 12, "head": {"repo": {"full_name": head}}}}


PASSED, FAILED = "succeeded", "failed"


def test_a_pull_request_then_a_push_that_is_wrong(project: Project) -> None:
    """The plan is a comment; after a push whose files are wrong the comment says that it is an old one."""
    with CodeHost() as host:
        project.push(vendas="subject: Vendas\nadmins: [ana]\n")
        planned = project.run("groups-pull-request", "pull_request", pull_request(), GITHUB_API_URL=host.url)
        assert planned.jobs == dict.fromkeys(("Check the files", "Plan", "Comment"), PASSED), planned.log
        (note,) = host.notes
        assert "1 to create" in note.body

        project.push(vendas="subject: Vendas\nadmns: [ana]\n")
        wrong = project.run("groups-pull-request", "pull_request", pull_request(), GITHUB_API_URL=host.url)
        assert wrong.jobs == {"Check the files": FAILED, "Comment": PASSED}, wrong.log
        assert "overtaken this plan" in note.body
        assert len(host.notes) == 1
        assert all("forge-token" in str(seen.headers) for seen in host.seen)
    assert project.repo.writes() == []


def test_a_fork_gets_its_files_checked_and_nothing_else(project: Project) -> None:
    done = project.run("groups-pull-request", "pull_request", pull_request("mallory/groups"))
    assert done.jobs == {"Check the files": PASSED}, done.log
    assert project.repo.api.calls() == []


def test_a_push_is_applied_and_schedules_look_and_promote(project: Project) -> None:
    repo = project.repo
    project.push(vendas="subject: Vendas\nadmins: [ana]\n")
    repo.api.add_faults("POST /groups status=500 times=1")
    applied = project.run("groups-apply", "push", {"ref": "refs/heads/main"})
    assert applied.jobs == {"Apply": PASSED}, applied.log
    assert "Once more" in applied.log
    group = repo.live("Vendas")
    assert "reconciler-state" in git(project.remote, "branch", "--list")

    repo.api.set_subject(group["id"], "OFERTAS")
    with CodeHost() as host:
        drifted = project.run("groups-drift", "schedule", {}, GITHUB_API_URL=host.url)
        assert drifted.jobs == dict.fromkeys(("Drift", "Issue", "Heartbeat"), PASSED), drifted.log
        assert [ticket["state"] for ticket in host.tickets] == ["open"]

    repo.api.join(group["id"], ANA)
    ready = project.run("groups-ready", "schedule", {"ref": "refs/heads/main"})
    assert ready.jobs == {"Promote who has joined": PASSED}, ready.log

    by_hand = {"ref": "refs/heads/main", "inputs": {"target": "vendas", "allow": ""}}
    again = project.run("groups-apply", "workflow_dispatch", by_hand)
    assert again.jobs == {"Apply": PASSED}, again.log
    assert repo.live("Vendas")
    for ended in (applied, drifted, ready, again):
        assert ANA not in ended.log
