"""The JSON Schemas: where they are, compiled once, and documents checked against them.

`schemas/` at the top level of the repository is the only copy; the wheel carries it as
`reconciler/schemas/`. fastjsonschema accepts what is valid, in a twentieth of the time that jsonschema takes;
jsonschema says what is wrong with the rest. Decision record 0031 gives the reasons.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.errors import Complaint, ReconcilerError, UsageError
from reconciler.manifests.collect import MAX_COMPLAINTS
from reconciler.manifests.nodes import Node, without
from reconciler.manifests.plain import Shape, plain, shape_of
from reconciler.manifests.words import did_you_mean, listed, quote

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_SUFFIX = ".schema.json"
_BY_KEYS = frozenset({"config"})
"""Schemas of which a run checks one document: compiled for its keys, because all of them take three times as
long."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Checked:
    """A document without its wrong parts, as a plain value and as nodes.

    `broken` are the top-level keys in which something was wrong; `value` is None when there was too much of
    it to go on.
    """

    value: dict[str, Any] | None
    node: Node
    complaints: tuple[Complaint, ...] = ()
    broken: frozenset[str] = frozenset()


@cache
def _folder() -> Path:
    """In the installed package, or beside it in a checkout. `importlib.resources` would find the former as
    well, and takes as long as to read a hundred manifests."""
    package = Path(__file__).resolve().parents[1]
    for place in (package, package.parent):
        if (place / "schemas").is_dir():
            return place / "schemas"
    raise ReconcilerError("this installation lacks its schemas", "install the package again")


@cache
def schema_names() -> tuple[str, ...]:
    """The names under which schemas can be asked for, sorted."""
    return tuple(
        sorted(
            entry.name.removesuffix(_SUFFIX) for entry in _folder().iterdir() if entry.name.endswith(_SUFFIX)
        )
    )


@cache
def schema_text(name: str) -> str:
    """The JSON text of a schema as it is shipped. Raises `UsageError` for a name that there is not."""
    names = schema_names()
    if name not in names:
        guess = did_you_mean(name, frozenset(names))
        raise UsageError(f"there is no schema {quote(name)}", guess or f"there are {listed(names)}")
    return (_folder() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


@cache
def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text(name))
    _anchor(schema)
    return schema


@cache
def _shape(name: str) -> Shape:
    return shape_of(_schema(name))


@cache
def _fast(name: str, keys: frozenset[str] | None) -> Callable[[object], object]:
    """Return the compiled schema, which raises fastjsonschema's `JsonSchemaException` for a mistake.

    With `keys` it is compiled for documents that have no other known ones than these.
    """
    from fastjsonschema import compile

    schema = _schema(name)
    if keys is not None:
        known = schema["properties"]
        schema = {**schema, "properties": {key: below for key, below in known.items() if key in keys}}
    return compile(schema, formats={"date": _is_date}, use_default=False, detailed_exceptions=False)


@cache
def _thorough(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    return Draft202012Validator(_schema(name), format_checker=FormatChecker(("date",)))


def accepts(name: str, value: object) -> bool:
    """Return whether a schema allows a value, without saying why not."""
    from fastjsonschema import JsonSchemaException

    keys = frozenset(value) if name in _BY_KEYS and isinstance(value, dict) else None
    try:
        _fast(name, keys)(value)
    except JsonSchemaException:
        return False
    return True


def errors(name: str, value: object, most: int = MAX_COMPLAINTS + 1) -> list[ValidationError]:
    """Return what jsonschema finds wrong with a value, at most so many mistakes; none where it is valid."""
    return list(islice(_thorough(name).iter_errors(value), most))


def _is_date(text: str) -> bool:
    """Return whether a text is a day as RFC 3339 writes it, by the rule that jsonschema goes by."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _anchor(schema: Any) -> None:
    """`$` in a JSON Schema is the very end; in Python's `re` a line break may follow it, `\\Z` is the end."""
    match schema:
        case dict():
            pattern = schema.get("pattern")
            if isinstance(pattern, str) and pattern.endswith("$"):
                schema["pattern"] = pattern[:-1] + r"\Z"
            for below in schema.values():
                _anchor(below)
        case list():
            for below in schema:
                _anchor(below)
        case _:
            pass


def check(name: str, node: Node, file: str, refused: Mapping[str, str] | None = None) -> Checked:
    """A document against a schema: every mistake at once, and what is right about it.

    `refused` are keys and words of lists of choices that have a hint of their own, because they are known and
    do not belong into the file.
    """
    value = plain(node, _shape(name))
    if isinstance(value, dict) and accepts(name, value):
        return Checked(value, node)
    found = errors(name, value)
    if isinstance(value, dict) and not found:
        return Checked(value, node)
    from reconciler.manifests import mistakes

    complaints = tuple(islice(mistakes.complaints(found, node, file, refused or {}), MAX_COMPLAINTS + 1))
    if not isinstance(value, dict) or max(len(found), len(complaints)) > MAX_COMPLAINTS:
        return Checked(None, node, complaints)
    broken: set[str] = set()
    while paths := [path for error in found for path in mistakes.wrong_paths(error)]:
        broken.update(str(path[0]) for path in paths)
        for path in sorted(paths, key=_last_first):
            _remove(value, path)
        node = without(node, frozenset(paths))
        found = errors(name, value, MAX_COMPLAINTS)
    return Checked(value, node, complaints, frozenset(broken))


def _last_first(path: tuple[str | int, ...]) -> tuple[int, int]:
    """Higher indices before lower ones, so that removing one does not move the other."""
    return (-len(path), -path[-1] if isinstance(path[-1], int) else 0)


def _remove(value: Any, path: tuple[str | int, ...]) -> None:
    """Delete what stands at a path, unless something around it is gone already."""
    for step in path[:-1]:
        if not _has(value, step):
            return
        value = value[step]
    if _has(value, path[-1]):
        del value[path[-1]]


def _has(value: Any, step: str | int) -> bool:
    match value:
        case dict():
            return step in value
        case list():
            return isinstance(step, int) and step < len(value)
        case _:
            return False
