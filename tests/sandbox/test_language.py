"""The pages are in the language that is spoken; what answers programs stays as the service says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from reconciler import language

from .conftest import ACCOUNT, ANA, BRUNO, Client, picture
from .test_pages import HOSTILE, Browser

CONVERSATION = "in a conversation"
WORDS = {
    ("Groups", None): "Grupos",
    ("Fill in the subject.", None): "Preencha o nome do grupo.",
    ("The creator of a group cannot be demoted", None): "O criador não pode ser removido como admin",
    ("registered: another number than the person's own", None): "registered: outro número",
    ("by invitation only", None): "só por convite",
    ("{at:%d %b %Y, %H:%M}", None): "{at:%d/%m/%Y %H:%M}",
    ("in the community {community}", None): "na comunidade <{community}>",
    ("everyone", "who may do it"): "todos os participantes",
    ("announcements", "what a group is"): "grupo de avisos",
    ("left", CONVERSATION): "saiu",
    ("changed the subject to “{subject}”", CONVERSATION): "mudou o nome para “{subject}”",
    (("{n} person", "{n} people"), None): ("{n} pessoa", "{n} de pessoas", "{n} pessoas"),
}


@pytest.fixture
def browser(api: Client) -> Iterator[Browser]:
    browser = Browser(api.server.base_url)
    yield browser
    browser.session.close()


@pytest.fixture(autouse=True)
def portuguese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Portuguese is spoken, as far as it is needed here."""
    catalogue = Catalog(locale="pt_BR")
    for (text, context), said in WORDS.items():
        catalogue.add(text, said, context=context)
    path = tmp_path / "pt_BR/LC_MESSAGES/reconciler.po"
    path.parent.mkdir(parents=True)
    path.touch()
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    language.use("pt-BR")
    yield
    language.use(language.ENGLISH)


def test_pages_are_in_the_language(api: Client, browser: Browser) -> None:
    parent = api.control.seed("Acme", kind="community")[0]["id"]
    group = api.control.seed("Avisos", participants=[ANA], kind="announcements", parent=parent)[0]["id"]
    api.control.write(ANA, "Oi", group)
    page = browser.get(f"/groups/{group}").text
    assert '<html lang="pt-BR">' in page
    assert '<a href="/">Grupos</a>' in page
    assert "2 pessoas" in page
    assert "grupo de avisos</span>" in page
    assert re.search(r"<time>\d\d/\d\d/\d{4} \d\d:\d\d</time>", page)
    assert f'na comunidade &lt;<a href="/groups/{parent}"><bdi>Acme</bdi></a>&gt;' in page
    api.control.person(ANA, refusal=403)
    assert "só por convite</span>" in browser.get("/people").text


def test_what_is_chosen_is_sent_as_the_service_calls_it(api: Client, browser: Browser) -> None:
    group = api.control.seed("Suporte", participants=[ANA])[0]["id"]
    assert (
        '<option value="everyone" selected>todos os participantes</option>'
        in browser.get(f"/groups/{group}").text
    )
    values = {"send_messages": "admins", "edit_info": "everyone", "add_members": "everyone"}
    browser.post(f"/groups/{group}", f"/groups/{group}/permissions", {**values, "approve_members": "yes"})
    permissions = api.control.group(group)["permissions"]
    assert permissions == {**values, "approve_members": True}


def test_what_happened_is_stored_in_english_and_shown_in_the_language(api: Client, browser: Browser) -> None:
    group = api.control.seed("Suporte", participants=[ANA, BRUNO])[0]["id"]
    api.control.leave(group, ANA)
    api.control.set_subject(group, HOSTILE)
    assert api.control.group(group)["notices"] == [
        f"{ANA} left",
        f"{ACCOUNT} changed the subject to “{HOSTILE}”",
    ]
    page = browser.get(f"/groups/{group}").text
    assert "<bdi>saiu</bdi>" in page
    assert "<bdi>mudou o nome para “&lt;script&gt;" in page
    assert "<script" not in page


def test_a_refusal_is_told_people_in_the_language_and_programs_as_ever(api: Client, browser: Browser) -> None:
    group = api.control.seed("Suporte", participants=[ANA], creator=ANA, icon=picture())[0]["id"]
    page = f"/groups/{group}"
    assert "Preencha o nome do grupo." in browser.post(page, f"{page}/subject", {"subject": " "}).text
    answer = browser.post(page, f"{page}/demote", {"number": ANA})
    assert "O criador não pode ser removido como admin" in answer.text
    person = f"/people/{ANA}"
    same = browser.post(person, f"{person}/adding", {"registered": ANA, "refusal": "", "hidden": "no"})
    assert "registered: outro número" in same.text
    with pytest.raises(Exception, match="The creator of a group cannot be demoted"):
        api.control.demote(group, ANA)
