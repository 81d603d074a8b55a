"""The pipelines' files, judged by the vendors' schemas and by linters of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from reconciler.cli.environment import name_of
from reconciler.manifests.starter import CodeHost, Start, starter_files

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / "docs/pipelines/github").glob("*.yml"))
COMPONENT = ROOT / "templates/reconciler.yml"
GITLAB_ACCOUNTS = ROOT / "docs/pipelines/gitlab/accounts.yml"
CHECK = (sys.executable, "-m", "check_jsonschema")
PINNED = re.compile(r"^[\w.-]+/[\w.-]+@[0-9a-f]{40}$")


def passes(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a checker that finds nothing to say."""
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def tool(name: str) -> str:
    """A program beside Python, or of the system; without it the test is skipped, in CI it fails."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None and os.environ.get("REQUIRE_TOOLS"):
        pytest.fail(f"{name} is not installed")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def simulator(name: str) -> str:
    """A program that runs whole pipelines, which takes minutes: `.ci/pipelines` asks for it."""
    if not os.environ.get("RUN_PIPELINES"):
        pytest.skip("pipelines are run by .ci/pipelines")
    return tool(name)


def loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def component() -> tuple[dict[str, Any], str]:
    """The component's head, and its pipeline with every input filled in."""
    head, body = COMPONENT.read_text().split("\n---\n")
    inputs = yaml.safe_load(head)["spec"]["inputs"]
    for name, about in inputs.items():
        body = body.replace(f"$[[ inputs.{name} ]]", about.get("default", "1.2.3"))
    return inputs, body


def test_the_vendors_schemas_pass(tmp_path: Path) -> None:
    passes(*CHECK, "--builtin-schema", "vendor.github-actions", "action.yml")
    passes(*CHECK, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    passes(*CHECK, "--builtin-schema", "custom.github-workflows-require-timeout", *WORKFLOWS)
    pipeline = tmp_path / "pipeline.yml"
    pipeline.write_text(component()[1])
    for file in (pipeline, GITLAB_ACCOUNTS):
        passes(*CHECK, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", file)
    passes(sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")


def test_every_input_of_the_component_is_used_and_declared() -> None:
    declared = set(component()[0])
    assert set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", COMPONENT.read_text())) == declared
    assert "$[[" not in component()[1]


@pytest.mark.parametrize(
    ("version", "taken"),
    [("1.2.3", True), ("1.2.3rc1", True), ("0" * 40, True), ("1.2.3.dev0", False), ("main", False)],
)
def test_the_component_takes_a_release_or_a_commit(version: str, taken: bool) -> None:
    assert bool(re.search(component()[0]["version"]["regex"], version)) is taken


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The workflows where a user puts them, beside the action."""
    (tmp_path / ".github").mkdir()
    shutil.copytree(ROOT / "docs/pipelines/github", tmp_path / ".github/workflows")
    shutil.copy(ROOT / "action.yml", tmp_path)
    return tmp_path


def test_zizmor_finds_nothing(checkout: Path) -> None:
    """Injection into scripts, wide permissions, unpinned actions and the like."""
    passes(tool("zizmor"), "--offline", "--persona", "pedantic", ".", cwd=checkout)


@pytest.mark.parametrize(("host", "path"), [("github", ".github/workflows"), ("gitlab", ".gitlab-ci.yml")])
def test_what_init_writes_of_a_release_is_pinned_by_its_commit(
    tmp_path: Path, host: CodeHost, path: str
) -> None:
    def written(commit: str) -> Path:
        start = Start(host=host, home="https://git.example.org/a/b", release="1.2.3", commit=commit)
        for file in starter_files(start):
            (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file.path).write_text(file.text)
        return tmp_path / path

    commit = "0123456789abcdef0123456789abcdef01234567"
    pipeline = written(commit)
    if host == "gitlab":
        (include,) = loaded(pipeline)["include"]
        assert (include["inputs"]["version"], include["component"].partition("@")[2]) == (commit, commit)
        assert f"@{commit} # v1.2.3\n" in pipeline.read_text()
        (include,) = loaded(written(""))["include"]
        assert (include["inputs"]["version"], include["component"].partition("@")[2]) == ("1.2.3", "v1.2.3")
        return
    zizmor = (tool("zizmor"), "--offline", "--persona", "pedantic", ".")
    passes(*zizmor, cwd=tmp_path)
    written("")
    assert "unpinned-uses" in subprocess.run(zizmor, cwd=tmp_path, capture_output=True, text=True).stdout


def test_actionlint_finds_nothing(checkout: Path) -> None:
    passes(tool("actionlint"), *sorted((checkout / ".github/workflows").iterdir()), cwd=checkout)


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS], ids=lambda path: path.name)
def test_scripts_are_sound(path: Path, tmp_path: Path) -> None:
    """Each script is one that bash can read, and takes nothing from an expression."""
    scripts = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("run"), str):
                scripts.append(node["run"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(loaded(path))
    for script in scripts:
        assert "${{" not in script
        file = tmp_path / "script.sh"
        file.write_text(script)
        passes("bash", "-n", file)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_hold_what_the_page_says(path: Path) -> None:
    """No `pull_request_target`; pinned; nobody has both tokens; apply is never cancelled."""
    workflow = loaded(path)
    events = workflow[True]  # YAML 1.1 takes `on` for a truth
    assert "pull_request_target" not in events
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        may_write = set(job["permissions"].values()) & {"write"}
        has_token = "RECONCILER_TOKEN" in json.dumps(job)
        if has_token and may_write:
            assert job["permissions"] == {"contents": "write"}, name  # the state's branch
            assert "default_branch" in job["if"]
            assert workflow["concurrency"]["cancel-in-progress"] is False
        if has_token and "pull_request" in events:
            assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
        for step in job["steps"]:
            assert "uses" not in step or PINNED.match(step["uses"])


def test_what_is_fetched_is_this_project() -> None:
    home = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    path = urlsplit(home).path.strip("/")
    assert component()[0]["source"]["default"] == f"$CI_SERVER_URL/{path}.git"
    assert loaded(GITLAB_ACCOUNTS)["include"][0]["component"].startswith(
        f"$CI_SERVER_FQDN/{path}/reconciler@"
    )
    for workflow in WORKFLOWS:
        uses = re.findall(r"uses: (\S+)/group-reconciler@", workflow.read_text())
        assert set(uses) == {path.split("/")[0]}


def test_the_page_names_every_file() -> None:
    page = (ROOT / "docs/ci.md").read_text()
    overlays = (ROOT / "deploy/kubernetes").iterdir()
    for path in (*WORKFLOWS, COMPONENT, GITLAB_ACCOUNTS, *overlays, *(ROOT / "deploy").glob("*.*")):
        assert path.relative_to(ROOT).as_posix().removeprefix("docs/") in page


OVERLAYS = ("one-account", "accounts")


@pytest.fixture(params=OVERLAYS)
def cron_job(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """What an overlay makes, judged by the schemas of Kubernetes."""
    return rendered(ROOT / "deploy/kubernetes" / request.param, tmp_path)


def rendered(overlay: Path, folder: Path) -> dict[str, Any]:
    file = folder / "rendered.yaml"
    done = subprocess.run([tool("kubectl"), "kustomize", overlay], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    file.write_text(done.stdout)
    passes(tool("kubernetes-validate"), "--strict", file)
    return loaded(file)


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod


def test_the_cron_job_runs_one_at_a_time_without_rights_as_anybody(cron_job: dict[str, Any]) -> None:
    """It is what Pod Security calls `restricted`, and no user, group or mode leaves out another uid."""
    assert cron_job["spec"]["concurrencyPolicy"] == "Forbid"
    job = cron_job["spec"]["jobTemplate"]["spec"]
    assert job["backoffLimitPerIndex" if "completionMode" in job else "backoffLimit"] == 0
    pod = pod_of(cron_job)
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert not pod["automountServiceAccountToken"]
    assert all("hostPath" not in volume for volume in pod["volumes"])
    (token,) = (volume for volume in pod["volumes"] if volume["name"] == "token")
    assert token.get("secret", token.get("projected"))["defaultMode"] == 0o444
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["image"] == "ghcr.io/group-reconciler/group-reconciler:1.2.3"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        mounts = {mount["name"] for mount in container["volumeMounts"]}
        assert mounts <= {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_metrics_are_a_part_of_their_own(overlay: str, tmp_path: Path) -> None:
    deploy = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy/kubernetes", deploy)
    file = deploy / overlay / "kustomization.yaml"
    file.write_text(file.read_text().replace("# components:", "components:"))
    pod = pod_of(rendered(file.parent, tmp_path))
    assert asked(pod, tmp_path)[-1].startswith("prometheus=/metrics/groups")
    assert [volume for volume in pod["volumes"] if "hostPath" in volume]


def asked(pod: dict[str, Any], folder: Path, index: int = 0) -> list[str]:
    """What the container's own script asks of the program, for which there is a stand-in."""
    (container,) = pod["containers"]
    stand_in = folder / "reconciler"
    stand_in.write_text("#!/bin/sh\necho $*\n")
    stand_in.chmod(0o755)
    told = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    environment = told | {"PATH": f"{folder}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": str(index)}
    done = subprocess.run(container["command"], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_one_account_is_about_no_name(tmp_path: Path) -> None:
    pod = pod_of(rendered(ROOT / "deploy/kubernetes/one-account", tmp_path))
    assert asked(pod, tmp_path) == ["-C", "/work/groups", "drift", "--exit-zero"]


def test_each_pod_of_the_indexed_job_is_about_an_account_of_its_own(tmp_path: Path) -> None:
    made = rendered(ROOT / "deploy/kubernetes/accounts", tmp_path)
    job, pod = made["spec"]["jobTemplate"]["spec"], pod_of(made)
    lines = [asked(pod, tmp_path, index) for index in range(job["completions"])]
    names = [words[words.index("--account") + 1] for words in lines]
    assert names == ["sales", "support", "field-ops"]
    given = {each["name"] for each in pod["containers"][0]["env"]}
    for what in ("USERNAME", "TOKEN_FILE", "STATE"):
        assert {name_of(what, name) for name in names} <= given
    # one account's failure ends no other's pod
    assert job["completionMode"] == "Indexed"
    assert "backoffLimit" not in job
    assert job["maxFailedIndexes"] == job["completions"]


def test_each_job_of_the_matrices_has_the_credentials_of_its_account_alone() -> None:
    (job,) = loaded(ROOT / "docs/pipelines/github/groups-accounts.yml")["jobs"].values()
    assert job["strategy"]["fail-fast"] is False
    (step,) = (step for step in job["steps"] if "env" in step)
    expected = {
        name_of(what, name): f"${{{{ matrix.account == '{name}' && secrets.RECONCILER_{what} || '' }}}}"
        for name in job["strategy"]["matrix"]["account"]
        for what in ("USERNAME", "TOKEN")
    }
    assert step["env"] == expected
    assert step["with"]["account"] == "${{ matrix.account }}"
    gitlab = loaded(GITLAB_ACCOUNTS)["reconciler-apply"]
    assert gitlab["environment"]["name"] == gitlab["resource_group"] == "groups-$ACCOUNT"
    assert (
        '${ACCOUNT:+"--account=$ACCOUNT"}' in yaml.safe_load(component()[1])["reconciler-apply"]["script"][-1]
    )


def test_the_alerts_are_rules_of_prometheus() -> None:
    passes(tool("promtool"), "check", "rules", ROOT / "deploy/alerts.yaml")


def test_the_alerts_fire_when_they_should() -> None:
    passes(tool("promtool"), "test", "rules", ROOT / "tests/wiring/alerts_test.yaml")


@pytest.mark.parametrize("name", ["group", "contacts", "config"])
def test_editors_can_explain_every_key(name: str) -> None:
    """Each key of what people write has a description, and the schema has examples."""
    schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text())
    bare: list[str] = []

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for key, value in node.get("properties", {}).items():
                if not {"description", "$ref"} & set(value):
                    bare.append(f"{path}.{key}")
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for value in node:
                walk(value, path)

    walk(schema, name)
    assert bare == []
    assert "examples" in json.dumps(schema)
