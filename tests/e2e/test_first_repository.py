"""The tutorial, word for word: each command of `docs/first-repository.md` is run in its terminal, each file
is written, and each line that the page shows was said. What is done in a browser or on a code host is done
between. The same of each translation."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support import ANA

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("first-repository.md", "first-repository.pt-BR.md")
REMOTE = "https://github.com/acme/team-groups.git"
_BLOCK = re.compile(r"(?:<!-- (.+?) -->\n)?```(sh|text|yaml)\n(.*?)^```$", re.M | re.S)


class Terminal:
    """A shell that stays open, as a reader's does: what is exported, and where one went to, lasts."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, line: str) -> str:
        """Run a line and return what was said; it ends 0, or as its comment says."""
        expected = found[1] if (found := re.search(r"# (?:ends|termina com) (\d+)", line)) else "0"
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\nprintf '\\nended %s\\n' $?\n")
        self.process.stdin.flush()
        said = ""
        for answer in self.process.stdout:
            if ended := re.fullmatch(r"ended (\d+)\n", answer):
                assert ended[1] == expected, f"{line}: {said}"
                return said
            said += answer
        pytest.fail(f"the shell ended: {said}")

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Reader:
    """Somebody who follows the page, block by block, and stops before what is done elsewhere."""

    def __init__(self, folder: Path, page: str) -> None:
        self.folder = folder / "team-groups"
        self.host = folder / "host.git"
        home, programs = folder / "home", folder / "bin"
        for each in (home, programs):
            each.mkdir()
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", self.host], check=True)
        (home / ".gitconfig").write_text(
            f'[user]\nname = Reader\nemail = reader@example.org\n[url "{self.host}"]\ninsteadOf = {REMOTE}\n'
        )
        reconciler = (
            f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m reconciler "$@"'
        )
        for name, does in (("reconciler", reconciler), ("pipx", 'echo "$@" >"$HOME/installed"')):
            (programs / name).write_text(f"#!/bin/sh\n{does}\n")
            (programs / name).chmod(0o755)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(home)}
        self.terminal = Terminal(folder, self.environment)
        self.blocks = [found.groups(default="") for found in _BLOCK.finditer(page)]
        self.sandbox: subprocess.Popen[str] | None = None
        self.exported: dict[str, str] = {}

    def follow(self, until: str = "") -> None:
        """Go on to the block with a command, and to what the page shows of it; without one, to the end."""
        said, typed = "", set[str]()
        while self.blocks and (until not in typed or self.blocks[0][1] == "text"):
            note, kind, body = self.blocks.pop(0)
            lines = body.splitlines()
            if kind == "text":
                for line in lines:
                    shown = re.escape(line).replace("…", ".*")
                    assert re.search(f"^{shown}", said, re.MULTILINE), f"{line!r} is not in\n{said}"
            elif kind == "yaml":
                (self.folder / note.removeprefix("file ")).write_text(body)
            elif note == "another terminal":
                self.serve(body.strip())
            else:
                said = "".join(self.terminal.type(line) for line in lines)
                typed.update(lines)
        assert until in typed or not until, f"the page does not have {until!r}"

    def serve(self, command: str) -> None:
        """Run `reconciler sandbox` in another terminal, and paste what it prints."""
        self.sandbox = subprocess.Popen(
            shlex.split(command),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.sandbox.stdout is not None
        for line in self.sandbox.stdout:
            name, _, value = shlex.split(line)[1].partition("=")
            self.exported[name] = value
            self.terminal.type(line.strip())
            if name == "RECONCILER_STATE":  # the last
                return

    def fill_in(self, path: str, action: str, **fields: str) -> None:
        """Open a page of the sandbox, and send the form that leads to `action`."""
        with requests.Session() as browser:
            page = browser.get(self.exported["RECONCILER_BASE_URL"] + path, timeout=30).text
            token = re.findall(r'name="token" value="(\w+)"', page)[0]
            assert f'action="{action}"' in page, page
            done = browser.post(
                self.exported["RECONCILER_BASE_URL"] + action, {"token": token, **fields}, timeout=30
            )
        assert done.ok, done.text

    def close(self) -> None:
        self.terminal.close()
        if self.sandbox is not None:
            self.sandbox.terminate()
            self.sandbox.communicate(timeout=30)


@pytest.fixture(params=PAGES)
def reader(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    reader = Reader(tmp_path, (ROOT / "docs" / request.param).read_text(encoding="utf-8"))
    yield reader
    reader.close()


def test_the_tutorial_from_an_empty_folder_to_a_merged_pull_request(reader: Reader) -> None:
    reader.follow("reconciler invites --send --yes")
    assert (reader.folder.parent / "home/installed").read_text() == "install group-reconciler[sandbox]\n"
    invites = reader.terminal.type("reconciler invites")
    join = re.findall(r"(?:page|página) +http://[\d.:]+(/join/\S+)", invites)[0]
    reader.fill_in(join, join, number="+" + ANA)

    reader.follow("reconciler apply --yes")
    group = re.findall(
        r'href="(/groups/[^"]+)"', requests.get(reader.exported["RECONCILER_BASE_URL"], timeout=30).text
    )[0]
    reader.fill_in(group, f"{group}/subject", subject="Our group")

    reader.follow("git push --quiet --set-upstream origin first-group")
    assert "subject: Our group\n" in (reader.folder / "groups/first-group.yaml").read_text()
    merged(reader)
    reader.follow()
    assert reader.terminal.type("git log --oneline --merges").count("Merge") == 1


def merged(reader: Reader) -> None:
    """Do what the code host and its jobs do: plan what merging would cause, merge, and apply."""
    clone = reader.folder.parent / "clone"
    job = Terminal(reader.folder.parent, {**reader.environment, **reader.exported})
    job.type(f"git clone --quiet {REMOTE} {shlex.quote(str(clone))} && cd {shlex.quote(str(clone))}")
    job.type("git merge --quiet --no-ff -m Merge origin/first-group")
    planned = job.type("reconciler plan --base HEAD^1")
    assert "first-group" in planned
    job.type("git push --quiet")
    job.type("reconciler apply --yes")
    job.close()
