"""Pages of HTML as a browser takes them: quiet, offline, usable without script, for everybody, and harmless
whatever outsiders wrote. One headless Chromium for all; skipped where there is none."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from reconciler import pictures
from reconciler.errors import Location
from reconciler.model.drift import Drift
from reconciler.model.live import Thumbnails
from reconciler.model.plan import Note
from reconciler.report import apply, drift, validate
from reconciler.report.escape import visible
from reconciler.report.section import Run
from tests.browser import chromium, complaints_of_the_validator, tab
from tests.support import picture

from . import based, drifts, samples
from .hostile import HOSTILE, complaints_with, plan_with, result_with
from .runs import Look, draw_plan, render
from .samples import LOGO, PHOTO, REDACTOR, RUN

INCOMPLETE = replace(RUN, complete=False)
SHOWN = Thumbnails(
    files={
        LOGO.sha256: pictures.thumbnail(picture("teal")),
        PHOTO.sha256: pictures.thumbnail(picture("peru")),
    },
    live={"suporte-campinas": pictures.thumbnail(picture("maroon", kind="JPEG"))},
    absent={"vendas-sudeste": "not shown: the picture is damaged and cannot be opened"},
)
LONG = "Atendimento" * 18
ODD = drifts.group(
    "n" * 64,
    "drifted",
    drifts.subject("edited_outside", LONG, "مجموعة الدعم الفني", "👩🏽‍💻" * 40 + " שלום " + "W" * 120),
    group_id="a" * 64,
)


def page_of(found: Drift, run: Run = RUN, thumbnails: Thumbnails | None = None) -> str:
    """The page of a drift."""
    return render("html", "drift", drift.told(found, REDACTOR), run, Look(thumbnails=thumbnails))


PAGES = {
    "drift": lambda: page_of(drifts.EVERYTHING, INCOMPLETE, SHOWN),
    "in sync": lambda: page_of(drifts.IN_SYNC),
    "pending": lambda: page_of(drifts.PENDING),
    "on hold": lambda: page_of(drifts.ON_HOLD),
    "odd": lambda: page_of(replace(drifts.EVERYTHING, groups=(ODD,))),
    "plan": lambda: draw_plan("html", samples.EVERYTHING, run=INCOMPLETE, look=Look(thumbnails=SHOWN)),
    "base": lambda: draw_plan(
        "html", samples.EVERYTHING, based.BASE, run=INCOMPLETE, look=Look(thumbnails=SHOWN)
    ),
    "customers": lambda: draw_plan("html", samples.CUSTOMERS, run=RUN, look=Look(thumbnails=SHOWN)),
    "nothing": lambda: draw_plan("html", samples.NOTHING, run=RUN),
    "apply": lambda: render("html", "apply", run=INCOMPLETE),
    "validation": lambda: render("html", "validate", validate.told(samples.COMPLAINTS, None), RUN),
    "failure": lambda: render("html", "failure", run=RUN),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name, draw in PAGES.items():
        found[name] = folder / f"{name.replace(' ', '-')}.html"
        found[name].write_text(draw(), encoding="utf-8")
    return found


def shown(page: Page) -> list[str]:
    """The names of the groups whose entries can be seen."""
    return page.locator("article.entry:visible h3").all_text_contents()


def test_the_validator_has_no_complaint(files: dict[str, Path]) -> None:
    assert complaints_of_the_validator(list(files.values())) == ""


# Inline elements have no client width of their own.
CUT = """() => [...document.querySelectorAll("article, article *, .cards *")].filter(
  (each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1
).map((each) => each.outerHTML.slice(0, 200))"""


def test_quiet_offline_and_within_a_phone(browser: Browser, files: dict[str, Path]) -> None:
    with tab(browser) as (page, seen):
        for name, file in files.items():
            seen.requests.clear()
            page.goto(file.as_uri())
            for width in (360, 1120):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") == width, name
                assert page.evaluate(CUT) == [], (name, width)
            assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)"), name
            assert (seen.console, seen.asked, seen.dialogs) == ([], [], []), name


AXE = """(options) => axe.run(options).then(
  (found) => found.violations.map((one) => [one.id, one.nodes[0].html]))"""
CONTRAST = {"runOnly": ["color-contrast"]}


@pytest.mark.parametrize(
    ("scheme", "width", "names", "options"),
    [
        ("light", 1120, ["drift", "plan", "validation"], {}),
        ("light", 360, ["in sync"], {}),
        ("dark", 1120, ["drift", "customers"], CONTRAST),
    ],
)
def test_axe_finds_no_violation(
    browser: Browser,
    files: dict[str, Path],
    scheme: Any,
    width: int,
    names: list[str],
    options: dict[str, Any],
) -> None:
    with tab(browser, color_scheme=scheme, viewport={"width": width, "height": 800}) as (page, _):
        for name in names:
            page.goto(files[name].as_uri())
            page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true })")
            page.evaluate(AXE_SCRIPT)
            assert page.evaluate(AXE, options) == [], name
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) > 600) == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_the_sun(browser: Browser, files: dict[str, Path], scheme: Any) -> None:
    """Seven to one, also of small words beside others, as WCAG asks for at AAA."""
    with tab(browser, color_scheme=scheme, viewport={"width": 360, "height": 800}) as (page, _):
        for name in ("drift", "plan", "customers"):
            page.goto(files[name].as_uri())
            page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true })")
            page.evaluate(AXE_SCRIPT)
            assert page.evaluate(AXE, {"runOnly": ["color-contrast-enhanced"]}) == [], name


def test_on_a_phone_the_facts_of_the_run_come_after_the_groups(
    browser: Browser, files: dict[str, Path]
) -> None:
    top = "(name) => document.querySelector(name).getBoundingClientRect().top"
    for width, later in ((360, True), (1280, False)):
        with tab(browser, viewport={"width": width, "height": 800}) as (page, _):
            page.goto(files["drift"].as_uri())
            facts, groups = page.evaluate(top, ".facts"), page.evaluate(top, "main")
            assert (facts > groups) is later


def test_axe_would_find_a_violation(browser: Browser, files: dict[str, Path]) -> None:
    with tab(browser) as (page, _):
        page.goto(files["nothing"].as_uri())
        page.evaluate("document.querySelector('h1').style.color = 'var(--line)'")
        page.evaluate(AXE_SCRIPT)
        assert [found for found, _ in page.evaluate(AXE, CONTRAST)] == ["color-contrast"]


def test_filters(browser: Browser, files: dict[str, Path]) -> None:
    every = [group.name for group in drifts.EVERYTHING.groups if group.status != "in_sync"]
    with tab(browser) as (page, _):
        page.goto(files["drift"].as_uri())
        bar = page.locator("#filters")
        assert sorted(shown(page)) == sorted(every)

        bar.get_by_role("button", name="Drifted").click()
        assert shown(page) == ["suporte-campinas", "cliente-delta", "vendas-sudeste"]
        bar.get_by_role("button", name="Missing").click()
        assert len(shown(page)) == 5
        bar.get_by_role("button", name="Missing").click()
        bar.get_by_role("button", name="Admins").click()
        assert shown(page) == ["suporte-campinas", "cliente-delta"]
        page.get_by_label("Name").fill("SUPORTE")
        assert shown(page) == ["suporte-campinas"]
        assert page.get_by_role("status").text_content() == "1 of 12 shown"
        assert (
            page.locator("h2:visible").all_inner_texts() == ["Drifted 1"]
            or "Drifted" in page.locator("section:visible h2").first.inner_text()
        )
        page.get_by_role("button", name="Show all").click()
        assert sorted(shown(page)) == sorted(every)
        assert page.get_by_label("Name").input_value() == ""

        page.get_by_label("Name").fill("tranq")
        assert shown(page) == []
        assert page.locator("details li:visible bdi").first.text_content() == "tranquilo"
        page.get_by_label("Name").fill("")
        bar.get_by_role("button", name="In sync").click()
        assert shown(page) == []
        assert page.locator("details[open] li:visible").count() == 1


def test_what_this_change_causes_can_be_told_from_what_was_there(
    browser: Browser, files: dict[str, Path]
) -> None:
    with tab(browser) as (page, _):
        page.goto(files["base"].as_uri())
        mine = page.locator("#this_change h3").all_text_contents()
        theirs = page.locator("#before h3").all_text_contents()
        assert "suporte-campinas" in mine
        assert "suporte-campinas" in theirs  # some of it is, some was there
        assert "antigo" in theirs
        page.get_by_role("button", name="Merging also makes these").click()
        assert set(theirs) <= set(shown(page))
        assert page.locator("#this_change").is_hidden()
        page.get_by_role("button", name="Leave").first.click()
        assert shown(page) == ["antigo"]


def test_readable_without_script(browser: Browser, files: dict[str, Path]) -> None:
    with tab(browser, java_script_enabled=False) as (page, seen):
        page.goto(files["drift"].as_uri())
        assert page.locator("article.entry:visible").count() == 12
        assert page.locator("#filters").is_hidden()
        assert page.locator("button:visible").count() == 0
        page.locator("summary").first.click()
        assert page.locator("details li:visible").count() == 1
        assert page.locator("h1").is_visible()
    assert seen.console == []


def test_a_command_can_be_copied(browser: Browser, files: dict[str, Path]) -> None:
    with tab(browser, permissions=["clipboard-read", "clipboard-write"]) as (page, seen):
        page.goto(files["drift"].as_uri())
        page.get_by_role("button", name="Copy reconciler accept suporte-campinas").click()
        page.get_by_text("Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == "reconciler accept suporte-campinas"
    assert seen.console == []


def test_printed(browser: Browser, files: dict[str, Path]) -> None:
    with tab(browser, color_scheme="dark") as (page, _):
        page.goto(files["drift"].as_uri())
        page.emulate_media(media="print")
        assert page.locator("#filters").is_hidden()
        assert page.locator("article.entry:visible").count() == 12
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.pdf(format="A4").startswith(b"%PDF-")


STRUCTURE = """() => [...document.querySelectorAll("*")].filter(
  (each) => !(each.matches("code > span") && each.attributes.length === 0)).map(
  (each) => [each.tagName, ...[...each.attributes].map((one) => one.name)].join(" ")).join("\\n")"""
ATTACKS = {
    **HOSTILE,
    "image": "<img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" autofocus onfocus="alert(1)" x=\'',
    "end of all": "</bdi></td></table></style></title></script><script>alert(1)</script>",
    "comment": "--><svg onload=alert(1)><!-- ]]>",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62; &amp;",
    "template": "{{ 7*7 }} {% raw %} ${7*7}",
    "link": "javascript:alert(1)//https://evil.example/",
}


def hostile_pages(attacks: list[str]) -> dict[str, str]:
    """One page of each kind with every attack in every place."""
    plans = [plan_with(words) for words in attacks]
    results = [result_with(words) for words in attacks]
    plan = replace(
        plans[0],
        groups=tuple(group for each in plans for group in each.groups),
        objections=tuple(objection for each in plans for objection in each.objections),
        unmanaged=tuple(found for each in plans for found in each.unmanaged),
        notes=tuple(note for each in plans for note in each.notes),
    )
    result = replace(results[0], plan=plan, groups=tuple(group for each in results for group in each.groups))
    found = replace(
        drifts.EVERYTHING,
        groups=tuple(
            replace(
                drifts.SUPPORT,
                name=f"group-{n}",
                location=Location(words, 1),
                fields=(drifts.subject("edited_outside", words, words, words), *drifts.SUPPORT.fields[2:]),
                notes=(Note("{texts[0]}", texts=(words,)),),
            )
            for n, words in enumerate(attacks)
        ),
        unmanaged=plan.unmanaged,
        notes=plan.notes,
    )
    absent = Thumbnails(absent={f"group-{n}": words for n, words in enumerate(attacks)})
    run = replace(RUN, commit=attacks[0], account=attacks[1], api=attacks[2])
    complaints = tuple(complaint for words in attacks for complaint in complaints_with(words))
    return {
        "plan": draw_plan("html", plan, run=run),
        "drift": page_of(found, run, absent),
        "apply": render("html", "apply", apply.told(result, REDACTOR), run),
        "validation": render("html", "validate", validate.told(complaints, None), run),
    }


def test_words_of_outsiders_stay_words(browser: Browser, tmp_path: Path) -> None:
    """No dialog, no element or attribute that harmless words would not make, and the words as they are."""
    attacks = [words for words in ATTACKS.values() if words]
    harmless = hostile_pages([f"quiet words {n}" for n in range(len(attacks))])
    file = tmp_path / "page.html"
    with tab(browser) as (page, seen):
        for name, text in hostile_pages(attacks).items():
            file.write_text(harmless[name], encoding="utf-8")
            page.goto(file.as_uri())
            structure = page.evaluate(STRUCTURE)
            file.write_text(text, encoding="utf-8")
            seen.requests.clear()
            page.goto(file.as_uri())
            assert page.evaluate(STRUCTURE) == structure, name
            if name in ("plan", "drift"):
                redacted = [visible(REDACTOR.untrusted(words)) for words in attacks]
                quoted = dict.fromkeys(page.locator("q bdi").all_text_contents())
                assert [each for each in quoted if each != "Suporte Cps"] == redacted, name
            assert (seen.console, seen.asked, seen.dialogs) == ([], [], []), name


INJECTED = """
  <script>window.pwned = "script"</script>
  <script nonce="guess">window.pwned = "nonce"</script>
  <script src="HOST/x.js"></script>
  <img src="HOST/beacon.png" onerror="window.pwned = 'handler'">
  <svg onload="window.pwned = 'svg'"></svg>
  <iframe src="HOST/frame"></iframe>
  <iframe srcdoc="<script>parent.pwned = 'frame'</script>"></iframe>
  <object data="HOST/object"></object>
  <link rel="stylesheet" href="HOST/style.css">
  <style>@import "HOST/a.css"; body { background: url(HOST/b.png) }</style>
  <base href="HOST/">
  <form action="HOST/form"><button id="send">x</button></form>
  <a id="go" href="javascript:window.pwned = 'link'">x</a>
"""
SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine on which nobody should ask for anything."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.setblocking(False)
        yield found


def asked(listener: socket.socket) -> bool:
    """Whether anybody has sent anything. Chromium connects ahead to where a frame or a form would lead, which
    it then does not go to: a connection without a byte is no request."""
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return False
        with connection:
            connection.settimeout(0.3)
            with suppress(TimeoutError):
                if connection.recv(1):
                    return True


def test_the_policy_holds_where_escaping_fails(
    browser: Browser, tmp_path: Path, listener: socket.socket
) -> None:
    """Markup put into a finished page, as if something had not been escaped: nothing of it acts, though the
    page's own script does."""
    injected = INJECTED.replace("HOST", f"http://127.0.0.1:{listener.getsockname()[1]}")
    file = tmp_path / "page.html"
    file.write_text(PAGES["drift"]().replace("<main>", f"<main>{injected}", 1), encoding="utf-8")
    with tab(browser) as (page, seen):
        page.goto(file.as_uri())
        page.locator("#filters").get_by_role("button", name="Drifted").click()
        assert len(shown(page)) == 3
        page.locator("#go").click()
        page.evaluate("document.querySelector('#send').click()")
        page.evaluate(SETTLED)
        assert page.evaluate("window.pwned") is None
        assert page.url == file.as_uri()
        assert not asked(listener)
    assert any("Content Security Policy" in line for line in seen.console)


def test_without_the_policy_it_would_act(browser: Browser, tmp_path: Path, listener: socket.socket) -> None:
    """The test above would notice."""
    injected = INJECTED.replace("HOST", f"http://127.0.0.1:{listener.getsockname()[1]}")
    text = PAGES["nothing"]().replace("Content-Security-Policy", "nothing")
    file = tmp_path / "page.html"
    file.write_text(text.replace("<main>", f"<main>{injected}", 1), encoding="utf-8")
    with tab(browser) as (page, seen):
        page.goto(file.as_uri(), wait_until="commit")
        page.wait_for_function("window.pwned !== undefined")
        assert asked(listener)
    assert seen.asked
