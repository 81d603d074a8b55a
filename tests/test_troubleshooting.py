"""Every message that the page of troubleshooting explains is still one that the program says."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)


def text(node: ast.expr, hole: str) -> str:
    """What an expression says, with `hole` for whatever is filled in."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(text(each, hole) if isinstance(each, ast.Constant) else hole for each in values)
        case _:
            return ""


@cache
def said() -> tuple[str, ...]:
    """All texts of the program: values are filled in as `…`, or as nothing."""
    nodes = [
        node
        for path in (ROOT / "reconciler").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant | ast.JoinedStr)
    ]
    texts = {text(node, hole) for node in nodes for hole in ("…", "")}
    holes = re.compile(r"\{?\{[a-z_0-9]+(?:\[\d\])?(?:![rs])?(?::[^{}]*)?\}\}?")
    return tuple(texts | {holes.sub(filled, each) for each in texts for filled in ("…", "")})


def is_said(heading: str) -> bool:
    """Whether a text has the heading in it, whose `…` stand for anything; or, where the heading has real
    values, whether it has a text in it that is more than them."""
    pattern = re.compile(".*?".join(re.escape(part) for part in re.split(r"`…`|…", heading)), re.DOTALL)
    return any(pattern.search(each) for each in said()) or any(
        sum(map(len, parts)) >= 13 and re.search(".+?".join(map(re.escape, parts)), heading)
        for each in said()
        if (parts := each.split("…"))[1:]
    )


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_message_is_one_of_the_program(heading: str) -> None:
    assert is_said(heading), "the program says so no more: say its present words, or take the entry away"


def test_others_are_not_found() -> None:
    assert not is_said("the credentials were eaten by …")
    assert len(HEADINGS) == len(set(HEADINGS)) > 50
