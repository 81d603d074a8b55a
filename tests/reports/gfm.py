"""Markdown as GitHub and GitLab show it, by a CommonMark library with their extensions: a judge of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

GFM = MarkdownIt("gfm-like", {"html": True, "linkify": True})
OUR_HTML = re.compile(
    r"<!-- reconciler \{.*\} -->\n?|<details(?: open)?>\n<summary>[\w ,:]+</summary>\n?|</details>\n?"
)
REFERENCE = re.compile(
    r"@\w|#\d|!\d|\$\d|&\d|%\d|~\w|\bGH-\d|:[a-z0-9_+-]+:|https?:|www\.|\b[0-9a-f]{7,40}\b|\w@\w|^/\w",
    re.IGNORECASE,
)


def inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def visible(text: str) -> str:
    """What a reader sees, line by line."""
    lines = []
    for token in GFM.parse(text):
        if token.type in ("fence", "code_block"):
            lines.append(token.content)
        elif token.type == "inline":
            lines.append(
                "".join("\n" if each.type == "softbreak" else each.content for each in token.children or ())
            )
    return "\n".join(lines)


def assert_harmless(text: str) -> None:
    tokens = GFM.parse(text)
    kinds = {token.type for token in inline(tokens)}
    assert not kinds & {
        "link_open",
        "image",
        "html_inline",
        "table_open",
        "hr",
        "code_block",
        "s_open",
        "em_open",
    }
    for token in tokens:
        if token.type == "html_block":
            assert OUR_HTML.fullmatch(token.content), token.content
    for token in inline(tokens):
        if token.type == "text":
            assert not REFERENCE.search(token.content), token.content
        if token.type == "fence":
            assert not re.search(r"^[^-+! ]", token.content, re.MULTILINE), token.content


def shape(text: str) -> list[str]:
    """Headings, as they stand in the page."""
    tokens = GFM.parse(text)
    return [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
