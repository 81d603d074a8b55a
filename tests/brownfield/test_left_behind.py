"""What a killed import or accept leaves of the files it wrote: nothing that Git shows, and not for long."""

from __future__ import annotations

import fcntl
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests import gitrepo
from tests.support import ANA, STRANGER, Repo, picture

_DIES = """
import os, signal, sys
from reconciler.cli import main

left = int(sys.argv.pop(1))


def dying(real):
    def call(source, *rest, **more):
        global left
        name = os.path.basename(os.fspath(source))
        left -= name.startswith(".") and name.endswith(".tmp")
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(source, *rest, **more)

    return call


os.link, os.replace = dying(os.link), dying(os.replace)
sys.exit(main(sys.argv[1:]))
"""
"""Dies when the nth file is whole, and about to get its name."""


def killed(repo: Repo, nth: int, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DIES, str(nth), *arguments],
        cwd=repo.path,
        env=repo.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done


def left(repo: Repo) -> list[Path]:
    return [path for path in repo.path.rglob("*.tmp") if ".git" not in path.parts]


@pytest.fixture
def old(repo: Repo) -> Repo:
    """A repository that does not tell Git to ignore anything; a group with an unknown number, and one with a
    manifest."""
    repo.api.seed("Alfa", participants=[ANA, STRANGER], admins=[STRANGER], icon=picture())
    gitrepo.start(repo.path)
    repo.group("vendas", "subject: Vendas\nicon: null\nadmins: [ana]\n")
    repo.environment["RECONCILER_STATE"] = "none"
    gitrepo.commit(repo.path)
    repo.api.seed("Vendas")
    return repo


IMPORT = ("import", "--all", "--contacts", "--fields", "subject,icon,admins,members")


@pytest.mark.parametrize("nth", [1, 2, 3], ids=["contacts", "icon", "manifest"])
def test_an_import_that_was_killed(old: Repo, nth: int) -> None:
    killed(old, nth, *IMPORT)
    (copy,) = left(old)
    if nth == 1:
        assert STRANGER in copy.read_text()
    assert copy.name not in gitrepo.git(old.path, "status", "--porcelain", "--untracked-files=all")
    assert copy.name not in gitrepo.git(old.path, "add", "--all", "--dry-run", ".")
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert old.run(*IMPORT).code == 0
    assert left(old) == []


@pytest.mark.parametrize("verb", [IMPORT, ("accept", "vendas", "--yes")], ids=["import", "accept"])
def test_an_accept_that_was_killed(old: Repo, verb: tuple[str, ...]) -> None:
    (vendas,) = (group for group in old.api.groups() if group["subject"] == "Vendas")
    old.group("vendas", f"id: {vendas['id']}\nsubject: Antes\nadmins: [ana]\n")
    gitrepo.commit(old.path)
    killed(old, 1, "accept", "vendas", "--yes", "--field", "subject")
    (copy,) = left(old)
    assert copy.name not in gitrepo.git(old.path, "status", "--porcelain", "--untracked-files=all")
    assert old.run(*verb).code in (0, 3)
    assert left(old) == []


@pytest.mark.parametrize("verb", [IMPORT, ("accept", "vendas", "--yes")], ids=["import", "accept"])
def test_what_earlier_versions_left_beside_the_files_is_removed_and_nothing_else(
    old: Repo, verb: tuple[str, ...]
) -> None:
    gone = (
        ".contacts.yaml.0a1b2c3d.tmp",
        "groups/.alfa.yaml.deadbeef.tmp",
        "groups/deep/er/.beta.yml.deadbeef.tmp",
        "groups/icons/.alfa.png.deadbeef.tmp",
        ".reconciler/tmp/.anything.deadbeef.tmp",
    )
    stays = (
        ".contacts.yaml.swp",
        ".notes.deadbeef.tmp",
        "groups/alfa.yaml.deadbeef.tmp",
        "groups/.alfa.yaml.tmp",
        "elsewhere/.contacts.yaml.deadbeef.tmp",
        ".git/.contacts.yaml.deadbeef.tmp",
        "groups/.hidden/.alfa.yaml.deadbeef.tmp",
    )
    for name in (*gone, *stays, "groups/.held.yaml.deadbeef.tmp"):
        old.write(name, "people: {}\n")
    (old.path / "groups/.link.yaml.deadbeef.tmp").symlink_to("alfa.yaml.deadbeef.tmp")
    with (old.path / "groups/.held.yaml.deadbeef.tmp").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as a run does that is writing it now
        assert old.run(*verb).code in (0, 3)
    assert [name for name in gone if (old.path / name).exists()] == []
    assert [
        name for name in (*stays, "groups/.held.yaml.deadbeef.tmp") if not (old.path / name).exists()
    ] == []
    assert (old.path / "groups/.link.yaml.deadbeef.tmp").is_symlink()


@pytest.mark.parametrize("closed", [".reconciler", ".reconciler/tmp"])
def test_where_our_folder_is_a_link_the_files_are_written_beside(
    old: Repo, tmp_path: Path, closed: str
) -> None:
    """The link is part of a pull request: nothing goes where it leads."""
    (tmp_path / "outside").mkdir()
    (old.path / ".reconciler").mkdir()
    if closed == ".reconciler":
        (old.path / ".reconciler").rmdir()
    (old.path / closed).symlink_to(tmp_path / "outside")
    killed(old, 1, *IMPORT)
    assert list((tmp_path / "outside").glob("**/*.*")) == []
    assert [copy.parent for copy in left(old)] == [old.path]
    assert old.run(*IMPORT).code == 0
    assert left(old) == []
    assert "alfa.yaml" in gitrepo.git(old.path, "status", "--porcelain", "--untracked-files=all")


def test_nothing_but_the_files_is_seen_of_a_run_that_ended(old: Repo) -> None:
    assert old.run(*IMPORT).code == 0
    seen = gitrepo.git(old.path, "status", "--porcelain", "--untracked-files=all").splitlines()
    assert [line[3:] for line in seen] == ["contacts.yaml", "groups/alfa.yaml", "groups/icons/alfa.png"]
