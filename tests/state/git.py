"""Real repositories for the tests of state in Git: a bare one, and clones of every kind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from reconciler.git import Git
from reconciler.state.git import LEASE, GitStore, Writer

from .conftest import BASE_URL

BRANCH = "reconciler-state"
IDENTITY = {
    f"GIT_{who}_{what}": "tester@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def git(folder: Path, *arguments: str, data: bytes = b"") -> str:
    """What a git command says, in a folder; fails the test when it fails."""
    return git_bytes(folder, *arguments, data=data).decode(errors="surrogateescape").strip()


def git_bytes(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    """As `git`, as it is."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environment | IDENTITY | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        input=data,
        capture_output=True,
    )
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout


STRICT = {
    "as it comes": (),
    "shared": ("receive.denyNonFastForwards",),  # as `git init --bare --shared` makes it
    "no deleting": ("receive.denyDeletes",),
    "shared, no deleting": ("receive.denyNonFastForwards", "receive.denyDeletes"),
    "a hook against what is no fast-forward": (),
    "a hook against all but going forward": (),
}
"""Kinds of remotes that let a run push, with the settings that make them so."""

_FORWARD = """#!/bin/sh
zero=$(echo "$2" | tr 0-9a-f 0)
[ "$2" = "$zero" ] && exit 0
if [ "$3" = "$zero" ]; then %s; fi
git merge-base --is-ancestor "$2" "$3" || { echo "only forward, please" >&2; exit 1; }
"""


class Origin:
    """A bare repository in `folder` with a branch `main`, and what is on its state's branch."""

    def __init__(self, folder: Path, commits: int = 3) -> None:
        self.path = folder / "origin.git"
        self.folder = folder
        self.kind = ""
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.path))
        git(self.path, "config", "uploadpack.allowFilter", "true")
        self.commits: list[str] = []
        for number in range(commits):
            blob = git(self.path, "hash-object", "-w", "--stdin", data=f"{number}\n".encode())
            tree = git(self.path, "mktree", data=f"100644 blob {blob}\tREADME\n".encode())
            parents = [word for commit in self.commits[-1:] for word in ("-p", commit)]
            self.commits.append(git(self.path, "commit-tree", *parents, "-m", f"commit {number}", tree))
        git(self.path, "update-ref", "refs/heads/main", self.commits[-1])

    def be(self, kind: str) -> None:
        """Refuse from now on what a remote of this kind does."""
        self.kind = kind
        for setting in STRICT[kind]:
            git(self.path, "config", setting, "true")
        if kind.startswith("a hook"):
            deleted = 'echo "nothing is deleted here" >&2; exit 1' if "all" in kind else "exit 0"
            self.hook("update", _FORWARD % deleted)

    def hook(self, name: str, script: str) -> None:
        """Have the remote run this, a shell's script."""
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def url(self) -> str:
        return self.path.as_uri()

    def clone(self, name: str = "clone", *options: str) -> Path:
        git(self.folder, "clone", "--quiet", *options, self.url, name)
        return self.folder / name

    def tip(self, branch: str = BRANCH) -> str | None:
        try:
            return git(self.path, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        except AssertionError:
            return None

    def move(self, commit: str | None, branch: str = BRANCH) -> None:
        """Point a branch elsewhere, as somebody with a force push does; None: delete it."""
        if commit is None:
            git(self.path, "update-ref", "-d", f"refs/heads/{branch}")
        else:
            git(self.path, "update-ref", f"refs/heads/{branch}", commit)

    def data(self, branch: str = BRANCH) -> bytes | None:
        if self.tip(branch) is None:
            return None
        return git_bytes(self.path, "cat-file", "blob", f"refs/heads/{branch}:state.json")

    def commit(self, data: bytes, parent: str | None = None, message: str = "by hand") -> str:
        """A commit that holds a state, made by hand."""
        blob = git(self.path, "hash-object", "-w", "--stdin", data=data)
        tree = git(self.path, "mktree", data=f"100644 blob {blob}\tstate.json\n".encode())
        return git(self.path, "commit-tree", *(("-p", parent) if parent else ()), "-m", message, tree)

    def messages(self, branch: str = BRANCH) -> list[str]:
        """Those of the state's branch, the newest first."""
        return git(self.path, "log", "-z", "--format=%B", f"refs/heads/{branch}").split("\0")


def store(
    folder: Path,
    *,
    base_url: str = BASE_URL,
    commit: str | None = "c0ffee",
    branch: str = BRANCH,
    lease: float = LEASE,
    environ: dict[str, str] | None = None,
) -> GitStore:
    """A store over a clone."""
    environment = dict(os.environ) if environ is None else environ
    writer = Writer(run="https://ci.example/job/7", actor="ana", commit=lambda: commit)
    return GitStore(Git(folder, environment), "origin", branch, base_url, writer, lease=lease)
