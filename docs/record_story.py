"""Record the story of an invitation: `python docs/record_story.py` writes the pictures of `docs/story.md`.

Real commands against `reconciler sandbox` as a process of its own, the receiver of `docs/webhook.md`, and two
people in Chromium. `tests/e2e/test_story.py` goes through the same steps and looks at each.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

from reconciler.sandbox.control import Control

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "story"
ACCOUNT = "5519911112222"
ANA, BRUNO = "5519900000001", "5519900000002"
SECRET = "/hook/of-the-story-and-nobody-else"
FILES = {
    "reconciler.yaml": f'account: "+{ACCOUNT}"\n',
    "contacts.yaml": f"""\
people:
  ana: {{name: Ana Souza, numbers: ["+{ANA}"]}}
  bruno: {{name: Bruno Lima, numbers: ["+{BRUNO}"]}}
""",
    "groups/suporte.yaml": "subject: Suporte Campinas\nadmins: [ana]\nmembers: [bruno]\n",
}
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_PATIENCE = 20.0  # seconds


class Story:
    """A repository, a sandbox, a webhook and a browser; each method is one step of the story."""

    def __init__(self, folder: Path, environment: dict[str, str], base_url: str, browser: Browser) -> None:
        self.folder = folder
        self.environment = environment
        self.base_url = base_url
        self.control = Control(base_url)
        self._context = browser.new_context(viewport={"width": 900, "height": 620}, device_scale_factor=1.5)
        self.page: Page = self._context.new_page()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command, as somebody types it in the repository."""
        return subprocess.run(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def look_at_phone(self, person: str) -> None:
        """The page that shows what somebody sees on their phone."""
        self.page.goto(f"{self.base_url}/people/{person}")

    def open_link(self) -> None:
        """Click on the invite link that was sent to whose phone this is."""
        self.page.locator('a[href^="/join/"]').first.click()
        self.page.get_by_role("button", name="Join the group").wait_for()

    def join(self) -> None:
        """Press the button of the page behind the link."""
        self.page.get_by_role("button", name="Join the group").click()
        self.page.get_by_role("heading", name="You are in").wait_for()

    def write(self, text: str) -> None:
        """Write in the group that was just joined, and wait until the webhook has what was written."""
        self.page.get_by_role("link", name="Open the group").click()
        box = self.page.get_by_label("Message", exact=True)
        box.fill(text)
        self.page.locator("form.compose button").click()
        self.page.locator(".bubble", has_text=text).wait_for()
        self._until_delivered()

    def take_what_came(self) -> None:
        """As the job of `docs/webhook.md` does."""
        subprocess.run(
            ["flock", "inbox.lock", "mv", "inbox.jsonl", "batch.jsonl"], cwd=self.folder, check=True
        )

    def group(self) -> dict[str, Any]:
        """The one group, as it truly is."""
        (found,) = self.control.groups()
        return found

    def close(self) -> None:
        """Put the browser's window away."""
        self._context.close()

    def _until_delivered(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not all(delivery["status"] for delivery in self.control.deliveries()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the webhook has not answered: {self.control.deliveries()}")
            time.sleep(0.02)


@contextmanager
def story(folder: Path, browser: Browser) -> Iterator[Story]:
    """A story that is about to begin, in an empty folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with _webhook(folder) as url, sandbox(folder, "--webhook", url) as exported:
        base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        told = Story(folder, base | exported, exported["RECONCILER_BASE_URL"], browser)
        try:
            yield told
        finally:
            told.close()


@contextmanager
def _webhook(folder: Path) -> Iterator[str]:
    """The receiver of `docs/webhook.py`, in a thread; yields its address."""
    spec = importlib.util.spec_from_file_location("webhook", DOCS / "webhook.py")
    if spec is None or spec.loader is None:
        raise ImportError("docs/webhook.py is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.Server(("127.0.0.1", 0), SECRET, str(folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{SECRET}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def sandbox(folder: Path, *more: str) -> Iterator[dict[str, str]]:
    """`reconciler sandbox` with `more` options as a process; yields what it says to export, but the state."""
    options = ["--port", "0", "--account", f"+{ACCOUNT}", "--database", "sandbox.sqlite3"]
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "sandbox", *options, *more],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("no stdout")
        lines = [process.stdout.readline().strip() for _ in range(4)]
        yield dict(line.removeprefix("export ").split("=", 1) for line in lines)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def main() -> None:
    """Go through the story and write a picture of every step."""
    import shutil
    import tempfile

    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("this needs Chromium: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        with story(Path(folder), browser) as told:
            terminal("1-apply", told.run, "apply --yes")
            terminal("2-send", told.run, "invites --send --yes")
            told.look_at_phone(BRUNO)
            told.open_link()  # and leaves it for later
            told.look_at_phone(ANA)
            photograph("3-phone", told.page)
            told.open_link()
            photograph("4-join", told.page)
            told.join()
            told.write("Oi, cheguei!")
            photograph("5-group", told.page)
            told.take_what_came()
            terminal("6-inbound", told.run, "inbound batch.jsonl --ready --yes")
            terminal("7-plan", told.run, "plan --detailed-exitcode")
        browser.close()


def terminal(
    name: str, run: Callable[..., subprocess.CompletedProcess[str]], line: str, *, code: int = 0
) -> None:
    """Run a command and draw what it prints, as a terminal would show it. `code`: how it has to end."""
    import shlex

    from record_session import COLUMNS, TEMPLATE
    from rich.console import Console
    from rich.text import Text

    done = run(*shlex.split(line), "--color", "always")
    if done.returncode != code:
        raise SystemExit(f"{line} ended {done.returncode}:\n{done.stdout}{done.stderr}")
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.assemble(("$ ", "green"), (f"reconciler {line}", "bold")))
        console.print(Text.from_ansi((done.stdout + done.stderr).rstrip("\n")))
        svg = console.export_svg(title="reconciler", code_format=TEMPLATE, unique_id=f"story-{name}")
    _say(PICTURES / f"{name}.svg", svg.encode())


def photograph(name: str, page: Page) -> None:
    """The page as it stands in the browser, in few colours: it is drawn, not photographed."""
    import io

    from PIL import Image

    picture = Image.open(io.BytesIO(page.screenshot()))
    out = io.BytesIO()
    picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    _say(PICTURES / f"{name}.png", out.getvalue())


def _say(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    print(f"docs/story/{path.name}: {len(data) // 1024} KB")


if __name__ == "__main__":
    main()
