"""The documentation as a site: it is built strictly, says what the pages say, leads nowhere wrong, loads
nothing from elsewhere, can be searched, and can be used on a phone and without seeing it well."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from gettext import translation
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote, urldefrag, urljoin, urlsplit

import pytest
import yaml
from axe_playwright_python.base import AXE_SCRIPT
from lxml import html
from markdown_it import MarkdownIt

from reconciler import language
from tests.browser import chromium, tab

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ADDRESS = "https://site.invalid/"
SERIOUS = """() => axe.run({resultTypes: ["violations"]}).then((found) => found.violations
  .filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => [one.id, one.nodes[0].html]))"""
QUESTIONS = {
    "install": "install/",
    "add a person": "changes/",
    "somebody leaves the company": "changes/",
    "leave a group": "changes/",
    "send invite link": "invitations/",
    "environment variables": "configuration/",
    "change the icon": "changes/",
    "undo": "changes/",
    "existing groups": "existing-groups/",
    "multiple accounts": "scale/",
    "exit code 3": "exit-codes/",
    "credentials are missing": "troubleshooting/",
    "github actions": "ci/",
    "gitlab": "ci/",
}
"""What a newcomer types, and the page that has to be found first."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, DOCS / "build_site.py", folder],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def trees(site: Path) -> dict[str, Any]:
    """Every page of the site, by its address."""
    return {
        urljoin(ADDRESS, f"{path.parent.relative_to(site)}/".removeprefix("./")): html.parse(path).getroot()
        for path in sorted(site.rglob("index.html"))
    }


def nav(node: Any) -> Iterator[str]:
    match node:
        case str():
            yield node
        case list():
            for each in node:
                yield from nav(each)
        case dict():
            for each in node.values():
                yield from nav(each)


def test_every_page_has_its_place(site: Path) -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    places = list(nav(yaml.safe_load(text.partition("\nnav:\n")[2])))
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("*.md")}
    assert written <= set(places)
    assert len(places) == len(set(places))
    for place in places:
        assert (site / place.removesuffix("index.md").removesuffix(".md") / "index.html").exists(), place


def test_links_lead_to_what_is_there_and_nothing_is_loaded_from_elsewhere(
    site: Path, trees: dict[str, Any]
) -> None:
    anchors = {address: set(tree.xpath("//@id")) for address, tree in trees.items()}
    seen = 0
    for address, tree in trees.items():
        loaded = tree.xpath("//@src | //link[not(@rel='canonical')]/@href | //form/@action")
        assert [each for each in loaded if urljoin(address, each).partition(ADDRESS)[0]] == [], address
        for link in (*loaded, *tree.xpath("//a/@href")):
            target, anchor = urldefrag(urljoin(address, link))
            if not target.startswith(ADDRESS):
                continue
            seen += 1
            assert (site / unquote(target.removeprefix(ADDRESS))).exists(), f"{address}: {link}"
            if anchor and target in anchors:
                assert unquote(anchor) in anchors[target], f"{address}: {link}"
    assert seen > 1000


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("README*.md"), *DOCS.rglob("*.md")]), ids=lambda page: page.name
)
def test_a_page_reads_as_on_a_code_host(page: Path, trees: dict[str, Any]) -> None:
    """Lists, code and tables that only one kind of Markdown sees would be a heap of text on the site."""
    readmes = {"README.md": "", "README.pt-BR.md": "pt-BR/"}
    place = readmes[page.name] if page.parent == ROOT else f"{page.relative_to(DOCS).with_suffix('')}/"
    (article,) = trees[urljoin(ADDRESS, place)].xpath("//article")
    there = MarkdownIt("gfm-like").render(page.read_text(encoding="utf-8"))
    kinds = ("li", "pre", "tr", "h2", "h3", "img", "strong")
    expected = Counter(each.tag for each in html.fromstring(f"<div>{there}</div>").iter(*kinds))
    assert Counter(each.tag for each in article.iter(*kinds)) == expected


def test_a_page_in_another_language_says_so(trees: dict[str, Any]) -> None:
    """A screen reader would read it as English otherwise."""
    said = {address.removeprefix(ADDRESS): tree.xpath("//article/@lang") for address, tree in trees.items()}
    portuguese = ("pt-BR/", "first-repository.pt-BR/", "glossary.pt-BR/")
    expected = {place: ["pt-BR"] for place in portuguese}
    assert {place: found for place, found in said.items() if found} == expected


def test_the_reference_has_every_command_key_and_message(trees: dict[str, Any]) -> None:
    def text(name: str) -> str:
        return str(trees[urljoin(ADDRESS, f"reference/{name}/")].xpath("string(//article)"))

    assert "reconciler state migrate" in text("commands")
    assert "--lock-timeout" in text("commands")
    assert "permissions.approve_members" in text("files")
    assert "api.create_patience" in text("files")
    assert "groups[].to_invite[].person" in text("outputs")
    assert "no-account" in text("objections")
    unasked = "there is no terminal to ask on"
    portuguese = translation(language.DOMAIN, language.FOLDER, ["pt_BR"]).gettext(unasked)
    assert portuguese != unasked
    assert {unasked, portuguese} <= set(trees[urljoin(ADDRESS, "reference/messages/")].xpath("//td/text()"))


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]
)
def test_it_can_be_read_in_any_light_and_width(served: str, scheme: Any, width: int) -> None:
    with (
        chromium() as browser,
        tab(browser, color_scheme=scheme, viewport={"width": width, "height": 800}) as (page, seen),
    ):
        for place in (
            "",
            "first-repository/",
            "pt-BR/",
            "glossary.pt-BR/",
            "troubleshooting/",
            "reference/files/",
        ):
            page.goto(served + place)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, place
            page.evaluate(AXE_SCRIPT)
            assert page.evaluate(SERIOUS) == [], place
        assert [each for each in seen.requests if not each.startswith(served)] == []


def test_a_newcomers_questions_are_answered_by_the_first_page_found(served: str) -> None:
    with chromium() as browser, tab(browser, viewport={"width": 1280, "height": 900}) as (page, _):
        found = {}
        for words in QUESTIONS:
            page.goto(served)
            found[words] = first_found(page, words)
        assert found == QUESTIONS


def first_found(page: Any, words: str) -> str:
    """The page to which the first result leads, when the search is filled in as a reader does."""
    page.locator(".md-search__button").first.click()
    page.keyboard.insert_text(words)  # at once: no results of half of it
    first = page.locator(f"a[href*='?h={quote_plus(words)}']").first
    first.wait_for()
    return str(urlsplit(first.get_attribute("href")).path.removeprefix("/"))
