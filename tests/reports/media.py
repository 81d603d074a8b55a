"""What reads our outputs, written anew from its makers' documents: judges that are not ours to bend."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from lxml import etree
from prometheus_client.parser import text_string_to_metric_families

DATA = Path(__file__).resolve().parents[1] / "data"


# --- GitHub Actions ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A workflow command as the runner understands it."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    data: str = ""


def github_command(line: str) -> Command | None:
    """What the runner makes of a line of a log (actions/runner, ActionCommand.TryParseV2 and TryParse)."""
    stripped = line.lstrip()
    if stripped.startswith("::"):
        end = stripped.find("::", 2)
        if end >= 0:
            name, _, rest = stripped[2:end].partition(" ")
            pairs = (part.partition("=") for part in rest.strip().split(",") if "=" in part)
            properties = {key.strip(): _unescaped(value, ":,") for key, _, value in pairs}
            return Command(name, properties, _unescaped(stripped[end + 2 :], ""))
    found = re.search(r"##\[([^\]]*)\](.*)", line)  # the older form, anywhere in a line
    return Command(found[1].split(" ")[0], {}, found[2]) if found else None


def _unescaped(text: str, more: str) -> str:
    for character in ("\r", "\n", *more, "%"):  # `%` last
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def github_file(text: str) -> dict[str, str]:
    """What the runner reads from `$GITHUB_OUTPUT` (actions/runner, FileCommandManager)."""
    lines = re.split(r"\r\n|\n", text)
    found: dict[str, str] = {}
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            key, _, value = line.partition("=")
        else:
            assert heredoc > 0, f"invalid format: {line!r}"
            key, _, delimiter = line.partition("<<")
            assert delimiter
            end = lines.index(delimiter)
            value, lines = "\n".join(lines[:end]), lines[end + 1 :]
        assert key
        found[key] = value
    return found


# --- documents --------------------------------------------------------------------------------------------


def csv_rows(text: str, delimiter: str = ",") -> list[list[str]]:
    """The rows of a table as a strict reader of RFC 4180 sees them, all of one length."""
    rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    assert len({len(row) for row in rows}) == 1
    return rows


def junit(text: str) -> Any:
    """The root of a JUnit document that keeps to the schema of Jenkins' xUnit plugin."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=False)
    root = etree.fromstring(text.encode(), parser)
    _xsd().assertValid(root)
    return root


@cache
def _xsd() -> Any:
    return etree.XMLSchema(etree.parse(DATA / "junit-10.xsd"))


def sarif(text: str) -> Any:
    """A SARIF document that keeps to the published schema."""
    document = json.loads(text)
    errors = list(_sarif_schema().iter_errors(document))
    assert not errors, errors[0]
    return document


@cache
def _sarif_schema() -> jsonschema.Draft4Validator:
    schema = json.loads((DATA / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema)


def codequality(text: str) -> Any:
    """A report as GitLab's documentation describes it: every key that is required, no fingerprint twice."""
    issues = json.loads(text)
    for issue in issues:
        assert set(issue) >= {"description", "check_name", "fingerprint", "severity", "location"}
        assert all(isinstance(issue[key], str) for key in ("description", "check_name", "fingerprint"))
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert isinstance(issue["location"]["path"], str)
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return issues


def terraform(text: str) -> dict[str, int]:
    """GitLab's terraform report: exactly three keys, whole numbers that it can show."""
    found: dict[str, int] = json.loads(text)
    assert set(found) == {"create", "update", "delete"}
    assert all(type(count) is int and 0 <= count <= 999_999 for count in found.values())
    return found


def dotenv(text: str) -> dict[str, str]:
    """A dotenv report within GitLab's rules: 5 KB, no empty line, keys of letters and underscores."""
    assert len(text.encode()) <= 5 * 1024
    found = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        assert equals
        assert re.fullmatch(r"[A-Z_][A-Z0-9_]*", key)
        assert re.fullmatch(r"[A-Za-z0-9._:-]*", value)
        assert key not in found
        found[key] = value
    return found


def metrics(text: str) -> dict[tuple[str, str], float]:
    """Prometheus' text: (name, its one label's value or "") → value."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type in ("gauge", "counter")
        for sample in family.samples:
            assert len(sample.labels) <= 1
            key = (sample.name, next(iter(sample.labels.values()), ""))
            assert key not in found
            found[key] = sample.value
    return found
