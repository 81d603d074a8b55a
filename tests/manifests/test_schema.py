"""The schemas: shipped, valid, helpful to editors, and the validator as strict as jsonschema's own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from reconciler.errors import UsageError
from reconciler.manifests.config import Preset
from reconciler.manifests.schema import accepts, errors, schema_names, schema_text
from reconciler.model.capabilities import CAPABILITIES
from reconciler.model.group import PERMISSIONS, Ensure, Join
from reconciler.model.settings import GUARD_CODES, ApiSettings, GuardSettings, InviteSettings, Settings
from reconciler.planning.guards import NEVER_LIFTED, ON_THE_COMMAND_LINE
from tests.manifests.documents import documents, lines

OURS = ("group", "contacts", "config")
ROOT = Path(__file__).parents[2]


def keys(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of every mapping that a schema describes, and the items of its lists."""
    for name, below in schema.get("properties", {}).items():
        yield f"{path}.{name}", below
        yield from keys(below, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield f"{path}.{name}", schema[name]
            yield from keys(schema[name], f"{path}.{name}")


@pytest.mark.parametrize("name", OURS)
def test_schemas_help_editors(name: str) -> None:
    schema = json.loads(schema_text(name))
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"$id", "title", "description", "examples"} <= schema.keys()
    assert schema["additionalProperties"] is False
    found = dict(keys(schema))
    assert len(found) > 5
    for path, below in found.items():
        assert below.get("description"), f"{name}{path} has no description"
        assert below.get("examples"), f"{name}{path} has no examples"
        assert "type" in below, f"{name}{path} has no type, which `documents.plain` reads scalars by"
        assert not below.keys() & {"$ref", "oneOf", "allOf", "if", "not"}, (
            f"{name}{path}: see `documents.Shape`"
        )
        if "pattern" in below:
            assert below.get("patternErrorMessage"), f"{name}{path} has no words for its pattern"
        for example in below["examples"]:
            validator = Draft202012Validator(below, format_checker=FormatChecker(("date",)))
            assert not list(validator.iter_errors(example)), f"{name}{path}: {example}"


@pytest.mark.parametrize("name", OURS)
def test_defaults_in_the_schema_are_the_defaults_of_the_program(name: str) -> None:
    schema = json.loads(schema_text(name))
    if name != "config":
        assert not [path for path, below in keys(schema) if "default" in below]
        return
    written = {path: below["default"] for path, below in keys(schema) if "default" in below}
    expected: dict[str, object] = {".manifests": Settings().manifests, ".state": Settings().state}
    for section, values in (
        ("api", ApiSettings()),
        ("guards", GuardSettings()),
        ("invites", InviteSettings()),
    ):
        for key in schema["properties"][section]["properties"]:
            expected[f".{section}.{key}"] = getattr(values, key)
    expected[".invites.resend_after"] = "7d"
    expected[".contacts"] = "contacts.yaml"
    expected[".backend"] = Settings().backend
    del expected[".invites.text"]
    assert written == expected
    assert InviteSettings().resend_after == 7 * 86400


def test_lists_of_choices_are_those_of_the_program() -> None:
    group, config = (json.loads(schema_text(name))["properties"] for name in ("group", "config"))

    given = {field.name for field in dataclasses.fields(Preset)} - {"kind", "locations"}
    assert set(group["unmanaged"]["items"]["enum"]) == given
    assert set(config["defaults"]["properties"]) == given
    assert set(config["kinds"]["additionalProperties"]["properties"]) == given
    lifted_by_files = set(GUARD_CODES) - NEVER_LIFTED - ON_THE_COMMAND_LINE
    assert set(config["allow"]["items"]["properties"]["code"]["enum"]) == lifted_by_files
    assert group["ensure"]["enum"] == [ensure.value for ensure in Ensure]
    assert group["join"]["enum"] == list(get_args(Join))
    one_account = config["accounts"]["additionalProperties"]["properties"]
    assert config["backend"]["enum"] == one_account["backend"]["enum"] == list(CAPABILITIES)
    presets = (config["defaults"]["properties"], config["kinds"]["additionalProperties"]["properties"])
    for properties in (group, *presets):
        assert list(properties["permissions"]["properties"]) == list(PERMISSIONS)
        assert properties["description"]["pattern"] == group["description"]["pattern"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats(allow_nan=False) | lines | st.just(""),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(lines, inner, max_size=3),
    max_leaves=4,
)


def values(schema: Any) -> st.SearchStrategy[Any]:
    """What a schema allows, or nearly: something else stands here and there."""
    choices = [st.sampled_from(schema.get("examples") or [None])]
    if "enum" in schema:
        choices.append(st.sampled_from(schema["enum"]))
    if "properties" in schema:
        choices.append(st.fixed_dictionaries({}, optional=properties(schema)))
    if isinstance(schema.get("additionalProperties"), dict):
        choices.append(st.dictionaries(lines, values(schema["additionalProperties"]), max_size=3))
    if isinstance(schema.get("items"), dict):
        choices.append(st.lists(values(schema["items"]), max_size=3))
    if "minimum" in schema or "maximum" in schema:
        limits = [
            schema[key] + step for key in ("minimum", "maximum") if key in schema for step in (-1, 0, 1)
        ]
        choices.append(st.sampled_from(limits))
    if schema.get("format") == "date":
        choices.append(
            st.sampled_from(["2026-02-28", "2026-02-30", "20260228", "2026-W01-1", "2026-02-28\n"])
        )
    return st.one_of(*choices, *choices, ANYTHING)


def properties(schema: Any) -> dict[str, st.SearchStrategy[Any]]:
    return {key: values(below) for key, below in schema["properties"].items()}


@pytest.mark.parametrize("name", OURS)
@given(data=st.data())
def test_both_libraries_give_the_same_verdict(name: str, data: Any) -> None:
    """One accepts what is valid, the other says what is wrong with the rest."""
    optional = properties(json.loads(schema_text(name)))
    document = data.draw(st.fixed_dictionaries({}, optional=optional) | documents() | ANYTHING)

    assert accepts(name, document) == (not errors(name, document))


@pytest.mark.parametrize(
    "day",
    ["2026-02-30", "20260228", "2026-W01-1", "2026-02-28\n", "\u0662026-02-28", "0000-01-01", "2024-02-29"],
)
def test_both_libraries_know_the_same_days(day: str) -> None:
    document = {"subject": "S", "hold": {"reason": "r", "until": day}}

    assert accepts("group", document) == (not errors("group", document)) == (day == "2024-02-29")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028"])
def test_a_pattern_holds_for_the_very_end(end: str) -> None:
    for document in ({"subject": "S", "name": f"a{end}"}, {"subject": "S", "id": f"a{end}"}):
        assert not accepts("group", document)
        assert errors("group", document)


def test_any_of_the_schemas_is_printed_as_it_is() -> None:
    assert set(OURS) <= set(schema_names())
    for name in schema_names():
        assert schema_text(name) == (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("grup", "did you mean `group`?"),
        ("../../etc/passwd", "there are `accept`"),
        ("group.schema.json", "there are"),
        ("\x1b[31m", "there are"),
    ],
)
def test_there_is_no_other_schema(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        schema_text(name)
    assert caught.value.hint.startswith(hint)
    assert caught.value.message.isprintable()


def test_the_examples_of_the_repository_are_what_the_schemas_say_to_any_yaml_reader() -> None:
    """An editor reads them with a YAML and a schema library of its own."""
    files = {
        "group": sorted(ROOT.glob("groups/*.yaml")),
        "contacts": [ROOT / "contacts.yaml"],
        "config": [ROOT / "reconciler.yaml"],
    }
    assert len(files["group"]) >= 4
    for name, paths in files.items():
        validator = Draft202012Validator(json.loads(schema_text(name)))
        for path in paths:
            for document in yaml.load_all(path.read_text(encoding="utf-8"), yaml.BaseLoader):
                errors = [error for error in validator.iter_errors(document) if error.validator != "type"]
                assert not errors, path
