"""What translators are given: every sentence of the code, wherever it stands in it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("msg('one word', why=msg('within another'))", {"one word", "within another"}),
        ("f\"{tr('Examples')}:\"", {"Examples"}),
        ("language.tr_n('{n} group', '{n} groups', count)", {("{n} group", "{n} groups")}),
        ("tr_p('of a group', 'none')", {"none"}),
        ("msg(text)\nsay('no message')", set()),
    ],
)
def test_sentences_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, found: set[str]
) -> None:
    spec = importlib.util.spec_from_file_location("messages", ROOT / ".ci/messages.py")
    assert spec is not None
    assert spec.loader is not None
    messages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(messages)
    (tmp_path / "reconciler").mkdir()
    (tmp_path / "reconciler/module.py").write_text(source)
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    assert {text for place, text, _, _ in messages.sentences() if place == "reconciler/module.py"} == found
