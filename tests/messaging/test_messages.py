"""What people are written: the text, once for each group, or the template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Problem
from reconciler.messaging.messages import DEFAULT_TEXT, drafts, filled
from reconciler.model.messages import MOST_TEXT
from reconciler.model.settings import InviteSettings
from tests.messaging.build import ANA, BRUNO, LINK, waiting

ONE = [waiting("suporte")]
TWO = [waiting("suporte"), waiting("vendas")]


def test_the_text_as_it_comes() -> None:
    assert filled(DEFAULT_TEXT, ANA, ONE) == (
        "Olá, Ana Souza! Aqui está o seu convite para o WhatsApp. Para entrar, abra o link:\n"
        f"Suporte: {LINK}suporte\n"
        "O convite é só para você: por favor, não o repasse."
    )
    assert filled(DEFAULT_TEXT, BRUNO, TWO).split("\n") == [
        "Olá! Aqui está o seu convite para o WhatsApp. Para entrar, abra o link:",
        f"Suporte: {LINK}suporte",
        f"Vendas: {LINK}vendas",
        "O convite é só para você: por favor, não o repasse.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{link}", f"{LINK}suporte\n{LINK}vendas"),
        ("Entre: {link}", f"Entre: {LINK}suporte\nEntre: {LINK}vendas"),
        ("a\n\n{subject}\n{link}\n\nb", f"a\n\nSuporte\n{LINK}suporte\nVendas\n{LINK}vendas\n\nb"),
        ("{subject}\n \n{link}\n", f"Suporte\n \n{LINK}suporte\nVendas\n \n{LINK}vendas\n"),
        (
            "{{link}} {x} {link}",
            f"{{{LINK}suporte}} {{x}} {LINK}suporte\n{{{LINK}vendas}} {{x}} {LINK}vendas",
        ),
    ],
)
def test_the_lines_about_a_group_stand_once_for_each(text: str, expected: str) -> None:
    assert filled(text, ANA, TWO) == expected


@pytest.mark.parametrize(
    ("text", "with_name", "without"),
    [
        ("Oi {name}!", "Oi Ana Souza!", "Oi!"),
        ("Oi, {name}. {link}", f"Oi, Ana Souza. {LINK}suporte", f"Oi. {LINK}suporte"),
        ("{name}, entre: {link}", f"Ana Souza, entre: {LINK}suporte", f"entre: {LINK}suporte"),
        ("{name}\n{link}", f"Ana Souza\n{LINK}suporte", f"\n{LINK}suporte"),
    ],
)
def test_a_name_that_nobody_knows_leaves_no_gap(text: str, with_name: str, without: str) -> None:
    assert filled(text, ANA, ONE) == with_name
    assert filled(text, BRUNO, ONE) == without


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("{link} {name}", "{link} {name}"),
        ("a\nb\r\n\u2028c\x00d\u202ee\u200b", "a b c de"),
        ("x" * 500, "x" * 200),
        ("", "suporte"),
        ("👩‍💻 ☕", "👩‍💻 ☕"),
    ],
)
def test_a_subject_is_one_line_and_never_read_for_placeholders(title: str, shown: str) -> None:
    assert filled("{subject}", ANA, [waiting("suporte", title=title)]) == shown


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_subject_and_no_name_makes_a_line_or_a_link(title: str, name: str) -> None:
    text = filled(
        "{name}\n{subject}\n{link}", replace(ANA, name=f"A{name}"), [waiting("g", title=f"S{title}")]
    )
    assert text.count("\n") == 2
    assert text.split("\n")[2] == f"{LINK}g"


def test_more_groups_than_fit_make_more_messages_and_no_link_is_lost() -> None:
    groups = [waiting(f"grupo-{n}") for n in range(150)]
    found = drafts(BRUNO, groups, InviteSettings())
    texts = [draft.body["messageText"] for draft in found if not isinstance(draft.body, Problem)]
    assert len(texts) == len(found) > 1
    assert all(isinstance(text, str) and len(text) <= MOST_TEXT for text in texts)
    assert [name for draft in found for name in draft.groups] == [group.name for group in groups]
    lines = [line for text in texts for line in str(text).split("\n")]
    assert all(f"{group.title}: {group.link}" in lines for group in groups)


@pytest.mark.parametrize(("padding", "fits"), [(4096 - len(f"{LINK}suporte"), True), (4096, False)])
def test_a_text_that_is_too_long_is_never_made(padding: int, fits: bool) -> None:
    settings = InviteSettings(text="x" * padding + "{link}")
    (draft,) = drafts(ANA, ONE, settings)
    if fits:
        assert not isinstance(draft.body, Problem)
        assert len(str(draft.body["messageText"])) == MOST_TEXT
    else:
        assert isinstance(draft.body, Problem)
        assert draft.body.code == "too_long"


@pytest.mark.parametrize(
    "link", [None, "undefined", "http://chat.whatsapp.com/a", f"{LINK}a?b", f"{LINK}a\n", LINK, f" {LINK}a"]
)
def test_a_link_that_is_none_is_in_no_message(link: str | None) -> None:
    junk = waiting("suporte", link=link)
    for settings in (InviteSettings(), InviteSettings(template={"elementName": "x", "p": ["{link}"]})):
        bad, good = drafts(ANA, [junk, waiting("vendas")], settings)
        assert isinstance(bad.body, Problem)
        assert (bad.groups, bad.body.code) == (("suporte",), "junk_link")
        assert good.groups == ("vendas",)
        assert not isinstance(good.body, Problem)


TEMPLATE: dict[str, Any] = {
    "namespace": "ns",
    "elementName": "convite",
    "languageCode": "pt_BR",
    "bodyParameters": [{"type": "TEXT", "text": "{name}"}, {"type": "TEXT", "text": "{subject}"}],
    "buttons": {"url": "{link}", "index": 0},
}


def test_a_template_is_filled_wherever_a_placeholder_stands_one_message_a_group() -> None:
    found = drafts(ANA, TWO, InviteSettings(template=TEMPLATE))
    assert [draft.groups for draft in found] == [("suporte",), ("vendas",)]
    assert found[0].body == {
        "template": {
            "namespace": "ns",
            "elementName": "convite",
            "languageCode": "pt_BR",
            "bodyParameters": [{"type": "TEXT", "text": "Ana Souza"}, {"type": "TEXT", "text": "Suporte"}],
            "buttons": {"url": f"{LINK}suporte", "index": 0},
        }
    }
    assert TEMPLATE["buttons"]["url"] == "{link}", "the configuration is not changed"


def test_a_template_that_needs_a_name_is_not_sent_to_who_has_none() -> None:
    (draft,) = drafts(BRUNO, ONE, InviteSettings(template=TEMPLATE))
    assert isinstance(draft.body, Problem)
    assert (draft.body.code, draft.body.hint) == ("no_name", "give them a `name` in contacts.yaml")
