"""What sdist and wheel know of the commit that they were built from."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.wiring.conftest import committed, git
from tests.wiring.test_files import passes


def built(tree: Path, to: Path, *what: str) -> dict[str, bytes]:
    """Build packages; their bytes by name."""
    passes(sys.executable, "-m", "build", "--no-isolation", "--outdir", to, *what, cwd=tree)
    return {path.name: path.read_bytes() for path in to.iterdir()}


def commit_in(wheel: Path) -> str | None:
    """The commit that a wheel says it was built from."""
    with zipfile.ZipFile(wheel) as archive:
        name = "reconciler/commit"
        return archive.read(name).decode().strip() if name in archive.namelist() else None


def test_packages_know_the_commit_of_their_tree(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel of the tree and one of its sdist, the same bytes each time; no other repository's, and no file
    in the tree."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    head = git(release, "rev-parse", "HEAD")
    by_sdist = built(release, tmp_path / "one")  # the wheel is built from the sdist
    by_tree = built(release, tmp_path / "two", "--sdist", "--wheel")
    assert by_sdist == by_tree
    assert git(release, "status", "--porcelain", "reconciler") == ""
    (wheel,) = (tmp_path / "one").glob("*.whl")
    (sdist,) = (tmp_path / "one").glob("*.tar.gz")
    assert commit_in(wheel) == head

    # whoever packages an sdist again has a repository of their own, around it or of it
    (tmp_path / "theirs").mkdir()
    passes("tar", "-xf", sdist, cwd=tmp_path / "theirs")
    (tree,) = (tmp_path / "theirs").iterdir()
    theirs = committed(tree)
    built(tree, tmp_path / "three", "--wheel")
    (wheel,) = (tmp_path / "three").glob("*.whl")
    assert commit_in(wheel) == head != theirs
    shutil.rmtree(tree / ".git")
    (tree / "reconciler/commit").unlink()
    committed(tree.parent)
    monkeypatch.setenv("GIT_DIR", str(tree.parent / ".git"))  # as within a hook
    built(tree, tmp_path / "four", "--wheel")
    (wheel,) = (tmp_path / "four").glob("*.whl")
    assert commit_in(wheel) is None


def test_an_editable_install_holds_none_that_ages(release: Path, tmp_path: Path) -> None:
    with (release / "pyproject.toml").open("a") as file:
        file.write('\n[tool.hatch.build]\ndev-mode-dirs = ["."]\n')  # without it a library is needed
    code = f"import hatchling.build; hatchling.build.build_editable({str(tmp_path)!r})"
    passes(sys.executable, "-c", code, cwd=release)
    (wheel,) = tmp_path.glob("*.whl")
    assert commit_in(wheel) is None
