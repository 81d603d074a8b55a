"""Pictures that a state file says were applied: read leniently, because the state itself is read later."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.model.record import Applied, IconRecord, Record
from reconciler.state.file import FileStore, applied_icons
from tests.state.conftest import BASE_URL, FakeClock

ICON = IconRecord("a" * 64, "b" * 64, "https://cdn.example/icon.jpeg", 2500)


def test_the_sources_of_the_recorded_icons(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "state.json"
    with FileStore(path, BASE_URL, "state.json").lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("with", Record(id="1@g.us", icon=ICON))
        journal.record("without", Record(id="2@g.us"))

    assert applied_icons(path) == {"a" * 64}


def test_a_text_that_looks_like_a_record_is_none(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "state.json"
    looks = f'"icon": {{"source": "{"c" * 64}"}}'
    with FileStore(path, BASE_URL, "state.json").lock(timeout=0, clock=clock, holder="me") as journal:
        journal.record("named", Record(id="1@g.us", applied=Applied(subject=looks)))

    assert applied_icons(path) == frozenset()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"groups": []}', '{"groups": {"a": 1}}', '{"groups":{"a":{"icon":1}}}'],
)
def test_a_file_that_makes_no_sense_says_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    assert applied_icons(path) == frozenset()


def test_no_file_a_folder_and_a_pipe_say_nothing(tmp_path: Path) -> None:
    assert applied_icons(tmp_path / "none.json") == frozenset()
    assert applied_icons(tmp_path) == frozenset()
    os.mkfifo(tmp_path / "pipe")
    assert applied_icons(tmp_path / "pipe") == frozenset()
