"""Documents checked against their schema: nodes become plain values without what is wrong about them, and
jsonschema's errors become complaints.

Text stays as it was written where the schema wants text. So `subject: 2026`, `name: no` and `admins: [0170…]`
are text without quotes, and `link_version: 2` is a number. Only null (`null`, `~` or nothing) is null
everywhere: in this format it has a meaning of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from reconciler.errors import Complaint, Location
from reconciler.language import msg
from reconciler.manifests.complaints import (
    MAX_COMPLAINTS,
    QUOTE_LIMIT,
    did_you_mean,
    either,
    listed,
    quote,
    with_guess,
)
from reconciler.manifests.names import name_from
from reconciler.manifests.schema import accepts, errors, schema
from reconciler.manifests.yaml_tree import (
    MappingNode,
    Node,
    Path,
    ScalarNode,
    SequenceNode,
    location_of,
    node_at,
    parse,
    without,
)

if TYPE_CHECKING:
    from jsonschema import ValidationError

_WANTED = {
    "string": msg("text"),
    "integer": msg("a whole number"),
    "number": msg("a number"),
    "boolean": msg("true or false"),
    "array": msg("a list"),
    "object": msg("a mapping (`key: value`)"),
    "null": "null",
}
_YES_NO = frozenset({"yes", "no", "on", "off", "y", "n"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """A document without its wrong parts, as a plain value and as nodes.

    `broken` are the top-level keys in which something was wrong; `value` is None when there was too much of
    it to go on.
    """

    value: dict[str, Any] | None
    node: Node
    complaints: tuple[Complaint, ...] = ()
    broken: frozenset[str] = frozenset()


def check(name: str, node: Node, file: str, refused: Mapping[str, str] | None = None) -> CheckedDocument:
    """Check a document against a schema: every mistake at once, and what is right about it.

    `refused` are keys and words of lists of choices that have a hint of their own, because they are known and
    do not belong into the file.
    """
    value = plain(node, _shape(name))
    if isinstance(value, dict) and accepts(name, value):
        return CheckedDocument(value, node)
    found = errors(name, value)
    if isinstance(value, dict) and not found:
        return CheckedDocument(value, node)
    complaints = tuple(islice(_complaints(found, node, file, refused or {}), MAX_COMPLAINTS + 1))
    if not isinstance(value, dict) or max(len(found), len(complaints)) > MAX_COMPLAINTS:
        return CheckedDocument(None, node, complaints)
    broken: set[str] = set()
    while paths := [path for error in found for path in _wrong_paths(error)]:
        broken.update(str(path[0]) for path in paths)
        for path in sorted(paths, key=_last_first):
            _remove(value, path)
        node = without(node, frozenset(paths))
        found = errors(name, value, MAX_COMPLAINTS)
    return CheckedDocument(value, node, complaints, frozenset(broken))


def valid_documents(name: str, data: bytes) -> list[tuple[Node, dict[str, Any]]] | None:
    """Return a file's documents, each as a node and as its value; None where anything is wrong with one."""
    read = parse(data, "")
    checked = [check(name, node, "") for node in read.nodes]
    if read.complaints or not read.whole or any(each.complaints for each in checked):
        return None
    return [(each.node, each.value) for each in checked if each.value is not None]


def _last_first(path: tuple[str | int, ...]) -> tuple[int, int]:
    """Return a key that sorts higher indices before lower ones, so that removing one does not move the
    other."""
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


# --- plain values -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema wants at one place, as far as reading scalars is concerned: text, or a whole number."""

    text: bool = False
    whole: bool = False
    keys: Mapping[str, Shape] = field(default_factory=dict)
    other: Shape | None = None
    items: Shape | None = None


ANY = Shape()


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """Return the shape of a schema that says everything with `type`, `properties`, `additionalProperties`
    and `items`: ours do, without references and without alternatives that differ in type."""
    wanted = schema.get("type", ())
    types = {wanted} if isinstance(wanted, str) else wanted
    extra = schema.get("additionalProperties")
    return Shape(
        text="string" in types,
        whole="integer" in types,
        keys={key: shape_of(below) for key, below in schema.get("properties", {}).items()},
        other=shape_of(extra) if isinstance(extra, Mapping) else None,
        items=shape_of(schema["items"]) if "items" in schema else None,
    )


@cache
def _shape(name: str) -> Shape:
    return shape_of(schema(name))


def plain(node: Node, shape: Shape) -> object:
    """Return the value of a node: str, int, float, bool, None, list or dict."""
    if isinstance(node, ScalarNode):
        return _scalar(node, shape)
    if isinstance(node, SequenceNode):
        below = shape.items or ANY
        return [plain(item, below) for item in node.items]
    keys, other = shape.keys, shape.other or ANY
    return {key: plain(value, keys.get(key, other)) for key, value in node.pairs.items()}


def _scalar(node: ScalarNode, shape: Shape) -> object:
    text = node.text
    if not node.plain:
        return text
    if text in _NULLS:
        return None
    if shape.text:
        return text
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if not shape.whole and _DECIMAL.fullmatch(text):
        return float(text)
    return text


# --- mistakes in words --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Error:
    """One of jsonschema's errors, with the types that its fields have where our schemas are concerned."""

    keyword: str
    path: Path
    instance: Any
    wanted: Any
    schema: Mapping[str, Any]
    message: str
    about_a_key: bool

    @classmethod
    def of(cls, error: ValidationError) -> _Error:
        return cls(
            keyword=str(error.validator),
            path=tuple(error.absolute_path),
            instance=error.instance,
            wanted=error.validator_value,
            schema=error.schema if isinstance(error.schema, Mapping) else {},
            message=error.message,
            about_a_key="propertyNames" in list(error.absolute_schema_path)[-2:],
        )


def _complaints(
    errors: Iterable[ValidationError], root: Node, file: str, refused: Mapping[str, str]
) -> Iterator[Complaint]:
    """Yield one complaint a mistake, each at the key or value that is wrong."""
    wrong_types: set[Path] = set()
    for error in map(_Error.of, errors):
        path = error.path
        if error.keyword == "type":
            wrong_types.add(path)
        elif path in wrong_types:
            continue
        if error.keyword == "additionalProperties":
            yield from _unknown_keys(error, root, file, refused)
        elif error.about_a_key:
            place = _key_location(root, path, error.instance, file)
            yield Complaint(place, _bad_key(error), rule="bad-key")
        else:
            message, hint, rule = _words(error, node_at(root, path), refused)
            yield Complaint(location_of(node_at(root, path), file), message, hint, rule)


def _wrong_paths(found: ValidationError) -> list[Path]:
    """Return what has to go so that the rest can be used; nothing for a mistake of the document as a
    whole."""
    error = _Error.of(found)
    path = error.path
    if error.keyword == "additionalProperties":
        return [(*path, key) for key in _extras(error)]
    if error.about_a_key:
        return [(*path, error.instance)]
    return [path] if path else []


def _extras(error: _Error) -> list[str]:
    known = error.schema.get("properties", {})
    return [key for key in error.instance if key not in known]


def _bad_key(error: _Error) -> str:
    if error.instance == "":
        return msg("a key is empty")
    return _unfit(quote(error.instance), error.schema, msg("cannot be a key here"))


def _unfit(what: str, schema: Mapping[str, Any], otherwise: str) -> str:
    """Return what a schema says of a text that does not fit its pattern, else `otherwise`."""
    return msg("{what} {why}", what=what, why=msg(schema.get("patternErrorMessage", otherwise)))


def _unknown_keys(error: _Error, root: Node, file: str, refused: Mapping[str, str]) -> Iterator[Complaint]:
    path = error.path
    known = frozenset(error.schema.get("properties", {}))
    for key in _extras(error):
        location = _key_location(root, path, key, file)
        if key.lower() in refused:
            yield Complaint(
                location, msg("{key} cannot stand here", key=quote(key)), refused[key.lower()], "refused-key"
            )
        elif guess := did_you_mean(key, known):
            message = with_guess(msg("{name} is not a key", name=quote(key)), guess)
            yield Complaint(location, message, rule="unknown-key")
        else:
            name = quote(key) if key else msg("an empty text")
            hint = msg("the keys here are {keys}", keys=listed(error.schema.get("properties", {})))
            yield Complaint(location, msg("{name} is not a key", name=name), hint, "unknown-key")


def _name_like(text: str) -> str:
    """Return how a group's name could be written; nothing where nothing of it would be left."""
    name = name_from(text[:QUOTE_LIMIT], (), "")[:QUOTE_LIMIT].strip("-")
    return msg("such as {example}", example=quote(name)) if name else ""


def _words(error: _Error, node: Node, refused: Mapping[str, str]) -> tuple[str, str, str]:
    """Return message, hint and rule of one mistake that is not about a key."""
    what = _where(error.path)
    limit = error.wanted
    schema = error.schema
    match error.keyword:
        case "type":
            return _wrong_type(error, what, node)
        case "required":
            missing = next(key for key in limit if key not in error.instance and repr(key) in error.message)
            message = msg("{key} is missing", key=quote(missing))
            if error.path:
                message = msg("{key} is missing in {what}", key=quote(missing), what=what)
            return message, _example(schema, missing), "missing-key"
        case "anyOf":
            keys = [key for choice in limit for key in choice.get("required", ())]
            return (
                msg("{key} is missing", key=quote(keys[0])),
                msg("only beside {key} may it be left out", key=quote(keys[-1])),
                "missing-key",
            )
        case "enum":
            message = msg("{what} cannot be {value}", what=what, value=quote(str(error.instance)))
            if hint := refused.get(str(error.instance)):
                return message, hint, "not-one-of"
            if guess := did_you_mean(str(error.instance), frozenset(map(str, limit))):
                return with_guess(message, guess), "", "not-one-of"
            return message, msg("it is one of {values}", values=listed(map(str, limit))), "not-one-of"
        case "pattern":
            hint = _name_like(str(error.instance)) if error.path == ("name",) else ""
            return _unfit(what, schema, msg("is not as it should be")), hint, "bad-text"
        case "format":
            return (
                msg("{what} is no day", what=what),
                msg("write it as YYYY-MM-DD, such as 2026-12-01"),
                "bad-date",
            )
        case "minLength" | "minItems":
            hint = _example(schema)
            if "null" in schema.get("type", ()):
                hint = msg("{example}, or null for none", example=hint) if hint else msg("null for none")
            return msg("{what} is empty", what=what), hint, "empty"
        case "maxLength":
            return msg("{what} is longer than {limit} characters", what=what, limit=limit), "", "too-long"
        case "minimum":
            return (
                msg("{what} is less than {limit}", what=what, limit=limit),
                msg("it is {limit} or more", limit=limit),
                "out-of-range",
            )
        case "exclusiveMinimum":
            return (
                msg("{what} is {value}", what=what, value=error.instance),
                msg("it is more than {limit}", limit=limit),
                "out-of-range",
            )
        case "maximum":
            return (
                msg("{what} is more than {limit}", what=what, limit=limit),
                msg("it is {limit} at most", limit=limit),
                "out-of-range",
            )
        case _:
            return msg("{what} is not as the schema wants it", what=what), _example(schema), "invalid"


def _wrong_type(error: _Error, what: str, node: Node) -> tuple[str, str, str]:
    value = error.instance
    wanted = error.wanted
    types = [wanted] if isinstance(wanted, str) else list(wanted)
    if value is None:
        hint = msg("write one, or leave the key out")
        if "string" in types and isinstance(node, ScalarNode) and node.text:
            hint = msg(
                "write one, or leave the key out; the text {text} itself wants quotes", text=quote(node.text)
            )
        return msg("{what} has no value", what=what), hint, "wrong-type"
    should = either(_WANTED[kind] for kind in types)
    if not error.path:
        key, example = next(iter(error.schema["examples"][0].items()))
        hint = msg("begin with a key, such as {key}: {example}", key=key, example=_flow(example))
        return (
            msg("this should be {should}, it is {value}", should=should, value=_kind_of(value)),
            hint,
            "wrong-type",
        )
    message = msg(
        "{what} should be {should}, this is {value}", what=what, should=should, value=_kind_of(value)
    )
    if types == ["boolean"]:
        if isinstance(value, str) and value.lower() in _YES_NO:
            message = msg("{what} should be true or false, not {value}", what=what, value=quote(value))
        return message, msg("write true or false, without quotes"), "wrong-type"
    if "array" in types and isinstance(value, str | int | float):
        return message, msg("put it in brackets: {example}", example=_bracketed(node)), "wrong-type"
    return message, _example(error.schema), "wrong-type"


def _bracketed(node: Node) -> str:
    return quote(f"[{node.text}]") if isinstance(node, ScalarNode) else "[…]"


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return msg("text")
        case int() | float():
            return msg("a number")
        case list():
            return msg("a list")
        case None:
            return "null"
        case _:
            return msg("a mapping")


def _example(schema: Mapping[str, Any], key: str | None = None) -> str:
    """Return `such as …`, by the schema's first example."""
    found = schema if key is None else schema.get("properties", {}).get(key, {})
    examples = found.get("examples")
    if not examples:
        return ""
    text = _flow(examples[0])
    return msg("such as {example}", example=text if key is None else f"{key}: {text}")


def _flow(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _where(path: Path) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return quote(text.removeprefix(".")) if path else msg("this")


def _key_location(root: Node, path: Path, key: str, file: str) -> Location:
    node = node_at(root, path)
    if isinstance(node, MappingNode) and key in node.keys:
        return location_of(node.keys[key], file)
    return location_of(node, file)
