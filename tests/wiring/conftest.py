"""This project as a pipeline gets it: a repository with what is shipped, installed without downloads."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

WHEELS = "wheels"
"""Beside a release: what it is installed with."""

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("pyproject.toml", "README.md", "LICENSE", "requirements-dev.lock", "action.yml", "hatch_build.py")


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
    folder = tmp_path_factory.mktemp("release") / "project"
    folder.mkdir()
    for name in (*SHIPPED, ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder)
    for name in ("reconciler", "schemas", "templates", "docs/pipelines"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    wheels = folder.parent / WHEELS
    wheels.mkdir()
    for name in ("requirements.lock", "requirements-build.lock"):
        (folder / name).write_text(stood_in_for((ROOT / name).read_text(), wheels))
    committed(folder)
    return folder


def stood_in_for(lock: str, wheels: Path) -> str:
    """A lock with the same packages, and the hashes of wheels that lead to this environment's libraries."""
    pins = []
    for line in lock.splitlines():
        name, _, rest = line.partition("==")
        if not rest or line.startswith(" "):
            continue
        version, _, marker = rest.removesuffix("\\").partition(";")
        wheel = stand_in(name.strip(), version.strip(), wheels)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        pins.append(
            f"{name}=={version.strip()}{f' ; {marker.strip()}' if marker else ''} --hash=sha256:{digest}"
        )
    return "\n".join(pins) + "\n"


def stand_in(name: str, version: str, folder: Path) -> Path:
    """A wheel of this name and version that holds nothing but the way to this environment's libraries."""
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        f"{stem}.pth": sysconfig.get_paths()["purelib"],
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{stem}.dist-info/RECORD"
    files[record] = "".join(f"{path},,\n" for path in (*files, record))
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel


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
