"""Every word of the sandbox's pages can be said in another language: none stands bare in a template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler import sandbox

TEMPLATES = Path(sandbox.__file__).parent / "templates"
FILLED_IN = re.compile(r"<pre>.*?</pre>|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|placeholder|title|alt)="([^"]*)"')
"""Attributes that people are shown or told."""
NO_WORDS = re.compile(r"<[^>]*>|[sS]andbox", re.DOTALL)


def bare(template: str) -> list[str]:
    """Return the words of a template that no message holds."""
    left = FILLED_IN.sub(" ", template)
    shown = " ".join((NO_WORDS.sub(" ", left), *SPOKEN.findall(left)))
    return re.findall(r"[^\W\d_]{2,}", shown)


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_word_stands_bare_in_a_template(path: Path) -> None:
    assert bare(path.read_text(encoding="utf-8")) == [], "put it into tr()"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>Nothing yet</p>", ["Nothing", "yet"]),
        ('<input aria-label="Message" name="text">', ["Message"]),
        ('<p>{{ tr("Nothing yet") }} · {{ group.subject }}</p>', []),
    ],
)
def test_a_bare_word_is_found(template: str, words: list[str]) -> None:
    assert bare(template) == words
