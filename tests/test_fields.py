"""Every field of a group is in each place that has to know it; a new one names the place that was missed.

Where a key has to be in files as they are written, `tests/manifests/test_convert.py` says so.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from reconciler.backends import evolution, waha
from reconciler.manifests import convert, edit
from reconciler.manifests.config import Preset
from reconciler.manifests.convert import yaml_text
from reconciler.manifests.schema import schema_text
from reconciler.model.adoption import AcceptField, ImportField
from reconciler.model.capabilities import CAPABILITIES
from reconciler.model.change import ChangeKind
from reconciler.model.desired import DesiredGroup
from reconciler.model.drift import FIELD_OF, FieldName
from reconciler.model.group import PERMISSIONS, VALUES, Manifest
from reconciler.model.history import FactKind
from reconciler.model.record import Applied, Record
from reconciler.planning import planfile, story
from reconciler.planning.record import record_of
from tests.manifests.conftest import CONTACTS, Folder, png
from tests.manifests.test_convert import FULL, HERE
from tests.planning.build import NO_ICON, NOW, found


def names(kind: Any, *but: str) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(kind)) - set(but)


def choices(schema: str, *path: str) -> list[str]:
    found: Any = json.loads(schema_text(schema))
    for key in path:
        found = found[key]
    return list(found)


RULES = ("join", "prune_members", "link_version", "previously", "unmanaged", "ensure", "hold")
LIVE = names(Manifest, "name", "id", "kind", "location", "locations", *RULES)
"""What a live group has: it is compared, recorded, drifts, and can be accepted and imported."""

PLACES: dict[str, Iterable[str]] = {
    "model/desired.py: DesiredGroup": names(DesiredGroup),
    "model/record.py: Applied": names(Applied),
    "model/drift.py: FieldName": get_args(FieldName),
    "model/history.py: FactKind": get_args(FactKind),
    "model/adoption.py: ImportField": get_args(ImportField),
    "model/adoption.py: AcceptField": get_args(AcceptField),
    "manifests/edit.py: _ORDER": edit._ORDER,
    "planning/story.py: _FIELDS": story._FIELDS,
    "planning/story.py: _fields": story._fields(Record(id="g")),
    "schemas/state.schema.json": choices("state", "$defs", "record", "properties", "applied", "properties"),
    "schemas/drift.schema.json": choices("drift", "$defs", "field", "properties", "field", "enum"),
    "schemas/accept.schema.json": choices(
        "accept", "$defs", "group", "properties", "fields", "items", "enum"
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_field_that_is_live_has_its_place(place: str) -> None:
    there = set(PLACES[place])
    if {name.removeprefix("permissions.") for name in there} >= set(PERMISSIONS):
        there.add("permissions")  # each by itself
    assert there >= LIVE, f"{place} lacks {', '.join(LIVE - there)}"


@pytest.mark.parametrize("place", [("plan", "change"), ("apply", "outcome")])
def test_every_kind_of_change_is_in_the_schemas(place: tuple[str, str]) -> None:
    schema, entry = place
    assert set(choices(schema, "$defs", entry, "properties", "kind", "enum")) == set(get_args(ChangeKind))


GIVEN = names(Preset, "kind", "locations")
WHOLE = convert.document(replace(FULL, unmanaged=()))
BARE = {"name": FULL.name, "subject": FULL.subject, "kind": FULL.kind}


def load(root: Path, manifest: dict[str, Any], **config: object) -> DesiredGroup:
    """The one group of a folder; both the defaults and kinds are of `config`."""
    folder = Folder(root)
    folder.write("contacts.yaml", CONTACTS)
    for path in ("icons/a.png", "groups/icons/a.png"):
        folder.write(path, png())
    folder.write("reconciler.yaml", json.dumps({"backend": "waha", "kinds": {FULL.kind: {}}, **config}))
    folder.write("groups/g.yaml", yaml_text(manifest))
    (group,) = folder.load().desired.groups
    return group


@pytest.mark.parametrize("where", ["defaults", "kinds"])
def test_what_the_configuration_gives_reaches_the_group(tmp_path: Path, where: str) -> None:
    given = {key: WHOLE[key] for key in GIVEN}
    config = {where: given if where == "defaults" else {FULL.kind: given}}
    got, not_managed = (
        load(tmp_path, document, **config) for document in (BARE, {**BARE, "unmanaged": sorted(GIVEN)})
    )
    nothing = DesiredGroup(name="", location=HERE)
    for name in GIVEN:
        unset = getattr(nothing, name)
        assert getattr(got, name) != unset, f"manifests/config.py or groups.py loses {name}"
        assert getattr(not_managed, name) == unset, f"manifests/groups.py: {name} cannot be unmanaged"


def test_what_a_manifest_says_reaches_the_group_the_record_and_the_saved_plan(tmp_path: Path) -> None:
    whole, nothing = load(tmp_path, WHOLE), DesiredGroup(name="", location=HERE)
    applied = record_of(whole, found(), NO_ICON, None, now=NOW).applied
    for field in dataclasses.fields(DesiredGroup):
        name = field.name
        if name in ("name", "location"):
            continue
        unset = getattr(nothing, name)
        assert getattr(whole, name) != unset, f"manifests/groups.py: group() leaves out {name}"
        assert name not in LIVE or getattr(applied, name), f"planning/record.py lacks {name}"
        if name not in ("kind", "hold"):  # of which nothing follows but what the plan holds anyway
            other = replace(whole, **{name: unset})
            assert planfile._desired(other) != planfile._desired(whole), f"planning/planfile.py lacks {name}"


def test_every_value_has_its_place() -> None:
    assert set(FIELD_OF) == set(VALUES), "model/drift.py: FIELD_OF"
    assert set(FIELD_OF.values()) <= set(get_args(FieldName)), "model/drift.py: FieldName"
    for schema, entry in (("plan", "change"), ("apply", "outcome")):
        settings = json.dumps(json.loads(schema_text(schema))["$defs"][entry])
        assert all(f'"{name}"' in settings for name in PERMISSIONS), f"schemas/{schema}.schema.json: setting"
    assert set(waha._PERMISSIONS) == CAPABILITIES["waha"].permissions, "backends/waha.py: _PERMISSIONS"
    values = {(each, who) for each in CAPABILITIES["evolution"].permissions for who in ("admins", "everyone")}
    assert set(evolution._SETTINGS) == values, "backends/evolution.py: _SETTINGS"
