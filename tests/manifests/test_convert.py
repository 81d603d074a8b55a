"""Documents to manifests and back, and as text in between; a new field names the file that forgot it."""

from __future__ import annotations

import dataclasses
import inspect
import json
from datetime import date
from typing import Any

import yaml
from hypothesis import given

from reconciler.errors import Location
from reconciler.manifests import convert, yaml_tree
from reconciler.manifests.convert import yaml_text
from reconciler.manifests.documents import Shape, check, plain
from reconciler.manifests.schema import schema_text
from reconciler.model.group import UNSET, Ensure, Hold, Manifest
from tests.manifests.documents import documents

HERE = Location("g.yaml")
FULL = Manifest(
    name="suporte",
    location=HERE,
    subject="Suporte",
    description="Atendimento:\n8h–18h",
    icon="icons/a.png",
    permissions={"send_messages": "admins", "approve_members": True},
    join="add",
    admins=("ana", "+55 19 90000-0001"),
    members=("bruno",),
    prune_members=True,
    link_version=2,
    previously=("Antigo",),
    id="5519911112222-1513616971@g.us",
    kind="cliente",
    unmanaged=("icon",),
    ensure=Ensure.CLOSED,
    hold=Hold("campaign", date(2026, 12, 1)),
)


@given(documents())
def test_documents_survive_the_way_to_a_manifest_and_back(document: dict[str, Any]) -> None:
    manifest = convert.manifest(document, name="", location=HERE)

    assert convert.document(manifest) == document
    assert list(convert.document(manifest)) == sorted(document, key=list(convert.document(FULL)).index)


@given(documents())
def test_documents_survive_as_text(document: dict[str, Any]) -> None:
    text = yaml_text(document)

    (node,) = yaml_tree.parse(text.encode(), "g.yaml").nodes
    checked = check("group", node, "g.yaml")
    assert checked.complaints == ()
    assert checked.value == document
    assert yaml.safe_load(text) == plain_days(document)


def plain_days(document: dict[str, Any]) -> dict[str, Any]:
    """As PyYAML's own loader reads it: the day of a hold, which has no quotes, is a date to it. A subject
    that looks like one is text."""
    hold = document.get("hold", {})
    if "until" not in hold:
        return document
    return {**document, "hold": {**hold, "until": date.fromisoformat(hold["until"])}}


def test_every_field_of_a_manifest_has_its_key_everywhere() -> None:
    """`location` and `locations` are about the document, all the other fields are in it."""
    fields = [
        field.name for field in dataclasses.fields(Manifest) if field.name not in {"location", "locations"}
    ]
    in_schema = list(json.loads(schema_text("group"))["properties"])
    document = convert.document(FULL)
    source = inspect.getsource(convert.manifest)
    for name in fields:
        default = next(field.default for field in dataclasses.fields(Manifest) if field.name == name)
        assert getattr(FULL, name) != default, f"this test: give FULL a value for {name}"
        assert name in in_schema, f"schemas/group.schema.json lacks {name}"
        assert name in document, f"manifests/convert.py: document() lacks {name}"
        assert f'"{name}"' in source, f"manifests/convert.py: manifest() lacks {name}"

    assert in_schema == list(document) == fields
    assert convert.manifest(document, name="", location=HERE) == FULL


def test_the_least_document_leaves_everything_else_open() -> None:
    manifest = convert.manifest({"subject": "G"}, name="g", location=HERE)

    assert manifest == Manifest(name="g", location=HERE, subject="G")
    assert manifest.icon is manifest.description is UNSET
    assert convert.document(manifest) == {"name": "g", "subject": "G"}


def test_a_document_as_text() -> None:
    assert yaml_text(convert.document(FULL)) == (
        "name: suporte\n"
        "subject: Suporte\n"
        'description: "Atendimento:\\n8h–18h"\n'
        "icon: icons/a.png\n"
        "permissions: {send_messages: admins, approve_members: true}\n"
        "join: add\n"
        'admins: [ana, "+55 19 90000-0001"]\n'
        "members: [bruno]\n"
        "prune_members: true\n"
        "link_version: 2\n"
        "previously: [Antigo]\n"
        'id: "5519911112222-1513616971@g.us"\n'
        "kind: cliente\n"
        "unmanaged: [icon]\n"
        "ensure: closed\n"
        "hold: {reason: campaign, until: 2026-12-01}\n"
    )


def test_long_lists_stand_one_item_a_line() -> None:
    members = [f"+55 19 90000-00{n:02}" for n in range(10)]
    text = yaml_text({"name": "no", "members": members, "subject": "Férias de Verão"})

    assert text.splitlines()[:3] == ['name: "no"', "members:", '  - "+55 19 90000-0000"']
    (node,) = yaml_tree.parse(text.encode(), "f").nodes
    assert plain(node, Shape()) == {
        "name": "no",
        "members": members,
        "subject": "Férias de Verão",
    }
