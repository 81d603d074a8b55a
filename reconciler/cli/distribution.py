"""What this installation is: where the project lives, and by which release others get the same program."""

from __future__ import annotations

import json
import os
import re
import tomllib
from importlib import metadata
from pathlib import Path

import reconciler
from reconciler.errors import GitError, ReconcilerError
from reconciler.git import Git
from reconciler.language import msg

_NAME = "group-reconciler"
_RELEASE = re.compile(r"\d+(?:\.\d+)+(?:(?:a|b|rc)\d+)?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def home() -> str:
    """Return the address of the project's repository. Raises `ReconcilerError` where it was lost."""
    checkout = _checkout()
    if checkout is not None:  # what is installed beside it may be of another day
        project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return str(project["urls"]["Repository"])
    found = _installed()
    for each in (found.metadata.get_all("Project-URL") or ()) if found else ():
        label, _, address = each.partition(", ")
        if label == "Repository":
            return str(address)
    raise ReconcilerError(
        msg("this installation lacks the project's address"), msg("install the package again")
    )


def pin() -> tuple[str, str]:
    """Return the version that runs, where it is a released one, and the commit; "" where it is unknown."""
    checkout = _checkout()
    if checkout is not None:
        try:
            commit = Git(checkout, os.environ).run("rev-parse", "--verify", "HEAD").text
        except GitError:
            return "", ""
        return "", _commit(commit)
    found = _installed()
    if found is None:
        return "", ""
    origin = found.read_text("direct_url.json")  # PEP 610: there where it came from no index
    if origin is None:
        if not _RELEASE.fullmatch(found.version):
            return "", ""
        built = Path(reconciler.__file__).with_name("commit")  # by hatch_build.py
        return found.version, _commit(built.read_text(encoding="utf-8")) if built.is_file() else ""
    return "", _commit(str((json.loads(origin).get("vcs_info") or {}).get("commit_id", "")))


def _commit(text: str) -> str:
    return text.strip() if _COMMIT.fullmatch(text.strip()) else ""


def _checkout() -> Path | None:
    """Return the checkout of the project that the program runs from; None where it is installed, be it into a
    repository of somebody else's."""
    root = Path(reconciler.__file__).resolve().parents[1]
    return root if (root / ".git").exists() and (root / "pyproject.toml").is_file() else None


def _installed() -> metadata.Distribution | None:
    """Return what is installed, if that is what runs."""
    try:
        found = metadata.distribution(_NAME)
    except metadata.PackageNotFoundError:
        return None
    return found if found.version == reconciler.__version__ else None
