"""Documents that are surely valid, accepted without jsonschema.

jsonschema makes a validator and a resolver for every value that it descends into, which is most of its time
on thousands of small documents, and importing it takes longer than checking a thousand of them here. So a
schema is made into one predicate, which is true only of what the schema allows. Everything else, and so every
mistake, goes to jsonschema, whose verdict counts. A test holds both to the same verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

Predicate = Callable[[Any], bool]

_SAYS_NOTHING = frozenset(
    {"$schema", "$id", "title", "description", "examples", "default", "patternErrorMessage"}
)
_TYPES: Mapping[str, frozenset[type]] = {
    "string": frozenset({str}),
    "boolean": frozenset({bool}),
    "integer": frozenset({int}),  # 1.0 is one as well, to jsonschema
    "number": frozenset({int, float}),
    "null": frozenset({type(None)}),
    "array": frozenset({list}),
    "object": frozenset({dict}),
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def acceptor(schema: Mapping[str, Any]) -> Predicate:
    """A predicate that is true only of what the schema allows; of what it cannot judge it is false.

    `schema` has no `$ref`; `$` at the end of its patterns means the very end (see `schema._anchor`).
    """
    given = schema.get("type", ())
    names = [given] if isinstance(given, str) else list(given)
    rest = set(schema.keys() - _SAYS_NOTHING - {"type"})
    by_type: dict[type, Predicate] = {}
    for name in names:
        for kind in _TYPES.get(name, ()):
            by_type[kind] = _always
    if str in by_type:
        by_type[str] = _string(schema, rest)
    if list in by_type:
        by_type[list] = _list(schema, rest)
    if dict in by_type:
        by_type[dict] = _mapping(schema, rest)
    for kind in (int, float):
        if kind in by_type:
            by_type[kind] = _number(schema, rest)
    if rest or not by_type:  # a word that nobody here knows
        return _never
    if "enum" in schema:
        by_type = {str: by_type.get(str, _never)}
    if len(by_type) == 1:
        ((kind, accepts),) = by_type.items()
        return lambda value: type(value) is kind and accepts(value)
    return lambda value: by_type.get(type(value), _never)(value)


def _always(_: Any) -> bool:
    return True


def _never(_: Any) -> bool:
    return False


def _string(schema: Mapping[str, Any], rest: set[str]) -> Predicate:
    rest -= {"minLength", "maxLength", "pattern", "enum", "format"}
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    search = re.compile(schema["pattern"]).search if "pattern" in schema else None
    enum = schema.get("enum")
    chosen = None if enum is None else frozenset(entry for entry in enum if isinstance(entry, str))
    dated = "format" in schema
    if dated and schema["format"] != "date":
        return _never

    def accepts(value: str) -> bool:
        return (
            len(value) >= shortest
            and (longest is None or len(value) <= longest)
            and (search is None or search(value) is not None)
            and (chosen is None or value in chosen)
            and (not dated or _is_date(value))
        )

    return accepts


def _is_date(value: str) -> bool:
    if _DATE.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _number(schema: Mapping[str, Any], rest: set[str]) -> Predicate:
    rest -= {"minimum", "maximum", "exclusiveMinimum"}
    least, most = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    above = schema.get("exclusiveMinimum", float("-inf"))
    return lambda value: least <= value <= most and value > above


def _list(schema: Mapping[str, Any], rest: set[str]) -> Predicate:
    rest -= {"items", "minItems"}
    fewest = schema.get("minItems", 0)
    if "items" not in schema:
        return lambda value: len(value) >= fewest
    item = acceptor(schema["items"])
    return lambda value: len(value) >= fewest and all(map(item, value))


def _mapping(schema: Mapping[str, Any], rest: set[str]) -> Predicate:
    rest -= {"properties", "additionalProperties", "propertyNames", "required"}
    known = {key: acceptor(below) for key, below in schema.get("properties", {}).items()}
    others = schema.get("additionalProperties", True)
    other = acceptor(others) if isinstance(others, Mapping) else _always if others else _never
    required = frozenset(schema.get("required", ()))
    names = schema.get("propertyNames")
    named = _always if names is None else acceptor({"type": "string", **names})
    choices = _choices(schema, rest)

    def accepts(value: dict[Any, Any]) -> bool:
        if not required <= value.keys() or not any(choice <= value.keys() for choice in choices):
            return False
        return all(known.get(key, other)(below) and named(key) for key, below in value.items())

    return accepts


def _choices(schema: Mapping[str, Any], rest: set[str]) -> tuple[frozenset[str], ...]:
    """The sets of keys of which one has to be there: `anyOf` where it says nothing else."""
    given = schema.get("anyOf")
    if given is None:
        return (frozenset(),)
    if all(choice.keys() == {"required"} for choice in given):
        rest.discard("anyOf")
    return tuple(frozenset(choice.get("required", ())) for choice in given)
