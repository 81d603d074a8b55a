"""A `Draft202012Validator` that accepts at once what is surely valid.

jsonschema makes a validator and a resolver for every value that it descends into, which is most of its time
on thousands of small documents. Here plain texts, true or false, and lists of them are accepted by a
predicate made from the same schema; everything else, and so every mistake, goes the ordinary way. A test
holds both to the same verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

Predicate = Callable[[Any], bool]

_SAYS_NOTHING = frozenset({"title", "description", "examples", "default", "patternErrorMessage"})


def surely_valid(schema: Mapping[str, Any]) -> Predicate | None:
    """A predicate that is true only of what the schema allows; None where the schema says more."""
    rest = schema.keys() - _SAYS_NOTHING - {"type"}
    match schema.get("type"):
        case "string" if rest <= {"minLength", "pattern"}:
            shortest = schema.get("minLength", 0)
            search = re.compile(schema.get("pattern", "")).search
            return lambda value: type(value) is str and len(value) >= shortest and search(value) is not None
        case "boolean" if not rest:
            return lambda value: type(value) is bool
        case "array" if rest <= {"items"} and (item := surely_valid(schema.get("items", {}))) is not None:
            return lambda value: type(value) is list and all(map(item, value))
        case _:
            return None


def _quick_properties() -> Callable[..., Iterator[ValidationError]]:
    known: dict[int, dict[str, tuple[Mapping[str, Any], Predicate | None]]] = {}

    def properties(
        validator: Any, wanted: Mapping[str, Any], instance: Any, _schema: Any
    ) -> Iterator[ValidationError]:
        if type(instance) is not dict:
            return
        below = known.get(id(wanted))
        if below is None:
            below = known[id(wanted)] = {key: (part, surely_valid(part)) for key, part in wanted.items()}
        for key, value in instance.items():
            found = below.get(key)
            if found is not None and (found[1] is None or not found[1](value)):
                yield from validator.descend(value, found[0], path=key, schema_path=key)

    return properties


def quick_validator(schema: Mapping[str, Any], **options: Any) -> Draft202012Validator:
    """A validator for one schema, which has to stay as it is; `options` as for `Draft202012Validator`."""
    kind = extend(  # type: ignore[no-untyped-call]  # the stubs leave it out
        Draft202012Validator, {"properties": _quick_properties()}
    )
    validator: Draft202012Validator = kind(schema, **options)
    return validator
