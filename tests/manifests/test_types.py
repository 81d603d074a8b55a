"""A value of another type at every place of every file: one or more complaints there, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.errors import InputError
from reconciler.manifests.schema import schema_text
from tests.manifests.conftest import CONTACTS, Folder

GROUP: dict[str, Any] = {
    "name": "suporte",
    "subject": "Suporte",
    "description": "Atendimento",
    "icon": None,
    "permissions": {
        "send_messages": "admins",
        "edit_info": "admins",
        "add_members": "everyone",
        "approve_members": True,
    },
    "join": "invite",
    "admins": ["ana"],
    "members": ["bruno"],
    "prune_members": True,
    "link_version": 2,
    "previously": ["Antes"],
    "id": "5519911112222-1513616971@g.us",
    "kind": "cliente",
    "unmanaged": ["icon"],
    "ensure": "present",
    "hold": {"reason": "x", "until": "2026-12-01"},
}
PEOPLE: dict[str, Any] = {
    "people": {
        "ana": {"name": "Ana", "numbers": ["+55 19 90000-0001"]},
        "bruno": "+55 19 90000-0002",
        "carlos": {"numbers": ["+55 19 90000-0003"], "lids": ["1@lid"], "left": "2026-11-21"},
    },
    "teams": {"cs": ["ana", "bruno"]},
}
PRESET = {
    "description": None,
    "icon": None,
    "permissions": GROUP["permissions"],
    "join": "invite",
    "admins": ["ana"],
    "members": ["bruno"],
    "prune_members": False,
}
CONFIG: dict[str, Any] = {
    "account": ["+55 19 91111-2222"],
    "backend": "waha",
    "api": {
        "timeout": 30,
        "concurrency": 8,
        "write_concurrency": 4,
        "rate": None,
        "retries": 5,
        "create_patience": 60,
        "subject_limit": 25,
    },
    "manifests": "groups",
    "contacts": "contacts.yaml",
    "state": "none",
    "language": "pt-BR",
    "defaults": PRESET,
    "kinds": {"cliente": PRESET},
    "ignore": ["5519911112222-1513616999"],
    "allow": [{"code": "demote-many", "max": 41, "until": "2026-11-28", "reason": "x"}],
    "guards": {
        "demote_share": 0.25,
        "demote_count": 3,
        "remove_share": 0.25,
        "remove_count": 3,
        "leave_count": 3,
        "create_count": 20,
    },
    "invites": {
        "resend_after": "7d",
        "max_sends": 3,
        "per_person": 3,
        "budget": 100,
        "text": "{link}",
        "template": None,
    },
}
ACCOUNTS: dict[str, Any] = {
    "accounts": {
        "sales": {
            "account": "+55 19 91111-2222",
            "backend": "waha",
            "manifests": "groups",
            "contacts": "contacts.yaml",
            "state": "none",
        }
    },
    "kinds": {"cliente": {}},
}
FILES = {"group": GROUP, "contacts": PEOPLE, "config": CONFIG, "accounts": ACCOUNTS}
NAMES = {"group": "groups/g.yaml", "contacts": "contacts.yaml"}
NEVER: tuple[object, ...] = ([[[]]], {"q": {"q": ["q"]}}, {"q": None}, [None])
"""What no place takes."""
PERHAPS: tuple[object, ...] = (None, True, -1, float("nan"), 10**40, "\u202e", "..", [], {}, "9" * 4000)
"""What some places take; the rest complain."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every value's place, the whole included."""
    yield path
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*path, key))


def replaced(document: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    whole = copy.deepcopy(document)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return whole


def keys(schema: dict[str, Any]) -> Iterator[str]:
    """All keys that a schema knows by name."""
    for key, inner in schema.get("properties", {}).items():
        yield key
        yield from keys(inner)
    for word in ("additionalProperties", "items"):
        if isinstance(schema.get(word), dict):
            yield from keys(schema[word])


def yaml(value: object) -> str:
    """JSON is YAML, but for what it has no words for."""
    return json.dumps(value).replace("Infinity", ".inf").replace("NaN", ".nan")


def load(folder: Folder, kind: str, document: object) -> list[str]:
    folder.write(NAMES.get(kind, "reconciler.yaml"), yaml(document))
    try:
        folder.load(**({"only": "sales"} if kind == "accounts" else {}))
    except InputError as error:
        for complaint in error.complaints:
            assert complaint.location.line >= 1
            assert complaint.location.file
            assert len(str(complaint)) < 700, str(complaint)
            assert str(complaint).isprintable(), ascii(str(complaint))
        return [complaint.location.file for complaint in error.complaints]
    return []


@pytest.mark.parametrize("kind", FILES)
def test_a_wrong_type_anywhere_is_complained_about_where_it_stands(kind: str, folder: Folder) -> None:
    document = FILES[kind]
    folder.write("groups/g.yaml", yaml(GROUP))
    folder.write("contacts.yaml", CONTACTS)
    folder.write("reconciler.yaml", yaml(CONFIG))
    assert load(folder, kind, document) == [], "the document itself is right"
    for path in places(document):
        for value in NEVER:
            found = load(folder, kind, replaced(document, path, value))
            if path == ("invites", "template") and isinstance(value, dict):
                continue  # it goes to the API as it is
            assert NAMES.get(kind, "reconciler.yaml") in found, (path, value)
        for value in PERHAPS:
            load(folder, kind, replaced(document, path, value))


@pytest.mark.parametrize("kind", ["group", "contacts", "config"])
def test_every_key_is_tried(kind: str) -> None:
    tried = {
        key for name in ((kind, "accounts") if kind == "config" else (kind,)) for path in places(FILES[name])
        for key in path
    }  # fmt: skip
    assert set(keys(json.loads(schema_text(kind)))) <= tried
