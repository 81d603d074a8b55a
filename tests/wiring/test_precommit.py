"""The hook, through pre-commit itself: from a clone of this project, in the example's repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wiring.conftest import ROOT, committed, git, without_downloads


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example's files in a repository of their own."""
    folder = tmp_path / "example"
    shutil.copytree(ROOT / "groups", folder / "groups")
    for name in ("contacts.yaml", "reconciler.yaml"):
        shutil.copy(ROOT / name, folder)
    return folder


def test_the_hook_names_a_wrong_line(release: Path, example: Path, tmp_path: Path) -> None:
    head = git(release, "rev-parse", "HEAD")
    (example / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {release}\n    rev: {head}\n    hooks: [{{id: reconciler-validate}}]\n"
    )
    committed(example)

    def run(*which: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", *which],
            cwd=example,
            env=without_downloads(tmp_path),
            capture_output=True,
            text=True,
        )

    passed = run("--all-files")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout  # and not: no files to check

    (example / "groups/vendas.yaml").write_text("subject: Vendas\nadmns: [ana]\n")
    failed = run("--all-files")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "groups/vendas.yaml:2:1: error:" in failed.stdout

    # what is committed are an icon's end and another folder
    git(example, "checkout", "--quiet", "groups/vendas.yaml")
    (icon,) = (example / "groups/icons").glob("vendas*")
    git(example, "rm", "--quiet", str(icon))
    failed = run()
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert icon.name in failed.stdout

    git(example, "reset", "--quiet", "--hard")
    (example / "reconciler.yaml").write_text("manifests: grupos\n")
    git(example, "mv", "groups", "grupos")
    git(example, "add", "--all")
    git(example, "commit", "--quiet", "--no-verify", "--message", "In another folder")
    (example / "grupos/vendas.yaml").write_text("subject: Vendas\nadmns: [ana]\n")
    git(example, "add", "--all")
    failed = run()
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "grupos/vendas.yaml:2:1: error:" in failed.stdout
