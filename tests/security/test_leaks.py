"""The search that goes over every run of the suite (`tests/leaks.py`) finds what it is for."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from reconciler.cli.formats import TABLE
from tests.support import ANA, DORA, STRANGER, TOKEN, Repo, picture

NAMED = "5519900000042"
LINK = "https://chat.whatsapp.com/AbCdEf123"


def run(folder: Path, script: str, *arguments: str) -> None:
    """A process that pretends to be the command."""
    subprocess.run(
        [sys.executable, "-S", "-c", script, "reconciler", *arguments],
        cwd=folder,
        env={"RECONCILER_TOKEN": TOKEN},
        capture_output=True,
        check=True,
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan",), TOKEN),
        (("plan", "--verbose"), f"a{TOKEN}b"),
        (("drift", "--format", "html"), LINK),
        (("plan",), f"+{ANA}"),
        (("list",), f"{STRANGER}-1513616971"),
        (("apply",), "+55 (19) 90000-0077"),
        (("invites", "--send"), LINK),
        (("invites",), TOKEN),
        (("sandbox",), TOKEN),
        (("--show-numbers", "plan"), LINK),
    ],
)
@pytest.mark.parametrize("where", ["stdout", "stderr", "a file"])
def test_a_leak_is_found(arguments: tuple[str, ...], words: str, where: str, tmp_path: Path) -> None:
    scripts = {
        "stdout": f"print({words!r})",
        "stderr": f"import sys; sys.stderr.write({words!r})",
        "a file": f"open('left.txt', 'w').write({words!r})",
    }
    with pytest.raises(AssertionError, match="holds"):
        run(tmp_path, scripts[where], *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("invites",), f"{LINK} +{ANA}"),
        (("list", "--show-numbers"), f"+{ANA}"),
        (("plan",), "or a number such as +55 19 90000-0001"),
        (("plan",), "https://chat.whatsapp.com/… +55 19 •••• 0001 5519911112222-1513616971"),
    ],
)
def test_what_is_meant_to_be_shown_is_no_leak(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    run(tmp_path, f"print({words!r})", *arguments)


def test_only_what_the_run_wrote_counts(tmp_path: Path) -> None:
    (tmp_path / "before.txt").write_text(LINK)
    run(tmp_path, "pass", "plan")
    with pytest.raises(AssertionError, match=r"before\.txt of .* holds"):
        run(tmp_path, f"open('before.txt', 'w').write({LINK!r} + ' ')", "plan")


def test_git_objects_are_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / ".git/objects/ab"
    folder.mkdir(parents=True)
    packed = zlib.compress(b"commit 99\0" + f"+{ANA}".encode())
    with pytest.raises(AssertionError, match="objects/ab/"):
        run(tmp_path, f"open('.git/objects/ab/{'c' * 38}', 'wb').write({packed!r})", "plan")


def test_a_run_of_the_command_is_searched(repo: Repo) -> None:
    """With the fork of `tests/warm.py`, as in most tests: a subject that is a secret is shown in its plan."""
    repo.group("suporte", f"subject: '{TOKEN[:25]}'\n")
    with pytest.raises(AssertionError, match="stdout of plan holds"):
        repo.run("plan", RECONCILER_TOKEN=TOKEN[:25])


def test_every_verb_in_every_format(repo: Repo) -> None:
    """Where there is something to leak in all of them; the search itself is the assertion."""
    repo.environment |= {
        "RECONCILER_PLAN_KEY": "plan-key-of-the-test",
        "RECONCILER_USERNAME": "user-of-the-test",
    }
    repo.write("groups/i.png", picture())
    text = f"subject: Suporte\nicon: i.png\nadmins: [ana, '+{STRANGER}']\nmembers: [bruno, '+{NAMED}']\n"
    repo.group("suporte", text)
    repo.api.seed("Liga 5519988887777", creator=STRANGER, participants=[ANA, STRANGER], account="admin")

    def everywhere(code: int, verb: str, *arguments: str) -> None:
        names = list(TABLE[verb])
        assert len(names) > 5
        reports = [f"--report={name}={verb}.{name}" for name in names]
        done = repo.run(verb, *reports, *arguments, "--verbose")
        assert done.code == code, done.err
        assert all((repo.path / f"{verb}.{name}").stat().st_size for name in names)

    everywhere(0, "validate")
    everywhere(0, "plan", "--out", "plan.json")
    everywhere(0, "apply", "--plan", "plan.json", "--yes")
    group_id = repo.live("Suporte")["id"]
    repo.api.join(group_id, STRANGER)
    repo.api.set_subject(group_id, f"Suporte +{DORA}")
    everywhere(2, "drift", "--record", "history.json")
    for words, code in (
        ("list --format json", 0),
        ("list --format csv", 0),
        ("state list", 0),
        ("state show", 0),
        ("doctor", 0),
        ("invites --send --yes", 0),
        ("invites --rotate suporte --yes", 0),
        ("send suporte oi --yes", 0),
        ("accept suporte --yes", 0),
        ("import --all --contacts", 0),
    ):
        done = repo.run(*words.split(), "--verbose")
        assert done.code == code, (words, done.out, done.err)
