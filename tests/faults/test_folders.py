"""Folders of another user: what cannot be looked into ends a run with a sentence, and never as a bug."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.support import Repo, Result

_AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""root may look anywhere, unless it gives up that right."""

pytestmark = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which(_AS_ANYBODY[0]) is None, reason="root, without setpriv"
)


class Closed:
    """A repository in which a folder is closed (`chmod 0`) once the process stands in the repository."""

    def __init__(self, repo: Repo, folder: str) -> None:
        self.repo = repo
        self.folder = (repo.path / folder).resolve()

    def run(self, *arguments: str) -> Result:
        start = (*(_AS_ANYBODY if os.geteuid() == 0 else ()), sys.executable, "-P", "-m", "reconciler")
        command = f"chmod 0 {shlex.quote(str(self.folder))} && exec {shlex.join((*start, *arguments))}"
        try:
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=self.repo.path,
                env=self.repo.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        finally:
            self.folder.chmod(0o700)
        return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def closed(repo: Repo, request: pytest.FixtureRequest) -> Closed:
    repo.group("suporte", "subject: Suporte\n")
    (repo.path / ".reconciler").mkdir(exist_ok=True)
    return Closed(repo, request.param)


VERBS = (
    ("validate",),
    ("plan",),
    ("apply", "--yes"),
    ("drift", "--record", "x.json"),
    ("list", "--report", "json=x.json"),
    ("import", "--all"),
    ("accept", "suporte", "--yes"),
    ("invites", "--send", "--yes"),
    ("send", "suporte", "Oi", "--yes"),
    ("state", "list"),
    ("plan", "--sandbox"),
    ("doctor",),
)


@pytest.mark.parametrize("closed", [".", ".."], indirect=True)
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_working_folder_that_cannot_be_entered(closed: Closed, verb: tuple[str, ...]) -> None:
    done = closed.run(*verb)
    assert (done.code, done.out) == (1, "")
    assert "the present folder cannot be used: Permission denied" in done.err
    assert closed.repo.api.calls() == []


@pytest.mark.parametrize("closed", [".reconciler"], indirect=True)
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != ("validate",)], ids=" ".join)
def test_a_states_folder_that_cannot_be_entered(closed: Closed, verb: tuple[str, ...]) -> None:
    done = closed.run(*verb)
    assert done.code == 1
    assert "Permission denied" in done.out + done.err
    assert closed.repo.api.writes() == []


@pytest.mark.parametrize("closed", ["groups"], indirect=True)
def test_a_folder_of_manifests_that_cannot_be_entered(closed: Closed) -> None:
    done = closed.run("plan")
    assert done.code == 1
    assert "the folder of the manifests cannot be read: permission denied" in done.err
    assert closed.repo.api.calls() == []


@pytest.mark.parametrize("closed", ["../elsewhere"], indirect=True)
@pytest.mark.parametrize(("verb", "code"), [("validate", 0), ("plan", 0), ("plan --base HEAD", 64)])
def test_a_repository_of_git_that_cannot_be_entered(closed: Closed, verb: str, code: int) -> None:
    """`.git` as a link into a folder that is somebody else's."""
    closed.folder.mkdir()
    git = closed.repo.path / ".git"
    git.rename(closed.folder / "git")
    git.symlink_to(closed.folder / "git")
    done = closed.run(*verb.split())
    assert done.code == code, done.err
