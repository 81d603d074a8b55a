"""The steps of the action, as a runner runs them: bash, inputs in the environment, `GITHUB_*` as files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.publish.host import CodeHost
from tests.support import ANA, Repo
from tests.wiring.conftest import ROOT, WHEELS, committed, without_downloads

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: dict[str, Any] = {step["name"]: step for step in ACTION["runs"]["steps"] if "name" in step}


@dataclass(frozen=True)
class Ended:
    """How a step ended: its exit code, log, outputs and summary."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str

    def out(self, name: str) -> str:
        """An output of the action, by the expression that it declares."""
        expression = ACTION["outputs"][name]["value"]
        (step_output,) = re.findall(r"^\$\{\{ steps\.run\.outputs\.([\w-]+) \}\}$", expression)
        return self.outputs.get(step_output, "")


def read_outputs(text: str) -> dict[str, str]:
    """What `$GITHUB_OUTPUT` says, read as GitHub documents it."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if match := re.match(r"^([\w-]+)<<(.+)$", line):
            value = []
            for inner in lines:
                if inner == match[2]:
                    break
                value.append(inner)
            found[match[1]] = "\n".join(value)
        else:
            name, _, found[name] = line.partition("=")
    return found


def install(release: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the step that installs, with nothing to download from but the folder beside the release."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEPS["Install"]["run"]],
        cwd=folder,
        env={
            "PATH": f"{folder}:{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(release.parent / WHEELS),
            "RUNNER_TEMP": str(folder),
            "GITHUB_ACTION_PATH": str(release),
            "RECONCILER_TOKEN": "secret",
            "GITHUB_TOKEN": "secret",
        },
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, release: Path) -> Path:
    """The runner's temporary folder after the step that installs."""
    folder = tmp_path_factory.mktemp("runner")
    # stands before Python, and tells what it is given
    (folder / "python").write_text(f'#!/bin/sh\nenv >>"{folder}/seen"\nexec {sys.executable} "$@"\n')
    (folder / "python").chmod(0o755)
    done = install(release, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_what_installs_sees_no_credential(runner: Path) -> None:
    seen = (runner / "seen").read_text()
    assert seen.count("PIP_FIND_LINKS=") == 3
    assert "secret" not in seen


def test_what_has_another_hash_is_not_installed(release: Path, tmp_path: Path) -> None:
    forged = tmp_path / "release"
    shutil.copytree(release.parent, forged)
    wheel = next((forged / WHEELS).glob("pyyaml-*"))
    wheel.write_bytes(wheel.read_bytes() + b" ")
    (folder := tmp_path / "runner").mkdir()
    done = install(forged / "project", folder)
    assert done.returncode != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


Step = Callable[..., Ended]


@pytest.fixture
def step(runner: Path, repo: Repo, tmp_path: Path) -> Step:
    """Runs the step with inputs; those not given have their defaults."""

    def run(environment: dict[str, str] | None = None, **inputs: str) -> Ended:
        given = {name: about.get("default", "") for name, about in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        fixed = {}
        for name, value in STEPS["Run"]["env"].items():
            (wanted,) = re.findall(r"^\$\{\{ inputs\.([\w-]+) \}\}$", value)
            fixed[name] = given[wanted]
        files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEPS["Run"]["run"]],
            cwd=repo.path,
            env=without_downloads(tmp_path)
            | repo.environment
            | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
            | {"CI": "true", "GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(runner)}
            | {"GITHUB_ACTION_PATH": str(ROOT), "RECONCILER_PAUSE": "0"}
            | {name: str(path) for name, path in files.items()}
            | fixed
            | (environment or {}),
            capture_output=True,
            text=True,
        )
        outputs = read_outputs(files["GITHUB_OUTPUT"].read_text())
        return Ended(
            done.returncode, done.stdout + done.stderr, outputs, files["GITHUB_STEP_SUMMARY"].read_text()
        )

    return run


def test_every_input_reaches_the_script() -> None:
    used = {re.findall(r"inputs\.([\w-]+)", value)[0] for value in STEPS["Run"]["env"].values()}
    assert used == set(ACTION["inputs"])


def test_validate_marks_the_line(step: Step, repo: Repo) -> None:
    repo.group("vendas", "subject: Vendas\nadmns: [ana]\n")
    done = step(command="validate", environment={"RECONCILER_TOKEN": "", "RECONCILER_USERNAME": ""})
    assert done.code == 1
    assert re.search(r"^::error file=groups/vendas\.yaml,line=2,", done.log, re.MULTILINE), done.log
    assert done.out("exit-code") == "1"
    repo.group("vendas", "subject: Vendas\nadmins: [ana]\n")
    assert step(command="validate").code == 0
    assert repo.api.calls() == []


def test_plan_apply_and_drift(step: Step, repo: Repo, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    repo.group("vendas", "subject: Vendas\nadmins: [ana]\n")
    repo.group("suporte", "subject: Suporte\n")
    (repo.path / ".git").rmdir()
    (repo.path / ".gitignore").write_text(".reconciler/\n")
    committed(repo.path)
    saved = str(tmp_path / "plan.json")

    planned = step(command="plan", report_directory=str(reports), plan_file=saved, target="vendas\n")
    assert planned.code == 0, planned.log
    assert (planned.out("changes"), planned.out("complete")) == ("1", "true")
    assert planned.out("report-directory") == str(reports)
    assert "vendas" in planned.summary
    assert json.loads((reports / "report.json").read_text())["kind"] == "plan"
    assert "vendas" in (reports / "report.md").read_text()
    assert "<!doctype html>" in (reports / "report.html").read_text().lower()
    assert repo.writes() == []

    assert step(command="apply", plan_file=saved, target="vendas").code == 0
    assert [group["subject"] for group in repo.api.groups()] == ["Vendas"]
    assert step(command="apply").code == 0
    assert step(command="apply", ready="true").code == 0

    repo.group("suporte", "subject: Atendimento\n")
    live = repo.live("Vendas")["id"]
    repo.api.set_subject(live, "Vendas ::error::x")
    compared = step(command="plan", base="HEAD")
    assert compared.code == 0, compared.log
    assert compared.out("changes") == "1"

    drifted = step(command="drift", report_directory=str(reports))
    assert drifted.code == 0, drifted.log
    assert drifted.out("drifted") == "1"
    assert not re.search(r"^::error::x", drifted.log, re.MULTILINE)
    assert step(command="drift", fail_on_drift="true").code == 2
    for ended in (planned, compared, drifted):
        assert repo.environment["RECONCILER_TOKEN"] not in ended.log + ended.summary + str(ended.outputs)
        assert ANA not in ended.log + ended.summary


def test_refusals_fail_the_step(step: Step, repo: Repo) -> None:
    repo.group("vendas", "subject: Vendas\n")
    wrong = step(command="destroy")
    assert wrong.code == 64
    assert wrong.log.startswith("::error ")
    assert step(command="plan", environment={"RECONCILER_TOKEN": ""}).code == 4
    many = "".join(f"---\nname: g{n}\nsubject: Grupo {n}\n" for n in range(21))
    repo.write("groups/many.yaml", many)
    refused = step(command="apply")
    assert refused.code == 6
    assert repo.writes() == []
    assert step(command="apply", allow="\ncreate-many\n", target="g1*\nvendas").code == 0
    assert len(repo.api.groups()) == 12


def test_apply_runs_once_more_where_that_can_help(step: Step, repo: Repo, tmp_path: Path) -> None:
    """A group whose making failed is made by the second run; what was refused is not asked for again."""
    repo.settle_soon()
    repo.group("vendas", "subject: Vendas\nadmins: [ana]\n")
    repo.group("suporte", "subject: Suporte\n")
    repo.api.add_faults("POST /groups status=500 times=1")
    reports = tmp_path / "reports"
    done = step(command="apply", report_directory=str(reports))
    assert done.code == 0, done.log
    assert "Once more" in done.log
    assert done.out("exit-code") == "0"
    assert len(repo.api.groups()) == 2
    first, second = (
        json.loads((reports / f"{name}.json").read_text()) for name in ("first-report", "report")
    )
    assert (first["summary"]["unknown"], second["summary"]["unknown"]) == (1, 0)

    repo.group("vendas", "subject: Vendas Sul\nadmins: [ana]\n")
    repo.group("suporte", "subject: Suporte Sul\n")
    group = repo.live("Suporte")["id"]
    repo.api.add_faults(f"PUT /groups/{group} status=400", "PUT /groups/* status=500 times=9")
    refused = step(command="apply")
    assert refused.code == 3, refused.log
    assert "Once more" not in refused.log


def test_a_saved_plan_is_applied_once(step: Step, repo: Repo, tmp_path: Path) -> None:
    """What was done of it is no part of what is left, so a second run could only refuse it."""
    repo.settle_soon()
    repo.group("vendas", "subject: Vendas\n")
    repo.group("suporte", "subject: Suporte\n")
    saved = str(tmp_path / "plan.json")
    assert step(command="plan", plan_file=saved).code == 0
    repo.api.add_faults("POST /groups status=500 times=1")
    done = step(command="apply", plan_file=saved)
    assert (done.code, done.out("exit-code")) == (3, "3"), done.log
    assert len(repo.api.groups()) == 1


def test_an_input_is_data(step: Step, repo: Repo, tmp_path: Path) -> None:
    """Nothing that is typed into a form runs, or becomes an option."""
    repo.group("vendas", "subject: Vendas\n")
    bait = tmp_path / "bait"
    for text in (f"$(touch {bait})", f"`touch {bait}`", f"'; touch {bait}; '", "--allow=create-many"):
        done = step(command="plan", target=text, working_directory=".", base="")
        assert done.code != 0, done.log
        assert not bait.exists()


def test_comment_and_issue_need_no_token_of_the_groups_api(step: Step, repo: Repo, tmp_path: Path) -> None:
    repo.group("vendas", "subject: Vendas\n")
    reports = str(tmp_path / "reports")
    without = {"RECONCILER_USERNAME": "", "RECONCILER_TOKEN": ""}
    with CodeHost() as host:
        job = without | {
            "GITHUB_API_URL": host.url,
            "GITHUB_REPOSITORY": "acme/groups",
            "GITHUB_REF": "refs/pull/12/merge",
            "GITHUB_EVENT_NAME": "pull_request",
        }
        assert step(command="plan", report_directory=reports).code == 0
        for _ in range(2):  # the second finds the first's comment
            said = step(command="comment", report_directory=reports, token="forge-token", environment=job)
            assert said.code == 0, said.log
            assert "forge-token" not in said.log
        assert len(host.notes) == 1
        assert "vendas" in host.notes[0].body
        nothing = str(tmp_path / "nothing")
        old = step(command="comment", report_directory=nothing, token="forge-token", environment=job)
        assert old.code == 0, old.log
        assert "overtaken this plan" in host.notes[0].body

        def drift_issue() -> list[str]:
            assert step(command="drift", report_directory=reports).code == 0
            said = step(command="issue", report_directory=reports, token="forge-token", environment=job)
            assert said.code == 0, said.log
            return [ticket["state"] for ticket in host.tickets]

        assert step(command="apply").code == 0
        assert drift_issue() == []
        repo.api.set_subject(repo.live("Vendas")["id"], "OFERTAS")
        assert drift_issue() == ["open"]
        assert step(command="apply").code == 0
        assert drift_issue() == ["closed"]
        repo.api.set_subject(repo.live("Vendas")["id"], "OFERTAS")
        assert drift_issue() == ["open"]
        assert all("forge-token" in str(seen.headers) for seen in host.seen)
        assert all(repo.environment["RECONCILER_TOKEN"] not in str(seen) for seen in host.seen)
