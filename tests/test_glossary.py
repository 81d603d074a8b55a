"""One word a thing: the glossary has every status, action, cause, change and guard with the word that people
read, and neither outputs, nor help, nor pages say another word for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.cli.app import program
from reconciler.cli.common import LazyGroup
from reconciler.planning.guards import NEVER_LIFTED, ON_THE_COMMAND_LINE
from reconciler.report import apply, changes, drift, words
from tests.support import Repo

ROOT = Path(__file__).parent.parent
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
KEYS = ("status", "action", "origin", "role", "verdict", "code", "cause")
OUTPUTS = (
    "accept",
    "apply",
    "doctor",
    "drift",
    "import",
    "invites",
    "list",
    "message",
    "plan",
    "rotated",
    "sent",
)

OTHER_WORDS = re.compile(
    r"edited outside|(?<!-)\bpending\b|\b(?:groups?|is|are|as) held\b(?! by)|out of sync"
    r"|(?:changed?|edited|change made) by hand"
)
"""What used to be said, or might be, of what has a word in the glossary."""


def values(node: Any, key: str = "") -> Iterator[str]:
    """The values that an output may have under one of `KEYS`, and the kinds of changes."""
    if isinstance(node, dict):
        if key in KEYS or (key == "kind" and "set_subject" in node.get("enum", ())):
            yield from filter(lambda value: isinstance(value, str), node.get("enum", ()))
        for name, each in node.items():
            yield from values(each, name)
    elif isinstance(node, list):
        for each in node:
            yield from values(each)


def test_every_value_of_an_output_is_in_the_glossary() -> None:
    found = set(NEVER_LIFTED | ON_THE_COMMAND_LINE)
    for name in (*OUTPUTS, "config"):
        schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
        found |= set(values(schema))
    assert {"edited_outside", "pending", "held", "no-account", "demote-many", "set_icon", "before"} <= found
    assert [value for value in sorted(found) if f"`{value}`" not in GLOSSARY] == []


def test_every_word_of_a_status_stands_beside_its_value() -> None:
    rows = [line.split("|")[1:3] for line in GLOSSARY.splitlines() if line.startswith("| ")]
    pairs = {
        (word.strip(), value.strip())
        for said, value in rows
        for word in said.split(", ")
        for value in value.split(", ")
    }
    statuses = [
        *changes.ACTIONS.values(),
        *drift.STATUSES.values(),
        *apply.STATUSES.values(),
        words.UNMANAGED,
    ]
    for status in statuses:
        assert (status.word, f"`{status.key}`") in pairs, status
    for status in (changes.JOINING, changes.TAKEN_ON):
        assert f'"{status.word}"' in GLOSSARY, status
    for cause, (said, _) in drift.CAUSES.items():
        assert f"| {said} | `{cause}` |" in GLOSSARY, cause


@pytest.mark.parametrize("name", ["text", "markdown", "html", "github", "junit"])
def test_no_output_has_another_word(repo: Repo, name: str) -> None:
    """One group that was changed outside, one on hold, one that is not applied yet."""
    for group in ("drifted", "waiting", "quiet"):
        repo.group(group, f"subject: {group.capitalize()}\nadmins: [ana]\n")
    assert repo.apply().code == 0
    repo.api.set_subject(repo.live("Drifted")["id"], "Another")
    repo.group("waiting", "subject: Soon\n")
    repo.group("quiet", "subject: Later\nhold: {reason: campaign, until: 2099-12-01}\n")
    for verb in ("plan", "drift", "apply"):
        done = repo.run(verb, "--format", name, *(["--yes"] if verb == "apply" else []))
        said = re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]*>", " ", done.out, flags=re.S) + done.err
        assert OTHER_WORDS.findall(said) == [], verb
        assert verb == "apply" or "changed outside" in said


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name)
    yield name, command.get_help(context)
    if isinstance(command, LazyGroup):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from helps(found, f"{name} {each}")


def test_no_help_and_no_page_has_another_word() -> None:
    texts = dict(helps(program, "reconciler"))
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        texts[path.name] = re.sub(r"`[^`\n]*`", "", path.read_text(encoding="utf-8"))
    assert {name: found for name, text in texts.items() if (found := OTHER_WORDS.findall(text))} == {}


def test_the_glossary_is_linked_from_where_its_words_are_met() -> None:
    for name in ("README.md", "docs/drift.md", "docs/formats.md"):
        assert "glossary.md" in (ROOT / name).read_text(encoding="utf-8"), name
