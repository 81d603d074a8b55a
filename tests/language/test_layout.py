"""Longer words and accents break no layout: at 60 columns of a terminal, and on a phone of 360 points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from rich.cells import cell_len

from reconciler import language
from reconciler.report.section import Look
from tests.browser import chromium, tab
from tests.reports import invitations
from tests.reports.runs import VERBS, render
from tests.reports.test_invites import drawn
from tests.reports.test_page import CUT

from . import pseudo

COLUMNS = 60


@pytest.fixture(autouse=True)
def _made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pseudo.build(tmp_path)
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    language.use(pseudo.TAG)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize("verb", ["plan", "apply", "drift"])
def test_a_terminal_of_60_columns_cuts_nothing(verb: str) -> None:
    narrow = render("text", verb, look=Look(width=COLUMNS))
    wide = render("text", verb, look=Look(width=10_000))
    too_long = [line for line in narrow.splitlines() if cell_len(line) > COLUMNS and len(line.split()) > 1]
    assert too_long == []
    assert sorted(_words(narrow)) == sorted(_words(wide))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s]+", text)


PAGES = {verb: partial(render, "html", verb) for verb in VERBS} | {
    "invites": lambda: drawn("html", invitations.EVERYTHING),
    "invites of a sandbox": lambda: drawn(
        "html", invitations.READY, pages="http://sandboxofateam.test:46513"
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_all_of_a_page(name: str, browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    with tab(browser, viewport={"width": 360, "height": 800}) as (page, seen):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.lang") == pseudo.TAG
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate(CUT) == []
        assert seen.console == []
