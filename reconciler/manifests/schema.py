"""The JSON Schemas: where they are, compiled once, and values checked against them.

`schemas/` at the top level of the repository is the only copy; the wheel carries it as
`reconciler/schemas/`. fastjsonschema accepts what is valid, in a twentieth of the time that jsonschema takes;
jsonschema says what is wrong with the rest. Decision record 0031 gives the reasons.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.errors import ReconcilerError, UsageError
from reconciler.language import msg
from reconciler.manifests.complaints import MAX_COMPLAINTS, did_you_mean, listed, quote

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_SUFFIX = ".schema.json"
_BY_KEYS = frozenset({"config"})
"""Schemas of which a run checks one document: compiled for its keys, because all of them take three times as
long."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@cache
def _folder() -> Path:
    """Return the folder of the schemas, in the installed package or beside it in a checkout.
    `importlib.resources` would find the former as well, and takes as long as to read a hundred manifests."""
    package = Path(__file__).resolve().parents[1]
    for place in (package, package.parent):
        if (place / "schemas").is_dir():
            return place / "schemas"
    raise ReconcilerError(msg("this installation lacks its schemas"), msg("install the package again"))


@cache
def schema_names() -> tuple[str, ...]:
    """Return the names under which schemas can be asked for, sorted."""
    return tuple(
        sorted(
            entry.name.removesuffix(_SUFFIX) for entry in _folder().iterdir() if entry.name.endswith(_SUFFIX)
        )
    )


@cache
def schema_text(name: str) -> str:
    """Return the JSON text of a schema as it is shipped. Raises `UsageError` for a name that there is not."""
    names = schema_names()
    if name not in names:
        guess = did_you_mean(name, frozenset(names))
        raise UsageError(
            msg("there is no schema {name}", name=quote(name)),
            guess or msg("there are {names}", names=listed(names)),
        )
    return (_folder() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text(name))
    _anchor(schema)
    return schema


@cache
def _fast(name: str, keys: frozenset[str] | None) -> Callable[[object], object]:
    """Return the compiled schema, which raises fastjsonschema's `JsonSchemaException` for a mistake.

    With `keys` it is compiled for documents that have no other known ones than these.
    """
    from fastjsonschema import compile

    found = schema(name)
    if keys is not None:
        known = found["properties"]
        found = {**found, "properties": {key: below for key, below in known.items() if key in keys}}
    return compile(found, formats={"date": _is_date}, use_default=False, detailed_exceptions=False)


@cache
def _thorough(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    return Draft202012Validator(schema(name), format_checker=FormatChecker(("date",)))


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
    """Make `$` at the end of patterns the very end, as JSON Schema means it: in Python's `re` a line break
    may follow `$`, and `\\Z` is the end."""
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
