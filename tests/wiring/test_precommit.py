"""The hook, through pre-commit itself: from a clone of this project, in the example's repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("pyproject.toml", "README.md", "LICENSE", "requirements-dev.lock", "action.yml")


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody in particular."""
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def committed(folder: Path) -> str:
    """Make the folder a repository with one commit; its id."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "As it is")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a repository that a user can name."""
    folder = tmp_path_factory.mktemp("release")
    for name in (*SHIPPED, ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder)
    for name in ("reconciler", "schemas"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    committed(folder)
    return folder


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example's files in a repository of their own."""
    folder = tmp_path / "example"
    shutil.copytree(ROOT / "groups", folder / "groups")
    for name in ("contacts.yaml", "reconciler.yaml"):
        shutil.copy(ROOT / name, folder)
    return folder


def without_downloads(home: Path) -> dict[str, str]:
    """An environment in which pip installs what it is given, without what that needs: the libraries are this
    environment's own."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say: do not isolate
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": sysconfig.get_paths()["purelib"],
    }


def test_the_hook_names_a_wrong_line(release: Path, example: Path, tmp_path: Path) -> None:
    head = git(release, "rev-parse", "HEAD")
    (example / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {release}\n    rev: {head}\n    hooks: [{{id: reconciler-validate}}]\n"
    )
    committed(example)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--all-files"],
            cwd=example,
            env=without_downloads(tmp_path),
            capture_output=True,
            text=True,
        )

    passed = run()
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout  # and not: no files to check

    (example / "groups/vendas.yaml").write_text("subject: Vendas\nadmns: [ana]\n")
    failed = run()
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "groups/vendas.yaml:2:1: error:" in failed.stdout
