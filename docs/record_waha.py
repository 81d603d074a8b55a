"""Record the story of groups at a gateway: `python docs/record_waha.py` writes the pictures of
`docs/story-waha.md`.

Real commands against `reconciler sandbox --backend waha` as a process of its own, in a Git repository; and
somebody in Chromium. `tests/e2e/test_story_waha.py` goes through the same steps and looks at each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

from record_story import ACCOUNT, CHROMIUM, photograph, sandbox, terminal

from reconciler.sandbox.control import Control

ANA, BRUNO, CARLA, DAVI = (f"551990000000{n}" for n in range(1, 5))
CUSTOMERS, TEAMS = 24, 6
FILES = {
    ".gitignore": ".reconciler/\nsandbox.sqlite3*\n",
    "reconciler.yaml": f'backend: waha\naccount: "+{ACCOUNT}"\n',
    "contacts.yaml": f"""\
people:
  ana: {{name: Ana Souza, numbers: ["+{ANA}"]}}
  bruno: {{name: Bruno Lima, numbers: ["+{BRUNO}"]}}
  carla: {{name: Carla Dias, numbers: ["+{CARLA}"]}}
  davi: {{name: Davi Rocha, numbers: ["+{DAVI}"]}}
""",
}
KIND = """\
kinds:
  cliente:
    description: Atendimento em dias úteis, das 8h às 18h.
    permissions: {send_messages: admins, add_members: admins}
"""


class Story:
    """A repository, a sandbox that is a WAHA, and people; each method is one thing that somebody does."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.base_url = environment["RECONCILER_BASE_URL"]
        self.control = Control(self.base_url)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command, as somebody types it in the repository."""
        return self._start(sys.executable, "-m", "reconciler", *arguments)

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def git(self, *arguments: str) -> None:
        """One command of Git's. Raises where it fails."""
        self._start("git", *arguments).check_returncode()

    def edit(self, name: str, old: str, new: str) -> None:
        """Put `new` in the place of `old` in a file. Raises where `old` does not stand there."""
        path = self.folder / name
        before, found, after = path.read_text(encoding="utf-8").partition(old)
        if not found:
            raise ValueError(f"{name} does not have {old!r}")
        path.write_text(before + new + after, encoding="utf-8")

    def group(self, subject: str) -> dict[str, Any]:
        """The one group of this subject, as it truly is."""
        (found,) = (group for group in self.control.groups() if group["subject"] == subject)
        return found

    def people_have_groups(self) -> None:
        """Thirty groups, made by hand over the years; Bruno is in all of them."""
        for subject, count in (("Cliente {n}", CUSTOMERS), ("Equipe {n}", TEAMS)):
            self.control.seed(subject, count=count, participants=[ANA, BRUNO], admins=[ANA])

    def write_kind(self) -> None:
        """In a pull request: all groups of customers are of a kind, which says what they have in common."""
        self.git("checkout", "--quiet", "-b", "customers")
        with (self.folder / "reconciler.yaml").open("a", encoding="utf-8") as file:
            file.write(KIND)
        for path in sorted((self.folder / "groups").glob("cliente-*.yaml")):
            path.write_text(path.read_text(encoding="utf-8") + "kind: cliente\n", encoding="utf-8")
        self.commit("Customers' groups have a description, and only admins write")

    def merge(self) -> None:
        """Merge the pull request."""
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "customers")

    def open_group(self, page: Page, subject: str) -> None:
        """The sandbox's page of a group, at its permissions."""
        page.goto(f"{self.base_url}/groups/{self.group(subject)['id']}")
        page.get_by_role("heading", name="Permissions").scroll_into_view_if_needed()

    def let_everyone_write(self, page: Page) -> None:
        """Somebody changes a permission by hand."""
        page.get_by_label("Send messages").select_option("everyone")
        page.get_by_role("button", name="Save the permissions").click()

    def want_two_more(self) -> None:
        """Carla and Davi are to be added to a team. Carla's privacy settings let nobody add her."""
        self.control.person(CARLA, refusal=403)
        with (self.folder / "groups/equipe-1.yaml").open("a", encoding="utf-8") as file:
            file.write("members: [carla, davi]\njoin: add\n")
        self.commit("Carla and Davi are in the first team")

    def davi_leaves(self) -> None:
        """He was added, and does not want to be there."""
        self.control.leave(self.group("Equipe 1")["id"], DAVI)

    def bruno_goes(self) -> None:
        """Bruno leaves the company."""
        self.edit("contacts.yaml", f'numbers: ["+{BRUNO}"]', f'numbers: ["+{BRUNO}"], left: 2026-11-02')
        self.commit("Bruno has left")

    def _start(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def story(folder: Path) -> Iterator[Story]:
    """A story that is about to begin, in an empty folder."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    base = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    base |= {"GIT_CONFIG_GLOBAL": os.devnull, "COLUMNS": "98"}
    for who in ("AUTHOR", "COMMITTER"):
        base |= {f"GIT_{who}_NAME": "Ana Souza", f"GIT_{who}_EMAIL": "ana@example.com"}
    with sandbox(folder, "--backend", "waha") as exported:
        told = Story(folder, base | exported)
        told.git("init", "--quiet", "--initial-branch", "main")
        told.commit("Our account and our people")
        yield told


def main() -> None:
    """Go through the story and write a picture of every step."""
    import shutil
    import tempfile

    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("this needs Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        with story(Path(folder)) as told:
            _record(told, browser)
        browser.close()


def _record(told: Story, browser: Browser) -> None:
    page = browser.new_context(viewport={"width": 480, "height": 560}, device_scale_factor=1.5).new_page()
    told.people_have_groups()
    terminal("waha-1-import", told.run, "import --all --fields subject,icon,admins")
    told.commit("The groups that we have")
    terminal("waha-2-plan", told.run, "plan")
    told.write_kind()
    terminal("waha-3-pull-request", told.run, "plan --base main")
    told.merge()
    terminal("waha-4-apply", told.run, "apply --yes")
    told.open_group(page, "Cliente 7")
    told.let_everyone_write(page)
    told.open_group(page, "Cliente 7")
    photograph("waha-5-by-hand", page)
    terminal("waha-6-drift", told.run, "drift", code=2)
    terminal("waha-7-accept", told.run, "accept cliente-7 --yes")
    told.commit("In this group everybody writes")
    told.want_two_more()
    terminal("waha-8-adding", told.run, "apply --yes")
    terminal("waha-9-invite", told.run, "invites --send --yes")
    told.davi_leaves()
    terminal("waha-10-left", told.run, "apply --yes")
    told.bruno_goes()
    terminal("waha-11-leaver", told.run, "plan", code=6)
    terminal("waha-12-removed", told.run, "apply --yes --allow remove-many")
    terminal("waha-13-end", told.run, "plan --detailed-exitcode")


if __name__ == "__main__":
    main()
